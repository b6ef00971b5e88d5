package signature_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"yinzheng/internal/gm"
	"yinzheng/internal/pdf"
	"yinzheng/internal/pdf/pdftest"
	"yinzheng/internal/pdf/signature"
)

// pictures are a seal of one ink, one with colours, and one without transparency: the three ways in which package pdf writes.
func pictures(t *testing.T) [][]byte {
	t.Helper()
	var palette color.Palette
	for i := range 16 {
		palette = append(palette, color.NRGBA{0xD0, 0x10, 0x10, byte(i * 17)})
	}
	ink := image.NewPaletted(image.Rect(0, 0, 24, 24), palette)
	colours, opaque := image.NewNRGBA(ink.Rect), image.NewNRGBA(ink.Rect)
	for i := range ink.Pix {
		ink.Pix[i] = byte(i % 16)
		colours.Set(i%24, i/24, color.NRGBA{byte(i), byte(i * 3), 7, byte(i * 5)})
		opaque.Set(i%24, i/24, color.NRGBA{byte(i), byte(i * 3), 7, 255})
	}
	var out [][]byte
	for _, m := range []image.Image{ink, colours, opaque} {
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		out = append(out, b.Bytes())
	}
	return out
}

// face is a document of our own writer that shows a picture, and the number of its image.
func face(t *testing.T, picture []byte) ([]byte, int) {
	t.Helper()
	b := pdf.New(pdf.Info{Title: "Example"})
	b.AddPage(210, 297)
	b.Image(10, 10, 20, 20, picture)
	file, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	num := numberOf(t, file, `/ColorSpace \[?/(Indexed|DeviceRGB)`)
	return file, num
}

// whole shows a picture over the whole of a widget.
const whole = "q 100 0 0 100 0 0 cm /I1 Do Q"

func showing(num int, look, more string) pdftest.Seal {
	return pdftest.Seal{Rect: "[100 100 200 200]", Look: look,
		LookDict: fmt.Sprintf("/Resources << /XObject << /I1 %d 0 R >> >> %s", num, more)}
}

func TestPictureOfAnAppearanceIsThatOfItsPNG(t *testing.T) {
	for i, picture := range pictures(t) {
		file, num := face(t, picture)
		want, err := pdf.PictureDigest(picture)
		if err != nil {
			t.Fatal(err)
		}
		got := find(t, sign(file, showing(num, whole, ""))).Signatures[0].Fields[0].Appearance
		if got.Picture != want || got.Part != [4]float64{0, 0, 1, 1} || len(got.Objects) != 2+min(1, 2-i) {
			t.Errorf("picture %d: %+v, want %s", i, got, want)
		}
	}
}

func TestPictureOnATurnedPageIsTheSame(t *testing.T) {
	file, num := face(t, pictures(t)[0])
	upright := find(t, sign(file, showing(num, whole, ""))).Signatures[0].Fields[0].Appearance.Picture
	turned := find(t, sign(file, showing(num, whole, "/Matrix [0 1 -1 0 0 0]"))).Signatures[0].Fields[0].Appearance.Picture
	if upright.IsZero() || upright != turned {
		t.Errorf("%s, turned %s", upright, turned)
	}
}

func TestPartOfAPictureIsTheOneShown(t *testing.T) {
	picture := pictures(t)[0]
	file, num := face(t, picture)
	for _, c := range []struct {
		look string
		part [4]float64
	}{
		{"q 400 0 0 100 0 0 cm /I1 Do Q", [4]float64{0, 0, 0.25, 1}},
		{"q 400 0 0 100 -100 0 cm /I1 Do Q", [4]float64{0.25, 0, 0.5, 1}},
		{"400 0 0 100 -300. 0 cm\n/I1 Do", [4]float64{0.75, 0, 1, 1}},
		{"q 100 0 0 200 0 -50 cm /I1 Do Q", [4]float64{0, 0.25, 1, 0.75}},
		{"q 50 0 0 50 25 25 cm /I1 Do Q", [4]float64{0, 0, 1, 1}},
	} {
		got := find(t, sign(file, showing(num, c.look, ""))).Signatures[0].Fields[0].Appearance
		if diff := cmp.Diff(c.part, got.Part, cmpopts.EquateApprox(0, 1e-9)); diff != "" || got.Picture.IsZero() {
			t.Errorf("%s: %v, picture %s", c.look, got.Part, got.Picture)
		}
	}
}

func TestAppearanceThatShowsMoreHasNoPicture(t *testing.T) {
	picture := pictures(t)[0]
	file, num := face(t, picture)
	seal := func(look, more string) pdftest.Seal { return showing(num, look, more) }
	hidden := seal(whole, "")
	hidden.Widget = "/OC 1 0 R"
	for name, s := range map[string]pdftest.Seal{
		"two images":        seal(whole+" "+whole, ""),
		"a text beside":     seal(whole+" BT (Office) Tj ET", ""),
		"mirrored":          seal("q -100 0 0 100 100 0 cm /I1 Do Q", ""),
		"turned":            seal("q 0 100 -100 0 100 0 cm /I1 Do Q", ""),
		"out of sight":      seal("q 100 0 0 100 200 0 cm /I1 Do Q", ""),
		"another name":      seal("q 100 0 0 100 0 0 cm /I2 Do Q", ""),
		"numbers of C":      seal("q 1e2 0 0 100 0 0 cm /I1 Do Q", ""),
		"not a number":      seal("q NaN 0 0 100 0 0 cm /I1 Do Q", ""),
		"q without Q":       seal("q 100 0 0 100 0 0 cm /I1 Do", ""),
		"a comment":         seal("q 100 0 0 100 0 0 cm /I1 Do Q %", ""),
		"matrix":            seal(whole, "/Matrix [2 0 0 1 0 0]"),
		"matrix object":     seal(whole, "/Matrix 1 0 R"),
		"optional content":  seal(whole, "/OC 1 0 R"),
		"group":             seal(whole, "/Group << /S /Transparency >>"),
		"hidden widget":     hidden,
		"image of the form": {Rect: "[100 100 200 200]", Look: whole, LookDict: "/Resources << /XObject << /I1 1 0 R >> >>"},
		"no resources":      {Rect: "[100 100 200 200]", Look: whole},
	} {
		got := find(t, sign(file, s)).Signatures[0].Fields[0].Appearance
		if got.Picture != (gm.Digest{}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestFieldsOfASetSayWhatTheyShow(t *testing.T) {
	set := find(t, sign(pdftest.Classic(), pdftest.Seal{Rect: "[1 2 3 4]", Look: whole, LookDict: "/Resources << /XObject << /I1 9 0 R >> >>"}))
	a := set.Signatures[0].Fields[0].Appearance
	if a.Picture.IsZero() || len(a.Objects) != 2 {
		t.Errorf("an image of another program has a digest too: %+v", a)
	}
	var none signature.Appearance
	if diff := cmp.Diff(none, set.Empty[0].Appearance); diff != "" {
		t.Error(diff)
	}
}
