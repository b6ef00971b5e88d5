package ocsp

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// Signer makes responses by one responder. It is safe for concurrent use when its key is.
type Signer struct {
	key         crypto.Signer
	pub         *ecdsa.PublicKey
	algorithm   asn1.ObjectIdentifier
	responderID []byte // ResponderID byKey
	trailer     []byte // certs [0]
}

// NewSigner reads the responder's certificate once: an issuer's, or one with the extended key usage OCSPSigning and
// id-pkix-ocsp-nocheck. The key, SM2 or ECDSA P-256, must be the certificate's. Errors: ErrResponder, ErrUnsupported.
func NewSigner(cert []byte, key crypto.Signer) (*Signer, error) {
	c, err := gm.ParseCertificate(cert)
	if err != nil {
		return nil, fmt.Errorf("reading a responder's certificate: %w: %w", ErrResponder, err)
	}
	if !isIssuer(c) {
		if err := mayRespond(c); err != nil {
			return nil, fmt.Errorf("reading a responder's certificate: %w", err)
		}
	}
	if key == nil {
		return nil, fmt.Errorf("making an OCSP signer without a key: %w", ErrResponder)
	}
	s := &Signer{key: key, pub: ecKey(c)}
	if s.pub == nil || !s.pub.Equal(key.Public()) {
		return nil, fmt.Errorf("making an OCSP signer: the key is not the certificate's: %w", ErrResponder)
	}
	switch {
	case gm.IsSM2(s.pub):
		s.algorithm = der.SM2WithSM3
	case s.pub.Curve == elliptic.P256():
		s.algorithm = der.ECDSAWithSHA256
	default:
		return nil, fmt.Errorf("making an OCSP signer with a key on another curve: %w", ErrUnsupported)
	}
	bits, err := keyBits(c)
	if err != nil {
		return nil, fmt.Errorf("making an OCSP signer: %w", err)
	}
	var id, certs cryptobyte.Builder
	id.AddASN1(explicit(2), func(b *cryptobyte.Builder) { b.AddASN1OctetString(sum(der.SHA1, bits)) })
	certs.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(c.Raw) })
	})
	if s.responderID, err = id.Bytes(); err != nil {
		return nil, fmt.Errorf("making an OCSP signer: %w", err)
	}
	if s.trailer, err = certs.Bytes(); err != nil {
		return nil, fmt.Errorf("making an OCSP signer: %w", err)
	}
	return s, nil
}

// Respond signs one response with 1 to MaxIDs answers, the nonce of the request (nil: none) and the responder's certificate,
// and returns the DER of OCSPResponse. The signature has been verified. Fractions of seconds are cut off. Errors: ErrResponse
// when an answer is incomplete, gm.ErrSignature, and those of the key.
func (s *Signer) Respond(singles []Single, nonce []byte, produced time.Time) ([]byte, error) {
	if len(singles) == 0 || len(singles) > MaxIDs || nonce != nil && len(nonce) == 0 || len(nonce) > MaxNonce || !writable(produced) {
		return nil, fmt.Errorf("making an OCSP response: %d answers, a nonce of %d bytes: %w", len(singles), len(nonce), ErrResponse)
	}
	for i, single := range singles {
		if err := single.check(); err != nil {
			return nil, fmt.Errorf("making an OCSP response: answer %d: %w", i, err)
		}
	}
	var data cryptobyte.Builder
	data.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(s.responderID)
		addTime(b, produced)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, single := range singles {
				single.add(b)
			}
		})
		addNonce(b, 1, nonce)
	})
	tbs, err := data.Bytes()
	if err != nil {
		return nil, fmt.Errorf("making an OCSP response: %w", err)
	}
	sig, err := s.sign(tbs)
	if err != nil {
		return nil, fmt.Errorf("making an OCSP response: %w", err)
	}
	return s.wrap(tbs, sig)
}

// wrap writes OCSPResponse around the signed data.
func (s *Signer) wrap(tbs, sig []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Enum(0) // successful
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(der.OCSPBasic)
				b.AddASN1(cbasn1.OCTET_STRING, func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddBytes(tbs)
						b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(s.algorithm) })
						b.AddASN1BitString(sig)
						b.AddBytes(s.trailer)
					})
				})
			})
		})
	})
	return b.Bytes()
}

