package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/auth"
	"yinzheng/internal/chain"
	"yinzheng/internal/gm"
	"yinzheng/internal/house"
	"yinzheng/verify"
)

// offline is a ceremony folder used by commands, with officers who keep their shares on sticks of their own.
type offline struct {
	*authorityAt
	root string                   // the ceremony folder
	said []string                 // everything that was printed
	part int                      // counts plans
	edit func(plan string) string // what the next draft is changed to before it is reviewed; nil for as it is
}

func officers() []string { return []string{"notary", "registrar", "auditor"} }

// offlineAt has officers with passphrases in files and plans nothing yet.
func (a *authorityAt) offlineAt(name string) *offline {
	a.t.Helper()
	c := &offline{authorityAt: a, root: filepath.Join(a.dir, name)}
	for _, o := range officers() {
		c.file(name+"-"+o+".secret", c.secret(o)+"\n")
		if err := os.MkdirAll(c.stick(o), 0o700); err != nil {
			a.t.Fatal(err)
		}
	}
	return c
}

func (c *offline) secret(officer string) string {
	return "correct horse of " + officer + " in " + filepath.Base(c.root)
}

func (c *offline) secretFile(officer string) string { return c.root + "-" + officer + ".secret" }

func (c *offline) stick(officer string) string { return c.root + "-stick-" + officer }

// ceremony runs a verb that must succeed.
func (c *offline) ceremony(args ...string) string {
	c.t.Helper()
	out := c.ok(append([]string{"ca", "ceremony"}, args...)...)
	c.said = append(c.said, out)
	return out
}

var reviewedSM3 = regexp.MustCompile(`(?m)^SM3 ([0-9a-f]{64})$`)

// act drafts a plan, reviews it, and performs it with what the flags say beside.
func (c *offline) act(draft []string, with ...string) string {
	c.t.Helper()
	c.part++
	plan := fmt.Sprintf("%s-plan-%d.yaml", c.root, c.part)
	c.ceremony(append([]string{"draft", draft[0], "--out", plan}, draft[1:]...)...)
	if c.edit != nil {
		text, err := os.ReadFile(plan)
		if err != nil {
			c.t.Fatal(err)
		}
		if err := os.WriteFile(plan, []byte(c.edit(string(text))), 0o600); err != nil {
			c.t.Fatal(err)
		}
		c.edit = nil
	}
	sum := reviewedSM3.FindStringSubmatch(c.ceremony("review", "--plan", plan))
	if sum == nil {
		c.t.Fatal("review gives no SM3")
	}
	return c.ceremony(append([]string{"perform", "--plan", plan, "--reviewed", sum[1], "--dir", c.root}, with...)...)
}

// makeRoots is the act root of a region, with three officers of whom two are needed.
func (c *offline) makeRoots(region, name, url string) {
	c.t.Helper()
	draft := []string{"root", "--region", region, "--name", name, "--url", url, "--threshold", "2"}
	var with []string
	for _, o := range officers() {
		draft = append(draft, "--officer", o)
		with = append(with, "--new-passphrase", o+"="+c.secretFile(o), "--share-dir", o+"="+c.stick(o))
	}
	c.act(draft, with...)
}

// shares are the flags with the shares of officers.
func (c *offline) shares(who ...string) []string {
	var with []string
	for _, o := range who {
		with = append(with, "--share", filepath.Join(c.stick(o), o+".share"), "--passphrase", o+"="+c.secretFile(o))
	}
	return with
}

// bySome performs a drafted act with two officers.
func (c *offline) bySome(draft ...string) string {
	c.t.Helper()
	draft = append([]string{draft[0], "--dir", c.root}, draft[1:]...)
	return c.act(draft, c.shares("auditor", "notary")...)
}

func (c *offline) out(name string) string { return filepath.Join(c.root, "out", name) }

