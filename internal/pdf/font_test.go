package pdf_test

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"yinzheng/internal/pdf"
)

func serif(t testing.TB) *pdf.Font {
	t.Helper()
	f, err := pdf.Serif()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestSerifHasTheCharactersOfNames(t *testing.T) {
	if missing := serif(t).Missing(prose + rare + "，。、《》（）“”·—…０９ＡＺ①㎡℃№¥　 abcXYZ0189"); len(missing) > 0 {
		t.Errorf("missing %q", missing)
	}
}

func TestMissingNamesEachCharacterOnce(t *testing.T) {
	got := serif(t).Missing("张\U00020BB7三\U00020BB7\n\u200b\u00a0\xff\ue000")
	want := []rune{0x20BB7, '\n', 0x200B, 0xA0, 0xFFFD, 0xE000}
	if !slices.Equal(got, want) {
		t.Errorf("missing %q, want %q", got, want)
	}
}

func TestWidthIsTheSumOfAdvances(t *testing.T) {
	f := serif(t)
	if got := f.Width(10, "天地玄黄"); got != 40 {
		t.Errorf("four ideographs of 10 points are %g points wide, want 40", got)
	}
	if got, want := f.Width(10, "Wi"), f.Width(10, "W")+f.Width(10, "i"); math.Abs(got-want) > 1e-9 || got >= 20 {
		t.Errorf("Wi is %g wide, W and i %g", got, want)
	}
}

// TestOutlinesAreThoseOfAnotherParser compares every 37th character's path and width with golang.org/x/image.
func TestOutlinesAreThoseOfAnotherParser(t *testing.T) {
	ours, err := pdf.ParseFont(pdf.SerifTTF())
	if err != nil {
		t.Fatal(err)
	}
	other, err := sfnt.Parse(pdf.SerifTTF())
	if err != nil {
		t.Fatal(err)
	}
	var buf sfnt.Buffer
	ppem := fixed.I(1000) // the font has 1000 units per em, so that coordinates come as they are
	compared := 0
	for r := rune(0x21); r < 0x30000; r += 37 {
		g, err := other.GlyphIndex(&buf, r)
		if err != nil {
			t.Fatal(err)
		}
		o, err := ours.Outline(r)
		if g == 0 || err != nil {
			if g == 0 != errors.Is(err, pdf.ErrGlyph) && !strings.ContainsRune("\u00a0\u00ad\u2003", r) {
				t.Errorf("U+%04X: %v, the other parser has glyph %d", r, err, g)
			}
			continue
		}
		advance, err := other.GlyphAdvance(&buf, g, ppem, font.HintingNone)
		if err != nil {
			t.Fatal(err)
		}
		if math.Round(o.Advance*1000) != float64(advance)/64 {
			t.Errorf("U+%04X: advance %g, want %g", r, o.Advance*1000, float64(advance)/64)
		}
		segments, err := other.LoadGlyph(&buf, g, ppem, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !samePath(ourPath(o), otherPath(segments)) {
			t.Errorf("U+%04X has another path", r)
		}
		compared++
	}
	if compared < 700 {
		t.Errorf("only %d characters compared", compared)
	}
}

// ourPath lists operations and coordinates in font units, rounded down.
func ourPath(o pdf.Outline) []int {
	var path []int
	for _, s := range o.Segments {
		path = append(path, int(s.Op))
		if s.Op == pdf.QuadTo {
			path = append(path, unit(s.X1), unit(s.Y1))
		}
		path = append(path, unit(s.X), unit(s.Y))
	}
	return dropClosing(path)
}

func unit(em float64) int { return int(math.Floor(em*1000 + 1e-6)) }

func otherPath(segments sfnt.Segments) []int {
	var path []int
	for _, s := range segments {
		n := map[sfnt.SegmentOp]int{sfnt.SegmentOpMoveTo: 1, sfnt.SegmentOpLineTo: 1, sfnt.SegmentOpQuadTo: 2}[s.Op]
		path = append(path, int(s.Op))
		for _, p := range s.Args[:n] {
			path = append(path, int(math.Floor(float64(p.X)/64+1e-6)), int(math.Floor(-float64(p.Y)/64+1e-6)))
		}
	}
	return dropClosing(path)
}

// dropClosing is where parsers may differ: a line back to the start need not be written.
func dropClosing(path []int) []int {
	var out, start []int
	for i := 0; i < len(path); {
		n := 3
		if path[i] == int(pdf.QuadTo) {
			n = 5
		}
		step := path[i : i+n]
		if step[0] == int(pdf.MoveTo) {
			start = step[1:]
		}
		if step[0] != int(pdf.LineTo) || !slices.Equal(step[1:], start) {
			out = append(out, step...)
		}
		i += n
	}
	return out
}

// samePath allows one unit: parsers round the implied points between control points in different directions.
func samePath(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if d := a[i] - b[i]; d < -1 || d > 1 {
			return false
		}
	}
	return true
}

func TestOutlineBoxHoldsTheShape(t *testing.T) {
	o, err := serif(t).Outline('国')
	if err != nil {
		t.Fatal(err)
	}
	if o.Advance != 1 || o.Left < 0 || o.Right > 1 || o.Bottom < -0.2 || o.Top > 1 || o.Right-o.Left < 0.6 || len(o.Segments) < 20 {
		t.Errorf("advance %g, box %g %g %g %g, %d segments", o.Advance, o.Left, o.Bottom, o.Right, o.Top, len(o.Segments))
	}
	if space, err := serif(t).Outline(' '); err != nil || len(space.Segments) != 0 || space.Advance <= 0 {
		t.Errorf("space: %v, %v", space, err)
	}
}

func TestSubsetIsAFontWithTheSameShapes(t *testing.T) {
	f := serif(t)
	const s = "Åé" + rare + "示例" // Latin letters with accents are composites in many fonts
	sub, err := f.SubsetFor(s)
	if err != nil {
		t.Fatal(err)
	}
	other, err := sfnt.Parse(pdf.WithCmap(sub))
	if err != nil {
		t.Fatalf("the subset is not a font: %v", err)
	}
	if got, want := other.NumGlyphs(), len([]rune(s))+1; got < want {
		t.Errorf("%d glyphs, want at least %d", got, want)
	}
	var buf sfnt.Buffer
	for i, r := range []rune(s) {
		o, err := f.Outline(r)
		if err != nil {
			t.Fatal(err)
		}
		segments, err := other.LoadGlyph(&buf, sfnt.GlyphIndex(i+1), fixed.I(1000), nil)
		if err != nil {
			t.Fatal(err)
		}
		if !samePath(ourPath(o), otherPath(segments)) {
			t.Errorf("%c has another shape in the subset", r)
		}
	}
}

func TestWrapKeepsMarksAndWordsTogether(t *testing.T) {
	f := serif(t)
	for _, c := range []struct {
		width float64
		in    string
		want  []string
	}{
		{40, "天地玄黄宇宙", []string{"天地玄黄", "宇宙"}},
		{40, "天地玄黄，宇宙", []string{"天地玄", "黄，宇宙"}},
		{40, "天地玄（黄）", []string{"天地玄", "（黄）"}},
		{40, "天\n地", []string{"天", "地"}},
		{60, "The trust service", []string{"The trust", "service"}},
		{20, "一二三", []string{"一二", "三"}},
		{5, "一二", []string{"一", "二"}},
		{40, "", []string{""}},
	} {
		if got := f.Wrap(10, c.width, c.in); !slices.Equal(got, c.want) {
			t.Errorf("%q in %g: %q, want %q", c.in, c.width, got, c.want)
		}
	}
}

func TestDamagedFontIsErrFont(t *testing.T) {
	whole := pdf.SerifTTF()
	for _, b := range [][]byte{nil, []byte("OTTO\x00\x01"), whole[:11], whole[:200], whole[:len(whole)/2], bytes.Repeat([]byte{0xFF}, 400)} {
		if _, err := pdf.ParseFont(b); !errors.Is(err, pdf.ErrFont) {
			t.Errorf("%d bytes: %v, want ErrFont", len(b), err)
		}
	}
}
