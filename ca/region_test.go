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
	"testing"
	"time"

	"yinzheng/ca"
	"yinzheng/ca/catest"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

func extension(c *gm.Certificate, id ...int) *pkix.Extension {
	for i, e := range c.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier(id)) {
			return &c.Extensions[i]
		}
	}
	return nil
}

func TestRegionHasEveryIdentityChainedToItsRoot(t *testing.T) {
	r, _ := fresh(t, catest.Start)
	root, authority := parse(t, r.Root().Certificate), parse(t, r.Authority().Certificate)
	if err := root.CheckSignatureFrom(root); err != nil {
		t.Errorf("root: %v", err)
	}
	if err := authority.CheckSignatureFrom(root); err != nil {
		t.Errorf("authority: %v", err)
	}
	if !root.IsCA || !authority.IsCA || root.MaxPathLen != 2 || !authority.MaxPathLenZero {
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
	r, _ := fresh(t, catest.Start)
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
	r, _ := fresh(t, catest.Start)
	for _, id := range []ca.Identity{r.Root(), r.Authority(), r.SealMaker(), r.Timestamper(), r.Ledger(), r.TrustSigner()} {
		c := parse(t, id.Certificate)
		may := slices.ContainsFunc(c.UnknownExtKeyUsage, der.TrustListSigning.Equal)
		if want := id.Name == r.TrustSigner().Name; may != want {
			t.Errorf("%s: %v, want %v", id.Name, may, want)
		}
	}
}

func TestLifetimesComeFromThePolicy(t *testing.T) {
	r, _ := fresh(t, catest.Start)
	office, err := r.Enrol(context.Background(), ca.Office{Name: catest.OfficeName, Code: catest.OfficeCode})
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

func TestNoRootKeyIsEverInTheRegionsFolders(t *testing.T) {
	dir := copied(t)
	root, err := os.ReadFile(filepath.Join(dir, "offline", "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"region", "keys"} {
		for name, b := range contents(t, filepath.Join(dir, "server", d)) {
			if strings.Contains(filepath.Base(name), "root") && strings.HasSuffix(name, ".key") || b == string(root) {
				t.Errorf("%s holds a root's key", name)
			}
		}
	}
	r, w := reopened(t, dir, catest.Start)
	all, err := w.Keys.List(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range all {
		if bytes.Equal(k.Public, parse(t, r.Root().Certificate).RawSubjectPublicKeyInfo) {
			t.Errorf("the holder has the root's key as %s", k.ID)
		}
	}
	if r.Root().Key != nil {
		t.Error("the region has the root's key")
	}
}

func TestFoldersAndFilesHaveTightModes(t *testing.T) {
	from := t.TempDir()
	err := template.Copy(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o644)
		switch {
		case d.IsDir():
			want = 0o700
		case filepath.Ext(path) == ".key":
			want = 0o600
		}
		if got := info.Mode().Perm(); got&^want != 0 {
			t.Errorf("%s has mode %o, at most %o", path, got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefusesAKeyOfAnotherCertificate(t *testing.T) {
	for _, pair := range [][2]string{{"ledger", "seal-maker"}, {"tls", "tls-ocsp"}, {"authority", "ocsp"}} {
		dir := copied(t)
		for _, suffix := range []string{".key", ".json"} {
			b, err := os.ReadFile(filepath.Join(dir, "server", "keys", pair[1]+suffix))
			if err != nil {
				t.Fatal(err)
			}
			b = bytes.ReplaceAll(b, []byte(`"`+pair[1]+`"`), []byte(`"`+pair[0]+`"`))
			b = bytes.Replace(b, []byte("plain "+pair[1]+"\n"), []byte("plain "+pair[0]+"\n"), 1) // the sealing's own binding
			if err := os.WriteFile(filepath.Join(dir, "server", "keys", pair[0]+suffix), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		w, err := catest.Open(context.Background(), dir, catest.Start)
		if err != nil {
			continue // the holder itself noticed
		}
		if _, err := ca.Open(context.Background(), w.Config); !errors.Is(err, ca.ErrMismatch) {
			t.Errorf("%s with the key of %s: %v", pair[0], pair[1], err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOpenRefusesWhatIsIncomplete(t *testing.T) {
	for _, name := range []string{"region.json", "certs/ledger.pem", "certs/tls.pem", "certs/root.pem", "certs/log.vkey"} {
		dir := copied(t)
		if err := os.Remove(filepath.Join(dir, "server", "region", name)); err != nil {
			t.Fatal(err)
		}
		w, err := catest.Open(context.Background(), dir, catest.Start)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ca.Open(context.Background(), w.Config); !errors.Is(err, ca.ErrIncomplete) {
			t.Errorf("without %s: %v", name, err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestEstablishAgainChangesNothing(t *testing.T) {
	dir := copied(t)
	before := contents(t, filepath.Join(dir, "server", "region"))
	_, w := reopened(t, dir, catest.Start)
	if _, err := ca.Establish(context.Background(), w.Config, w.Spec()); err != nil {
		t.Fatal(err)
	}
	for name, b := range contents(t, filepath.Join(dir, "server", "region")) {
		if before[name] != b {
			t.Errorf("%s changed", name)
		}
	}
}

func TestLostCertificateFileIsWrittenFromTheRegister(t *testing.T) {
	dir := copied(t)
	path := filepath.Join(dir, "server", "region", "certs", "ledger.pem")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	w, err := catest.Open(context.Background(), dir, catest.Start)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ca.Establish(context.Background(), w.Config, w.Spec()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("another certificate was made for the same key: %v", err)
	}
}

func TestEstablishRefusesAFolderOfAnotherRegion(t *testing.T) {
	_, w := fresh(t, catest.Start)
	s := w.Spec()
	s.Region = "110000"
	if _, err := ca.Establish(context.Background(), w.Config, s); !errors.Is(err, ca.ErrOtherRegion) {
		t.Errorf("got %v", err)
	}
}

func TestEstablishWithoutACeremonyLeavesRequestsAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	w, err := catest.Open(context.Background(), dir, catest.Start)
	if err != nil {
		t.Fatal(err)
	}
	s := w.Spec()
	s.Ceremony = nil
	if _, err := ca.Establish(context.Background(), w.Config, s); !errors.Is(err, ca.ErrCeremony) {
		t.Fatalf("got %v", err)
	}
	for _, name := range []string{"authority", "tls"} {
		b, err := os.ReadFile(filepath.Join(dir, "server", "region", "requests", name+".csr"))
		if err != nil {
			t.Fatal(err)
		}
		csr, err := ca.DecodeCSR(b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := gm.ParseRequest(csr); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "server", "region", "certs", "seal-maker.pem")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a certificate without an authority: %v", err)
	}
	if _, err := ca.Establish(context.Background(), w.Config, w.Spec()); err != nil {
		t.Errorf("after a ceremony: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

func TestEstablishRefusesAWrongDescription(t *testing.T) {
	for name, change := range map[string]func(*ca.Spec){
		"short code":  func(s *ca.Spec) { s.Region = "4500" },
		"letters":     func(s *ca.Spec) { s.Region = "45000a" },
		"no name":     func(s *ca.Spec) { s.Name = "" },
		"long name":   func(s *ca.Spec) { s.Name = strings.Repeat("区", 31) },
		"plus origin": func(s *ca.Spec) { s.Origin = "a+b" },
	} {
		w, err := catest.Open(context.Background(), t.TempDir(), catest.Start)
		if err != nil {
			t.Fatal(err)
		}
		s := w.Spec()
		change(&s)
		if _, err := ca.Establish(context.Background(), w.Config, s); !errors.Is(err, ca.ErrRegion) {
			t.Errorf("%s: %v", name, err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}
