package licences

import (
	"errors"
	"strings"
)

// Refusal is one thing that is wrong with a request. It never holds the value, which may be personal data.
type Refusal struct {
	Code    string            // stable, upper case; texts for people are looked up by it
	Pointer string            // where, as a JSON pointer (RFC 6901) into the request: "/fields/area", "/holder/code"
	Params  map[string]string // data for the text: limits, positions, code points
}

// Refusals is everything that is wrong with a request, in the order of the fields; it is never empty when it is an error.
type Refusals []Refusal

// Error names codes and places.
func (r Refusals) Error() string {
	var b strings.Builder
	b.WriteString("licences: refused")
	for i, one := range r {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(" " + one.Code)
		if one.Pointer != "" {
			b.WriteString(" at " + one.Pointer)
		}
	}
	return b.String()
}

// The codes of refusals. The first group comes from a kind's schema.
const (
	FieldsNotJSON    = "FIELDS_NOT_JSON"    // broken JSON, or not an object
	FieldsTooLarge   = "FIELDS_TOO_LARGE"   // more bytes than MaxFields
	FieldTwice       = "FIELD_TWICE"        // the same name twice in one object
	FieldRequired    = "FIELD_REQUIRED"     //
	FieldUnknown     = "FIELD_UNKNOWN"      //
	FieldType        = "FIELD_TYPE"         // params: want
	FieldFormat      = "FIELD_FORMAT"       // params: format
	FieldLength      = "FIELD_LENGTH"       // params: min or max, in characters or items
	FieldValue       = "FIELD_VALUE"        // params: min, max or step; none for a list of values
	FieldCharacter   = "FIELD_CHARACTER"    // params: code; control, invisible or stray space
	USCCCheck        = "USCC_CHECK"         // GB 32100; params: position, want
	CitizenIDCheck   = "CITIZEN_ID_CHECK"   // GB 11643; params: position, want
	LicenceIDCheck   = "LICENCE_ID_CHECK"   // GB/T 36904; params: position, want
	DateInvalid      = "DATE_INVALID"       //
	DateOrder        = "DATE_ORDER"         // the end comes before the beginning
	ValidityTerm     = "VALIDITY_TERM"      // longer than the kind allows; params: max, "" where no end may be given
	NumberForm       = "NUMBER_FORM"        // the licence number does not follow the kind's rule
	HolderType       = "HOLDER_TYPE"        // the kind does not take such holders; params: allowed
	IssuerNotAllowed = "ISSUER_NOT_ALLOWED" // the office may not issue this kind
	GlyphMissing     = "GLYPH_MISSING"      // params: char, code (U+XXXX)
	TooLongForFace   = "FIELD_TOO_LONG_FOR_FACE"
	NotPresentable   = "FIELD_NOT_PRESENTABLE" // the kind does not let this field be presented
)

// maxRefusals bounds an answer: a body with thousands of unknown fields gets this many refusals.
const maxRefusals = 50

// maxPointer bounds a pointer, in bytes: names in it may come from the caller.
const maxPointer = 200

// refusals collects refusals up to maxRefusals.
type refusals struct{ list Refusals }

func (r *refusals) add(code, pointer string, params ...string) {
	if len(r.list) >= maxRefusals {
		return
	}
	if len(pointer) > maxPointer {
		pointer = strings.ToValidUTF8(pointer[:maxPointer], "")
	}
	one := Refusal{Code: code, Pointer: pointer}
	for i := 0; i+1 < len(params); i += 2 {
		if one.Params == nil {
			one.Params = make(map[string]string, len(params)/2)
		}
		one.Params[params[i]] = params[i+1]
	}
	r.list = append(r.list, one)
}

// take adds what another check refused; an error of another kind comes back.
func (r *refusals) take(err error) error {
	var found Refusals
	if err == nil {
		return nil
	}
	if !errors.As(err, &found) {
		return err
	}
	for _, one := range found {
		if len(r.list) < maxRefusals {
			r.list = append(r.list, one)
		}
	}
	return nil
}

// err is nil when nothing was refused.
func (r *refusals) err() error {
	if len(r.list) == 0 {
		return nil
	}
	return r.list
}

// pointer joins names to a JSON pointer (RFC 6901, 3).
func pointer(names ...string) string {
	var b strings.Builder
	for _, n := range names {
		b.WriteByte('/')
		b.WriteString(pointerEscape.Replace(n))
	}
	return b.String()
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")
