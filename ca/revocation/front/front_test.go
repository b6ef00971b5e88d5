package front_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	cfssl "github.com/cloudflare/cfssl/ocsp"
	"golang.org/x/crypto/ocsp"

	"yinzheng/ca"
	"yinzheng/ca/revocation"
	"yinzheng/ca/revocation/front"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// book says that 5 is good, 6 is revoked, and nothing else exists.
type book struct{ down bool }

func (b *book) Certificate(_ context.Context, authority, serial string) (ca.Record, error) {
	r := ca.Record{Intent: ca.Intent{Authority: authority, Serial: serial}}
	switch {
	case b.down:
		return r, errors.New("register is down")
	case serial == "5":
		r.State = ca.Good
	case serial == "6":
		r.State, r.RevokedAt, r.Reason = ca.Revoked, time.Now(), ca.KeyCompromise
	default:
		return r, ca.ErrNoCertificate
	}
	return r, nil
}

func (b *book) Revoked(context.Context, string, time.Time) ([]ca.Record, error) { return nil, nil }
func (b *book) Revision(context.Context) (int64, error)                         { return 1, nil }

type numbers struct{}

func (numbers) NextSerial(context.Context, string) (int64, error) { return 1, nil }

// served is cfssl's responder on a loopback address in front of an ECDSA and an SM2 authority.
type served struct {
	url                    string
	book                   *book
	ecdsa, sm2             *x509Pair
	certGood, certRevoked  []byte // of the ECDSA authority
	certUnheard, certOther []byte // never recorded; of an authority that is not ours
}

type x509Pair struct {
	der []byte
	key crypto.Signer
}

func serve(t *testing.T) served {
	t.Helper()
	newECDSA := func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }
	s := served{book: new(book), ecdsa: authority(t, newECDSA), sm2: authority(t, gm.GenerateKey)}
	s.certGood, s.certRevoked, s.certUnheard = leaf(t, s.ecdsa, 5), leaf(t, s.ecdsa, 6), leaf(t, s.ecdsa, 7)
	s.certOther = authority(t, newECDSA).der
	authorities := []revocation.Authority{
		{Name: "tls", Certificate: s.ecdsa.der, Key: s.ecdsa.key, Responder: responder(t, s.ecdsa, newECDSA)},
		{Name: "sm2", Certificate: s.sm2.der, Key: s.sm2.key, Responder: responder(t, s.sm2, gm.GenerateKey)},
	}
	p, err := revocation.New(revocation.Config{
		Authorities: func() []revocation.Authority { return authorities }, Book: s.book, Numbers: numbers{}, Now: time.Now,
		Log: slog.New(slog.DiscardHandler), BaseURL: "https://ca.example.cn",
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.StripPrefix("/ocsp", cfssl.NewResponder(front.New(p), nil)))
	t.Cleanup(server.Close)
	s.url = server.URL + "/ocsp"
	return s
}

func authority(t *testing.T, newKey func() (crypto.Signer, error)) *x509Pair {
	t.Helper()
	template := &gm.Certificate{Subject: pkix.Name{CommonName: "示例 authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: gm.KeyUsageCertSign | gm.KeyUsageCRLSign, SubjectKeyId: []byte{1, 2, 3, 4}}
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	return &x509Pair{create(t, template, template, key.Public(), key, 1), key}
}

func responder(t *testing.T, by *x509Pair, newKey func() (crypto.Signer, error)) revocation.Identity {
	t.Helper()
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	template := &gm.Certificate{Subject: pkix.Name{CommonName: "示例 responder"}, KeyUsage: gm.KeyUsageDigitalSignature,
		ExtKeyUsage:     []gm.ExtKeyUsage{gm.ExtKeyUsageOCSPSigning},
		ExtraExtensions: []pkix.Extension{{Id: der.OCSPNoCheck, Value: asn1.NullBytes}}}
	return revocation.Identity{Certificate: create(t, template, parse(t, by.der), key.Public(), by.key, 2), Key: key}
}

func leaf(t *testing.T, by *x509Pair, serial int64) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return create(t, &gm.Certificate{Subject: pkix.Name{CommonName: "server.example.cn"}, KeyUsage: gm.KeyUsageDigitalSignature},
		parse(t, by.der), key.Public(), by.key, serial)
}

func create(t *testing.T, template, parent *gm.Certificate, pub crypto.PublicKey, key crypto.Signer, serial int64) []byte {
	t.Helper()
	template.SerialNumber, template.NotBefore, template.NotAfter = big.NewInt(serial), time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)
	b, err := gm.CreateCertificate(template, parent, pub, key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t *testing.T, b []byte) *gm.Certificate {
	t.Helper()
	c, err := gm.ParseCertificate(b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func std(t *testing.T, b []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func post(t *testing.T, url string, request []byte) ([]byte, http.Header) {
	t.Helper()
	answer, err := http.Post(url, "application/ocsp-request", bytes.NewReader(request))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b, answer.Header
}

func TestResponderOfCfsslServesTheECDSAAuthority(t *testing.T) {
	s := serve(t)
	issuer := std(t, s.ecdsa.der)
	for what, c := range map[string]struct {
		cert   []byte
		status int
	}{"good": {s.certGood, ocsp.Good}, "revoked": {s.certRevoked, ocsp.Revoked}, "never issued": {s.certUnheard, ocsp.Unknown}} {
		cert := std(t, c.cert)
		for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256} {
			request, err := ocsp.CreateRequest(cert, issuer, &ocsp.RequestOptions{Hash: hash})
			if err != nil {
				t.Fatal(err)
			}
			b, header := post(t, s.url, request)
			r, err := ocsp.ParseResponseForCert(b, cert, issuer)
			if err != nil {
				t.Fatalf("%s: %v: %s", what, err, hex.EncodeToString(b))
			}
			if r.Status != c.status || r.IssuerHash != hash {
				t.Errorf("%s: status %d by %v", what, r.Status, r.IssuerHash)
			}
			if got := header.Get("Cache-Control"); got != "max-age=2, public, no-transform, must-revalidate" && c.status != ocsp.Unknown {
				t.Errorf("%s: may be kept: %s", what, got)
			}
		}
	}
}

func TestIssuerThatIsNotOursIsUnauthorizedThroughCfsslToo(t *testing.T) {
	s := serve(t)
	other := std(t, s.certOther)
	request, err := ocsp.CreateRequest(other, other, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := post(t, s.url, request)
	if !bytes.Equal(b, ocsp.UnauthorizedErrorResponse) {
		t.Errorf("got %x", b)
	}
}

func TestRegisterThatFailsIsNeverGoodThroughCfsslEither(t *testing.T) {
	s := serve(t)
	s.book.down = true
	request, err := ocsp.CreateRequest(std(t, s.certGood), std(t, s.ecdsa.der), nil)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := post(t, s.url, request)
	if !bytes.Equal(b, ocsp.InternalErrorErrorResponse) {
		t.Errorf("got %x", b)
	}
}
