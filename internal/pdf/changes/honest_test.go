package changes_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yinzheng/internal/pdf/changes"
	"yinzheng/internal/pdf/pdftest"
)

func TestHonestRevisionsOfEveryFormAreExplained(t *testing.T) {
	for _, file := range pdftest.Files() {
		t.Run(file.Name, func(t *testing.T) {
			b := sign(file.Bytes, pdftest.Seal{Field: "Office", Certify: 2, Rect: "[100 100 200 200]", Look: "f"})
			first := len(steps(t, b)) - 1
			b = sign(b, pdftest.Seal{Field: "Second", Rect: "[300 100 400 200]", Look: "f", Across: true})
			b = pdftest.WithEvidence(b, [][]byte{{0x30, 0}}, nil)
			b = pdftest.DocTimestamp(b, digestDER)
			if filled := pdftest.Filled(b, "holder"); filled != nil {
				b = filled
			}
			want := []changes.Level{changes.Signing, changes.Signing, changes.Evidence, changes.Evidence, changes.Filling}
			for i, s := range steps(t, b)[first:] {
				if got := unexplained(s); len(got) > 0 || s.Level != want[i] || s.Rewritten {
					t.Errorf("step %d: level %s, want %s, unexplained %v", i, s.Level, want[i], got)
				}
			}
		})
	}
}

// TestEachRuleExplainsItsChange has one honest revision for each rule behind a signed file.
func TestEachRuleExplainsItsChange(t *testing.T) {
	xmp := func(num int) func(scanned, writer) {
		return func(_ scanned, w writer) { w.Stream(num, "/Type /Metadata /Subtype /XML", []byte("<x/>")) }
	}
	for _, c := range []struct {
		name  string
		rules []string
		level changes.Level
		file  []byte
	}{
		{"nothing", nil, changes.None, then(office(), func(scanned, writer) {})},
		{"an object with the same value", []string{"unchanged"}, changes.None, then(office(), all(edit(1, "", ""), edit(20, "", "")))},
		{"a stream with the same bytes", []string{"unchanged"}, changes.None, then(office(), func(_ scanned, w writer) {
			w.Stream(10, "/Type /XObject /Subtype /Form /BBox [0 0 100 100]", []byte("0.9 0.1 0.1 RG 2 w 1 1 98 98 re S"))
		})},
		{"a new object", []string{"unused"}, changes.None, then(office(), func(_ scanned, w writer) { w.Obj(25, "(nothing)") })},
		{"a cross-reference stream", []string{"cross_reference", "object_stream", "unused"}, changes.None, func() []byte {
			s := pdftest.Scan(office())
			w := s.Continue()
			w.Pack(25, "", pdftest.Packed{Num: 26, Body: "(nothing)"})
			w.TableStream(27, s.Trailer())
			return w.Bytes()
		}()},
		{"a signature", []string{"signature_field"}, changes.Signing, sign(office(), pdftest.Seal{Field: "Second", Rect: "[1 1 9 9]", Look: "f"})},
		{"a signature that shares a picture", []string{"signature_field"}, changes.Signing, sign(office(), pdftest.Seal{Field: "Second", Rect: "[1 1 9 9]",
			Look: "/Im Do", LookDict: "/Resources << /XObject << /Im 9 0 R >> /Font << /F 4 0 R >> >>"})},
		{"a signature with an outer form", []string{"signature_field"}, changes.Signing, sign(office(), pdftest.Seal{Field: "Second", Rect: "[1 1 9 9]",
			Look: "/FRM Do", LookDict: "/Resources << /XObject << /FRM 28 0 R >> >>", Extra: func(_ scanned, w writer) {
				w.Stream(28, "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /n0 29 0 R >> >>", []byte("/n0 Do"))
				w.Stream(29, "/Type /XObject /Subtype /Form /BBox [0 0 9 9]", []byte("f"))
			}})},
		{"the empty field filled", []string{"fill_signature", "empty_field"}, changes.Signing, sign(office(), pdftest.Seal{Rect: "[1 1 9 9]", Look: "f"})},
		{"a seal across pages", []string{"seal_parts"}, changes.Signing, sign(sign(formed(t, "two-levels"), pdftest.Seal{Field: "Office"}),
			pdftest.Seal{Field: "Edge", Rect: "[1 1 9 9]", Look: "f", Across: true})},
		{"an empty field", []string{"empty_field"}, changes.Signing, then(office(), all(edit(5, "24 0 R]", "24 0 R 25 0 R]"), edit(20, "24 0 R]", "24 0 R 25 0 R]"),
			func(_ scanned, w writer) {
				w.Obj(25, "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Next) /Rect [9 9 19 19] /F 4 /P 20 0 R >>")
			}))},
		{"a timestamp", []string{"document_timestamp"}, changes.Evidence, pdftest.DocTimestamp(office(), digestDER)},
		{"a timestamp that is seen", []string{"signature_field"}, changes.Signing, sign(office(), pdftest.Seal{Field: "Stamp", Type: "DocTimeStamp",
			SubFilter: "ETSI.RFC3161", Rect: "[1 1 9 9]", Look: "f"})},
		{"evidence", []string{"dss"}, changes.Evidence, pdftest.WithEvidence(office(), [][]byte{{0x30, 0}}, [][]byte{{0x30, 0}})},
		{"more evidence", []string{"dss"}, changes.Evidence, then(pdftest.WithEvidence(office(), [][]byte{{0x30, 0}}, nil), all(
			edit(26, "[25 0 R]", "[25 0 R 27 0 R] /VRI << /AB << /Cert [25 0 R 27 0 R] /TU (D:2026) >> >>"),
			func(_ scanned, w writer) { w.Stream(27, "", []byte{0x30, 0}) }))},
		{"extensions", []string{"extensions"}, changes.Evidence, then(office(), edit(1, "/Type", "/Version /2.0 /Extensions << /ADBE << /BaseVersion /1.7 /ExtensionLevel 8 >> >> /Type"))},
		{"document information", []string{"metadata"}, changes.Evidence, then(office(), edit(3, "(Example)", "(Another example)"))},
		{"metadata", []string{"metadata"}, changes.Evidence, then(office(), xmp(12))},
		{"metadata elsewhere", []string{"metadata"}, changes.Evidence, then(office(), all(xmp(25), edit(1, "12 0 R", "25 0 R")))},
		{"a value with its appearance", []string{"form_values"}, changes.Filling, pdftest.Filled(office(), "holder")},
		{"a value and its appearance in its place", []string{"form_values"}, changes.Filling, then(office(), all(edit(6, "(A. Example)", "(B. Example)"), func(_ scanned, w writer) {
			w.Stream(11, "/Type /XObject /Subtype /Form /BBox [0 0 228 20] /Resources << /Font << /F1 4 0 R >> >>", []byte("BT (B. Example) Tj ET"))
		}))},
	} {
		t.Run(c.name, func(t *testing.T) {
			step, rules := lastStep(t, c.file)
			slices.Sort(c.rules)
			if diff := cmp.Diff(c.rules, rules); diff != "" || step.Level != c.level {
				t.Errorf("level %s, want %s; unexplained %v; %s", step.Level, c.level, unexplained(step), diff)
			}
		})
	}
}

