package enrol_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"yinzheng/ca/enrol"
)

func TestSystemEnrolsByTokenAndCallsUnderItsCertificate(t *testing.T) {
	w, dir := open(t), filepath.Join(t.TempDir(), "identity")
	tr := w.transport(t, dir)
	if tr.Certificate() != nil || !tr.Due().IsZero() {
		t.Error("there is a certificate before enrolment")
	}
	if status := w.call(t, tr); status != http.StatusUnauthorized {
		t.Errorf("before enrolment: %d", status)
	}
	token, _ := w.token(t)
	if err := tr.Enrol(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	c := tr.Certificate()
	if c.Subject.CommonName != system {
		t.Errorf("the certificate is for %q", c.Subject.CommonName)
	}
	if key, ok := c.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve.Params().Name != "P-256" {
		t.Errorf("the key is %T", c.PublicKey)
	}
	if status := w.call(t, tr); status != http.StatusNotFound || w.last() != c.SerialNumber.String() {
		t.Errorf("%d under %s, want 404 under %s", status, w.last(), c.SerialNumber)
	}
	if err := tr.Enrol(t.Context(), token); !errors.Is(err, enrol.ErrToken) {
		t.Errorf("the token again: %v", err)
	}
	again := w.transport(t, dir)
	if got := again.Certificate(); !got.Equal(c) {
		t.Error("a later process has another certificate")
	}
	if status := w.call(t, again); status != http.StatusNotFound {
		t.Errorf("a later process: %d", status)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f.Name(), info.Mode(), err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", info.Mode(), err)
	}
}

func TestRefreshKeysRenewsAfterTwoThirdsForANewKeyAndNewConnectionsUseIt(t *testing.T) {
	w, dir := open(t), t.TempDir()
	tr := w.enrolled(t, dir)
	first := tr.Certificate()
	w.set(tr.Due().Add(-time.Second))
	if err := tr.RefreshKeys(t.Context()); err != nil || !tr.Certificate().Equal(first) {
		t.Errorf("before it is due: %v, serial %v", err, tr.Certificate().SerialNumber)
	}
	if want := first.NotBefore.Add(first.NotAfter.Sub(first.NotBefore) * 2 / 3); tr.Due().Sub(want).Abs() > time.Second {
		t.Errorf("due at %v, want %v", tr.Due(), want)
	}
	w.move(time.Second)
	if status := w.call(t, tr); status != http.StatusNotFound || w.last() != first.SerialNumber.String() {
		t.Errorf("%d under %s", status, w.last())
	}
	if err := tr.RefreshKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := tr.Certificate()
	if second.Equal(first) || second.PublicKey.(*ecdsa.PublicKey).Equal(first.PublicKey) || second.Subject.CommonName != system {
		t.Errorf("the renewed certificate is %v for %s", second.SerialNumber, second.Subject)
	}
	if !second.NotAfter.After(first.NotAfter) {
		t.Errorf("renewed until %v, was %v", second.NotAfter, first.NotAfter)
	}
	if status := w.call(t, tr); status != http.StatusNotFound || w.last() != second.SerialNumber.String() {
		t.Errorf("%d under %s, want the renewed %s", status, w.last(), second.SerialNumber)
	}
	if err := tr.Renew(t.Context()); err != nil || tr.Certificate().Equal(second) {
		t.Errorf("renewing when it is not due: %v", err)
	}
}

func TestARequestUnderWayOutlivesARenewal(t *testing.T) {
	w := open(t)
	tr := w.enrolled(t, t.TempDir())
	before := tr.Certificate().SerialNumber.String()
	arrived, let := make(chan struct{}), make(chan struct{})
	w.with(func(path, stage string) {
		if strings.HasPrefix(path, "/v1/licences") && stage == "before" {
			close(arrived)
			<-let
		}
	}, nil)
	answered := make(chan int)
	go func() { answered <- w.call(t, tr) }()
	<-arrived
	err := tr.Renew(t.Context())
	close(let)
	if status := <-answered; err != nil || status != http.StatusNotFound {
		t.Fatalf("renewing: %v; the request: %d", err, status)
	}
	w.with(nil, nil)
	if w.call(t, tr); w.last() == before || w.last() != tr.Certificate().SerialNumber.String() {
		t.Errorf("the next request came under %s", w.last())
	}
}

func TestConcurrentRefreshesMakeOneRenewal(t *testing.T) {
	w, dir := open(t), t.TempDir()
	tr := w.enrolled(t, dir)
	other := w.transport(t, dir) // as another process would
	w.set(tr.Due())
	var renewals sync.Map
	w.with(func(path, stage string) {
		if path == "/v1/enrolments/renew" {
			renewals.Store(stage+time.Now().String(), true)
		}
	}, nil)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := tr.RefreshKeys(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	n := 0
	renewals.Range(func(any, any) bool { n++; return true })
	if n != 2 {
		t.Errorf("%d stages of renewals, want the 2 of one", n)
	}
	if err := other.RefreshKeys(t.Context()); err != nil || !other.Certificate().Equal(tr.Certificate()) {
		t.Errorf("another process: %v, its own renewal", err)
	}
}

func TestTokenThatIsUnknownOrExpiredIsRefused(t *testing.T) {
	w := open(t)
	tr := w.transport(t, t.TempDir())
	for _, token := range []string{"", "yzt_unknown"} {
		if err := tr.Enrol(t.Context(), token); !errors.Is(err, enrol.ErrToken) {
			t.Errorf("token %q: %v", token, err)
		}
	}
	token, expires := w.token(t)
	w.set(expires.Add(time.Second))
	if err := tr.Enrol(t.Context(), token); !errors.Is(err, enrol.ErrToken) {
		t.Errorf("an expired token: %v", err)
	}
	fresh, _ := w.token(t)
	if err := tr.Enrol(t.Context(), fresh); err != nil {
		t.Errorf("a good token after bad ones: %v", err)
	}
}

func TestTokenIsNotGivenToAServerOfAnotherRoot(t *testing.T) {
	w := open(t)
	c := w.config(t.TempDir())
	c.Roots = selfMade(t, w.Now())
	tr, err := enrol.New(c)
	if err != nil {
		t.Fatal(err)
	}
	token, _ := w.token(t)
	var unknown x509.UnknownAuthorityError
	if err := tr.Enrol(t.Context(), token); !errors.As(err, &unknown) {
		t.Errorf("another root: %v", err)
	}
	if w.last() != "none" {
		t.Error("the server heard of the request")
	}
	if err := w.transport(t, t.TempDir()).Enrol(t.Context(), token); err != nil {
		t.Errorf("the token afterwards: %v", err)
	}
}

func TestRevokedSystemNeitherCallsNorRenewsAndComesBackByANewToken(t *testing.T) {
	w := open(t)
	tr := w.enrolled(t, t.TempDir())
	w.revoke(t, tr.Certificate())
	if status := w.call(t, tr); status != http.StatusUnauthorized {
		t.Errorf("a call: %d", status)
	}
	if err := tr.Renew(t.Context()); !errors.Is(err, enrol.ErrRefused) {
		t.Errorf("a renewal: %v", err)
	}
	token, _ := w.token(t)
	if err := tr.Enrol(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	if status := w.call(t, tr); status != http.StatusNotFound {
		t.Errorf("after enrolling again: %d", status)
	}
}

func TestExpiredCertificateIsNotRenewed(t *testing.T) {
	w := open(t)
	tr := w.enrolled(t, t.TempDir())
	seen := w.last()
	w.set(tr.Certificate().NotAfter)
	if err := tr.RefreshKeys(t.Context()); !errors.Is(err, enrol.ErrExpired) || w.last() != seen {
		t.Errorf("an expired certificate: %v", err)
	}
	if err := tr.Run(t.Context()); !errors.Is(err, enrol.ErrExpired) {
		t.Errorf("Run: %v", err)
	}
	fresh := w.transport(t, t.TempDir())
	if err := fresh.RefreshKeys(t.Context()); !errors.Is(err, enrol.ErrNotEnrolled) {
		t.Errorf("no certificate: %v", err)
	}
	if err := fresh.Run(t.Context()); !errors.Is(err, enrol.ErrNotEnrolled) {
		t.Errorf("Run: %v", err)
	}
}

func TestRunRenewsInTimeAndTriesAgainFurtherAndFurtherApart(t *testing.T) {
	w, dir := open(t), t.TempDir()
	first := w.enrolled(t, dir).Certificate()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var waits []time.Duration // between tries that failed
	failing := true
	w.with(nil, func(r *http.Request) int {
		if failing {
			return http.StatusBadGateway
		}
		return 0
	})
	c := w.config(dir)
	var tr *enrol.Transport
	c.After = func(d time.Duration) <-chan time.Time { // sleeping is moving the clock
		switch due := !w.Now().Before(tr.Due()); {
		case due && failing:
			waits = append(waits, d)
			failing = len(waits) < 10
		case !tr.Certificate().Equal(first):
			stop()
		}
		w.move(d)
		ready := make(chan time.Time, 1)
		ready <- w.Now()
		return ready
	}
	var err error
	if tr, err = enrol.New(c); err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if tr.Certificate().Equal(first) {
		t.Error("nothing was renewed")
	}
	if late := tr.Certificate().NotBefore.Sub(first.NotBefore.Add(first.NotAfter.Sub(first.NotBefore) * 2 / 3)); late < -time.Hour || late > 24*time.Hour {
		t.Errorf("renewed %v after it was due", late)
	}
	if len(waits) != 10 {
		t.Fatalf("%d failures, want 10", len(waits))
	}
	for i, d := range waits {
		full := min(30*time.Second<<i, time.Hour)
		if d > full || d < full/2 {
			t.Errorf("wait %d is %v, want %v to %v", i, d, full/2, full)
		}
	}
}

func TestAnswersThatAreNoCertificateOfOursAreRefusedAndKeepThePresentOne(t *testing.T) {
	w := open(t)
	tr := w.enrolled(t, t.TempDir())
	before := tr.Certificate()
	for _, status := range []int{http.StatusCreated, http.StatusOK, http.StatusFound, http.StatusInternalServerError} {
		w.with(nil, func(*http.Request) int { return status })
		if err := tr.Renew(t.Context()); !errors.Is(err, enrol.ErrAnswer) {
			t.Errorf("status %d: %v", status, err)
		}
	}
	w.with(nil, nil)
	if !tr.Certificate().Equal(before) {
		t.Error("the present certificate was given up")
	}
	if err := tr.Renew(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestConfigurationMistakesAreNamed(t *testing.T) {
	w := open(t)
	leaf := w.enrolled(t, t.TempDir()).Certificate()
	for what, change := range map[string]func(c *enrol.Config){
		"no TLS":       func(c *enrol.Config) { c.Server = strings.Replace(c.Server, "https", "http", 1) },
		"a path":       func(c *enrol.Config) { c.Server += "/v1" },
		"a password":   func(c *enrol.Config) { c.Server = "https://a:b@localhost" },
		"no server":    func(c *enrol.Config) { c.Server = "" },
		"no roots":     func(c *enrol.Config) { c.Roots = nil },
		"a key":        func(c *enrol.Config) { c.Roots = []byte("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n") },
		"a leaf":       func(c *enrol.Config) { c.Roots = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw}) },
		"text behind":  func(c *enrol.Config) { c.Roots = append(c.Roots, "more"...) },
		"no folder":    func(c *enrol.Config) { c.Dir = "" },
		"no clock":     func(c *enrol.Config) { c.Now = nil },
		"an odd query": func(c *enrol.Config) { c.Server += "?a=b" },
	} {
		c := w.config(t.TempDir())
		change(&c)
		if _, err := enrol.New(c); !errors.Is(err, enrol.ErrConfig) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestTLSConfigCarriesTheCertificateOfTheMoment(t *testing.T) {
	w := open(t)
	tr := w.enrolled(t, t.TempDir())
	settings := tr.TLS()
	for range 2 {
		c, err := settings.GetClientCertificate(&tls.CertificateRequestInfo{})
		if err != nil || !c.Leaf.Equal(tr.Certificate()) || len(c.Certificate) != 2 {
			t.Fatalf("%v, %v", c, err)
		}
		if err := tr.Renew(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// selfMade is a root of somebody else's, PEM.
func selfMade(t *testing.T, now time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "another root"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
