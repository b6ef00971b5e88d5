package ca_test

import (
	"crypto/x509"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"yinzheng/ca"
	"yinzheng/internal/gm"
)

func sealOwner(t *testing.T, r *ca.Region) ca.Identity {
	t.Helper()
	id, err := r.Enrol(t.Context(), ca.Office{Name: "示例市市场监督管理局", Code: "11450000000000000B"})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestASealsOwnerHasOneDocumentSignerUntilItIsRevokedOrExpires(t *testing.T) {
	now := start
	r, _ := fresh(t, func() time.Time { return now })
	seal := parse(t, sealOwner(t, r).Certificate)
	signer := func() ca.Identity {
		t.Helper()
		id, err := r.DocumentSigner(t.Context(), seal)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	first := signer()
	leaf, err := x509.ParseCertificate(first.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	options := pools(t, r)
	options.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
	if _, err := leaf.Verify(options); err != nil {
		t.Errorf("its chain: %v", err)
	}
	if leaf.Subject.String() != seal.Subject.String() || leaf.KeyUsage != x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment {
		t.Errorf("subject %s, usage %b", leaf.Subject, leaf.KeyUsage)
	}
	if again := signer(); string(again.Certificate) != string(first.Certificate) {
		t.Error("a second call gave another certificate")
	}
	authority := hex.EncodeToString(leaf.AuthorityKeyId)
	if err := r.Revoke(t.Context(), authority, leaf.SerialNumber.String(), 1); err != nil {
		t.Fatal(err)
	}
	second := signer()
	if second.Name == first.Name {
		t.Error("a revoked certificate's key is used again")
	}
	now = parse(t, second.Certificate).NotAfter
	if third := signer(); third.Name == second.Name {
		t.Error("an expired certificate's key is used again")
	}
}

func TestOnlyTheOwnerOfASealSignsDocuments(t *testing.T) {
	r, _ := fresh(t, func() time.Time { return start })
	for _, cert := range [][]byte{r.TrustSigner().Certificate, r.Root().Certificate} {
		if _, err := r.DocumentSigner(t.Context(), parse(t, cert)); !errors.Is(err, ca.ErrOffice) {
			t.Errorf("%v, want ErrOffice", err)
		}
	}
	var none gm.Certificate
	if _, err := r.DocumentSigner(t.Context(), &none); !errors.Is(err, ca.ErrOffice) {
		t.Errorf("%v, want ErrOffice", err)
	}
}
