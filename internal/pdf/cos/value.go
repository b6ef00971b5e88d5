package cos

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Value is a PDF object (ISO 32000-1, 7.3): Null, Bool, Integer, Real, Name, String, Array, Dict, Ref or Stream.
type Value interface{ isValue() }

type (
	// Null is the null object; an entry of a Dict that is null is kept.
	Null struct{}
	// Bool is true or false.
	Bool bool
	// Integer is a whole number.
	Integer int64
	// Real is a number with a point, as it was written, so that writing it again changes nothing.
	Real string
	// Name is a name without its slash, escapes decoded.
	Name string
	// String is a string of bytes; Hex says how it was written.
	String struct {
		Bytes []byte
		Hex   bool
	}
	// Array is a list of values.
	Array []Value
	// Entry is one line of a Dict.
	Entry struct {
		Key   Name
		Value Value
	}
	// Dict keeps the order of the file and has no key twice.
	Dict []Entry
	// Ref points to an indirect object.
	Ref struct{ Num, Gen int }
	// Stream is a stream object: its raw data are the Length bytes of the file from Start on. Data is for streams that are to be
	// written; those that were read have none.
	Stream struct {
		Dict          Dict
		Start, Length int64
		Data          []byte
	}
)

func (Null) isValue()    {}
func (Bool) isValue()    {}
func (Integer) isValue() {}
func (Real) isValue()    {}
func (Name) isValue()    {}
func (String) isValue()  {}
func (Array) isValue()   {}
func (Dict) isValue()    {}
func (Ref) isValue()     {}
func (Stream) isValue()  {}

// Get returns the value of a key, or nil.
func (d Dict) Get(key Name) Value {
	for _, e := range d {
		if e.Key == key {
			return e.Value
		}
	}
	return nil
}

// With returns a copy in which a key has a value, in its place or at the end; nil takes the key out.
func (d Dict) With(key Name, v Value) Dict {
	out := make(Dict, 0, len(d)+1)
	found := false
	for _, e := range d {
		if e.Key == key {
			found = true
			if v == nil {
				continue
			}
			e.Value = v
		}
		out = append(out, e)
	}
	if !found && v != nil {
		out = append(out, Entry{key, v})
	}
	return out
}

const lowerHex, upperHex = "0123456789abcdef", "0123456789ABCDEF"

// Append writes a value in one spelling: a space between tokens, hexadecimal strings in lower case, names escaped where they
// must be. A Stream is written with its Data and their length.
func Append(b []byte, v Value) []byte {
	switch v := v.(type) {
	case Bool:
		return strconv.AppendBool(b, bool(v))
	case Integer:
		return strconv.AppendInt(b, int64(v), 10)
	case Real:
		return append(b, v...)
	case Name:
		return appendName(b, v)
	case String:
		return appendString(b, v)
	case Array:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ' ')
			}
			b = Append(b, e)
		}
		return append(b, ']')
	case Dict:
		b = append(b, "<<"...)
		for _, e := range v {
			b = append(b, ' ')
			b = appendName(b, e.Key)
			b = append(b, ' ')
			b = Append(b, e.Value)
		}
		return append(b, " >>"...)
	case Ref:
		b = strconv.AppendInt(b, int64(v.Num), 10)
		b = append(b, ' ')
		b = strconv.AppendInt(b, int64(v.Gen), 10)
		return append(b, " R"...)
	case Stream:
		b = Append(b, v.Dict.With("Length", Integer(len(v.Data))))
		b = append(b, "\nstream\n"...)
		b = append(b, v.Data...)
		return append(b, "\nendstream"...)
	}
	return append(b, "null"...)
}

func appendName(b []byte, n Name) []byte {
	b = append(b, '/')
	for i := range len(n) {
		if c := n[i]; c > 0x20 && c < 0x7f && !isDelimiter(c) && c != '#' {
			b = append(b, c)
		} else {
			b = append(b, '#', upperHex[c>>4], upperHex[c&15])
		}
	}
	return b
}

