package cms_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"errors"
	"slices"
	"testing"

	"github.com/emmansun/gmsm/pkcs7"
	"github.com/emmansun/gmsm/smx509"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"yinzheng/internal/cms"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
)

var document = []byte("the bytes that a ByteRange covers")

// signed is one detached signature of ours.
type signed struct {
	name    string
	out     []byte
	root    []byte
	leaf    gmtest.Leaf
	hash    crypto.Hash // 0: SM3
	dialect string
}

// suites signs the document with everything that SignDetached can.
func suites(t testing.TB) []signed {
	t.Helper()
	var all []signed
	add := func(name string, root []byte, leaf gmtest.Leaf, hash crypto.Hash, dialect string, o cms.Options) {
		t.Helper()
		o.Chain = [][]byte{root}
		out, err := cms.SignDetached(sumBy(hash, document), leaf.DER, leaf.Key, o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, signed{name, out, root, leaf, hash, dialect})
	}
	ca := gmtest.NewCA(t, "示例根")
	add("SM2", ca.DER, ca.Seal(t, "示例签名者"), 0, cms.DialectGM, cms.Options{SigningTime: signingTime})
	add("SM2 without time", ca.DER, ca.Seal(t, "示例签名者"), 0, cms.DialectGM, cms.Options{})
	root, leaf := plainLeaf(t, ecKey(t, elliptic.P256()))
	add("P-256", root, leaf, crypto.SHA256, cms.DialectPAdES, cms.Options{})
	add("P-256 with a time", root, leaf, crypto.SHA256, cms.DialectAdobe, cms.Options{SigningTime: signingTime})
	root, leaf = plainLeaf(t, ecKey(t, elliptic.P384()))
	add("P-384", root, leaf, crypto.SHA384, cms.DialectPAdES, cms.Options{})
	root, leaf = plainLeaf(t, rsaKey(t, 2048))
	add("RSA", root, leaf, crypto.SHA256, cms.DialectPAdES, cms.Options{})
	add("RSA, SHA-384", root, leaf, crypto.SHA384, cms.DialectPAdES, cms.Options{Hash: crypto.SHA384})
	add("RSA, SHA-512", root, leaf, crypto.SHA512, cms.DialectPAdES, cms.Options{Hash: crypto.SHA512})
	root, leaf = plainLeaf(t, rsaKey(t, 3072))
	add("PSS", root, leaf, crypto.SHA256, cms.DialectPAdES, cms.Options{PSS: true})
	add("PSS, SHA-384", root, leaf, crypto.SHA384, cms.DialectPAdES, cms.Options{PSS: true, Hash: crypto.SHA384})
	add("PSS, SHA-512", root, leaf, crypto.SHA512, cms.DialectPAdES, cms.Options{PSS: true, Hash: crypto.SHA512})
	return all
}

func TestDetachedSignaturesReadBackAndVerify(t *testing.T) {
	for _, s := range suites(t) {
		d, err := cms.ParseDetached(s.out)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		id, ok := d.Hash()
		if !ok || !id.Equal(hashOID(s.hash)) || !bytes.Equal(d.Sum(document), sumBy(s.hash, document)) {
			t.Errorf("%s: hash %v", s.name, id)
		}
		if err := d.Verify(sumBy(s.hash, document)); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
		if err := d.Verify(sumBy(s.hash, document[1:])); !errors.Is(err, cms.ErrDigest) {
			t.Errorf("%s: another document: got %v, want ErrDigest", s.name, err)
		}
		if d.Dialect != s.dialect || len(d.Quirks) > 0 || !d.Named || !bytes.Equal(d.Signer, s.leaf.DER) || len(d.Certificates) != 2 {
			t.Errorf("%s: dialect %q, quirks %v, named %t, %d certificates", s.name, d.Dialect, d.Quirks, d.Named, len(d.Certificates))
		}
		if err := d.CrossCheck(); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
	}
}

func TestTimestampIsAddedWithoutTouchingWhatIsSigned(t *testing.T) {
	for _, s := range suites(t) {
		token := []byte{0x30, 0x03, 0x02, 0x01, 0x07}
		stamped, err := cms.AddTimestamp(s.out, token)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		d, err := cms.ParseDetached(stamped)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		if !bytes.Equal(d.Timestamp, token) || d.Dialect != s.dialect || d.Verify(sumBy(s.hash, document)) != nil {
			t.Errorf("%s: token %x, dialect %s", s.name, d.Timestamp, d.Dialect)
		}
		if _, err := cms.AddTimestamp(stamped, token); !errors.Is(err, cms.ErrAttributes) {
			t.Errorf("%s: a second one: got %v, want ErrAttributes", s.name, err)
		}
		if _, err := cms.AddTimestamp(s.out, []byte("junk")); err == nil {
			t.Errorf("%s: junk is added", s.name)
		}
	}
}

