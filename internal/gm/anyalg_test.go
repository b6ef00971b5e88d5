package gm_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
)

// plain is a certificate of the standard library's under another, nil for a root.
func plain(t testing.TB, key crypto.Signer, parent *x509.Certificate, by crypto.Signer, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(9), Subject: pkix.Name{CommonName: "Example", Organization: []string{"Office"}}, NotBefore: gmtest.NotBefore,
		NotAfter: gmtest.NotAfter, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SubjectKeyId: []byte{1}}
	if change != nil {
		change(template)
	}
	if parent == nil {
		parent, by = template, key
	}
	b, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func parsed(t testing.TB, b []byte) *gm.Certificate {
	t.Helper()
	c, err := gm.ParseCertificate(b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestIssuersOfAllAlgorithmsAreChecked(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key       crypto.Signer
		algorithm x509.SignatureAlgorithm
		want      error
	}{
		"RSA": {rsaKey, x509.SHA256WithRSA, nil}, "RSA SHA-512": {rsaKey, x509.SHA512WithRSA, nil}, "PSS": {rsaKey, x509.SHA384WithRSAPSS, nil},
		"P-384": {ecKey, x509.ECDSAWithSHA384, nil}, "RSA of 1024 bits": {weak, x509.SHA256WithRSA, gm.ErrWeak},
		"P-224": {p224, x509.ECDSAWithSHA256, gm.ErrAlgorithm},
	} {
		root := plain(t, c.key, nil, nil, func(c2 *x509.Certificate) { c2.SignatureAlgorithm = c.algorithm })
		leaf := plain(t, ecKey, root, c.key, func(c2 *x509.Certificate) { c2.SignatureAlgorithm = c.algorithm })
		issuer := parsed(t, root.Raw)
		if err := gm.CheckIssuedAny(parsed(t, leaf.Raw), issuer); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		changed := bytes.Clone(leaf.Raw)
		changed[len(changed)-1] ^= 1
		if err := gm.CheckIssuedAny(parsed(t, changed), issuer); err == nil {
			t.Errorf("%s: a changed signature verifies", name)
		}
		list, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: gmtest.NotBefore,
			NextUpdate: gmtest.NotBefore.Add(time.Hour), SignatureAlgorithm: c.algorithm}, root, c.key)
		if err != nil {
			t.Fatal(err)
		}
		l, err := gm.ParseCRL(list)
		if err != nil {
			t.Fatal(err)
		}
		if err := gm.CheckCRLAny(l, issuer); !errors.Is(err, c.want) {
			t.Errorf("%s: CRL: got %v, want %v", name, err, c.want)
		}
	}
	ca := gmtest.NewCA(t, "示例根")
	leaf := ca.Seal(t, "示例签章人")
	if err := gm.CheckIssuedAny(leaf.Cert, ca.Cert); err != nil {
		t.Errorf("SM2: %v", err)
	}
	if err := gm.CheckIssuedAny(leaf.Cert, leaf.Cert); !errors.Is(err, gm.ErrParent) {
		t.Errorf("a leaf as issuer: got %v, want ErrParent", err)
	}
	if err := gm.CheckSignatureAny(rsaKey.Public(), gm.SM2WithSM3, []byte("x"), []byte("y")); !errors.Is(err, gm.ErrAlgorithm) {
		t.Errorf("SM2 by an RSA key: got %v, want ErrAlgorithm", err)
	}
}

// oddCertificate is one of an authority that writes bytes into a string type that does not have them.
func oddCertificate(t testing.TB, replace, with []byte) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := plain(t, key, nil, nil, func(c *x509.Certificate) { c.DNSNames = []string{"example.invalid"} })
	if !bytes.Contains(c.Raw, replace) || len(replace) != len(with) {
		t.Fatalf("%x is not in the certificate, or %x is longer", replace, with)
	}
	return bytes.ReplaceAll(c.Raw, replace, with)
}

