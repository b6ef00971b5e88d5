package lint_test

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"yinzheng/ca/lint"
	"yinzheng/internal/gm"
)

func TestACertificateOfEveryProfilePassesEveryLint(t *testing.T) {
	applied := map[string]bool{}
	for _, profile := range lint.Profiles() {
		cert := sign(t, profile, template(profile))
		if found := run(t, profile, cert); len(found) != 0 {
			t.Errorf("%s: %v", profile, found)
		}
		c, err := gm.ParseCertificate(cert)
		if err != nil {
			t.Fatal(err)
		}
		s := lint.Subject{Certificate: c, Profile: profile}
		if i := issuerOf(t, profile); i != nil {
			s.Issuer = i.cert
		}
		for _, l := range lint.All() {
			if l.Applies(s) {
				applied[l.Name] = l.Check(s) == ""
			}
		}
	}
	for _, l := range lint.All() {
		if !applied[l.Name] {
			t.Errorf("%s passes for no profile", l.Name)
		}
	}
}

func TestEveryLintFindsWhatItIsThereFor(t *testing.T) {
	failed := map[string]bool{}
	for _, b := range slices.Concat(brokenEncodings(), brokenKeys(), brokenPurposes(), brokenTimesAndNames()) {
		t.Run(b.lint+"/"+b.claim, func(t *testing.T) {
			found := judge(t, b)
			at := slices.IndexFunc(found, func(f lint.Finding) bool { return f.Lint == b.lint })
			if at < 0 {
				// What the parser refuses is found by the lint that reads, and does not come as far as its own lint.
				if b.bytes != nil && len(found) == 1 && found[0].Lint == "encoding_readable" {
					t.Fatalf("the parser refuses it: %v", found)
				}
				t.Fatalf("found %v", found)
			}
			if found[at].Detail == "" || found[at].Clause == "" {
				t.Errorf("finding %+v does not say what is wrong", found[at])
			}
			if stops := errors.Is(lint.Stop(found), lint.ErrLint); stops != (worst(found) == lint.Error) {
				t.Errorf("Stop says %t of %v", stops, found)
			}
		})
		failed[b.lint] = true
	}
	for _, l := range lint.All() {
		if !failed[l.Name] {
			t.Errorf("no case breaks %s", l.Name)
		}
	}
}

func worst(found []lint.Finding) lint.Severity {
	var w lint.Severity
	for _, f := range found {
		w = max(w, f.Severity)
	}
	return w
}

