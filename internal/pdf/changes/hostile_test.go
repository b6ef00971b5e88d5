package changes_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"yinzheng/internal/midstate"
	"yinzheng/internal/pdf/changes"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/pdftest"
	"yinzheng/internal/pdf/signature"
)

// newField writes a signed field Second with entries beside the usual ones, or without some.
func newField(more string) []byte {
	return sign(office(), pdftest.Seal{Field: "Second", Rect: "[1 1 9 9]", Look: "f", Widget: more})
}

func TestEachRuleRefusesWhatOnlyLooksLikeIt(t *testing.T) {
	stream := func(num int, entries, data string) func(scanned, writer) {
		return func(_ scanned, w writer) { w.Stream(num, entries, []byte(data)) }
	}
	obj := func(num int, body string) func(scanned, writer) {
		return func(_ scanned, w writer) { w.Obj(num, body) }
	}
	evident := pdftest.WithEvidence(office(), [][]byte{{0x30, 0}, {0x30, 1, 0}}, nil) // streams 25, 26; the store 27
	certified := sign(pdftest.Classic(), pdftest.Seal{Field: "Office", Certify: 2})   // signature 22, field 23
	tied := func(base []byte, f ...func(scanned, writer)) []byte {
		return then(sign(base, pdftest.Seal{Field: "Office"}), all(f...))
	}
	for name, file := range map[string][]byte{
		"page content":                  then(office(), stream(21, "", "BT (900 yuan) Tj ET")),
		"page resources":                then(office(), edit(20, "/F1 4 0 R", "/F1 9 0 R")),
		"page box":                      then(office(), edit(20, "595 842", "595 400")),
		"font":                          then(office(), edit(4, "Helvetica", "Courier")),
		"image":                         then(office(), stream(9, "/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8", "0")),
		"page tree":                     then(office(), edit(2, "/Count 1", "/Count 0")),
		"catalog pages":                 then(office(), all(edit(1, "/Pages 2 0 R", "/Pages 25 0 R"), obj(25, "<< /Type /Pages /Kids [20 0 R] /Count 1 >>"))),
		"open action":                   then(office(), edit(1, "/Type", "/OpenAction << /S /JavaScript /JS (1) >> /Type")),
		"names removed":                 then(office(), edit(1, "/PageLabels << /Nums [0 << /S /D >>] >>", "")),
		"optional content":              then(office(), edit(1, "/Type", "/OCProperties << /OCGs [] /D << >> >> /Type")),
		"freed":                         then(office(), func(_ scanned, w writer) { w.Free(9, 1) }),
		"another generation":            then(office(), func(_ scanned, w writer) { w.ObjGen(9, 1, "null") }),
		"same object, earlier bytes":    then(then(office(), edit(4, "Helvetica", "Courier")), func(s scanned, w writer) { w.Point(4, 0, int64(bytes.Index(s.File, []byte("\n4 0 obj")))+1) }),
		"form removed":                  then(office(), edit(1, "/AcroForm 5 0 R", "")),
		"another form":                  then(office(), edit(1, "/AcroForm 5 0 R", "/AcroForm 6 0 R")),
		"field removed":                 then(office(), edit(5, "7 0 R ", "")),
		"fields in another order":       then(office(), edit(5, "6 0 R 7 0 R", "7 0 R 6 0 R")),
		"default appearance":            then(office(), edit(5, "12 Tf", "99 Tf")),
		"default resources":             then(office(), edit(5, "/F1 4 0 R", "/F1 4 0 R /F2 4 0 R")),
		"need appearances":              then(office(), edit(5, "/DA", "/NeedAppearances true /DA")),
		"sig flags taken back":          then(office(), edit(5, "/SigFlags 3", "/SigFlags 1")),
		"xfa":                           then(office(), edit(5, "/DA", "/XFA (x) /DA")),
		"a text field added":            then(office(), all(edit(5, "24 0 R]", "24 0 R 25 0 R]"), obj(25, "<< /FT /Tx /T (x) /V (y) >>"))),
		"a direct field added":          then(office(), edit(5, "24 0 R]", "24 0 R << /FT /Sig /T (x) >>]")),
		"an empty field that shows":     then(office(), all(edit(5, "24 0 R]", "24 0 R 25 0 R]"), obj(25, "<< /FT /Sig /T (x) /Rect [0 0 9 9] /AP << /N 26 0 R >> >>"), stream(26, "/Subtype /Form", "f"))),
		"a field with an action":        newField("/A << /S /URI /URI (x) >>"),
		"a field with further actions":  newField("/AA << >>"),
		"a field with optional content": newField("/OC 1 0 R"),
		"a field that shows the page":   newField("/MK << /I 21 0 R >>"),
		"an appearance of old content":  sign(office(), pdftest.Seal{Field: "Second", Rect: "[1 1 9 9]", Look: "/X Do", LookDict: "/Resources << /XObject << /X 10 0 R >> >>"}),
		"an appearance that is old":     sign(office(), pdftest.Seal{Field: "Second", Rect: "[1 1 9 9]", Widget: "/AP << /N 10 0 R >>"}),
		"the old value in a new field":  then(office(), all(edit(5, "24 0 R]", "24 0 R 25 0 R]"), edit(20, "24 0 R]", "24 0 R 25 0 R]"), obj(25, "<< /Type /Annot /Subtype /Widget /FT /Sig /T (x) /V 22 0 R /Rect [0 0 9 9] /P 20 0 R >>"))),
		"a field of another revision":   then(office(), all(edit(5, "24 0 R]", "24 0 R 25 0 R]"), obj(25, "<< /FT /Sig /T (x) /V 26 0 R >>"), obj(26, "<< /Type /Sig /Filter /A /SubFilter /B /ByteRange [0 9 20 9] /Contents <3000> >>"))),
		"a stamp on the page":           then(office(), all(edit(20, "24 0 R]", "24 0 R 25 0 R]"), obj(25, "<< /Type /Annot /Subtype /Stamp /Rect [0 0 9 9] >>"))),
		"a direct annotation":           then(office(), edit(20, "24 0 R]", "24 0 R << /Subtype /Text >>]")),
		"an annotation removed":         then(office(), edit(20, "15 0 R ", "")),
		"an annotation first":           then(office(), edit(20, "[6 0 R", "[15 0 R 6 0 R")),
		"an old annotation twice":       then(office(), edit(20, "24 0 R]", "24 0 R 24 0 R]")),
		"a link's destination":          then(office(), edit(15, "/Fit", "/FitB")),
		"the signed field moved":        then(office(), edit(24, "[100 100 200 200]", "[300 300 400 400]")),
		"the signed field's look":       then(office(), stream(23, "/Type /XObject /Subtype /Form /BBox [0 0 100 100]", "1 1 1 1 re f")),
		"the signed field's appearance": then(office(), all(edit(24, "/N 23 0 R", "/N 25 0 R"), stream(25, "/Subtype /Form /BBox [0 0 9 9]", "f"))),
		"the signature itself":          then(office(), edit(22, "/Type /Sig", "/Type /Sig /Name (x)")),
		"the empty field moved":         then(office(), edit(8, "[400 100 500 200]", "[0 0 595 842]")),
		"filled and moved":              sign(office(), pdftest.Seal{Extra: func(s scanned, _ writer) { s.Set(8, strings.Replace(s.Bodies[8], "[400 100", "[0 0", 1)) }}),
		"filled and unlocked":           sign(office(), pdftest.Seal{Extra: func(s scanned, _ writer) { s.Set(8, strings.Replace(s.Bodies[8], "/F 132", "/F 2", 1)) }}),
		"filled with an old look":       sign(office(), pdftest.Seal{Widget: "/AP << /N 10 0 R >>"}),
		"a read-only value":             tied(then(pdftest.Classic(), edit(6, "/FT /Tx", "/FT /Tx /Ff 1")), edit(6, "(A. Example)", "(B)")),
		"a push button's look":          tied(then(pdftest.Classic(), edit(6, "/FT /Tx", "/FT /Btn /Ff 65536")), edit(6, "(A. Example)", "(B)")),
		"a look without a value":        then(office(), stream(11, "/Type /XObject /Subtype /Form /BBox [0 0 228 20] /Resources << /Font << /F1 4 0 R >> >>", "BT (Forged) Tj ET")),
		"a value from old objects":      then(office(), edit(7, "/FT", "/V 10 0 R /FT")),
		"a field's rectangle":           then(office(), edit(6, "[72 700", "[9 9")),
		"a value with an action":        then(office(), all(edit(6, "(A. Example)", "(B)"), edit(6, "/FT", "/AA << >> /FT"))),
		"a field outside the form":      tied(then(pdftest.Classic(), edit(5, "[6 0 R ", "[")), edit(6, "(A. Example)", "(B)")),
		"perms later":                   then(office(), edit(1, "/Type", "/Perms << /DocMDP 22 0 R >> /Type")),
		"perms removed":                 then(certified, edit(1, "/Perms << /DocMDP 22 0 R >>", "")),
		"perms exchanged":               then(certified, edit(1, "/DocMDP 22 0 R", "/DocMDP 23 0 R")),
		"perms emptied":                 then(certified, edit(1, "/DocMDP 22 0 R", "")),
		"evidence removed":              then(evident, edit(27, "25 0 R ", "")),
		"evidence exchanged":            then(evident, edit(27, "25 0 R", "9 0 R")),
		"evidence overwritten":          then(evident, stream(25, "", "0\x01")),
		"store removed":                 then(evident, edit(1, "/DSS 27 0 R", "")),
		"store of old objects":          then(office(), edit(1, "/Type", "/DSS << /Certs [20 0 R] >> /Type")),
		"store with other entries":      then(office(), edit(1, "/Type", "/DSS << /Certs [] /Page 20 0 R >> /Type")),
		"extensions removed":            then(then(office(), edit(1, "/Type", "/Extensions << /A << >> >> /Type")), edit(1, "/Extensions << /A << >> >>", "")),
		"extensions of old objects":     then(office(), edit(1, "/Type", "/Extensions << /A 20 0 R >> /Type")),
		"version falls":                 then(then(office(), edit(1, "/Type", "/Version /2.0 /Type")), edit(1, "/2.0", "/1.5")),
		"metadata of another type":      then(office(), stream(12, "/Type /Metadata /Subtype /Form", "x")),
		"metadata removed":              then(office(), edit(1, "/Metadata 12 0 R", "")),
		"metadata that is old":          then(office(), edit(1, "/Metadata 12 0 R", "/Metadata 21 0 R")),
		"metadata that is a content":    tied(then(pdftest.Classic(), edit(20, "/Contents 21 0 R", "/Contents 12 0 R")), stream(12, "/Type /Metadata /Subtype /XML", "BT (Forged) Tj ET")),
		"information with a reference":  then(office(), edit(3, "/Title", "/Page 20 0 R /Title")),
		"information that is a field":   tied(then(pdftest.Classic(), edit(7, "/Rect", "/Info 3 0 R /Rect")), edit(3, "(Example)", "(Forged)")),
		"information of another kind":   then(office(), edit(3, "/Title", "/V (x) /Title")),
		"a number that was waited for":  tied(then(pdftest.Classic(), edit(20, "/Im1 9 0 R", "/Im1 40 0 R")), stream(40, "/Type /XObject /Subtype /Image", "x")),
		"an object stream waited for":   tied(then(pdftest.Classic(), edit(20, "/Annots", "/Group 40 0 R /Annots")), obj(40, "<< /S /Transparency >>")),
	} {
		t.Run(name, func(t *testing.T) {
			step, rules := lastStep(t, file)
			if !slices.Contains(rules, "") || step.Level != changes.Other {
				t.Errorf("level %s, rules %v", step.Level, rules)
			}
		})
	}
}

