package gmtest

import (
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// DefaultID is the SM2 identity that OpenSSL must be told, as "distid:" + DefaultID.
const DefaultID = "1234567812345678"

// OpenSSL runs the openssl command and returns what it prints; it fails the test when the command is missing or fails.
func OpenSSL(t testing.TB, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "openssl", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// File writes b into the test's folder and returns its path.
func File(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// PEM writes a PEM file with one block into the test's folder and returns its path.
func PEM(t testing.TB, kind string, der []byte) string {
	t.Helper()
	return File(t, kind+".pem", pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// OpenSSLVerify lets OpenSSL verify an SM2 signature over msg by the key of a certificate.
func OpenSSLVerify(t testing.TB, cert, msg, sig []byte) {
	t.Helper()
	pub := File(t, "pub.pem", []byte(OpenSSL(t, "x509", "-in", PEM(t, "CERTIFICATE", cert), "-pubkey", "-noout")))
	if out := OpenSSL(t, "dgst", "-sm3", "-verify", pub, "-sigopt", "distid:"+DefaultID, "-signature", File(t, "sig", sig), File(t, "msg", msg)); out != "Verified OK\n" {
		t.Errorf("openssl dgst says %q", out)
	}
}
