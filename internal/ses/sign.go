package ses

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"fmt"
	"time"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// MakeSeal makes a seal: the maker's key, whose certificate is makerCert (DER), signs SES_SealInfo. The result has been read
// back and verified. Errors: ErrInfo, ErrVersion, ErrCertificate, ErrLimit.
func MakeSeal(info SealInfo, makerCert []byte, key crypto.Signer) (*Seal, error) {
	if err := info.check(); err != nil {
		return nil, fmt.Errorf("making a seal: %w", err)
	}
	if err := checkKey(makerCert, key); err != nil {
		return nil, fmt.Errorf("making a seal: %w", err)
	}
	tbs, err := info.encode()
	if err != nil {
		return nil, fmt.Errorf("making a seal: %w", err)
	}
	signature, err := gm.Sign(key, tbs)
	if err != nil {
		return nil, fmt.Errorf("making a seal: %w", err)
	}
	raw, err := encodeSeal(tbs, makerCert, der.SM2WithSM3, signature)
	if err != nil {
		return nil, fmt.Errorf("making a seal: %w", err)
	}
	seal, err := ParseSeal(raw)
	if err != nil {
		return nil, fmt.Errorf("making a seal: reading it back: %w", err)
	}
	if err := seal.Verify(); err != nil {
		return nil, fmt.Errorf("making a seal: verifying it: %w", err)
	}
	return seal, nil
}

// Sign makes a seal signature: it verifies the seal, wants the signer's certificate in the seal's list, signs TBS_Sign, and
// asks timestamp, unless nil, for a token over the SM3 digest of the signature value. The time is cut to whole seconds.
// Nothing is judged of certificates but that the signer's holds the key. Errors: ErrNotListed, ErrVersion for a seal
// that this package would not make, ErrInfo, ErrCertificate, ErrExtension, gm.ErrSignature, and those of timestamp.
func Sign(t ToSign, signerCert []byte, key crypto.Signer, timestamp func(gm.Digest) ([]byte, error)) (*Signature, error) {
	r, err := t.Seal.Ready(signerCert)
	if err != nil {
		return nil, err
	}
	return r.Sign(t, key, timestamp)
}

// Ready is a seal that was verified, with a signer's certificate that it lists: nothing of both has to be looked at again, for
// bytes do not change.
type Ready struct {
	seal   *Seal
	signer []byte
	pub    *ecdsa.PublicKey
}

// Ready verifies the seal and wants the signer's certificate in its list. Errors: ErrNotListed, ErrVersion for a seal that
// this package would not make, ErrCertificate, ErrExtension, gm.ErrSignature.
func (s *Seal) Ready(signerCert []byte) (*Ready, error) {
	if err := s.Verify(); err != nil {
		return nil, fmt.Errorf("sealing: %w", err)
	}
	if s.Version != Version || len(s.Dialect) > 0 {
		return nil, fmt.Errorf("sealing with a seal of version %d and dialect %v: %w", s.Version, s.Dialect, ErrVersion)
	}
	if !s.Lists(signerCert) {
		return nil, fmt.Errorf("sealing: %w", ErrNotListed)
	}
	pub, err := publicKey(signerCert)
	if err != nil {
		return nil, fmt.Errorf("sealing: %w", err)
	}
	return &Ready{s, signerCert, pub}, nil
}

// Sign is the function Sign with a seal that is ready; t.Seal is not looked at. Errors: ErrInfo, ErrCertificate for another key than
// the certificate's, and those of timestamp.
func (r *Ready) Sign(t ToSign, key crypto.Signer, timestamp func(gm.Digest) ([]byte, error)) (*Signature, error) {
	if !r.pub.Equal(key.Public()) {
		return nil, fmt.Errorf("sealing: the key is not the certificate's: %w", ErrCertificate)
	}
	signerCert := r.signer
	at := t.Time.UTC().Truncate(time.Second)
	if !isTime(at) || !isIA5(t.Property) {
		return nil, fmt.Errorf("sealing: time or property: %w", ErrInfo)
	}
	tbs, err := encodeTBS(r.seal.Raw, at, t.DataHash, t.Property, nil)
	if err != nil {
		return nil, fmt.Errorf("sealing: %w", err)
	}
	value, err := gm.Sign(key, tbs)
	if err != nil {
		return nil, fmt.Errorf("sealing: %w", err)
	}
	var token []byte
	if timestamp != nil {
		if token, err = timestamp(gm.Sum(value)); err != nil {
			return nil, fmt.Errorf("sealing: stamping: %w", err)
		}
		if len(token) == 0 {
			return nil, fmt.Errorf("sealing: an empty timestamp: %w", ErrFormat)
		}
	}
	raw, err := encodeSignature(tbs, signerCert, der.SM2WithSM3, value, token)
	if err != nil {
		return nil, fmt.Errorf("sealing: %w", err)
	}
	s, err := ParseSignature(raw)
	if err != nil {
		return nil, fmt.Errorf("sealing: reading it back: %w", err)
	}
	return s, nil
}

