package cms_test

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/emmansun/gmsm/pkcs7"
	"github.com/emmansun/gmsm/smx509"
	"github.com/google/go-cmp/cmp"

	"yinzheng/internal/cms"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
)

var signingTime = time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)

func sign(t testing.TB, content []byte, o cms.Options) ([]byte, gmtest.Leaf, *gmtest.CA) {
	t.Helper()
	ca := gmtest.NewCA(t, "示例根")
	leaf := ca.Seal(t, "示例签名者")
	out, err := cms.Sign(content, leaf.DER, leaf.Key, o)
	if err != nil {
		t.Fatal(err)
	}
	return out, leaf, ca
}

func judge(b []byte) error {
	s, err := cms.Parse(b)
	if err != nil {
		return err
	}
	return s.Verify()
}

func TestSignedDataReadsBackAndVerifies(t *testing.T) {
	extra := cms.Attribute{Type: asn1.ObjectIdentifier{1, 2, 3, 4}, Value: []byte{0x05, 0x00}}
	for _, o := range []cms.Options{
		{},
		{SigningTime: signingTime},
		{ContentType: der.Data, SigningTime: time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC)},
		{ContentType: der.TSTInfo, Attributes: []cms.Attribute{extra}},
	} {
		content := []byte("示例内容")
		out, leaf, _ := sign(t, content, o)
		s, err := cms.Parse(out)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(); err != nil {
			t.Fatal(err)
		}
		want := o.ContentType
		if want == nil {
			want = der.GMData
		}
		if !s.ContentType.Equal(want) || !bytes.Equal(s.Content, content) || !bytes.Equal(s.SignerDER, leaf.DER) || !s.SigningTime.Equal(o.SigningTime) {
			t.Errorf("%+v: read back %v, %q, %v", o, s.ContentType, s.Content, s.SigningTime)
		}
		if len(o.Attributes) > 0 && !slices.ContainsFunc(s.Attributes, func(a cms.Attribute) bool { return cmp.Equal(a, extra) }) {
			t.Error("the further attribute is missing")
		}
	}
}

// TestAnotherLibraryVerifiesOurs uses emmansun/gmsm's PKCS#7 as the oracle.
func TestAnotherLibraryVerifiesOurs(t *testing.T) {
	ca := gmtest.NewCA(t, "示例根")
	leaf := ca.Seal(t, "示例签名者")
	for _, contentType := range []asn1.ObjectIdentifier{der.GMData, der.Data, der.TSTInfo} {
		out, err := cms.Sign([]byte("content"), leaf.DER, leaf.Key, cms.Options{ContentType: contentType, Chain: [][]byte{ca.DER}, SigningTime: signingTime})
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := pkcs7.Parse(out)
		if err != nil {
			t.Fatalf("%v: %v", contentType, err)
		}
		pool := smx509.NewCertPool()
		pool.AddCert(ca.Cert)
		if err := theirs.VerifyWithChainAtTime(pool, &signingTime); err != nil {
			t.Errorf("%v: %v", contentType, err)
		}
		if string(theirs.Content) != "content" {
			t.Errorf("%v: content %q", contentType, theirs.Content)
		}
	}
}

// TestWhatAnotherLibrarySignsVerifies reads emmansun/gmsm's output, with the attribute that we insist on.
func TestWhatAnotherLibrarySignsVerifies(t *testing.T) {
	leaf := gmtest.NewCA(t, "示例根").Seal(t, "示例签名者")
	type essID struct {
		Algorithm pkix.AlgorithmIdentifier
		Hash      []byte
	}
	digest := gm.Sum(leaf.DER)
	ess := struct{ Certs []essID }{[]essID{{pkix.AlgorithmIdentifier{Algorithm: der.SM3, Parameters: asn1.NullRawValue}, digest[:]}}}
	theirs, err := pkcs7.NewSMSignedData([]byte("content"))
	if err != nil {
		t.Fatal(err)
	}
	if err := theirs.AddSigner(leaf.Cert, leaf.Key, pkcs7.SignerInfoConfig{ExtraSignedAttributes: []pkcs7.Attribute{{Type: der.AttrSigningCertV2, Value: ess}}}); err != nil {
		t.Fatal(err)
	}
	out, err := theirs.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if err := judge(out); err != nil {
		t.Error(err)
	}
}

