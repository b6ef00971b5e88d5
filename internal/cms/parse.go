package cms

import (
	"bytes"
	"encoding/asn1"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
)

// Parse reads exactly one attached SignedData with one SM2 signer, SM3, signed attributes and embedded certificates, and no
// CRL and no unsigned attribute. It is strict: what it accepts re-encodes to the same bytes. It checks no signature; Verify
// does. Errors: ErrFormat, ErrAttributes, ErrCertificate.
func Parse(b []byte) (*SignedData, error) {
	if err := der.Check(b, der.Limits{MaxBytes: MaxBytes, MaxDepth: MaxDepth}); err != nil {
		return nil, fmt.Errorf("parsing CMS: %w: %w", ErrFormat, err)
	}
	s := &SignedData{Raw: bytes.Clone(b)}
	p := new(parts)
	if err := s.read(s.Raw, p); err != nil {
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
	return s, nil
}

func bad(where string) error { return fmt.Errorf("%s: %w", where, ErrFormat) }

func (s *SignedData) read(b []byte, p *parts) error {
	in := cryptobyte.String(b)
	var info, wrapped, signed, content, inner, certificates, signers, signer cryptobyte.String
	var outer, contentType asn1.ObjectIdentifier
	var number int64
	var digests cryptobyte.String
	switch {
	case !in.ReadASN1(&info, cbasn1.SEQUENCE) || !in.Empty(),
		!info.ReadASN1ObjectIdentifier(&outer),
		!info.ReadASN1(&wrapped, tag0) || !info.Empty(),
		!wrapped.ReadASN1(&signed, cbasn1.SEQUENCE) || !wrapped.Empty():
		return bad("ContentInfo")
	case !signed.ReadASN1Integer(&number),
		!signed.ReadASN1(&digests, cbasn1.SET) || !readAlgorithm(&digests, der.SM3) || !digests.Empty():
		return bad("version and digestAlgorithms")
	case !signed.ReadASN1(&content, cbasn1.SEQUENCE),
		!content.ReadASN1ObjectIdentifier(&contentType),
		!content.ReadASN1(&inner, tag0) || !content.Empty(),
		!inner.ReadASN1Bytes(&p.content, cbasn1.OCTET_STRING) || !inner.Empty():
		return bad("encapContentInfo")
	case !outer.Equal(outerType(contentType)) || number != version(contentType):
		return bad("content types and version")
	case !signed.ReadASN1(&certificates, tag0):
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
	case !readAlgorithm(&in, der.SM3):
		return bad("SignerInfo.digestAlgorithm")
	case !in.ReadASN1(&attributes, tag0) || attributes.Empty():
		return fmt.Errorf("SignerInfo.signedAttrs: %w", ErrAttributes)
	case !in.ReadASN1(&alg, cbasn1.SEQUENCE),
		!alg.ReadASN1ObjectIdentifier(&p.signAlg),
		!p.signAlg.Equal(der.SM2Sign) && !p.signAlg.Equal(der.SM2WithSM3):
		return bad("SignerInfo.signatureAlgorithm")
	case !in.ReadASN1Bytes(&p.signature, cbasn1.OCTET_STRING) || !in.Empty():
		return bad("SignerInfo.signature")
	}
	p.issuer, p.serial, p.attributes = issuer, serial, attributes
	if err := s.readAttributes(attributes); err != nil {
		return err
	}
	return s.findSigner(p)
}

// readAttributes wants each attribute once, with one value, in ascending order.
func (s *SignedData) readAttributes(in cryptobyte.String) error {
	var last cryptobyte.String
	for !in.Empty() {
		var element, attribute, values, value cryptobyte.String
		var tag cbasn1.Tag
		var a Attribute
		if !in.ReadASN1Element(&element, cbasn1.SEQUENCE) || bytes.Compare(last, element) >= 0 || len(s.Attributes) == MaxAttributes {
			return fmt.Errorf("order or number: %w", ErrAttributes)
		}
		last = element
		whole := element
		if !whole.ReadASN1(&attribute, cbasn1.SEQUENCE) || !attribute.ReadASN1ObjectIdentifier(&a.Type) ||
			!attribute.ReadASN1(&values, cbasn1.SET) || !attribute.Empty() ||
			!values.ReadAnyASN1Element(&value, &tag) || !values.Empty() {
			return fmt.Errorf("attribute %v has not one value: %w", a.Type, ErrAttributes)
		}
		if s.attribute(a.Type) != nil {
			return fmt.Errorf("attribute %v twice: %w", a.Type, ErrAttributes)
		}
		a.Value = value
		s.Attributes = append(s.Attributes, a)
	}
	for _, needed := range []asn1.ObjectIdentifier{der.AttrContentType, der.AttrMessageDigest, der.AttrSigningCertV2} {
		if s.attribute(needed) == nil {
			return fmt.Errorf("attribute %v is missing: %w", needed, ErrAttributes)
		}
	}
	if value := s.attribute(der.AttrSigningTime); value != nil {
		in := cryptobyte.String(value)
		read := in.ReadASN1GeneralizedTime
		if in.PeekASN1Tag(cbasn1.UTCTime) {
			read = in.ReadASN1UTCTime
		}
		if !read(&s.SigningTime) || !in.Empty() {
			return fmt.Errorf("signing time: %w", ErrAttributes)
		}
		s.SigningTime = s.SigningTime.UTC()
		if again, err := encodeSigningTime(s.SigningTime); err != nil || !bytes.Equal(again, value) {
			return fmt.Errorf("signing time: %w", ErrAttributes)
		}
	}
	return nil
}

// attribute returns the value of a signed attribute, DER, or nil.
func (s *SignedData) attribute(oid asn1.ObjectIdentifier) []byte {
	i := slices.IndexFunc(s.Attributes, func(a Attribute) bool { return a.Type.Equal(oid) })
	if i < 0 {
		return nil
	}
	return s.Attributes[i].Value
}

// findSigner takes the one embedded certificate that the issuer and serial number name.
func (s *SignedData) findSigner(p *parts) error {
	for _, raw := range p.certificates {
		cert, err := parseCertificate(raw)
		if err != nil {
			return err
		}
		serial, err := encodeSerial(cert)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrCertificate, err)
		}
		if !bytes.Equal(cert.RawIssuer, p.issuer) || !bytes.Equal(serial, p.serial) {
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

// readAlgorithm reads an AlgorithmIdentifier with NULL parameters.
func readAlgorithm(in *cryptobyte.String, want asn1.ObjectIdentifier) bool {
	var alg, null cryptobyte.String
	var got asn1.ObjectIdentifier
	return in.ReadASN1(&alg, cbasn1.SEQUENCE) && alg.ReadASN1ObjectIdentifier(&got) && got.Equal(want) &&
		alg.ReadASN1(&null, cbasn1.NULL) && null.Empty() && alg.Empty()
}
