package cms

import (
	"bytes"
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// Parse reads exactly one attached SignedData with one SM2 signer, SM3, signed attributes and embedded certificates, and no
// CRL and no unsigned attribute. It is strict: what it accepts re-encodes to the same bytes. It checks no signature; Verify
// does. Errors: ErrFormat, ErrAttributes, ErrCertificate.
func Parse(b []byte) (*SignedData, error) { return parse(b, false) }

// ParseAny is Parse that also reads SHA-256 with ECDSA on P-256, and SignedData without any certificate: Signer is then nil
// until SignedBy names it.
func ParseAny(b []byte) (*SignedData, error) { return parse(b, true) }

func parse(b []byte, general bool) (*SignedData, error) {
	if err := der.Check(b, der.Limits{MaxBytes: MaxBytes, MaxDepth: MaxDepth}); err != nil {
		return nil, fmt.Errorf("parsing CMS: %w: %w", ErrFormat, err)
	}
	s := &SignedData{Raw: bytes.Clone(b)}
	p := new(parts)
	if err := s.read(s.Raw, p, general); err != nil {
		return nil, fmt.Errorf("parsing CMS: %w", err)
	}
	again, err := p.encode()
	if err != nil {
		return nil, fmt.Errorf("parsing CMS: %w", err)
	}
	if !bytes.Equal(again, b) {
		return nil, fmt.Errorf("parsing CMS: not in canonical form: %w", ErrFormat)
	}
	s.ContentType, s.Content, s.Certificates = p.contentType, p.content, p.certificates
	s.SignAlg, s.Signature, s.attributes = p.signAlg, p.signature, p.attributes
	s.suite, s.issuer, s.serial = p.suite, p.issuer, p.serial
	return s, nil
}

func bad(where string) error { return fmt.Errorf("%s: %w", where, ErrFormat) }

func (s *SignedData) read(b []byte, p *parts, general bool) error {
	in := cryptobyte.String(b)
	var info, wrapped, signed, content, inner, certificates, signers, signer cryptobyte.String
	var outer, contentType asn1.ObjectIdentifier
	var number int64
	var digests cryptobyte.String
	var ok bool
	switch {
	case !in.ReadASN1(&info, cbasn1.SEQUENCE) || !in.Empty(),
		!info.ReadASN1ObjectIdentifier(&outer),
		!info.ReadASN1(&wrapped, tag0) || !info.Empty(),
		!wrapped.ReadASN1(&signed, cbasn1.SEQUENCE) || !wrapped.Empty():
		return bad("ContentInfo")
	case !signed.ReadASN1Integer(&number),
		!signed.ReadASN1(&digests, cbasn1.SET):
		return bad("version and digestAlgorithms")
	}
	if p.suite, ok = readSuite(&digests, general); !ok || !digests.Empty() {
		return bad("digestAlgorithms")
	}
	switch {
	case !signed.ReadASN1(&content, cbasn1.SEQUENCE),
		!content.ReadASN1ObjectIdentifier(&contentType),
		!content.ReadASN1(&inner, tag0) || !content.Empty(),
		!inner.ReadASN1Bytes(&p.content, cbasn1.OCTET_STRING) || !inner.Empty():
		return bad("encapContentInfo")
	case !outer.Equal(outerType(contentType)) || number != version(contentType) || p.suite != suiteSM2 && isGM(contentType):
		return bad("content types and version")
	case (!general || signed.PeekASN1Tag(tag0)) && (!signed.ReadASN1(&certificates, tag0) || certificates.Empty()):
		return bad("certificates")
	case !signed.ReadASN1(&signers, cbasn1.SET) || !signed.Empty(),
		!signers.ReadASN1(&signer, cbasn1.SEQUENCE) || !signers.Empty():
		return bad("signerInfos")
	}
	p.contentType = contentType
	for !certificates.Empty() {
		var cert cryptobyte.String
		if len(p.certificates) == MaxCertificates || !certificates.ReadASN1Element(&cert, cbasn1.SEQUENCE) {
			return bad("certificates")
		}
		if n := len(p.certificates); n > 0 && bytes.Compare(p.certificates[n-1], cert) >= 0 {
			return bad("order of certificates")
		}
		p.certificates = append(p.certificates, cert)
	}
	return s.readSigner(signer, p)
}

func (s *SignedData) readSigner(in cryptobyte.String, p *parts) error {
	var number int64
	var sid, issuer, serial, attributes, alg cryptobyte.String
	switch {
	case !in.ReadASN1Integer(&number) || number != 1,
		!in.ReadASN1(&sid, cbasn1.SEQUENCE),
		!sid.ReadASN1Element(&issuer, cbasn1.SEQUENCE),
		!sid.ReadASN1Element(&serial, cbasn1.INTEGER) || !sid.Empty():
		return bad("SignerInfo.sid")
	case !p.suite.read(&in, p.suite.digest()):
		return bad("SignerInfo.digestAlgorithm")
	case !in.ReadASN1(&attributes, tag0) || attributes.Empty():
		return fmt.Errorf("SignerInfo.signedAttrs: %w", ErrAttributes)
	case !in.ReadASN1(&alg, cbasn1.SEQUENCE),
		!alg.ReadASN1ObjectIdentifier(&p.signAlg),
		!p.suite.signs(p.signAlg):
		return bad("SignerInfo.signatureAlgorithm")
	case !in.ReadASN1Bytes(&p.signature, cbasn1.OCTET_STRING) || !in.Empty():
		return bad("SignerInfo.signature")
	}
	p.issuer, p.serial, p.attributes = issuer, serial, attributes
	if err := s.readAttributes(attributes); err != nil {
		return err
	}
	if len(p.certificates) == 0 {
		return nil // of ParseAny only
	}
	return s.findSigner(p)
}

// readAttributes wants each attribute once, with one value, in ascending order.
func (s *SignedData) readAttributes(in cryptobyte.String) error {
	var err error
	if s.Attributes, err = readSet(in); err != nil {
		return err
	}
	for _, needed := range []asn1.ObjectIdentifier{der.AttrContentType, der.AttrMessageDigest, der.AttrSigningCertV2} {
		if s.attribute(needed) == nil {
			return fmt.Errorf("attribute %v: %w", needed, ErrMissing)
		}
	}
	if value := s.attribute(der.AttrSigningTime); value != nil {
		if s.SigningTime, err = readSigningTime(value); err != nil {
			return err
		}
		if again, err := encodeSigningTime(s.SigningTime); err != nil || !bytes.Equal(again, value) {
			return fmt.Errorf("signing time: %w", ErrAttributes)
		}
	}
	return nil
}

// attribute returns the value of a signed attribute, DER, or nil.
func (s *SignedData) attribute(oid asn1.ObjectIdentifier) []byte { return find(s.Attributes, oid) }

// findSigner takes the one embedded certificate that the issuer and serial number name.
func (s *SignedData) findSigner(p *parts) error {
	for _, raw := range p.certificates {
		cert, err := p.suite.parseCertificate(raw)
		if err != nil {
			return err
		}
		named, err := isNamed(cert, p.issuer, p.serial)
		if err != nil {
			return err
		}
		if !named {
			continue
		}
		if s.Signer != nil {
			return fmt.Errorf("two certificates of the signer: %w", ErrCertificate)
		}
		s.Signer, s.SignerDER = cert, raw
	}
	if s.Signer == nil {
		return fmt.Errorf("no certificate of the signer: %w", ErrCertificate)
	}
	return nil
}

// isNamed reports whether a certificate is the one of an issuer and serial number, both DER.
func isNamed(cert *gm.Certificate, issuer, serial []byte) (bool, error) {
	own, err := encodeSerial(cert)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	return bytes.Equal(cert.RawIssuer, issuer) && bytes.Equal(own, serial), nil
}

// SignedBy returns the SignedData with the signer's certificate (DER), for one that was made without. What is embedded comes
// first: another certificate is then refused. Errors: ErrCertificate, ErrFormat.
func (s *SignedData) SignedBy(cert []byte) (*SignedData, error) {
	if s == nil || s.attributes == nil {
		return nil, fmt.Errorf("naming the signer: nothing was parsed: %w", ErrFormat)
	}
	if s.Signer != nil {
		if !bytes.Equal(cert, s.SignerDER) {
			return nil, fmt.Errorf("naming the signer: another certificate is embedded: %w", ErrCertificate)
		}
		return s, nil
	}
	signer, err := s.suite.parseCertificate(cert)
	if err != nil {
		return nil, fmt.Errorf("naming the signer: %w", err)
	}
	if named, err := isNamed(signer, s.issuer, s.serial); err != nil || !named {
		return nil, fmt.Errorf("naming the signer: another issuer or serial number: %w", ErrCertificate)
	}
	signed := *s
	signed.Signer, signed.SignerDER = signer, bytes.Clone(cert)
	return &signed, nil
}
