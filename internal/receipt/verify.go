package receipt

import (
	"crypto/ecdsa"
	"fmt"
	"strings"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"yinzheng/internal/gm"
	"yinzheng/internal/merkle"
)

// Keys is whom a receipt is believed from: a region's ledger keys (SM2) and its log's note verifier keys (C2SP, Ed25519).
type Keys struct {
	Region       string
	Ledger       []*ecdsa.PublicKey
	LogVerifiers []string
}

// Verify recomputes everything that the receipt says and returns the state that is proved. The first step that fails decides the
// error: form (ErrFormat, ErrOverclaim), region (ErrRegion), then promise (ErrPromise), or batch path (ErrPath), root signature
// (ErrRootSignature), checkpoint (ErrCheckpoint), log path (ErrLogPath). The zero State comes with every error.
func (r *Receipt) Verify(k Keys) (State, error) {
	if err := r.check(); err != nil {
		return "", err
	}
	if r.State == Accepted {
		return r.verifyPromise(k)
	}
	if r.Root.Region != k.Region {
		return "", fmt.Errorf("%w: %s", ErrRegion, r.Root.Region)
	}
	root, err := merkle.RootFromPath(merkle.LeafHash(r.Entry.LeafBytes()), r.Index, r.Root.Count, r.Path)
	if err != nil || root != r.Root.Hash {
		return "", ErrPath
	}
	if !signed(k.Ledger, r.Root.Bytes(), r.Signature) {
		return "", ErrRootSignature
	}
	if err := r.Proof.Verify(Record(*r.Root, r.Signature), k.LogVerifiers); err != nil {
		return "", err
	}
	return Logged, nil
}

func (r *Receipt) verifyPromise(k Keys) (State, error) {
	if r.Promise.Region != k.Region {
		return "", fmt.Errorf("%w: %s", ErrRegion, r.Promise.Region)
	}
	if !signed(k.Ledger, PromiseBytes(r.Entry, *r.Promise), r.Promise.Signature) {
		return "", ErrPromise
	}
	return Accepted, nil
}

func signed(keys []*ecdsa.PublicKey, message, signature []byte) bool {
	for _, key := range keys {
		if gm.Verify(key, message, signature) == nil {
			return true
		}
	}
	return false
}

// Verify checks that a log whose note verifier key is given signed the checkpoint (ErrCheckpoint), and that the record is the leaf at
// Index under it (ErrLogPath; RFC 6962, 2.1.1, SHA-256).
func (p *LogProof) Verify(record []byte, verifierKeys []string) error {
	checkpoint, err := p.open(verifierKeys)
	if err != nil {
		return err
	}
	if p.Index < 0 {
		return ErrLogPath
	}
	leaf := rfc6962.DefaultHasher.HashLeaf(record)
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(p.Index), checkpoint.Size, leaf, p.Path, checkpoint.Hash); err != nil {
		return fmt.Errorf("%w: %w", ErrLogPath, err)
	}
	return nil
}

// open reads the checkpoint and checks that it is exactly one text with exactly one signature, by a known key: notes allow unknown
// signatures beside known ones, and base64 several spellings, which a receipt must not.
func (p *LogProof) open(verifierKeys []string) (*log.Checkpoint, error) {
	verifiers := make([]note.Verifier, 0, len(verifierKeys))
	for _, key := range verifierKeys {
		v, err := note.NewVerifier(key)
		if err != nil {
			return nil, fmt.Errorf("%w: reading a verifier key: %w", ErrCheckpoint, err)
		}
		verifiers = append(verifiers, v)
	}
	n, err := note.Open([]byte(p.Checkpoint), note.VerifierList(verifiers...))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 || n.Sigs[0].Name != p.Origin {
		return nil, fmt.Errorf("%w: it has other signatures than its log's", ErrCheckpoint)
	}
	var c log.Checkpoint
	rest, err := c.Unmarshal([]byte(n.Text))
	if err != nil || len(rest) != 0 || c.Origin != p.Origin || string(c.Marshal()) != n.Text {
		return nil, fmt.Errorf("%w: its text is not a checkpoint of %s", ErrCheckpoint, p.Origin)
	}
	if again := n.Text + "\n— " + n.Sigs[0].Name + " " + canonicalBase64(n.Sigs[0].Base64) + "\n"; again != p.Checkpoint {
		return nil, fmt.Errorf("%w: another spelling of it", ErrCheckpoint)
	}
	return &c, nil
}

// canonicalBase64 returns the one spelling of a base64 text, or something that it is not.
func canonicalBase64(s string) string {
	if b, err := strictBase64.DecodeString(s); err == nil && !strings.ContainsAny(s, "\r\n") {
		return strictBase64.EncodeToString(b)
	}
	return ""
}
