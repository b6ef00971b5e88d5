package cms_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/sha1"
	"encoding/asn1"
	"errors"
	"slices"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/cms"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
)

type dialect struct {
	name    string
	made    made
	dialect string
	quirks  []string // ascending
}

func contentType(t testing.TB, oid asn1.ObjectIdentifier) cms.Attribute {
	t.Helper()
	return cms.Attribute{Type: der.AttrContentType, Value: element(t, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oid) })}
}

func essV1(t testing.TB, cert []byte) cms.Attribute {
	t.Helper()
	sum := sha1.Sum(cert)
	return cms.Attribute{Type: oidESSv1, Value: element(t, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1OctetString(sum[:]) })
			})
		})
	})}
}

// rawOf writes a DER signature as r and s of 32 bytes each.
func rawOf(t testing.TB) func([]byte) []byte {
	t.Helper()
	return func(value []byte) []byte {
		r, s, err := gm.ParseSignature(value)
		if err != nil {
			t.Fatal(err)
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
}

func dialects(t testing.TB, leaf, p256 gmtest.Leaf) []dialect {
	t.Helper()
	sum := gm.Sum(document)
	sha := sumBy(crypto.SHA256, document)
	at := cms.Attribute{Type: der.AttrSigningTime, Value: element(t, func(b *cryptobyte.Builder) { b.AddASN1UTCTime(signingTime) })}
	inGM := made{signer: leaf, outer: der.GMSignedData, inside: der.GMData, digest: sum[:]}
	bare := inGM
	bare.bare, bare.content = true, sum[:]
	with := func(m made, f func(*made)) made { f(&m); return m }
	plain := made{signer: leaf, digest: sum[:]}
	ec := made{signer: p256, hash: crypto.SHA256, digest: sha}
	return []dialect{
		{"GB/T 35275", with(inGM, func(m *made) { m.attributes = []cms.Attribute{ess(t, 0, leaf.DER)} }), cms.DialectGM, nil},
		{"GB/T 35275 without ESS", with(inGM, func(m *made) { m.signOID = der.SM2WithSM3 }), cms.DialectGMUnnamed,
			[]string{cms.QuirkUnnamed, cms.QuirkSM2WithSM3}},
		{"form A", with(bare, func(m *made) { m.signOID, m.value = der.SM2WithSM3, rawOf(t) }), cms.DialectRaw, []string{cms.QuirkSM2WithSM3}},
		{"digest inside", bare, cms.DialectDigest, nil},
		{"digest inside of PKCS#7", with(bare, func(m *made) { m.outer, m.inside = nil, nil }), cms.DialectDigest, nil},
		{"form B", with(inGM, func(m *made) {
			m.inside, m.attributes = der.Data, []cms.Attribute{contentType(t, der.GMData), at}
		}), cms.DialectMixed, []string{cms.QuirkUnnamed}},
		{"PKCS#7 with SM2", plain, cms.DialectAdobeGM, []string{cms.QuirkUnnamed}},
		{"PKCS#7 with SM2, r and s", with(plain, func(m *made) { m.value, m.attributes = rawOf(t), []cms.Attribute{at} }), cms.DialectAdobeGM,
			[]string{cms.QuirkUnnamed, cms.QuirkRaw}},
		{"PKCS#7 with ECDSA", ec, cms.DialectAdobe, []string{cms.QuirkUnnamed}},
		{"PKCS#7 with ESS of RFC 2634", with(ec, func(m *made) { m.attributes = []cms.Attribute{essV1(t, p256.DER)} }), cms.DialectAdobe, []string{cms.QuirkESSv1}},
		{"PAdES", with(ec, func(m *made) { m.attributes = []cms.Attribute{ess(t, crypto.SHA256, p256.DER)} }), cms.DialectPAdES, nil},
		{"PAdES by key identifier", with(ec, func(m *made) {
			m.byKey, m.attributes = true, []cms.Attribute{ess(t, crypto.SHA512, p256.DER)}
		}), cms.DialectPAdES, nil},
		{"PAdES with certificates of others", with(ec, func(m *made) {
			m.certificates, m.attributes = [][]byte{leaf.DER, p256.DER}, []cms.Attribute{ess(t, crypto.SHA256, p256.DER)}
		}), cms.DialectPAdES, nil},
	}
}

// refusals are hostile or broken signatures, each with its reason (pdf.md, 5.1, class 12).
func refusals(t testing.TB) map[string]struct {
	b    []byte
	want error
} {
	t.Helper()
	leaf := gmtest.NewCA(t, "示例根").Seal(t, "示例签名者")
	_, p256 := plainLeaf(t, ecKey(t, elliptic.P256()))
	_, twin := plainLeaf(t, ecKey(t, elliptic.P256()))
	_, weak := plainLeaf(t, rsaKey(t, 1024))
	sum, sha := gm.Sum(document), sumBy(crypto.SHA256, document)
	gmNamed := made{signer: leaf, outer: der.GMSignedData, inside: der.GMData, digest: sum[:], attributes: []cms.Attribute{ess(t, 0, leaf.DER)}}
	ec := made{signer: p256, hash: crypto.SHA256, digest: sha, attributes: []cms.Attribute{ess(t, crypto.SHA256, p256.DER)}}
	out := map[string]struct {
		b    []byte
		want error
	}{}
	add := func(name string, want error, m made, f func(*made)) {
		f(&m)
		out[name] = struct {
			b    []byte
			want error
		}{m.bytes(t), want}
	}
	add("content inside", cms.ErrContent, ec, func(m *made) { m.content = document })
	add("content inside of GB/T 35275", cms.ErrContent, gmNamed, func(m *made) { m.content = document })
	add("two signers", cms.ErrSigners, ec, func(m *made) { m.signers = 2 })
	add("no signer", cms.ErrSigners, ec, func(m *made) { m.signers = -1 })
	add("no content type", cms.ErrMissing, ec, func(m *made) { m.drop = der.AttrContentType })
	add("no message digest", cms.ErrMissing, ec, func(m *made) { m.drop = der.AttrMessageDigest })
	add("no attributes", cms.ErrMissing, ec, func(m *made) { m.bare, m.content = true, document })
	add("no attributes, another content than a digest", cms.ErrMissing, gmNamed, func(m *made) { m.bare, m.content = true, document })
	add("another content type", cms.ErrAttributes, ec, func(m *made) { m.attributes = append(m.attributes, contentType(t, der.TSTInfo)) })
	add("attributes in another order", cms.ErrAttributeOrder, ec, func(m *made) { m.unordered = true })
	add("an attribute twice", cms.ErrAttributeOrder, ec, func(m *made) {
		m.attributes = append(m.attributes, ess(t, crypto.SHA512, p256.DER))
	})
	add("ESS names another", cms.ErrNamed, ec, func(m *made) { m.attributes = []cms.Attribute{ess(t, crypto.SHA256, twin.DER)} })
	add("ESS of RFC 2634 names another", cms.ErrNamed, ec, func(m *made) { m.attributes = []cms.Attribute{essV1(t, twin.DER)} })
	add("ESS by SHA-1", cms.ErrWeak, ec, func(m *made) { m.attributes = []cms.Attribute{ess(t, crypto.SHA1, p256.DER)} })
	add("digest of SHA-1", cms.ErrWeak, ec, func(m *made) { m.digestOID = der.SHA1 })
	add("digest of MD5", cms.ErrWeak, ec, func(m *made) { m.digestOID = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 5} })
	add("signed with SHA-1", cms.ErrWeak, ec, func(m *made) { m.signOID = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1} })
	add("digest is not the one used", cms.ErrMismatch, ec, func(m *made) { m.digestOID = der.SHA512 })
	add("SM3 with ECDSA", cms.ErrMismatch, ec, func(m *made) { m.digestOID = der.SM3 })
	add("unknown algorithm", cms.ErrAlgorithm, ec, func(m *made) { m.signOID = asn1.ObjectIdentifier{1, 2, 3} })
	add("ECDSA under GB/T 35275", cms.ErrAlgorithm, ec, func(m *made) { m.outer, m.inside = der.GMSignedData, der.GMData })
	add("RSA of 1024 bits", cms.ErrWeak, ec, func(m *made) {
		m.signer, m.signOID, m.attributes = weak, oidRSA256, []cms.Attribute{ess(t, crypto.SHA256, weak.DER)}
	})
	add("SM2 with a key on P-256", cms.ErrCurve, made{signer: p256, outer: der.GMSignedData, inside: der.GMData, digest: sum[:]}, func(*made) {})
	add("ECDSA with an SM2 key", cms.ErrCurve, made{signer: leaf, hash: crypto.SHA256, digest: sha}, func(*made) {})
	add("RSA with an EC key", cms.ErrCurve, ec, func(m *made) { m.signOID = oidRSA256 })
	add("r and s of zero", cms.ErrRange, gmNamed, func(m *made) { m.value = func([]byte) []byte { return make([]byte, 64) } })
	add("r and s above the order", cms.ErrRange, gmNamed, func(m *made) { m.value = func([]byte) []byte { return bytes.Repeat([]byte{0xff}, 64) } })
	add("ECDSA with r of zero", cms.ErrRange, ec, func(m *made) {
		m.value = func([]byte) []byte { return []byte{0x30, 6, 2, 1, 0, 2, 1, 1} }
	})
	add("ECDSA as r and s", cms.ErrRange, ec, func(m *made) { m.value = func([]byte) []byte { return bytes.Repeat([]byte{1}, 64) } })
	add("no certificate", cms.ErrNoCertificate, ec, func(m *made) { m.noCerts = true })
	add("certificate of another", cms.ErrNoCertificate, ec, func(m *made) { m.certificates = [][]byte{leaf.DER} })
	add("two certificates of one name", cms.ErrCertificate, ec, func(m *made) { m.certificates = [][]byte{p256.DER, twin.DER} })
	add("signed by another key", cms.ErrSignature, ec, func(m *made) { m.key = twin.Key })
	add("SM2 signed by another key", gm.ErrSignature, gmNamed, func(m *made) { m.key = gmtest.Key(t) })
	add("two timestamps", cms.ErrAttributes, ec, func(m *made) { m.unsigned = bytes.Repeat(stampAttribute(t), 2) })
	good := ec.bytes(t)
	set := func(name string, want error, b []byte) {
		out[name] = struct {
			b    []byte
			want error
		}{b, want}
	}
	set("zeros after the end", cms.ErrTrailing, append(slices.Clone(good), 0, 0))
	set("indefinite length", cms.ErrBER, slices.Concat([]byte{0x30, 0x80}, good[4:], []byte{0, 0}))
	set("half", cms.ErrFormat, good[:len(good)/2])
	return out
}

