//go:build tools

package main

import (
	"archive/zip"
	"bytes"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"yinzheng/verify"
)

// tool runs a program of the system; that it is missing is a failure, never a skip.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %v: %v\n%s%s", name, args, err, &out, &errs)
	}
	return out.String()
}

// TestOtherPeoplesToolsAgreeOnTheLicence takes the demonstration's files to programs that know nothing of us.
func TestOtherPeoplesToolsAgreeOnTheLicence(t *testing.T) {
	r := told(t)
	t.Run("the offline verifier says valid", func(t *testing.T) {
		verifier := filepath.Join(t.TempDir(), "yzverify")
		tool(t, "go", "build", "-o", verifier, "yinzheng/cmd/yzverify")
		if out := tool(t, verifier, "--trust", r.Trust, "--lang", "en", "--quiet", r.Document, r.Receipt); !strings.Contains(out, "valid") {
			t.Error(out)
		}
	})
	t.Run("pdftotext returns every character", func(t *testing.T) { textComesBack(t, r) })
	t.Run("qpdf finds nothing", func(t *testing.T) {
		if out := tool(t, "qpdf", "--check", r.Document); strings.Contains(out, "WARNING") {
			t.Error(out)
		}
	})
	t.Run("pdffonts sees embedded subsets with Unicode maps", func(t *testing.T) {
		lines := strings.Split(strings.TrimSpace(tool(t, "pdffonts", r.Document)), "\n")
		if len(lines) < 3 {
			t.Fatalf("no fonts in %q", lines)
		}
		for _, line := range lines[2:] {
			if !strings.Contains(line, "yes yes yes") {
				t.Error(line)
			}
		}
	})
	t.Run("zbarimg reads the QR", func(t *testing.T) {
		var l struct {
			CheckURL string `json:"check_url"`
		}
		if err := json.Unmarshal(r.Licence, &l); err != nil {
			t.Fatal(err)
		}
		page := filepath.Join(t.TempDir(), "page")
		tool(t, "pdftoppm", "-r", "150", "-png", "-singlefile", r.Document, page)
		if got := strings.TrimSpace(tool(t, "zbarimg", "--quiet", "--raw", page+".png")); got != l.CheckURL {
			t.Errorf("read %q, want %q", got, l.CheckURL)
		}
	})
	t.Run("openssl verifies certificates and seal", func(t *testing.T) { opensslAgrees(t, r) })
	t.Run("sha512sum and openssl check the package", func(t *testing.T) { packageChecks(t, r) })
}

func textComesBack(t *testing.T, r result) {
	text := tool(t, "pdftotext", "-layout", r.Document, "-")
	var l struct {
		KindName   string `json:"kind_name"`
		Identifier string
		Number     string
		Issuer     string
		Holder     struct{ Name, Code string }
		Fields     map[string]any
	}
	if err := json.Unmarshal(r.Licence, &l); err != nil {
		t.Fatal(err)
	}
	want := []string{l.KindName, l.Identifier, l.Number, l.Issuer, l.Holder.Name, l.Holder.Code}
	for _, v := range l.Fields {
		switch v := v.(type) {
		case string:
			want = append(want, v)
		case []any:
			for _, one := range v {
				want = append(want, one.(string))
			}
		}
	}
	flat := strings.Join(strings.FieldsFunc(text, unicode.IsSpace), "")
	for _, w := range want {
		if !strings.Contains(flat, strings.Join(strings.FieldsFunc(w, unicode.IsSpace), "")) {
			t.Errorf("%q does not come back", w)
		}
	}
}

// distid is the SM2 identity of GB/T 35276.
const distid = "distid:1234567812345678"

func opensslAgrees(t *testing.T, r result) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		full := filepath.Join(dir, name)
		if err := os.WriteFile(full, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return full
	}
	certificate := func(name string, der []byte) string {
		return write(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	document, err := os.ReadFile(r.Document)
	if err != nil {
		t.Fatal(err)
	}
	read := verify.Read(verify.Input{Document: document}).Document
	if len(read.Signatures) != 1 {
		t.Fatalf("%+v", read)
	}
	var ses struct { // SES_Signature of GB/T 38540, read here with nothing of ours
		ToSign    asn1.RawValue
		Cert      []byte
		Algorithm asn1.ObjectIdentifier
		Value     asn1.BitString
		Timestamp asn1.BitString `asn1:"optional,explicit,tag:0"`
	}
	if _, err := asn1.Unmarshal(read.Signatures[0].Contents, &ses); err != nil {
		t.Fatal(err)
	}
	trustFile, err := os.ReadFile(r.Trust)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := verify.ParseTrust(trustFile)
	if err != nil {
		t.Fatal(err)
	}
	root, authority, signer := certificate("root.pem", trust.Roots[0]), certificate("authority.pem", trust.Authorities[0]), certificate("signer.pem", ses.Cert)
	// OpenSSL 3.0 hands -vfyopt to the last certificate of a chain only: it goes link by link.
	for _, link := range [][2]string{
		{root, root}, {root, authority}, {authority, signer}, {authority, certificate("maker.pem", trust.SealMakers[0])},
		{authority, certificate("tsa.pem", trust.Timestampers[0])},
	} {
		tool(t, "openssl", "verify", "-vfyopt", distid, "-x509_strict", "-partial_chain", "-no-CApath", "-CAfile", link[0], link[1])
	}
	public := write("signer.pub", []byte(tool(t, "openssl", "x509", "-in", signer, "-noout", "-pubkey")))
	tbs, value := write("tbs.der", ses.ToSign.FullBytes), write("value.der", ses.Value.Bytes)
	if out := tool(t, "openssl", "dgst", "-sm3", "-verify", public, "-sigopt", distid, "-signature", value, tbs); !strings.Contains(out, "Verified OK") {
		t.Error(out)
	}
	changed := append([]byte{}, ses.ToSign.FullBytes...)
	changed[len(changed)-1] ^= 1
	args := []string{"dgst", "-sm3", "-verify", public, "-sigopt", distid, "-signature", value, write("changed.der", changed)}
	if err := exec.CommandContext(t.Context(), "openssl", args...).Run(); err == nil {
		t.Error("openssl verifies a changed seal")
	}
}

func packageChecks(t *testing.T, r result) {
	dir := t.TempDir()
	z, err := zip.OpenReader(r.Package)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	base := ""
	for _, f := range z.File {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		base = filepath.Join(dir, strings.SplitN(f.Name, "/", 2)[0])
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tool(t, "sh", "-c", "cd '"+base+"' && sha512sum --strict --quiet -c manifest-sha512.txt && sha512sum --strict --quiet -c tagmanifest-sha512.txt")
	manifest, err := os.ReadFile(filepath.Join(base, "manifest-sm3.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(manifest)) {
		digest, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		if out := tool(t, "openssl", "dgst", "-sm3", "-r", filepath.Join(base, name)); !strings.HasPrefix(out, digest) {
			t.Errorf("%s: %s, the manifest says %s", name, out, digest)
		}
	}
}
