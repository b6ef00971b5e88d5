package licences_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yinzheng/licences"
)

const (
	foodKind   = "11450000MB9999017W001"
	tradeKind  = "11450000MB9999017W002"
	buildKind  = "11450000MB9999025P001"
	estateKind = "11100000MB03271699001"
	plainKind  = "11450000MB9999033J001"
)

// kindOf returns a built-in kind.
func kindOf(t testing.TB, code string) *licences.Kind {
	t.Helper()
	c, err := licences.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	k, known := c.Kind(code)
	if !known {
		t.Fatalf("there is no kind %s", code)
	}
	return k
}

// example returns the first example of a kind as a licence.
func example(t testing.TB, k *licences.Kind) licences.Licence {
	t.Helper()
	l, err := k.Examples[0].Licence(k)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// with returns JSON fields with one of them changed, or taken away by nil.
func with(t testing.TB, fields json.RawMessage, name string, value any) json.RawMessage {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(fields, &all); err != nil {
		t.Fatal(err)
	}
	all[name] = value
	if value == nil {
		delete(all, name)
	}
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// places writes refusals as "CODE pointer".
func places(t testing.TB, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var found licences.Refusals
	if !errors.As(err, &found) {
		t.Fatalf("not refusals: %v", err)
	}
	var out []string
	for _, r := range found {
		out = append(out, r.Code+" "+r.Pointer)
	}
	return out
}

func TestBuiltinKindsAreTheFiveAndTheirExamplesPass(t *testing.T) {
	c, err := licences.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]string)
	for _, k := range c.All() {
		names[k.Code] = k.Name
		for i, e := range k.Examples {
			l, err := e.Licence(k)
			if err != nil {
				t.Fatalf("%s: example %d: %v", k.Name, i, err)
			}
			if err := k.CheckLicence(l); err != nil {
				t.Errorf("%s: example %d: %v", k.Name, i, err)
			}
		}
	}
	want := map[string]string{
		foodKind: "食品经营许可证", tradeKind: "营业执照", buildKind: "建筑工程施工许可证", estateKind: "不动产权证书", plainKind: "证明",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if _, known := c.Kind("11450000MB9999033J002"); known {
		t.Error("an unknown code has a kind")
	}
}

func TestFieldsThatAreWrongAreRefusedEachWithCodeAndPlace(t *testing.T) {
	food, build := kindOf(t, foodKind), kindOf(t, buildKind)
	for name, c := range map[string]struct {
		kind   *licences.Kind
		fields func(json.RawMessage) json.RawMessage
		want   []string
	}{
		"missing": {food, func(f json.RawMessage) json.RawMessage { return with(t, f, "premises", nil) }, []string{"FIELD_REQUIRED /fields/premises"}},
		"unknown": {food, func(f json.RawMessage) json.RawMessage { return with(t, f, "a/b~c", 1) }, []string{"FIELD_UNKNOWN /fields/a~1b~0c"}},
		"type":    {food, func(f json.RawMessage) json.RawMessage { return with(t, f, "signer", 7) }, []string{"FIELD_TYPE /fields/signer"}},
		"null":    {food, func(f json.RawMessage) json.RawMessage { return with(t, f, "signer", json.RawMessage("null")) }, []string{"FIELD_TYPE /fields/signer"}},
		"long": {food, func(f json.RawMessage) json.RawMessage { return with(t, f, "domicile", strings.Repeat("路", 121)) },
			[]string{"FIELD_LENGTH /fields/domicile"}},
		"short": {food, func(f json.RawMessage) json.RawMessage { return with(t, f, "domicile", "路") }, []string{"FIELD_LENGTH /fields/domicile"}},
		"enum":  {food, func(f json.RawMessage) json.RawMessage { return with(t, f, "business_type", "其他") }, []string{"FIELD_VALUE /fields/business_type"}},
		"item": {food, func(f json.RawMessage) json.RawMessage { return with(t, f, "business_items", []any{"其他", 1}) },
			[]string{"FIELD_VALUE /fields/business_items/0", "FIELD_TYPE /fields/business_items/1"}},
		"no items": {food, func(f json.RawMessage) json.RawMessage { return with(t, f, "business_items", []any{}) },
			[]string{"FIELD_LENGTH /fields/business_items"}},
		"twice in list": {food, func(f json.RawMessage) json.RawMessage {
			return with(t, f, "business_items", []any{"自制饮品制售", "自制饮品制售"})
		}, []string{"FIELD_TWICE /fields/business_items"}},
		"date": {build, func(f json.RawMessage) json.RawMessage { return with(t, f, "ends_on", "2026-02-30") }, []string{"DATE_INVALID /fields/ends_on"}},
		"area": {build, func(f json.RawMessage) json.RawMessage { return with(t, f, "scale", 0) }, []string{"FIELD_VALUE /fields/scale"}},
		"step": {build, func(f json.RawMessage) json.RawMessage { return with(t, f, "scale", json.RawMessage("1.005")) },
			[]string{"FIELD_VALUE /fields/scale"}},
		"control": {food, func(f json.RawMessage) json.RawMessage { return with(t, f, "signer", "示例\n签发人") },
			[]string{"FIELD_CHARACTER /fields/signer"}},
		"invisible": {food, func(f json.RawMessage) json.RawMessage { return with(t, f, "signer", "示例\u200b签发人") },
			[]string{"FIELD_CHARACTER /fields/signer"}},
		"direction": {food, func(f json.RawMessage) json.RawMessage { return with(t, f, "signer", "示例\u202e签发人") },
			[]string{"FIELD_CHARACTER /fields/signer"}},
		"private": {food, func(f json.RawMessage) json.RawMessage { return with(t, f, "signer", "示例\ue863签发人") },
			[]string{"FIELD_CHARACTER /fields/signer"}},
		"space at the end": {food, func(f json.RawMessage) json.RawMessage { return with(t, f, "signer", "示例签发人 ") },
			[]string{"FIELD_CHARACTER /fields/signer"}},
		"several": {food, func(f json.RawMessage) json.RawMessage { return with(t, with(t, f, "signer", 7), "domicile", nil) },
			[]string{"FIELD_REQUIRED /fields/domicile", "FIELD_TYPE /fields/signer"}},
		"twice":     {food, func(json.RawMessage) json.RawMessage { return json.RawMessage(`{"signer":"甲乙","signer":"丙丁"}`) }, []string{"FIELD_TWICE /fields/signer"}},
		"exponent":  {build, func(json.RawMessage) json.RawMessage { return json.RawMessage(`{"scale":1e999999999}`) }, []string{"FIELD_FORMAT /fields/scale"}},
		"deep":      {food, func(json.RawMessage) json.RawMessage { return json.RawMessage(`{"signer":[[[[1]]]]}`) }, []string{"FIELD_TYPE /fields/signer/0/0/0"}},
		"broken":    {food, func(json.RawMessage) json.RawMessage { return json.RawMessage(`{"signer":`) }, []string{"FIELDS_NOT_JSON /fields/signer"}},
		"empty":     {food, func(json.RawMessage) json.RawMessage { return nil }, []string{"FIELDS_NOT_JSON /fields"}},
		"no object": {food, func(json.RawMessage) json.RawMessage { return json.RawMessage(`[]`) }, []string{"FIELDS_NOT_JSON /fields"}},
		"two":       {food, func(f json.RawMessage) json.RawMessage { return append(append(json.RawMessage{}, f...), "{}"...) }, []string{"FIELDS_NOT_JSON /fields"}},
		"not UTF-8": {food, func(json.RawMessage) json.RawMessage { return json.RawMessage("{\"signer\":\"\xff\"}") }, []string{"FIELDS_NOT_JSON /fields"}},
		"large": {food, func(json.RawMessage) json.RawMessage {
			return json.RawMessage(`{"signer":"` + strings.Repeat("a", licences.MaxFields) + `"}`)
		}, []string{"FIELDS_TOO_LARGE /fields"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.kind.Check(c.fields(c.kind.Examples[0].Fields))
			if diff := cmp.Diff(c.want, places(t, err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLicenceThatIsWrongIsRefusedEachWithCodeAndPlace(t *testing.T) {
	for name, c := range map[string]struct {
		kind   string
		change func(*licences.Licence)
		want   []string
	}{
		"as it is":     {foodKind, func(*licences.Licence) {}, nil},
		"USCC":         {foodKind, func(l *licences.Licence) { l.Holder.Code = "91450100MA9999013C" }, []string{"USCC_CHECK /holder/code"}},
		"citizen":      {estateKind, func(l *licences.Licence) { l.Holder.Code = "450100190001010017" }, []string{"CITIZEN_ID_CHECK /holder/code"}},
		"born later":   {plainKind, func(l *licences.Licence) { l.Holder.Code = "450100210001010011" }, []string{"CITIZEN_ID_CHECK /holder/code"}},
		"holder type":  {tradeKind, func(l *licences.Licence) { l.Holder.CodeType = "111" }, []string{"HOLDER_TYPE /holder/code_type"}},
		"no holder":    {foodKind, func(l *licences.Licence) { l.Holder.Name = "" }, []string{"FIELD_REQUIRED /holder/name"}},
		"long holder":  {foodKind, func(l *licences.Licence) { l.Holder.Name = strings.Repeat("某", 201) }, []string{"FIELD_LENGTH /holder/name"}},
		"tab":          {foodKind, func(l *licences.Licence) { l.Holder.Name = "示例\t公司" }, []string{"FIELD_CHARACTER /holder/name"}},
		"number check": {foodKind, func(l *licences.Licence) { l.Number = "JY14501030000014" }, []string{"NUMBER_FORM /number"}},
		"number shape": {buildKind, func(l *licences.Licence) { l.Number = "45010320261122010" }, []string{"NUMBER_FORM /number"}},
		"number other": {tradeKind, func(l *licences.Licence) { l.Number = "91450100MA99990216" }, []string{"NUMBER_FORM /number"}},
		"issuer":       {foodKind, func(l *licences.Licence) { l.IssuerCode = "11450100MB9999113C" }, []string{"USCC_CHECK /issuer_code", "LICENCE_ID_CHECK /identifier"}},
		"issue day":    {foodKind, func(l *licences.Licence) { l.IssuedOn = "2026-11-31" }, []string{"DATE_INVALID /issued_on"}},
		"ends first":   {foodKind, func(l *licences.Licence) { l.ValidTo = "2026-11-21" }, []string{"DATE_ORDER /valid_to"}},
		"too long":     {foodKind, func(l *licences.Licence) { l.ValidTo = "2031-11-22" }, []string{"VALIDITY_TERM /valid_to"}},
		"no end":       {foodKind, func(l *licences.Licence) { l.ValidTo = "" }, []string{"VALIDITY_TERM /valid_to"}},
		"an end":       {estateKind, func(l *licences.Licence) { l.ValidTo = "2031-11-21" }, []string{"VALIDITY_TERM /valid_to"}},
		"identifier": {foodKind, func(l *licences.Licence) { l.Identifier = l.Identifier[:len(l.Identifier)-1] + "?" },
			[]string{"LICENCE_ID_CHECK /identifier"}},
		"other's identifier": {foodKind, func(l *licences.Licence) {
			l.Identifier = "1.2.156.3005.2.11100000000013338W032.11220000013544541J.2430599.001.F"
		},
			[]string{"LICENCE_ID_CHECK /identifier"}},
		"glyph":          {plainKind, func(l *licences.Licence) { l.Holder.Name = "示例\U0003106c申请人" }, []string{"GLYPH_MISSING /holder/name"}},
		"glyph in field": {plainKind, func(l *licences.Licence) { l.Fields = with(t, l.Fields, "purpose", "办理\U0003106c事") }, []string{"GLYPH_MISSING /fields/purpose"}},
	} {
		t.Run(name, func(t *testing.T) {
			k := kindOf(t, c.kind)
			l := example(t, k)
			c.change(&l)
			if diff := cmp.Diff(c.want, places(t, k.CheckLicence(l))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefusalsNameLimitsButNeverValues(t *testing.T) {
	k := kindOf(t, estateKind)
	l := example(t, k)
	l.Holder = licences.Holder{Name: "示例\U0003106c权利人", Code: "450100190001010017", CodeType: "111"}
	var found licences.Refusals
	if !errors.As(k.CheckLicence(l), &found) || len(found) != 1 {
		t.Fatalf("got %v", found)
	}
	if diff := cmp.Diff(map[string]string{"position": "18", "want": "6"}, found[0].Params); diff != "" {
		t.Error(diff)
	}
	l.Holder.Code = "450100190001010016"
	if !errors.As(k.CheckLicence(l), &found) || len(found) != 1 {
		t.Fatalf("got %v", found)
	}
	if diff := cmp.Diff(map[string]string{"char": "\U0003106c", "code": "U+3106C"}, found[0].Params); diff != "" {
		t.Error(diff)
	}
	text := found.Error()
	if strings.Contains(text, l.Holder.Code) || strings.Contains(text, "权利人") {
		t.Errorf("the error repeats a value: %s", text)
	}
}

func TestManyUnknownFieldsGiveABoundedAnswer(t *testing.T) {
	fields := make(map[string]int)
	for i := range 3000 {
		fields[strings.Repeat("x", 1+i%7)+string(rune('a'+i%26))+strings.Repeat("y", i%300)] = i
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > licences.MaxFields {
		raw = []byte(`{"` + strings.Repeat("n", 60000) + `":1}`)
	}
	var found licences.Refusals
	if !errors.As(kindOf(t, foodKind).Check(raw), &found) {
		t.Fatal("accepted")
	}
	if len(found) > 50 {
		t.Errorf("%d refusals", len(found))
	}
	for _, r := range found {
		if len(r.Pointer) > 200 {
			t.Errorf("a pointer of %d bytes", len(r.Pointer))
		}
	}
}

func FuzzCheckFields(f *testing.F) {
	c, err := licences.Builtin()
	if err != nil {
		f.Fatal(err)
	}
	seeds := 0
	for _, k := range c.All() {
		for _, e := range k.Examples {
			f.Add([]byte(e.Fields))
			seeds++
		}
	}
	if seeds == 0 {
		f.Fatal("the seed corpus is empty")
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, k := range c.All() {
			err := k.Check(raw)
			var found licences.Refusals
			if err != nil && (!errors.As(err, &found) || len(found) == 0) {
				t.Errorf("not refusals: %v", err)
			}
			if err == nil && !json.Valid(raw) {
				t.Error("broken JSON was accepted")
			}
		}
	})
}
