package licences_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"yinzheng/licences"
)

// kindFile returns a built-in kind's file with parts replaced, old and new in turn; every old part must be there.
func kindFile(t testing.TB, name string, replace ...string) fstest.MapFS {
	t.Helper()
	b, err := os.ReadFile("kinds/" + name)
	if err != nil {
		t.Fatal(err)
	}
	s := string(b)
	for i := 0; i+1 < len(replace); i += 2 {
		if !strings.Contains(s, replace[i]) {
			t.Fatalf("%s does not contain %q", name, replace[i])
		}
		s = strings.Replace(s, replace[i], replace[i+1], 1)
	}
	return fstest.MapFS{name: {Data: []byte(s)}}
}

// faultPlaces loads a folder and returns where it is wrong.
func faultPlaces(t testing.TB, folder fstest.MapFS) []string {
	t.Helper()
	_, err := licences.LoadKinds(folder)
	var found licences.KindFaults
	if !errors.As(err, &found) {
		t.Fatalf("got %v", err)
	}
	var out []string
	for _, f := range found {
		out = append(out, f.Pointer)
	}
	return out
}

func TestKindFileThatIsWrongIsRefusedWithItsPlace(t *testing.T) {
	for name, c := range map[string]struct {
		replace []string
		want    []string
	}{
		"unknown key":         {[]string{`"retention": "D10"`, `"retention": "D10", "colour": 1`}, []string{""}},
		"unknown keyword":     {[]string{`"minLength": 4`, `"minLenght": 4`}, []string{"/fields/properties/statement"}},
		"reference":           {[]string{`"type": "string", "title": "用途"`, `"$ref": "https://example.org/x.json", "type": "string", "title": "用途"`}, []string{"/fields/properties/purpose"}},
		"unknown format":      {[]string{`"maxLength": 60}`, `"maxLength": 60, "format": "e-mail"}`}, []string{"/fields/properties/purpose/format"}},
		"no limit":            {[]string{`"minLength": 2, "maxLength": 60`, `"minLength": 2`}, []string{"/fields/properties/purpose", "/fields/properties/purpose", "/fields/properties/purpose"}},
		"open fields":         {[]string{`"additionalProperties": false`, `"additionalProperties": true`}, []string{"/fields/additionalProperties"}},
		"check character":     {[]string{`"code": "11450000MB9999033J001"`, `"code": "11450000MB9999033K001"`}, []string{"/code", "/authority/code"}},
		"other's code":        {[]string{`"code": "11450000MB9999033J001"`, `"code": "11450000MB9999017W001"`}, []string{"/authority/code"}},
		"face value":          {[]string{"{purpose}", "{purpoose}"}, []string{"/face/paragraphs/1", "/face"}},
		"optional value":      {[]string{`"required": ["statement", "purpose"]`, `"required": ["statement"]`}, []string{"/face/paragraphs/1"}},
		"present value":       {[]string{`{"name": "purpose"}`, `{"name": "purposes"}`}, []string{"/present/4/name"}},
		"required not there":  {[]string{`"required": ["statement", "purpose"]`, `"required": ["statement", "purpose", "other"]`}, []string{"/fields/required"}},
		"pattern":             {[]string{`"pattern": "^\\p{Han}{2,10}`, `"pattern": "^(\\p{Han}{2,10}`}, []string{"/number"}},
		"no pattern":          {[]string{`"rule": "pattern"`, `"rule": "food"`}, []string{"/number/pattern"}},
		"template":            {[]string{"{seq:6}", "{seq:0}"}, []string{"/number"}},
		"validity":            {[]string{`"term": "months", "length": 6`, `"term": "months"`}, []string{"/validity/length"}},
		"validity field":      {[]string{`"term": "months", "length": 6`, `"term": "field", "field": "purpose"`}, []string{"/validity/field"}},
		"holder code type":    {[]string{`"999"],`, `"998"],`}, []string{"/holders/7"}},
		"issuers":             {[]string{`"issuers": "any"`, `"issuers": ["11450100MB9999113C"]`}, []string{"/issuers/0"}},
		"same order":          {[]string{`"x-order": 2`, `"x-order": 1`}, []string{"/fields/properties"}},
		"name of ours":        {[]string{`"purpose": {"type"`, `"issuer": {"type"`, `"required": ["statement", "purpose"]`, `"required": ["statement", "issuer"]`}, []string{"/fields/properties/issuer", "/present/4/name", "/face/paragraphs/1", "/face"}},
		"title without glyph": {[]string{`"title": "证明",`, "\"title\": \"证\U0003106c\","}, []string{"/face/title"}},
		"example":             {[]string{"450100190001010024", "450100190001010025"}, []string{"/examples/0"}},
		"same key twice":      {[]string{`"retention": "D10"`, `"retention": "D10", "retention": "D30"`}, []string{""}},
		"no JSON":             {[]string{`{`, `[`}, []string{""}},
		"everything at once":  {[]string{`"maxLength": 60}`, `"maxLength": "60"}`, `"retention": "D10"`, `"retention": "D11"`, `"theme": "slate"`, `"theme": "pink"`}, []string{"/face/theme", "/fields/properties/purpose/maxLength", "/retention"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, faultPlaces(t, kindFile(t, "certificate.json", c.replace...))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFolderOfKindsIsTakenWholeOrNotAtAll(t *testing.T) {
	good := kindFile(t, "certificate.json")
	c, err := licences.LoadKinds(good)
	if err != nil || len(c.All()) != 1 {
		t.Fatalf("got %v, %v", c, err)
	}
	good["copy.json"] = good["certificate.json"]
	if diff := cmp.Diff([]string{"/code"}, faultPlaces(t, good)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{""}, faultPlaces(t, fstest.MapFS{"readme.txt": {}})); diff != "" {
		t.Error(diff)
	}
	large := fstest.MapFS{"large.json": {Data: make([]byte, licences.MaxKindFile+1)}}
	if diff := cmp.Diff([]string{""}, faultPlaces(t, large)); diff != "" {
		t.Error(diff)
	}
}

func TestNumbersAreMadeAsTheKindReadsThem(t *testing.T) {
	for code, want := range map[string]string{
		foodKind: "JY14501030000423", tradeKind: "91450100MA9999013B", buildKind: "450103202611224201",
		estateKind: "桂（2026）南宁市不动产权第0000042号", plainKind: "南示证〔2026〕000042号",
	} {
		k := kindOf(t, code)
		l := example(t, k)
		got, err := k.MakeNumber(l.Holder, "2026-11-22", 42)
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", k.Name, got, err, want)
		}
		l.Number = got
		if err := k.CheckLicence(l); err != nil {
			t.Errorf("%s: %v", k.Name, err)
		}
	}
	if got, err := kindOf(t, buildKind).MakeNumber(licences.Holder{}, "2026-11-22", 100); err == nil {
		t.Errorf("100 fits two digits: %s", got)
	}
	if got, err := kindOf(t, buildKind).MakeNumber(licences.Holder{}, "", 1); err == nil {
		t.Errorf("without a date: %s", got)
	}
	folder := kindFile(t, "certificate.json", `, "template": "南示证〔{year}〕{seq:6}号"`, "")
	c, err := licences.LoadKinds(folder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.All()[0].MakeNumber(licences.Holder{}, "2026-11-22", 1); !errors.Is(err, licences.ErrNoTemplate) {
		t.Errorf("got %v", err)
	}
}

func TestSerialIsTheNumberWithoutPunctuation(t *testing.T) {
	for number, want := range map[string]string{
		"JY14501030000013": "JY14501030000013", "A-12/3 (4).5": "A12345", "桂2026": "", "": "", "--": "",
		strings.Repeat("1", 33): "", "abc": "",
	} {
		got, ok := licences.Serial(number)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q: got %q, %v, want %q", number, got, ok, want)
		}
	}
}

func TestPeriodFollowsTheRuleOfTheKind(t *testing.T) {
	type span struct{ from, to string }
	for name, c := range map[string]struct {
		replace        []string
		issued         string
		asked          span
		want           span
		refused, limit string
	}{
		"months":             {nil, "2026-11-22", span{}, span{"2026-11-22", "2027-05-21"}, "", ""},
		"end of month":       {nil, "2026-08-31", span{}, span{"2026-08-31", "2027-02-28"}, "", ""},
		"from later":         {nil, "2026-11-22", span{"2027-01-01", ""}, span{"2027-01-01", "2027-06-30"}, "", ""},
		"shorter":            {nil, "2026-11-22", span{"", "2026-12-01"}, span{"2026-11-22", "2026-12-01"}, "", ""},
		"longer":             {nil, "2026-11-22", span{"", "2027-05-22"}, span{}, licences.ValidityTerm, "2027-05-21"},
		"backwards":          {nil, "2026-11-22", span{"", "2026-11-21"}, span{}, licences.DateOrder, ""},
		"no date":            {nil, "2026-11-22", span{"2026-1-1", ""}, span{}, licences.DateInvalid, ""},
		"no day":             {nil, "2026-11-22", span{"", "2027-02-29"}, span{}, licences.DateInvalid, ""},
		"years over 29 Feb":  {[]string{`"months", "length": 6`, `"years", "length": 5`}, "2028-02-29", span{}, span{"2028-02-29", "2033-02-28"}, "", ""},
		"years from 1 March": {[]string{`"months", "length": 6`, `"years", "length": 1`}, "2027-03-01", span{}, span{"2027-03-01", "2028-02-29"}, "", ""},
		"days":               {[]string{`"months", "length": 6`, `"days", "length": 30`}, "2026-11-22", span{}, span{"2026-11-22", "2026-12-21"}, "", ""},
		"one day":            {[]string{`"months", "length": 6`, `"days", "length": 1`}, "2026-11-22", span{}, span{"2026-11-22", "2026-11-22"}, "", ""},
		"none":               {[]string{`"months", "length": 6`, `"none"`}, "2026-11-22", span{}, span{"2026-11-22", ""}, "", ""},
		"none but asked":     {[]string{`"months", "length": 6`, `"none"`}, "2026-11-22", span{"", "2027-01-01"}, span{}, licences.ValidityTerm, ""},
		"free":               {[]string{`"months", "length": 6`, `"free"`}, "2026-11-22", span{"", "2099-12-31"}, span{"2026-11-22", "2099-12-31"}, "", ""},
		"free and open":      {[]string{`"months", "length": 6`, `"free"`}, "2026-11-22", span{}, span{"2026-11-22", ""}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			cat, err := licences.LoadKinds(kindFile(t, "certificate.json", c.replace...))
			if err != nil {
				t.Fatal(err)
			}
			k := cat.All()[0]
			from, to, err := k.Period(c.issued, c.asked.from, c.asked.to, k.Examples[0].Fields)
			if c.refused != "" {
				var found licences.Refusals
				if !errors.As(err, &found) || found[0].Code != c.refused || found[0].Params["max"] != c.limit {
					t.Errorf("got %v, want %s %s", err, c.refused, c.limit)
				}
				return
			}
			if err != nil || from != c.want.from || to != c.want.to {
				t.Errorf("got %s to %s, %v, want %v", from, to, err, c.want)
			}
		})
	}
}

func TestPeriodMayEndOnADateOfTheFields(t *testing.T) {
	c, err := licences.LoadKinds(kindFile(t, "construction-permit.json", `"term": "none"`, `"term": "field", "field": "ends_on"`))
	if err != nil {
		t.Fatal(err)
	}
	k := c.All()[0]
	_, to, err := k.Period("2026-11-22", "", "", k.Examples[0].Fields)
	if err != nil || to != "2028-11-30" {
		t.Errorf("got %s, %v", to, err)
	}
	if _, _, err := k.Period("2026-11-22", "", "2028-11-29", k.Examples[0].Fields); err == nil {
		t.Error("another end was taken")
	}
}

func TestOnlyListedOfficesMayIssue(t *testing.T) {
	c, err := licences.LoadKinds(kindFile(t, "certificate.json", `"issuers": "any"`, `"issuers": ["11450100MB9999113B"]`))
	if err != nil {
		t.Fatal(err)
	}
	k := c.All()[0]
	if !k.MayIssue("11450100MB9999113B") || k.MayIssue("11450100MB999913XX") {
		t.Error("the list is not followed")
	}
	if !kindOf(t, plainKind).MayIssue("11450100MB999913XX") {
		t.Error("any is not any")
	}
	l := example(t, k)
	l.IssuerCode = "11450100MB999913XX"
	if got := places(t, k.CheckLicence(l)); len(got) == 0 || got[0] != "ISSUER_NOT_ALLOWED /issuer_code" {
		t.Errorf("got %v", got)
	}
}

func TestPresentedValuesAreOnlyThoseAskedForAndMasked(t *testing.T) {
	estate := kindOf(t, estateKind)
	items, err := estate.Disclose(example(t, estate), []string{"use", "holder.code", "holder.name"})
	if err != nil {
		t.Fatal(err)
	}
	want := []licences.Item{
		{Name: "holder.name", Label: "权利人", LabelEN: "Holder", Value: "示****"},
		{Name: "holder.code", Label: "持证主体代码", LabelEN: "Holder's code", Value: "4501**********0016"},
		{Name: "use", Label: "用途", LabelEN: "Use", Value: "城镇住宅用地/成套住宅"},
	}
	if diff := cmp.Diff(want, items); diff != "" {
		t.Error(diff)
	}
	food := kindOf(t, foodKind)
	items, err = food.Disclose(example(t, food), []string{"holder.code", "business_items", "valid_to"})
	if err != nil || len(items) != 3 || items[0].Value != "91450100MA9999013B" {
		t.Fatalf("an organisation's code is public: %v, %v", items, err)
	}
	if got := items[1].Value; got != "预包装食品销售；热食类食品制售；冷食类食品制售；自制饮品制售" {
		t.Errorf("got %s", got)
	}
	if got := items[2].Value; got != "2031年11月21日" {
		t.Errorf("got %s", got)
	}
	_, err = food.Disclose(example(t, food), []string{"signer", "valid_to", "valid_to"})
	if diff := cmp.Diff([]string{"FIELD_NOT_PRESENTABLE /fields/0", "FIELD_TWICE /fields/2"}, places(t, err)); diff != "" {
		t.Error(diff)
	}
}

func TestDataHoldsTheMetadataOfGBT36903(t *testing.T) {
	k := kindOf(t, estateKind)
	l := example(t, k)
	d := k.Data(l)
	if d.Metadata.ZZYXQJZRQ != "长期" || d.Metadata.ZZLXMC != "不动产权证书" || d.Metadata.ZZMC != "中华人民共和国不动产权证书" {
		t.Errorf("got %+v", d.Metadata)
	}
	if d.Metadata.CZZTDMLX != "公民身份号码" || d.Metadata.CZZTDMLXDM != "111" || d.Metadata.ZZBS != l.Identifier {
		t.Errorf("got %+v", d.Metadata)
	}
	if len(d.Encode()) == 0 {
		t.Error("the data has no canonical form")
	}
	items, err := k.Items(l)
	if err != nil {
		t.Fatal(err)
	}
	if len(items) != 6+len(k.Fields) {
		t.Errorf("got %d items", len(items))
	}
}

func FuzzLoadKinds(f *testing.F) {
	files, err := os.ReadDir("kinds")
	if err != nil || len(files) == 0 {
		f.Fatalf("the seed corpus is empty: %v", err)
	}
	for _, file := range files {
		b, err := os.ReadFile("kinds/" + file.Name())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := licences.LoadKinds(fstest.MapFS{"kind.json": {Data: b}})
		var found licences.KindFaults
		if err != nil && !errors.As(err, &found) {
			t.Errorf("not faults: %v", err)
		}
		if err == nil && len(c.All()) != 1 {
			t.Error("a file that is no kind was taken")
		}
	})
}
