package licences

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"yinzheng/internal/codes"
	"yinzheng/internal/pdf"
)

// maxKindDepth bounds nesting in a kind's file.
const maxKindDepth = 16

// kindFile is a kind as its file writes it.
type kindFile struct {
	Code      string          `json:"code"`
	Name      string          `json:"name"`
	NameEN    string          `json:"name_en"`
	TypeName  string          `json:"type_name"`
	Authority Office          `json:"authority"`
	Source    string          `json:"source"`
	Holders   []string        `json:"holders"`
	Issuers   json.RawMessage `json:"issuers"` // "any" or a list
	Number    NumberRule      `json:"number"`
	Validity  Validity        `json:"validity"`
	Retention Retention       `json:"retention"`
	Fields    json.RawMessage `json:"fields"`
	Present   []presentable   `json:"present"`
	Face      Face            `json:"face"`
	Examples  []Example       `json:"examples"`
}

// fieldSchema is what we read of a field's schema; the rest is for the validator.
type fieldSchema struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	TitleE string `json:"x-en"`
	Order  int    `json:"x-order"`
	Format string `json:"format"`
	Unit   string `json:"x-unit"`
	Join   string `json:"x-join"`
}

// faults collects the mistakes of one file.
type faults struct {
	file string
	list KindFaults
}

func (f *faults) add(pointer, format string, args ...any) {
	f.list = append(f.list, KindFault{f.file, pointer, fmt.Sprintf(format, args...)})
}

// parseKind reads one file: its form by the schema of kinds' files, then what a schema cannot say, then the examples.
func parseKind(form *jsonschema.Schema, name string, b []byte) (*Kind, KindFaults) {
	f := &faults{file: name}
	document, err := readStrict(b, maxKindDepth)
	if err != nil {
		f.add("", "%v", err)
		return nil, f.list
	}
	if err := form.Validate(document); err != nil {
		f.addSchema(err)
		return nil, f.list
	}
	var file kindFile
	if err := json.Unmarshal(b, &file); err != nil {
		f.add("", "%v", err)
		return nil, f.list
	}
	k := &Kind{
		Code: file.Code, Name: file.Name, NameEN: file.NameEN, TypeName: file.TypeName, Authority: file.Authority,
		Source: file.Source, Holders: file.Holders, Number: file.Number, Validity: file.Validity,
		Retention: file.Retention, Schema: compact(file.Fields), Face: file.Face, Examples: file.Examples, present: file.Present,
	}
	if k.TypeName == "" {
		k.TypeName = k.Name
	}
	k.ornament = sync.OnceValues(func() (*pdf.Drawing, error) { return ornamentOf(k.Face.Orientation, k.Face.Theme) })
	f.readIssuers(k, file.Issuers)
	f.readFields(k, document)
	f.checkCodes(k)
	f.checkRules(k)
	f.checkFace(k)
	if len(f.list) == 0 {
		f.checkExamples(k)
	}
	return k, f.list
}

// addSchema lists what the schema of kinds' files refused, in English.
func (f *faults) addSchema(err error) {
	found, isValidation := err.(*jsonschema.ValidationError) //nolint:errorlint // what Validate returns, not wrapped
	if !isValidation {
		f.add("", "%v", err)
		return
	}
	english := message.NewPrinter(language.English)
	for _, leaf := range leaves(found, nil) {
		f.add(pointer(leaf.InstanceLocation...), "%s", leaf.ErrorKind.LocalizedString(english))
	}
	sort.SliceStable(f.list, func(i, j int) bool { return f.list[i].Pointer < f.list[j].Pointer })
}

func (f *faults) readIssuers(k *Kind, raw json.RawMessage) {
	if bytes.HasPrefix(raw, []byte{'"'}) { // "any", by the schema
		return
	}
	if err := json.Unmarshal(raw, &k.Issuers); err != nil {
		f.add("/issuers", "%v", err)
	}
	for i, code := range k.Issuers {
		if err := codes.CheckUSCC(code); err != nil {
			f.add(fmt.Sprintf("/issuers/%d", i), "%v", err)
		}
	}
}