func TestEveryChangedByteIsRefused(t *testing.T) {
	ca := gmtest.NewCA(t, "示例根")
	leaf := ca.Seal(t, "示例签名者")
	out, err := cms.Sign([]byte("content"), leaf.DER, leaf.Key, cms.Options{Chain: [][]byte{ca.DER}, SigningTime: signingTime})
	if err != nil {
		t.Fatal(err)
	}
	for i := range out {
		for _, flip := range []byte{0x01, 0x20, 0x80} {
			changed := bytes.Clone(out)
			changed[i] ^= flip
			if judge(changed) == nil {
				t.Errorf("byte %d ^ %#x verifies", i, flip)
			}
		}
	}
	for i := range out {
		if judge(out[:i]) == nil {
			t.Errorf("%d of %d bytes verify", i, len(out))
		}
	}
	if err := judge(append(bytes.Clone(out), 0)); !errors.Is(err, cms.ErrFormat) {
		t.Errorf("trailing byte: got %v, want ErrFormat", err)
	}
}

func TestKeyMustBelongToTheCertificate(t *testing.T) {
	ca := gmtest.NewCA(t, "示例根")
	leaf := ca.Seal(t, "示例签名者")
	if _, err := cms.Sign([]byte("x"), leaf.DER, gmtest.Key(t), cms.Options{}); !errors.Is(err, cms.ErrCertificate) {
		t.Errorf("got %v, want ErrCertificate", err)
	}
	if _, err := cms.Sign([]byte("x"), leaf.DER[:100], leaf.Key, cms.Options{}); !errors.Is(err, cms.ErrCertificate) {
		t.Errorf("got %v, want ErrCertificate", err)
	}
}

func TestDoubledAttributesAreNotSigned(t *testing.T) {
	leaf := gmtest.NewCA(t, "示例根").Seal(t, "示例签名者")
	value := []byte{0x06, 0x03, 0x2a, 0x03, 0x04}
	_, err := cms.Sign([]byte("x"), leaf.DER, leaf.Key, cms.Options{Attributes: []cms.Attribute{{Type: der.AttrContentType, Value: value}}})
	if !errors.Is(err, cms.ErrAttributes) {
		t.Errorf("got %v, want ErrAttributes", err)
	}
}

func TestZeroSignedDataDoesNotVerify(t *testing.T) {
	var none *cms.SignedData
	for _, s := range []*cms.SignedData{none, {}} {
		if err := s.Verify(); !errors.Is(err, cms.ErrFormat) {
			t.Errorf("got %v, want ErrFormat", err)
		}
	}
}

// bombs make other parsers panic or overflow their stack.
func bombs(t testing.TB) [][]byte {
	t.Helper()
	two, err := hex.DecodeString("3082")
	if err != nil {
		t.Fatal(err)
	}
	return [][]byte{nil, {0x30}, two, bytes.Repeat([]byte{0x30, 0x80}, cms.MaxBytes/2), bytes.Repeat([]byte{0x30, 0x80}, 3<<20)}
}

func TestBombsAreRefused(t *testing.T) {
	for _, bomb := range bombs(t) {
		if _, err := cms.Parse(bomb); !errors.Is(err, cms.ErrFormat) {
			t.Errorf("%d bytes: got %v, want ErrFormat", len(bomb), err)
		}
	}
}

func FuzzParse(f *testing.F) {
	seeds := 0
	for _, o := range []cms.Options{{}, {ContentType: der.TSTInfo, SigningTime: signingTime}} {
		out, _, _ := sign(f, []byte("content"), o)
		f.Add(out)
		seeds++
	}
	for _, bare := range []bool{true, false} {
		_, leaf := ecdsaLeaf(f)
		out, err := cms.SignECDSA([]byte("content"), leaf.DER, leaf.Key, cms.Options{ContentType: der.TSTInfo, NoCertificates: bare})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(out)
		seeds++
	}
	for _, bomb := range bombs(f)[:3] {
		f.Add(bomb)
		seeds++
	}
	f.Add(bytes.Repeat([]byte{0x30, 0x80}, 200))
	if seeds < 7 {
		f.Fatalf("only %d seeds", seeds)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		general, err := cms.ParseAny(b)
		if err == nil {
			_ = general.Verify()
			_ = general.CrossCheck()
		}
		s, strictErr := cms.Parse(b)
		if strictErr != nil {
			return
		}
		if err != nil {
			t.Fatalf("the strict parser accepts more: %v", err)
		}
		if !bytes.Equal(s.Raw, b) || s.Signer == nil {
			t.Fatal("accepted without its bytes or its signer")
		}
		_ = s.Verify() // must not panic; whether it verifies is not known here
	})
}
