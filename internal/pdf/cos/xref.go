package cos

import (
	"cmp"
	"fmt"
	"slices"
)

// section is one cross-reference section with its trailer.
type section struct {
	offset  int64
	end     int64 // behind trailer or stream object
	stream  bool
	trailer Dict
	slots   []Slot
	rows    int   // of a table
	beside  int64 // XRefStm of a hybrid file; 0 for none
}

// readRevisions follows the chain of cross-references from the end of the file.
func (f *File) readRevisions() error {
	at, err := f.start()
	if err != nil {
		return err
	}
	seen := map[int64]bool{}
	total := 0
	var chain []section // newest first
	for {
		if seen[at] {
			return malformed(at, "cross-references lead in a circle")
		}
		seen[at] = true
		if len(chain) == 2*f.limits.Revisions {
			return fmt.Errorf("%w: more than %d cross-reference sections", ErrLimit, len(chain))
		}
		s, err := f.readSection(at, f.limits.Objects-total)
		if err != nil {
			return err
		}
		if s.trailer.Get("Encrypt") != nil {
			return ErrEncrypted
		}
		total += len(s.slots)
		chain = append(chain, s)
		prev := s.trailer.Get("Prev")
		if prev == nil {
			break
		}
		n, ok := prev.(Integer)
		if !ok || n <= 0 || int64(n) >= f.src.size {
			return malformed(at, "/Prev leads nowhere")
		}
		at = int64(n)
	}
	return f.group(chain)
}

// group makes revisions of sections, which come newest first.
func (f *File) group(chain []section) error {
	for i := len(chain) - 1; i >= 0; i-- {
		s := chain[i]
		r := Revision{XRef: s.offset, Streamed: s.stream, Hybrid: s.beside != 0, Trailer: s.trailer, Slots: s.slots}
		last := s // the section that stands last
		if i == len(chain)-1 && i > 0 {
			var err error
			switch next := chain[i-1]; {
			case next.offset < s.offset:
				r, err = linearised(next, s)
				i--
			case next.besides(s):
				r, err = f.inTwoParts(s, next)
				last = next
				i--
			}
			if err != nil {
				return err
			}
		}
		eof, err := f.readEnd(last.end, r.XRef)
		if err != nil {
			return err
		}
		r.EOF, r.End = eof, f.afterEOL(eof)
		if n := len(f.revisions); n > 0 {
			r.Start = f.revisions[n-1].End
			if r.XRef < r.Start || last.beside != 0 && last.beside < r.Start {
				return malformed(r.XRef, "a cross-reference inside an earlier revision")
			}
		}
		for _, slot := range r.Slots {
			if slot.Kind == Plain && slot.Offset >= r.End {
				return malformed(r.XRef, "object %d is said to be behind the end of its revision", slot.Num)
			}
		}
		if len(f.revisions) == f.limits.Revisions {
			return fmt.Errorf("%w: more than %d revisions", ErrLimit, f.limits.Revisions)
		}
		f.revisions = append(f.revisions, r)
	}
	if end := f.revisions[len(f.revisions)-1].End; end != f.src.size {
		return malformed(end, "bytes behind the last revision")
	}
	return nil
}

// linearised makes one revision of the two sections of a linearised file (ISO 32000-1, annex F): that of the first page stands
// before the main one, to which its /Prev leads.
func linearised(first, main section) (Revision, error) {
	r := Revision{XRef: first.offset, Streamed: first.stream, Linearised: true, Trailer: first.trailer, other: main.offset}
	if r.Hybrid = main.beside != 0 || first.beside != 0; main.stream != first.stream {
		return r, malformed(first.offset, "a linearised file with cross-references of two kinds")
	}
	var err error
	r.Slots, err = merged(main.slots, first.slots)
	return r, err
}

// besides reports whether a section has no rows of its own and leads to a stream that stands before the end of the first one:
// so Microsoft Word writes hybrid files, a table for old readers with its own end, and then one that is empty.
func (s section) besides(first section) bool {
	return !s.stream && !first.stream && s.rows == 0 && first.beside == 0 && s.beside != 0 && s.beside < first.offset
}

// inTwoParts makes one revision of such a file: what its table hides as free, the stream lists.
func (f *File) inTwoParts(table, empty section) (Revision, error) {
	r := Revision{XRef: empty.offset, Hybrid: true, Trailer: empty.trailer, other: table.offset}
	if root := table.trailer.Get("Root"); root != empty.trailer.Get("Root") {
		return r, malformed(empty.offset, "two trailers that disagree about /Root")
	}
	if _, err := f.readEnd(table.end, table.offset); err != nil {
		return r, err
	}
	var err error
	r.Slots, err = revealed(table.slots, empty.slots, empty.offset)
	return r, err
}

// merged puts the slots of two sections together that list no object twice.
func merged(a, b []Slot) ([]Slot, error) {
	all := slices.Concat(a, b)
	slices.SortStableFunc(all, func(x, y Slot) int { return cmp.Compare(x.Num, y.Num) })
	for i := 1; i < len(all); i++ {
		if all[i].Num == all[i-1].Num && all[i].Num != 0 {
			return nil, malformed(all[i].Offset, "object %d is listed twice in one revision", all[i].Num)
		}
	}
	return slices.CompactFunc(all, func(x, y Slot) bool { return x.Num == y.Num }), nil
}

// readEnd wants "startxref", a number and %%EOF behind a section; want is the number, or -1 for any.
func (f *File) readEnd(at, want int64) (eof int64, err error) {
	c := f.src.cursor(at, f.limits)
	if err := c.expect("startxref"); err != nil {
		return 0, err
	}
	c.skip()
	v, err := c.number()
	if err != nil {
		return 0, err
	}
	if n, ok := v.(Integer); !ok || want >= 0 && int64(n) != want {
		return 0, malformed(at, "startxref is not the place of its own cross-reference")
	}
	c.blank()
	if !c.take("%%EOF") {
		return 0, c.wrong("%%%%EOF expected")
	}
	return c.pos, nil
}

// afterEOL passes at most one end of line.
func (f *File) afterEOL(at int64) int64 {
	c := f.src.cursor(at, f.limits)
	if !c.take("\r\n") && !c.take("\n") {
		c.take("\r")
	}
	return c.pos
}
