package cms

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// SignDetached signs a document known by its digest: with SM2 as GB/T 35275 has it, with ECDSA on P-256 or P-384 and with RSA
// as PAdES has it (ETSI EN 319 142-1), or with Options.SigningTime as Adobe's older encoding has it. The digest is of SM3,
// SHA-256 (P-256, RSA) or SHA-384 (P-384), or for RSA of Options.Hash. The options ContentType, Attributes and NoCertificates
// are not for this. The signature is verified and the result is read back. Errors: ErrCertificate, ErrAlgorithm, ErrWeak,
// ErrFormat for an option that is not for this, ErrDigest for a digest of another length.
func SignDetached(digest []byte, cert []byte, key crypto.Signer, o Options) ([]byte, error) {
	out, err := signDetached(digest, cert, key, o)
	if err != nil {
		return nil, fmt.Errorf("signing CMS: %w", err)
	}
	return out, nil
}

func signDetached(digest []byte, cert []byte, key crypto.Signer, o Options) ([]byte, error) {
	if len(o.ContentType) > 0 || len(o.Attributes) > 0 || o.NoCertificates {
		return nil, bad("options of another kind of signature")
	}
	signer, err := gm.ParseCertificate(cert)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	if pub, ok := signer.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !pub.Equal(key.Public()) {
		return nil, fmt.Errorf("the key is not the certificate's: %w", ErrCertificate)
	}
	s, err := schemeOf(key.Public(), o)
	if err != nil {
		return nil, err
	}
	if len(digest) != len(s.digest.sum(nil)) {
		return nil, fmt.Errorf("a digest of %d bytes: %w", len(digest), ErrDigest)
	}
	outer, inside := der.SignedData, der.Data
	if s.kind == kindSM2 {
		outer, inside = der.GMSignedData, der.GMData
	}
	attributes, err := s.attributes(inside, digest, cert, o)
	if err != nil {
		return nil, err
	}
	message, err := toSign(attributes)
	if err != nil {
		return nil, err
	}
	value, err := s.signWith(key, message)
	if err != nil {
		return nil, err
	}
	head, err := s.head(inside, append([][]byte{cert}, o.Chain...))
	if err != nil {
		return nil, err
	}
	info, err := s.info(signer, attributes, value)
	if err != nil {
		return nil, err
	}
	out, err := wrapped(outer, head, info, nil)
	if err != nil {
		return nil, err
	}
	back, err := ParseDetached(out)
	if err != nil {
		return nil, fmt.Errorf("reading it back: %w", err)
	}
	return out, back.Verify(digest)
}

// head is all of a SignedData before signerInfos.
func (s scheme) head(inside asn1.ObjectIdentifier, certificates [][]byte) ([]byte, error) {
	slices.SortFunc(certificates, bytes.Compare)
	return build(func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1(cbasn1.SET, s.digest.add)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(inside) })
		b.AddASN1(tag0, func(b *cryptobyte.Builder) {
			for _, c := range slices.CompactFunc(certificates, bytes.Equal) {
				b.AddBytes(c)
			}
		})
	})
}

// info is the content of SignerInfo without unsigned attributes.
func (s scheme) info(signer *gm.Certificate, attributes, value []byte) ([]byte, error) {
	serial, err := encodeSerial(signer)
	if err != nil {
		return nil, err
	}
	return build(func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(signer.RawIssuer); b.AddBytes(serial) })
		s.digest.add(b)
		b.AddASN1(tag0, func(b *cryptobyte.Builder) { b.AddBytes(attributes) })
		s.add(b)
		b.AddASN1OctetString(value)
	})
}

func build(f func(*cryptobyte.Builder)) ([]byte, error) {
	var b cryptobyte.Builder
	f(&b)
	return b.Bytes()
}

// wrapped puts the parts of a SignedData together; unsigned are the elements of the unsigned attributes.
func wrapped(outer asn1.ObjectIdentifier, head, info, unsigned []byte) ([]byte, error) {
	return build(func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(outer)
			b.AddASN1(tag0, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddBytes(head)
					b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
						b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
							b.AddBytes(info)
							if len(unsigned) > 0 {
								b.AddASN1(tag1, func(b *cryptobyte.Builder) { b.AddBytes(unsigned) })
							}
						})
					})
				})
			})
		})
	})
}

// attributes are the signed ones: content type, digest, signing certificate and, when given, the time.
func (s scheme) attributes(inside asn1.ObjectIdentifier, digest, cert []byte, o Options) ([]byte, error) {
	kind, err := build(func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(inside) })
	if err != nil {
		return nil, err
	}
	said, err := build(func(b *cryptobyte.Builder) { b.AddASN1OctetString(digest) })
	if err != nil {
		return nil, err
	}
	ess, err := build(func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					if s.digest.hash != crypto.SHA256 { // the default, which DER leaves out
						s.digest.add(b)
					}
					b.AddASN1OctetString(s.digest.sum(cert))
				})
			})
		})
	})
	if err != nil {
		return nil, err
	}
	attributes := []Attribute{{der.AttrContentType, kind}, {der.AttrMessageDigest, said}, {der.AttrSigningCertV2, ess}}
	if !o.SigningTime.IsZero() {
		at, err := encodeSigningTime(o.SigningTime)
		if err != nil {
			return nil, err
		}
		attributes = append(attributes, Attribute{der.AttrSigningTime, at})
	}
	return encodeAttributes(attributes)
}

// AddTimestamp puts a timestamp token over the signature value into the unsigned attributes (RFC 3161, appendix A). What is signed
// stays as it is, byte for byte. Errors: those of ParseDetached, and ErrAttributes when there is one.
func AddTimestamp(signed, token []byte) ([]byte, error) {
	d, err := ParseDetached(signed)
	if err != nil {
		return nil, err
	}
	if d.Timestamp != nil {
		return nil, fmt.Errorf("adding a timestamp: there is one: %w", ErrAttributes)
	}
	stamp, err := encodeAttributes([]Attribute{{attrTimestamp, token}})
	if err != nil {
		return nil, fmt.Errorf("adding a timestamp: %w", err)
	}
	unsigned := append([][]byte{stamp}, d.unsigned...)
	slices.SortFunc(unsigned, bytes.Compare)
	out, err := wrapped(d.outer, d.head, d.info, bytes.Join(unsigned, nil))
	if err != nil {
		return nil, fmt.Errorf("adding a timestamp: %w", err)
	}
	if back, err := ParseDetached(out); err != nil || !bytes.Equal(back.Timestamp, token) {
		return nil, fmt.Errorf("adding a timestamp: reading it back: %w", errors.Join(ErrFormat, err))
	}
	return out, nil
}
