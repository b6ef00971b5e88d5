package ca_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"yinzheng/ca"
	"yinzheng/ca/catest"
	"yinzheng/internal/auth"
	"yinzheng/internal/gm"
)

// p256Request makes a key and a request for it.
func p256Request(t testing.TB, subject pkix.Name) (crypto.Signer, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := gm.CreateRequest(subject, nil, key)
	if err != nil {
		t.Fatal(err)
	}
	return key, csr
}

func pools(t testing.TB, r *ca.Region) x509.VerifyOptions {
	t.Helper()
	roots, intermediates, err := r.TLSPool()
	if err != nil {
		t.Fatal(err)
	}
	return x509.VerifyOptions{Roots: roots, Intermediates: intermediates, CurrentTime: start}
}

// enrolled returns a client certificate that a system got by a token, and its key.
func enrolled(t testing.TB, e *ca.Enrolment, name string) (*x509.Certificate, tls.Certificate) {
	t.Helper()
	ctx := context.Background()
	token, _, err := e.NewToken(ctx, "operator-1", auth.Caller{ID: name, Actions: []auth.Action{auth.Verify}})
	if err != nil {
		t.Fatal(err)
	}
	key, csr := p256Request(t, pkix.Name{CommonName: "whatever it wishes"})
	der, err := e.Enrol(ctx, token, csr)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return leaf, tls.Certificate{Certificate: [][]byte{der, e.Region.TLSAuthority().Certificate}, PrivateKey: key, Leaf: leaf}
}

