package pdf

import "fmt"

// Flags of a component of a composite glyph (ISO/IEC 14496-22, 5.3.3.3).
const (
	wordArgs   = 0x0001
	xyArgs     = 0x0002
	oneScale   = 0x0008
	moreParts  = 0x0020
	twoScales  = 0x0040
	fourScales = 0x0080
)

// part is one component of a composite glyph.
type part struct {
	at    int // of the glyph number, in the composite's outline
	glyph uint16
	place affine
}

// parts lists the components of a composite glyph; a simple glyph has none.
func (f *Font) parts(g uint16) ([]part, error) {
	b := f.outline(g)
	if len(b) < 10 || i16(b, 0) >= 0 {
		return nil, nil
	}
	var parts []part
	for at, more := 10, true; more; {
		if len(parts) == maxGlyphParts || at+4 > len(b) {
			return nil, fmt.Errorf("%w: glyph %d has too many components or is cut off", ErrFont, g)
		}
		flags := u16(b, at)
		more = flags&moreParts != 0
		p := part{at: at + 2, glyph: uint16(u16(b, at+2)), place: affine{a: 1, d: 1}}
		if int(p.glyph) >= f.glyphs {
			return nil, fmt.Errorf("%w: glyph %d uses glyph %d of %d", ErrFont, g, p.glyph, f.glyphs)
		}
		at += 4
		size := componentSize(flags)
		if at+size > len(b) {
			return nil, fmt.Errorf("%w: glyph %d is cut off", ErrFont, g)
		}
		p.place.read(b[at:at+size], flags)
		at += size
		parts = append(parts, p)
	}
	return parts, nil
}

// componentSize is the number of bytes after flags and glyph number.
func componentSize(flags int) int {
	size := 2
	if flags&wordArgs != 0 {
		size = 4
	}
	switch {
	case flags&oneScale != 0:
		size += 2
	case flags&twoScales != 0:
		size += 4
	case flags&fourScales != 0:
		size += 8
	}
	return size
}

// read fills in offset and scale; placing by matching points is so rare that such parts stay where they are.
func (m *affine) read(b []byte, flags int) {
	at := 2
	if flags&wordArgs != 0 {
		at = 4
	}
	if flags&xyArgs != 0 && at == 4 {
		m.e, m.f = float64(i16(b, 0)), float64(i16(b, 2))
	} else if flags&xyArgs != 0 {
		m.e, m.f = float64(int8(b[0])), float64(int8(b[1]))
	}
	scale := func(i int) float64 { return float64(i16(b, at+2*i)) / (1 << 14) }
	switch {
	case flags&oneScale != 0:
		m.a, m.d = scale(0), scale(0)
	case flags&twoScales != 0:
		m.a, m.d = scale(0), scale(1)
	case flags&fourScales != 0:
		m.a, m.b, m.c, m.d = scale(0), scale(1), scale(2), scale(3)
	}
}