// checkKey wants a certificate that fits and holds the key.
func checkKey(cert []byte, key crypto.Signer) error {
	if err := der.Check(cert, der.Limits{MaxBytes: MaxCertificate}); err != nil {
		return fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	pub, err := publicKey(cert)
	if err != nil {
		return err
	}
	if !pub.Equal(key.Public()) {
		return fmt.Errorf("the key is not the certificate's: %w", ErrCertificate)
	}
	return nil
}

func parseCertificate(b []byte) (*gm.Certificate, error) {
	if err := der.Check(b, der.Limits{MaxBytes: MaxCertificate, AnyText: true}); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	cert, _, err := gm.ParseAnyCertificate(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	return cert, nil
}

func publicKey(b []byte) (*ecdsa.PublicKey, error) {
	cert, err := parseCertificate(b)
	if err != nil {
		return nil, err
	}
	pub, err := gm.PublicKey(cert)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	return pub, nil
}

// Maker reads the certificate of the seal's maker, or returns ErrCertificate.
func (s *Seal) Maker() (*gm.Certificate, error) { return parseCertificate(s.MakerCert) }

// Signer reads the certificate of the signer, or returns ErrCertificate.
func (s *Signature) Signer() (*gm.Certificate, error) { return parseCertificate(s.SignerCert) }

// Verify checks the maker's signature over what was received: SES_SealInfo, in version 1 with certificate and algorithm. It
// does not judge the maker's certificate beyond reading its key, nor the seal's validity. Errors: gm.ErrSignature,
// ErrCertificate, ErrExtension, and ErrFormat for a seal that was not parsed.
func (s *Seal) Verify() error {
	if s == nil || s.signed == nil {
		return fmt.Errorf("verifying a seal: nothing was parsed: %w", ErrFormat)
	}
	if err := checkCritical(s.Info.Extensions); err != nil {
		return fmt.Errorf("verifying a seal: %w", err)
	}
	pub, err := publicKey(s.MakerCert)
	if err != nil {
		return fmt.Errorf("verifying a seal: maker: %w", err)
	}
	if err := verifyValue(pub, s.signed, s.Signature); err != nil {
		return fmt.Errorf("verifying a seal: %w", err)
	}
	return nil
}

// verifyValue takes r and s in DER or, for what was read so, as they are.
func verifyValue(pub *ecdsa.PublicKey, message, value []byte) error {
	encoded, _, err := gm.SignatureToDER(value)
	if err != nil {
		return err
	}
	return gm.Verify(pub, message, encoded)
}

// Lists reports whether the seal lists the certificate (DER): the same bytes, or their digest
// by SM3 or SHA-256.
func (s *Seal) Lists(signerCert []byte) bool {
	if s == nil || len(signerCert) == 0 {
		return false
	}
	for _, cert := range s.Info.Certs {
		if bytes.Equal(cert, signerCert) {
			return true
		}
	}
	digest := gm.Sum(signerCert)
	for _, listed := range s.Info.CertDigests {
		if listed == digest {
			return true
		}
	}
	other := sha256.Sum256(signerCert)
	for _, listed := range s.Info.OtherDigests {
		if isSHA256(listed.Type) && bytes.Equal(listed.Value, other[:]) {
			return true
		}
	}
	return false
}

// Verify checks the signer's signature over TBS_Sign as received. The other steps are the caller's: Seal.Verify,
// Seal.Lists(SignerCert), the data hash, the timestamp (a token over SM3 of Value), chains and times. SignerCert stands
// outside of what is signed; only Seal.Lists binds its bytes. Errors: gm.ErrSignature, ErrCertificate, ErrExtension, and
// ErrFormat for a signature that was not parsed.
func (s *Signature) Verify() error {
	if s == nil || s.tbs == nil {
		return fmt.Errorf("verifying a seal signature: nothing was parsed: %w", ErrFormat)
	}
	if err := checkCritical(s.Extensions); err != nil {
		return fmt.Errorf("verifying a seal signature: %w", err)
	}
	pub, err := publicKey(s.SignerCert)
	if err != nil {
		return fmt.Errorf("verifying a seal signature: signer: %w", err)
	}
	if err := verifyValue(pub, s.tbs, s.Value); err != nil {
		return fmt.Errorf("verifying a seal signature: %w", err)
	}
	return nil
}

// checkCritical refuses every critical extension: this package knows none.
func checkCritical(extensions []Extension) error {
	for _, e := range extensions {
		if e.Critical {
			return fmt.Errorf("extension %v: %w", e.ID, ErrExtension)
		}
	}
	return nil
}

// TBS is TBS_Sign as Sign would sign it: what a person or a token elsewhere agrees to. Errors: ErrInfo.
func TBS(t ToSign) ([]byte, error) {
	at := t.Time.UTC().Truncate(time.Second)
	if t.Seal == nil || !isTime(at) || !isIA5(t.Property) {
		return nil, fmt.Errorf("encoding TBS_Sign: time or property: %w", ErrInfo)
	}
	return encodeTBS(t.Seal.Raw, at, t.DataHash, t.Property, nil)
}
