package ceremony_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yinzheng/ca/ceremony"
	"yinzheng/internal/gm"
)

func listPlan(sm2 ...string) string {
	plan := head + "act: crl\nlists:\n  next_update: 2027-10-01\n"
	if len(sm2) > 0 {
		plan += "  root:\n"
	}
	for _, serial := range sm2 {
		plan += fmt.Sprintf("    - {serial: %q, reason: superseded, date: 2026-11-02}\n", serial)
	}
	return plan
}

func (b *bench) file(name string) []byte {
	b.t.Helper()
	content, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil {
		b.t.Fatal(err)
	}
	return content
}

func TestRevocationListsOfBothRootsAreSigned(t *testing.T) {
	b := made(t)
	b.must(b.issuePlan(both(t)...))
	serial := b.certificate("out/authority.pem").SerialNumber
	b.must(listPlan(serial.Text(16)))
	list, err := gm.ParseCRL(b.file("out/root.crl"))
	if err != nil {
		t.Fatal(err)
	}
	if err := gm.CheckCRL(list, b.certificate("root.pem")); err != nil {
		t.Error(err)
	}
	if e := list.RevokedCertificateEntries; len(e) != 1 || e[0].SerialNumber.Cmp(serial) != 0 || e[0].ReasonCode != 4 {
		t.Errorf("entries %v", e)
	}
	if list.Number.Int64() != 1 || !list.NextUpdate.Equal(time.Date(2027, 10, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("number %v, next update %v", list.Number, list.NextUpdate)
	}
	tls, err := x509.ParseRevocationList(b.file("out/tls-root.crl"))
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := x509.ParseCertificate(b.der("tls-root.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if err := tls.CheckSignatureFrom(issuer); err != nil {
		t.Error(err)
	}
}

func TestRevocationIsNeverTakenBackAndNumbersGrow(t *testing.T) {
	b := made(t)
	b.must(b.issuePlan(both(t)...))
	serial := b.certificate("out/authority.pem").SerialNumber.Text(16)
	b.must(listPlan(serial))
	first := b.file("out/root-1.crl")
	if _, err := b.perform(listPlan()); !errors.Is(err, ceremony.ErrRevocation) {
		t.Errorf("without the revoked one: %v", err)
	}
	b.must(listPlan(serial))
	list, err := gm.ParseCRL(b.file("out/root.crl"))
	if err != nil {
		t.Fatal(err)
	}
	if list.Number.Int64() != 2 || string(first) != string(b.file("out/root-1.crl")) {
		t.Errorf("number %v, or the first list was overwritten", list.Number)
	}
}

func TestOnlyCertificatesOfTheRootAreRevoked(t *testing.T) {
	b := made(t)
	b.must(b.issuePlan(both(t)...))
	for name, serial := range map[string]string{
		"unknown": "4f", "its own": b.certificate("root.pem").SerialNumber.Text(16), "the other side's": b.certificate("out/tls.pem").SerialNumber.Text(16),
	} {
		if _, err := b.perform(listPlan(serial)); !errors.Is(err, ceremony.ErrRevocation) {
			t.Errorf("%s: %v", name, err)
		}
	}
	late := strings.Replace(listPlan(), "2027-10-01", "2029-10-01", 1)
	if _, err := b.perform(late); !errors.Is(err, ceremony.ErrRevocation) {
		t.Errorf("a list for three years: %v", err)
	}
}
