package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// These tests write what the exported functions cannot, with correct cross-reference tables, so that only the reader's
// judgement of the content stands between it and being read.

func hostileBase(t *testing.T) []byte {
	t.Helper()
	b := New(Info{Title: "t"})
	b.AddPage(100, 100)
	b.Rect(10, 10, 20, 20, Style{Fill: &Color{}})
	b.AddPage(100, 100)
	b.Attach(Attachment{Name: "a.txt", MIME: "text/plain", Data: []byte("a")})
	b.Attach(Attachment{Name: "b.txt", MIME: "text/plain", Data: []byte("b")})
	out, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func hostileSeal(t *testing.T, base []byte, name string, more bool) []byte {
	t.Helper()
	p, err := Prepare(base, Field{Name: name, Page: 1, X: 10, Y: 10, W: 20, H: 20, Picture: onePixel, Filter: "F", SubFilter: "S",
		Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Reserve: 64, MoreSeals: more})
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Complete([]byte{0x30, 3, 2, 1, 7})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// onePixel is the smallest PNG: grey, one bit.
var onePixel = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x01\x00\x00\x00\x007n\xf9$" +
	"\x00\x00\x00\nIDATx\x9cc`\x00\x00\x00\x02\x00\x01H\xaf\xa4q\x00\x00\x00\x00IEND\xaeB`\x82")

// rewrite makes a first revision anew from its objects after a change.
func rewrite(t *testing.T, base []byte, change func(o objects)) []byte {
	t.Helper()
	revisions, err := scan(base, Limits{}.orDefault())
	if err != nil {
		t.Fatal(err)
	}
	var o objects
	for _, f := range revisions[0].objects {
		o = append(o, f.object)
	}
	change(o)
	info, _ := revisions[0].trailer.get("Info").(ref)
	return o.file(1, info)
}

// edit gives a dict's key a value, or takes the key away when it is nil.
func edit(o objects, num int, key string, v value) {
	d := o[num-1].dict
	if v == nil {
		o[num-1].dict = slices.DeleteFunc(slices.Clone(d), func(e entry) bool { return e.key == key })
		return
	}
	o[num-1].dict = with(d, key, v)
}

// find is the number of the first object with a /Type.
func find(o objects, kind string) int {
	for i, obj := range o {
		if obj.dict.get("Type") == name(kind) {
			return i + 1
		}
	}
	return 0
}

func TestFirstRevisionOfAnotherStructureIsRefused(t *testing.T) {
	base := hostileBase(t)
	if _, err := Read(rewrite(t, base, func(objects) {}), Limits{}); err != nil {
		t.Fatalf("rewritten without a change: %v", err)
	}
	for what, change := range map[string]func(o objects){
		"open action":         func(o objects) { edit(o, 1, "OpenAction", dict{{"S", name("JavaScript")}}) },
		"acro form":           func(o objects) { edit(o, 1, "AcroForm", dict{{"Fields", array{}}}) },
		"no language":         func(o objects) { edit(o, 1, "Lang", nil) },
		"another page tree":   func(o objects) { edit(o, 1, "Pages", ref(3)) },
		"count":               func(o objects) { edit(o, 2, "Count", integer(3)) },
		"page twice":          func(o objects) { edit(o, 2, "Kids", array{ref(3), ref(3)}) },
		"page left out":       func(o objects) { edit(o, 2, "Kids", array{ref(3)}); edit(o, 2, "Count", integer(1)) },
		"tree as a page":      func(o objects) { edit(o, 2, "Kids", array{ref(3), ref(2)}) },
		"kid outside":         func(o objects) { edit(o, 2, "Kids", array{ref(3), ref(999)}) },
		"annotation":          func(o objects) { edit(o, 3, "Annots", array{ref(4)}) },
		"media box":           func(o objects) { edit(o, 3, "MediaBox", array{integer(0), integer(0), integer(0), integer(9)}) },
		"media box elsewhere": func(o objects) { edit(o, 3, "MediaBox", array{integer(1), integer(0), integer(9), integer(9)}) },
		"parent":              func(o objects) { edit(o, 3, "Parent", ref(1)) },
		"two uses":            func(o objects) { edit(o, 3, "Contents", ref(find(o, "Metadata"))) },
		"contents no stream":  func(o objects) { edit(o, 3, "Contents", ref(find(o, "Filespec"))) },
		"contents shared, one unused": func(o objects) {
			edit(o, 4, "Contents", o[2].dict.get("Contents"))
		},
		"af without names": func(o objects) { edit(o, 1, "Names", nil) },
		"names without af": func(o objects) { edit(o, 1, "AF", nil) },
		"af in another order": func(o objects) {
			af, _ := o[0].dict.get("AF").(array)
			edit(o, 1, "AF", array{af[1], af[0]})
		},
		"file under another name": func(o objects) { edit(o, find(o, "Filespec"), "UF", literal("c.txt")) },
		"two files in one": func(o objects) {
			first := find(o, "EmbeddedFile")
			edit(o, find(o, "Filespec"), "EF", dict{{"F", ref(first)}, {"UF", ref(first + 2)}})
		},
		"unknown relationship": func(o objects) { edit(o, find(o, "Filespec"), "AFRelationship", name("Alternative")) },
		"filter":               func(o objects) { edit(o, find(o, "Metadata"), "Filter", name("LZWDecode")) },
		"info of another producer": func(o objects) {
			edit(o, len(o), "Producer", literal("another"))
		},
		"object that is no dictionary": func(o objects) { o[find(o, "Filespec")-1] = object{val: integer(7)} },
	} {
		var m *MalformedError
		doc := rewrite(t, base, change)
		if _, err := Read(doc, Limits{}); !errors.As(err, &m) {
			t.Errorf("%s: %v, want a MalformedError", what, err)
		} else if m.Offset < 0 || m.Offset > int64(len(doc)) || m.What == "" {
			t.Errorf("%s: %v", what, m)
		}
	}
}

// appendRevision adds a revision with these objects and a correct table.
func appendRevision(t *testing.T, doc []byte, changed map[int]object) []byte {
	t.Helper()
	d, err := open(doc, Limits{}.orDefault())
	if err != nil {
		t.Fatal(err)
	}
	out, places := slices.Clone(doc), []place(nil)
	size := len(d.objects) + 1
	for num := 1; num < size+20; num++ {
		if o, ok := changed[num]; ok {
			places = append(places, place{num, int64(len(out))})
			out = appendObject(out, num, o)
			size = max(size, num+1)
		}
	}
	xref := int64(len(out))
	out = appendXref(out, places, false)
	return appendTrailer(out, dict{{"Size", integer(size)}, {"Root", ref(1)}, {"Info", d.info},
		{"ID", array{d.id[0], d.id[1]}}, {"Prev", integer(d.xref)}}, xref)
}

func TestRevisionThatIsNotASealIsRefused(t *testing.T) {
	base := hostileBase(t)
	for _, doc := range [][]byte{base, hostileSeal(t, base, "S1", true), hostileSeal(t, base, "S1", false)} {
		d, err := open(doc, Limits{}.orDefault())
		if err != nil {
			t.Fatal(err)
		}
		contents, _ := d.objects[2].dict.get("Contents").(ref)
		next := len(d.objects) + 1
		page := d.objects[2].object
		for what, changed := range map[string]map[int]object{
			"nothing":             {},
			"contents redefined":  {int(contents): {dict: dict{{"Filter", name("FlateDecode")}}, stream: []byte("x"), hasStream: true}},
			"catalog redefined":   {1: {dict: with(d.catalog(), "OpenAction", ref(3))}},
			"catalog as it was":   {1: d.objects[0].object},
			"page redefined":      {3: {dict: with(page.dict, "Annots", array{ref(next)})}, next: {dict: dict{{"Type", name("Annot")}}}},
			"only a new object":   {next: {dict: dict{{"Type", name("Annot")}}}},
			"objects like a seal": {1: d.objects[0].object, 3: page, next: page, next + 1: page, next + 2: page, next + 3: page},
		} {
			if _, err := Read(appendRevision(t, doc, changed), Limits{}); !errors.Is(err, ErrMalformed) {
				t.Errorf("%d revisions before, %s: %v, want ErrMalformed", 1+len(d.seals), what, err)
			}
		}
	}
}

func TestSealAfterACertificationAgainstChangesIsRefused(t *testing.T) {
	// The increment of a second seal, as if the first had allowed it: only the permission of the first is in the way.
	once := hostileSeal(t, hostileBase(t), "S1", false)
	d, err := open(once, Limits{}.orDefault())
	if err != nil {
		t.Fatal(err)
	}
	s := d.seals[0]
	s.field, s.permission = "S2", 0
	s.contents = append([]byte{0x30, 0}, make([]byte, 20)...)
	twice := append(slices.Clone(once), d.increment(&s).bytes...)
	if _, err := Read(twice, Limits{}); !errors.Is(err, ErrMalformed) {
		t.Errorf("%v, want ErrMalformed", err)
	}
}

func TestSealsWithPartsThatPrepareRefusesAreRefused(t *testing.T) {
	base := hostileBase(t)
	d, err := open(hostileSeal(t, base, "S1", true), Limits{}.orDefault())
	if err != nil {
		t.Fatal(err)
	}
	good := d.seals[0]
	before, err := open(base, Limits{}.orDefault())
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		change func(s *stamp)
		ok     bool
	}{
		"as it was":                {func(*stamp) {}, true},
		"rectangle off the page":   {func(s *stamp) { s.rect[2] = 900_000 }, false},
		"rectangle reversed":       {func(s *stamp) { s.rect[0], s.rect[2] = s.rect[2], s.rect[0] }, false},
		"negative rectangle":       {func(s *stamp) { s.rect[0] = -1 }, false},
		"first without permission": {func(s *stamp) { s.permission = 0 }, false},
		"permission 3":             {func(s *stamp) { s.permission = 3 }, false},
		"no filter":                {func(s *stamp) { s.filter = "" }, false},
		"field name":               {func(s *stamp) { s.field = "a.b" }, false},
		"empty contents":           {func(s *stamp) { s.contents = nil }, false},
		"contents all zero":        {func(s *stamp) { s.contents = make([]byte, 64) }, false},
		"contents not a sequence":  {func(s *stamp) { s.contents = []byte{4, 1, 0} }, false},
		"contents too short":       {func(s *stamp) { s.contents = []byte{0x30, 9, 0} }, false},
		"padding not zero":         {func(s *stamp) { s.contents = []byte{0x30, 1, 5, 0, 0, 1} }, false},
		"long length form":         {func(s *stamp) { s.contents = []byte{0x30, 0x81, 1, 5, 0} }, false},
		"huge length":              {func(s *stamp) { s.contents = []byte{0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF} }, false},
	} {
		s := good
		c.change(&s)
		doc := append(slices.Clone(base), before.increment(&s).bytes...)
		_, err := Read(doc, Limits{})
		if c.ok && err != nil || !c.ok && !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// swap replaces the only occurrence of a text after the first revision.
func swap(t *testing.T, doc []byte, from int, old, replacement string) []byte {
	t.Helper()
	if n := bytes.Count(doc[from:], []byte(old)); n != 1 {
		t.Fatalf("%q stands %d times in the revision", old, n)
	}
	return append(slices.Clone(doc[:from]), bytes.Replace(doc[from:], []byte(old), []byte(replacement), 1)...)
}

func TestAnomaliesOfTheSyntaxAreRefused(t *testing.T) {
	base := hostileBase(t)
	doc := hostileSeal(t, base, "S1", false)
	f, err := Read(doc, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	r := f.Signatures()[0].ByteRange
	ranges := fmt.Sprintf("/ByteRange [0 %d %d %d]", r[1], r[2], r[3])
	xref := bytes.LastIndex(doc, []byte("xref\n1 1\n"))
	firstXref := bytes.Index(doc, []byte("xref\n0 "))
	entry := fmt.Sprintf("%010d 00000 n \n", bytes.Index(doc[len(base):], []byte("1 0 obj"))+len(base))
	for what, c := range map[string]struct{ old, replacement string }{
		"range starts at 1":       {ranges, fmt.Sprintf("/ByteRange [1 %d %d %d]", r[1], r[2], r[3])},
		"gap one byte wider":      {ranges, fmt.Sprintf("/ByteRange [0 %d %d %d]", r[1]-1, r[2], r[3])},
		"gap one byte narrower":   {ranges, fmt.Sprintf("/ByteRange [0 %d %d %d]", r[1]+1, r[2], r[3])},
		"gap ends later":          {ranges, fmt.Sprintf("/ByteRange [0 %d %d %d]", r[1], r[2]+1, r[3]-1)},
		"range ends before":       {ranges, fmt.Sprintf("/ByteRange [0 %d %d %d]", r[1], r[2], r[3]-1)},
		"negative length":         {ranges, fmt.Sprintf("/ByteRange [0 %d %d -%d]", r[1], r[2], r[3])},
		"three numbers":           {ranges, fmt.Sprintf("/ByteRange [0 %d %d]", r[1], r[2])},
		"six numbers":             {ranges, fmt.Sprintf("/ByteRange [0 %d %d %d 0 0]", r[1], r[2], r[3])},
		"real number":             {ranges, fmt.Sprintf("/ByteRange [0 %d.5 %d %d]", r[1], r[2], r[3])},
		"huge number":             {ranges, fmt.Sprintf("/ByteRange [0 %d %d 99999999999999999999]", r[1], r[2])},
		"reference":               {ranges, "/ByteRange 3 0 R"},
		"padded":                  {ranges, ranges + " "},
		"duplicate key":           {ranges, ranges + " " + ranges},
		"upper-case hexadecimal":  {"/Contents <3003020107", "/Contents <300302010A"},
		"odd digits":              {"/Contents <3003020107", "/Contents <300302010"},
		"space in hexadecimal":    {"/Contents <3003020107", "/Contents <30 03020107"},
		"contents as a string":    {"/Contents <3003020107", "/Contents (3003020107"},
		"table points elsewhere":  {entry, fmt.Sprintf("%010d 00000 n \n", 20)},
		"table points to the gap": {entry, fmt.Sprintf("%010d 00000 n \n", r[1]+1)},
		"freed object":            {entry, strings.Replace(entry, "n", "f", 1)},
		"generation":              {entry, strings.Replace(entry, "00000 n", "00001 n", 1)},
		"previous is itself":      {fmt.Sprintf("/Prev %d", firstXref), fmt.Sprintf("/Prev %d", xref)},
		"previous is 0":           {fmt.Sprintf("/Prev %d", firstXref), "/Prev 0"},
		"startxref":               {fmt.Sprintf("startxref\n%d", xref), fmt.Sprintf("startxref\n%d", firstXref)},
		"size":                    {"/Size ", "/Size 1"},
		"comment":                 {"trailer\n", "trailer\n%\n"},
		"carriage return":         {"trailer\n", "trailer\r\n"},
		"encryption":              {"/Prev ", "/Encrypt << >> /Prev "},
		"cross-reference stream":  {"/Prev ", "/XRefStm 9 /Prev "},
		"another root":            {"/Root 1 0 R", "/Root 3 0 R"},
		"print flag gone":         {"/F 132", "/F 2"},
		"another value":           {"/SigFlags 3", "/SigFlags 1"},
	} {
		if _, err := Read(swap(t, doc, len(base), c.old, c.replacement), Limits{}); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", what, err)
		}
	}
}

func TestSyntaxHasOneSpelling(t *testing.T) {
	for _, good := range []string{
		"0", "-1", "1.5", "-0.001", "12.34", "/Name", "/a#2Fb", "(text)", `(a\(b\)\\c)`, "<>", "<00ff>", "[]", "[1 2 3 0 R]",
		"<< >>", "<< /A 1 /B << /C [/D] >> >>", "true", "false",
	} {
		l := &lexer{b: []byte(good)}
		v, err := l.value(0)
		if err != nil || l.pos != len(good) {
			t.Errorf("%s: %v at %d", good, err, l.pos)
		} else if got := string(v.appendTo(nil)); got != good {
			t.Errorf("%s is written as %s", good, got)
		}
	}
	for _, bad := range []string{
		"", " ", "+1", "--1", "-0", "01", "1.", ".5", "1.0", "1.50", "1.2345", "1234567890123", "-", "/", "/#41", "/a#2f", "/a#2", "(", "(a", "(\n)",
		`(\n)`, `(\`, "(()", "<", "<0>", "<0", "<0G>", "<FF>", "<0 0>", "[ 1]", "[1  2]", "[1 2 ]", "[1", "[1,2]", "<<>>", "<< /A >>",
		"<< /A 1>>", "<< /A 1 /A 1 >>", "<< A 1 >>", "null", "True", "R", "%c", strings.Repeat("[", 50),
	} {
		l := &lexer{b: []byte(bad)}
		if v, err := l.value(0); err == nil && l.pos == len(bad) {
			t.Errorf("%q was read as %s", bad, v.appendTo(nil))
		}
	}
}

func TestFileOfNothingButValuesIsStopped(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(header + "1 0 obj\n[")
	for range 20 {
		b.WriteString("[" + strings.Repeat("0 ", maxElements-1) + "0] ")
	}
	if _, err := Read(b.Bytes(), Limits{}); !errors.Is(err, ErrLimit) {
		t.Errorf("%v, want ErrLimit", err)
	}
}
