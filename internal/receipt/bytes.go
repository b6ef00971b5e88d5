package receipt

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"yinzheng/internal/gm"
)

// First lines of what is hashed and signed: a signature over one can never be taken for another.
const (
	entryLabel   = "yinzheng-entry/v1"
	rootLabel    = "yinzheng-root/v1"
	promiseLabel = "yinzheng-promise/v1"
)

// MaxCount bounds the leaves of one batch: what a batcher collects in its pool time, with room.
const MaxCount = 1 << 20

var (
	strictBase64 = base64.StdEncoding.Strict()
	kindForm     = regexp.MustCompile(`^[a-z][a-z-]{0,31}$`)
	regionForm   = regexp.MustCompile(`^[1-9][0-9]{5}$`)
)

// LeafBytes is what the entry's leaf hash covers.
func (e Entry) LeafBytes() []byte {
	return fmt.Appendf(nil, "%s\n%s\n%s\n%s\n", entryLabel, e.Kind, e.Digest, e.Salt)
}

// Check refuses an entry whose kind is not a short lower-case word.
func (e Entry) Check() error {
	if !kindForm.MatchString(e.Kind) {
		return fmt.Errorf("%w: kind %q", ErrFormat, e.Kind)
	}
	return nil
}

// PromiseBytes is what the signature of a promise covers.
func PromiseBytes(e Entry, p Promise) []byte {
	return append(fmt.Appendf(nil, "%s\n%s\n%d\n", promiseLabel, p.Region, p.Time.Unix()), e.LeafBytes()...)
}

// Bytes is what the signature of a root covers, and what the next root's Previous is the digest of. Its lines are label, region,
// sequence, count, Unix time, previous and hash, each ended by a line feed; digests are lower-case hexadecimal.
func (r Root) Bytes() []byte {
	return fmt.Appendf(nil, "%s\n%s\n%d\n%d\n%d\n%s\n%s\n", rootLabel, r.Region, r.Sequence, r.Count, r.Time.Unix(), r.Previous, r.Hash)
}

// Check refuses a root that could not have been made.
func (r Root) Check() error {
	switch {
	case !regionForm.MatchString(r.Region):
		return fmt.Errorf("%w: region %q", ErrFormat, r.Region)
	case r.Sequence < 0, r.Count < 1, r.Count > MaxCount:
		return fmt.Errorf("%w: sequence %d, count %d", ErrFormat, r.Sequence, r.Count)
	case r.Sequence == 0 != r.Previous.IsZero():
		return fmt.Errorf("%w: only the first root has none before it", ErrFormat)
	}
	return checkTime(r.Time)
}

// checkTime demands UTC and whole seconds: what the signed bytes do not hold must not be there to change.
func checkTime(t time.Time) error {
	if _, offset := t.Zone(); offset != 0 || t.Nanosecond() != 0 || t.Unix() <= 0 {
		return fmt.Errorf("%w: time %s", ErrFormat, t.Format(time.RFC3339Nano))
	}
	return nil
}

// rootLines is the number of lines of a root.
const rootLines = 7

// ParseRoot reads the bytes of a root back; only what Bytes writes is one.
func ParseRoot(b []byte) (Root, error) {
	if len(b) > maxRecord {
		return Root{}, fmt.Errorf("%w: a root of more than %d bytes", ErrFormat, maxRecord)
	}
	lines := strings.Split(string(b), "\n")
	if len(lines) != rootLines+1 || lines[0] != rootLabel {
		return Root{}, fmt.Errorf("%w: not a root", ErrFormat)
	}
	var numbers [3]int64
	for i, line := range lines[2:5] {
		n, err := strconv.ParseInt(line, 10, 64)
		if err != nil {
			return Root{}, fmt.Errorf("%w: line %d of a root: %w", ErrFormat, i+3, err)
		}
		numbers[i] = n
	}
	r := Root{Region: lines[1], Sequence: numbers[0], Count: numbers[1], Time: time.Unix(numbers[2], 0).UTC()}
	var err error
	if r.Previous, err = gm.ParseDigest(lines[5]); err != nil {
		return Root{}, fmt.Errorf("%w: line 6 of a root: %w", ErrFormat, err)
	}
	if r.Hash, err = gm.ParseDigest(lines[6]); err != nil {
		return Root{}, fmt.Errorf("%w: line 7 of a root: %w", ErrFormat, err)
	}
	if err := r.Check(); err != nil {
		return Root{}, err
	}
	if !bytes.Equal(r.Bytes(), b) {
		return Root{}, fmt.Errorf("%w: another spelling of a root", ErrFormat)
	}
	return r, nil
}

// Record is what a driver stores of a batch: the root's bytes and a line with its signature in base64.
func Record(r Root, signature []byte) []byte {
	return append(r.Bytes(), base64.StdEncoding.EncodeToString(signature)+"\n"...)
}

// ParseRecord reads a record back; only what Record writes is one. The signature is not verified.
func ParseRecord(b []byte) (Root, []byte, error) {
	text, ended := bytes.CutSuffix(b, []byte("\n"))
	end := bytes.LastIndexByte(text, '\n') + 1
	if len(b) > maxRecord || !ended || end == 0 {
		return Root{}, nil, fmt.Errorf("%w: not a root record", ErrFormat)
	}
	r, err := ParseRoot(text[:end])
	if err != nil {
		return Root{}, nil, err
	}
	signature, err := strictBase64.DecodeString(string(text[end:]))
	if err != nil {
		return Root{}, nil, fmt.Errorf("%w: signature: %w", ErrFormat, err)
	}
	if !bytes.Equal(Record(r, signature), b) {
		return Root{}, nil, fmt.Errorf("%w: another spelling of a root record", ErrFormat)
	}
	return r, signature, nil
}
