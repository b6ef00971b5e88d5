//go:build tools

package pdf_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"yinzheng/internal/pdf"
)

// run runs a tool on a document in a file; a tool that is missing fails the test.
func run(t *testing.T, doc []byte, tool string, args ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "doc.pdf")
	if err := os.WriteFile(file, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "FILE", file)
	}
	out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", tool, err, out)
	}
	return string(out)
}

// documents are a face before and after one and two seals.
func documents(t *testing.T) map[string][]byte {
	t.Helper()
	base := bytesOf(t, face(t))
	once := sealed(t, base, "Seal1", 400, 80, sealPNG(t, 300, true))
	return map[string][]byte{"unsealed": base, "sealed": once, "sealed twice": sealed(t, once, "Seal2", 250, 80, sealPNG(t, 200, false))}
}

func TestEveryCharacterIsExtracted(t *testing.T) {
	for name, doc := range documents(t) {
		text := strings.Map(func(r rune) rune {
			if r == ' ' || r == '\n' || r == '\f' {
				return -1
			}
			return r
		}, run(t, doc, "pdftotext", "-raw", "FILE", "-"))
		for _, want := range []string{prose, rare, "示例经营许可证", "南宁示例食品有限公司", "No.4500-2026-000123(Example)"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %.30q is not in the text %q", name, want, text)
			}
		}
		distinct := make(map[rune]bool)
		for _, r := range text {
			distinct[r] = true
		}
		if len(distinct) <= 300 {
			t.Errorf("%s: only %d distinct characters", name, len(distinct))
		}
	}
}

func TestCharactersThatShareAGlyphExtractAsWritten(t *testing.T) {
	const pair = "⼀一⼆二"
	b := pdf.New(pdf.Info{Title: "t"})
	b.AddPage(100, 100)
	b.Text(10, 20, 12, pair, pdf.TextStyle{})
	if got := strings.TrimSpace(run(t, bytesOf(t, b), "pdftotext", "FILE", "-")); got != pair {
		t.Errorf("extracted %q, want %q", got, pair)
	}
}

func TestQPDFFindsNothing(t *testing.T) {
	for name, doc := range documents(t) {
		out := run(t, doc, "qpdf", "--check", "FILE")
		if !strings.Contains(out, "No syntax or stream encoding errors found") || strings.Contains(out, "WARNING") {
			t.Errorf("%s: %s", name, out)
		}
	}
}

func TestFontIsAnEmbeddedSubsetWithUnicode(t *testing.T) {
	for name, doc := range documents(t) {
		lines := strings.Split(strings.TrimSpace(run(t, doc, "pdffonts", "FILE")), "\n")
		if len(lines) != 3 {
			t.Fatalf("%s: %d fonts\n%s", name, len(lines)-2, strings.Join(lines, "\n"))
		}
		f := strings.Fields(lines[2])
		if !strings.HasSuffix(f[0], "+NotoSerifSC-Regular") || strings.Join(f[1:7], " ") != "CID TrueType Identity-H yes yes yes" {
			t.Errorf("%s: %s", name, lines[2])
		}
	}
}

func TestScannerReadsTheCodeOnThePage(t *testing.T) {
	doc := documents(t)["sealed"]
	dir := t.TempDir()
	run(t, doc, "pdftoppm", "-png", "-r", "150", "-singlefile", "FILE", filepath.Join(dir, "page"))
	out, err := exec.CommandContext(t.Context(), "zbarimg", "--quiet", "--raw", filepath.Join(dir, "page.png")).Output()
	if err != nil {
		t.Fatalf("zbarimg: %v", err)
	}
	if got := strings.TrimSpace(string(out)); got != "https://example.invalid/v/0123456789abcdef" {
		t.Errorf("read %q", got)
	}
}

func TestAttachmentIsDetachedByAnotherReader(t *testing.T) {
	doc := documents(t)["sealed twice"]
	want := []byte(attachments(t, doc)["licence.json"])
	out := filepath.Join(t.TempDir(), "out")
	run(t, doc, "pdfdetach", "-save", "1", "-o", out, "FILE")
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if len(want) == 0 || !bytes.Equal(got, want) {
		t.Errorf("pdfdetach gives %d other bytes, ours %d", len(got), len(want))
	}
}
