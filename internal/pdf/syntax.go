package pdf

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// value is a PDF object (ISO 32000-1, 7.3). There is no null: a missing entry says the same.
type value interface {
	// appendTo writes the one spelling of the value.
	appendTo(b []byte) []byte
}

type (
	boolean bool
	integer int64
	milli   int64  // a real number, in thousandths
	name    string // without the slash
	literal string // a string of printable ASCII
	hexText string // a string of any bytes
	array   []value
	ref     int // object number; the generation is always 0
)

// entry is one line of a dict.
type entry struct {
	key string
	val value
}

// dict keeps the order in which it was written.
type dict []entry

// get returns the value of a key, or nil.
func (d dict) get(key string) value {
	for _, e := range d {
		if e.key == key {
			return e.val
		}
	}
	return nil
}

func (v boolean) appendTo(b []byte) []byte { return strconv.AppendBool(b, bool(v)) }

func (v integer) appendTo(b []byte) []byte { return strconv.AppendInt(b, int64(v), 10) }

// appendTo writes at most three decimals and none that is a trailing zero; a whole number is spelled as an integer.
func (v milli) appendTo(b []byte) []byte {
	if v < 0 {
		b = append(b, '-')
		v = -v
	}
	b = strconv.AppendInt(b, int64(v/1000), 10)
	rest := v % 1000
	if rest == 0 {
		return b
	}
	b = append(b, '.', '0'+byte(rest/100))
	if rest %= 100; rest != 0 {
		b = append(b, '0'+byte(rest/10))
		if rest %= 10; rest != 0 {
			b = append(b, '0'+byte(rest))
		}
	}
	return b
}

// plainNameByte reports whether a byte stands for itself in a name.
func plainNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_' || c == '+'
}

const upperHex, lowerHex = "0123456789ABCDEF", "0123456789abcdef"

func (v name) appendTo(b []byte) []byte {
	b = append(b, '/')
	for i := range len(v) {
		if c := v[i]; plainNameByte(c) {
			b = append(b, c)
		} else {
			b = append(b, '#', upperHex[c>>4], upperHex[c&15])
		}
	}
	return b
}

func (v literal) appendTo(b []byte) []byte {
	b = append(b, '(')
	for i := range len(v) {
		if c := v[i]; c == '(' || c == ')' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, v[i])
	}
	return append(b, ')')
}

func (v hexText) appendTo(b []byte) []byte {
	b = append(b, '<')
	for i := range len(v) {
		b = append(b, lowerHex[v[i]>>4], lowerHex[v[i]&15])
	}
	return append(b, '>')
}

func (v array) appendTo(b []byte) []byte {
	b = append(b, '[')
	for i, e := range v {
		if i > 0 {
			b = append(b, ' ')
		}
		b = e.appendTo(b)
	}
	return append(b, ']')
}

func (v dict) appendTo(b []byte) []byte {
	b = append(b, "<<"...)
	for _, e := range v {
		b = append(b, ' ')
		b = name(e.key).appendTo(b)
		b = append(b, ' ')
		b = e.val.appendTo(b)
	}
	return append(b, " >>"...)
}

func (v ref) appendTo(b []byte) []byte { return append(strconv.AppendInt(b, int64(v), 10), " 0 R"...) }

// printable reports whether a string can be a literal.
func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7E }) < 0
}

// textString is a text string (ISO 32000-1, 7.9.2.2): ASCII as it is, everything else as UTF-16 with a byte order mark.
func textString(s string) value {
	if printable(s) {
		return literal(s)
	}
	b := []byte{0xFE, 0xFF}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u>>8), byte(u))
	}
	return hexText(b)
}

// dateString is a date (ISO 32000-1, 7.9.4) with the offset of t's own zone.
func dateString(t time.Time) literal {
	s := t.Format("D:20060102150405")
	_, seconds := t.Zone()
	if seconds == 0 {
		return literal(s + "Z")
	}
	return literal(s + strings.Replace(t.Format("-07:00"), ":", "'", 1) + "'")
}
