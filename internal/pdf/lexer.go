package pdf

import (
	"bytes"
	"fmt"
	"strings"
)

// Limits of syntax; what we write stays far below.
const (
	maxDepth      = 8       // arrays and dicts in one another
	maxElements   = 100_000 // of one array: /W of a large font
	maxKeys       = 256     // of one dict: the pictures of a page
	maxDigits     = 12      // of a number before the point: 256 MB has nine
	maxNameLength = 255
	maxValues     = 1_000_000 // in one file, against files that are all values: a value takes ten times its bytes in memory
)

// lexer reads values in the one spelling that syntax.go writes; every other spelling is an error.
type lexer struct {
	b      []byte
	pos    int
	values int // read so far
}

func (l *lexer) wrong(format string, args ...any) error {
	return &MalformedError{Offset: int64(l.pos), What: fmt.Sprintf(format, args...)}
}

// take consumes s, or leaves the position and returns false.
func (l *lexer) take(s string) bool {
	if len(l.b)-l.pos < len(s) || string(l.b[l.pos:l.pos+len(s)]) != s {
		return false
	}
	l.pos += len(s)
	return true
}

// want consumes s or fails at the first byte that differs.
func (l *lexer) want(s string) error {
	if l.take(s) {
		return nil
	}
	for i := 0; i < len(s) && l.pos < len(l.b) && l.b[l.pos] == s[i]; i++ {
		l.pos++
	}
	return l.wrong("%q expected", strings.TrimSpace(s))
}

func (l *lexer) peek() byte {
	if l.pos < len(l.b) {
		return l.b[l.pos]
	}
	return 0
}

// value reads one value.
func (l *lexer) value(depth int) (value, error) {
	if depth > maxDepth {
		return nil, l.wrong("nested more than %d deep", maxDepth)
	}
	if l.values++; l.values > maxValues {
		return nil, fmt.Errorf("%w: more than %d values", ErrLimit, maxValues)
	}
	switch c := l.peek(); {
	case c == '/':
		return l.name()
	case c == '(':
		return l.literal()
	case c == '[':
		return l.array(depth)
	case c == '<' && l.pos+1 < len(l.b) && l.b[l.pos+1] == '<':
		return l.dict(depth)
	case c == '<':
		return l.hexText()
	case c == '-' || c >= '0' && c <= '9':
		return l.number()
	case l.take("true"):
		return boolean(true), nil
	case l.take("false"):
		return boolean(false), nil
	}
	return nil, l.wrong("no value here")
}

func (l *lexer) name() (value, error) {
	l.pos++
	var n []byte
	for l.pos < len(l.b) && len(n) <= maxNameLength {
		c := l.b[l.pos]
		if plainNameByte(c) {
			n = append(n, c)
			l.pos++
			continue
		}
		if c != '#' {
			break
		}
		if len(l.b)-l.pos < 3 {
			return nil, l.wrong("name is cut off")
		}
		high, low := strings.IndexByte(upperHex, l.b[l.pos+1]), strings.IndexByte(upperHex, l.b[l.pos+2])
		if high < 0 || low < 0 || plainNameByte(byte(high<<4|low)) {
			return nil, l.wrong("escape in a name")
		}
		n = append(n, byte(high<<4|low))
		l.pos += 3
	}
	if len(n) == 0 || len(n) > maxNameLength {
		return nil, l.wrong("name of %d bytes", len(n))
	}
	return name(n), nil
}

func (l *lexer) literal() (value, error) {
	l.pos++
	var s []byte
	for l.pos < len(l.b) {
		c := l.b[l.pos]
		switch {
		case c == ')':
			l.pos++
			return literal(s), nil
		case c == '\\':
			l.pos++
			if c = l.peek(); c != '(' && c != ')' && c != '\\' {
				return nil, l.wrong("escape in a string")
			}
		case c == '(' || c < 0x20 || c > 0x7E:
			return nil, l.wrong("byte %02x in a string", c)
		}
		s = append(s, c)
		l.pos++
	}
	return nil, l.wrong("string is cut off")
}

