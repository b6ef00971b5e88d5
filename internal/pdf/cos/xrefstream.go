package cos

import (
	"errors"
	"fmt"
)

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
	if err != nil && (!errors.Is(err, ErrLimit) || total*row > f.limits.Decoded) {
		return s, err
	}
	if err != nil {
		return s, malformed(at, "a cross-reference of more than %d bytes", total*row)
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
	return s, sorted(s.slots, at)
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
