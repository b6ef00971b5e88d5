package pdf

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"
)

// encoded is a paletted PNG of 16 shades by the standard library's encoder.
func encoded(t *testing.T, shade func(i int) color.NRGBA) []byte {
	t.Helper()
	palette := make(color.Palette, 16)
	for i := range palette {
		palette[i] = shade(i)
	}
	img := image.NewPaletted(image.Rect(0, 0, 33, 20), palette)
	for i := range img.Pix {
		img.Pix[i] = uint8(i * 7 % 16)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPictureOfOneInkPassesWithItsOwnData(t *testing.T) {
	for what, c := range map[string]struct {
		shade func(i int) color.NRGBA
		ink   bool
	}{
		"even shades":   {func(i int) color.NRGBA { return color.NRGBA{200, 16, 46, uint8(i * 17)} }, true},
		"uneven shades": {func(i int) color.NRGBA { return color.NRGBA{200, 16, 46, uint8(i * i)} }, false},
		"two inks":      {func(i int) color.NRGBA { return color.NRGBA{200, uint8(i), 46, uint8(i * 17)} }, false},
		"opaque":        {func(i int) color.NRGBA { return color.NRGBA{200, 16, 46, 255} }, false},
	} {
		var z deflater
		p, err := encodePicture(encoded(t, c.shade), &z)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.mask != nil && p.mask.dict.get("DecodeParms") != nil; got != c.ink {
			t.Errorf("%s: passed as it stands: %v, want %v", what, got, c.ink)
		}
		if what == "opaque" && p.mask != nil {
			t.Error("an opaque picture has a mask")
		}
	}
}

func TestDeflatedZerosInflateToZeros(t *testing.T) {
	for _, n := range []int{0, 1, 2, 257, 258, 259, 260, 517, 31_500, 65_520, 65_521, 65_522, 2_880_000} {
		got, err := inflate(deflatedZeros(n), int64(n))
		if err != nil {
			t.Fatalf("%d: %v", n, err)
		}
		if !bytes.Equal(got, make([]byte, n)) {
			t.Errorf("%d zeros come back as %d bytes", n, len(got))
		}
	}
}
