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

// Sign wraps content in a SignedData signed by key, whose certificate is cert (DER). The signed attributes are contentType,
// messageDigest, signingCertificateV2 and what the options add. Errors: ErrCertificate when cert does not hold the key,
// ErrAttributes, ErrFormat when the result would exceed a limit of Parse.
func Sign(content []byte, cert []byte, key crypto.Signer, o Options) ([]byte, error) {
	signer, err := parseCertificate(cert)
	if err != nil {
		return nil, fmt.Errorf("signing CMS: %w", err)
	}
	if pub, ok := signer.PublicKey.(*ecdsa.PublicKey); !ok || !pub.Equal(key.Public()) {
		return nil, fmt.Errorf("signing CMS: the key is not the certificate's: %w", ErrCertificate)
	}
	if len(o.ContentType) == 0 {
		o.ContentType = der.GMData
	}
	certificates := [][]byte{cert}
	for i, other := range o.Chain {
		if _, err := parseCertificate(other); err != nil {
			return nil, fmt.Errorf("signing CMS: certificate %d of the chain: %w", i, err)
		}
		certificates = append(certificates, other)
	}
	attributes, err := signedAttributes(content, certificates, o)
	if err != nil {
		return nil, fmt.Errorf("signing CMS: %w", err)
	}
	message, err := toSign(attributes)
	if err != nil {
		return nil, fmt.Errorf("signing CMS: %w", err)
	}
	signature, err := gm.Sign(key, message)
	if err != nil {
		return nil, fmt.Errorf("signing CMS: %w", err)
	}
	serial, err := encodeSerial(signer)
	if err != nil {
		return nil, fmt.Errorf("signing CMS: %w", err)
	}
	slices.SortFunc(certificates, bytes.Compare)
	p := parts{contentType: o.ContentType, content: content, certificates: certificates, issuer: signer.RawIssuer,
		serial: serial, attributes: attributes, signAlg: der.SM2Sign, signature: signature}
	out, err := p.encode()
	if err != nil {
		return nil, fmt.Errorf("signing CMS: %w", err)
	}
	if _, err := Parse(out); err != nil {
		return nil, fmt.Errorf("signing CMS: reading it back: %w", err)
	}
	return out, nil
}

func signedAttributes(content []byte, certificates [][]byte, o Options) ([]byte, error) {
	var contentType, digest cryptobyte.Builder
	contentType.AddASN1ObjectIdentifier(o.ContentType)
	sum := gm.Sum(content)
	digest.AddASN1OctetString(sum[:])
	typeValue, err := contentType.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding content type %v: %w", o.ContentType, err)
	}
	digestValue, err := digest.Bytes()
	if err != nil {
		return nil, err
	}
	ess, err := encodeSigningCertificates(certificates)
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

// parseCertificate reads a certificate with an SM2 key.
func parseCertificate(b []byte) (*gm.Certificate, error) {
	if err := der.Check(b, der.Limits{MaxBytes: MaxBytes, MaxDepth: MaxDepth}); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	cert, err := gm.ParseCertificate(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	if !gm.IsSM2(cert.PublicKey) {
		return nil, fmt.Errorf("%w: not an SM2 key", ErrCertificate)
	}
	return cert, nil
}
