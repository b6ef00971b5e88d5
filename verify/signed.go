package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ErrSigned means that a signed file is not in its one canonical form.
var ErrSigned = errors.New("verify: not a canonical signed file")

// Signed is a signed JSON file: a payload, the signer's certificate and an SM2 signature over SignedMessage. It has one
// spelling: Encode and ParseSigned are inverses on bytes.
type Signed struct {
	Payload     json.RawMessage `json:"payload"`     // canonical: compact, keys in a fixed order
	Certificate []byte          `json:"certificate"` // X.509, DER
	Signature   []byte          `json:"signature"`   // DER
}

// SignedMessage is what is signed: a label that keeps kinds of files apart, a line feed, and the compact payload.
func SignedMessage(label string, payload []byte) []byte {
	return append([]byte(label+"\n"), payload...)
}

// Encode returns the file: indented for people, ending in a line feed.
func (s Signed) Encode() ([]byte, error) { return Canonical(s) }

// ParseSigned reads a signed file of at most limit bytes. It checks the form, not the signature. Payload comes back compact.
func ParseSigned(b []byte, limit int) (Signed, error) {
	if len(b) > limit {
		return Signed{}, fmt.Errorf("%w: %d bytes, more than %d", ErrSigned, len(b), limit)
	}
	var s Signed
	if err := DecodeStrict(b, &s); err != nil {
		return Signed{}, fmt.Errorf("%w: %w", ErrSigned, err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, s.Payload); err != nil {
		return Signed{}, fmt.Errorf("%w: %w", ErrSigned, err)
	}
	s.Payload = compact.Bytes()
	again, err := s.Encode()
	if err != nil {
		return Signed{}, fmt.Errorf("%w: %w", ErrSigned, err)
	}
	if at := differ(b, again); at >= 0 {
		return Signed{}, fmt.Errorf("%w: not in canonical form at byte %d", ErrSigned, at)
	}
	return s, nil
}

// Canonical is the one JSON spelling of v: two spaces of indentation, no HTML escapes, a line feed at the end.
func Canonical(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Compact is Canonical without white space: the form that is signed.
func Compact(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// DecodeStrict reads exactly one JSON value without unknown fields and with nothing behind it.
func DecodeStrict(b []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON value")
	}
	return nil
}

// differ returns the first offset at which a and b differ, or -1.
func differ(a, b []byte) int {
	if bytes.Equal(a, b) {
		return -1
	}
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
