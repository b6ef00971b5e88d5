package ca_test

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"yinzheng/ca"
	"yinzheng/ca/catest"
	"yinzheng/ca/ceremony"
	"yinzheng/internal/gm"
)

// rolledOver has the next generation of an issuing CA certified by the world's ceremony and imports it.
func rolledOver(t testing.TB, r *ca.Region, w *catest.World, role string) {
	t.Helper()
	ctx := context.Background()
	q, err := r.RequestAuthority(ctx, role)
	if err != nil {
		t.Fatal(err)
	}
	again, err := r.RequestAuthority(ctx, role)
	if err != nil || string(again.CSR) != string(q.CSR) {
		t.Fatalf("an open request is not given again: %v", err)
	}
	done, err := w.Spec().Ceremony(ctx, []ca.CARequest{q})
	if err != nil {
		t.Fatal(err)
	}
	if name, err := r.Import(ctx, role, done.Authorities[q.Name]); err != nil || name != q.Name {
		t.Fatalf("imported as %q: %v", name, err)
	}
}

func TestIssuingCAIsRolledOverWithOverlap(t *testing.T) {
	r, w := fresh(t, catest.Start)
	ctx := context.Background()
	before, err := r.IssueSM2(ctx, sealOrder(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	old := r.Authority()
	oldSigner := r.TrustSigner()
	rolledOver(t, r, w, "authority")
	if r.Authority().Name != "authority-2" {
		t.Fatalf("%s issues", r.Authority().Name)
	}
	after, err := r.IssueSM2(ctx, sealOrder(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	if err := gm.CheckIssued(parse(t, after), parse(t, r.Authority().Certificate)); err != nil {
		t.Errorf("the new one did not issue: %v", err)
	}
	if err := gm.CheckIssued(parse(t, before), parse(t, old.Certificate)); err != nil {
		t.Error(err)
	}
	// the old one goes on answering for what it issued
	var names []string
	for _, i := range r.Issuers() {
		names = append(names, i.Name)
		if len(i.Responder.Certificate) == 0 && i.Name != "authority-2" {
			t.Errorf("%s has no responder", i.Name)
		}
	}
	if !slices.Contains(names, "authority") || !slices.Contains(names, "authority-2") {
		t.Errorf("issuers %v", names)
	}
	// the services follow to the new CA, and the verifiers are told of both
	made, err := r.Renew(ctx, "")
	if err != nil || !slices.Contains(made, "trust-list-2") || !slices.Contains(made, "ocsp-2") {
		t.Fatalf("renewed %v: %v", made, err)
	}
	if again, err := r.Renew(ctx, ""); err != nil || len(again) != 0 {
		t.Errorf("renewed again %v: %v", again, err)
	}
	if err := gm.CheckIssued(parse(t, r.TrustSigner().Certificate), parse(t, r.Authority().Certificate)); err != nil {
		t.Errorf("trust list signer: %v", err)
	}
	if string(r.TrustSigner().Certificate) == string(oldSigner.Certificate) {
		t.Error("the trust list is signed as before")
	}
	v, err := r.Vouched(start)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Authorities) != 3 { // and the ECDSA one
		t.Errorf("%d authorities are vouched for", len(v.Authorities))
	}
	// and all of it is there after a restart
	again, err := ca.Open(ctx, w.Config)
	if err != nil {
		t.Fatal(err)
	}
	if again.Authority().Name != "authority-2" || again.TrustSigner().Name != "trust-list-2" {
		t.Errorf("after a restart %s, %s", again.Authority().Name, again.TrustSigner().Name)
	}
}

func TestTLSIssuingCAIsRolledOver(t *testing.T) {
	r, w := fresh(t, catest.Start)
	rolledOver(t, r, w, "tls")
	if r.TLSAuthority().Name != "tls-2" {
		t.Errorf("%s issues", r.TLSAuthority().Name)
	}
	if _, err := r.ServerTLS(context.Background(), []string{"localhost"}); err != nil {
		t.Error(err)
	}
}

func TestImportRefusesWhatIsNotOurs(t *testing.T) {
	r, w := fresh(t, catest.Start)
	ctx := context.Background()
	q, err := r.RequestAuthority(ctx, "authority")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := catest.Hold(ctx, filepath.Join(t.TempDir(), "other"), catest.Start, []ca.CARequest{q})
	if err != nil {
		t.Fatal(err)
	}
	another, err := ceremony.OneGo(ctx, ceremony.Config{
		Dir: filepath.Join(t.TempDir(), "third"), Region: "440000", Name: "广东省", URL: catest.Base, Now: catest.Start,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		role string
		cert []byte
		want error
	}{
		"another root's":   {"authority", elsewhere.Authorities[q.Name], ca.ErrMismatch},
		"another's key":    {"authority", r.Root().Certificate, ca.ErrMismatch},
		"a service":        {"ocsp", r.Authority().Certificate, ca.ErrConstraint},
		"nothing we know":  {"somebody", r.Authority().Certificate, ca.ErrConstraint},
		"another root":     {"root", another.Root, ca.ErrMismatch},
		"no certificate":   {"authority", []byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"), ca.ErrMismatch},
		"two certificates": {"authority", append(ca.PEM(r.Root().Certificate), ca.PEM(r.Root().Certificate)...), ca.ErrMismatch},
	} {
		if _, err := r.Import(ctx, c.role, c.cert); err == nil {
			t.Errorf("%s was imported", name)
		} else if name != "no certificate" && name != "two certificates" && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if files, err := os.ReadDir(filepath.Join(w.Config.Dir, "certs")); err != nil || slices.ContainsFunc(files, func(f os.DirEntry) bool { return f.Name() == "authority-2.pem" }) {
		t.Errorf("something was written: %v", err)
	}
}

func TestRequestsForTheNextAuthorityAreForAuthoritiesOnly(t *testing.T) {
	r, _ := fresh(t, catest.Start)
	for _, name := range []string{"", "root", "tls-root", "ocsp", "authority-2", "../authority"} {
		if _, err := r.RequestAuthority(context.Background(), name); !errors.Is(err, ca.ErrConstraint) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestServiceWhoseCertificateIsRevokedGetsTheNextOne(t *testing.T) {
	r, _ := fresh(t, catest.Start)
	ctx := context.Background()
	if made, err := r.Renew(ctx, ""); err != nil || len(made) != 0 {
		t.Fatalf("without a reason %v: %v", made, err)
	}
	old := parse(t, r.TrustSigner().Certificate)
	if err := r.Revoke(ctx, hex.EncodeToString(old.AuthorityKeyId), old.SerialNumber.String(), ca.KeyCompromise); err != nil {
		t.Fatal(err)
	}
	if made, err := r.Renew(ctx, ""); err != nil || !slices.Equal(made, []string{"trust-list-2"}) {
		t.Fatalf("renewed %v: %v", made, err)
	}
	if r.TrustSigner().Name != "trust-list-2" {
		t.Errorf("%s signs", r.TrustSigner().Name)
	}
}
