// Package midstate keeps the state of SM3 and SHA-256 over the beginning of a file, so that what is appended can be hashed
// without reading the beginning again: the first range of a PDF signature begins at byte 0.
//
// A state is a statement about bytes that are not at hand. The digest of the whole, which Resume reproduces, binds it to the
// file; whoever keeps one compares. A state of SHA-256 without its digest binds to nothing, so that one is left out where only
// the SM3 of a file is known. A stranger's state is never used.
package midstate

import (
	"bytes"
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"

	"yinzheng/internal/gm"
)

// ErrState means that bytes are not the state of a running hash.
var ErrState = errors.New("midstate: not the state of a running hash")

// State is what both hashes have in memory after the first Length bytes of a file, each in the encoding of its
// implementation (about 110 bytes). The zero State knows nothing: the file has to be hashed from its first byte. SHA256 may be
// missing: then only SM3 can go on.
type State struct {
	Length int64  `json:"length"`
	SM3    []byte `json:"sm3"`
	SHA256 []byte `json:"sha256,omitempty"`
}

// IsZero reports whether nothing is known.
func (s State) IsZero() bool { return s.Length == 0 }

// Equal reports whether two states are the same.
func (s State) Equal(o State) bool {
	return s.Length == o.Length && bytes.Equal(s.SM3, o.SM3) && bytes.Equal(s.SHA256, o.SHA256)
}

// Hasher feeds both hashes. It is an io.Writer that never fails, for one goroutine.
type Hasher struct {
	length int64
	sm3    hash.Hash
	sha256 hash.Hash // nil: not known
}

// New begins at byte 0.
func New() *Hasher { return &Hasher{sm3: gm.NewHash(), sha256: sha256.New()} }

// NewSM3 begins at byte 0 with SM3 alone, which is a fifth cheaper; SHA-256 is then not known.
func NewSM3() *Hasher { return &Hasher{sm3: gm.NewHash()} }

// Resume goes on after a state; the zero State is New. Errors: ErrState.
func Resume(s State) (*Hasher, error) {
	h := New()
	if s.IsZero() {
		return h, nil
	}
	if s.Length < 0 {
		return nil, fmt.Errorf("%w: length %d", ErrState, s.Length)
	}
	if s.SHA256 == nil {
		h.sha256 = nil
	}
	for _, part := range []struct {
		h     hash.Hash
		state []byte
	}{{h.sm3, s.SM3}, {h.sha256, s.SHA256}} {
		if part.h == nil {
			continue
		}
		u, ok := part.h.(encoding.BinaryUnmarshaler)
		if !ok {
			return nil, fmt.Errorf("%w: this hash cannot be resumed", ErrState)
		}
		if err := u.UnmarshalBinary(part.state); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrState, err)
		}
		// Both encodings end with the number of bytes hashed, as a 64-bit integer.
		if n := len(part.state) - 8; n < 0 || binary.BigEndian.Uint64(part.state[n:]) != uint64(s.Length) {
			return nil, fmt.Errorf("%w: it is not that of %d bytes", ErrState, s.Length)
		}
	}
	h.length = s.Length
	if again, err := h.State(); err != nil || !again.Equal(s) {
		return nil, fmt.Errorf("%w: it is not canonical", ErrState)
	}
	return h, nil
}

// Write implements io.Writer.
func (h *Hasher) Write(b []byte) (int, error) {
	h.length += int64(len(b))
	h.sm3.Write(b)
	if h.sha256 != nil {
		h.sha256.Write(b)
	}
	return len(b), nil
}

// Length is how many bytes were written, those before a resumed state among them.
func (h *Hasher) Length() int64 { return h.length }

// SM3 is the digest of everything written so far; the Hasher can go on.
func (h *Hasher) SM3() gm.Digest { return gm.Digest(h.sm3.Sum(nil)) }

// SHA256 is the same with SHA-256; false when the state that was resumed had none.
func (h *Hasher) SHA256() (sum [sha256.Size]byte, ok bool) {
	if h.sha256 == nil {
		return sum, false
	}
	return [sha256.Size]byte(h.sha256.Sum(nil)), true
}

// State is where both hashes are now.
func (h *Hasher) State() (State, error) {
	s := State{Length: h.length}
	for _, part := range []struct {
		h   hash.Hash
		out *[]byte
	}{{h.sm3, &s.SM3}, {h.sha256, &s.SHA256}} {
		if part.h == nil {
			continue
		}
		m, ok := part.h.(encoding.BinaryMarshaler)
		if !ok {
			return State{}, fmt.Errorf("%w: this hash has none", ErrState)
		}
		b, err := m.MarshalBinary()
		if err != nil {
			return State{}, fmt.Errorf("%w: %w", ErrState, err)
		}
		*part.out = b
	}
	return s, nil
}

// Clone is a second Hasher at the same place.
func (h *Hasher) Clone() (*Hasher, error) {
	s, err := h.State()
	if err != nil {
		return nil, err
	}
	return Resume(s)
}
