package qr_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"yinzheng/internal/qr"
)

func TestSmallestVersionThatHoldsTheTextIsTaken(t *testing.T) {
	for _, c := range []struct {
		text    string
		level   qr.Level
		version int
	}{ // capacities of ISO/IEC 18004, table 7
		{strings.Repeat("1", 41), qr.L, 1}, {strings.Repeat("1", 42), qr.L, 2},
		{strings.Repeat("A", 20), qr.M, 1}, {strings.Repeat("A", 21), qr.M, 2},
		{strings.Repeat("a", 14), qr.M, 1}, {strings.Repeat("a", 15), qr.M, 2},
		{strings.Repeat("a", 7), qr.H, 1}, {strings.Repeat("a", 8), qr.H, 2},
		{strings.Repeat("a", 2953), qr.L, 40},
	} {
		code, err := qr.Encode(c.text, c.level)
		if err != nil {
			t.Fatalf("%d characters, level %d: %v", len(c.text), c.level, err)
		}
		if code.Version != c.version || code.Size != 17+4*c.version || len(code.Modules()) != code.Size {
			t.Errorf("%d characters, level %d: version %d of %d modules, want version %d", len(c.text), c.level, code.Version, code.Size, c.version)
		}
	}
}

func TestEmptyAndOverlongTextsAreRefused(t *testing.T) {
	for _, text := range []string{"", strings.Repeat("a", 2954)} {
		if _, err := qr.Encode(text, qr.L); !errors.Is(err, qr.ErrText) {
			t.Errorf("%d bytes: %v, want ErrText", len(text), err)
		}
	}
	if _, err := qr.Encode("a", qr.Level(4)); err == nil {
		t.Error("level 4 was accepted")
	}
}

func TestFinderPatternsStandInThreeCorners(t *testing.T) {
	code, err := qr.Encode("https://example.invalid/v/0123456789", qr.M)
	if err != nil {
		t.Fatal(err)
	}
	m, n := code.Modules(), code.Size
	for _, corner := range [][2]int{{0, 0}, {0, n - 7}, {n - 7, 0}} {
		for i := range 7 {
			for j := range 7 {
				ring := max(abs(i-3), abs(j-3))
				if got, want := m[corner[0]+i][corner[1]+j], ring != 2; got != want {
					t.Fatalf("corner %v, module %d,%d is %v", corner, i, j, got)
				}
			}
		}
	}
}

func TestModulesAreACopy(t *testing.T) {
	code, err := qr.Encode("1", qr.L)
	if err != nil {
		t.Fatal(err)
	}
	code.Modules()[0][0] = false
	if !code.Modules()[0][0] {
		t.Error("changing Modules changed the code")
	}
}

func TestSVGIsOnePathWithAnEscapedTitle(t *testing.T) {
	code, err := qr.Encode("https://example.invalid/", qr.M)
	if err != nil {
		t.Fatal(err)
	}
	svg := code.SVG(`A & B <"c">`)
	if n := bytes.Count(svg, []byte("<path ")); n != 1 {
		t.Errorf("%d paths, want 1", n)
	}
	title, in := "", false
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not XML: %v", err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			in = tok.Name.Local == "title"
		case xml.EndElement:
			in = false
		case xml.CharData:
			if in {
				title += string(tok)
			}
		}
	}
	if title != `A & B <"c">` {
		t.Errorf("title is %q", title)
	}
}

func abs(i int) int { return max(i, -i) }
