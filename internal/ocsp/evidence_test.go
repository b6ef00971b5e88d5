package ocsp_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
	xocsp "golang.org/x/crypto/ocsp"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
	"yinzheng/internal/ocsp"
)

// abroad is an RSA authority with one certificate, and a responder.
type abroad struct {
	issuer, cert, responder, stranger *x509.Certificate
	issuerKey, responderKey           crypto.Signer
}

func newForeign(t testing.TB) abroad {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	create := func(template, parent *x509.Certificate, pub crypto.PublicKey, by crypto.Signer) *x509.Certificate {
		template.NotBefore, template.NotAfter = gmtest.NotBefore, gmtest.NotAfter
		b, err := x509.CreateCertificate(rand.Reader, template, parent, pub, by)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(b)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	authority := func(serial int64) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "Example CA"}, IsCA: true, BasicConstraintsValid: true,
			KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	}
	f := abroad{issuerKey: key, responderKey: other}
	f.issuer = create(authority(1), authority(1), key.Public(), key)
	f.stranger = create(authority(2), authority(2), other.Public(), other)
	f.cert = create(&x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "Example"}, CRLDistributionPoints: []string{"http://crl.invalid/1"}}, f.issuer, other.Public(), key)
	f.responder = create(&x509.Certificate{SerialNumber: big.NewInt(8), Subject: pkix.Name{CommonName: "Example Responder"}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage:     []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning},
		ExtraExtensions: []pkix.Extension{{Id: der.OCSPNoCheck, Value: asn1.NullBytes}}}, f.issuer, other.Public(), key)
	return f
}

func parsed(t testing.TB, c *x509.Certificate) *gm.Certificate {
	t.Helper()
	out, err := gm.ParseCertificate(c.Raw)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// respond lets golang.org/x/crypto answer.
func (f abroad) respond(t testing.TB, r xocsp.Response, responder *x509.Certificate, key crypto.Signer) []byte {
	t.Helper()
	r.SerialNumber = f.cert.SerialNumber
	if !responder.Equal(f.issuer) {
		r.Certificate = responder
	}
	b, err := xocsp.CreateResponse(f.issuer, responder, r, key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestForeignResponsesAreJudged(t *testing.T) {
	f := newForeign(t)
	cert, issuer := parsed(t, f.cert), parsed(t, f.issuer)
	at := now.Add(-time.Minute).Truncate(time.Minute)
	good := xocsp.Response{Status: xocsp.Good, ThisUpdate: at, NextUpdate: at.Add(time.Hour), SignatureAlgorithm: x509.SHA512WithRSA}
	open := xocsp.Response{Status: xocsp.Good, ThisUpdate: at}
	revoked := xocsp.Response{Status: xocsp.Revoked, RevokedAt: at.Add(-time.Hour), RevocationReason: xocsp.KeyCompromise, ThisUpdate: at}
	for name, b := range map[string][]byte{
		"issuer": f.respond(t, good, f.issuer, f.issuerKey), "responder": f.respond(t, good, f.responder, f.responderKey),
		"no next update": f.respond(t, open, f.issuer, f.issuerKey),
	} {
		s, err := ocsp.Judge(b, cert, issuer)
		if err != nil || s.Status != ocsp.Good || !s.ThisUpdate.Equal(at) || s.Produced.IsZero() || s.NextUpdate.IsZero() != (name == "no next update") {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		if _, err := ocsp.Judge(b, cert, parsed(t, f.stranger)); !errors.Is(err, ocsp.ErrResponder) {
			t.Errorf("%s: another issuer of that name: got %v, want ErrResponder", name, err)
		}
		if _, err := ocsp.Judge(b, issuer, issuer); !errors.Is(err, ocsp.ErrResponder) {
			t.Errorf("%s: another certificate: got %v, want ErrResponder", name, err)
		}
		changed := bytes.Clone(b)
		changed[bytes.LastIndex(b, []byte{2, 1, 7})+2] ^= 1
		if _, err := ocsp.Judge(changed, cert, issuer); err == nil {
			t.Errorf("%s: a changed response is believed", name)
		}
	}
	s, err := ocsp.Judge(f.respond(t, revoked, f.issuer, f.issuerKey), cert, issuer)
	if err != nil || s.Status != ocsp.Revoked || !s.RevokedAt.Equal(at.Add(-time.Hour)) || s.Reason != xocsp.KeyCompromise {
		t.Errorf("revoked: %+v, %v", s, err)
	}
	if _, err := ocsp.Judge(f.respond(t, good, f.issuer, f.responderKey), cert, issuer); !errors.Is(err, gm.ErrSignature) {
		t.Errorf("signed by another key: got %v, want ErrSignature", err)
	}
	sm2 := newIssuer(t, "SM2")
	single := ocsp.Single{ID: id(t, der.SHA256, sm2, sm2.cert.SerialNumber.Int64()), Status: ocsp.Good, ThisUpdate: at, NextUpdate: at.Add(time.Hour)}
	b, err := ocsp.Respond([]ocsp.Single{single}, nil, at, sm2.cert.Raw, sm2.key)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := ocsp.Judge(b, sm2.cert, sm2.cert); err != nil || s.Status != ocsp.Good {
		t.Errorf("SM2: %+v, %v", s, err)
	}
}

// point writes an issuingDistributionPoint with a URI and further parts.
func point(t testing.TB, uri string, more ...byte) []byte {
	t.Helper()
	var b cryptobyte.Builder
	tag := func(n uint8) cbasn1.Tag { return cbasn1.Tag(n).ContextSpecific() }
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		if uri != "" {
			b.AddASN1(tag(0).Constructed(), func(b *cryptobyte.Builder) {
				b.AddASN1(tag(0).Constructed(), func(b *cryptobyte.Builder) {
					b.AddASN1(tag(6), func(b *cryptobyte.Builder) { b.AddBytes([]byte(uri)) })
				})
			})
		}
		for _, n := range more {
			b.AddASN1(tag(n), func(b *cryptobyte.Builder) { b.AddUint8(0xff) })
		}
	})
	out, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// lists are CRLs of the authority, with what judging them gives.
func lists(t testing.TB, f abroad) map[string]struct {
	b      []byte
	status ocsp.Status
	err    error
} {
	t.Helper()
	out := map[string]struct {
		b      []byte
		status ocsp.Status
		err    error
	}{}
	add := func(name string, serial int64, status ocsp.Status, want error, key crypto.Signer, by *x509.Certificate, extensions ...pkix.Extension) {
		b, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now, NextUpdate: now.Add(time.Hour), ExtraExtensions: extensions,
			RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(serial), RevocationTime: now.Add(-time.Hour), ReasonCode: 1}}}, by, key)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = struct {
			b      []byte
			status ocsp.Status
			err    error
		}{b, status, want}
	}
	idp := func(value []byte) pkix.Extension {
		return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: value}
	}
	add("not listed", 99, ocsp.Good, nil, f.issuerKey, f.issuer)
	add("listed", 7, ocsp.Revoked, nil, f.issuerKey, f.issuer)
	add("part of this certificate", 7, ocsp.Revoked, nil, f.issuerKey, f.issuer, idp(point(t, "http://crl.invalid/1", 1)))
	add("part of another", 7, 0, ocsp.ErrUnsupported, f.issuerKey, f.issuer, idp(point(t, "http://crl.invalid/2")))
	add("CAs only", 7, 0, ocsp.ErrUnsupported, f.issuerKey, f.issuer, idp(point(t, "", 2)))
	add("indirect", 7, 0, ocsp.ErrUnsupported, f.issuerKey, f.issuer, idp(point(t, "", 4)))
	add("delta", 7, 0, ocsp.ErrUnsupported, f.issuerKey, f.issuer, pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 27}, Critical: true, Value: []byte{2, 1, 1}})
	add("another key of that name", 7, 0, gm.ErrSignature, f.responderKey, f.stranger)
	return out
}