func copyFiles(t *testing.T, from, to string) {
	t.Helper()
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, e.Name()), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// established is a service whose roots a ceremony made elsewhere: requests went there, certificates and lists came back.
func established(t *testing.T) *offline {
	t.Helper()
	a := &authorityAt{t: t, dir: t.TempDir(), address: freeAddress(t)}
	c := a.offlineAt("roots")
	data, url := filepath.Join(a.dir, "srv"), "http://"+a.address
	args := []string{"init", "--data", data, "--region", "450000", "--name", "广西壮族自治区", "--url", url, "--clock-unchecked"}
	if status, _, errs := run(t, args...); status != exitFailed || !strings.Contains(errs, "ca ceremony") {
		t.Fatalf("init before the ceremony: status %d: %s", status, errs)
	}
	requests := filepath.Join(data, "region", "requests")
	c.makeRoots("450000", "广西壮族自治区", url)
	c.bySome("issue", filepath.Join(requests, "authority.csr"), filepath.Join(requests, "tls.csr"))
	c.bySome("crl")
	copyFiles(t, filepath.Join(c.root, "out"), filepath.Join(data, "region", "certs"))
	a.ok(args...)
	a.config = filepath.Join(data, configFile)
	a.where = []string{"--config", a.config}
	a.zhang = a.file("operator.key", a.ok("key", "add", "--config", a.config, "--caller", "operator-1", "--may", "ca.operate"))
	a.li = a.file("approver.key", a.ok("key", "add", "--config", a.config, "--caller", "approver-1", "--may", "ca.approve"))
	return c
}

