package cos

// object reads "N G obj", its value and "endobj"; resolve finds the value of an indirect /Length.
func (c *cursor) object(resolve func(Ref) (Value, error)) (Ref, Value, error) {
	var id Ref
	for i, into := range []*int{&id.Num, &id.Gen} {
		if i > 0 {
			c.skip()
		}
		at := c.pos
		if b := c.peek(); b < '0' || b > '9' {
			return id, nil, c.wrong("an object expected")
		}
		v, err := c.number()
		n, whole := v.(Integer)
		if err != nil || !whole || n > maxNumber {
			return id, nil, malformed(at, "an object expected")
		}
		*into = int(n)
	}
	if err := c.expect("obj"); err != nil {
		return id, nil, err
	}
	v, err := c.value(0)
	if err != nil {
		return id, nil, err
	}
	c.skip()
	if d, ok := v.(Dict); ok && c.take("stream") {
		s, err := c.stream(d, resolve)
		if err != nil {
			return id, nil, err
		}
		v = s
	}
	return id, v, c.expect("endobj")
}

// stream reads what stands behind the keyword stream: one EOL, the data, at most one EOL, endstream (ISO 32000-1, 7.3.8.1).
func (c *cursor) stream(d Dict, resolve func(Ref) (Value, error)) (Stream, error) {
	if !c.take("\r\n") && !c.take("\n") {
		return Stream{}, c.wrong("no end of line behind stream")
	}
	length := d.Get("Length")
	if r, ok := length.(Ref); ok {
		var err error
		if length, err = resolve(r); err != nil {
			return Stream{}, err
		}
	}
	n, ok := length.(Integer)
	if !ok || n < 0 || int64(n) > c.limit-c.pos {
		return Stream{}, c.wrong("stream of an impossible length")
	}
	s := Stream{Dict: d, Start: c.pos, Length: int64(n)}
	c.pos += int64(n)
	at := c.pos
	if !c.take("\r\n") && !c.take("\n") {
		c.take("\r")
	}
	if !c.take("endstream") || isRegular(c.peek()) {
		c.pos = at
		return Stream{}, c.wrong("/Length does not lead to endstream")
	}
	return s, nil
}
