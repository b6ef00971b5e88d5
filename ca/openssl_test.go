//go:build tools

package ca_test

import (
	"context"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"yinzheng/ca"
	"yinzheng/ca/catest"
)

// distid is the default identity of SM2 (GB/T 35276), which OpenSSL has to be told.
const distid = "distid:1234567812345678"

// openssl runs OpenSSL and returns what it wrote; that it is missing is a failure, not a reason to skip.
func openssl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("openssl", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// inValidity is a second in which the tests' certificates are valid: their clock does not follow the system's.
const inValidity = "1795941000"

// verifyLink checks one certificate against its issuer. OpenSSL 3.0 hands -vfyopt to the last certificate of a chain only
// and so cannot check an SM2 chain in one call: it goes link by link.
func verifyLink(issuer, cert string) *exec.Cmd {
	return exec.Command("openssl", "verify", "-vfyopt", distid, "-attime", inValidity, "-x509_strict", "-partial_chain",
		"-no-CApath", "-no-CAstore", "-CAfile", issuer, cert)
}

func TestOpenSSLVerifiesEverySM2Certificate(t *testing.T) {
	r, w := fresh(t, catest.Start)
	if _, err := r.Enrol(context.Background(), ca.Office{Name: catest.OfficeName, Code: catest.OfficeCode}); err != nil {
		t.Fatal(err)
	}
	for name, issuer := range map[string]string{"root": "root", "authority": "root", "seal-maker": "authority", "ocsp": "authority",
		"timestamper": "authority", "ledger": "authority", "trust-list": "authority", "seal-45000000000001": "authority"} {
		path := func(n string) string { return filepath.Join(w.Dir, "region", "certs", n+".pem") }
		out, err := verifyLink(path(issuer), path(name)).CombinedOutput()
		if err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), ": OK") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func TestOpenSSLRefusesAnSM2CertificateWithOneBitChanged(t *testing.T) {
	r, w := fresh(t, catest.Start)
	der := append([]byte{}, r.Ledger().Certificate...)
	der[len(der)-1] ^= 1
	changed := filepath.Join(t.TempDir(), "changed.pem")
	if err := os.WriteFile(changed, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := verifyLink(filepath.Join(w.Dir, "region", "certs", "authority.pem"), changed).CombinedOutput()
	if err == nil {
		t.Errorf("accepted: %s", out)
	}
}

func TestOpenSSLVerifiesTheTLSSide(t *testing.T) {
	r, w := fresh(t, catest.Start)
	server, err := r.ServerTLS(context.Background(), []string{"localhost", "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	leaf := filepath.Join(t.TempDir(), "server.pem")
	if err := os.WriteFile(leaf, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate[0]}), 0o600); err != nil {
		t.Fatal(err)
	}
	certs := filepath.Join(w.Dir, "region", "certs")
	out := openssl(t, "verify", "-attime", inValidity, "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "localhost",
		"-CAfile", filepath.Join(certs, "tls-root.pem"), "-untrusted", filepath.Join(certs, "tls.pem"), leaf)
	if !strings.HasSuffix(strings.TrimSpace(out), ": OK") {
		t.Error(out)
	}
	for _, name := range []string{"tls-ocsp", "tls-timestamper"} {
		out := openssl(t, "verify", "-attime", inValidity, "-x509_strict", "-CAfile", filepath.Join(certs, "tls-root.pem"),
			"-untrusted", filepath.Join(certs, "tls.pem"), filepath.Join(certs, name+".pem"))
		if !strings.HasSuffix(strings.TrimSpace(out), ": OK") {
			t.Error(out)
		}
	}
}