// licence issues the demonstration's licence by the service as it is now; document, receipt and trust file are files.
func (c *offline) licence(name string) result {
	t := c.t
	t.Helper()
	cfg, err := readConfig(c.config)
	if err != nil {
		t.Fatal(err)
	}
	p := &program{out: &bytes.Buffer{}, err: &bytes.Buffer{}, now: time.Now, log: slog.New(slog.DiscardHandler)}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", c.address)
	if err != nil {
		t.Fatal(err)
	}
	d := &demo{story: newStory(p, true), url: "http://" + c.address, program: p, dir: filepath.Join(c.dir, name)}
	d.house, err = openHouse(t.Context(), p, cfg, func(hc *house.Config) { hc.Wallet = d.wallet })
	if err != nil {
		t.Fatal(err)
	}
	_, sample, err := d.sample()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.house.MakeSeal(t.Context(), sample.Issuer.Code, sample.Issuer.Name); err != nil {
		t.Fatal(err)
	}
	caller := auth.Caller{ID: name, Office: sample.Issuer.Code, Actions: []auth.Action{auth.IssueLicence, auth.ReadLicence, auth.ReadArchive}}
	if d.key, _, err = d.house.AddKey(t.Context(), auth.Caller{}, caller); err != nil {
		t.Fatal(err)
	}
	if err := serve(t.Context(), d.house, listener, func(ctx context.Context) error {
		for _, step := range []func(context.Context) error{d.issue, d.verifyOffline} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return d.result
}

func judged(t *testing.T, r result, trust string) verify.Verdict {
	t.Helper()
	in, list, err := readEvidence(r.Document, r.Receipt, trust)
	if err != nil {
		t.Fatal(err)
	}
	return verify.Judge(in, list, time.Now()).Verdict
}

func sm2Certificate(t *testing.T, file string) *gm.Certificate {
	t.Helper()
	der, err := readCertificate(file)
	if err != nil {
		t.Fatal(err)
	}
	c, err := gm.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// dual has a pair certified and returns the signing certificate.
func (c *offline) dual(name string) *gm.Certificate {
	c.t.Helper()
	prefix := filepath.Join(c.dir, name)
	c.must(c.zhang, "ca", "dual", "--csr", c.csr("示例经办人"+name, nil), "--out", prefix)
	return sm2Certificate(c.t, prefix+".sign.pem")
}

func TestCeremonyElsewhereEstablishesRollsOverAndCrossCertifiesByCommands(t *testing.T) {
	c := established(t)
	root, first := sm2Certificate(t, c.out("root.pem")), sm2Certificate(t, c.out("authority.pem"))
	if err := gm.CheckIssued(first, root); err != nil {
		t.Error(err)
	}
	c.checkTLS()
	before, old := c.dual("before"), c.licence("before")
	if err := gm.CheckIssued(before, first); err != nil {
		t.Errorf("a pair of the first generation: %v", err)
	}

	c.agreed("ca", "rollover", "authority")
	c.bySome("issue", filepath.Join(filepath.Dir(c.config), "region", "requests", "authority-2.csr"))
	c.agreed("ca", "import", "authority", c.out("authority-2.pem"))
	second := sm2Certificate(t, c.out("authority-2.pem"))
	after, fresh := c.dual("after"), c.licence("after")
	if err := gm.CheckIssued(after, second); err != nil {
		t.Errorf("the second generation does not issue: %v", err)
	}
	if err := gm.CheckIssued(before, first); err != nil || !chain.Valid(first, time.Now()) {
		t.Errorf("the first generation does not overlap: %v", err)
	}
	for name, r := range map[string]result{"old": old, "new": fresh} {
		if v := judged(t, r, fresh.Trust); v != verify.Valid {
			t.Errorf("the %s licence is %s after the rollover", name, v)
		}
	}
	crossed := c.crossCertify(root)
	c.bySome("crl", "--revoke", crossed.SerialNumber.Text(16)+"=cessation-of-operation")
	c.agreed("ca", "import-list", "root", c.out("root.crl"))
	c.checkRecord()
	c.checkNoSecrets()
}

// checkTLS verifies the ECDSA side by crypto/x509.
func (c *offline) checkTLS() {
	c.t.Helper()
	var both []*x509.Certificate
	for _, name := range []string{"tls-root.pem", "tls.pem"} {
		der, err := readCertificate(c.out(name))
		if err != nil {
			c.t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			c.t.Fatal(err)
		}
		both = append(both, cert)
	}
	roots := x509.NewCertPool()
	roots.AddCert(both[0])
	if _, err := both[1].Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		c.t.Error(err)
	}
}

// crossCertify has our root certify another region's, whose issuing CA then leads to our root, within the names that it may
// certify.
func (c *offline) crossCertify(root *gm.Certificate) *gm.Certificate {
	t := c.t
	t.Helper()
	other := c.offlineAt("others")
	other.makeRoots("460000", "海南省", "")
	for name, org := range map[string]string{"inside": "海南省", "outside": "广东省"} {
		key, err := gm.GenerateKey()
		if err != nil {
			t.Fatal(err)
		}
		subject := sm2Certificate(t, other.out("root.pem")).Subject
		subject.Organization, subject.OrganizationalUnit, subject.CommonName = []string{org}, []string{"issuing-ca"}, "示例签发CA"+name
		csr, err := gm.CreateRequest(subject, nil, key)
		if err != nil {
			t.Fatal(err)
		}
		other.bySome("issue", other.file(name+".csr", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}))))
	}
	c.edit = func(plan string) string {
		return strings.Replace(plan, "- country: CN\n", "- {country: CN, organization: 海南省}\n", 1)
	}
	c.bySome("cross", "--as", "cross-460000", other.out("root.pem"))
	c.agreed("ca", "import", "cross", c.out("cross-460000.pem"))
	crossed := sm2Certificate(t, c.out("cross-460000.pem"))
	pool := chain.New([]*gm.Certificate{root}, []*gm.Certificate{crossed}, nil)
	if _, err := pool.Build(sm2Certificate(t, other.out("inside.pem")), chain.Options{At: time.Now()}); err != nil {
		t.Errorf("the other region's issuing CA does not lead to our root: %v", err)
	}
	if _, err := pool.Build(sm2Certificate(t, other.out("outside.pem")), chain.Options{At: time.Now()}); err == nil {
		t.Error("the other region may certify any name")
	}
	trust, err := verify.ParseTrust(c.trust())
	if err != nil {
		t.Fatal(err)
	}
	for _, der := range trust.Authorities {
		if bytes.Equal(der, crossed.Raw) {
			return crossed
		}
	}
	t.Fatal("the trust file does not name the cross-certificate")
	return nil
}

