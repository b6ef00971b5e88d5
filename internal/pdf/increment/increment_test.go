package increment_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/midstate"
	"yinzheng/internal/pdf/changes"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/increment"
	"yinzheng/internal/pdf/pdftest"
	"yinzheng/internal/pdf/signature"
)

func picture(t testing.TB) *increment.Picture { return pictureOf(t, 1) }

// pictureOf is a red square whose transparency depends on seed.
func pictureOf(t testing.TB, seed int) *increment.Picture {
	t.Helper()
	p, err := increment.NewPicture(pngOf(t, seed))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func png1(t testing.TB) []byte { return pngOf(t, 1) }

func pngOf(t testing.TB, seed int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 40, 40))
	for y := range 40 {
		for x := range 40 {
			img.Set(x, y, color.NRGBA{200, 0, 0, uint8(seed * x * y % 256)})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// halves is a square that is red on the left and blue on the right.
func halves(t testing.TB) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 40, 40))
	for y := range 40 {
		for x := range 40 {
			c := color.NRGBA{255, 0, 0, 255}
			if x >= 20 {
				c = color.NRGBA{0, 0, 255, 255}
			}
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// der stands for a signature.
func der() []byte { return []byte{0x30, 3, 2, 1, 5} }

func spec(t testing.TB, places ...increment.Place) increment.Seal {
	return increment.Seal{
		Places: places, Picture: picture(t), Filter: "GM.PKILite", SubFilter: "GM.sm2seal",
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 8*3600)), SignerName: "示例单位", Reason: "办结", Reserve: 100,
	}
}

func open(t testing.TB, b []byte) *cos.File {
	t.Helper()
	f, err := cos.OpenBytes(b, cos.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// sealed applies a seal and checks everything that must hold of the result.
func sealed(t testing.TB, base []byte, s increment.Seal) []byte {
	t.Helper()
	p, err := increment.Prepare(open(t, base), s)
	if err != nil {
		t.Fatal(err)
	}
	return checked(t, base, p)
}

func checked(t testing.TB, base []byte, p *increment.Prepared) []byte {
	t.Helper()
	r := p.ByteRange()
	before := gm.Sum(append(bytes.Clone(base), p.Tail()...)[:r[1]], append(bytes.Clone(base), p.Tail()...)[r[2]:])
	h := midstate.NewSM3()
	h.Write(base)
	state, err := h.State()
	if err != nil {
		t.Fatal(err)
	}
	for _, known := range []midstate.State{{}, state} {
		if got, err := p.Digest(signature.SM3, known); err != nil || gm.Digest(got) != before {
			t.Errorf("digest %x, %v, want %s", got, err, before)
		}
	}
	tail, err := p.Complete(der())
	if err != nil {
		t.Fatal(err)
	}
	out := append(bytes.Clone(base), tail...)
	f := open(t, out)
	if n := len(open(t, base).Revisions()); len(f.Revisions()) != n+1 {
		t.Errorf("%d revisions behind %d", len(f.Revisions()), n)
	}
	for _, o := range f.Oddities() {
		if o.Revision == len(f.Revisions())-1 {
			t.Errorf("oddity %+v", o)
		}
	}
	return out
}

func TestAnyPDFIsSealedAndReadBack(t *testing.T) {
	for _, file := range pdftest.Files() {
		t.Run(file.Name, func(t *testing.T) {
			base := file.Bytes
			for i := range 3 {
				s := spec(t, increment.Place{Field: fmt.Sprint("Seal", i+1), Page: 1, Rect: [4]float64{20 + 50*float64(i), 20, 60 + 50*float64(i), 60}})
				if i == 0 {
					s.Certify = 2
				}
				base = sealed(t, base, s)
			}
			f := open(t, base)
			set, err := signature.Find(f)
			if err != nil {
				t.Fatal(err)
			}
			if len(set.Signatures) != 3 || len(set.Problems) != 0 {
				t.Fatalf("%d signatures, problems %v", len(set.Signatures), set.Problems)
			}
			for i, s := range set.Signatures {
				if len(s.Problems) != 0 || !s.CoversRevision || s.CoversFile != (i == 2) || s.SignerName != "示例单位" || !bytes.Equal(s.Contents, der()) {
					t.Errorf("signature %d: %+v", i, s)
				}
				if len(s.Fields) != 1 || s.Fields[0].Appearance.Picture.IsZero() || s.Fields[0].Page != 1 {
					t.Errorf("signature %d has fields %+v", i, s.Fields)
				}
			}
			steps, err := changes.Steps(f, set)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range steps[len(steps)-3:] {
				if s.Level > changes.Signing {
					t.Errorf("revision %d is of level %v: %+v", s.Revision, s.Level, s.Changes)
				}
			}
		})
	}
}

func TestASealRidesPagesWithOneSignature(t *testing.T) {
	for _, file := range pdftest.Files() {
		pages, err := open(t, file.Bytes).Latest().Pages()
		if err != nil {
			t.Fatal(err)
		}
		if len(pages) < 3 {
			continue
		}
		var places []increment.Place
		for i := range 3 {
			box := pages[i].CropBox
			places = append(places, increment.Place{Field: fmt.Sprint("Edge", i+1), Page: i + 1,
				Rect: [4]float64{box[2] - 10, 50, box[2], 80}, Part: [4]float64{float64(i) / 3, 0, float64(i+1) / 3, 1}})
		}
		out := sealed(t, file.Bytes, spec(t, places...))
		set, err := signature.Find(open(t, out))
		if err != nil {
			t.Fatal(err)
		}
		if len(set.Signatures) != 1 || len(set.Signatures[0].Fields) != 3 || len(set.Signatures[0].Problems) != 0 {
			t.Errorf("%s: %+v", file.Name, set.Signatures)
			continue
		}
		for i, field := range set.Signatures[0].Fields {
			part := field.Appearance.Part
			if field.Page != i+1 || part[0] < float64(i)/3-.01 || part[2] > float64(i+1)/3+.01 {
				t.Errorf("%s: field %d on page %d shows %v", file.Name, i, field.Page, part)
			}
		}
	}
}

func TestTheSameIsWrittenTwice(t *testing.T) {
	base := pdftest.Files()[0].Bytes
	place := increment.Place{Field: "Seal1", Page: 1, Rect: [4]float64{10, 10, 50, 50}}
	a, b := sealed(t, base, spec(t, place)), sealed(t, base, spec(t, place))
	if sha256.Sum256(a) != sha256.Sum256(b) {
		t.Error("two files")
	}
}

// appended is a file with one seal more.
func appended(t testing.TB, base []byte, s increment.Seal) []byte {
	t.Helper()
	p, err := increment.Prepare(open(t, base), s)
	if err != nil {
		t.Fatal(err)
	}
	tail, err := p.Complete(der())
	if err != nil {
		t.Fatal(err)
	}
	return append(bytes.Clone(base), tail...)
}