func (s *Signer) sign(tbs []byte) ([]byte, error) {
	if s.algorithm.Equal(der.SM2WithSM3) {
		return gm.Sign(s.key, tbs)
	}
	digest := sha256.Sum256(tbs)
	sig, err := s.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	if !ecdsa.VerifyASN1(s.pub, digest[:], sig) {
		return nil, fmt.Errorf("checking our own signature: %w", gm.ErrSignature)
	}
	return sig, nil
}

// check reports whether an answer can be written. Errors: ErrResponse.
func (s Single) check() error {
	switch {
	case !s.ID.complete():
		return fmt.Errorf("an incomplete CertID: %w", ErrResponse)
	case s.Status < Good || s.Status > Unknown:
		return fmt.Errorf("%v: %w", s.Status, ErrResponse)
	case !writable(s.ThisUpdate) || !s.NextUpdate.IsZero() && (!writable(s.NextUpdate) || s.NextUpdate.Before(s.ThisUpdate)):
		return fmt.Errorf("thisUpdate %v, nextUpdate %v: %w", s.ThisUpdate, s.NextUpdate, ErrResponse)
	case s.Status == Revoked && (!writable(s.RevokedAt) || !isReason(s.Reason)):
		return fmt.Errorf("revoked at %v for reason %d: %w", s.RevokedAt, s.Reason, ErrResponse)
	}
	return nil
}

// isReason leaves out 7, which is not used, and 8, removeFromCRL, which is no state of a certificate (RFC 5280, 5.3.1).
func isReason(reason int) bool {
	return slices.Contains([]int{0, 1, 2, 3, 4, 5, 6, 9, 10}, reason)
}

// writable reports whether GeneralizedTime can say t, and t was set.
func writable(t time.Time) bool { return !t.IsZero() && t.UTC().Year() >= 0 && t.UTC().Year() <= 9999 }

// add writes SingleResponse.
func (s Single) add(b *cryptobyte.Builder) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		s.ID.add(b)
		switch s.Status {
		case Revoked:
			b.AddASN1(explicit(uint8(Revoked)), func(b *cryptobyte.Builder) { // implicit tag of a SEQUENCE: constructed too
				addTime(b, s.RevokedAt)
				if s.Reason != 0 { // unspecified is left out (RFC 5280, 5.3.1)
					b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddASN1Enum(int64(s.Reason)) })
				}
			})
		default:
			b.AddASN1(cbasn1.Tag(s.Status).ContextSpecific(), func(*cryptobyte.Builder) {})
		}
		addTime(b, s.ThisUpdate)
		if !s.NextUpdate.IsZero() {
			b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { addTime(b, s.NextUpdate) })
		}
	})
}

func addTime(b *cryptobyte.Builder, t time.Time) {
	b.AddASN1(cbasn1.GeneralizedTime, func(b *cryptobyte.Builder) {
		b.AddBytes([]byte(der.FormatGeneralizedTime(t.Truncate(time.Second))))
	})
}

// ecKey returns the elliptic curve key of a certificate, nil for another.
func ecKey(c *gm.Certificate) *ecdsa.PublicKey {
	pub, ok := c.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil
	}
	return pub
}

// isIssuer reports whether a certificate may sign others, and so may answer for itself.
func isIssuer(c *gm.Certificate) bool {
	return c.BasicConstraintsValid && c.IsCA && c.KeyUsage&gm.KeyUsageCertSign != 0
}

// mayRespond checks the marks of a delegated responder (RFC 6960, 4.2.2.2). We want id-pkix-ocsp-nocheck: nobody could ask
// this responder about itself.
func mayRespond(c *gm.Certificate) error {
	switch {
	case !slices.Contains(c.ExtKeyUsage, gm.ExtKeyUsageOCSPSigning):
		return fmt.Errorf("a certificate without the extended key usage OCSPSigning: %w", ErrResponder)
	case c.KeyUsage != 0 && c.KeyUsage&gm.KeyUsageDigitalSignature == 0:
		return fmt.Errorf("a certificate without the key usage digitalSignature: %w", ErrResponder)
	case len(c.UnhandledCriticalExtensions) > 0:
		return fmt.Errorf("a certificate with critical extensions %v: %w", c.UnhandledCriticalExtensions, ErrResponder)
	}
	for _, e := range c.Extensions {
		if e.Id.Equal(der.OCSPNoCheck) && bytes.Equal(e.Value, asn1.NullBytes) {
			return nil
		}
	}
	return fmt.Errorf("a certificate without id-pkix-ocsp-nocheck: %w", ErrResponder)
}
