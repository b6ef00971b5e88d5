package licences

import (
	"encoding/json"
	"strings"
	"time"

	"yinzheng/verify"
)

// Item is one value of a licence with its labels, for pages and faces.
type Item struct {
	Name    string // a field, or a name of Text
	Label   string // Chinese
	LabelEN string
	Value   string // as printed; "" when the licence has none
}

// builtinLabels are the values that every licence has beside its fields.
func builtinLabels() map[string][2]string {
	return map[string][2]string{
		"holder.name":      {"持证主体", "Holder"},
		"holder.code":      {"持证主体代码", "Holder's code"},
		"holder.code_type": {"持证主体代码类型", "Type of code"},
		"number":           {"证照编号", "Number"},
		"identifier":       {"电子证照标识", "Identifier"},
		"issuer":           {"颁发机构", "Issuer"},
		"issuer_code":      {"颁发机构代码", "Issuer's code"},
		"issued_on":        {"颁发日期", "Issued on"},
		"valid_from":       {"有效期起始日期", "Valid from"},
		"valid_to":         {"有效期截止日期", "Valid to"},
		"validity":         {"有效期", "Validity"},
	}
}

// codeTypeNames are the names of 持证主体代码类型代码 (GB/T 36903; standards.md 3.4).
func codeTypeNames() map[string]string {
	return map[string]string{
		"001": "统一社会信用代码", "099": "其他法人或其他组织有效证件", "111": "公民身份号码", "114": "军官证", "115": "武警警官证",
		"118": "解放军士兵证", "119": "武警士兵证", "120": "解放军文职人员证", "122": "武警文职人员证", "411": "外交护照",
		"412": "公务护照", "413": "公务普通护照", "414": "普通护照", "511": "台湾居民来往大陆通行证",
		"516": "港澳居民来往内地通行证", "999": "其他自然人有效证件",
	}
}

// knows says whether a name stands for a value of the kind's licences.
func (k *Kind) knows(name string) bool {
	if _, isField := k.byName[name]; isField {
		return true
	}
	_, isBuiltin := builtinLabels()[name]
	return isBuiltin
}

// values are the texts of one licence by name.
type values struct {
	kind   *Kind
	l      Licence
	fields map[string]any
}

// text returns a value as it is printed.
func (v values) text(name string) string {
	if i, isField := v.kind.byName[name]; isField {
		return fieldText(v.kind.Fields[i], v.fields[name])
	}
	switch name {
	case "holder.name":
		return v.l.Holder.Name
	case "holder.code":
		return v.l.Holder.Code
	case "holder.code_type":
		return codeTypeNames()[v.l.Holder.CodeType]
	case "number":
		return v.l.Number
	case "identifier":
		return v.l.Identifier
	case "issuer":
		return v.l.Issuer
	case "issuer_code":
		return v.l.IssuerCode
	case "issued_on":
		return chineseDate(v.l.IssuedOn)
	case "valid_from":
		return chineseDate(v.l.ValidFrom)
	case "valid_to":
		return endText(v.l.ValidTo)
	case "validity":
		if v.l.ValidTo == "" {
			return verify.NoEnd
		}
		return chineseDate(v.l.ValidFrom) + "至" + chineseDate(v.l.ValidTo)
	}
	return ""
}

func endText(day string) string {
	if day == "" {
		return verify.NoEnd
	}
	return chineseDate(day)
}

// fieldText writes the value of a field that its schema has passed.
func fieldText(f Field, value any) string {
	switch value := value.(type) {
	case string:
		if f.Format == "date" {
			return chineseDate(value)
		}
		return value
	case json.Number:
		return value.String() + f.Unit
	case []any:
		join := f.Join
		if join == "" {
			join = "、"
		}
		texts := make([]string, 0, len(value))
		for _, one := range value {
			if s, isText := one.(string); isText {
				texts = append(texts, s)
			}
		}
		return strings.Join(texts, join)
	}
	return ""
}

// chineseDate writes a day of YYYY-MM-DD as on licences: 2026年11月22日.
func chineseDate(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return t.Format("2006年01月02日")
}

// Items returns every value that the kind's licences show, in the order: holder, number, fields, issuer, dates. It is for
// those who may see the whole licence; others get Disclose.
func (k *Kind) Items(l Licence) ([]Item, error) {
	fields, err := readFields(l.Fields)
	if err != nil {
		return nil, err
	}
	v := values{k, l, fields}
	names := []string{"holder.name", "holder.code", "number"}
	for _, f := range k.Fields {
		names = append(names, f.Name)
	}
	names = append(names, "issuer", "issued_on", "validity")
	items := make([]Item, 0, len(names))
	for _, name := range names {
		if item := v.item(name); item.Value != "" {
			items = append(items, item)
		}
	}
	return items, nil
}

func (v values) item(name string) Item {
	item := Item{Name: name, Value: v.text(name)}
	if f, isField := v.kind.Field(name); isField {
		item.Label, item.LabelEN = f.Label, f.LabelEN
		return item
	}
	labels := builtinLabels()[name]
	item.Label, item.LabelEN = labels[0], labels[1]
	if label, printed := v.kind.Face.label(name); printed {
		item.Label = label
	}
	return item
}

// Data returns the licence for machines: GB/T 36903 metadata and the kind's fields.
func (k *Kind) Data(l Licence) verify.Data {
	end := l.ValidTo
	if end == "" {
		end = verify.NoEnd
	}
	return verify.Data{
		Version: verify.DataVersion,
		Metadata: verify.Metadata{
			ZZBS: l.Identifier, ZZMC: k.TypeName, ZZLXMC: k.Name, ZZLXDM: k.Code, ZZBH: l.Number, ZZBFJG: l.Issuer,
			ZZBFJGDM: l.IssuerCode, ZZBFRQ: l.IssuedOn, CZZT: l.Holder.Name, CZZTDM: l.Holder.Code,
			CZZTDMLX: codeTypeNames()[l.Holder.CodeType], CZZTDMLXDM: l.Holder.CodeType, ZZYXQQSRQ: l.ValidFrom,
			ZZYXQJZRQ: end,
		},
		Fields: l.Fields,
	}
}
