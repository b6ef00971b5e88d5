package receipt

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Version is the version of receipts that is written and read.
const Version = 1

// Limits of what is read.
const (
	MaxSize   = 256 << 10 // bytes of a receipt: two paths and a checkpoint take about three kilobytes
	maxPath   = 64        // hashes of a path: no tree here is deeper
	maxRecord = 1 << 10   // bytes of a root record
	maxNote   = 16 << 10  // bytes of a checkpoint
)

// Errors of Parse and Verify, one for each step that can fail.
var (
	ErrFormat        = errors.New("receipt: not a canonical receipt")
	ErrOverclaim     = errors.New("receipt: its state says more than it proves")
	ErrRegion        = errors.New("receipt: it is of another region")
	ErrPromise       = errors.New("receipt: the promise's signature does not verify")
	ErrPath          = errors.New("receipt: the entry is not under the batch root")
	ErrRootSignature = errors.New("receipt: the batch root's signature does not verify")
	ErrCheckpoint    = errors.New("receipt: the checkpoint is not signed by a known log")
	ErrLogPath       = errors.New("receipt: the batch root is not in the log")
)

// Encode writes the one form of the receipt: indented JSON with a line feed at its end.
func (r *Receipt) Encode() []byte {
	if r.Proof != nil && r.Proof.Path == nil { // an empty path is written [], never null
		proof, one := *r.Proof, *r
		proof.Path, one.Proof = [][]byte{}, &proof
		r = &one
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return nil // a year beyond 9999, which Check refuses
	}
	return b.Bytes()
}

// Parse reads a receipt. Encoding what was read must give the same bytes, so that no byte of a receipt is free to change.
func Parse(b []byte) (*Receipt, error) {
	if len(b) > MaxSize {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrFormat, MaxSize)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	var r Receipt
	if err := dec.Decode(&r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows it", ErrFormat)
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	if !bytes.Equal(r.Encode(), b) {
		return nil, fmt.Errorf("%w: another spelling of it", ErrFormat)
	}
	return &r, nil
}

// check refuses what no state of a receipt looks like.
func (r *Receipt) check() error {
	if r.Version != Version {
		return fmt.Errorf("%w: version %d, not %d", ErrFormat, r.Version, Version)
	}
	if err := r.Entry.Check(); err != nil {
		return err
	}
	if len(r.Path) > maxPath {
		return fmt.Errorf("%w: a path of %d hashes", ErrFormat, len(r.Path))
	}
	switch r.State {
	case Accepted:
		if r.Promise == nil || r.Root != nil || r.Proof != nil || r.Path != nil || r.Signature != nil || r.Index != 0 {
			return fmt.Errorf("%w: an accepted receipt holds a promise and nothing else", ErrOverclaim)
		}
		return checkTime(r.Promise.Time)
	case Logged:
		if r.Promise != nil || r.Root == nil || r.Proof == nil || r.Signature == nil {
			return fmt.Errorf("%w: a logged receipt holds a signed root and its proof", ErrOverclaim)
		}
		if len(r.Proof.Path) > maxPath || len(r.Proof.Checkpoint) > maxNote {
			return fmt.Errorf("%w: the log's proof is too long", ErrFormat)
		}
		for i, hash := range r.Proof.Path {
			if len(hash) != sha256.Size {
				return fmt.Errorf("%w: hash %d of the log's path has %d bytes", ErrFormat, i, len(hash))
			}
		}
		return r.Root.Check()
	case OnChain:
		return fmt.Errorf("%w: on-chain proofs are not known to this version", ErrOverclaim)
	}
	return fmt.Errorf("%w: state %q", ErrFormat, r.State)
}
