package cms

import (
	"bytes"
	"encoding/asn1"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
)

// Tags of context class 0, as in [0] EXPLICIT and [0] IMPLICIT SET OF.
var tag0 = cbasn1.Tag(0).Constructed().ContextSpecific()

// gmContent is the arc of the content types of GB/T 35275.
var gmContent = der.GMData[:len(der.GMData)-1]

// parts are all that a SignedData of this package is made of; encode of equal parts gives equal bytes.
type parts struct {
	suite        suite
	contentType  asn1.ObjectIdentifier
	content      []byte
	certificates [][]byte // ascending; none: the field is left out
	issuer       []byte   // Name, DER
	serial       []byte   // INTEGER, DER
	attributes   []byte   // the elements of the SET, ascending
	signAlg      asn1.ObjectIdentifier
	signature    []byte
}

// isGM reports whether a content type belongs to GB/T 35275; its SignedData then does too.
func isGM(contentType asn1.ObjectIdentifier) bool {
	return len(contentType) > len(gmContent) && slices.Equal(contentType[:len(gmContent)], gmContent)
}

// version follows RFC 5652, 5.1: 3 when the content is not data. GB/T 35275 knows version 1 only.
func version(contentType asn1.ObjectIdentifier) int64 {
	if isGM(contentType) || contentType.Equal(der.Data) {
		return 1
	}
	return 3
}

func outerType(contentType asn1.ObjectIdentifier) asn1.ObjectIdentifier {
	if isGM(contentType) {
		return der.GMSignedData
	}
	return der.SignedData
}

// encode writes ContentInfo with SignedData.
func (p *parts) encode() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(outerType(p.contentType))
		b.AddASN1(tag0, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, p.signedData)
		})
	})
	out, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding SignedData: %w", err)
	}
	return out, nil
}

func (p *parts) signedData(b *cryptobyte.Builder) {
	b.AddASN1Int64(version(p.contentType))
	b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { p.suite.add(b, p.suite.digest()) })
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(p.contentType)
		b.AddASN1(tag0, func(b *cryptobyte.Builder) { b.AddASN1OctetString(p.content) })
	})
	if len(p.certificates) > 0 {
		b.AddASN1(tag0, func(b *cryptobyte.Builder) {
			for _, cert := range p.certificates {
				b.AddBytes(cert)
			}
		})
	}
	b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { b.AddASN1(cbasn1.SEQUENCE, p.signerInfo) })
}

func (p *parts) signerInfo(b *cryptobyte.Builder) {
	b.AddASN1Int64(1)
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(p.issuer)
		b.AddBytes(p.serial)
	})
	p.suite.add(b, p.suite.digest())
	b.AddASN1(tag0, func(b *cryptobyte.Builder) { b.AddBytes(p.attributes) })
	p.suite.add(b, p.signAlg)
	b.AddASN1OctetString(p.signature)
}

// toSign is what the signature covers: the attributes with the tag of SET OF (RFC 5652, 5.4).
func toSign(attributes []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(attributes) })
	return b.Bytes()
}

// encodeAttributes writes the elements of the SET in ascending order.
func encodeAttributes(attributes []Attribute) ([]byte, error) {
	encoded := make([][]byte, len(attributes))
	for i, a := range attributes {
		var b cryptobyte.Builder
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(a.Type)
			b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(a.Value) })
		})
		var err error
		if encoded[i], err = b.Bytes(); err != nil {
			return nil, fmt.Errorf("encoding attribute %v: %w", a.Type, err)
		}
	}
	slices.SortFunc(encoded, bytes.Compare)
	return bytes.Join(encoded, nil), nil
}

// encodeSigningTime writes UTCTime up to 2049 and GeneralizedTime from 2050 (RFC 5652, 11.3).
func encodeSigningTime(at time.Time) ([]byte, error) {
	at = at.UTC().Truncate(time.Second)
	var b cryptobyte.Builder
	if year := at.Year(); year >= 1950 && year < 2050 {
		b.AddASN1UTCTime(at)
	} else {
		b.AddASN1GeneralizedTime(at)
	}
	return b.Bytes()
}

// encodeSigningCertificates writes SigningCertificateV2 (RFC 5035) with hashes of the signer's certificate and, after it, of
// every other embedded one: so nobody can add, drop or exchange a certificate.
func (s suite) encodeSigningCertificates(certificates [][]byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, cert := range certificates {
				digest := s.sum(cert)
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					if s != suiteECDSA { // SHA-256 is the default, so DER leaves it out
						s.add(b, s.digest())
					}
					b.AddASN1OctetString(digest[:])
				})
			}
		})
	})
	return b.Bytes()
}
