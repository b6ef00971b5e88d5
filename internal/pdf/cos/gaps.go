package cos

import (
	"bytes"
	"cmp"
	"slices"
)

// sections explains the bytes of cross-references, trailers and ends.
func (s *scan) sections(r Revision) {
	ends := []int64{r.XRef}
	if r.other != 0 {
		ends = append(ends, r.other)
	}
	for _, at := range ends {
		section, err := s.f.readSection(at, s.f.limits.Objects)
		if err != nil {
			continue // it was read before
		}
		end := section.end
		c := s.f.src.cursor(end, s.f.limits)
		c.limit = r.End
		c.skip()
		s.between(end, c.pos)                             // what stands before startxref
		if eof, err := s.f.readEnd(end, -1); err == nil { // that of a linearised file's first page may lack it
			end = eof
		}
		s.spans, s.xrefs[at] = append(s.spans, span{at, end, 0}), true
		if section.beside != 0 {
			if other, err := s.f.readSection(section.beside, s.f.limits.Objects); err == nil {
				s.spans, s.xrefs[section.beside] = append(s.spans, span{section.beside, other.end, 0}), true
			}
		}
	}
}

// gaps looks at what is between the spans: white space, and before the first object comments.
func (s *scan) gaps(r Revision) {
	slices.SortFunc(s.spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end), cmp.Compare(b.num, a.num))
	})
	at := r.Start
	for i, p := range s.spans {
		switch {
		case i > 0 && p.start == s.spans[i-1].start && p.end == s.spans[i-1].end:
			if p.num != 0 && s.spans[i-1].num != 0 {
				s.odd(OddShared, p.start, Ref{Num: p.num}, "object %d stands there too", s.spans[i-1].num)
			}
			continue
		case p.num != 0 && p.end <= at && s.xrefs[p.start]: // a cross-reference stream is an object, too
			continue
		case p.start < at:
			s.odd(OddOverlap, p.start, Ref{Num: p.num}, "it begins inside of what stands before it")
		default:
			s.between(at, p.start)
		}
		at = max(at, p.end)
	}
	s.between(at, r.End)
}

// between wants white space and comments that no reader could take for an object.
func (s *scan) between(from, to int64) {
	c := s.f.src.cursor(from, s.f.limits)
	c.limit = to
	for {
		c.blank()
		if c.peek() != '%' || !s.harmless(c) {
			break
		}
	}
	if c.pos < to {
		s.odd(OddHidden, c.pos, Ref{}, "%d bytes up to the next object", to-c.pos)
	}
}

// harmless passes a comment; one that has the keywords of a file's structure inside is not passed.
func (s *scan) harmless(c *cursor) bool {
	const longest = 1024
	start := c.pos
	var line []byte
	for b := c.peek(); b >= 0 && b != '\n' && b != '\r'; b = c.peek() {
		if line = append(line, byte(b)); len(line) > longest {
			c.pos = start
			return false
		}
		c.pos++
	}
	for _, word := range []string{"obj", "endstream", "xref", "trailer", "%EOF"} {
		for at := bytes.Index(line, []byte(word)); at >= 0 && at < len(line); {
			end := at + len(word)
			if end == len(line) || !isRegular(int(line[end])) { // "object" is no keyword
				c.pos = start
				return false
			}
			next := bytes.Index(line[end:], []byte(word))
			if next < 0 {
				break
			}
			at = end + next
		}
	}
	return true
}