func TestTrailerMayChangeOnlyItsSections(t *testing.T) {
	with := func(trailer func(s scanned) string) []byte {
		s := pdftest.Scan(office())
		w := s.Continue()
		w.Obj(25, "<< /Type /Catalog /Pages 2 0 R >>")
		w.Table(trailer(s))
		return w.Bytes()
	}
	for name, c := range map[string]struct {
		path string
		file []byte
	}{
		"root":      {"/Root", with(func(s scanned) string { return "/Root 25 0 R " + s.Info + " " + s.ID })},
		"info":      {"/Info", with(func(s scanned) string { return "/Root 1 0 R /Info 25 0 R " + s.ID })},
		"info gone": {"/Info", with(func(s scanned) string { return "/Root 1 0 R " + s.ID })},
		"id":        {"/ID", with(func(s scanned) string { return "/Root 1 0 R " + s.Info + " /ID [<00> <00>]" })},
		"id gone":   {"/ID", with(func(s scanned) string { return "/Root 1 0 R " + s.Info })},
		"more":      {"/AuthCode", with(func(s scanned) string { return s.Trailer() + " /AuthCode 5 0 R" })},
		"second id": {"", with(func(s scanned) string { return strings.Replace(s.Trailer(), "ff>]", "00>]", 1) })},
	} {
		step, _ := lastStep(t, c.file)
		found := slices.ContainsFunc(step.Changes, func(x changes.Change) bool { return x.Rule == "" && x.Path == c.path && x.Object == cos.Ref{} })
		if found != (c.path != "") || (step.Level == changes.Other) != found {
			t.Errorf("%s: %+v", name, step)
		}
	}
}

