package ceremony_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yinzheng/ca/ceremony"
	"yinzheng/internal/gm"
)

func TestCeremonyMakesRootsAndSignsBothIssuingCAs(t *testing.T) {
	b := made(t)
	out := b.must(b.issuePlan(both(t)...))
	root, authority := b.certificate("root.pem"), b.certificate("out/authority.pem")
	if err := gm.CheckIssued(root, root); err != nil {
		t.Error(err)
	}
	if err := gm.CheckIssued(authority, root); err != nil {
		t.Error(err)
	}
	if root.MaxPathLen != 2 || !authority.MaxPathLenZero || authority.KeyUsage != gm.KeyUsageCertSign|gm.KeyUsageCRLSign {
		t.Errorf("path lengths %d, %d, usage %v", root.MaxPathLen, authority.MaxPathLen, authority.KeyUsage)
	}
	if got := authority.CRLDistributionPoints; len(got) != 1 || got[0] != "https://zhengzhao.example.cn/crl/root.crl" {
		t.Errorf("CRL at %q", got)
	}
	if got := authority.IssuingCertificateURL; len(got) != 1 || got[0] != "https://zhengzhao.example.cn/ca/root.cer" {
		t.Errorf("issuer at %q", got)
	}
	pool := x509.NewCertPool()
	tlsRoot, err := x509.ParseCertificate(b.der("tls-root.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(tlsRoot)
	tls, err := x509.ParseCertificate(b.der("out/tls.pem"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tls.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: b.now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		t.Error(err)
	}
	if len(out.Files) != 2 || !strings.HasSuffix(out.Transcript, "transcript-2.json") {
		t.Errorf("%+v", out)
	}
	for n := 1; n <= 2; n++ {
		if _, err := ceremony.VerifyTranscript(b.transcript(n), root.Raw); err != nil {
			t.Errorf("transcript %d: %v", n, err)
		}
	}
}

func TestEveryPairOfOfficersOpensTheRootsAndOneAloneDoesNot(t *testing.T) {
	b := made(t)
	plan := b.issuePlan(both(t)...)
	for _, who := range [][]string{{"officer-1"}, {"officer-2"}, {"officer-3"}, {}} {
		in := b.input(plan)
		for _, o := range who {
			in.Shares = append(in.Shares, b.share(o))
		}
		if _, err := ceremony.Perform(context.Background(), in); !errors.Is(err, ceremony.ErrThreshold) {
			t.Errorf("%v: %v", who, err)
		}
	}
	for _, who := range [][]string{{"officer-1", "officer-2"}, {"officer-3", "officer-1"}, {"officer-2", "officer-3"}, officers()} {
		files, err := snapshot(b.dir)
		if err != nil {
			t.Fatal(err)
		}
		other := &bench{t: t, dir: filepath.Join(t.TempDir(), "c"), desk: b.desk, now: b.now}
		restore(t, other.dir, files)
		in := other.input(plan)
		for _, o := range who {
			in.Shares = append(in.Shares, b.share(o))
		}
		if _, err := ceremony.Perform(context.Background(), in); err != nil {
			t.Errorf("%v: %v", who, err)
		}
	}
}

func TestThreeOfFiveOfficersAreNeeded(t *testing.T) {
	b := empty(t)
	five := []string{"a", "b", "c", "d", "e"}
	in := b.input(strings.NewReplacer("threshold: 2", "threshold: 3", "officer-1, officer-2, officer-3", strings.Join(five, ", ")).Replace(rootPlan))
	in.Passphrases = map[string][]byte{}
	for _, o := range five {
		in.Passphrases[o] = passOf(o)
	}
	if _, err := ceremony.Perform(context.Background(), in); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		who  []string
		want error
	}{{[]string{"a", "e"}, ceremony.ErrThreshold}, {[]string{"e", "b", "d"}, nil}} {
		in := b.input(b.issuePlan(both(t)...))
		for _, o := range c.who {
			in.Shares = append(in.Shares, b.share(o))
		}
		if _, err := ceremony.Perform(context.Background(), in); !errors.Is(err, c.want) {
			t.Errorf("%v: %v", c.who, err)
		}
	}
}

func TestSharesThatDoNotFitAreRefused(t *testing.T) {
	b, other := made(t), empty(t)
	if _, err := ceremony.Perform(context.Background(), other.rootInput()); err != nil {
		t.Fatal(err)
	}
	wrong := b.share("officer-2")
	wrong.Passphrase = passOf("officer-1")
	damaged := b.share("officer-2")
	damaged.File = slices.Clone(damaged.File)
	damaged.File[len(damaged.File)/2] ^= 1
	for name, second := range map[string]ceremony.ShareInput{
		"wrong passphrase": wrong, "twice": b.share("officer-1"), "another ceremony's": other.share("officer-2"), "damaged": damaged, "empty": {},
	} {
		in := b.input(b.issuePlan(both(t)...))
		in.Shares = []ceremony.ShareInput{b.share("officer-1"), second}
		if _, err := ceremony.Perform(context.Background(), in); !errors.Is(err, ceremony.ErrShare) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if files, err := snapshot(b.dir); err != nil || files["transcript-2.json"] != "" {
		t.Errorf("something was begun: %v", err)
	}
}

func TestNothingRunsUnlessTheReviewedFileIsTheOne(t *testing.T) {
	b := made(t)
	in := b.input(b.issuePlan(both(t)...))
	in.Shares = []ceremony.ShareInput{b.share("officer-1"), b.share("officer-2")}
	in.Plan = append(in.Plan, '\n')
	if _, err := ceremony.Perform(context.Background(), in); !errors.Is(err, ceremony.ErrNotReviewed) {
		t.Error(err)
	}
	plan := b.issuePlan(both(t)...)
	entries, err := os.ReadDir(b.desk)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := os.WriteFile(filepath.Join(b.desk, e.Name()), request(t, "示例签发CA", sm2Key(t)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.perform(plan); !errors.Is(err, ceremony.ErrNotReviewed) {
		t.Errorf("another request than the reviewed one: %v", err)
	}
}

func TestRequestsThatShouldNotBeSignedAreRefused(t *testing.T) {
	b := made(t)
	known := sm2Key(t)
	b.must(b.issuePlan(ask{"authority", "issuing-ca", "示例签发CA", known}))
	for name, c := range map[string]struct {
		plan string
		want error
	}{
		"the same key twice":      {b.issuePlan(ask{"again", "issuing-ca", "示例签发CA", known}), ceremony.ErrKeyUsed},
		"one key, two requests":   {b.issuePlan(twins(t)...), ceremony.ErrKeyUsed},
		"the wrong algorithm":     {b.issuePlan(ask{"tls", "tls-ca", "示例", sm2Key(t)}), ceremony.ErrRequest},
		"the name of another":     {b.issuePlan(ask{"authority", "issuing-ca", "示例签发CA", sm2Key(t)}), ceremony.ErrExists},
		"another subject":         {strings.Replace(b.issuePlan(ask{"x", "issuing-ca", "示例甲", sm2Key(t)}), "common_name: 示例甲", "common_name: 示例乙", 1), ceremony.ErrRequest},
		"no request at all":       {garbage(b), ceremony.ErrRequest},
		"another region's folder": {strings.Replace(b.issuePlan(both(t)...), "450000", "460000", 1), ceremony.ErrPlan},
	} {
		if _, err := b.perform(c.plan); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func twins(t testing.TB) []ask {
	key := sm2Key(t)
	return []ask{{"one", "issuing-ca", "示例一", key}, {"two", "issuing-ca", "示例二", key}}
}

func garbage(b *bench) string {
	return fmt.Sprintf(head+"act: issue\nrequests: [{name: x, profile: tls-ca, file: %q, sm3: %[1]q, subject: {organization: 示例, common_name: 示例}}]\n",
		b.put([]byte("0\x80 not a request")))
}

func TestRequestThatWasSignedIsNotSignedAgain(t *testing.T) {
	b := made(t)
	plan := b.issuePlan(both(t)...)
	b.must(plan)
	before := b.der("out/authority.pem")
	out := b.must(plan)
	if len(out.Kept) != 2 || len(out.Files) != 0 || string(before) != string(b.der("out/authority.pem")) {
		t.Errorf("%+v", out)
	}
}

func TestRootsAreMadeOnce(t *testing.T) {
	b := made(t)
	if _, err := ceremony.Perform(context.Background(), b.rootInput()); !errors.Is(err, ceremony.ErrExists) {
		t.Error(err)
	}
}

func TestOfficersHaveEachTheirOwnLongPassphrase(t *testing.T) {
	for name, change := range map[string]func(map[string][]byte){
		"short":   func(m map[string][]byte) { m["officer-2"] = []byte("short") },
		"missing": func(m map[string][]byte) { delete(m, "officer-2") },
		"shared":  func(m map[string][]byte) { m["officer-2"] = m["officer-1"] },
		"unknown": func(m map[string][]byte) { m["officer-9"] = passOf("officer-9") },
	} {
		b := empty(t)
		in := b.rootInput()
		change(in.Passphrases)
		if _, err := ceremony.Perform(context.Background(), in); !errors.Is(err, ceremony.ErrPassphrases) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSharesGoWhereEachOfficerWants(t *testing.T) {
	b := empty(t)
	in := b.rootInput()
	own := t.TempDir()
	in.ShareDirs = map[string]string{"officer-3": own}
	if _, err := ceremony.Perform(context.Background(), in); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(own, "officer-3.share")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(b.dir, "officer-3.share")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is in the ceremony folder too: %v", err)
	}
}

func TestFolderIsItsOwnersAloneAndNoServers(t *testing.T) {
	b := empty(t)
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := ceremony.Perform(context.Background(), b.rootInput()); !errors.Is(err, ceremony.ErrFolder) {
		t.Errorf("mode 0755: %v", err)
	}
	b = empty(t)
	server := t.TempDir()
	if err := os.WriteFile(filepath.Join(server, "region.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.dir = filepath.Join(server, "roots")
	if _, err := ceremony.Perform(context.Background(), b.rootInput()); !errors.Is(err, ceremony.ErrFolder) {
		t.Errorf("a server's folder: %v", err)
	}
}

func TestClockBeforeTheLastCeremonyIsRefused(t *testing.T) {
	b := made(t)
	b.now = start.Add(-time.Hour)
	if _, err := b.perform(b.issuePlan(both(t)...)); !errors.Is(err, ceremony.ErrClock) {
		t.Error(err)
	}
}

func TestTheSecretIsNowhereWhole(t *testing.T) {
	b := made(t)
	files, err := snapshot(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if strings.Contains(content, "PRIVATE KEY") && !strings.Contains(content, "ENCRYPTED PRIVATE KEY") {
			t.Errorf("%s has an open key", name)
		}
		for _, o := range officers() {
			if strings.Contains(content, string(passOf(o))) {
				t.Errorf("%s has the passphrase of %s", name, o)
			}
			if key, err := gm.OpenKey([]byte(files["root.key"]), passOf(o)); err == nil {
				t.Errorf("%s alone opens the root: %v", o, key.Public())
			}
		}
	}
}
