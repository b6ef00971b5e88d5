package ocsp

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/asn1"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// CertID names a certificate by its issuer and its serial number (RFC 6960, 4.1.1).
type CertID struct {
	Hash       asn1.ObjectIdentifier // der.SHA1, der.SHA256 or der.SM3
	IssuerName []byte                // hash of the DER of the issuer's name
	IssuerKey  []byte                // hash of the issuer's public key, without tag, length and unused bits
	Serial     *big.Int              // not negative, at most 160 bits
}

// ID names the certificate that issuer gave the serial number to. Errors: ErrUnsupported for another hash than SHA-1, SHA-256
// and SM3, ErrRequest for a serial number out of range.
func ID(hash asn1.ObjectIdentifier, issuer *gm.Certificate, serial *big.Int) (CertID, error) {
	if serial == nil || serial.Sign() < 0 || serial.BitLen() > maxSerial {
		return CertID{}, fmt.Errorf("naming a certificate: its serial number: %w", ErrRequest)
	}
	if hashSize(hash) == 0 {
		return CertID{}, fmt.Errorf("naming a certificate by hash %v: %w", hash, ErrUnsupported)
	}
	key, err := keyBits(issuer)
	if err != nil {
		return CertID{}, fmt.Errorf("naming a certificate: %w", err)
	}
	return CertID{Hash: hash, IssuerName: sum(hash, issuer.RawSubject), IssuerKey: sum(hash, key), Serial: new(big.Int).Set(serial)}, nil
}

// Issued reports whether c names a certificate of this issuer.
func (c CertID) Issued(by *gm.Certificate) bool {
	if hashSize(c.Hash) == 0 {
		return false
	}
	key, err := keyBits(by)
	return err == nil && bytes.Equal(sum(c.Hash, by.RawSubject), c.IssuerName) && bytes.Equal(sum(c.Hash, key), c.IssuerKey)
}

// Equal reports whether both name the same certificate by the same hash.
func (c CertID) Equal(o CertID) bool {
	return c.Hash.Equal(o.Hash) && bytes.Equal(c.IssuerName, o.IssuerName) && bytes.Equal(c.IssuerKey, o.IssuerKey) &&
		c.Serial != nil && o.Serial != nil && c.Serial.Cmp(o.Serial) == 0
}

// hashSize returns 0 for a hash that is not supported.
func hashSize(hash asn1.ObjectIdentifier) int {
	switch {
	case hash.Equal(der.SHA1):
		return sha1.Size
	case hash.Equal(der.SHA256):
		return sha256.Size
	case hash.Equal(der.SM3):
		return gm.DigestSize
	}
	return 0
}

func sum(hash asn1.ObjectIdentifier, b []byte) []byte {
	switch {
	case hash.Equal(der.SHA1):
		h := sha1.Sum(b)
		return h[:]
	case hash.Equal(der.SHA256):
		h := sha256.Sum256(b)
		return h[:]
	default:
		h := gm.Sum(b)
		return h[:]
	}
}

// keyBits returns the content of the BIT STRING of a certificate's public key.
func keyBits(c *gm.Certificate) ([]byte, error) {
	if c == nil {
		return nil, fmt.Errorf("no certificate: %w", ErrResponder)
	}
	in := cryptobyte.String(c.RawSubjectPublicKeyInfo)
	var info, alg cryptobyte.String
	var key []byte
	if !in.ReadASN1(&info, cbasn1.SEQUENCE) || !info.ReadASN1(&alg, cbasn1.SEQUENCE) || !info.ReadASN1BitStringAsBytes(&key) {
		return nil, fmt.Errorf("the public key of a certificate: %w", ErrResponder)
	}
	return key, nil
}

// add writes CertID. The parameters of the hash are NULL, as every known client writes them.
func (c CertID) add(b *cryptobyte.Builder) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(c.Hash)
			b.AddASN1NULL()
		})
		b.AddASN1OctetString(c.IssuerName)
		b.AddASN1OctetString(c.IssuerKey)
		b.AddASN1BigInt(c.Serial)
	})
}

// complete reports whether c can be written.
func (c CertID) complete() bool {
	size := hashSize(c.Hash)
	return size > 0 && len(c.IssuerName) == size && len(c.IssuerKey) == size &&
		c.Serial != nil && c.Serial.Sign() >= 0 && c.Serial.BitLen() <= maxSerial
}

// readID reads CertID; malformed is ErrRequest or ErrResponse.
func readID(in *cryptobyte.String, malformed error) (c CertID, err error) {
	var body, alg, null cryptobyte.String
	c.Serial = new(big.Int)
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1(&alg, cbasn1.SEQUENCE) ||
		!alg.ReadASN1ObjectIdentifier(&c.Hash) ||
		!body.ReadASN1Bytes(&c.IssuerName, cbasn1.OCTET_STRING) || !body.ReadASN1Bytes(&c.IssuerKey, cbasn1.OCTET_STRING) ||
		!body.ReadASN1Integer(c.Serial) || !body.Empty() {
		return c, fmt.Errorf("CertID: %w", malformed)
	}
	if hashSize(c.Hash) == 0 {
		return c, fmt.Errorf("CertID by hash %v: %w", c.Hash, ErrUnsupported)
	}
	if !alg.Empty() && (!alg.ReadASN1(&null, cbasn1.NULL) || !null.Empty() || !alg.Empty()) || !c.complete() {
		return c, fmt.Errorf("CertID: parameters, lengths or serial number: %w", malformed)
	}
	return c, nil
}
