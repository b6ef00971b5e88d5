package verify

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"

	"yinzheng/internal/gm"
)

// Anchors are root certificates that a reader believes beside those of the trust file, for signatures with ECDSA and RSA
// (Policy.Anchors). They vouch for no licence. Nil is none.
type Anchors struct{ roots []*gm.Certificate }

// ErrAnchors means that a file is not a list of root certificates.
var ErrAnchors = errors.New("verify: not a list of root certificates")

// Limits of a file of roots: the lists of operating systems have some 150.
const (
	MaxAnchors     = 512
	MaxAnchorsFile = 4 << 20
)

// ParseAnchors reads root certificates: PEM blocks "CERTIFICATE", one after the other, or one certificate in DER. Each must be
// of a CA. Errors: ErrAnchors.
func ParseAnchors(b []byte) (*Anchors, error) {
	if len(b) > MaxAnchorsFile {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrAnchors, len(b), MaxAnchorsFile)
	}
	a := &Anchors{}
	if len(b) > 0 && b[0] == 0x30 { // SEQUENCE
		return a, a.add(b)
	}
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("%w: a block %.40q", ErrAnchors, block.Type)
		}
		if err := a.add(block.Bytes); err != nil {
			return nil, err
		}
	}
	if len(a.roots) == 0 {
		return nil, fmt.Errorf("%w: there is none", ErrAnchors)
	}
	return a, nil
}

func (a *Anchors) add(b []byte) error {
	c, err := parseCertificate(b)
	switch {
	case err != nil:
		return fmt.Errorf("%w: certificate %d: %w", ErrAnchors, len(a.roots)+1, err)
	case !c.IsCA:
		return fmt.Errorf("%w: %s is not a CA", ErrAnchors, name(c))
	case len(a.roots) == MaxAnchors:
		return fmt.Errorf("%w: more than %d", ErrAnchors, MaxAnchors)
	}
	a.roots = append(a.roots, c)
	return nil
}

func (a *Anchors) list() []*gm.Certificate {
	if a == nil {
		return nil
	}
	return a.roots
}

// holds reports whether a path ends in one of them.
func (a *Anchors) holds(path []*gm.Certificate) bool {
	if a == nil || len(path) == 0 {
		return false
	}
	for _, c := range a.roots {
		if bytes.Equal(c.Raw, path[len(path)-1].Raw) {
			return true
		}
	}
	return false
}
