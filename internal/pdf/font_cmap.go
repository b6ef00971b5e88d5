package pdf

import (
	"fmt"
	"unicode/utf16"
)

// Limits of a character map, against tables whose small ranges claim millions of characters.
const (
	maxCmapTables = 64
	maxCmapGroups = 0x20000
	maxChars      = 0x30000 // more than twice what one font can have glyphs for
)

// parseCmap reads the best Unicode subtable: format 12 before format 4.
func parseCmap(b []byte, glyphs int) (map[rune]uint16, error) {
	n := u16(b, 2)
	if n > maxCmapTables || len(b) < 4+8*n {
		return nil, fmt.Errorf("%w: %d character maps", ErrFont, n)
	}
	var best []byte
	for i := range n {
		platform, encoding, off := u16(b, 4+8*i), u16(b, 6+8*i), u32(b, 8+8*i)
		if platform != 0 && (platform != 3 || encoding != 1 && encoding != 10) || uint64(off)+2 > uint64(len(b)) {
			continue
		}
		format := u16(b, int(off))
		if format == 12 || format == 4 && best == nil {
			best = b[off:]
		}
	}
	if best == nil {
		return nil, fmt.Errorf("%w: no Unicode character map of format 4 or 12", ErrFont)
	}
	if u16(best, 0) == 12 {
		return parseCmap12(best, glyphs)
	}
	return parseCmap4(best, glyphs)
}

// parseCmap12 reads segmented coverage (ISO/IEC 14496-22, 5.2.1.3.7).
func parseCmap12(b []byte, glyphs int) (map[rune]uint16, error) {
	if len(b) < 16 {
		return nil, fmt.Errorf("%w: character map is cut off", ErrFont)
	}
	n := int(u32(b, 12))
	if n > maxCmapGroups || len(b) < 16+12*n {
		return nil, fmt.Errorf("%w: %d groups in the character map", ErrFont, n)
	}
	chars := make(map[rune]uint16, min(glyphs+glyphs/8, maxChars))
	for i := range n {
		first, last, glyph := u32(b, 16+12*i), u32(b, 20+12*i), u32(b, 24+12*i)
		if last < first || last > 0x10FFFF || len(chars)+int(last-first) >= maxChars || uint64(glyph)+uint64(last-first) >= uint64(glyphs) {
			return nil, fmt.Errorf("%w: character group %d (U+%04X to U+%04X)", ErrFont, i, first, last)
		}
		for c := first; c <= last; c++ {
			if g := glyph + c - first; g != 0 && !utf16.IsSurrogate(rune(c)) {
				chars[rune(c)] = uint16(g)
			}
		}
	}
	return chars, nil
}

// parseCmap4 reads segment mapping to delta values (ISO/IEC 14496-22, 5.2.1.3.3).
func parseCmap4(b []byte, glyphs int) (map[rune]uint16, error) {
	if len(b) < 16 {
		return nil, fmt.Errorf("%w: character map is cut off", ErrFont)
	}
	segments := u16(b, 6) / 2
	if len(b) < 16+8*segments {
		return nil, fmt.Errorf("%w: %d segments in the character map", ErrFont, segments)
	}
	ends, starts := 14, 16+2*segments
	deltas, offsets := starts+2*segments, starts+4*segments
	chars := make(map[rune]uint16)
	for i := range segments {
		first, last := u16(b, starts+2*i), u16(b, ends+2*i)
		delta, offset := u16(b, deltas+2*i), u16(b, offsets+2*i)
		if last < first || len(chars)+last-first >= maxChars {
			return nil, fmt.Errorf("%w: character segment %d (U+%04X to U+%04X)", ErrFont, i, first, last)
		}
		for c := first; c <= last && c != 0xFFFF; c++ {
			g := c
			if offset != 0 {
				at := offsets + 2*i + offset + 2*(c-first)
				if at+2 > len(b) {
					return nil, fmt.Errorf("%w: character segment %d points outside the map", ErrFont, i)
				}
				if g = u16(b, at); g == 0 {
					continue
				}
			}
			g = (g + delta) & 0xFFFF
			if g >= glyphs {
				return nil, fmt.Errorf("%w: U+%04X has glyph %d of %d", ErrFont, c, g, glyphs)
			}
			if g != 0 && !utf16.IsSurrogate(rune(c)) {
				chars[rune(c)] = uint16(g)
			}
		}
	}
	return chars, nil
}

// postScriptName reads name 6, Windows Unicode English; what a PDF name cannot hold is left out.
func postScriptName(b []byte) string {
	const fallback = "Embedded"
	if len(b) < 6 {
		return fallback
	}
	strings := u16(b, 4)
	for i := range u16(b, 2) {
		if len(b) < 6+12*(i+1) {
			return fallback
		}
		rec := b[6+12*i:]
		if u16(rec, 0) != 3 || u16(rec, 6) != 6 {
			continue
		}
		size, off := u16(rec, 8), strings+u16(rec, 10)
		if size > 126 || off+size > len(b) {
			return fallback
		}
		var name []byte
		for j := off; j+1 < off+size; j += 2 {
			if c := b[j+1]; b[j] == 0 && plainNameByte(c) {
				name = append(name, c)
			}
		}
		if len(name) > 0 {
			return string(name)
		}
	}
	return fallback
}
