package cms

import (
	"bytes"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// Verify checks, over the bytes as received, that the attributes belong to this content, that the embedded certificates are
// exactly those that the signer named, and the signature. It does not judge the chain, the signer's key usage or the signing
// time. Errors: ErrAttributes, ErrDigest, ErrCertificate (also when the signer's certificate is not embedded and SignedBy was
// not used), gm.ErrSignature, ErrSignature.
func (s *SignedData) Verify() error {
	if s == nil || s.attributes == nil {
		return fmt.Errorf("verifying CMS: nothing was parsed: %w", ErrFormat)
	}
	if s.Signer == nil {
		return fmt.Errorf("verifying CMS: no certificate of the signer: %w", ErrCertificate)
	}
	var contentType cryptobyte.Builder
	contentType.AddASN1ObjectIdentifier(s.ContentType)
	want, err := contentType.Bytes()
	if err != nil {
		return fmt.Errorf("verifying CMS: %w", err)
	}
	if got := s.attribute(der.AttrContentType); !bytes.Equal(got, want) {
		return fmt.Errorf("verifying CMS: content type: %w", ErrAttributes)
	}
	var digest []byte
	value := cryptobyte.String(s.attribute(der.AttrMessageDigest))
	if !value.ReadASN1Bytes(&digest, cbasn1.OCTET_STRING) || !value.Empty() {
		return fmt.Errorf("verifying CMS: message digest: %w", ErrAttributes)
	}
	if sum := s.suite.sum(s.Content); !bytes.Equal(digest, sum[:]) {
		return fmt.Errorf("verifying CMS: %w", ErrDigest)
	}
	others := slices.DeleteFunc(slices.Clone(s.Certificates), func(c []byte) bool { return bytes.Equal(c, s.SignerDER) })
	if err := s.suite.checkSigningCertificates(s.attribute(der.AttrSigningCertV2), s.SignerDER, others); err != nil {
		return fmt.Errorf("verifying CMS: %w", err)
	}
	message, err := toSign(s.attributes)
	if err != nil {
		return fmt.Errorf("verifying CMS: %w", err)
	}
	if err := s.suite.verify(s.Signer.PublicKey, message, s.Signature); err != nil {
		return fmt.Errorf("verifying CMS: %w", err)
	}
	return nil
}

// CrossCheck asks a second implementation for its opinion of an SM2 signature; it does nothing for ECDSA. It says nothing of
// the content: Verify does. Errors: those of gm.CrossCheck, ErrFormat, ErrCertificate.
func (s *SignedData) CrossCheck() error {
	if s == nil || s.attributes == nil || s.Signer == nil {
		return fmt.Errorf("cross-checking CMS: nothing to check: %w", ErrFormat)
	}
	if s.suite != suiteSM2 {
		return nil
	}
	message, err := toSign(s.attributes)
	if err != nil {
		return fmt.Errorf("cross-checking CMS: %w", err)
	}
	pub, err := gm.PublicKey(s.Signer)
	if err != nil {
		return fmt.Errorf("cross-checking CMS: %w: %w", ErrCertificate, err)
	}
	if err := gm.CrossCheck(pub, message, s.Signature); err != nil {
		return fmt.Errorf("cross-checking CMS: %w", err)
	}
	return nil
}

// checkSigningCertificates checks SigningCertificateV2 (RFC 5035): hashes, first of the signer's certificate, then of all
// others in any order, each once.
func (s suite) checkSigningCertificates(value, signer []byte, others [][]byte) error {
	in := cryptobyte.String(value)
	var outer, list cryptobyte.String
	if !in.ReadASN1(&outer, cbasn1.SEQUENCE) || !in.Empty() || !outer.ReadASN1(&list, cbasn1.SEQUENCE) || !outer.Empty() {
		return fmt.Errorf("signing certificate: %w", ErrAttributes)
	}
	left := slices.Clone(others)
	for first := true; first || !list.Empty(); first = false {
		var id cryptobyte.String
		var hash []byte
		if !list.ReadASN1(&id, cbasn1.SEQUENCE) || s != suiteECDSA && !s.read(&id, s.digest()) ||
			!id.ReadASN1Bytes(&hash, cbasn1.OCTET_STRING) || !id.Empty() {
			return fmt.Errorf("signing certificate: %w", ErrAttributes)
		}
		matches := func(cert []byte) bool { sum := s.sum(cert); return bytes.Equal(hash, sum[:]) }
		if first {
			if !matches(signer) {
				return fmt.Errorf("the signer named another certificate: %w", ErrCertificate)
			}
			continue
		}
		i := slices.IndexFunc(left, matches)
		if i < 0 {
			return fmt.Errorf("the signer named a certificate that is not embedded: %w", ErrCertificate)
		}
		left = slices.Delete(left, i, i+1)
	}
	if len(left) != 0 {
		return fmt.Errorf("%d embedded certificates that the signer did not name: %w", len(left), ErrCertificate)
	}
	return nil
}