func (l *lexer) hexText() (value, error) {
	l.pos++
	size := bytes.IndexByte(l.b[l.pos:], '>')
	if size < 0 || size%2 != 0 {
		return nil, l.wrong("hexadecimal string has no end or an odd number of digits")
	}
	s := make([]byte, 0, size/2)
	for range size / 2 {
		high, low := lowerHexValue(l.b[l.pos]), lowerHexValue(l.b[l.pos+1])
		if high > 15 {
			return nil, l.wrong("%q is not a lower-case hexadecimal digit", l.b[l.pos])
		}
		if low > 15 {
			l.pos++
			return nil, l.wrong("%q is not a lower-case hexadecimal digit", l.b[l.pos])
		}
		s = append(s, high<<4|low)
		l.pos += 2
	}
	l.pos++
	return hexText(s), nil
}

// lowerHexValue is above 15 for everything that is not a lower-case digit.
func lowerHexValue(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 0xFF
}

func (l *lexer) array(depth int) (value, error) {
	l.pos++
	a := array{}
	for !l.take("]") {
		if len(a) == maxElements {
			return nil, l.wrong("more than %d elements", maxElements)
		}
		if len(a) > 0 {
			if err := l.want(" "); err != nil {
				return nil, err
			}
		}
		v, err := l.value(depth + 1)
		if err != nil {
			return nil, err
		}
		a = append(a, v)
	}
	return a, nil
}

func (l *lexer) dict(depth int) (value, error) {
	l.pos += 2
	d := dict{}
	for {
		if err := l.want(" "); err != nil {
			return nil, err
		}
		if l.take(">>") {
			return d, nil
		}
		if l.peek() != '/' || len(d) == maxKeys {
			return nil, l.wrong("a key expected, and at most %d of them", maxKeys)
		}
		at := l.pos
		key, err := l.name()
		if err != nil {
			return nil, err
		}
		k, _ := key.(name)
		if d.get(string(k)) != nil {
			l.pos = at
			return nil, l.wrong("key /%s twice", k)
		}
		if err := l.want(" "); err != nil {
			return nil, err
		}
		v, err := l.value(depth + 1)
		if err != nil {
			return nil, err
		}
		d = append(d, entry{string(k), v})
	}
}

// number reads an integer, a reference or a real number.
func (l *lexer) number() (value, error) {
	negative := l.take("-")
	start, whole := l.pos, int64(0)
	for c := l.peek(); c >= '0' && c <= '9'; c = l.peek() {
		if l.pos-start == maxDigits {
			return nil, l.wrong("number of more than %d digits", maxDigits)
		}
		whole = whole*10 + int64(c-'0')
		l.pos++
	}
	if l.pos == start || l.b[start] == '0' && l.pos > start+1 {
		l.pos = start
		return nil, l.wrong("a number without digits or with a leading zero")
	}
	if l.peek() == '.' {
		return l.real(negative, whole)
	}
	if negative {
		if whole == 0 {
			return nil, l.wrong("negative zero")
		}
		return integer(-whole), nil
	}
	if whole > 0 && l.take(" 0 R") {
		return ref(whole), nil
	}
	return integer(whole), nil
}

// real reads the decimals of a real number.
func (l *lexer) real(negative bool, whole int64) (value, error) {
	l.pos++
	start, thousandths := l.pos, int64(0)
	for c := l.peek(); c >= '0' && c <= '9' && l.pos-start < 3; c = l.peek() {
		thousandths = thousandths*10 + int64(c-'0')
		l.pos++
	}
	if l.pos == start || l.b[l.pos-1] == '0' {
		return nil, l.wrong("decimals that are missing or end with a zero")
	}
	if c := l.peek(); c >= '0' && c <= '9' {
		return nil, l.wrong("more than three decimals")
	}
	for i := l.pos - start; i < 3; i++ {
		thousandths *= 10
	}
	v := milli(whole*1000 + thousandths)
	if negative {
		v = -v
	}
	return v, nil
}
