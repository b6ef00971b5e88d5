package licences

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on a licence's fields.
const (
	MaxFields      = 64 << 10 // bytes of JSON: a licence of two thousand characters takes 10 KB
	maxFieldsDepth = 4        // nesting: an object of values and lists of texts needs 2
	maxNumber      = 24       // characters of a number, so that no exact arithmetic gets out of hand
)

var (
	errNotJSON = errors.New("broken JSON")
	errTwice   = errors.New("the name stands twice")
	errDeep    = errors.New("nested too deep")
	errNumber  = errors.New("a number with an exponent or too many digits")
	errUTF8    = errors.New("not UTF-8")
)

// jsonError says where reading strict JSON ended.
type jsonError struct {
	pointer string
	err     error
}

func (e *jsonError) Error() string { return e.err.Error() + " at " + e.pointer }
func (e *jsonError) Unwrap() error { return e.err }

// strictReader reads JSON into map[string]any, []any, string, json.Number, bool and nil, and takes nothing that two readers
// could understand differently: no name twice, no invalid UTF-8, nothing after the value, no exponents.
type strictReader struct {
	dec   *json.Decoder
	depth int
}

func readStrict(b []byte, depth int) (any, error) {
	if !utf8.Valid(b) {
		return nil, &jsonError{err: errUTF8}
	}
	r := strictReader{dec: json.NewDecoder(bytes.NewReader(b)), depth: depth}
	r.dec.UseNumber()
	v, err := r.value("", 0)
	if err != nil {
		return nil, err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, &jsonError{err: errNotJSON}
	}
	return v, nil
}

func (r *strictReader) value(at string, depth int) (any, error) {
	token, err := r.dec.Token()
	if err != nil {
		return nil, &jsonError{at, errNotJSON}
	}
	switch token := token.(type) {
	case json.Delim:
		if depth >= r.depth {
			return nil, &jsonError{at, errDeep}
		}
		if token == '{' {
			return r.object(at, depth)
		}
		return r.array(at, depth)
	case json.Number:
		if len(token) > maxNumber || strings.ContainsAny(token.String(), "eE") {
			return nil, &jsonError{at, errNumber}
		}
		return token, nil
	default:
		return token, nil
	}
}

func (r *strictReader) object(at string, depth int) (any, error) {
	object := make(map[string]any)
	for r.dec.More() {
		token, err := r.dec.Token()
		name, isName := token.(string)
		if err != nil || !isName {
			return nil, &jsonError{at, errNotJSON}
		}
		inside := at + pointer(name)
		if _, twice := object[name]; twice {
			return nil, &jsonError{inside, errTwice}
		}
		if object[name], err = r.value(inside, depth+1); err != nil {
			return nil, err
		}
	}
	if _, err := r.dec.Token(); err != nil {
		return nil, &jsonError{at, errNotJSON}
	}
	return object, nil
}

func (r *strictReader) array(at string, depth int) (any, error) {
	array := make([]any, 0, 8)
	for r.dec.More() {
		v, err := r.value(at+"/"+strconv.Itoa(len(array)), depth+1)
		if err != nil {
			return nil, err
		}
		array = append(array, v)
	}
	if _, err := r.dec.Token(); err != nil {
		return nil, &jsonError{at, errNotJSON}
	}
	return array, nil
}

// readFields reads a licence's fields, or refuses them as a whole.
func readFields(raw json.RawMessage) (map[string]any, error) {
	if len(raw) > MaxFields {
		return nil, Refusals{{Code: FieldsTooLarge, Pointer: "/fields", Params: map[string]string{"max": strconv.Itoa(MaxFields)}}}
	}
	v, err := readStrict(raw, maxFieldsDepth)
	if err != nil {
		return nil, Refusals{{Code: jsonRefusal(err), Pointer: fieldsPointer(err)}}
	}
	fields, isObject := v.(map[string]any)
	if !isObject {
		return nil, Refusals{{Code: FieldsNotJSON, Pointer: "/fields"}}
	}
	return fields, nil
}

func jsonRefusal(err error) string {
	switch {
	case errors.Is(err, errTwice):
		return FieldTwice
	case errors.Is(err, errDeep):
		return FieldType
	case errors.Is(err, errNumber):
		return FieldFormat
	}
	return FieldsNotJSON
}

func fieldsPointer(err error) string {
	var at *jsonError
	var r refusals
	if errors.As(err, &at) {
		r.add("", "/fields"+at.pointer)
		return r.list[0].Pointer
	}
	return "/fields"
}

// badRune returns the first character of s that no licence may carry: controls, invisible and private characters, the
// replacement character, spaces other than U+0020 and U+3000, and a space at either end.
func badRune(s string) (rune, bool) {
	for i, r := range s {
		switch {
		case r == ' ' || r == '\u3000':
			if i == 0 || i+utf8.RuneLen(r) == len(s) {
				return r, true
			}
		case r >= 0x20000 && r <= 0x3FFFF: // ideographs newer than our tables: whether they can be printed is for the font
		case r == utf8.RuneError, !unicode.IsGraphic(r), unicode.IsSpace(r):
			return r, true
		}
	}
	return 0, false
}

// codePoint writes U+XXXX.
func codePoint(r rune) string {
	s := strings.ToUpper(strconv.FormatInt(int64(r), 16))
	if len(s) < 4 {
		s = strings.Repeat("0", 4-len(s)) + s
	}
	return "U+" + s
}
