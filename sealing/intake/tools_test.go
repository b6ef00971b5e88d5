//go:build tools

package intake_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"yinzheng/sealing/intake"
)

// tool runs an installed program and gives what it says.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func kept(t *testing.T, b []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// through writes a document in another form by qpdf.
func through(t *testing.T, b []byte, args ...string) []byte {
	t.Helper()
	in := kept(t, b)
	out := in + ".out"
	tool(t, "qpdf", append(args, in, out)...)
	made, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestEveryFormOfFileComesOutWithItsPagesAndItsText(t *testing.T) {
	i := newIntake(t, intake.Config{Limits: small()})
	for _, c := range []struct {
		what string
		args []string
		o    intake.Options
	}{
		{"classic", []string{"--object-streams=disable"}, intake.Options{}},
		{"object streams", []string{"--object-streams=generate"}, intake.Options{}},
		{"linearised", []string{"--linearize"}, intake.Options{}},
		{"linearised with object streams", []string{"--linearize", "--object-streams=generate"}, intake.Options{}},
		{"uncompressed", []string{"--qdf", "--object-streams=disable"}, intake.Options{}},
		{"encrypted, 256 bits, user's password", []string{"--encrypt", "user", "owner", "256", "--"}, intake.Options{Password: "user"}},
		{"encrypted, 256 bits, owner's password", []string{"--encrypt", "user", "owner", "256", "--"}, intake.Options{Password: "owner"}},
		{"encrypted, 128 bits", []string{"--encrypt", "user", "owner", "128", "--use-aes=y", "--"}, intake.Options{Password: "user"}},
	} {
		for _, doc := range [][]byte{face(t, 3), document("/OpenAction "+js+" ", "")} {
			in := through(t, doc, c.args...)
			r, err := i.Normalise(context.Background(), bytes.NewReader(in), c.o)
			if err != nil {
				t.Errorf("%s: %v", c.what, err)
				continue
			}
			encrypted := strings.Contains(codes(r.Report.Findings), "encryption")
			if encrypted != (c.o.Password != "") {
				t.Errorf("%s: findings %v", c.what, r.Report.Findings)
			}
			was, is := kept(t, doc), kept(t, all(t, r))
			if said := tool(t, "qpdf", "--check", is); !strings.Contains(said, "No syntax or stream encoding errors") || strings.Contains(said, "WARNING") {
				t.Errorf("%s: qpdf says %s", c.what, said)
			}
			if a, b := tool(t, "pdftotext", "-layout", was, "-"), tool(t, "pdftotext", "-layout", is, "-"); a != b || strings.TrimSpace(a) == "" {
				t.Errorf("%s: text %q became %q", c.what, a, b)
			}
			if a, b := tool(t, "qpdf", "--show-npages", was), tool(t, "qpdf", "--show-npages", is); a != b {
				t.Errorf("%s: %s pages became %s", c.what, a, b)
			}
		}
	}
}

func TestAnEncryptedFileNeedsItsPassword(t *testing.T) {
	i := newIntake(t, intake.Config{Limits: small()})
	open := through(t, document("", ""), "--encrypt", "", "owner", "256", "--")
	closed := through(t, document("", ""), "--encrypt", "user", "owner", "256", "--")
	signed := through(t, document("/AcroForm << /Fields [7 0 R] /SigFlags 3 >> ", "/Annots [7 0 R] ", "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange [0 1 2 3] /Contents <00> >>", "<< /Type /Annot /Subtype /Widget /FT /Sig /T (seal) /V 6 0 R /Rect [0 0 0 0] /P 3 0 R >>"), "--encrypt", "user", "owner", "256", "--")
	for _, c := range []struct {
		what     string
		in       []byte
		password string
		kind     error
	}{
		{"none given", closed, "", intake.ErrPassword},
		{"none given where a reader needs none", open, "", intake.ErrPassword},
		{"another given", closed, "another", intake.ErrPassword},
		{"signed", signed, "user", intake.ErrSigned},
	} {
		_, err := i.Normalise(context.Background(), bytes.NewReader(c.in), intake.Options{Password: c.password})
		wantRefusal(t, c.what, err, c.kind, "")
	}
}

func TestWhatOperationsMakeIsCleanToQpdf(t *testing.T) {
	i := newIntake(t, intake.Config{Limits: small()})
	ctx := context.Background()
	r, err := i.Copy(ctx, bytes.NewReader(face(t, 2)), intake.Watermark{Text: "副本\n仅供办理示例事项使用"}, intake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	name := kept(t, all(t, r))
	if said := tool(t, "qpdf", "--check", name); strings.Contains(said, "WARNING") {
		t.Errorf("copy: %s", said)
	}
	text := tool(t, "pdftotext", name, "-")
	for _, want := range []string{"食品经营许可证", "副", "仅", "事"} {
		if !strings.Contains(text, want) {
			t.Errorf("the copy's text lacks %s: %q", want, text)
		}
	}
	if folder := os.Getenv("INTAKE_PICTURES"); folder != "" { // for looking at
		tool(t, "pdftoppm", "-r", "50", "-png", name, filepath.Join(folder, "copy"))
	}
}
