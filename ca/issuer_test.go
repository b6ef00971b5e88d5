package ca_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"yinzheng/ca"
	"yinzheng/ca/catest"
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

func TestIssuingRefusesWhatThePolicyDoesNotAllow(t *testing.T) {
	r, w := fresh(t, catest.Start)
	key := sm2Key(t)
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cn := pkix.Name{Country: []string{"CN"}, CommonName: "45000000000001", Organization: []string{catest.OfficeCode + catest.OfficeName}}
	for name, c := range map[string]struct {
		o    ca.Order
		want error
	}{
		"unknown profile":      {ca.Order{Profile: "office", Subject: cn, Key: key}, ca.ErrProfile},
		"default profile":      {ca.Order{Profile: "default", Subject: cn, Key: key}, ca.ErrProfile},
		"empty profile":        {ca.Order{Subject: cn, Key: key}, ca.ErrProfile},
		"a second CA":          {ca.Order{Profile: ca.ProfileAuthority, Subject: pkix.Name{CommonName: "第二CA"}, Key: key}, ca.ErrConstraint},
		"a second root":        {ca.Order{Profile: ca.ProfileRoot, Subject: pkix.Name{CommonName: "第二根"}, Key: key}, ca.ErrConstraint},
		"name not whitelisted": {ca.Order{Profile: ca.ProfileOfficeSeal, Subject: pkix.Name{CommonName: catest.OfficeName}, Key: key}, ca.ErrName},
		"no name":              {ca.Order{Profile: ca.ProfileSealMaker, Key: key}, ca.ErrName},
		"long organisation": {ca.Order{Profile: ca.ProfileOfficeSeal, Key: key, Subject: pkix.Name{CommonName: "45000000000001",
			Organization: []string{strings.Repeat("局", 65)}}}, ca.ErrName},
		"extension": {ca.Order{Profile: ca.ProfileOfficeSeal, Subject: cn, Key: key,
			Extensions: []pkix.Extension{{Id: []int{2, 5, 29, 19}, Value: []byte{0x30, 0}}}}, ca.ErrExtension},
		"no key":    {ca.Order{Profile: ca.ProfileOfficeSeal, Subject: cn}, ca.ErrKey},
		"P-256 key": {ca.Order{Profile: ca.ProfileOfficeSeal, Subject: cn, Key: &p256.PublicKey}, ca.ErrKey},
		"point off the curve": {ca.Order{Profile: ca.ProfileOfficeSeal, Subject: cn,
			Key: &ecdsa.PublicKey{Curve: key.Curve, X: big.NewInt(1), Y: big.NewInt(1)}}, nil}, //nolint:staticcheck // made no other way
	} {
		_, err := r.IssueSM2(context.Background(), c.o)
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if found := registered(t, w, ca.Query{Profile: ca.ProfileOfficeSeal}); len(found) != 0 {
		t.Errorf("a refused order left %d records", len(found))
	}
}

// registered pages through the register.
func registered(t testing.TB, w *catest.World, q ca.Query) []ca.Record {
	t.Helper()
	q.Limit = ca.MaxPage
	found, _, err := w.DB.Certificates(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestCertificateNeverOutlivesItsIssuer(t *testing.T) {
	r, _ := fresh(t, func() time.Time { return start.Add(9 * 8760 * time.Hour) })
	id, err := r.Enrol(context.Background(), ca.Office{Name: catest.OfficeName, Code: catest.OfficeCode})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := parse(t, id.Certificate).NotAfter, parse(t, r.Authority().Certificate).NotAfter; !got.Equal(want) {
		t.Errorf("ends %v, its issuer %v", got, want)
	}
}

func TestExpiredAuthorityIssuesNothing(t *testing.T) {
	r, _ := fresh(t, func() time.Time { return start.Add(11 * 8760 * time.Hour) })
	if _, err := r.Enrol(context.Background(), ca.Office{Name: catest.OfficeName, Code: catest.OfficeCode}); !errors.Is(err, ca.ErrExpired) {
		t.Errorf("got %v", err)
	}
}

func TestEnrolledOfficeHasANameAsInRealSeals(t *testing.T) {
	r, w := fresh(t, catest.Start)
	id, err := r.Enrol(context.Background(), ca.Office{Name: catest.OfficeName, Code: catest.OfficeCode})
	if err != nil {
		t.Fatal(err)
	}
	c := parse(t, id.Certificate)
	if id.Name != "45000000000001" || c.Subject.CommonName != id.Name {
		t.Errorf("esID %s, CN %s", id.Name, c.Subject.CommonName)
	}
	if got := c.Subject.Organization; len(got) != 1 || got[0] != catest.OfficeCode+catest.OfficeName {
		t.Errorf("O = %q", got)
	}
	if got := c.Subject.Country; len(got) != 1 || got[0] != "CN" {
		t.Errorf("C = %q", got)
	}
	if c.KeyUsage != 1|2 {
		t.Errorf("key usage %b", c.KeyUsage)
	}
	for _, f := range []string{"keys/seal-45000000000001.key", "region/certs/seal-45000000000001.pem"} {
		if _, err := os.Stat(filepath.Join(w.Dir, f)); err != nil {
			t.Error(err)
		}
	}
}

func TestEnrollingTwiceReturnsTheSameIdentityWhileItIsValid(t *testing.T) {
	now := start
	r, w := fresh(t, func() time.Time { return now })
	ctx, office := context.Background(), ca.Office{Name: catest.OfficeName, Code: catest.OfficeCode}
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
	record := registered(t, w, ca.Query{Name: first.Name})[0]
	if err := r.Revoke(ctx, record.Authority, record.Serial, ca.KeyCompromise); err != nil {
		t.Fatal(err)
	}
	if third, err := r.Enrol(ctx, office); err != nil || third.Name != "45000000000002" {
		t.Errorf("after its revocation: %s, %v", third.Name, err)
	}
	now = start.Add(6 * 8760 * time.Hour)
	if fourth, err := r.Enrol(ctx, office); err != nil || fourth.Name != "45000000000003" {
		t.Errorf("after the end of the second: %s, %v", fourth.Name, err)
	}
}

func TestSealCertificateWhoseFileWasLostComesBackFromTheRegister(t *testing.T) {
	r, w := fresh(t, catest.Start)
	ctx := context.Background()
	id, err := r.Enrol(ctx, ca.Office{Name: catest.OfficeName, Code: catest.OfficeCode})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(w.Dir, "region", "certs", "seal-"+id.Name+".pem")); err != nil { // as a crash would leave it
		t.Fatal(err)
	}
	again, err := r.Enrol(ctx, ca.Office{Name: catest.OfficeName, Code: catest.OfficeCode})
	if err != nil {
		t.Fatal(err)
	}
	if again.Name != id.Name || string(again.Certificate) != string(id.Certificate) {
		t.Errorf("%s, want the same as %s", again.Name, id.Name)
	}
}

func TestConcurrentEnrolmentsGetDifferentNumbers(t *testing.T) {
	r, _ := fresh(t, catest.Start)
	var wg sync.WaitGroup
	names := make([]string, 6)
	for i := range names {
		wg.Go(func() {
			id, err := r.Enrol(context.Background(), ca.Office{Name: catest.OfficeName + strings.Repeat("分", i+1), Code: catest.OfficeCode})
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
	r, _ := fresh(t, catest.Start)
	for name, o := range map[string]ca.Office{
		"no name":     {Code: catest.OfficeCode},
		"long name":   {Name: strings.Repeat("局", 47), Code: catest.OfficeCode},
		"no code":     {Name: catest.OfficeName},
		"wrong check": {Name: catest.OfficeName, Code: catest.OfficeCode[:17] + "0"},
		"lower case":  {Name: catest.OfficeName, Code: strings.ToLower(catest.OfficeCode)},
	} {
		if _, err := r.Enrol(context.Background(), o); !errors.Is(err, ca.ErrOffice) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
