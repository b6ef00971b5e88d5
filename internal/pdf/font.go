package pdf

import (
	"errors"
	"fmt"
	"math"
	"unicode"
)

// Limits of a font. They are far above any Chinese font and far below what would hurt.
const (
	maxFontBytes  = 64 << 20 // Noto Serif SC has 14 MB
	maxFontGlyphs = 0xFFFF   // the format's own limit
	maxGlyphDepth = 6        // composites of composites; real fonts nest once
	maxGlyphParts = 64       // components of one composite glyph, with those inside them
)

// ErrFont means that a font cannot be used: not TrueType outlines, or damaged.
var ErrFont = errors.New("pdf: font cannot be used")

// Font is a TrueType font (tables cmap, glyf, head, hhea, hmtx, loca, maxp; ISO/IEC 14496-22). It is immutable and may be
// used by any number of goroutines.
type Font struct {
	name       string // PostScript name
	unitsPerEm int
	box        [4]int // of all glyphs, font units
	ascent     int
	descent    int
	capHeight  int
	glyphs     int
	widths     int // number of full records in hmtx
	longLoca   bool
	chars      map[rune]uint16
	glyf       []byte
	loca       []byte
	hmtx       []byte
	head       []byte
	hhea       []byte
	maxp       []byte
}

// ParseFont reads a TrueType font file; ttf must not change afterwards. It fails with ErrFont.
func ParseFont(ttf []byte) (*Font, error) {
	tables, err := fontTables(ttf)
	if err != nil {
		return nil, err
	}
	f := &Font{glyf: tables["glyf"], loca: tables["loca"], hmtx: tables["hmtx"],
		head: tables["head"], hhea: tables["hhea"], maxp: tables["maxp"]}
	if err := f.parseMetrics(); err != nil {
		return nil, err
	}
	f.capHeight = f.ascent
	if os2 := tables["OS/2"]; len(os2) >= 90 && u16(os2, 0) >= 2 {
		f.capHeight = i16(os2, 88)
	}
	f.name = postScriptName(tables["name"])
	if f.chars, err = parseCmap(tables["cmap"], f.glyphs); err != nil {
		return nil, err
	}
	return f, nil
}

// fontTables finds the tables by the directory at the start of the file.
func fontTables(ttf []byte) (map[string][]byte, error) {
	if len(ttf) < 12 || len(ttf) > maxFontBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrFont, len(ttf))
	}
	if v := u32(ttf, 0); v != 0x00010000 && v != 0x74727565 {
		return nil, fmt.Errorf("%w: not TrueType outlines (version %08x)", ErrFont, v)
	}
	n := u16(ttf, 4)
	if len(ttf) < 12+16*n {
		return nil, fmt.Errorf("%w: table directory is cut off", ErrFont)
	}
	tables := make(map[string][]byte, n)
	for i := range n {
		rec := ttf[12+16*i:]
		tag, off, size := string(rec[:4]), uint64(u32(rec, 8)), uint64(u32(rec, 12))
		if off+size > uint64(len(ttf)) {
			return nil, fmt.Errorf("%w: table %q is outside the file", ErrFont, tag)
		}
		if _, twice := tables[tag]; twice {
			return nil, fmt.Errorf("%w: table %q twice", ErrFont, tag)
		}
		tables[tag] = ttf[off : off+size : off+size]
	}
	for _, t := range []struct {
		tag  string
		size int
	}{{"head", 54}, {"hhea", 36}, {"maxp", 6}, {"hmtx", 4}, {"loca", 4}, {"cmap", 4}, {"glyf", 0}} {
		if b, ok := tables[t.tag]; !ok || len(b) < t.size {
			return nil, fmt.Errorf("%w: table %q is missing or short", ErrFont, t.tag)
		}
	}
	return tables, nil
}

