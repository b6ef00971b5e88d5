package cos

// container is an object stream, decoded (ISO 32000-1, 7.5.7).
type container struct {
	src     *source
	id      Ref
	rev     int // of the view that it was read in; anyView when that does not matter
	nums    []int
	offsets []int64
}

// packed reads an object out of its object stream; hops are those on the way to a /Length.
func (v View) packed(s Slot, hops int) (Value, error) {
	in, ok := v.Slot(s.In)
	if !ok || in.Kind != Plain {
		return nil, malformed(0, "object %d is said to be in object %d, which is no object stream", s.Num, s.In)
	}
	key := cacheKey{in.Offset, s.Index}
	box, err := v.container(in, hops)
	if err != nil {
		return nil, err
	}
	if s.Index >= len(box.nums) || box.nums[s.Index] != s.Num {
		return nil, malformed(in.Offset, "object %d is not at place %d of its object stream", s.Num, s.Index)
	}
	if known, ok := v.known(key); ok && box.rev == anyView {
		return known.val, nil
	}
	c := box.cursor(s.Index, v.f.limits)
	val, err := c.value(0)
	if err != nil {
		return nil, inside(in.Offset, err)
	}
	if c.twice != nil {
		return nil, inside(in.Offset, c.twice)
	}
	if box.rev == anyView {
		v.keep(key, kept{val: val, id: Ref{Num: s.Num}, end: c.pos}, c.pos-box.offsets[s.Index])
	}
	return val, nil
}

// inside moves a fault in decoded bytes to the object stream.
func inside(at int64, err error) error {
	if m, ok := err.(*MalformedError); ok { //nolint:errorlint // made here, never wrapped
		return malformed(at, "in an object stream: %s", m.What)
	}
	return err
}

// cursor reads the object at a place, up to the next.
func (b *container) cursor(index int, l Limits) *cursor {
	c := b.src.cursor(b.offsets[index], l)
	if index+1 < len(b.offsets) {
		c.limit = b.offsets[index+1]
	}
	return c
}

// container decodes an object stream, or returns what was decoded before.
func (v View) container(in Slot, hops int) (*container, error) {
	v.f.mu.Lock()
	box, ok := v.f.containers[in.Offset]
	v.f.mu.Unlock()
	if ok && box.id == (Ref{in.Num, in.Gen}) && (box.rev == anyView || box.rev == v.rev) {
		return box, nil
	}
	val, err := v.get(Ref{in.Num, in.Gen}, hops)
	if err != nil {
		return nil, err
	}
	s, ok := val.(Stream)
	if !ok || s.Dict.Get("Type") != Name("ObjStm") {
		return nil, malformed(in.Offset, "not an object stream")
	}
	n, ok := s.Dict.Get("N").(Integer)
	first, ok2 := s.Dict.Get("First").(Integer)
	if !ok || !ok2 || n < 0 || first < 0 || n > MaxObjects {
		return nil, malformed(in.Offset, "an object stream without /N or /First")
	}
	data, err := v.f.Decode(s, min(maxContainer, v.f.limits.Decoded))
	if err != nil {
		return nil, err
	}
	if int64(first) > int64(len(data)) {
		return nil, malformed(in.Offset, "/First of an object stream is behind its end")
	}
	box = &container{src: &source{mem: data, size: int64(len(data))}, id: Ref{in.Num, in.Gen}, rev: v.reading(s)}
	c := box.src.cursor(0, v.f.limits)
	c.limit = int64(first)
	for range n {
		num, err := c.natural("number of an object")
		if err != nil {
			return nil, inside(in.Offset, err)
		}
		at, err := c.natural("place of an object")
		if err != nil {
			return nil, inside(in.Offset, err)
		}
		if last := len(box.offsets) - 1; num > maxNumber || at > int64(len(data))-int64(first) || last >= 0 && at+int64(first) < box.offsets[last] {
			return nil, malformed(in.Offset, "object %d at byte %d of an object stream", num, at)
		}
		box.nums, box.offsets = append(box.nums, int(num)), append(box.offsets, at+int64(first))
	}
	v.f.mu.Lock()
	defer v.f.mu.Unlock()
	if len(v.f.containers) >= maxContainers {
		clear(v.f.containers)
	}
	v.f.containers[in.Offset] = box
	return box, nil
}
