package ca_test

import (
	"context"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/cloudflare/cfssl/signer"

	"yinzheng/ca"
	"yinzheng/ca/catest"
	"yinzheng/internal/clock"
	"yinzheng/internal/gm"
)

// failing are books that fail where a full disk or a crash would make them.
type failing struct {
	ca.Books
	intend, settle error
}

func (f *failing) Intend(ctx context.Context, i ca.Intent) error {
	if f.intend != nil {
		return f.intend
	}
	return f.Books.Intend(ctx, i)
}

func (f *failing) Settle(ctx context.Context, authority, serial string, der []byte) error {
	if f.settle != nil {
		return f.settle
	}
	return f.Books.Settle(ctx, authority, serial, der)
}

// withFailing opens a fresh region on books that can be made to fail.
func withFailing(t *testing.T) (*ca.Region, *catest.World, *failing) {
	t.Helper()
	w, err := catest.Open(context.Background(), copied(t), catest.Start)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	f := &failing{Books: w.DB}
	w.Config.Books = f
	r, err := ca.Open(context.Background(), w.Config)
	if err != nil {
		t.Fatal(err)
	}
	return r, w, f
}

func sealOrder(t testing.TB, n int) ca.Order {
	return ca.Order{Profile: ca.ProfileOfficeSeal, Key: sm2Key(t), By: "test", Subject: pkix.Name{
		Country: []string{"CN"}, CommonName: fmt.Sprintf("450000%08d", n), Organization: []string{catest.OfficeCode + catest.OfficeName},
	}}
}

var errFull = fmt.Errorf("writing: %w", syscall.ENOSPC)

func TestNothingIsSignedWhenTheIntentCannotBeStored(t *testing.T) {
	r, w, f := withFailing(t)
	f.intend = errFull
	if _, err := r.IssueSM2(context.Background(), sealOrder(t, 7)); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
	f.intend = nil
	if found := registered(t, w, ca.Query{Profile: ca.ProfileOfficeSeal}); len(found) != 0 {
		t.Errorf("%d records", len(found))
	}
}

// TestCertificateThatCouldNotBeStoredIsNotGivenOutAndCountsAsRevoked is the crash between signing and storing.
func TestCertificateThatCouldNotBeStoredIsNotGivenOutAndCountsAsRevoked(t *testing.T) {
	r, w, f := withFailing(t)
	ctx, o := context.Background(), sealOrder(t, 7)
	f.settle = errFull
	if der, err := r.IssueSM2(ctx, o); !errors.Is(err, syscall.ENOSPC) || der != nil {
		t.Errorf("got %d bytes, %v", len(der), err)
	}
	f.settle = nil
	found := registered(t, w, ca.Query{Profile: ca.ProfileOfficeSeal})
	if len(found) != 1 || found[0].State != ca.Intended {
		t.Fatalf("records %v", found)
	}
	if _, err := r.IssueSM2(ctx, o); !errors.Is(err, ca.ErrKeyUsed) {
		t.Errorf("the key while nobody knows: %v", err)
	}
	if n, err := w.DB.Void(ctx, start.Add(time.Second), start.Add(time.Minute)); err != nil || n != 1 {
		t.Fatalf("voided %d, %v", n, err)
	}
	revoked, err := w.DB.Revoked(ctx, found[0].Authority, start)
	if err != nil || len(revoked) != 1 || revoked[0].Serial != found[0].Serial {
		t.Errorf("revoked %v, %v", revoked, err)
	}
	if _, err := r.IssueSM2(ctx, o); err != nil {
		t.Errorf("the key once it is given up: %v", err)
	}
}

func TestTheSameKeyIsNotCertifiedTwice(t *testing.T) {
	r, _ := fresh(t, catest.Start)
	ctx, first := context.Background(), sealOrder(t, 7)
	if _, err := r.IssueSM2(ctx, first); err != nil {
		t.Fatal(err)
	}
	second := sealOrder(t, 8)
	second.Key = first.Key
	if _, err := r.IssueSM2(ctx, second); !errors.Is(err, ca.ErrKeyUsed) {
		t.Errorf("got %v", err)
	}
}

