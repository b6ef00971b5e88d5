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

// group makes revisions of sections, which come newest first. Those of a linearised file are two sections: that of the first page
// stands before the main one, to which its /Prev leads.
func (f *File) group(chain []section) error {
	for i := len(chain) - 1; i >= 0; i-- {
		s := chain[i]
		r := Revision{XRef: s.offset, Streamed: s.stream, Hybrid: s.beside != 0, Trailer: s.trailer, Slots: s.slots}
		last := s // the section that stands last
		if i == len(chain)-1 && i > 0 && chain[i-1].offset < s.offset {
			first := chain[i-1]
			i--
			r = Revision{XRef: first.offset, Streamed: first.stream, Linearised: true, Trailer: first.trailer}
			var err error
			if r.Slots, err = merged(s.slots, first.slots); err != nil {
				return err
			}
			if r.Hybrid = s.beside != 0 || first.beside != 0; s.stream != first.stream {
				return malformed(first.offset, "a linearised file with cross-references of two kinds")
			}
		}
		eof, err := f.readEnd(last.end, r.XRef)
		if err != nil {
			return err
		}
		r.EOF, r.End = eof, f.afterEOL(eof)
		if n := len(f.revisions); n > 0 {
			r.Start = f.revisions[n-1].End
			if r.XRef < r.Start {
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
	for b := c.peek(); b >= 0 && isSpace(b); b = c.peek() {
		c.pos++
	}
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

// readSection reads the table or stream at an offset, with at most so many entries.
func (f *File) readSection(at int64, most int) (section, error) {
	c := f.src.cursor(at, f.limits)
	if c.take("xref") {
		return f.readTable(c, at, most)
	}
	return f.readStream(c, at, most)
}

// readTable reads a classic table and its trailer (ISO 32000-1, 7.5.4 and 7.5.5).
func (f *File) readTable(c *cursor, at int64, most int) (section, error) {
	s := section{offset: at}
	for {
		c.skip()
		if c.take("trailer") {
			break
		}
		first, err := c.natural("number of the first object")
		if err != nil {
			return s, err
		}
		c.skip()
		count, err := c.natural("number of entries")
		if err != nil {
			return s, err
		}
		if first+count > maxNumber+1 || count > int64(most-len(s.slots)) {
			return s, fmt.Errorf("%w: more than %d objects", ErrLimit, f.limits.Objects)
		}
		if err := c.rows(&s, int(first), int(count)); err != nil {
			return s, err
		}
	}
	v, err := c.value(0)
	if err != nil {
		return s, err
	}
	d, ok := v.(Dict)
	if !ok || c.twice != nil {
		return s, malformed(at, "trailer is not a dictionary, or has a key twice")
	}
	s.trailer, s.end = d, c.pos
	if err := sorted(s.slots, at); err != nil {
		return s, err
	}
	slices.SortFunc(s.slots, func(x, y Slot) int { return cmp.Compare(x.Num, y.Num) })
	if beside := d.Get("XRefStm"); beside != nil {
		return s, f.readBeside(&s, beside, most)
	}
	return s, nil
}

// natural reads a whole number without a sign.
func (c *cursor) natural(what string) (int64, error) {
	c.skip()
	at := c.pos
	v, err := c.number()
	n, ok := v.(Integer)
	if err != nil || !ok || n < 0 {
		return 0, malformed(at, "%s expected", what)
	}
	return int64(n), nil
}

// rows reads entries of twenty bytes each.
func (c *cursor) rows(s *section, first, count int) error {
	for b := c.peek(); b == ' '; b = c.peek() {
		c.pos++
	}
	if !c.take("\r\n") && !c.take("\n") && !c.take("\r") {
		return c.wrong("end of line expected")
	}
	for i := range count {
		var row [20]byte
		for k := range row {
			b := c.next()
			if b < 0 {
				return c.wrong("the table is cut off")
			}
			row[k] = byte(b)
		}
		offset, ok := digits(row[:10])
		gen, ok2 := digits(row[11:16])
		eol := string(row[18:])
		if !ok || !ok2 || row[10] != ' ' || row[16] != ' ' || row[17] != 'n' && row[17] != 'f' || eol != " \n" && eol != " \r" && eol != "\r\n" || gen > maxGeneration {
			c.pos -= int64(len(row))
			return c.wrong("an entry that is not of the one form")
		}
		slot := Slot{Num: first + i, Gen: int(gen)}
		if row[17] == 'n' {
			slot.Kind, slot.Offset = Plain, offset
			if offset == 0 || slot.Num == 0 {
				return c.wrong("object %d at byte %d", slot.Num, offset)
			}
		}
		s.slots = append(s.slots, slot)
	}
	return nil
}

func digits(b []byte) (n int64, ok bool) {
	for _, d := range b {
		if d < '0' || d > '9' {
			return 0, false
		}
		n = n*10 + int64(d-'0')
	}
	return n, true
}

// sorted refuses a section that lists an object twice.
func sorted(slots []Slot, at int64) error {
	nums := make(map[int]bool, len(slots))
	for _, s := range slots {
		if nums[s.Num] {
			return malformed(at, "object %d is listed twice", s.Num)
		}
		nums[s.Num] = true
	}
	return nil
}

// readBeside reads the stream of a hybrid file (ISO 32000-1, 7.5.8.4): what the table hides as free, it lists.
func (f *File) readBeside(s *section, v Value, most int) error {
	n, ok := v.(Integer)
	if !ok || n <= 0 || int64(n) >= s.offset {
		return malformed(s.offset, "/XRefStm leads nowhere")
	}
	other, err := f.readStream(f.src.cursor(int64(n), f.limits), int64(n), most-len(s.slots))
	if err != nil {
		return err
	}
	s.beside = int64(n)
	for _, slot := range other.slots {
		i, there := slices.BinarySearchFunc(s.slots, slot.Num, func(x Slot, num int) int { return cmp.Compare(x.Num, num) })
		switch {
		case !there:
			s.slots = slices.Insert(s.slots, i, slot)
		case s.slots[i].Kind == Free && slot.Kind != Free:
			s.slots[i] = slot
		case slot.Kind != Free && s.slots[i] != slot:
			return malformed(s.offset, "table and stream disagree about object %d", slot.Num)
		}
	}
	return nil
}

// readStream reads a cross-reference stream (ISO 32000-1, 7.5.8).
func (f *File) readStream(c *cursor, at int64, most int) (section, error) {
	s := section{offset: at, stream: true}
	_, v, err := c.object(func(Ref) (Value, error) { return nil, malformed(at, "a cross-reference whose /Length is elsewhere") })
	if err != nil {
		return s, err
	}
	stream, ok := v.(Stream)
	if !ok || stream.Dict.Get("Type") != Name("XRef") || c.twice != nil {
		return s, malformed(at, "no cross-reference here")
	}
	s.trailer, s.end = stream.Dict, c.pos
	widths, index, size, err := shape(stream.Dict, at)
	if err != nil {
		return s, err
	}
	total := int64(0)
	for i := 1; i < len(index); i += 2 {
		total += index[i]
	}
	row := int64(widths[0] + widths[1] + widths[2])
	if total > int64(most) || size > maxNumber+1 {
		return s, fmt.Errorf("%w: more than %d objects", ErrLimit, f.limits.Objects)
	}
	data, err := f.Decode(stream, total*row)
	if err != nil {
		return s, err
	}
	if int64(len(data)) != total*row {
		return s, malformed(at, "a cross-reference of %d bytes, %d expected", len(data), total*row)
	}
	for i := 0; i < len(index); i += 2 {
		for k := range index[i+1] {
			slot, err := entry(data[:row], widths, int(index[i]+k), at)
			if err != nil {
				return s, err
			}
			data = data[row:]
			if slot.Num >= 0 {
				s.slots = append(s.slots, slot)
			}
		}
	}
	if err := sorted(s.slots, at); err != nil {
		return s, err
	}
	slices.SortFunc(s.slots, func(x, y Slot) int { return cmp.Compare(x.Num, y.Num) })
	return s, nil
}

// shape reads /W, /Index and /Size.
func shape(d Dict, at int64) (widths [3]int, index []int64, size int64, err error) {
	n, ok := d.Get("Size").(Integer)
	w, ok2 := d.Get("W").(Array)
	if !ok || !ok2 || n < 0 || len(w) != 3 {
		return widths, nil, 0, malformed(at, "a cross-reference without /Size or /W")
	}
	for i, v := range w {
		width, ok := v.(Integer)
		if !ok || width < 0 || width > 8 {
			return widths, nil, 0, malformed(at, "/W of a cross-reference")
		}
		widths[i] = int(width)
	}
	if widths[1] == 0 {
		return widths, nil, 0, malformed(at, "/W of a cross-reference")
	}
	index = []int64{0, int64(n)}
	if v := d.Get("Index"); v != nil {
		a, ok := v.(Array)
		if !ok || len(a)%2 != 0 {
			return widths, nil, 0, malformed(at, "/Index of a cross-reference")
		}
		index = nil
		for _, e := range a {
			m, ok := e.(Integer)
			if !ok || m < 0 || m > maxNumber+1 {
				return widths, nil, 0, malformed(at, "/Index of a cross-reference")
			}
			index = append(index, int64(m))
		}
	}
	return widths, index, int64(n), nil
}

// entry reads one row of a stream; a row of an unknown type is like null (ISO 32000-1, table 18) and has number -1.
func entry(row []byte, widths [3]int, num int, at int64) (Slot, error) {
	var v [3]uint64
	for i, w := range widths {
		for _, b := range row[:w] {
			v[i] = v[i]<<8 | uint64(b)
		}
		row = row[w:]
	}
	if widths[0] == 0 {
		v[0] = 1
	}
	s := Slot{Num: num}
	switch v[0] {
	case 0:
		if v[2] > maxGeneration {
			return s, malformed(at, "generation %d of object %d", v[2], num)
		}
		s.Gen = int(v[2])
	case 1:
		if num == 0 || v[1] == 0 || v[1] > 1<<62 || v[2] > maxGeneration {
			return s, malformed(at, "entry of object %d", num)
		}
		s.Kind, s.Offset, s.Gen = Plain, int64(v[1]), int(v[2])
	case 2:
		if num == 0 || v[1] == 0 || v[1] > maxNumber || v[2] > maxNumber {
			return s, malformed(at, "entry of object %d", num)
		}
		s.Kind, s.In, s.Index = Packed, int(v[1]), int(v[2])
	default:
		s.Num = -1
	}
	return s, nil
}
