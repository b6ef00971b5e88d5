//go:build tools

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"encoding/base64"
)

// TestOpenSSLVerifiesWhatACeremonySigned takes both chains, the lists and the transcripts' signatures to OpenSSL, before and
// after a rollover.
func TestOpenSSLVerifiesWhatACeremonySigned(t *testing.T) {
	c := established(t)
	c.agreed("ca", "rollover", "authority")
	c.bySome("issue", filepath.Join(filepath.Dir(c.config), "region", "requests", "authority-2.csr"))
	c.agreed("ca", "import", "authority", c.out("authority-2.pem"))
	c.dual("pair")
	certs := filepath.Join(filepath.Dir(c.config), "region", "certs")
	// OpenSSL 3.0 hands -vfyopt to the last certificate of a chain only: it goes link by link.
	for _, link := range [][2]string{
		{c.out("root.pem"), c.out("root.pem")}, {c.out("root.pem"), c.out("authority.pem")}, {c.out("root.pem"), c.out("authority-2.pem")},
		{c.out("authority.pem"), filepath.Join(certs, "seal-maker.pem")}, {c.out("authority-2.pem"), filepath.Join(c.dir, "pair.sign.pem")},
	} {
		tool(t, "openssl", "verify", "-vfyopt", distid, "-x509_strict", "-partial_chain", "-no-CApath", "-CAfile", link[0], link[1])
	}
	tool(t, "openssl", "verify", "-x509_strict", "-no-CApath", "-CAfile", c.out("tls-root.pem"), "-untrusted", c.out("tls.pem"), filepath.Join(certs, "tls-timestamper.pem"))
	if out := tool(t, "openssl", "crl", "-inform", "DER", "-in", c.out("root.crl"), "-noout", "-text"); !strings.Contains(out, "SM2-with-SM3") {
		t.Error(out)
	}
	public := filepath.Join(c.dir, "root.pub")
	if err := os.WriteFile(public, []byte(tool(t, "openssl", "x509", "-in", c.out("root.pem"), "-noout", "-pubkey")), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"transcript-1.json", "transcript-2.json", "transcript-3.json", "transcript-4.json"} {
		c.opensslVerifies(public, name)
	}
}

var signaturePart = regexp.MustCompile(`,"signature":"([^"]*)"`)

// opensslVerifies checks a transcript with nothing of ours: the root signs a label and the last line without its signature; that
// line has the SM3 of the one before, and so on.
func (c *offline) opensslVerifies(public, name string) {
	t := c.t
	t.Helper()
	file, err := os.ReadFile(filepath.Join(c.root, name))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(file), []byte("\n"))
	last := lines[len(lines)-1]
	value, err := base64.StdEncoding.DecodeString(string(signaturePart.FindSubmatch(last)[1]))
	if err != nil {
		t.Fatal(err)
	}
	message := append([]byte("yinzheng ceremony transcript v1\n"), signaturePart.ReplaceAll(last, nil)...)
	args := []string{"dgst", "-sm3", "-verify", public, "-sigopt", distid, "-signature", c.file("sig", string(value)), c.file("message", string(message))}
	if out := tool(t, "openssl", args...); !strings.Contains(out, "Verified OK") {
		t.Errorf("%s: %s", name, out)
	}
	for i, line := range lines[:len(lines)-1] {
		digest, _, _ := strings.Cut(tool(t, "openssl", "dgst", "-sm3", "-r", c.file("line", string(line))), " ")
		if !bytes.Contains(lines[i+1], []byte(`"previous":"`+digest+`"`)) {
			t.Errorf("%s: line %d does not name the one before", name, i+2)
		}
	}
}