func TestForeignListsAreJudged(t *testing.T) {
	f := newForeign(t)
	cert, issuer := parsed(t, f.cert), parsed(t, f.issuer)
	for name, c := range lists(t, f) {
		s, err := ocsp.JudgeCRL(c.b, cert, issuer)
		if !errors.Is(err, c.err) || err == nil && (s.Status != c.status || !s.ThisUpdate.Equal(now) || !s.NextUpdate.Equal(now.Add(time.Hour))) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		if c.status == ocsp.Revoked && (!s.RevokedAt.Equal(now.Add(-time.Hour)) || s.Reason != 1) {
			t.Errorf("%s: revoked at %v for %d", name, s.RevokedAt, s.Reason)
		}
		if _, err := ocsp.JudgeCRL(c.b[:len(c.b)-1], cert, issuer); !errors.Is(err, ocsp.ErrCRL) {
			t.Errorf("%s, cut: got %v, want ErrCRL", name, err)
		}
	}
}

func FuzzJudge(f *testing.F) {
	world := newForeign(f)
	cert, issuer := parsed(f, world.cert), parsed(f, world.issuer)
	seeds := 0
	for _, c := range lists(f, world) {
		f.Add(c.b)
		seeds++
	}
	response := xocsp.Response{Status: xocsp.Good, ThisUpdate: now, NextUpdate: now.Add(time.Hour)}
	f.Add(world.respond(f, response, world.issuer, world.issuerKey))
	f.Add(world.respond(f, response, world.responder, world.responderKey))
	if seeds < 8 {
		f.Fatalf("only %d seeds", seeds)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, errOCSP := ocsp.Judge(b, cert, issuer)
		_, errCRL := ocsp.JudgeCRL(b, cert, issuer)
		if errOCSP == nil && errCRL == nil {
			t.Fatal("a response that is a list")
		}
	})
}
