package ca_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yinzheng/ca"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

const (
	regionCode = "450000"
	regionName = "广西壮族自治区"
	officeCode = "11450000MB12345678" // an example code with a right check character
	officeName = "示例市市场监督管理局"
)

var passphrase = []byte("a passphrase for tests")

// start is the moment at which the tests' regions are established.
var start = time.Date(2026, 11, 22, 8, 30, 0, 0, time.UTC)

func clock() time.Time { return start }

func spec() ca.Spec {
	return ca.Spec{Region: regionCode, Name: regionName, Sources: ca.Sources{Now: clock}}
}

func establish(t testing.TB, dir string, s ca.Spec) *ca.Region {
	t.Helper()
	r, err := ca.Establish(context.Background(), dir, passphrase, s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// template is one established region that tests copy, because encrypting its keys takes a while by design.
var template = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "region")
	if err != nil {
		return "", err
	}
	_, err = ca.Establish(context.Background(), dir, passphrase, spec())
	return dir, err
})

func TestMain(m *testing.M) {
	if os.Getenv(killAt) != "" {
		establishAndDie()
	}
	code := m.Run()
	if dir, err := template(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// common is the template opened once, for tests that only read or that write nothing but certificates elsewhere.
var common = sync.OnceValues(func() (*ca.Region, error) {
	dir, err := template()
	if err != nil {
		return nil, err
	}
	return ca.Open(dir, passphrase, ca.Sources{Now: clock})
})

func opened(t testing.TB) *ca.Region {
	t.Helper()
	r, err := common()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// copied returns the path of a fresh copy of an established region.
func copied(t testing.TB) string {
	t.Helper()
	from, err := template()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// region returns a fresh copy of an established region.
func region(t testing.TB) (*ca.Region, string) {
	t.Helper()
	dir := copied(t)
	r, err := ca.Open(dir, passphrase, ca.Sources{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	return r, dir
}

func parse(t testing.TB, der []byte) *gm.Certificate {
	t.Helper()
	c, err := gm.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func extension(c *gm.Certificate, id ...int) *pkix.Extension {
	for i, e := range c.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier(id)) {
			return &c.Extensions[i]
		}
	}
	return nil
}

func TestRegionHasEveryIdentityChainedToItsRoot(t *testing.T) {
	r := opened(t)
	root, authority := parse(t, r.Root().Certificate), parse(t, r.Authority().Certificate)
	if err := root.CheckSignatureFrom(root); err != nil {
		t.Errorf("root: %v", err)
	}
	if err := authority.CheckSignatureFrom(root); err != nil {
		t.Errorf("authority: %v", err)
	}
	if !root.IsCA || !authority.IsCA || root.MaxPathLen != 1 || !authority.MaxPathLenZero {
		t.Errorf("CA bits: root %v/%d, authority %v/%v", root.IsCA, root.MaxPathLen, authority.IsCA, authority.MaxPathLenZero)
	}
	for _, id := range []ca.Identity{r.SealMaker(), r.Timestamper(), r.Ledger(), r.TrustSigner()} {
		c := parse(t, id.Certificate)
		if err := c.CheckSignatureFrom(authority); err != nil {
			t.Errorf("%s: %v", id.Name, err)
		}
		if c.IsCA || !c.BasicConstraintsValid {
			t.Errorf("%s: CA %v, BasicConstraints %v", id.Name, c.IsCA, c.BasicConstraintsValid)
		}
		if len(c.SubjectKeyId) != 20 || !bytes.Equal(c.AuthorityKeyId, authority.SubjectKeyId) {
			t.Errorf("%s: key identifiers %x %x", id.Name, c.SubjectKeyId, c.AuthorityKeyId)
		}
		if ku := extension(c, 2, 5, 29, 15); ku == nil || !ku.Critical {
			t.Errorf("%s: KeyUsage is not critical", id.Name)
		}
		if c.NotAfter.After(authority.NotAfter) {
			t.Errorf("%s outlives its issuer", id.Name)
		}
		pub, ok := id.Key.Public().(*ecdsa.PublicKey)
		if !ok || !pub.Equal(c.PublicKey) {
			t.Errorf("%s: key is not of its certificate", id.Name)
		}
	}
}

func TestTimestamperMayOnlyStampTime(t *testing.T) {
	r := opened(t)
	c := parse(t, r.Timestamper().Certificate)
	eku := extension(c, 2, 5, 29, 37)
	if eku == nil || !eku.Critical {
		t.Fatal("extended key usage is not critical")
	}
	if len(c.ExtKeyUsage) != 1 || int(c.ExtKeyUsage[0]) != int(x509.ExtKeyUsageTimeStamping) || len(c.UnknownExtKeyUsage) != 0 {
		t.Errorf("purposes %v %v", c.ExtKeyUsage, c.UnknownExtKeyUsage)
	}
}

func TestOnlyTheTrustSignerMaySignTrustLists(t *testing.T) {
	r := opened(t)
	for _, id := range []ca.Identity{r.Root(), r.Authority(), r.SealMaker(), r.Timestamper(), r.Ledger(), r.TrustSigner()} {
		c := parse(t, id.Certificate)
		may := slices.ContainsFunc(c.UnknownExtKeyUsage, der.TrustListSigning.Equal)
		if want := id.Name == r.TrustSigner().Name; may != want {
			t.Errorf("%s: %v, want %v", id.Name, may, want)
		}
	}
}

func TestLifetimesComeFromThePolicy(t *testing.T) {
	r, _ := region(t)
	office, err := r.Enrol(context.Background(), ca.Office{Name: officeName, Code: officeCode})
	if err != nil {
		t.Fatal(err)
	}
	const year = 8760 * time.Hour
	for name, want := range map[string]struct {
		der  []byte
		life time.Duration
	}{
		"root": {r.Root().Certificate, 20 * year}, "authority": {r.Authority().Certificate, 10 * year},
		"office": {office.Certificate, 5 * year},
	} {
		c := parse(t, want.der)
		if got := c.NotAfter.Sub(c.NotBefore); got != want.life || !c.NotBefore.Equal(start) {
			t.Errorf("%s lives %v from %v, want %v from %v", name, got, c.NotBefore, want.life, start)
		}
	}
}

func TestFoldersAndFilesHaveTightModes(t *testing.T) {
	from, err := template()
	if err != nil {
		t.Fatal(err)
	}
	for _, root := range []string{from, filepath.Join(from, "keys"), filepath.Join(from, "certs")} {
		info, err := os.Stat(root)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o700 {
			t.Errorf("%s has mode %o", root, got)
		}
	}
	err = filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o644)
		if filepath.Ext(path) == ".key" {
			want = 0o600
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestKeysRestEncrypted(t *testing.T) {
	dir := copied(t)
	keys, err := filepath.Glob(filepath.Join(dir, "keys", "*.key"))
	if err != nil || len(keys) != 8 {
		t.Fatalf("%d keys: %v", len(keys), err)
	}
	for _, path := range keys {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(b), "-----BEGIN ENCRYPTED PRIVATE KEY-----") {
			t.Errorf("%s is not encrypted", path)
		}
		if _, err := gm.OpenKey(b, []byte("another passphrase")); !errors.Is(err, gm.ErrPassphrase) {
			t.Errorf("%s with another passphrase: %v", path, err)
		}
	}
}

func TestOpenRefusesAnotherPassphrase(t *testing.T) {
	dir := copied(t)
	if _, err := ca.Open(dir, []byte("another"), ca.Sources{Now: clock}); !errors.Is(err, gm.ErrPassphrase) {
		t.Errorf("got %v", err)
	}
}

func TestOpenRefusesAKeyOfAnotherCertificate(t *testing.T) {
	for _, pair := range [][2]string{{"ledger", "seal-maker"}, {"root", "authority"}, {"tls", "ledger"}, {"log", "root"}, {"log", "tls"}} {
		dir := copied(t)
		b, err := os.ReadFile(filepath.Join(dir, "keys", pair[1]+".key"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "keys", pair[0]+".key"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ca.Open(dir, passphrase, ca.Sources{Now: clock}); !errors.Is(err, ca.ErrMismatch) {
			t.Errorf("%s with the key of %s: %v", pair[0], pair[1], err)
		}
	}
}

func TestOpenRefusesWhatIsIncomplete(t *testing.T) {
	for _, name := range []string{"region.json", "keys/root.key", "keys/log.key", "certs/ledger.pem", "certs/tls.pem", "certs/log.vkey"} {
		dir := copied(t)
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if _, err := ca.Open(dir, passphrase, ca.Sources{Now: clock}); !errors.Is(err, ca.ErrIncomplete) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestEstablishAgainChangesNothing(t *testing.T) {
	dir := copied(t)
	before := contents(t, dir)
	establish(t, dir, spec())
	for name, b := range contents(t, dir) {
		if before[name] != b {
			t.Errorf("%s changed", name)
		}
	}
}

func TestEstablishRefusesAFolderOfAnotherRegion(t *testing.T) {
	dir := copied(t)
	s := spec()
	s.Region = "110000"
	if _, err := ca.Establish(context.Background(), dir, passphrase, s); !errors.Is(err, ca.ErrOtherRegion) {
		t.Errorf("got %v", err)
	}
}

func TestEstablishRefusesAWrongDescription(t *testing.T) {
	for name, change := range map[string]func(*ca.Spec){
		"short code":  func(s *ca.Spec) { s.Region = "4500" },
		"letters":     func(s *ca.Spec) { s.Region = "45000a" },
		"no name":     func(s *ca.Spec) { s.Name = "" },
		"long name":   func(s *ca.Spec) { s.Name = strings.Repeat("区", 31) },
		"no clock":    func(s *ca.Spec) { s.Now = nil },
		"plus origin": func(s *ca.Spec) { s.Origin = "a+b" },
	} {
		s := spec()
		change(&s)
		if _, err := ca.Establish(context.Background(), t.TempDir(), passphrase, s); !errors.Is(err, ca.ErrRegion) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// contents reads every file of a folder.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
