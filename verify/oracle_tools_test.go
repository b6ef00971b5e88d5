//go:build tools

package verify_test

import (
	"bytes"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"yinzheng/internal/gm/gmtest"
	"yinzheng/internal/pdf/pdftest"
	"yinzheng/verify"
)

// pyHanko is where test.sh says the Python is that has pyHanko.
const pyHanko = "YINZHENG_PYHANKO"

// foreignFiles are the honest files that other programs can judge, written to disk: by pdftest and by the house.
func foreignFiles(t *testing.T, c *court) []honest {
	t.Helper()
	var files []honest
	for _, by := range c.writers(t) {
		for _, h := range c.honestFiles(by) {
			if strings.HasPrefix(h.name, "PAdES") {
				files = append(files, h)
			}
		}
	}
	if len(files) < 200 {
		t.Fatalf("%d files", len(files))
	}
	return files
}

// run runs a tool and returns all it writes; ok is whether it ended well.
func run(t *testing.T, tool string, args ...string) (out string, ok bool) {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		t.Fatalf("%s is not here: test.sh installs it", tool)
	}
	b, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	return string(b), err == nil
}

func written(t *testing.T, files []honest) []string {
	t.Helper()
	dir := t.TempDir()
	paths := make([]string, len(files))
	for i, h := range files {
		paths[i] = filepath.Join(dir, fmt.Sprintf("%d.pdf", i))
		if err := os.WriteFile(paths[i], h.file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

func TestOtherProgramsAgreeOnHonestFiles(t *testing.T) {
	c := newCourt(t).informed(t)
	files := foreignFiles(t, c)
	paths := written(t, files)
	c.allValid(t, files)
	t.Run("pdfsig", func(t *testing.T) {
		for i, h := range files {
			out, ok := run(t, "pdfsig", "-nocert", paths[i])
			if n := strings.Count(out, "- Signature Validation: "); !ok || n == 0 || strings.Count(out, "Signature is Valid.")+unverifiedStamps(out) != n {
				t.Errorf("%s:\n%s", h.name, out)
			}
		}
	})
	t.Run("qpdf", func(t *testing.T) {
		for i, h := range files {
			if out, ok := run(t, "qpdf", "--check", paths[i]); !ok {
				t.Errorf("%s:\n%s", h.name, out)
			}
		}
	})
	t.Run("mutool", func(t *testing.T) {
		for i, h := range files {
			if strings.Contains(h.name, "PSS") {
				continue // it knows no PSS
			}
			out, ok := run(t, "mutool", "sign", "-v", paths[i])
			signed := strings.Count(out, "Verifying signature") - strings.Count(out, "not signed") // a document timestamp is none to it
			good := strings.Count(out, "unchanged since signing") + strings.Count(out, "valid but there have been edits since signing")
			if !ok || good < signed || signed == 0 {
				t.Errorf("%s:\n%s", h.name, out)
			}
		}
	})
	t.Run("pyHanko", func(t *testing.T) { askPyHanko(t, c, files, paths) })
}

// unverifiedStamps counts the document timestamps that pdfsig says it cannot judge.
func unverifiedStamps(out string) int {
	n := 0
	for _, s := range strings.Split(out, "Signature #") {
		if strings.Contains(s, "Field Name: Stamp") && strings.Contains(s, "Signature Type: unknown") && strings.Contains(s, "has not yet been verified") {
			n++
		}
	}
	return n
}

func askPyHanko(t *testing.T, c *court, files []honest, paths []string) {
	t.Helper()
	python := os.Getenv(pyHanko)
	if python == "" {
		t.Fatalf("$%s does not say where pyHanko is: test.sh installs it", pyHanko)
	}
	root := gmtest.File(t, "root.der", c.pki.Root.Cert)
	args := append([]string{filepath.Join("testdata", "ask_pyhanko.py"), root}, paths...)
	cmd := exec.CommandContext(t.Context(), python, args...)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("pyHanko: %v\n%s", err, complaints.String())
	}
	answers := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(answers) != len(files) {
		t.Fatalf("%d answers for %d files", len(answers), len(files))
	}
	for i, h := range files {
		if answers[i] != "valid" {
			t.Errorf("%s: %s", h.name, answers[i])
			keep(t, h.name, h.file)
		}
	}
	pemRoot := gmtest.File(t, "root.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.pki.Root.Cert}))
	said, ok := run(t, filepath.Join(filepath.Dir(python), "pyhanko"), "sign", "validate", "--pretty-print", "--trust-replace", "--trust", pemRoot,
		"--soft-revocation-check", paths[0])
	if !ok || !strings.Contains(said, "The signature is judged VALID.") {
		t.Errorf("pyhanko sign validate, %s:\n%s", files[0].name, said)
	}
}

func TestFileLinearisedByQPDFIsSignedAndValid(t *testing.T) {
	c := newCourt(t).informed(t)
	dir := t.TempDir()
	for _, by := range c.writers(t) {
		for _, f := range pdftest.Files() {
			in, out := filepath.Join(dir, "in.pdf"), filepath.Join(dir, "out.pdf")
			if err := os.WriteFile(in, f.Bytes, 0o600); err != nil {
				t.Fatal(err)
			}
			if said, ok := run(t, "qpdf", "--linearize", in, out); !ok && !strings.Contains(said, "operation succeeded") {
				t.Fatalf("%s: %s", f.Name, said)
			}
			base, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if by.name == "pdftest" && bytes.Contains(base, []byte("/ObjStm")) {
				continue
			}
			file := by.sign(base, c.ecdsaBy(by, pdftest.Seal{Field: "Office", Rect: placeOne, Look: border}))
			if r := c.judge(file); r.Verdict != verify.Valid {
				t.Errorf("%s by %s: %s%s", f.Name, by.name, r.Verdict, decisive(r))
				keep(t, "qpdf "+f.Name, file)
			}
		}
	}
}

func TestOpenSSLAgreesOnSM2Values(t *testing.T) {
	c := newCourt(t).informed(t)
	for _, by := range c.writers(t) {
		sealed := pdftest.Contents(by.sign(pdftest.Classic(), c.sealed(pdftest.Seal{Field: "Office", Rect: placeOne})))
		p := c.w.Take(sealed)
		gmtest.OpenSSLVerify(t, p.Cert, p.TBS, p.Value)

		message, value := attributesOf(t, pdftest.Contents(by.sign(pdftest.Classic(), c.withSM2(by, pdftest.Seal{Field: "Office", Rect: placeOne}))))
		gmtest.OpenSSLVerify(t, c.w.Office.DER(), message, value)
		if t.Failed() {
			t.Fatalf("written by %s", by.name)
		}
	}
}

// attributesOf takes the signed attributes, as they are signed, and the value out of a SignedData with one signer.
func attributesOf(t *testing.T, contents []byte) (message, value []byte) {
	t.Helper()
	var outer struct {
		Type    asn1.ObjectIdentifier
		Content struct {
			Version int
			Digests []asn1.RawValue `asn1:"set"`
			Inner   asn1.RawValue
			Certs   asn1.RawValue `asn1:"tag:0"`
			Infos   []struct {
				Version   int
				SID       asn1.RawValue
				Digest    asn1.RawValue
				Attrs     asn1.RawValue `asn1:"tag:0"`
				Algorithm asn1.RawValue
				Value     []byte
				Unsigned  asn1.RawValue `asn1:"optional,tag:1"`
			} `asn1:"set"`
		} `asn1:"explicit,tag:0"`
	}
	if _, err := asn1.Unmarshal(contents, &outer); err != nil || len(outer.Content.Infos) != 1 {
		t.Fatalf("taking signed data apart: %v", err)
	}
	message = bytes.Clone(outer.Content.Infos[0].Attrs.FullBytes)
	message[0] = 0x31 // SET OF, RFC 5652, 5.4
	return message, outer.Content.Infos[0].Value
}
