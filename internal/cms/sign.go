package cms

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// Sign wraps content in a SignedData signed by an SM2 key, whose certificate is cert (DER). The signed attributes are
// contentType, messageDigest, signingCertificateV2 and what the options add. The signature is verified and the result is read
// back. Errors: ErrCertificate when cert does not hold the key, ErrAttributes, ErrFormat when the result would exceed a limit
// of Parse.
func Sign(content []byte, cert []byte, key crypto.Signer, o Options) ([]byte, error) {
	return suiteSM2.wrap(content, cert, key, o)
}

// SignECDSA is Sign with a key on P-256, SHA-256 and ECDSA (RFC 5754, RFC 5753).
func SignECDSA(content []byte, cert []byte, key crypto.Signer, o Options) ([]byte, error) {
	return suiteECDSA.wrap(content, cert, key, o)
}

func (s suite) wrap(content []byte, cert []byte, key crypto.Signer, o Options) ([]byte, error) {
	signer, err := s.parseCertificate(cert)
	if err != nil {
		return nil, fmt.Errorf("signing CMS: %w", err)
	}
	if pub, ok := signer.PublicKey.(*ecdsa.PublicKey); !ok || !pub.Equal(key.Public()) {
		return nil, fmt.Errorf("signing CMS: the key is not the certificate's: %w", ErrCertificate)
	}
	if len(o.ContentType) == 0 {
		o.ContentType = s.data()
	}
	if o.NoCertificates && len(o.Chain) > 0 {
		return nil, fmt.Errorf("signing CMS: a chain that is not to be embedded: %w", ErrCertificate)
	}
	certificates := [][]byte{cert}
	for i, other := range o.Chain {
		if _, err := s.parseCertificate(other); err != nil {
			return nil, fmt.Errorf("signing CMS: certificate %d of the chain: %w", i, err)
		}
		certificates = append(certificates, other)
	}
	attributes, err := s.signedAttributes(content, certificates, o)
	if err != nil {
		return nil, fmt.Errorf("signing CMS: %w", err)
	}
	message, err := toSign(attributes)
	if err != nil {
		return nil, fmt.Errorf("signing CMS: %w", err)
	}
	signature, err := s.sign(key, message)
	if err != nil {
		return nil, fmt.Errorf("signing CMS: %w", err)
	}
	serial, err := encodeSerial(signer)
	if err != nil {
		return nil, fmt.Errorf("signing CMS: %w", err)
	}
	slices.SortFunc(certificates, bytes.Compare)
	if o.NoCertificates {
		certificates = nil
	}
	p := parts{suite: s, contentType: o.ContentType, content: content, certificates: certificates, issuer: signer.RawIssuer,
		serial: serial, attributes: attributes, signAlg: s.signature(), signature: signature}
	out, err := p.encode()
	if err != nil {
		return nil, fmt.Errorf("signing CMS: %w", err)
	}
	if _, err := parse(out, s != suiteSM2 || o.NoCertificates); err != nil {
		return nil, fmt.Errorf("signing CMS: reading it back: %w", err)
	}
	return out, nil
}

func (s suite) signedAttributes(content []byte, certificates [][]byte, o Options) ([]byte, error) {
	var contentType, digest cryptobyte.Builder
	contentType.AddASN1ObjectIdentifier(o.ContentType)
	sum := s.sum(content)
	digest.AddASN1OctetString(sum[:])
	typeValue, err := contentType.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding content type %v: %w", o.ContentType, err)
	}
	digestValue, err := digest.Bytes()
	if err != nil {
		return nil, err
	}
	ess, err := s.encodeSigningCertificates(certificates)
	if err != nil {
		return nil, err
	}
	attributes := []Attribute{{der.AttrContentType, typeValue}, {der.AttrMessageDigest, digestValue}, {der.AttrSigningCertV2, ess}}
	if !o.SigningTime.IsZero() {
		at, err := encodeSigningTime(o.SigningTime)
		if err != nil {
			return nil, err
		}
		attributes = append(attributes, Attribute{der.AttrSigningTime, at})
	}
	return encodeAttributes(append(attributes, o.Attributes...)) // doubled ones are found when reading back
}

func encodeSerial(cert *gm.Certificate) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1BigInt(cert.SerialNumber)
	return b.Bytes()
}

// parseCertificate reads a certificate with a key of the suite.
func (s suite) parseCertificate(b []byte) (*gm.Certificate, error) {
	if err := der.Check(b, der.Limits{MaxBytes: MaxBytes, MaxDepth: MaxDepth}); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	cert, err := gm.ParseCertificate(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	if !s.owns(cert.PublicKey) {
		return nil, fmt.Errorf("%w: not an %s key", ErrCertificate, s)
	}
	return cert, nil
}