func TestCertificationIsExplainedOnlyWithTheFirstSignature(t *testing.T) {
	_, rules := lastStep(t, sign(pdftest.Classic(), pdftest.Seal{Field: "Office", Certify: 1}))
	if !slices.Contains(rules, changes.RuleCertify) || slices.Contains(rules, "") {
		t.Error(rules)
	}
	if _, rules := lastStep(t, sign(office(), pdftest.Seal{Field: "Second", Certify: 1})); !slices.Contains(rules, "") {
		t.Error(rules)
	}
}

func TestChangeOfAFieldNamesIt(t *testing.T) {
	step, _ := lastStep(t, pdftest.Filled(office(), "holder"))
	for _, c := range step.Changes {
		if c.Field != "holder" || c.Path != "/Root/AcroForm/Fields/holder" || c.Revision != 2 {
			t.Errorf("%+v", c)
		}
	}
}

func TestResaveOfAProgramLooksRewritten(t *testing.T) {
	resave := func(s scanned, _ writer) {
		for num, body := range s.Bodies {
			if !strings.Contains(body, "stream") {
				s.Set(num, strings.TrimSuffix(body, ">>")+"/Touched true >>")
			}
		}
	}
	if step, _ := lastStep(t, then(office(), resave)); !step.Rewritten || step.Level != changes.Other {
		t.Errorf("%+v", step)
	}
	if step, _ := lastStep(t, then(office(), edit(21, "100 yuan", "900 yuan"))); step.Rewritten || step.Level != changes.Other {
		t.Errorf("a forged page looks like a re-save: %+v", step)
	}
}

func TestManyRevisionsAreJudgedOneByOne(t *testing.T) {
	b := office()
	for i := range 12 {
		b = sign(b, pdftest.Seal{Field: fmt.Sprint("Office", i)})
	}
	all := steps(t, b)
	if len(all) != 13 {
		t.Fatalf("%d steps", len(all))
	}
	for i, s := range all {
		if s.Revision != i+1 || s.Level != changes.Signing || len(s.Changes) > 8 {
			t.Errorf("step %d: %+v", i, s)
		}
	}
}