// readFields compiles the fields' schema and lists the fields in the order of display.
func (f *faults) readFields(k *Kind, document any) {
	whole, _ := document.(map[string]any)
	compiled, err := compile(k.Code, whole["fields"])
	if err != nil {
		f.add("/fields", "%v", err)
		return
	}
	k.schema = compiled
	var schema struct {
		Properties map[string]fieldSchema `json:"properties"`
		Required   []string               `json:"required"`
	}
	if err := json.Unmarshal(k.Schema, &schema); err != nil {
		f.add("/fields", "%v", err)
		return
	}
	required := make(map[string]bool)
	for _, name := range schema.Required {
		if _, known := schema.Properties[name]; !known {
			f.add("/fields/required", "%s is not a property", name)
		}
		required[name] = true
	}
	orders := make(map[int]string)
	for name, s := range schema.Properties {
		if other, taken := orders[s.Order]; taken {
			f.add("/fields/properties", "%s and %s have the same x-order", min(name, other), max(name, other))
		}
		orders[s.Order] = name
		if _, taken := builtinLabels()[name]; taken {
			f.add("/fields/properties/"+name, "the name stands for a part of every licence")
		}
		k.Fields = append(k.Fields, Field{
			Name: name, Label: s.Title, LabelEN: s.TitleE, Type: s.Type, Format: s.Format, Unit: s.Unit, Join: s.Join,
			Order: s.Order, Required: required[name],
		})
	}
	sort.Slice(k.Fields, func(i, j int) bool { return k.Fields[i].Order < k.Fields[j].Order })
	k.byName = make(map[string]int, len(k.Fields))
	for i, field := range k.Fields {
		k.byName[field.Name] = i
	}
}

func (f *faults) checkCodes(k *Kind) {
	if err := codes.CheckTypeCode(k.Code); err != nil {
		f.add("/code", "%v", err)
	}
	if k.Authority.Code != k.Code[:codes.USCCLen] {
		f.add("/authority/code", "the code of the kind begins with another authority")
	}
}

// checkRules finds what is wrong with number, validity, holders and presentation.
func (f *faults) checkRules(k *Kind) {
	f.checkNumber(k)
	f.checkValidity(k)
	for i, t := range k.Holders {
		if codeTypeNames()[t] == "" {
			f.add(fmt.Sprintf("/holders/%d", i), "there is no holder code type %s", t)
		}
	}
	for i, p := range k.present {
		if !k.knows(p.Name) {
			f.add(fmt.Sprintf("/present/%d/name", i), "there is no value %s", p.Name)
		}
	}
}

func (f *faults) checkNumber(k *Kind) {
	if (k.Number.Rule == "pattern") != (k.Number.Pattern != "") {
		f.add("/number/pattern", "a pattern belongs to the rule pattern")
	}
	if err := k.Number.prepare(); err != nil {
		f.add("/number", "%v", err)
	}
}

func (f *faults) checkValidity(k *Kind) {
	switch term := k.Validity.Term; {
	case term == "field":
		if field, known := k.Field(k.Validity.Field); !known || field.Format != "date" || !field.Required {
			f.add("/validity/field", "not a required date field")
		}
	case k.Validity.Field != "":
		f.add("/validity/field", "the term %s has no field", term)
	}
	counted := k.Validity.Term == "years" || k.Validity.Term == "months" || k.Validity.Term == "days"
	if counted != (k.Validity.Length > 0) {
		f.add("/validity/length", "a length belongs to years, months and days")
	}
}

// checkExamples holds every example against the kind.
func (f *faults) checkExamples(k *Kind) {
	for i, e := range k.Examples {
		at := fmt.Sprintf("/examples/%d", i)
		l, err := e.Licence(k)
		if err == nil {
			err = k.CheckLicence(l)
		}
		if err != nil {
			f.add(at, "%v", err)
		}
	}
}

// compact drops the spaces of JSON that was read before.
func compact(raw json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return raw
	}
	return b.Bytes()
}