// judge makes a broken certificate and lints it.
func judge(t *testing.T, b broken) []lint.Finding {
	t.Helper()
	c := template(b.profile)
	if b.template != nil {
		b.template(c)
	}
	cert := sign(t, b.profile, c)
	if b.bytes != nil {
		cert = patch(t, b.profile, cert, b.bytes)
	}
	if b.subject == nil {
		return run(t, b.profile, cert)
	}
	parsed, err := gm.ParseCertificate(cert)
	if err != nil {
		t.Fatal(err)
	}
	s := lint.Subject{Certificate: parsed, Profile: b.profile}
	if i := issuerOf(t, b.profile); i != nil {
		s.Issuer = i.cert
	}
	b.subject(t, &s)
	found, err := lint.Examine(s)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestWhatIsNoCertificateIsAFinding(t *testing.T) {
	valid := sign(t, "ledger", template("ledger"))
	for name, c := range map[string]struct {
		bytes []byte
		lint  string
	}{
		"nothing":                    {nil, "encoding_der"},
		"text":                       {[]byte("certificate"), "encoding_der"},
		"a byte too many":            {append(slices.Clone(valid), 0), "encoding_der"},
		"more than the limit":        {[]byte("\x04\x82\x23\x28" + strings.Repeat("a", 9000)), "encoding_der"},
		"an empty sequence":          {[]byte{0x30, 0}, "encoding_readable"},
		"two algorithms of the same": {changed(valid), "encoding_readable"},
	} {
		found := run(t, "ledger", c.bytes)
		if len(found) != 1 || found[0].Lint != c.lint || found[0].Severity != lint.Error {
			t.Errorf("%s: %v, want %s", name, found, c.lint)
		}
	}
	found, err := lint.Examine(lint.Subject{Profile: "ledger"})
	if err != nil || lint.Stop(found) == nil {
		t.Errorf("no certificate at all: %v, %v", found, err)
	}
}

// changed exchanges the last byte of the outer signature algorithm.
func changed(cert []byte) []byte {
	at := strings.LastIndex(string(cert), "\x2a\x81\x1c\xcf\x55\x01\x83\x75")
	out := slices.Clone(cert)
	out[at+7] = 0x76
	return out
}

func TestAnUnknownProfileOrIssuerIsAnError(t *testing.T) {
	cert := sign(t, "ledger", template("ledger"))
	if _, err := lint.Run(cert, nil, "default"); !errors.Is(err, lint.ErrProfile) {
		t.Errorf("profile: %v", err)
	}
	if _, err := lint.Examine(lint.Subject{}); !errors.Is(err, lint.ErrProfile) {
		t.Errorf("no profile: %v", err)
	}
	for _, issuer := range [][]byte{{}, []byte("issuer"), {0x30, 0}} {
		if _, err := lint.Run(cert, issuer, "ledger"); !errors.Is(err, lint.ErrIssuer) {
			t.Errorf("issuer %q: %v", issuer, err)
		}
	}
}

func TestACertificateWithoutItsIssuerIsNotSigned(t *testing.T) {
	found, err := lint.Run(sign(t, "ledger", template("ledger")), nil, "ledger")
	if err != nil || lint.Stop(found) == nil {
		t.Errorf("%v, %v", found, err)
	}
}

func TestAWarningDoesNotStopTheSigning(t *testing.T) {
	c := template("office-seal")
	c.CRLDistributionPoints, c.OCSPServer, c.IssuingCertificateURL = nil, nil, nil
	found := run(t, "office-seal", sign(t, "office-seal", c))
	if len(found) != 2 || worst(found) != lint.Warn || lint.Stop(found) != nil {
		t.Errorf("%v", found)
	}
}

// TestTheLintsKnowTheProfilesOfTheSigningPolicy compares lifetimes and the CA mark with cfssl's policy file.
func TestTheLintsKnowTheProfilesOfTheSigningPolicy(t *testing.T) {
	b, err := os.ReadFile("../policy.json")
	if err != nil {
		t.Fatal(err)
	}
	var policy struct {
		Signing struct {
			Profiles map[string]struct {
				Expiry       string `json:"expiry"`
				CAConstraint struct {
					IsCA bool `json:"is_ca"`
				} `json:"ca_constraint"`
			} `json:"profiles"`
		} `json:"signing"`
	}
	if err := json.Unmarshal(b, &policy); err != nil {
		t.Fatal(err)
	}
	ecdsa := []string{"tls-", "fabric-", "office-document"}
	for name, p := range policy.Signing.Profiles {
		if slices.ContainsFunc(ecdsa, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			continue
		}
		if !slices.Contains(lint.Profiles(), name) {
			t.Errorf("profile %s of the policy has no lints: it could not be issued", name)
			continue
		}
		life, err := time.ParseDuration(p.Expiry)
		if err != nil {
			t.Fatal(err)
		}
		c := template(name)
		if c.NotAfter.Before(c.NotBefore.Add(life)) {
			t.Errorf("profile %s: the policy's %s is more than the lints allow", name, life)
		}
		if c.IsCA != p.CAConstraint.IsCA {
			t.Errorf("profile %s: authority or not?", name)
		}
	}
	for _, name := range lint.Profiles() {
		if _, ok := policy.Signing.Profiles[name]; !ok {
			t.Errorf("lints for %s, which the policy does not know", name)
		}
	}
}