func TestDisagreementStopsAllSigningAndRaisesAnAlarm(t *testing.T) {
	r, w := fresh(t, catest.Start)
	r.Stop(context.Background(), "a seal", fmt.Errorf("checking: %w", gm.ErrDisagreement))
	if _, err := r.IssueSM2(context.Background(), sealOrder(t, 7)); !errors.Is(err, ca.ErrStopped) {
		t.Errorf("got %v", err)
	}
	if err := r.Working(); !errors.Is(err, ca.ErrStopped) {
		t.Errorf("working: %v", err)
	}
	if len(w.Alarms()) != 1 || w.Alarms()[0] != "a seal" {
		t.Errorf("alarms %q", w.Alarms())
	}
}

func TestOtherFaultsDoNotStopSigning(t *testing.T) {
	r, w := fresh(t, catest.Start)
	r.Stop(context.Background(), "a seal", errFull)
	if _, err := r.IssueSM2(context.Background(), sealOrder(t, 7)); err != nil || len(w.Alarms()) != 0 {
		t.Errorf("%v, alarms %q", err, w.Alarms())
	}
}

func TestClockGoingBackwardsIssuesNothing(t *testing.T) {
	now := start.Add(time.Hour)
	r, w := fresh(t, func() time.Time { return now })
	ctx := context.Background()
	if _, err := r.IssueSM2(ctx, sealOrder(t, 7)); err != nil {
		t.Fatal(err)
	}
	now = start.Add(30 * time.Minute)
	if _, err := r.IssueSM2(ctx, sealOrder(t, 8)); !errors.Is(err, clock.ErrBackwards) {
		t.Errorf("got %v", err)
	}
	// and after a restart, because the register remembers
	w.Config.Last = start.Add(time.Hour)
	again, err := ca.Open(ctx, w.Config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.IssueSM2(ctx, sealOrder(t, 8)); !errors.Is(err, clock.ErrBackwards) {
		t.Errorf("after a restart: %v", err)
	}
}

func TestCertificateThatFailsALintIsNeverSigned(t *testing.T) {
	r, w := fresh(t, catest.Start)
	o := sealOrder(t, 7)
	o.Subject.Country = nil
	_, err := r.IssueSM2(context.Background(), o)
	var refused *ca.LintError
	if !errors.As(err, &refused) || len(refused.Findings) == 0 || refused.Findings[0].Clause == "" {
		t.Errorf("got %v", err)
	}
	if found := registered(t, w, ca.Query{Profile: ca.ProfileOfficeSeal}); len(found) != 0 {
		t.Errorf("%d records", len(found))
	}
	all, err := w.Keys.List(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range all {
		if k.ID == "authority" {
			if before := uses(t, "authority"); k.Used != before {
				t.Errorf("the authority's key was used %d times, %d before", k.Used, before)
			}
		}
	}
}

// uses counts what a key of the template has signed.
func uses(t testing.TB, id string) int64 {
	t.Helper()
	_, w := fresh(t, catest.Start)
	all, err := w.Keys.List(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range all {
		if k.ID == id {
			return k.Used
		}
	}
	t.Fatalf("no key %s", id)
	return 0
}

func TestSM2SignerRefusesWhatCFSSLWouldPassOver(t *testing.T) {
	r, w := fresh(t, catest.Start)
	key, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	csr, err := gm.CreateRequest(pkix.Name{Country: []string{"CN"}, CommonName: "示例经办人"}, nil, key)
	if err != nil {
		t.Fatal(err)
	}
	text := pemText("CERTIFICATE REQUEST", csr)
	s := r.SM2Signer("operator-1", ca.ProfileSign)
	for name, c := range map[string]struct {
		req  signer.SignRequest
		want error
	}{
		"unknown profile":   {signer.SignRequest{Request: text, Profile: "nobody"}, ca.ErrProfile},
		"no profile":        {signer.SignRequest{Request: text}, ca.ErrProfile},
		"another's profile": {signer.SignRequest{Request: text, Profile: ca.ProfileOfficeSeal}, ca.ErrProfile},
		"own dates":         {signer.SignRequest{Request: text, Profile: ca.ProfileSign, NotAfter: start.Add(99 * 8760 * time.Hour)}, ca.ErrExtension},
		"own extension":     {signer.SignRequest{Request: text, Profile: ca.ProfileSign, Extensions: []signer.Extension{{ID: []int{2, 5, 29, 19}, Value: "3000"}}}, ca.ErrExtension},
		"no request":        {signer.SignRequest{Profile: ca.ProfileSign}, ca.ErrCSR},
		"name":              {signer.SignRequest{Request: text, Profile: ca.ProfileSign, Subject: &signer.Subject{CN: " x"}}, ca.ErrName},
	} {
		if _, err := s.Sign(c.req); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	out, err := s.Sign(signer.SignRequest{Request: text, Profile: ca.ProfileSign})
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(out)
	cert := parse(t, block.Bytes)
	if err := gm.CheckIssued(cert, parse(t, r.Authority().Certificate)); err != nil {
		t.Error(err)
	}
	if cert.KeyUsage != gm.KeyUsageDigitalSignature|gm.KeyUsageContentCommitment {
		t.Errorf("key usage %b", cert.KeyUsage)
	}
	records, err := s.GetDBAccessor().GetCertificate(cert.SerialNumber.String(), fmt.Sprintf("%x", cert.AuthorityKeyId))
	if err != nil || len(records) != 1 || records[0].Status != "good" || records[0].PEM != string(out) {
		t.Errorf("certdb has %v, %v", records, err)
	}
	if err := s.GetDBAccessor().RevokeCertificate(records[0].Serial, records[0].AKI, ca.KeyCompromise); err != nil {
		t.Fatal(err)
	}
	if found := registered(t, w, ca.Query{Profile: ca.ProfileSign, State: ca.Revoked}); len(found) != 1 || found[0].Reason != ca.KeyCompromise {
		t.Errorf("revoked %v", found)
	}
	if unexpired, err := s.GetDBAccessor().GetRevokedAndUnexpiredCertificates(); err != nil || len(unexpired) != 1 {
		t.Errorf("certdb's revoked %v, %v", unexpired, err)
	}
}

func TestDualCertificatesHaveTheirUsagesAndTheKeyOpensForItsOwnerOnly(t *testing.T) {
	r, _ := fresh(t, catest.Start)
	ctx := context.Background()
	owner, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	csr, err := gm.CreateRequest(pkix.Name{Country: []string{"CN"}, CommonName: "示例经办人", Organization: []string{catest.OfficeName}}, nil, owner)
	if err != nil {
		t.Fatal(err)
	}
	d, err := r.IssueDual(ctx, "operator-1", csr)
	if err != nil {
		t.Fatal(err)
	}
	sign, encrypt := parse(t, d.Sign), parse(t, d.Encrypt)
	if sign.KeyUsage != gm.KeyUsageDigitalSignature|gm.KeyUsageContentCommitment ||
		encrypt.KeyUsage != gm.KeyUsageKeyEncipherment|gm.KeyUsageDataEncipherment|gm.KeyUsageKeyAgreement {
		t.Errorf("usages %b %b", sign.KeyUsage, encrypt.KeyUsage)
	}
	if sign.Subject.String() != encrypt.Subject.String() {
		t.Errorf("subjects %s, %s", sign.Subject, encrypt.Subject)
	}
	key, err := gm.OpenEnvelope(owner, d.Enveloped)
	if err != nil {
		t.Fatal(err)
	}
	if same, ok := key.Public().(interface{ Equal(x any) bool }); ok && !same.Equal(encrypt.PublicKey) {
		t.Error("another key is in the envelope")
	}
	stranger, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gm.OpenEnvelope(stranger, d.Enveloped); err == nil {
		t.Error("the envelope opens for a stranger")
	}
	again, err := r.IssueDual(ctx, "operator-1", csr)
	if err != nil || string(again.Sign) != string(d.Sign) || string(again.Encrypt) != string(d.Encrypt) {
		t.Errorf("the same request again gives another pair: %v", err)
	}
	if _, err := r.IssueDual(ctx, "operator-2", csr); !errors.Is(err, ca.ErrKeyUsed) {
		t.Errorf("the same request by somebody else: %v", err)
	}
	renewed, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	if csr, err = gm.CreateRequest(pkix.Name{Country: []string{"CN"}, CommonName: "示例经办人", Organization: []string{catest.OfficeName}}, nil, renewed); err != nil {
		t.Fatal(err)
	}
	second, err := r.IssueDual(ctx, "operator-1", csr)
	if err != nil {
		t.Fatal(err)
	}
	enveloped, err := r.Recover(ctx, d.Sign, second.Sign)
	if err != nil {
		t.Fatal(err)
	}
	recovered, err := gm.OpenEnvelope(renewed, enveloped)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := gm.MarshalPublicKey(recovered.Public())
	if err != nil || string(pub) != string(encrypt.RawSubjectPublicKeyInfo) {
		t.Errorf("recovered another key: %v", err)
	}
}
