package pdf_test

import (
	"bytes"
	"errors"
	"testing"

	"yinzheng/internal/pdf"
)

// isRefusal reports whether an error is one of those that Read names.
func isRefusal(err error) bool {
	return errors.Is(err, pdf.ErrMalformed) || errors.Is(err, pdf.ErrUnsupported) || errors.Is(err, pdf.ErrLimit)
}

func FuzzRead(f *testing.F) {
	picture := sealPNG(f, 12, true)
	field := fieldFor(f, "Seal1", picture)
	field.MoreSeals = true
	once := sealed(f, small(f), field)
	seeds := [][]byte{small(f), once, sealed(f, once, fieldFor(f, "Seal2", sealPNG(f, 12, false))), []byte("%PDF-1.4\n"), nil}
	if len(seeds) < 3 || len(seeds[2]) < len(seeds[0]) {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	limits := pdf.Limits{Inflated: 1 << 20}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		file, err := pdf.Read(b, limits)
		if !bytes.Equal(b, before) {
			t.Fatal("reading changed the input")
		}
		if err != nil {
			if !isRefusal(err) {
				t.Fatalf("an error without a name: %v", err)
			}
			return
		}
		if file.Revisions() != 1+len(file.Signatures()) {
			t.Fatalf("%d revisions, %d signatures", file.Revisions(), len(file.Signatures()))
		}
		for i, s := range file.Signatures() {
			r := s.ByteRange
			if r[0] != 0 || r[1] <= 0 || r[2] <= r[1] || r[3] <= 0 || r[2]+r[3] > int64(len(b)) || b[r[1]] != '<' || b[r[2]-1] != '>' {
				t.Fatalf("byte range %v of %d bytes", r, len(b))
			}
			if s.CoversFile != (i == len(file.Signatures())-1) {
				t.Fatalf("seal %d covers the file: %v", i, s.CoversFile)
			}
			_, _ = file.Picture(s)
		}
		for _, name := range file.Attachments() {
			if _, err := file.Attachment(name); err != nil && !isRefusal(err) {
				t.Fatalf("attachment: an error without a name: %v", err)
			}
		}
	})
}

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
		if _, err := pdf.Read(out, pdf.Limits{}); err != nil {
			t.Fatalf("our own file with a strange font is not read: %v", err)
		}
	})
}
