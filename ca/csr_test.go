package ca_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"

	"yinzheng/ca"
	"yinzheng/ca/catest"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

func sm2Request(t testing.TB) []byte {
	t.Helper()
	key, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	csr, err := gm.CreateRequest(pkix.Name{Country: []string{"CN"}, CommonName: "示例经办人"}, nil, key)
	if err != nil {
		t.Fatal(err)
	}
	return csr
}

func request(t testing.TB, key any) []byte {
	t.Helper()
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "system-1"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	return csr
}

// offCurve returns a request whose point is moved off the curve; its signature is of course wrong too.
func offCurve(t testing.TB, csr []byte) []byte {
	t.Helper()
	q, err := gm.ParseRequest(csr)
	if err != nil {
		t.Fatal(err)
	}
	pub, ok := q.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		t.Fatalf("a key of type %T", q.PublicKey)
	}
	y := pub.Y.FillBytes(make([]byte, 32)) //nolint:staticcheck // the raw coordinate is what is searched for
	at := bytes.Index(csr, y)
	if at < 0 {
		t.Fatal("the point is not there")
	}
	out := bytes.Clone(csr)
	out[at+31] ^= 1
	return out
}

// bombs are inputs that crashed or exhausted other parsers: what tjfoc/gmsm's pkcs7 panics on among them.
func bombs() [][]byte {
	nested := bytes.Repeat([]byte{0x30, 0x80}, 30000)
	deep := []byte{0x30, 0x00}
	for range 64 {
		deep = append([]byte{0x30, byte(min(len(deep), 127))}, deep...)
	}
	return [][]byte{
		nil, {0x30}, {0x30, 0x80}, {0x30, 0x84}, {0x24, 0x80}, {0x30, 0x82, 0xff, 0xff}, {0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, nested, deep,
		bytes.Repeat([]byte{0x30}, ca.MaxCSR+1),
	}
}

func TestCSRThatCannotBeBelievedIsRefused(t *testing.T) {
	good := sm2Request(t)
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(good)
	changed[len(changed)-1] ^= 1
	cases := map[string][]byte{
		"signature changed": changed, "something follows": append(bytes.Clone(good), 0), "cut off": good[:len(good)-1], "P-224": request(t, p224), "P-384": request(t, p384),
		"weak RSA": request(t, weak), "point off the SM2 curve": offCurve(t, good),
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cases["point off P-256"] = offCurve(t, request(t, p256))
	for _, b := range bombs() {
		cases[string(b[:min(len(b), 8)])+" …"] = b
	}
	for name, csr := range cases {
		for _, profile := range []string{ca.ProfileSign, ca.ProfileTLSClient} {
			if _, err := ca.ParseOrder(csr, profile, "operator-1"); !errors.Is(err, ca.ErrCSR) {
				t.Errorf("%q under %s: %v", name, profile, err)
			}
		}
	}
}

func TestKeyOfTheOtherCurveIsRefusedByEachSide(t *testing.T) {
	r, _ := fresh(t, catest.Start)
	sm2 := sm2Request(t)
	_, p256 := p256Request(t, pkix.Name{CommonName: "示例经办人", Country: []string{"CN"}})
	if _, err := r.IssueDual(context.Background(), "operator-1", p256); !errors.Is(err, ca.ErrKey) {
		t.Errorf("P-256 on the SM2 side: %v", err)
	}
	o, err := ca.ParseOrder(sm2, ca.ProfileTLSServer, "operator-1")
	if err != nil {
		t.Fatal(err)
	}
	o.Subject, o.Hosts = pkix.Name{CommonName: "node.example"}, []string{"node.example"}
	if _, err := r.IssueTLS(context.Background(), o, sm2); !errors.Is(err, ca.ErrKey) {
		t.Errorf("SM2 on the TLS side: %v", err)
	}
}

func TestKeyWithAWellKnownPrivateHalfIsRefused(t *testing.T) {
	r, _ := fresh(t, catest.Start)
	curve, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	pub, ok := curve.Public().(*ecdsa.PublicKey)
	if !ok {
		t.Fatalf("a key of type %T", curve.Public())
	}
	for _, d := range []int64{1, 2} { // the base point, and its double
		x, y := pub.Curve.ScalarBaseMult(big.NewInt(d).Bytes()) //nolint:staticcheck // a point of our choosing is what is tested
		o := sealOrder(t, 1)
		o.Key = &ecdsa.PublicKey{Curve: pub.Curve, X: x, Y: y} //nolint:staticcheck // as above
		_, err := r.IssueSM2(context.Background(), o)
		var refused *ca.LintError
		if !errors.As(err, &refused) {
			t.Errorf("the key of %d: %v", d, err)
		}
	}
}

func TestNamesOutsideThePolicyAreRefused(t *testing.T) {
	r, _ := fresh(t, catest.Start)
	for _, hosts := range [][]string{
		{"*"}, {"*.example"}, {"UPPER.example"}, {"node.example "}, {"node.example\x00.evil.example"}, {"-.example"}, {"http://node.example"}, {""},
		make([]string, 33),
	} {
		_, csr := p256Request(t, pkix.Name{CommonName: "node.example"})
		o, err := ca.ParseOrder(csr, ca.ProfileTLSServer, "operator-1")
		if err != nil {
			t.Fatal(err)
		}
		o.Subject, o.Hosts = pkix.Name{CommonName: "node.example"}, hosts
		if _, err := r.IssueTLS(context.Background(), o, csr); !errors.Is(err, ca.ErrName) {
			t.Errorf("%q: %v", hosts, err)
		}
	}
}

func TestNamesThatARequestSmugglesInDoNotCount(t *testing.T) {
	r, _ := fresh(t, catest.Start)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: "bank.example"}, DNSNames: []string{"bank.example"},
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 19}, Critical: true, Value: []byte{0x30, 0x03, 0x01, 0x01, 0xff}}},
	}, key)
	if err != nil {
		t.Fatal(err)
	}
	o, err := ca.ParseOrder(csr, ca.ProfileTLSClient, "operator-1")
	if err != nil {
		t.Fatal(err)
	}
	o.Subject = pkix.Name{CommonName: "system-1"}
	out, err := r.IssueTLS(context.Background(), o, csr)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(out)
	if err != nil {
		t.Fatal(err)
	}
	if cert.IsCA || len(cert.DNSNames) != 0 || cert.Subject.CommonName != "system-1" {
		t.Errorf("%s, %v, CA %v", cert.Subject, cert.DNSNames, cert.IsCA)
	}
}

func FuzzParseOrder(f *testing.F) {
	seeds := bombs()
	csr := sm2Request(f)
	_, other := p256Request(f, pkix.Name{CommonName: "system-1"})
	seeds = append(seeds, csr, other, offCurve(f, csr))
	if len(seeds) < 10 {
		f.Fatal("no seeds")
	}
	for _, b := range seeds {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := ca.ParseOrder(b, ca.ProfileSign, "operator-1")
		if err != nil {
			if !errors.Is(err, ca.ErrCSR) {
				t.Errorf("an error of its own: %v", err)
			}
			return
		}
		if o.Key == nil || der.Check(b, der.Limits{MaxBytes: ca.MaxCSR, MaxDepth: 16}) != nil {
			t.Error("taken all the same")
		}
	})
}
