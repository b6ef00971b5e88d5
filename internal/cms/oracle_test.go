package cms_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	pdfcpu "github.com/pdfcpu/pdfcpu/pkg/pdfcpu/pkcs7"

	"yinzheng/internal/gm/gmtest"
)

// keyFile writes a key of the standard library as PEM.
func keyFile(t testing.TB, leaf gmtest.Leaf) string {
	t.Helper()
	raw, err := x509.MarshalPKCS8PrivateKey(leaf.Key)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestPdfcpuVerifiesOurDetachedSignatures uses the reader of signatures of another PDF library.
func TestPdfcpuVerifiesOurDetachedSignatures(t *testing.T) {
	tried := 0
	for _, s := range suites(t) {
		if s.hash == 0 {
			continue
		}
		p7, err := pdfcpu.Parse(s.out)
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		cert, err := x509.ParseCertificate(s.leaf.DER)
		if err != nil {
			t.Fatal(err)
		}
		if len(p7.Signers) != 1 {
			t.Fatalf("%s: %d signers", s.name, len(p7.Signers))
		}
		if err := pdfcpu.VerifyMessageDigestDetached(p7.Signers[0], document); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
		if err := pdfcpu.CheckSignature(cert, p7.Signers[0], document); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
		tried++
	}
	if tried < 8 {
		t.Fatalf("only %d signatures", tried)
	}
}