func appendString(b []byte, s String) []byte {
	if s.Hex {
		b = append(b, '<')
		for _, c := range s.Bytes {
			b = append(b, lowerHex[c>>4], lowerHex[c&15])
		}
		return append(b, '>')
	}
	b = append(b, '(')
	for _, c := range s.Bytes {
		switch c {
		case '(', ')', '\\':
			b = append(b, '\\', c)
		case '\r':
			b = append(b, `\r`...)
		case '\n':
			b = append(b, `\n`...)
		default:
			b = append(b, c)
		}
	}
	return append(b, ')')
}

// Float returns the number of an Integer or a Real.
func Float(v Value) (float64, bool) {
	switch v := v.(type) {
	case Integer:
		return float64(v), true
	case Real:
		f, err := strconv.ParseFloat(string(v), 64)
		return f, err == nil
	}
	return 0, false
}

// TextString writes a text string (ISO 32000-1, 7.9.2.2): ASCII as it is, everything else as UTF-16 with a byte order mark.
func TextString(s string) String {
	if strings.IndexFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7e }) < 0 {
		return String{Bytes: []byte(s)}
	}
	b := []byte{0xfe, 0xff}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u>>8), byte(u))
	}
	return String{Bytes: b, Hex: true}
}

// Text reads a text string: UTF-16 or UTF-8 with a byte order mark, or PDFDocEncoding; false when it is none.
func Text(v Value) (string, bool) {
	s, ok := v.(String)
	if !ok {
		return "", false
	}
	b := s.Bytes
	switch {
	case len(b) >= 2 && (b[0] == 0xfe && b[1] == 0xff || b[0] == 0xff && b[1] == 0xfe):
		big := b[0] == 0xfe
		b = b[2:]
		if len(b)%2 != 0 {
			return "", false
		}
		units := make([]uint16, 0, len(b)/2)
		for i := 0; i < len(b); i += 2 {
			if big {
				units = append(units, uint16(b[i])<<8|uint16(b[i+1]))
			} else {
				units = append(units, uint16(b[i+1])<<8|uint16(b[i]))
			}
		}
		return string(utf16.Decode(units)), true
	case len(b) >= 3 && b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf:
		return string(b[3:]), utf8.Valid(b[3:])
	}
	var out strings.Builder
	for _, c := range b {
		out.WriteRune(docEncoding(c))
	}
	return out.String(), true
}

// docEncoding is PDFDocEncoding (ISO 32000-1, D.2): ASCII and Latin-1 but for some.
func docEncoding(c byte) rune {
	const low = "\u02d8\u02c7\u02c6\u02d9\u02dd\u02db\u02da\u02dc"
	const high = "\u2022\u2020\u2021\u2026\u2014\u2013\u0192\u2044\u2039\u203a\u2212\u2030\u201e\u201c\u201d\u2018\u2019\u201a\u2122\ufb01\ufb02\u0141\u0152\u0160\u0178\u017d\u0131\u0142\u0153\u0161\u017e"
	switch {
	case c >= 0x18 && c <= 0x1f:
		return []rune(low)[c-0x18]
	case c >= 0x80 && c <= 0x9e:
		return []rune(high)[c-0x80]
	case c == 0xa0:
		return '\u20ac'
	case c == 0x7f || c == 0x9f || c == 0xad:
		return utf8.RuneError
	}
	return rune(c)
}

// Parse reads exactly one value. Errors: *MalformedError, ErrLimit.
func Parse(b []byte) (Value, error) {
	c := (&source{mem: b, size: int64(len(b))}).cursor(0, Limits{}.orDefault())
	v, err := c.value(0)
	if err != nil {
		return nil, err
	}
	if c.skip(); c.pos < c.limit {
		return nil, c.wrong("more than one value")
	}
	if c.twice != nil {
		return nil, c.twice
	}
	return v, nil
}
