package cos

import (
	"fmt"
	"slices"
	"strconv"
)

// keyword reads regular characters, at most maxKeyword: whoever wants a whole token looks whether it ends there.
func (c *cursor) keyword() string {
	var b [maxKeyword]byte
	n := 0
	for isRegular(c.peek()) && n < len(b) {
		b[n] = byte(c.next())
		n++
	}
	return string(b[:n])
}

// expect skips white space and wants a keyword.
func (c *cursor) expect(word string) error {
	c.skip()
	at := c.pos
	if c.take(word) && !isRegular(c.peek()) {
		return nil
	}
	c.pos = at
	return c.wrong("%q expected", word)
}

// value reads one value; white space before it is skipped. References are two integers and R.
func (c *cursor) value(depth int) (Value, error) {
	if depth > c.limits.Depth {
		return nil, fmt.Errorf("%w: values nested more than %d deep", ErrLimit, c.limits.Depth)
	}
	if c.values++; c.values > c.limits.Elements {
		return nil, fmt.Errorf("%w: more than %d values in one object", ErrLimit, c.limits.Elements)
	}
	c.skip()
	switch b := c.peek(); {
	case b == '/':
		return c.name()
	case b == '(':
		return c.literal()
	case b == '[':
		return c.array(depth)
	case b == '<':
		at := c.pos
		c.pos++
		if c.peek() == '<' {
			c.pos++
			return c.dict(depth)
		}
		c.pos = at
		return c.hex()
	case b == '+' || b == '-' || b == '.' || b >= '0' && b <= '9':
		return c.numberOrRef()
	}
	at := c.pos
	switch c.keyword() {
	case "true":
		return Bool(true), nil
	case "false":
		return Bool(false), nil
	case "null":
		return Null{}, nil
	}
	c.pos = at
	return nil, c.wrong("no value here")
}

func (c *cursor) name() (Name, error) {
	at := c.pos
	c.pos++
	var n []byte
	for isRegular(c.peek()) {
		b := c.next()
		if b == '#' {
			high, low := hexDigit(c.next()), hexDigit(c.next())
			if high < 0 || low < 0 || high<<4|low == 0 {
				c.pos = at
				return "", c.wrong("escape in a name")
			}
			b = high<<4 | low
		}
		if n = append(n, byte(b)); len(n) > maxName {
			return "", fmt.Errorf("%w: name of more than %d bytes", ErrLimit, maxName)
		}
	}
	return Name(n), nil
}

func hexDigit(c int) int {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return -1
}

func (c *cursor) hex() (String, error) {
	at := c.pos
	c.pos++
	s := String{Hex: true, Bytes: c.hexRun()}
	high := -1
	for {
		b := c.next()
		switch d := hexDigit(b); {
		case b == '>':
			if high >= 0 {
				s.Bytes = append(s.Bytes, byte(high<<4))
			}
			return s, nil
		case d >= 0 && high < 0:
			high = d
		case d >= 0:
			if s.Bytes = append(s.Bytes, byte(high<<4|d)); len(s.Bytes) > maxString {
				return s, fmt.Errorf("%w: string of more than %d bytes", ErrLimit, maxString)
			}
			high = -1
		case !isSpace(b):
			c.pos = at
			return s, c.wrong("hexadecimal string")
		}
	}
}

// hexRun decodes pairs of digits as they lie in memory: a signature has ten thousand of them. What is left is for hex.
func (c *cursor) hexRun() []byte {
	var out []byte
	for c.peek() >= 0 && len(out) <= maxString {
		run := c.blk[c.pos-c.start:]
		if most := c.limit - c.pos; int64(len(run)) > most {
			run = run[:most]
		}
		n := 0
		for n < len(run) && hexValue[run[n]] <= 15 {
			n++
		}
		cut := n == len(run) // the rest is in the next block
		n &^= 1
		at := len(out)
		out = slices.Grow(out, n/2)[:at+n/2]
		for i := range n / 2 {
			out[at+i] = hexValue[run[2*i]]<<4 | hexValue[run[2*i+1]]
		}
		if c.pos += int64(n); !cut || n == 0 {
			break
		}
	}
	if out == nil {
		out = []byte{}
	}
	return out
}

// hexValue is the value of a hexadecimal digit, or 255.
var hexValue = func() (v [256]byte) {
	for i := range v {
		v[i] = 255
		if d := hexDigit(i); d >= 0 {
			v[i] = byte(d)
		}
	}
	return v
}()

