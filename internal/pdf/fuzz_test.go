package pdf_test

import (
	"errors"
	"testing"

	"yinzheng/internal/pdf"
	"yinzheng/internal/pdf/cos"
)

// tinyFont is a font of a few hundred glyphs, cut from the embedded one so that a fuzzer can change all of it.
func tinyFont(t testing.TB) []byte {
	t.Helper()
	font, err := pdf.Serif()
	if err != nil {
		t.Fatal(err)
	}
	ttf, err := font.SubsetFor("Åé示例（一）")
	if err != nil {
		t.Fatal(err)
	}
	return pdf.WithCmap(ttf)
}

func FuzzParseFont(f *testing.F) {
	seed := tinyFont(f)
	if font, err := pdf.ParseFont(seed); err != nil || font.Missing("\x01") == nil {
		f.Fatalf("the seed is not a font: %v", err)
	}
	f.Add(seed)
	f.Add(seed[:len(seed)/2])
	f.Add([]byte{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		font, err := pdf.ParseFont(b)
		if err != nil {
			if !errors.Is(err, pdf.ErrFont) {
				t.Fatalf("an error without a name: %v", err)
			}
			return
		}
		doc := pdf.New(pdf.Info{Font: font})
		doc.AddPage(100, 100)
		for r := rune(1); r < 0x3000; r += 3 {
			o, err := font.Outline(r)
			if err != nil {
				if !errors.Is(err, pdf.ErrFont) && !errors.Is(err, pdf.ErrGlyph) {
					t.Fatalf("U+%04X: an error without a name: %v", r, err)
				}
				continue
			}
			if o.Advance < 0 || o.Left > o.Right || o.Bottom > o.Top {
				t.Fatalf("U+%04X: %+v", r, o)
			}
			doc.Text(1, 1, 1, string(r), pdf.TextStyle{})
		}
		out, err := doc.Bytes()
		if err != nil {
			if !errors.Is(err, pdf.ErrFont) {
				t.Fatal(err)
			}
			return
		}
		if _, err := cos.OpenBytes(out, cos.Limits{}); err != nil {
			t.Fatalf("our own file with a strange font is not read: %v", err)
		}
	})
}