// oddCertificates are those, by what is odd.
func oddCertificates(t testing.TB) map[string]struct {
	b   []byte
	odd []string
} {
	t.Helper()
	name := []byte("\x13\x06Office")
	text := []string{gm.OddText}
	return map[string]struct {
		b   []byte
		odd []string
	}{
		"UTF-8 in an IA5String":       {oddCertificate(t, name, []byte("\x16\x06\xe5\xb1\x80\xe5\xb1\x80")), text},
		"GBK in an IA5String":         {oddCertificate(t, name, []byte("\x16\x06\xbe\xd6\xbe\xd6\xbe\xd6")), text},
		"UTF-8 in a PrintableString":  {oddCertificate(t, name, []byte("\x13\x06\xe5\xb1\x80\xe5\xb1\x80")), text},
		"GBK in a UTF8String":         {oddCertificate(t, name, []byte("\x0c\x06\xbe\xd6\xbe\xd6\xbe\xd6")), text},
		"alternative names of no use": {oddCertificate(t, []byte("example.invalid"), []byte("\xe5\xb1\x80mple.invalid")), []string{gm.OddAlternativeNames}},
	}
}

func TestOddCertificatesAreReadAndNamed(t *testing.T) {
	for name, c := range oddCertificates(t) {
		if _, err := gm.ParseCertificate(c.b); err == nil {
			t.Errorf("%s: the strict parser reads it", name)
		}
		cert, odd, err := gm.ParseAnyCertificate(c.b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(odd, c.odd) || !bytes.Equal(cert.Raw, c.b) || !bytes.Contains(c.b, cert.RawTBSCertificate) ||
			!bytes.Contains(c.b, cert.RawSubject) || !bytes.Equal(cert.RawSubject, cert.RawIssuer) {
			t.Errorf("%s: odd %v, or other bytes than received", name, odd)
		}
		if cert.SerialNumber.Int64() != 9 || cert.Subject.CommonName != "Example" {
			t.Errorf("%s: read %v, %v", name, cert.SerialNumber, cert.Subject)
		}
	}
	good := gmtest.NewCA(t, "示例根").DER
	if c, odd, err := gm.ParseAnyCertificate(good); err != nil || odd != nil || !bytes.Equal(c.Raw, good) {
		t.Errorf("a good one: %v, %v", odd, err)
	}
}

func FuzzParseAnyCertificate(f *testing.F) {
	seeds := 0
	for _, c := range oddCertificates(f) {
		f.Add(c.b)
		seeds++
	}
	f.Add(gmtest.NewCA(f, "示例根").DER)
	f.Add([]byte{0x30, 0x80})
	if seeds < 5 {
		f.Fatalf("only %d seeds", seeds)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		strict, strictErr := gm.ParseCertificate(b)
		c, odd, err := gm.ParseAnyCertificate(b)
		if strictErr == nil && (err != nil || len(odd) != 0 || !bytes.Equal(c.Raw, strict.Raw)) {
			t.Fatalf("reads less than the strict parser: %v, %v", odd, err)
		}
		if err == nil && (!bytes.Equal(c.Raw, b) || !bytes.Contains(b, c.RawTBSCertificate) || !bytes.Contains(b, c.RawSubject)) {
			t.Fatal("other bytes than received")
		}
	})
}

func FuzzSignatureToDER(f *testing.F) {
	key := gmtest.Key(f)
	sig, err := gm.Sign(key, []byte("x"))
	if err != nil {
		f.Fatal(err)
	}
	r, s, err := gm.ParseSignature(sig)
	if err != nil {
		f.Fatal(err)
	}
	seeds := [][]byte{sig, append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...), make([]byte, 64), bytes.Repeat([]byte{0xff}, 64)}
	for _, b := range seeds {
		f.Add(b)
	}
	if len(seeds) < 4 {
		f.Fatal("no seeds")
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		der, raw, err := gm.SignatureToDER(b)
		if err != nil {
			return
		}
		if _, _, err := gm.ParseSignature(der); err != nil || raw != !bytes.Equal(der, b) || raw && len(b) != gm.RawSignatureSize {
			t.Fatalf("raw %t: %v", raw, err)
		}
	})
}