// judged reports whether a file of pdftest is seen to be other than an honest one, by everything but the values of its
// signatures and who made them.
func judged(b []byte) bool {
	f, err := cos.OpenBytes(b, cos.Limits{})
	if err != nil || len(f.Oddities()) > 0 {
		return true
	}
	set, err := signature.Find(f)
	if err != nil || len(set.Problems) > 0 || len(set.Signatures) == 0 {
		return true
	}
	steps, err := changes.Steps(f, set)
	if err != nil {
		return true
	}
	for _, s := range set.Signatures {
		spans := []signature.Span{{Range: s.ByteRange, Hash: signature.SHA256}}
		if err := signature.Digests(f, spans, midstate.State{}); len(s.Problems) > 0 || err != nil || !bytes.Contains(s.Contents, spans[0].Sum) {
			return true
		}
		allowed := []changes.Level{changes.Filling, changes.Evidence, changes.Filling, changes.Filling}[s.Permission]
		for _, step := range steps {
			if step.Revision <= s.Revision {
				continue
			}
			if step.Level > allowed || slices.ContainsFunc(step.Changes, func(c changes.Change) bool { return c.Field != "" && s.Lock.Locks(c.Field) }) {
				return true
			}
		}
	}
	return false
}

// TestAttacksOnTheStructureAreSeen takes the attacks whose answer does not need the signature's value or its certificate.
func TestAttacksOnTheStructureAreSeen(t *testing.T) {
	target := pdftest.NewPKI(t).Target()
	classes := pdftest.Classes()
	tried := 0
	for _, a := range pdftest.Attacks() {
		structural := slices.Contains([]int{1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 19}, a.Class)
		if !structural || a.Name == "contents with its last byte changed" { // that is for who verifies the value
			continue
		}
		b := a.Make(target)
		if b == nil {
			continue
		}
		tried++
		if got := judged(b); got != (a.Want != pdftest.Valid) {
			t.Errorf("%s: %s: seen: %v, want %s", classes[a.Class], a.Name, got, a.Want)
		}
	}
	if tried < 100 {
		t.Errorf("only %d files", tried)
	}
}

