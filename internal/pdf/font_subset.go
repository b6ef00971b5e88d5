package pdf

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
)

// maxSubset is the number of characters of one document's font: each has a CID of two bytes, and room must be left for
// the components of composite glyphs.
const maxSubset = 40_000

// subset collects the characters that a document uses. Every character gets its own CID, in the order of first use, even
// where two characters share a glyph: so the text extracts as it was written. In the subset font the CID is the glyph
// number, which makes /CIDToGIDMap /Identity true.
type subset struct {
	font  *Font
	cids  map[rune]uint16
	chars []rune // chars[i] has CID i+1; 0 is .notdef
}

func newSubset(f *Font) *subset { return &subset{font: f, cids: make(map[rune]uint16)} }

// cid returns the CID of r, or false if the font cannot draw it or the subset is full.
func (s *subset) cid(r rune) (uint16, bool) {
	if cid, ok := s.cids[r]; ok {
		return cid, true
	}
	if len(s.chars) >= maxSubset || !s.font.drawable(r) {
		return 0, false
	}
	s.chars = append(s.chars, r)
	cid := uint16(len(s.chars))
	s.cids[r] = cid
	return cid, true
}

// name is the PostScript name with its subset tag (ISO 32000-1, 9.6.4): six letters drawn from the characters in use.
func (s *subset) name() string {
	h := fnv.New64a()
	for _, r := range s.chars {
		_ = binary.Write(h, binary.BigEndian, r) // a hash takes everything
	}
	sum, tag := h.Sum64(), make([]byte, 6)
	for i := range tag {
		tag[i] = 'A' + byte(sum%26)
		sum /= 26
	}
	return string(tag) + "+" + s.font.name
}

// widths is the /W array (ISO 32000-1, 9.7.4.3), in thousandths of an em, of the glyphs that are not one em wide.
func (s *subset) widths() array {
	var w array
	var run array
	var first int
	flush := func() {
		if len(run) > 0 {
			w = append(w, integer(first), run)
		}
		run = nil
	}
	for i, r := range s.chars {
		width, _ := s.font.advance(s.font.chars[r])
		if m := s.font.milli(width); m != 1000 {
			if len(run) == 0 {
				first = i + 1
			}
			run = append(run, integer(m))
		} else {
			flush()
		}
	}
	flush()
	return w
}

// glyphs lists the glyphs of the subset by new number: .notdef, those of the characters, then what composites need.
func (s *subset) glyphs() (list []uint16, renumber map[uint16]uint16, err error) {
	list = make([]uint16, 1, len(s.chars)+16)
	renumber = make(map[uint16]uint16, len(s.chars)+16)
	renumber[0] = 0
	for _, r := range s.chars {
		g := s.font.chars[r]
		if _, ok := renumber[g]; !ok {
			renumber[g] = uint16(len(list))
		}
		list = append(list, g)
	}
	for i := 0; i < len(list); i++ { // grows: components of components
		parts, err := s.font.parts(list[i])
		if err != nil {
			return nil, nil, err
		}
		for _, p := range parts {
			if _, ok := renumber[p.glyph]; ok {
				continue
			}
			if len(list) == maxFontGlyphs {
				return nil, nil, fmt.Errorf("%w: too many components", ErrFont)
			}
			renumber[p.glyph] = uint16(len(list))
			list = append(list, p.glyph)
		}
	}
	return list, renumber, nil
}

// file writes the subset as a TrueType font with the tables that ISO 32000-1, 9.9 wants of a CIDFontType2.
func (s *subset) file() ([]byte, error) {
	list, renumber, err := s.glyphs()
	if err != nil {
		return nil, err
	}
	size := 0
	for _, g := range list {
		size += len(s.font.outline(g)) + 3
	}
	glyf := make([]byte, 0, size)
	loca := make([]byte, 0, 4*len(list)+4)
	hmtx := make([]byte, 0, 4*len(list))
	for _, g := range list {
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
		from := len(glyf)
		glyf = append(glyf, s.font.outline(g)...)
		parts, err := s.font.parts(g)
		if err != nil {
			return nil, err
		}
		for _, p := range parts {
			binary.BigEndian.PutUint16(glyf[from+p.at:], renumber[p.glyph])
		}
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
		width, bearing := s.font.advance(g)
		hmtx = binary.BigEndian.AppendUint16(hmtx, uint16(width))
		hmtx = binary.BigEndian.AppendUint16(hmtx, uint16(bearing))
	}
	loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
	head, hhea, maxp := clone(s.font.head[:54]), clone(s.font.hhea[:36]), clone(s.font.maxp)
	binary.BigEndian.PutUint32(head[8:], 0)  // checkSumAdjustment, set below
	binary.BigEndian.PutUint16(head[50:], 1) // long loca
	binary.BigEndian.PutUint16(hhea[34:], uint16(len(list)))
	binary.BigEndian.PutUint16(maxp[4:], uint16(len(list)))
	return assemble([]table{{"glyf", glyf}, {"head", head}, {"hhea", hhea}, {"hmtx", hmtx}, {"loca", loca}, {"maxp", maxp}}), nil
}

type table struct {
	tag  string
	data []byte
}

// assemble writes a font file; tables are in alphabetical order and include head.
func assemble(tables []table) []byte {
	size := 12 + 16*len(tables)
	for _, t := range tables {
		size += len(t.data) + 3
	}
	power, log := 1, 0
	for power*2 <= len(tables) {
		power, log = power*2, log+1
	}
	out := make([]byte, 0, size)
	out = binary.BigEndian.AppendUint32(out, 0x00010000)
	for _, v := range []int{len(tables), power * 16, log, (len(tables) - power) * 16} {
		out = binary.BigEndian.AppendUint16(out, uint16(v))
	}
	at, head := 12+16*len(tables), 0
	for _, t := range tables {
		out = append(out, t.tag...)
		out = binary.BigEndian.AppendUint32(out, checksum(t.data))
		out = binary.BigEndian.AppendUint32(out, uint32(at))
		out = binary.BigEndian.AppendUint32(out, uint32(len(t.data)))
		if t.tag == "head" {
			head = at
		}
		at += (len(t.data) + 3) &^ 3
	}
	for _, t := range tables {
		out = append(out, t.data...)
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
	}
	binary.BigEndian.PutUint32(out[head+8:], 0xB1B0AFBA-checksum(out))
	return out
}

// checksum adds up a table's words, the last one padded with zeros (ISO/IEC 14496-22, 4.5.1).
func checksum(b []byte) uint32 {
	var sum uint32
	for ; len(b) >= 4; b = b[4:] {
		sum += binary.BigEndian.Uint32(b)
	}
	var last [4]byte
	copy(last[:], b)
	return sum + binary.BigEndian.Uint32(last[:])
}

func clone(b []byte) []byte { return append([]byte(nil), b...) }
