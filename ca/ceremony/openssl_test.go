//go:build tools

package ceremony_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"yinzheng/internal/gm"
)

const (
	distid     = "distid:1234567812345678" // the default identity of SM2 (GB/T 35276), which OpenSSL has to be told
	inValidity = "1795941000"              // 2026-11-29: the tests' clock does not follow the system's
)

// openssl runs OpenSSL; that it is missing is a failure, not a reason to skip.
func openssl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("openssl", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// verifyLink checks one certificate against its issuer: OpenSSL 3.0 hands -vfyopt to one certificate of a chain only, and so
// cannot check an SM2 chain in one call.
func verifyLink(issuer, cert string) ([]byte, error) {
	return exec.Command("openssl", "verify", "-vfyopt", distid, "-attime", inValidity, "-x509_strict", "-partial_chain",
		"-no-CApath", "-no-CAstore", "-CAfile", issuer, cert).CombinedOutput()
}

func TestOpenSSLVerifiesEveryCertificateOfTheSM2Side(t *testing.T) {
	b, other := made(t), foreign(t)
	b.must(b.issuePlan(both(t)...))
	b.must(b.crossPlan(t, other, "root.pem"))
	root := filepath.Join(b.dir, "root.pem")
	for _, name := range []string{"root.pem", "out/authority.pem", "out/region-460000.pem"} {
		out, err := verifyLink(root, filepath.Join(b.dir, name))
		if err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), ": OK") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	if out, err := verifyLink(filepath.Join(other.dir, "root.pem"), filepath.Join(b.dir, "out/authority.pem")); err == nil {
		t.Errorf("under another root: %s", out)
	}
	text := openssl(t, "x509", "-in", filepath.Join(b.dir, "out/region-460000.pem"), "-noout", "-text", "-nameopt", "utf8,sep_comma_plus")
	for _, want := range []string{"X509v3 Name Constraints: critical", "DirName:", "pathlen:1"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestOpenSSLVerifiesTheWholeECDSAChain(t *testing.T) {
	b := made(t)
	b.must(b.issuePlan(both(t)...))
	out := openssl(t, "verify", "-attime", inValidity, "-x509_strict", "-no-CApath", "-no-CAstore",
		"-CAfile", filepath.Join(b.dir, "tls-root.pem"), filepath.Join(b.dir, "out", "tls.pem"))
	if !strings.HasSuffix(strings.TrimSpace(out), ": OK") {
		t.Error(out)
	}
}

func TestOpenSSLReadsTheListsAndTheirSignaturesCheck(t *testing.T) {
	b := made(t)
	b.must(b.issuePlan(both(t)...))
	serial := b.certificate("out/authority.pem").SerialNumber.Text(16)
	b.must(listPlan(serial))
	sm2 := filepath.Join(b.dir, "out", "root.crl")
	text := openssl(t, "crl", "-inform", "DER", "-in", sm2, "-noout", "-text")
	for _, want := range []string{strings.ToUpper(serial), "Superseded", "X509v3 CRL Number"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	list, err := gm.ParseCRL(b.file("out/root.crl"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	at := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pub := at("pub.pem", []byte(openssl(t, "x509", "-in", filepath.Join(b.dir, "root.pem"), "-noout", "-pubkey")))
	sig, tbs := at("sig", list.Signature), at("tbs", list.RawTBSRevocationList)
	if out := openssl(t, "dgst", "-sm3", "-verify", pub, "-sigopt", distid, "-signature", sig, tbs); !strings.Contains(out, "Verified OK") {
		t.Error(out)
	}
	out := openssl(t, "crl", "-inform", "DER", "-in", filepath.Join(b.dir, "out", "tls-root.crl"), "-noout",
		"-CAfile", filepath.Join(b.dir, "tls-root.pem"))
	if !strings.Contains(out, "verify OK") {
		t.Error(out)
	}
}
