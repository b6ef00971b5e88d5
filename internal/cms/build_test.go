package cms_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"sync"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/cms"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
)

var (
	oidESSv1  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	oidRSA256 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
)

// made is a SignedData in any form, wrong ones too. Its zero fields are what a correct one has.
type made struct {
	signer        gmtest.Leaf
	hash          crypto.Hash // 0: SM3
	outer, inside asn1.ObjectIdentifier
	content       []byte
	certificates  [][]byte
	noCerts       bool
	digest        []byte // of the document
	digestOID     asn1.ObjectIdentifier
	signOID       asn1.ObjectIdentifier
	bare          bool // no signed attributes: the content is signed
	attributes    []cms.Attribute
	drop          asn1.ObjectIdentifier
	unordered     bool
	byKey         bool
	signers       int
	value         func([]byte) []byte
	unsigned      []byte
	key           crypto.Signer // another one than the signer's
}

func element(t testing.TB, f func(*cryptobyte.Builder)) []byte {
	t.Helper()
	var b cryptobyte.Builder
	f(&b)
	out, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sumBy(h crypto.Hash, b []byte) []byte {
	if h == 0 {
		d := gm.Sum(b)
		return d[:]
	}
	s := h.New()
	s.Write(b)
	return s.Sum(nil)
}

func hashOID(h crypto.Hash) asn1.ObjectIdentifier {
	return map[crypto.Hash]asn1.ObjectIdentifier{0: der.SM3, crypto.SHA1: der.SHA1, crypto.SHA256: der.SHA256, crypto.SHA384: der.SHA384,
		crypto.SHA512: der.SHA512}[h]
}

// ess names a certificate in SigningCertificateV2.
func ess(t testing.TB, h crypto.Hash, cert []byte) cms.Attribute {
	t.Helper()
	return cms.Attribute{Type: der.AttrSigningCertV2, Value: element(t, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					if h != crypto.SHA256 {
						b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(hashOID(h)) })
					}
					b.AddASN1OctetString(sumBy(h, cert))
				})
			})
		})
	})}
}

func (m made) set(t testing.TB) []byte {
	t.Helper()
	list := []cms.Attribute{
		{Type: der.AttrContentType, Value: element(t, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(m.inside) })},
		{Type: der.AttrMessageDigest, Value: element(t, func(b *cryptobyte.Builder) { b.AddASN1OctetString(m.digest) })},
	}
	for _, a := range m.attributes {
		list = slices.DeleteFunc(list, func(o cms.Attribute) bool { return o.Type.Equal(a.Type) })
	}
	var encoded [][]byte
	for _, a := range append(list, m.attributes...) {
		if a.Type.Equal(m.drop) {
			continue
		}
		encoded = append(encoded, element(t, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(a.Type)
				b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(a.Value) })
			})
		}))
	}
	slices.SortFunc(encoded, bytes.Compare)
	if m.unordered {
		slices.Reverse(encoded)
	}
	return bytes.Join(encoded, nil)
}

func (m made) sign(t testing.TB, message []byte) []byte {
	t.Helper()
	key := m.signer.Key
	if m.key != nil {
		key = m.key
	}
	var value []byte
	var err error
	if gm.IsSM2(key.Public()) {
		value, err = gm.Sign(key, message)
	} else {
		h := m.hash
		if h == 0 {
			h = crypto.SHA256
		}
		value, err = key.Sign(rand.Reader, sumBy(h, message), h)
	}
	if err != nil {
		t.Fatal(err)
	}
	if m.value != nil {
		value = m.value(value)
	}
	return value
}

func (m made) fill() made {
	if m.outer == nil {
		m.outer = der.SignedData
	}
	if m.inside == nil {
		m.inside = der.Data
	}
	if m.digestOID == nil {
		m.digestOID = hashOID(m.hash)
	}
	if m.signOID == nil {
		m.signOID = der.SM2Sign
		if m.hash != 0 {
			m.signOID = der.ECDSAWithSHA256
		}
	}
	if m.certificates == nil && !m.noCerts {
		m.certificates = [][]byte{m.signer.DER}
	}
	if m.signers == 0 {
		m.signers = 1
	}
	return m
}

func (m made) info(t testing.TB) []byte {
	t.Helper()
	message, set := m.content, []byte(nil)
	if !m.bare {
		set = m.set(t)
		message = element(t, func(b *cryptobyte.Builder) { b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(set) }) })
	}
	value := m.sign(t, message)
	return element(t, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			if m.byKey {
				b.AddASN1Int64(3)
				b.AddASN1(cbasn1.Tag(0).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(m.signer.Cert.SubjectKeyId) })
			} else {
				b.AddASN1Int64(1)
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddBytes(m.signer.Cert.RawIssuer)
					b.AddASN1BigInt(m.signer.Cert.SerialNumber)
				})
			}
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(m.digestOID) })
			if !m.bare {
				b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(set) })
			}
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(m.signOID) })
			b.AddASN1OctetString(value)
			if m.unsigned != nil {
				b.AddASN1(cbasn1.Tag(1).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(m.unsigned) })
			}
		})
	})
}

// bytes writes it.
func (m made) bytes(t testing.TB) []byte {
	t.Helper()
	m = m.fill()
	info := m.info(t)
	return element(t, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(m.outer)
			b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { m.signedData(b, info) })
			})
		})
	})
}

func (m made) signedData(b *cryptobyte.Builder, info []byte) {
	b.AddASN1Int64(1)
	b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(m.digestOID) })
	})
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(m.inside)
		if m.content != nil {
			b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddASN1OctetString(m.content) })
		}
	})
	if len(m.certificates) > 0 {
		b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(bytes.Join(m.certificates, nil)) })
	}
	b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
		for range max(m.signers, 0) {
			b.AddBytes(info)
		}
	})
}

// rsaKeys are made once: they cost.
var rsaKeys = sync.OnceValues(func() (map[int]*rsa.PrivateKey, error) {
	keys := map[int]*rsa.PrivateKey{}
	for _, bits := range []int{1024, 2048, 3072} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			return nil, err
		}
		keys[bits] = key
	}
	return keys, nil
})

// plainLeaf is a leaf under a root of its own, both with keys of the standard library, and the root's certificate.
func plainLeaf(t testing.TB, key crypto.Signer) (root []byte, leaf gmtest.Leaf) {
	t.Helper()
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	authority := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "示例根"}, NotBefore: gmtest.NotBefore,
		NotAfter: gmtest.NotAfter, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	if root, err = x509.CreateCertificate(rand.Reader, authority, authority, rootKey.Public(), rootKey); err != nil {
		t.Fatal(err)
	}
	parent, err := x509.ParseCertificate(root)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(5), Subject: pkix.Name{CommonName: "示例签名者"}, NotBefore: gmtest.NotBefore,
		NotAfter: gmtest.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment, SubjectKeyId: []byte{9, 9, 9}}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), rootKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := gm.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return root, gmtest.Leaf{Cert: cert, DER: raw, Key: key}
}

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	keys, err := rsaKeys()
	if err != nil {
		t.Fatal(err)
	}
	return keys[bits]
}

func ecKey(t testing.TB, curve elliptic.Curve) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
