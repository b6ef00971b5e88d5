package licences

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"yinzheng/internal/codes"
)

// errRemote is why a schema that points elsewhere does not compile.
var errRemote = errors.New("schemas may not refer to other documents")

// closed is a loader that loads nothing.
type closed struct{}

// Load implements jsonschema.URLLoader.
func (closed) Load(string) (any, error) { return nil, errRemote }

// formatChecks are the formats of fields beside those of JSON Schema, asserted on every text.
func formatChecks() map[string]func(string) error {
	return map[string]func(string) error{
		"date":        func(s string) error { _, err := parseDate(s); return err },
		"uscc":        codes.CheckUSCC,
		"cn-id":       codes.CheckCitizenID,
		"licence-id":  func(s string) error { _, err := codes.ParseLicenceID(s); return err },
		"food-number": codes.CheckFoodLicenceNumber,
	}
}

// compile makes a schema of a document in memory; it opens no file and no connection.
func compile(name string, document any) (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseLoader(closed{})
	for format, check := range formatChecks() {
		c.RegisterFormat(&jsonschema.Format{Name: format, Validate: func(v any) error {
			s, isText := v.(string)
			if !isText {
				return nil
			}
			return check(s)
		}})
	}
	url := "kind:///" + name
	if err := c.AddResource(url, document); err != nil {
		return nil, fmt.Errorf("reading schema: %w", err)
	}
	s, err := c.Compile(url)
	if err != nil {
		return nil, fmt.Errorf("compiling schema: %w", err)
	}
	return s, nil
}

// schemaRefusals turns what the schema refused into refusals under the pointer.
func schemaRefusals(r *refusals, under string, err error) {
	var found *jsonschema.ValidationError
	if !errors.As(err, &found) {
		r.add(FieldsNotJSON, under)
		return
	}
	for _, leaf := range leaves(found, nil) {
		at := under + pointer(leaf.InstanceLocation...)
		addLeaf(r, at, leaf.ErrorKind)
	}
}

// leaves lists the failures that have no causes of their own.
func leaves(e *jsonschema.ValidationError, out []*jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return append(out, e)
	}
	for _, c := range e.Causes {
		out = leaves(c, out)
	}
	return out
}

func addLeaf(r *refusals, at string, failure jsonschema.ErrorKind) {
	switch k := failure.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			r.add(FieldRequired, at+pointer(name))
		}
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			r.add(FieldUnknown, at+pointer(name))
		}
	case *kind.Type:
		r.add(FieldType, at, "want", strings.Join(k.Want, " "))
	case *kind.Format:
		addFormat(r, at, k.Want, k.Err)
	case *kind.Pattern:
		r.add(FieldFormat, at, "format", "pattern")
	case *kind.MinLength:
		r.add(FieldLength, at, "min", strconv.Itoa(k.Want))
	case *kind.MaxLength:
		r.add(FieldLength, at, "max", strconv.Itoa(k.Want))
	case *kind.MinItems:
		r.add(FieldLength, at, "min", strconv.Itoa(k.Want))
	case *kind.MaxItems:
		r.add(FieldLength, at, "max", strconv.Itoa(k.Want))
	case *kind.Minimum:
		r.add(FieldValue, at, "min", decimal(k.Want))
	case *kind.ExclusiveMinimum:
		r.add(FieldValue, at, "above", decimal(k.Want))
	case *kind.Maximum:
		r.add(FieldValue, at, "max", decimal(k.Want))
	case *kind.ExclusiveMaximum:
		r.add(FieldValue, at, "below", decimal(k.Want))
	case *kind.MultipleOf:
		r.add(FieldValue, at, "step", decimal(k.Want))
	case *kind.UniqueItems:
		r.add(FieldTwice, at)
	default:
		r.add(FieldValue, at)
	}
}

// decimal writes a limit of a schema for people.
func decimal(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	return strings.TrimRight(r.FloatString(6), "0")
}

// addFormat refuses a text by its format; a wrong code says where and what would be right.
func addFormat(r *refusals, at, format string, err error) {
	var detail []string
	var wrong *codes.Error
	if errors.As(err, &wrong) {
		if wrong.Position > 0 {
			detail = append(detail, "position", strconv.Itoa(wrong.Position))
		}
		if wrong.Want != "" {
			detail = append(detail, "want", wrong.Want)
		}
	}
	switch format {
	case "uscc":
		r.add(USCCCheck, at, detail...)
	case "cn-id":
		r.add(CitizenIDCheck, at, detail...)
	case "licence-id":
		r.add(LicenceIDCheck, at, detail...)
	case "food-number":
		r.add(NumberForm, at, detail...)
	case "date":
		r.add(DateInvalid, at)
	default:
		r.add(FieldFormat, at, "format", format)
	}
}

// parseDate reads YYYY-MM-DD of a year a licence can speak of, at midnight UTC.
func parseDate(s string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}, errors.New("not a date")
	}
	if t.Year() < minYear || t.Year() > maxYear {
		return time.Time{}, fmt.Errorf("a year outside %d to %d", minYear, maxYear)
	}
	return t, nil
}

// Years that a licence can speak of.
const (
	minYear = 1850
	maxYear = 2999
)