func TestTLSIdentitiesHandshakeMutually(t *testing.T) {
	r, w := fresh(t, catest.Start)
	server, err := r.ServerTLS(context.Background(), []string{"localhost", "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	_, client := enrolled(t, &ca.Enrolment{Region: r, Tokens: w.DB, Callers: w.DB}, "approval-system-1")
	o := pools(t, r)
	a, b := net.Pipe()
	s := tls.Server(a, &tls.Config{Certificates: []tls.Certificate{server}, ClientAuth: tls.RequireAndVerifyClientCert,
		ClientCAs: o.Roots, Time: catest.Start, MinVersion: tls.VersionTLS13})
	c := tls.Client(b, &tls.Config{Certificates: []tls.Certificate{client}, RootCAs: o.Roots, ServerName: "localhost",
		Time: catest.Start, MinVersion: tls.VersionTLS13})
	done := make(chan error, 1)
	go func() { done <- s.Handshake() }()
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := s.ConnectionState().PeerCertificates[0].Subject.CommonName; got != "approval-system-1" {
		t.Errorf("client is %q", got)
	}
}

func TestTLSClientIsNoServerAndNoNameIsSmuggledIn(t *testing.T) {
	r, w := fresh(t, catest.Start)
	e := &ca.Enrolment{Region: r, Tokens: w.DB, Callers: w.DB}
	leaf, _ := enrolled(t, e, "approval-system-1")
	o := pools(t, r)
	o.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if _, err := leaf.Verify(o); err == nil {
		t.Error("a client certificate serves")
	}
	if len(leaf.DNSNames)+len(leaf.IPAddresses) != 0 || leaf.IsCA || leaf.Subject.CommonName != "approval-system-1" {
		t.Errorf("names %v %v %s, CA %v", leaf.DNSNames, leaf.IPAddresses, leaf.Subject, leaf.IsCA)
	}
	for _, name := range []string{"a b", "系统", strings.Repeat("a", 65), "a\x00b", "a@b.c"} {
		if _, _, err := e.NewToken(context.Background(), "operator-1", auth.Caller{ID: name, Actions: []auth.Action{auth.Verify}}); !errors.Is(err, ca.ErrName) {
			t.Errorf("client %q: %v", name, err)
		}
	}
	for _, hosts := range [][]string{nil, {""}, {"*.example"}, {"localhost", "a b"}, {"http://x"}, {"a@b.c"}} {
		if _, err := r.ServerTLS(context.Background(), hosts); !errors.Is(err, ca.ErrName) {
			t.Errorf("server %q: %v", hosts, err)
		}
	}
}

func TestEnrolmentTokenIsGoodOnceAndNotForeverAndABadRequestDoesNotUseItUp(t *testing.T) {
	now := start
	r, w := fresh(t, func() time.Time { return now })
	e := &ca.Enrolment{Region: r, Tokens: w.DB, Callers: w.DB}
	ctx := context.Background()
	token, expires, err := e.NewToken(ctx, "operator-1", auth.Caller{ID: "system-1", Actions: []auth.Action{auth.Verify}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Enrol(ctx, token, []byte{0x30, 0x82}); !errors.Is(err, ca.ErrCSR) {
		t.Errorf("a broken request: %v", err)
	}
	_, csr := p256Request(t, pkix.Name{})
	if _, err := e.Enrol(ctx, token+"x", csr); !errors.Is(err, ca.ErrToken) {
		t.Errorf("a wrong token: %v", err)
	}
	if _, err := e.Enrol(ctx, token, csr); err != nil {
		t.Fatal(err)
	}
	_, second := p256Request(t, pkix.Name{})
	if _, err := e.Enrol(ctx, token, second); !errors.Is(err, ca.ErrToken) {
		t.Errorf("a used token: %v", err)
	}
	late, _, err := e.NewToken(ctx, "operator-1", auth.Caller{ID: "system-2", Actions: []auth.Action{auth.Verify}})
	if err != nil {
		t.Fatal(err)
	}
	now = expires.Add(time.Second)
	if _, err := e.Enrol(ctx, late, second); !errors.Is(err, ca.ErrToken) {
		t.Errorf("an expired token: %v", err)
	}
}

func TestRepeatedEnrolmentForTheSameKeyGivesTheSameCertificateAndRestoresNoRight(t *testing.T) {
	now := start.Add(123456789 * time.Nanosecond) // finer than the books
	r, w := fresh(t, func() time.Time { return now })
	e := &ca.Enrolment{Region: r, Tokens: w.DB, Callers: w.DB}
	ctx := context.Background()
	may := func(actions ...auth.Action) (string, []byte) {
		t.Helper()
		token, _, err := e.NewToken(ctx, "operator-1", auth.Caller{ID: "system-1", Actions: actions})
		if err != nil {
			t.Fatal(err)
		}
		_, csr := p256Request(t, pkix.Name{})
		return token, csr
	}
	enrol := func(token string, csr []byte) *x509.Certificate {
		t.Helper()
		der, err := e.Enrol(ctx, token, csr)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	rights := func(c *x509.Certificate) int {
		t.Helper()
		caller, err := e.CallerOf(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		return len(caller.Actions)
	}
	firstToken, firstCSR := may(auth.Verify, auth.IssueLicence)
	first := enrol(firstToken, firstCSR)
	secondToken, secondCSR := may(auth.Verify)
	second := enrol(secondToken, secondCSR) // the same system, with fewer rights
	if rights(second) != 1 {
		t.Errorf("a new token left %d rights, want its 1", rights(second))
	}
	now = now.Add(time.Hour)
	if again := enrol(firstToken, firstCSR); !again.Equal(first) {
		t.Error("a repeat gave another certificate")
	}
	if rights(second) != 1 {
		t.Error("repeating an old token brought its rights back")
	}
	if _, err := e.Enrol(ctx, firstToken, secondCSR); !errors.Is(err, ca.ErrToken) {
		t.Errorf("an old token for another key: %v", err)
	}
}

func TestRenewalNeedsAGoodCertificateAndANewKey(t *testing.T) {
	r, w := fresh(t, catest.Start)
	e := &ca.Enrolment{Region: r, Tokens: w.DB, Callers: w.DB}
	ctx := context.Background()
	leaf, _ := enrolled(t, e, "system-1")
	_, csr := p256Request(t, pkix.Name{})
	der, err := e.Renew(ctx, leaf, csr)
	if err != nil {
		t.Fatal(err)
	}
	next, err := x509.ParseCertificate(der)
	if err != nil || next.Subject.CommonName != "system-1" {
		t.Fatalf("%v, %v", next, err)
	}
	if _, err := e.Renew(ctx, next, csr); err != nil {
		t.Errorf("the same request by the same system again: %v", err)
	}
	other, _ := enrolled(t, e, "system-2")
	if _, err := e.Renew(ctx, other, csr); !errors.Is(err, ca.ErrKeyUsed) {
		t.Errorf("the key of another system: %v", err)
	}
	record, err := r.Recorded(ctx, next.Raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Revoke(ctx, record.Authority, record.Serial, ca.KeyCompromise); err != nil {
		t.Fatal(err)
	}
	if _, err := e.CallerOf(ctx, next); !errors.Is(err, ca.ErrClient) {
		t.Errorf("a revoked client: %v", err)
	}
	_, third := p256Request(t, pkix.Name{})
	if _, err := e.Renew(ctx, next, third); !errors.Is(err, ca.ErrClient) {
		t.Errorf("renewal of a revoked certificate: %v", err)
	}
}

func TestFabricIdentityCarriesItsRoleAndAttributes(t *testing.T) {
	r, _ := fresh(t, catest.Start)
	attributes := pkix.Extension{Id: []int{1, 2, 3, 4, 5, 6, 7, 8, 1}, Value: []byte(`{"attrs":{"region":"450000"}}`)}
	_, csr := p256Request(t, pkix.Name{CommonName: "peer0.region450000", OrganizationalUnit: []string{"peer"}})
	der, err := r.IssueTLS(context.Background(), ca.Order{Profile: ca.ProfileFabricMSP, Extensions: []pkix.Extension{attributes}, By: "operator-1"}, csr)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	o := pools(t, r)
	o.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageAny}
	if _, err := c.Verify(o); err != nil {
		t.Error(err)
	}
	if len(c.Subject.OrganizationalUnit) != 1 || c.Subject.OrganizationalUnit[0] != "peer" || c.KeyUsage != x509.KeyUsageDigitalSignature {
		t.Errorf("subject %s, key usage %b", c.Subject, c.KeyUsage)
	}
	_, stranger := p256Request(t, pkix.Name{CommonName: "peer1", OrganizationalUnit: []string{"root"}})
	if _, err := r.IssueTLS(context.Background(), ca.Order{Profile: ca.ProfileFabricMSP}, stranger); !errors.Is(err, ca.ErrName) {
		t.Errorf("an unknown role: %v", err)
	}
	wrong := pkix.Extension{Id: []int{2, 5, 29, 19}, Value: []byte{0x30, 0}}
	_, third := p256Request(t, pkix.Name{CommonName: "peer2", OrganizationalUnit: []string{"peer"}})
	if _, err := r.IssueTLS(context.Background(), ca.Order{Profile: ca.ProfileFabricMSP, Extensions: []pkix.Extension{wrong}}, third); !errors.Is(err, ca.ErrExtension) {
		t.Errorf("a smuggled extension: %v", err)
	}
}

func pemText(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
