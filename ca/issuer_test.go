package ca_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"yinzheng/ca"
	"yinzheng/internal/gm"
)

func sm2Key(t testing.TB) *ecdsa.PublicKey {
	t.Helper()
	k, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return k.Public().(*ecdsa.PublicKey)
}

func TestIssuerRefusesWhatThePolicyDoesNotAllow(t *testing.T) {
	r := opened(t)
	key := sm2Key(t)
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	seal := pkix.Name{CommonName: "45000000000001", Organization: []string{officeCode + officeName}}
	for name, c := range map[string]struct {
		r    ca.Request
		want error
	}{
		"unknown profile":      {ca.Request{Profile: "office", Subject: seal, PublicKey: key}, ca.ErrProfile},
		"default profile":      {ca.Request{Profile: "default", Subject: seal, PublicKey: key}, ca.ErrProfile},
		"empty profile":        {ca.Request{Subject: seal, PublicKey: key}, ca.ErrProfile},
		"a second CA":          {ca.Request{Profile: ca.ProfileAuthority, Subject: pkix.Name{CommonName: "第二CA"}, PublicKey: key}, ca.ErrConstraint},
		"a second root":        {ca.Request{Profile: ca.ProfileRoot, Subject: pkix.Name{CommonName: "第二根"}, PublicKey: key}, ca.ErrConstraint},
		"name not whitelisted": {ca.Request{Profile: ca.ProfileOfficeSeal, Subject: pkix.Name{CommonName: officeName}, PublicKey: key}, ca.ErrName},
		"no name":              {ca.Request{Profile: ca.ProfileSealMaker, PublicKey: key}, ca.ErrName},
		"long organisation": {ca.Request{Profile: ca.ProfileOfficeSeal, PublicKey: key, Subject: pkix.Name{CommonName: "45000000000001",
			Organization: []string{strings.Repeat("局", 65)}}}, ca.ErrName},
		"no key":    {ca.Request{Profile: ca.ProfileOfficeSeal, Subject: seal}, ca.ErrKey},
		"P-256 key": {ca.Request{Profile: ca.ProfileOfficeSeal, Subject: seal, PublicKey: &p256.PublicKey}, ca.ErrKey},
		"point off the curve": {ca.Request{Profile: ca.ProfileOfficeSeal, Subject: seal,
			PublicKey: &ecdsa.PublicKey{Curve: key.Curve, X: big.NewInt(1), Y: big.NewInt(1)}}, ca.ErrKey}, //nolint:staticcheck // made no other way
	} {
		if _, err := r.Issuer().Issue(c.r); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestCertificateNeverOutlivesItsIssuer(t *testing.T) {
	dir := copied(t)
	late := start.Add(9 * 8760 * time.Hour)
	r, err := ca.Open(dir, passphrase, ca.Sources{Now: func() time.Time { return late }})
	if err != nil {
		t.Fatal(err)
	}
	id, err := r.Enrol(context.Background(), ca.Office{Name: officeName, Code: officeCode})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := parse(t, id.Certificate).NotAfter, parse(t, r.Authority().Certificate).NotAfter; !got.Equal(want) {
		t.Errorf("ends %v, its issuer %v", got, want)
	}
}

func TestExpiredAuthorityIssuesNothing(t *testing.T) {
	dir := copied(t)
	r, err := ca.Open(dir, passphrase, ca.Sources{Now: func() time.Time { return start.Add(11 * 8760 * time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Enrol(context.Background(), ca.Office{Name: officeName, Code: officeCode}); !errors.Is(err, ca.ErrExpired) {
		t.Errorf("got %v", err)
	}
}

func TestEnrolledOfficeHasANameAsInRealSeals(t *testing.T) {
	r, dir := region(t)
	id, err := r.Enrol(context.Background(), ca.Office{Name: officeName, Code: officeCode})
	if err != nil {
		t.Fatal(err)
	}
	c := parse(t, id.Certificate)
	if id.Name != "45000000000001" || c.Subject.CommonName != id.Name {
		t.Errorf("esID %s, CN %s", id.Name, c.Subject.CommonName)
	}
	if got := c.Subject.Organization; len(got) != 1 || got[0] != officeCode+officeName {
		t.Errorf("O = %q", got)
	}
	if got := c.Subject.Country; len(got) != 1 || got[0] != "CN" {
		t.Errorf("C = %q", got)
	}
	if c.KeyUsage != 1|2 {
		t.Errorf("key usage %b", c.KeyUsage)
	}
	for _, f := range []string{"keys/seal-45000000000001.key", "certs/seal-45000000000001.pem"} {
		if _, err := os.Stat(filepath.Join(dir, f)); err != nil {
			t.Error(err)
		}
	}
}

func TestEnrollingTwiceReturnsTheSameIdentityWhileItIsValid(t *testing.T) {
	r, dir := region(t)
	ctx, office := context.Background(), ca.Office{Name: officeName, Code: officeCode}
	first, err := r.Enrol(ctx, office)
	if err != nil {
		t.Fatal(err)
	}
	second, err := r.Enrol(ctx, office)
	if err != nil {
		t.Fatal(err)
	}
	if string(first.Certificate) != string(second.Certificate) {
		t.Error("a second certificate")
	}
	later, err := ca.Open(dir, passphrase, ca.Sources{Now: func() time.Time { return start.Add(6 * 8760 * time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	third, err := later.Enrol(ctx, office)
	if err != nil {
		t.Fatal(err)
	}
	if third.Name != "45000000000002" {
		t.Errorf("after the end of the first: %s", third.Name)
	}
}

func TestKeyWithoutCertificateGoesToTheNextOffice(t *testing.T) {
	r, dir := region(t)
	ctx := context.Background()
	id, err := r.Enrol(ctx, ca.Office{Name: officeName, Code: officeCode})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "certs", "seal-"+id.Name+".pem")); err != nil { // as a crash would leave it
		t.Fatal(err)
	}
	again, err := r.Enrol(ctx, ca.Office{Name: officeName, Code: officeCode})
	if err != nil {
		t.Fatal(err)
	}
	if again.Name != id.Name {
		t.Errorf("%s, want %s", again.Name, id.Name)
	}
}

func TestConcurrentEnrolmentsGetDifferentNumbers(t *testing.T) {
	r, dir := region(t)
	other, err := ca.Open(dir, passphrase, ca.Sources{Now: clock}) // as another process would
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	names := make([]string, 6)
	for i := range names {
		wg.Go(func() {
			from := r
			if i%2 == 1 {
				from = other
			}
			id, err := from.Enrol(context.Background(), ca.Office{Name: officeName + strings.Repeat("分", i+1), Code: officeCode})
			if err != nil {
				t.Error(err)
			}
			names[i] = id.Name
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, n := range names {
		if seen[n] {
			t.Errorf("%s given out twice", n)
		}
		seen[n] = true
	}
}

func TestEnrolRefusesAWrongOffice(t *testing.T) {
	r := opened(t)
	for name, o := range map[string]ca.Office{
		"no name":     {Code: officeCode},
		"long name":   {Name: strings.Repeat("局", 47), Code: officeCode},
		"no code":     {Name: officeName},
		"wrong check": {Name: officeName, Code: officeCode[:17] + "0"},
		"lower case":  {Name: officeName, Code: strings.ToLower(officeCode)},
	} {
		if _, err := r.Enrol(context.Background(), o); !errors.Is(err, ca.ErrOffice) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTLSIdentitiesHandshakeMutually(t *testing.T) {
	r := opened(t)
	server, err := r.TLS().IssueServer([]string{"localhost", "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	client, err := r.TLS().IssueClient("approval-system-1")
	if err != nil {
		t.Fatal(err)
	}
	a, b := net.Pipe()
	s := tls.Server(a, &tls.Config{Certificates: []tls.Certificate{server}, ClientAuth: tls.RequireAndVerifyClientCert,
		ClientCAs: r.TLS().Pool(), Time: clock, MinVersion: tls.VersionTLS13})
	c := tls.Client(b, &tls.Config{Certificates: []tls.Certificate{client}, RootCAs: r.TLS().Pool(), ServerName: "localhost",
		Time: clock, MinVersion: tls.VersionTLS13})
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
	r := opened(t)
	client, err := r.TLS().IssueClient("approval-system-1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Leaf.Verify(x509.VerifyOptions{Roots: r.TLS().Pool(), CurrentTime: start,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}); err == nil {
		t.Error("a client certificate serves")
	}
	if len(client.Leaf.DNSNames)+len(client.Leaf.IPAddresses) != 0 || client.Leaf.IsCA {
		t.Errorf("names %v %v, CA %v", client.Leaf.DNSNames, client.Leaf.IPAddresses, client.Leaf.IsCA)
	}
	for _, name := range []string{"", "a b", "系统", strings.Repeat("a", 65), "a\x00b", "a@b.c"} {
		if _, err := r.TLS().IssueClient(name); !errors.Is(err, ca.ErrName) {
			t.Errorf("client %q: %v", name, err)
		}
	}
	for _, hosts := range [][]string{nil, {""}, {"*.example"}, {"localhost", "a b"}, {"http://x"}, {"a@b.c"}} {
		if _, err := r.TLS().IssueServer(hosts); !errors.Is(err, ca.ErrName) {
			t.Errorf("server %q: %v", hosts, err)
		}
	}
}
