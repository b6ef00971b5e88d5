package cms_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"testing"

	"github.com/emmansun/gmsm/pkcs7"

	"yinzheng/internal/cms"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
)

// ecdsaLeaf is self-signed, on P-256, with the standard library's X.509; a second call makes another key of the same names.
func ecdsaLeaf(t testing.TB) (*x509.Certificate, gmtest.Leaf) {
	t.Helper()
	return ecdsaOn(t, elliptic.P256())
}

func ecdsaOn(t testing.TB, curve elliptic.Curve) (*x509.Certificate, gmtest.Leaf) {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(5), Subject: pkix.Name{CommonName: "示例签名者"},
		NotBefore: gmtest.NotBefore, NotAfter: gmtest.NotAfter}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	gmCert, err := gm.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return cert, gmtest.Leaf{Cert: gmCert, DER: raw, Key: key}
}

func judgeAny(b, signer []byte) error {
	s, err := cms.ParseAny(b)
	if err != nil {
		return err
	}
	if s, err = s.SignedBy(signer); err != nil {
		return err
	}
	return s.Verify()
}

func TestECDSASignedDataReadsBackAndVerifies(t *testing.T) {
	_, leaf := ecdsaLeaf(t)
	_, other := ecdsaLeaf(t)
	for name, o := range map[string]cms.Options{
		"plain": {}, "TSTInfo": {ContentType: der.TSTInfo, SigningTime: signingTime}, "bare": {NoCertificates: true},
	} {
		out, err := cms.SignECDSA([]byte("content"), leaf.DER, leaf.Key, o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := judgeAny(out, leaf.DER); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := judgeAny(out, other.DER); err == nil {
			t.Errorf("%s: verifies with another certificate", name)
		}
		if _, err := cms.Parse(out); !errors.Is(err, cms.ErrFormat) {
			t.Errorf("%s: the parser of SM2 says %v, want ErrFormat", name, err)
		}
	}
}

// TestAnotherLibraryVerifiesOurECDSA uses emmansun/gmsm's PKCS#7 as the oracle; OpenSSL verifies the timestamps.
func TestAnotherLibraryVerifiesOurECDSA(t *testing.T) {
	_, leaf := ecdsaLeaf(t)
	out, err := cms.SignECDSA([]byte("content"), leaf.DER, leaf.Key, cms.Options{SigningTime: signingTime})
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := pkcs7.Parse(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := theirs.Verify(); err != nil {
		t.Error(err)
	}
}

func TestEveryChangedByteOfECDSAIsRefused(t *testing.T) {
	_, leaf := ecdsaLeaf(t)
	for _, bare := range []bool{false, true} {
		out, err := cms.SignECDSA([]byte("content"), leaf.DER, leaf.Key, cms.Options{SigningTime: signingTime, NoCertificates: bare})
		if err != nil {
			t.Fatal(err)
		}
		for i := range out {
			for _, flip := range []byte{0x01, 0x20, 0x80} {
				changed := bytes.Clone(out)
				changed[i] ^= flip
				if judgeAny(changed, leaf.DER) == nil {
					t.Errorf("byte %d ^ %#x verifies", i, flip)
				}
			}
			if judgeAny(out[:i], leaf.DER) == nil {
				t.Errorf("%d of %d bytes verify", i, len(out))
			}
		}
	}
}

func TestSuitesAreNotMixed(t *testing.T) {
	_, leaf := ecdsaLeaf(t)
	_, p384 := ecdsaOn(t, elliptic.P384())
	sm2 := gmtest.NewCA(t, "示例根").Seal(t, "示例签名者")
	for name, sign := range map[string]func() ([]byte, error){
		"SM2 by P-256":   func() ([]byte, error) { return cms.Sign([]byte("x"), leaf.DER, leaf.Key, cms.Options{}) },
		"ECDSA by SM2":   func() ([]byte, error) { return cms.SignECDSA([]byte("x"), sm2.DER, sm2.Key, cms.Options{}) },
		"ECDSA by P-384": func() ([]byte, error) { return cms.SignECDSA([]byte("x"), p384.DER, p384.Key, cms.Options{}) },
		"ECDSA and SM2": func() ([]byte, error) {
			return cms.SignECDSA([]byte("x"), leaf.DER, leaf.Key, cms.Options{Chain: [][]byte{sm2.DER}})
		},
		"a chain left out": func() ([]byte, error) {
			return cms.Sign([]byte("x"), sm2.DER, sm2.Key, cms.Options{Chain: [][]byte{sm2.DER}, NoCertificates: true})
		},
		"the key of another": func() ([]byte, error) { return cms.SignECDSA([]byte("x"), leaf.DER, p384.Key, cms.Options{}) },
	} {
		if _, err := sign(); !errors.Is(err, cms.ErrCertificate) {
			t.Errorf("%s: got %v, want ErrCertificate", name, err)
		}
	}
	if _, err := cms.SignECDSA([]byte("x"), leaf.DER, leaf.Key, cms.Options{ContentType: der.GMData}); !errors.Is(err, cms.ErrFormat) {
		t.Errorf("ECDSA in a content type of GB/T 35275: got %v, want ErrFormat", err)
	}
}

func TestSM2WithoutCertificatesNeedsTheSigner(t *testing.T) {
	leaf := gmtest.NewCA(t, "示例根").Seal(t, "示例签名者")
	out, err := cms.Sign([]byte("content"), leaf.DER, leaf.Key, cms.Options{ContentType: der.TSTInfo, NoCertificates: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cms.Parse(out); !errors.Is(err, cms.ErrFormat) {
		t.Errorf("the parser of seals says %v, want ErrFormat", err)
	}
	s, err := cms.ParseAny(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(); !errors.Is(err, cms.ErrCertificate) {
		t.Errorf("got %v, want ErrCertificate", err)
	}
	if err := judgeAny(out, leaf.DER); err != nil {
		t.Error(err)
	}
	named, err := s.SignedBy(leaf.DER)
	if err != nil {
		t.Fatal(err)
	}
	if err := named.CrossCheck(); err != nil {
		t.Error(err)
	}
	if s.Signer != nil {
		t.Error("SignedBy changed what it was called on")
	}
}
