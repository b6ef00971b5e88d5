package cos

import (
	"cmp"
	"fmt"
	"slices"
)

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
		c.blank() // a comment cannot stand in a table
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
	s.trailer, s.end, s.rows = d, c.pos, len(s.slots)
	if err := sorted(s.slots, at); err != nil {
		return s, err
	}
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

// sorted puts slots in order and refuses a section that lists an object twice.
func sorted(slots []Slot, at int64) error {
	byNum := func(x, y Slot) int { return cmp.Compare(x.Num, y.Num) }
	if !slices.IsSortedFunc(slots, byNum) {
		slices.SortFunc(slots, byNum)
	}
	for i := 1; i < len(slots); i++ {
		if slots[i].Num == slots[i-1].Num {
			return malformed(at, "object %d is listed twice", slots[i].Num)
		}
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
	if other.trailer.Get("Encrypt") != nil {
		return ErrEncrypted
	}
	s.beside = int64(n)
	s.slots, err = revealed(s.slots, other.slots, s.offset)
	return err
}

// revealed puts together what a table lists and what the stream beside it does, both by number.
func revealed(table, stream []Slot, at int64) ([]Slot, error) {
	all := make([]Slot, 0, max(len(table), len(stream)))
	for len(table) > 0 && len(stream) > 0 {
		t, s := table[0], stream[0]
		switch {
		case t.Num < s.Num:
			all, table = append(all, t), table[1:]
			continue
		case s.Num < t.Num:
			all, stream = append(all, s), stream[1:]
			continue
		case t.Kind == Free && s.Kind != Free:
			t = s
		case s.Kind != Free && s != t, s.Kind == Free && t.Kind != Free:
			return nil, malformed(at, "table and stream disagree about object %d", s.Num)
		}
		all, table, stream = append(all, t), table[1:], stream[1:]
	}
	return append(append(all, table...), stream...), nil
}
