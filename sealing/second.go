package sealing

import (
	"context"
	"crypto/ecdsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"sync/atomic"

	"yinzheng/internal/gm"
)

// Second is the second, independent implementation's opinion of signatures made here. The zero value asks about each one and
// tells nobody; whatever disagrees does not leave.
type Second struct {
	Every     int                                               // about one document in so many, the first among them; 0 for each. Seals are always asked about
	Working   func() error                                      // why nothing may be signed at present; nil for no such reason
	Disagreed func(ctx context.Context, what string, err error) // told of an error of Opinion; nil for nobody
	Opinion   func(pub *ecdsa.PublicKey, msg, sig []byte) error // nil for gm.CrossCheck
}

// working reports nil when signing is not stopped.
func (s Second) working() error {
	if s.Working == nil {
		return nil
	}
	return s.Working()
}

// due reports whether the n-th document, counted from 1, is asked about.
func (s Second) due(n uint64) bool { return s.Every <= 1 || n%uint64(s.Every) == 1 }

// agree asks about the signature over the first element of a DER sequence.
func (s Second) agree(ctx context.Context, what string, signer *gm.Certificate, sequence, signature []byte) error {
	pub, err := gm.PublicKey(signer)
	if err != nil {
		return err
	}
	var outer []asn1.RawValue
	if rest, err := asn1.Unmarshal(sequence, &outer); err != nil || len(rest) != 0 || len(outer) == 0 {
		return fmt.Errorf("reading back what was signed: %w", errors.Join(err, ErrSpec))
	}
	opinion := s.Opinion
	if opinion == nil {
		opinion = gm.CrossCheck
	}
	if err := opinion(pub, outer[0].FullBytes, signature); err != nil {
		if s.Disagreed != nil {
			s.Disagreed(ctx, what, err)
		}
		return err
	}
	return nil
}

// counter counts the documents of one Sealer.
type counter struct{ n atomic.Uint64 }

func (c *counter) next() uint64 { return c.n.Add(1) }
