package licences

import (
	"encoding/json"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"yinzheng/internal/pdf"
)

// Codes of 持证主体代码类型 that have rules of their own (standards.md 3.4).
const (
	CodeTypeUSCC    = "001" // 统一社会信用代码
	CodeTypeOrgans  = "099" // 其他法人/组织证件
	CodeTypeCitizen = "111" // 公民身份号码
)

// Retention is how long the archive keeps a licence's case file (DA/T 22).
type Retention string

// The three periods.
const (
	RetainForever Retention = "Y"   // 永久
	Retain30Years Retention = "D30" // 定期30年
	Retain10Years Retention = "D10" // 定期10年
)

// Kind is one kind of licence (证照类型), made from a data file. It does not change and may be used by many at once.
type Kind struct {
	Code      string          // 证照类型代码: USCC of the defining authority and three characters
	Name      string          // 证照类型名称
	NameEN    string          // short English name
	TypeName  string          // 证照名称 as in the metadata; the Name unless the file says otherwise
	Authority Office          // 证照定义机构
	Source    string          // where Code comes from, in English
	Holders   []string        // holder code types that the kind takes
	Issuers   []string        // USCCs of the offices that may issue it; empty for any
	Number    NumberRule      //
	Validity  Validity        //
	Retention Retention       //
	Fields    []Field         // in the order of display
	Schema    json.RawMessage // JSON Schema 2020-12 of the fields
	Face      Face            //
	Examples  []Example       // fit for demonstrations and tests; organisations in them do not exist
	present   []presentable
	byName    map[string]int // into Fields
	schema    *jsonschema.Schema
	ornament  func() (*pdf.Drawing, error) // of every face of this kind, drawn once
}

// Office is an authority by name and USCC.
type Office struct {
	Name string `json:"name"`
	Code string `json:"code"`
}

// Field is one field of a kind, as its schema describes it.
type Field struct {
	Name     string // JSON name
	Label    string // Chinese
	LabelEN  string
	Type     string // "string", "number", "integer" or "array" (of strings)
	Format   string // "", "date", "uscc", "cn-id", "licence-id" or "food-number"
	Unit     string // printed after a number, "" for none
	Join     string // printed between the items of an array
	Order    int
	Required bool
}

// Example is a request that the kind accepts.
type Example struct {
	Issuer    Office          `json:"issuer"`
	Number    string          `json:"number"`
	Holder    Holder          `json:"holder"`
	Fields    json.RawMessage `json:"fields"`
	IssuedOn  string          `json:"issued_on"`
	ValidFrom string          `json:"valid_from,omitempty"`
	ValidTo   string          `json:"valid_to,omitempty"`
}

// presentable is one value that a holder may show.
type presentable struct {
	Name string `json:"name"` // a field, or one of the names of Text
	Mask string `json:"mask"` // "" whole, "ends" keeps 4 characters at both ends, "first" keeps the first character
}

// HolderCodeTypes returns the holder code types that the kind takes.
func (k *Kind) HolderCodeTypes() []string { return append([]string(nil), k.Holders...) }

// Presentable returns the names that Disclose takes, in the order of display.
func (k *Kind) Presentable() []string {
	names := make([]string, len(k.present))
	for i, p := range k.present {
		names[i] = p.Name
	}
	return names
}

// Field returns a field by its JSON name.
func (k *Kind) Field(name string) (Field, bool) {
	i, known := k.byName[name]
	if !known {
		return Field{}, false
	}
	return k.Fields[i], true
}