func (c *cursor) literal() (String, error) {
	at := c.pos
	c.pos++
	s := String{Bytes: []byte{}}
	for open := 1; ; {
		b := c.next()
		switch b {
		case -1:
			c.pos = at
			return s, c.wrong("string without an end")
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				return s, nil
			}
		case '\\':
			if b = c.escape(); b < 0 {
				continue
			}
		case '\r':
			b = '\n'
			c.take("\n")
		}
		if s.Bytes = append(s.Bytes, byte(b)); len(s.Bytes) > maxString {
			return s, fmt.Errorf("%w: string of more than %d bytes", ErrLimit, maxString)
		}
	}
}

// escape reads what stands behind a backslash; -1 for nothing (a line that goes on).
func (c *cursor) escape() int {
	b := c.next()
	switch b {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case '\r':
		c.take("\n")
		return -1
	case '\n', -1:
		return -1
	}
	if b < '0' || b > '7' {
		return b
	}
	v := b - '0'
	for range 2 {
		d := c.peek()
		if d < '0' || d > '7' {
			break
		}
		v = v<<3 | (d - '0')
		c.pos++
	}
	return v & 0xff
}

func (c *cursor) array(depth int) (Array, error) {
	c.pos++
	a := Array{}
	for {
		c.skip()
		if c.take("]") {
			return a, nil
		}
		v, err := c.value(depth + 1)
		if err != nil {
			return nil, err
		}
		a = append(a, v)
	}
}

// dict reads what stands behind <<.
func (c *cursor) dict(depth int) (Dict, error) {
	d := Dict{}
	var keys map[Name]bool // of a dictionary so large that looking through it for every key would take too long
	err := c.entries(depth, func(at int64, key Name, v Value, _, _ int64) bool {
		if len(d) == fewKeys {
			keys = make(map[Name]bool, 2*fewKeys)
			for _, e := range d {
				keys[e.Key] = true
			}
		}
		if c.twice == nil && (keys[key] || keys == nil && d.Get(key) != nil) {
			c.twice = &MalformedError{at, fmt.Sprintf("/%s stands twice in a dictionary", key)}
		}
		if keys != nil {
			keys[key] = true
		}
		d = append(d, Entry{key, v})
		return true
	})
	return d, err
}

// entries reads the entries of a dictionary up to its >>, and tells each with the places of key and value, until it is told to
// stop.
func (c *cursor) entries(depth int, tell func(at int64, key Name, v Value, start, end int64) bool) error {
	for {
		c.skip()
		if c.take(">>") {
			return nil
		}
		at := c.pos
		if c.peek() != '/' {
			return c.wrong("a key expected in a dictionary")
		}
		key, err := c.name()
		if err != nil {
			return err
		}
		c.skip()
		start := c.pos
		v, err := c.value(depth + 1)
		if err != nil {
			return err
		}
		if !tell(at, key, v, start, c.pos) {
			return nil
		}
	}
}

// numberOrRef reads a number, or a reference if two integers and an R stand here.
func (c *cursor) numberOrRef() (Value, error) {
	sign := c.peek()
	v, err := c.number()
	num, whole := v.(Integer)
	if err != nil || !whole || sign < '0' { // the number of an object has no sign
		return v, err
	}
	back := c.pos
	c.skip()
	if b := c.peek(); b < '0' || b > '9' || c.pos == back {
		c.pos = back
		return v, nil
	}
	g, err := c.number()
	gen, whole := g.(Integer)
	if err != nil || !whole {
		c.pos = back
		return v, nil //nolint:nilerr // the second number is read again as a value of its own
	}
	c.skip()
	if c.peek() == 'R' {
		c.pos++
		if !isRegular(c.peek()) {
			if num > maxNumber || gen > maxGeneration {
				return nil, malformed(back, "reference to object %d %d", num, gen)
			}
			return Ref{int(num), int(gen)}, nil
		}
	}
	c.pos = back
	return v, nil
}

// number reads an Integer or a Real.
func (c *cursor) number() (Value, error) {
	at := c.pos
	word := c.keyword()
	digits, points := 0, 0
	for i := range len(word) {
		switch b := word[i]; {
		case b >= '0' && b <= '9':
			digits++
		case b == '.':
			points++
		case (b == '+' || b == '-') && i == 0:
		default:
			digits = -maxDigits
		}
	}
	if digits < 1 || points > 1 || digits > maxDigits || isRegular(c.peek()) { // a longer word is not cut in two
		c.pos = at
		return nil, c.wrong("not a number")
	}
	if points == 1 {
		return Real(word), nil
	}
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		c.pos = at
		return nil, c.wrong("number is too large")
	}
	return Integer(n), nil
}
