package ca_test

import (
	"math/big"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"yinzheng/ca"
	"yinzheng/internal/gm"
)

func TestLogSignerAndVerifierBelongTogether(t *testing.T) {
	r := opened(t)
	s, err := note.NewSigner(r.LogSigner())
	if err != nil {
		t.Fatal(err)
	}
	vkey, err := r.LogVerifier()
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	if s.Name() != r.LogOrigin() || v.Name() != r.LogOrigin() {
		t.Errorf("names %q %q, origin %q", s.Name(), v.Name(), r.LogOrigin())
	}
	signed, err := note.Sign(&note.Note{Text: r.LogOrigin() + "\n1\nAA==\n"}, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(signed, note.VerifierList(v)); err != nil {
		t.Error(err)
	}
}

func TestCRLIsSignedAndListsWhatWasRevoked(t *testing.T) {
	r := opened(t)
	empty, err := r.CRL(start)
	if err != nil {
		t.Fatal(err)
	}
	list, err := gm.ParseCRL(empty)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(list.RevokedCertificateEntries); n != 0 {
		t.Errorf("%d entries in an empty list", n)
	}
	later := start.Add(time.Hour)
	der, err := r.CRL(later, ca.Revocation{Serial: big.NewInt(4711), At: start, Reason: 1})
	if err != nil {
		t.Fatal(err)
	}
	full, err := gm.ParseCRL(der)
	if err != nil {
		t.Fatal(err)
	}
	if err := full.CheckSignatureFrom(parse(t, r.Authority().Certificate)); err != nil {
		t.Error(err)
	}
	if full.Number.Cmp(list.Number) <= 0 {
		t.Errorf("number %v after %v", full.Number, list.Number)
	}
	if len(full.RevokedCertificateEntries) != 1 {
		t.Fatalf("%d entries", len(full.RevokedCertificateEntries))
	}
	e := full.RevokedCertificateEntries[0]
	if e.SerialNumber.Int64() != 4711 || e.ReasonCode != 1 || !e.RevocationTime.Equal(start) {
		t.Errorf("entry %v %d %v", e.SerialNumber, e.ReasonCode, e.RevocationTime)
	}
}
