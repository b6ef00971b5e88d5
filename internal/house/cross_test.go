package house_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"yinzheng/ca"
	"yinzheng/ca/ceremony"
	"yinzheng/internal/gm"
	"yinzheng/internal/house"
	"yinzheng/verify"
)

// crossCertify has the officers of a ceremony in one go certify another region's root.
func crossCertify(t *testing.T, dir string, c house.Config, root []byte) []byte {
	t.Helper()
	file := ca.PEM(root)
	if err := os.WriteFile(filepath.Join(dir, "other.pem"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	plan := []byte(fmt.Sprintf("version: 1\nregion: %q\nname: %s\nurl: %s\nact: cross\ncross:\n  name: region-460000\n  file: other.pem\n  sm3: %q\n  permitted:\n    - {country: CN}\n",
		c.Region, c.RegionName, c.URL, gm.Sum(file)))
	held(t, dir, plan)
	crossed, err := os.ReadFile(filepath.Join(dir, ceremony.OutDir, "region-460000.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return crossed
}

// TestLicenceOfACrossCertifiedRegionIsValidForAReaderWhoKnowsOnlyTheirOwnRoot has two whole regions.
func TestLicenceOfACrossCertifiedRegionIsValidForAReaderWhoKnowsOnlyTheirOwnRoot(t *testing.T) {
	if testing.Short() {
		t.Skip("two regions' keys take seconds to make; the whole test run has it")
	}
	ours, theirs := filepath.Join(t.TempDir(), "ours"), filepath.Join(t.TempDir(), "theirs")
	other := func(c *house.Config) { c.Region, c.RegionName = "460000", "海南省" }
	c := config(ours)
	if err := house.Establish(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	d := config(theirs)
	other(&d)
	if err := house.Establish(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	home, there := openWorld(t, ours, nil), openWorld(t, theirs, other)
	l := there.issue(t, "k1")
	_, document := there.do(t, http.MethodGet, "/v1/licences/"+l.ID+"/document", nil)
	_, receipt := there.do(t, http.MethodGet, "/v1/receipts/"+l.Document, nil)
	evidence := verify.Read(verify.Input{Document: document, Receipt: receipt})
	policy := verify.DefaultPolicy()
	policy.Root = gm.Sum(home.Region.Root().Certificate)
	judge := func() verify.Report {
		return policy.JudgeAcross(evidence, there.get(t, "/v1/trust-bundle"), home.get(t, "/v1/trust-bundle"), time.Now())
	}
	if r := judge(); r.Verdict != verify.Indeterminate {
		t.Errorf("before the cross-certificate: %s", r.Verdict)
	}
	crossed := crossCertify(t, ours+"-root", c, there.Region.Root().Certificate)
	if _, err := home.Region.Import(t.Context(), "cross", crossed); err != nil {
		t.Fatal(err)
	}
	becomes := func(what string, done func(verify.Verdict) bool) {
		for started := time.Now(); ; time.Sleep(50 * time.Millisecond) {
			r := judge()
			if done(r.Verdict) {
				return
			}
			if time.Since(started) > told {
				t.Fatalf("%s it is %s: %+v", what, r.Verdict, r.Findings)
			}
		}
	}
	becomes("with the cross-certificate", func(v verify.Verdict) bool { return v == verify.Valid })
	// and it goes again when our root revokes it as of before the sealing
	cert, err := ca.DecodeCertificate(crossed)
	if err != nil {
		t.Fatal(err)
	}
	if err := home.Region.ImportList("root", revokedBy(t, ours+"-root", c, cert)); err != nil {
		t.Fatal(err)
	}
	becomes("after our root revoked it", func(v verify.Verdict) bool { return v != verify.Valid })
}

// revokedBy has the root sign a list with one certificate on it.
func revokedBy(t *testing.T, dir string, c house.Config, der []byte) []byte {
	t.Helper()
	cert, err := gm.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	plan := []byte(fmt.Sprintf("version: 1\nregion: %q\nname: %s\nurl: %s\nact: crl\nlists:\n  next_update: %s\n  root:\n    - {serial: %q, reason: cessation-of-operation, date: %q}\n",
		c.Region, c.RegionName, c.URL, time.Now().AddDate(0, 6, 0).UTC().Format(time.RFC3339), cert.SerialNumber.Text(16), time.Now().UTC().Add(-time.Hour).Format(time.RFC3339)))
	held(t, dir, plan)
	list, err := os.ReadFile(filepath.Join(dir, ceremony.OutDir, "root.crl"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// held has two officers of a ceremony in one go do what a plan says.
func held(t *testing.T, dir string, plan []byte) {
	t.Helper()
	in := ceremony.Input{Dir: dir, Plan: plan, PlanDir: dir, Reviewed: gm.Sum(plan), Tool: "test", Now: time.Now}
	for _, officer := range []string{"officer-1", "officer-2"} {
		share, err := os.ReadFile(filepath.Join(dir, "officers", officer+".share"))
		if err != nil {
			t.Fatal(err)
		}
		pass, err := os.ReadFile(filepath.Join(dir, "officers", officer+".passphrase"))
		if err != nil {
			t.Fatal(err)
		}
		in.Shares = append(in.Shares, ceremony.ShareInput{File: share, Passphrase: pass})
	}
	if _, err := ceremony.Perform(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}
