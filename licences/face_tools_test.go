//go:build tools

package licences_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"yinzheng/licences"
)

// tool runs a program of Debian and returns what it writes.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	var complaints strings.Builder
	command := exec.Command(name, args...)
	command.Stderr = &complaints
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", name, err, out, complaints.String())
	}
	return string(out)
}

// bare drops everything between characters that a text extractor may add.
func bare(s string) string { return strings.Join(strings.Fields(s), "") }

func TestOtherProgramsReadTheFace(t *testing.T) {
	c, err := licences.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range c.All() {
		t.Run(k.NameEN, func(t *testing.T) {
			l := example(t, k)
			face, err := k.Render(l, checkURL)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "face.pdf")
			if err := os.WriteFile(path, face.PDF, 0o600); err != nil {
				t.Fatal(err)
			}
			textComesBack(t, k, l, path)
			fontsAreEmbedded(t, path)
			tool(t, "qpdf", "--check", path)
			picture := strings.TrimSuffix(path, ".pdf")
			tool(t, "pdftoppm", "-r", "150", "-png", "-singlefile", path, picture)
			if got := strings.TrimSpace(tool(t, "zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", picture+".png")); got != checkURL {
				t.Errorf("the QR says %q", got)
			}
			if got := tool(t, "pdfdetach", "-list", path); !strings.Contains(got, "licence.json") {
				t.Errorf("attached is %s", got)
			}
		})
	}
}

// textComesBack wants every value of the licence in the extracted text.
func textComesBack(t *testing.T, k *licences.Kind, l licences.Licence, path string) {
	t.Helper()
	raw := bare(tool(t, "pdftotext", "-raw", path, "-"))
	items, err := k.Items(l)
	if err != nil {
		t.Fatal(err)
	}
	printed := 0
	for _, item := range items {
		if item.Name == "validity" || item.Name == "holder.code" {
			continue // not on every face
		}
		printed++
		if !strings.Contains(raw, bare(item.Value)) {
			t.Errorf("%s does not come back: %s\nin %s", item.Name, item.Value, raw)
		}
	}
	if printed < 5 {
		t.Errorf("only %d values were looked for", printed)
	}
	for _, s := range []string{l.Identifier, k.Face.Title} {
		if !strings.Contains(raw, bare(s)) {
			t.Errorf("%s does not come back", s)
		}
	}
}

// fontsAreEmbedded wants every font embedded, as a subset, with a ToUnicode map.
func fontsAreEmbedded(t *testing.T, path string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(tool(t, "pdffonts", path)), "\n")
	if len(lines) < 3 {
		t.Fatalf("no fonts: %v", lines)
	}
	for _, line := range lines[2:] {
		if !regexp.MustCompile(` yes +yes +yes +\d+ +\d+$`).MatchString(strings.TrimRight(line, " ")) {
			t.Errorf("the font is not embedded, subset and mapped: %s", line)
		}
	}
}