// parseMetrics reads head, hhea, maxp and checks the sizes of hmtx and loca, so that look-ups need no checks.
func (f *Font) parseMetrics() error {
	f.unitsPerEm = u16(f.head, 18)
	if f.unitsPerEm < 16 || f.unitsPerEm > 16384 {
		return fmt.Errorf("%w: %d units per em", ErrFont, f.unitsPerEm)
	}
	for i := range f.box {
		f.box[i] = i16(f.head, 36+2*i)
	}
	f.longLoca = u16(f.head, 50) == 1
	f.ascent, f.descent = i16(f.hhea, 4), i16(f.hhea, 6)
	f.glyphs, f.widths = u16(f.maxp, 4), u16(f.hhea, 34)
	if f.glyphs < 1 || f.glyphs > maxFontGlyphs || f.widths < 1 || f.widths > f.glyphs {
		return fmt.Errorf("%w: %d glyphs, %d widths", ErrFont, f.glyphs, f.widths)
	}
	if len(f.hmtx) < 4*f.widths+2*(f.glyphs-f.widths) {
		return fmt.Errorf("%w: table \"hmtx\" is short", ErrFont)
	}
	entry := 2
	if f.longLoca {
		entry = 4
	}
	if len(f.loca) < entry*(f.glyphs+1) {
		return fmt.Errorf("%w: table \"loca\" is short", ErrFont)
	}
	last := 0
	for g := range f.glyphs + 1 {
		at := f.offset(g)
		if at < last || at > len(f.glyf) {
			return fmt.Errorf("%w: glyph %d is outside table \"glyf\"", ErrFont, g)
		}
		last = at
	}
	return nil
}

// offset is where glyph g starts in glyf; g may be the number of glyphs, for the end of the last one.
func (f *Font) offset(g int) int {
	if f.longLoca {
		return int(u32(f.loca, 4*g))
	}
	return 2 * u16(f.loca, 2*g)
}

// outline is the glyf entry of glyph g: empty for a space.
func (f *Font) outline(g uint16) []byte { return f.glyf[f.offset(int(g)):f.offset(int(g)+1)] }

// advance is the width of glyph g in font units, bearing its left side bearing.
func (f *Font) advance(g uint16) (width, bearing int) {
	if int(g) < f.widths {
		return u16(f.hmtx, 4*int(g)), i16(f.hmtx, 4*int(g)+2)
	}
	return u16(f.hmtx, 4*(f.widths-1)), i16(f.hmtx, 4*f.widths+2*(int(g)-f.widths))
}

// milli turns font units into thousandths of an em, rounded.
func (f *Font) milli(units int) int64 {
	return int64(math.Round(float64(units) * 1000 / float64(f.unitsPerEm)))
}

// drawable reports whether the font has a shape for r. The replacement character stands for broken UTF-8 and is refused,
// so that damage is never printed; of the spaces only U+0020 and U+3000 are taken, of the invisible characters none.
func (f *Font) drawable(r rune) bool {
	return f.chars[r] != 0 && r != unicode.ReplacementChar && (r == ' ' || r == '\u3000' || !unicode.In(r, unicode.C, unicode.Z))
}

// Missing returns the characters of s that the font cannot draw, each once, in the order of s. Control characters,
// and bytes that are not UTF-8 (as U+FFFD), are missing too.
func (f *Font) Missing(s string) []rune {
	var missing []rune
	seen := make(map[rune]bool)
	for _, r := range s {
		if !f.drawable(r) && !seen[r] {
			seen[r] = true
			missing = append(missing, r)
		}
	}
	return missing
}

// Width is the length in points (1/72 inch) of s set in the given size in points, without extra spacing. Characters that
// the font lacks count nothing: see Missing.
func (f *Font) Width(size float64, s string) float64 {
	units := 0
	for _, r := range s {
		if g, ok := f.chars[r]; ok {
			w, _ := f.advance(g)
			units += w
		}
	}
	return size * float64(units) / float64(f.unitsPerEm)
}

func u16(b []byte, at int) int    { return int(b[at])<<8 | int(b[at+1]) }
func i16(b []byte, at int) int    { return int(int16(u16(b, at))) }
func u32(b []byte, at int) uint32 { return uint32(u16(b, at))<<16 | uint32(u16(b, at+2)) }