func TestEveryChangedByteOfDetachedSignaturesIsNoticed(t *testing.T) {
	for _, s := range suites(t) {
		if s.hash != 0 && s.name != "P-256" && s.name != "PSS" {
			continue
		}
		root := bytes.Index(s.out, s.root)
		for i := range s.out {
			if root >= 0 && i >= root && i < root+len(s.root) {
				continue // the chain is for package chain
			}
			changed := bytes.Clone(s.out)
			changed[i] ^= 0x01
			d, err := cms.ParseDetached(changed)
			if err == nil && d.Verify(sumBy(s.hash, document)) == nil && bytes.Equal(d.Signer, s.leaf.DER) && d.Dialect == s.dialect {
				t.Errorf("%s: byte %d of %d changed is not noticed", s.name, i, len(s.out))
			}
		}
	}
}

func TestOtherOptionsAreRefused(t *testing.T) {
	_, p256 := plainLeaf(t, ecKey(t, elliptic.P256()))
	_, weak := plainLeaf(t, rsaKey(t, 1024))
	_, strong := plainLeaf(t, rsaKey(t, 2048))
	sm2 := gmtest.NewCA(t, "示例根").Seal(t, "示例签名者")
	_, p521 := plainLeaf(t, ecKey(t, elliptic.P521()))
	for name, c := range map[string]struct {
		digest int
		leaf   gmtest.Leaf
		o      cms.Options
		want   error
	}{
		"short digest":       {20, p256, cms.Options{}, cms.ErrDigest},
		"another key":        {32, gmtest.Leaf{DER: p256.DER, Key: sm2.Key}, cms.Options{}, cms.ErrCertificate},
		"RSA of 1024 bits":   {32, weak, cms.Options{}, cms.ErrWeak},
		"SHA-1":              {20, strong, cms.Options{Hash: crypto.SHA1}, cms.ErrWeak},
		"SHA-512 with P-256": {64, p256, cms.Options{Hash: crypto.SHA512}, cms.ErrAlgorithm},
		"PSS with SM2":       {32, sm2, cms.Options{PSS: true}, cms.ErrAlgorithm},
		"P-521":              {64, p521, cms.Options{}, cms.ErrAlgorithm},
		"another type":       {32, sm2, cms.Options{ContentType: der.TSTInfo}, cms.ErrFormat},
		"no certificates":    {32, sm2, cms.Options{NoCertificates: true}, cms.ErrFormat},
	} {
		if _, err := cms.SignDetached(make([]byte, c.digest), c.leaf.DER, c.leaf.Key, c.o); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// TestDialectsAreReadAndNamed holds what Chinese vendors write (standards.md, 2.5 and 9; the dialects of pdf.md).
func TestDialectsAreReadAndNamed(t *testing.T) {
	leaf := gmtest.NewCA(t, "示例根").Seal(t, "示例签名者")
	_, p256 := plainLeaf(t, ecKey(t, elliptic.P256()))
	for _, c := range dialects(t, leaf, p256) {
		d, err := cms.ParseDetached(c.made.bytes(t))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		hash := c.made.hash
		if err := d.Verify(sumBy(hash, document)); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if err := d.Verify(sumBy(hash, document[1:])); !errors.Is(err, cms.ErrDigest) {
			t.Errorf("%s: another document: got %v, want ErrDigest", c.name, err)
		}
		slices.Sort(d.Quirks)
		if diff := cmp.Diff(c.quirks, d.Quirks, cmpopts.EquateEmpty()); diff != "" || d.Dialect != c.dialect {
			t.Errorf("%s: dialect %q, want %q; quirks (-want +got):\n%s", c.name, d.Dialect, c.dialect, diff)
		}
	}
}

// TestAnotherLibraryVerifiesOurDetachedSM2 uses emmansun/gmsm's PKCS#7, both ways.
func TestAnotherLibraryVerifiesOurDetachedSM2(t *testing.T) {
	ca := gmtest.NewCA(t, "示例根")
	leaf := ca.Seal(t, "示例签名者")
	digest := gm.Sum(document)
	out, err := cms.SignDetached(digest[:], leaf.DER, leaf.Key, cms.Options{Chain: [][]byte{ca.DER}, SigningTime: signingTime})
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := pkcs7.Parse(out)
	if err != nil {
		t.Fatal(err)
	}
	theirs.Content = document
	pool := smx509.NewCertPool()
	pool.AddCert(ca.Cert)
	if err := theirs.VerifyWithChainAtTime(pool, &signingTime); err != nil {
		t.Error(err)
	}
	made, err := pkcs7.NewSMSignedData(document)
	if err != nil {
		t.Fatal(err)
	}
	if err := made.AddSigner(leaf.Cert, leaf.Key, pkcs7.SignerInfoConfig{}); err != nil {
		t.Fatal(err)
	}
	made.Detach()
	if out, err = made.Finish(); err != nil {
		t.Fatal(err)
	}
	d, err := cms.ParseDetached(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Verify(digest[:]); err != nil || d.Dialect != cms.DialectGMUnnamed {
		t.Errorf("theirs: %v, dialect %s", err, d.Dialect)
	}
}
