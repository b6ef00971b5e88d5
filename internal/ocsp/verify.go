package ocsp

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"fmt"
	"time"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// Skew is how far the responder's clock may be ahead of the asker's.
const Skew = time.Minute

// Verify checks that the response was signed by issuer, or by a responder that issuer authorised (RFC 6960, 4.2.2.2: its own
// certificate for OCSPSigning, here with id-pkix-ocsp-nocheck), and that every answer other than unknown is about
// certificates of issuer and current at that time; an answer without nextUpdate never is. It compares no nonce and builds no
// path to issuer, whose key must be trusted already. Errors: ErrResponder, ErrTime, ErrUnsupported, gm.ErrSignature.
func (r *Response) Verify(issuer *gm.Certificate, at time.Time) error {
	if issuer == nil || !isIssuer(issuer) {
		return fmt.Errorf("verifying an OCSP response: no issuer: %w", ErrResponder)
	}
	if err := r.checkResponder(issuer, at); err != nil {
		return fmt.Errorf("verifying an OCSP response: %w", err)
	}
	if r.Produced.After(at.Add(Skew)) {
		return fmt.Errorf("verifying an OCSP response: made at %v: %w", r.Produced, ErrTime)
	}
	for i, s := range r.Singles {
		if s.Status != Unknown && !s.ID.Issued(issuer) {
			return fmt.Errorf("verifying an OCSP response: answer %d is about another issuer: %w", i, ErrResponder)
		}
		if s.ThisUpdate.After(at.Add(Skew)) || !s.NextUpdate.After(at) {
			return fmt.Errorf("verifying an OCSP response: answer %d is of %v to %v: %w", i, s.ThisUpdate, s.NextUpdate, ErrTime)
		}
	}
	return nil
}

// checkResponder checks who signed, and the signature; a responder's own certificate must be valid at that time.
func (r *Response) checkResponder(issuer *gm.Certificate, at time.Time) error {
	responder := issuer
	if r.Responder != nil && !bytes.Equal(r.Responder.Raw, issuer.Raw) {
		responder = r.Responder
		if err := r.delegated(responder, issuer, at); err != nil {
			return err
		}
	}
	if err := r.isFrom(responder); err != nil {
		return err
	}
	return r.checkSignature(responder)
}

// delegated checks that issuer authorised a responder and that its certificate is valid at that time.
func (r *Response) delegated(c, issuer *gm.Certificate, at time.Time) error {
	if err := mayRespond(c); err != nil {
		return err
	}
	if at.Before(c.NotBefore) || at.After(c.NotAfter) {
		return fmt.Errorf("the responder's certificate is of %v to %v: %w", c.NotBefore, c.NotAfter, ErrTime)
	}
	if r.foreign {
		if err := gm.CheckIssuedAny(c, issuer); err != nil {
			return fmt.Errorf("the responder's certificate: %w: %w", ErrResponder, err)
		}
		return nil
	}
	if gm.IsSM2(issuer.PublicKey) {
		if err := gm.CheckIssued(c, issuer); err != nil {
			return fmt.Errorf("the responder's certificate: %w: %w", ErrResponder, err)
		}
		return nil
	}
	if !bytes.Equal(c.RawIssuer, issuer.RawSubject) || c.SignatureAlgorithm != gm.ECDSAWithSHA256 {
		return fmt.Errorf("the responder's certificate is of another issuer or algorithm: %w", ErrResponder)
	}
	if err := issuer.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature); err != nil {
		return fmt.Errorf("the responder's certificate: %w: %w", ErrResponder, err)
	}
	return nil
}

// isFrom checks ResponderID.
func (r *Response) isFrom(responder *gm.Certificate) error {
	if r.ResponderDN != nil {
		if !bytes.Equal(r.ResponderDN, responder.RawSubject) {
			return fmt.Errorf("the responder has another name: %w", ErrResponder)
		}
		return nil
	}
	key, err := keyBits(responder)
	if err != nil {
		return err
	}
	if !bytes.Equal(sum(der.SHA1, key), r.ResponderKey) {
		return fmt.Errorf("the responder has another key: %w", ErrResponder)
	}
	return nil
}

func (r *Response) checkSignature(responder *gm.Certificate) error {
	if r.foreign {
		algorithm, _ := signatureAlgorithm(r.Algorithm)
		return gm.CheckSignatureAny(responder.PublicKey, algorithm, r.TBS, r.Signature)
	}
	pub := ecKey(responder)
	switch {
	case pub == nil:
		return fmt.Errorf("a responder with a key of another kind: %w", ErrUnsupported)
	case r.Algorithm.Equal(der.SM2WithSM3):
		return gm.Verify(pub, r.TBS, r.Signature) // and so refuses a key on another curve
	case r.Algorithm.Equal(der.ECDSAWithSHA256) && pub.Curve == elliptic.P256():
		if digest := sha256.Sum256(r.TBS); ecdsa.VerifyASN1(pub, digest[:], r.Signature) {
			return nil
		}
		return gm.ErrSignature
	}
	return fmt.Errorf("a signature algorithm that is not of the responder's key: %w", ErrUnsupported)
}