func stampAttribute(t testing.TB) []byte {
	t.Helper()
	return element(t, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14})
			b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { b.AddBytes([]byte{0x30, 0x00}) })
		})
	})
}

func judgeDetached(b []byte) error {
	d, err := cms.ParseDetached(b)
	if err != nil {
		return err
	}
	return d.Verify(d.Sum(document))
}

func TestHostileSignaturesAreRefusedWithAReason(t *testing.T) {
	reasons := map[string]bool{}
	for name, c := range refusals(t) {
		err := judgeDetached(c.b)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		if cms.Reason(err) == "" {
			t.Errorf("%s: %v has no reason", name, err)
		}
		reasons[cms.Reason(err)] = true
	}
	for _, want := range []string{"ber", "trailing", "content", "signers", "attribute_order", "attribute_missing", "named", "no_certificate",
		"certificate", "weak", "mismatch", "curve", "algorithm", "range", "signature", "attributes", "format"} {
		if !reasons[want] {
			t.Errorf("no signature is refused as %q", want)
		}
	}
}

func FuzzParseDetached(f *testing.F) {
	seeds := 0
	for _, s := range suites(f) {
		f.Add(s.out)
		seeds++
	}
	leaf := gmtest.NewCA(f, "示例根").Seal(f, "示例签名者")
	_, p256 := plainLeaf(f, ecKey(f, elliptic.P256()))
	for _, d := range dialects(f, leaf, p256) {
		f.Add(d.made.bytes(f))
		seeds++
	}
	for _, c := range refusals(f) {
		f.Add(c.b)
		seeds++
	}
	for _, bomb := range bombs(f)[:3] {
		f.Add(bomb)
	}
	if seeds < 50 {
		f.Fatalf("only %d seeds", seeds)
	}
	token := []byte{0x30, 0x00}
	f.Fuzz(func(t *testing.T, b []byte) {
		if attached, err := cms.ParseAttached(b, der.TSTInfo); err == nil {
			_ = attached.VerifyContent()
		}
		d, err := cms.ParseDetached(b)
		if err != nil {
			if cms.Reason(err) == "" {
				t.Fatalf("refused without a reason: %v", err)
			}
			return
		}
		if !bytes.Equal(d.Raw, b) || d.Dialect == "" || d.Certificate() == nil {
			t.Fatal("accepted without its bytes, its dialect or its signer")
		}
		if err := d.Verify(d.Sum(document)); err != nil && cms.Reason(err) == "" {
			t.Fatalf("does not verify without a reason: %v", err)
		}
		_ = d.CrossCheck()
		if stamped, err := cms.AddTimestamp(b, token); err == nil {
			again, err := cms.ParseDetached(stamped)
			if err != nil || !bytes.Equal(again.Value, d.Value) {
				t.Fatalf("a timestamp changes it: %v", err)
			}
		}
	})
}