// FuzzSteps holds Steps to its word: the level of a step is that of its changes, and what is unexplained is Other.
func FuzzSteps(f *testing.F) {
	seeds := [][]byte{
		office(), newField(""), pdftest.Filled(office(), "holder"), pdftest.WithEvidence(office(), [][]byte{{0x30, 0}}, nil),
		sign(sign(formed(f, "object-streams"), pdftest.Seal{Field: "Office", Certify: 2}), pdftest.Seal{Field: "Edge", Across: true}),
		then(office(), edit(3, "(Example)", "(Another)")), then(office(), func(_ scanned, w writer) { w.Free(9, 1) }),
	}
	for _, s := range seeds {
		if len(s) < 1000 {
			f.Fatal("no seeds")
		}
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := cos.OpenBytes(b, cos.Limits{Objects: 5000, Revisions: 20, Decoded: 1 << 20})
		if err != nil {
			return
		}
		set, err := signature.Find(file)
		if err != nil {
			return
		}
		steps, err := changes.Steps(file, set)
		if err != nil {
			return
		}
		if len(steps) != len(file.Revisions())-1 {
			t.Fatalf("%d steps for %d revisions", len(steps), len(file.Revisions()))
		}
		for _, s := range steps {
			highest := changes.None
			for _, c := range s.Changes {
				highest = max(highest, c.Level)
				if (c.Rule == "") != (c.Level == changes.Other) {
					t.Fatalf("%+v", c)
				}
			}
			if highest != s.Level {
				t.Fatalf("level %s of changes of level %s", s.Level, highest)
			}
		}
	})
}

// An entry that leads to another object's bytes is for the reader to refuse; nothing is explained then.
func TestAnEntryThatLeadsToAnotherObjectIsRefused(t *testing.T) {
	b := then(office(), func(s scanned, w writer) { w.Point(25, 0, int64(s.Spans[4][0])) })
	f, err := cos.OpenBytes(b, cos.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signature.Find(f); !errors.Is(err, cos.ErrMalformed) {
		t.Errorf("finding signatures: %v", err)
	}
}
