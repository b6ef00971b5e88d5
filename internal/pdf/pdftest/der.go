package pdftest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/asn1"
	"slices"
	"time"
)

// tlv is one DER element.
func tlv(tag byte, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	n := len(body)
	switch {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, body...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, body...)
	case n < 0x10000:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, body...)
	}
	return append([]byte{tag, 0x83, byte(n >> 16), byte(n >> 8), byte(n)}, body...)
}

func seq(parts ...[]byte) []byte { return tlv(0x30, parts...) }
func octets(b []byte) []byte     { return tlv(0x04, b) }
func small(n int) []byte         { return []byte{2, 1, byte(n)} }

// set is a DER SET OF: its elements in the order of their bytes.
func set(parts ...[]byte) []byte {
	sorted := slices.Clone(parts)
	slices.SortFunc(sorted, bytes.Compare)
	return tlv(0x31, sorted...)
}

func oid(n ...int) []byte {
	b, err := asn1.Marshal(asn1.ObjectIdentifier(n))
	if err != nil {
		panic(err) // a constant
	}
	return b
}

func utc(at time.Time) []byte         { return tlv(0x17, []byte(at.UTC().Format("060102150405Z"))) }
func generalized(at time.Time) []byte { return tlv(0x18, []byte(at.UTC().Format("20060102150405Z"))) }

var null = []byte{5, 0}

// names is what a signer is told apart by.
type names struct {
	issuer    []byte // DER of the Name
	serial    []byte // contents of the INTEGER
	serialDER []byte
	ski       []byte // subjectKeyIdentifier, nil for none
}

// namesOf takes a certificate apart without judging it: SM2 ones too.
func namesOf(cert []byte) names {
	var c struct {
		TBS struct {
			Version    int `asn1:"explicit,tag:0"`
			Serial     asn1.RawValue
			Algorithm  asn1.RawValue
			Issuer     asn1.RawValue
			Validity   asn1.RawValue
			Subject    asn1.RawValue
			Key        asn1.RawValue
			Extensions []struct {
				ID       asn1.ObjectIdentifier
				Critical bool `asn1:"optional"`
				Value    []byte
			} `asn1:"optional,explicit,tag:3"`
		}
		Algorithm asn1.RawValue
		Value     asn1.BitString
	}
	if _, err := asn1.Unmarshal(cert, &c); err != nil {
		panic(err) // a certificate of the tests
	}
	n := names{issuer: c.TBS.Issuer.FullBytes, serial: c.TBS.Serial.Bytes, serialDER: c.TBS.Serial.FullBytes}
	for _, e := range c.TBS.Extensions {
		if e.ID.Equal(asn1.ObjectIdentifier{2, 5, 29, 14}) {
			if _, err := asn1.Unmarshal(e.Value, &n.ski); err != nil {
				panic(err)
			}
		}
	}
	return n
}

// suite is how a kind of key signs.
type suite struct {
	hash      Hash
	digest    []byte // AlgorithmIdentifier
	signature []byte
	sm2       bool
}

func suiteOf(key crypto.Signer) suite {
	switch pub := key.Public().(type) {
	case *rsa.PublicKey:
		return suite{hash: SHA256, digest: seq(oidSHA256, null), signature: seq(oid(1, 2, 840, 113549, 1, 1, 11), null)}
	case *ecdsa.PublicKey:
		switch pub.Curve {
		case elliptic.P256():
			return suite{hash: SHA256, digest: seq(oidSHA256), signature: seq(oid(1, 2, 840, 10045, 4, 3, 2))}
		case elliptic.P384():
			return suite{hash: SHA384, digest: seq(oidSHA384), signature: seq(oid(1, 2, 840, 10045, 4, 3, 3))}
		}
	}
	return suite{hash: SM3, digest: seq(oidSM3, null), signature: seq(oid(1, 2, 156, 10197, 1, 301, 1), null), sm2: true} // products write NULL
}

// HashOf is the hash function that goes with a key.
func HashOf(key crypto.Signer) Hash { return suiteOf(key).hash }
