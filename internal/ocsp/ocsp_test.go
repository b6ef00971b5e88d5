package ocsp_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
	"yinzheng/internal/ocsp"
)

// now is when the responses of these tests are made.
var now = time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)

// party is a certificate and its key.
type party struct {
	cert *gm.Certificate
	key  crypto.Signer
}

// algorithms are the two kinds of keys.
var algorithms = []string{"SM2", "ECDSA"}

func newKey(t testing.TB, algorithm string) crypto.Signer {
	t.Helper()
	if algorithm == "SM2" {
		return gmtest.Key(t)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// newIssuer makes an authority; newResponder one that it authorised, with change made to the template before.
func newIssuer(t testing.TB, algorithm string) party {
	t.Helper()
	template := &gm.Certificate{Subject: pkix.Name{CommonName: "示例签发机构"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: gm.KeyUsageCertSign | gm.KeyUsageCRLSign, SubjectKeyId: []byte{1, 2, 3}}
	return issue(t, template, party{}, newKey(t, algorithm))
}

func newResponder(t testing.TB, issuer party, algorithm string, change func(*gm.Certificate)) party {
	t.Helper()
	template := &gm.Certificate{Subject: pkix.Name{CommonName: "示例应答者"}, KeyUsage: gm.KeyUsageDigitalSignature,
		ExtKeyUsage:     []gm.ExtKeyUsage{gm.ExtKeyUsageOCSPSigning},
		ExtraExtensions: []pkix.Extension{{Id: der.OCSPNoCheck, Value: asn1.NullBytes}}}
	if change != nil {
		change(template)
	}
	return issue(t, template, issuer, newKey(t, algorithm))
}

// issue fills in serial number and, when unset, validity; no issuer means self-signed.
func issue(t testing.TB, template *gm.Certificate, issuer party, key crypto.Signer) party {
	t.Helper()
	template.SerialNumber = big.NewInt(77)
	if template.NotBefore.IsZero() {
		template.NotBefore, template.NotAfter = gmtest.NotBefore, gmtest.NotAfter
	}
	parent, signer := issuer.cert, issuer.key
	if parent == nil {
		parent, signer = template, key
	}
	raw, err := gm.CreateCertificate(template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := gm.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return party{cert, key}
}

func id(t testing.TB, hash asn1.ObjectIdentifier, issuer party, serial int64) ocsp.CertID {
	t.Helper()
	c, err := ocsp.ID(hash, issuer.cert, big.NewInt(serial))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answers are one of each status and hash.
func answers(t testing.TB, issuer party) []ocsp.Single {
	t.Helper()
	next := now.Add(time.Hour)
	return []ocsp.Single{
		{ID: id(t, der.SHA1, issuer, 10), Status: ocsp.Good, ThisUpdate: now, NextUpdate: next},
		{ID: id(t, der.SHA256, issuer, 11), Status: ocsp.Revoked, RevokedAt: now.Add(-time.Hour), Reason: 1, ThisUpdate: now, NextUpdate: next},
		{ID: id(t, der.SM3, issuer, 12), Status: ocsp.Unknown, ThisUpdate: now, NextUpdate: next},
		{ID: id(t, der.SHA1, issuer, 13), Status: ocsp.Revoked, RevokedAt: now.Add(-time.Minute), ThisUpdate: now, NextUpdate: next},
	}
}

func respond(t testing.TB, p party, singles []ocsp.Single, nonce []byte) []byte {
	t.Helper()
	b, err := ocsp.Respond(singles, nonce, now, p.cert.Raw, p.key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t testing.TB, b []byte) *ocsp.Response {
	t.Helper()
	r, err := ocsp.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// testdata reads a file that OpenSSL 3.0 made (openssl ocsp -reqout, -respout), and the issuer's certificate of them.
func testdata(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// notDER is what has crashed other parsers.
func notDER() [][]byte {
	return [][]byte{nil, {0x30}, {0x30, 0x82}, {0x30, 0x80}, bytes.Repeat([]byte{0x30, 0x80}, 3000),
		{0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, {0x30, 0}}
}

func addSeeds(f *testing.F, seeds [][]byte) {
	f.Helper()
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
}