// trust is the service's trust file now.
func (c *offline) trust() []byte {
	c.t.Helper()
	b, err := os.ReadFile(c.licence("now").Trust)
	if err != nil {
		c.t.Fatal(err)
	}
	return b
}

// checkRecord proves the record of a copy that has neither keys nor shares, against the root that was written down.
func (c *offline) checkRecord() {
	c.t.Helper()
	audit := filepath.Join(c.dir, "auditor")
	if err := os.MkdirAll(filepath.Join(audit, "out"), 0o700); err != nil {
		c.t.Fatal(err)
	}
	copyFiles(c.t, filepath.Join(c.root, "out"), filepath.Join(audit, "out"))
	for _, pattern := range []string{"*.pem", "transcript-*.json", "plan-*.yaml"} {
		files, err := filepath.Glob(filepath.Join(c.root, pattern))
		if err != nil {
			c.t.Fatal(err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				c.t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(audit, filepath.Base(f)), b, 0o600); err != nil {
				c.t.Fatal(err)
			}
		}
	}
	pin := gm.Sum(sm2Certificate(c.t, c.out("root.pem")).Raw).String()
	out := c.ceremony("verify", "--dir", audit, "--root-sm3", pin)
	for _, want := range []string{"transcript-6", "authority-2", "revoked", "cross-460000", pin} {
		if !strings.Contains(out, want) {
			c.t.Errorf("no %q in\n%s", want, out)
		}
	}
	if status, _, errs := run(c.t, "ca", "ceremony", "verify", "--dir", audit, "--root-sm3", strings.Repeat("0", 64)); status != exitFailed {
		c.t.Errorf("another root was written down: status %d: %s", status, errs)
	}
	six, err := os.ReadFile(filepath.Join(audit, "transcript-6.json"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.ceremony("verify", "--dir", audit, "--last-sm3", gm.Sum(six).String())
	if err := os.Remove(filepath.Join(audit, "transcript-6.json")); err != nil {
		c.t.Fatal(err)
	}
	c.ceremony("verify", "--dir", audit)
	if status, _, errs := run(c.t, "ca", "ceremony", "verify", "--dir", audit, "--last-sm3", gm.Sum(six).String()); status != exitFailed {
		c.t.Errorf("the last act was cut off: status %d: %s", status, errs)
	}
	c.ceremony("verify", "--transcript", filepath.Join(audit, "transcript-2.json"))
	c.ceremony(append([]string{"check-share", "--dir", audit}, c.shares("registrar")...)...)
}

// checkNoSecrets looks for passphrases in all that was printed and stored, and for root keys and shares on the server.
func (c *offline) checkNoSecrets() {
	c.t.Helper()
	for _, o := range officers() {
		if strings.Contains(strings.Join(c.said, "\n"), c.secret(o)) {
			c.t.Errorf("the passphrase of %s was printed", o)
		}
	}
	keys := map[string]bool{}
	for _, name := range []string{"root.key", "tls-root.key"} {
		b, err := os.ReadFile(filepath.Join(c.root, name))
		if err != nil {
			c.t.Fatal(err)
		}
		keys[string(b)] = true
	}
	err := filepath.WalkDir(filepath.Dir(c.config), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if keys[string(b)] || bytes.Contains(b, []byte("yinzheng-share")) {
			c.t.Errorf("%s is on the server", path)
		}
		return err
	})
	if err != nil {
		c.t.Error(err)
	}
}

func TestCeremonyRefusesWhatWasNotReviewedAndTooFewOfficers(t *testing.T) {
	a := &authorityAt{t: t, dir: t.TempDir()}
	c := a.offlineAt("roots")
	c.makeRoots("450000", "广西壮族自治区", "")
	plan := filepath.Join(a.dir, "crl.yaml")
	c.ceremony("draft", "crl", "--dir", c.root, "--out", plan)
	sum := reviewedSM3.FindStringSubmatch(c.ceremony("review", "--plan", plan))[1]
	base := []string{"ca", "ceremony", "perform", "--plan", plan, "--dir", c.root}
	with := func(args ...string) []string { return append(append([]string{}, base...), args...) }
	wrong := []string{"--share", filepath.Join(c.stick("registrar"), "registrar.share"), "--passphrase", "registrar=" + c.secretFile("auditor")}
	for name, x := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"not reviewed":      {with(c.shares("auditor", "registrar")...), exitUsage, "--reviewed"},
		"another plan":      {with(append(c.shares("auditor", "registrar"), "--reviewed", strings.Repeat("0", 64))...), exitFailed, "not the one that was reviewed"},
		"one officer":       {with(append(c.shares("auditor"), "--reviewed", sum)...), exitFailed, "too few shares"},
		"nobody":            {with("--reviewed", sum), exitUsage, "--share"},
		"wrong passphrase":  {with(append(append(c.shares("auditor"), wrong...), "--reviewed", sum)...), exitFailed, "registrar"},
		"no passphrase":     {with("--reviewed", sum, "--share", filepath.Join(c.stick("registrar"), "registrar.share")), exitFailed, "no terminal"},
		"nobody's":          {with(append(c.shares("auditor"), "--reviewed", sum, "--passphrase", "registrar="+c.secretFile("registrar"))...), exitUsage, "no --share of registrar"},
		"new shares":        {with(append(c.shares("auditor"), "--reviewed", sum, "--share-dir", "registrar="+c.stick("registrar"))...), exitUsage, "gives out no shares"},
		"no verb":           {[]string{"ca", "ceremony"}, exitUsage, "review"},
		"unknown verb":      {[]string{"ca", "ceremony", "burn"}, exitUsage, "burn"},
		"unknown draft":     {[]string{"ca", "ceremony", "draft", "burn"}, exitUsage, "root, issue"},
		"plan over another": {[]string{"ca", "ceremony", "draft", "crl", "--dir", c.root, "--out", plan}, exitFailed, "exist"},
		"wrong officers":    {[]string{"ca", "ceremony", "draft", "root", "--region", "450000", "--name", "示例", "--officer", "a", "--threshold", "1"}, exitFailed, "officers.threshold"},
		"unknown serial":    {[]string{"ca", "ceremony", "draft", "crl", "--dir", c.root, "--revoke", "4f=superseded"}, exitFailed, "serial"},
	} {
		if status, out, errs := run(t, x.args...); status != x.status || !strings.Contains(errs, x.says) {
			t.Errorf("%s: status %d, %s%s", name, status, out, errs)
		}
	}
	if transcripts, err := filepath.Glob(filepath.Join(c.root, "transcript-*")); err != nil || len(transcripts) != 1 {
		t.Errorf("something was begun: %v", transcripts)
	}
}

func TestOfficersChangeByCommands(t *testing.T) {
	a := &authorityAt{t: t, dir: t.TempDir()}
	c := a.offlineAt("roots")
	c.makeRoots("450000", "广西壮族自治区", "")
	inspector := a.file("inspector.secret", "a passphrase of the new officer")
	with := append(c.shares("registrar", "auditor"), "--new-passphrase", "notary="+c.secretFile("notary"), "--new-passphrase", "inspector="+inspector, "--share-dir", "notary="+c.stick("notary"))
	c.act([]string{"reshare", "--dir", c.root, "--officer", "notary", "--officer", "inspector", "--threshold", "2"}, with...)
	c.act([]string{"crl", "--dir", c.root}, "--share", filepath.Join(c.stick("notary"), "notary-2.share"), "--passphrase", "notary="+c.secretFile("notary"),
		"--share", filepath.Join(c.root, "inspector-2.share"), "--passphrase", "inspector="+inspector)
	if status, _, errs := run(t, append([]string{"ca", "ceremony", "check-share", "--dir", c.root}, c.shares("registrar")...)...); status != exitFailed || !strings.Contains(errs, "transcript 1") {
		t.Errorf("an old share: status %d: %s", status, errs)
	}
}
