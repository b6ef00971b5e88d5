package signature_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/pdftest"
	"yinzheng/internal/pdf/signature"
)

func TestHonestSignaturesOfEveryFormHaveNoProblem(t *testing.T) {
	for _, file := range pdftest.Files() {
		t.Run(file.Name, func(t *testing.T) {
			b := sign(sign(file.Bytes, pdftest.Seal{Certify: 2}), pdftest.Seal{Field: "Second", Rect: "[10 10 60 60]", Look: "0 0 9 9 re f"})
			f := open(t, b)
			set := find(t, b)
			if got := codes(set); len(got) != 0 || len(set.Signatures) != 2 {
				t.Fatalf("%d signatures, problems %v: %+v", len(set.Signatures), got, set)
			}
			last := len(f.Revisions()) - 1
			for i, s := range set.Signatures {
				if s.Revision != last-1+i || !s.CoversRevision || s.CoversFile != (i == 1) || len(s.Fields) != 1 || s.Fields[0].Page != 1 {
					t.Errorf("signature %d: %+v", i, s)
				}
				if !genuine(f, s) {
					t.Errorf("signature %d: the digest is another one", i)
				}
			}
			if set.Signatures[0].Permission != 2 || set.Signatures[1].Permission != 0 {
				t.Error("the certification is not seen")
			}
		})
	}
}

func TestFactsOfASignatureAreRead(t *testing.T) {
	b := sign(pdftest.Classic(), pdftest.Seal{Field: "Office", Rect: "[300 200 100 400]", Look: "f", SubFilter: "GM.sm2seal", Filter: "GM.PKILite",
		Entries: "/Name (Office) /Reason <feff540c610f> /Location (Here) /M (D:20260302090000+08'00')", Widget: "/Lock << /Type /SigFieldLock /Action /Include /Fields [(holder)] /P 2 >>"})
	set := find(t, b)
	s := set.Signatures[0]
	if s.Filter != "GM.PKILite" || s.SubFilter != "GM.sm2seal" || s.SignerName != "Office" || s.Reason != "同意" || s.Location != "Here" ||
		s.Date != "D:20260302090000+08'00'" || s.Timestamp {
		t.Errorf("%+v", s)
	}
	want := signature.Field{Name: "Office", Ref: s.Fields[0].Ref, Page: 1, Rect: [4]float64{100, 200, 300, 400}, Flags: 132}
	want.Appearance.Objects = []cos.Ref{{Num: numberOf(t, b, `/Subtype /Form /BBox \[0 0 100 100\]\s+/Length 1 `)}}
	if diff := cmp.Diff(want, s.Fields[0]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(&signature.FieldLock{Action: "Include", Fields: []string{"holder"}, Permission: 2}, s.Lock); diff != "" {
		t.Error(diff)
	}
	if !s.Lock.Locks("holder") || !s.Lock.Locks("holder.first") || s.Lock.Locks("holders") || s.Lock.Locks("note") {
		t.Error("the lock locks other fields")
	}
	if len(set.Empty) != 1 || set.Empty[0].Name != "Seal" {
		t.Errorf("empty fields %+v", set.Empty)
	}
	if got := codes(set); len(got) != 0 {
		t.Error(got)
	}
}

func TestFieldsThatShareOneValueAreOneSignature(t *testing.T) {
	var base []byte
	for _, f := range pdftest.Files() {
		if f.Name == "two-levels" {
			base = f.Bytes
		}
	}
	set := find(t, sign(base, pdftest.Seal{Field: "Edge", Rect: "[575 300 595 400]", Look: "f", Across: true}))
	if len(set.Signatures) != 1 || len(codes(set)) != 0 {
		t.Fatalf("%d signatures, problems %v", len(set.Signatures), codes(set))
	}
	var pages []int
	for _, f := range set.Signatures[0].Fields {
		pages = append(pages, f.Page)
	}
	slices.Sort(pages)
	if diff := cmp.Diff([]int{1, 2, 3, 4, 5}, pages); diff != "" {
		t.Error(diff)
	}
}

// TestMalformedSignatureIsReportedAndNotDropped spells /ByteRange and /Contents as forgers do.
func TestMalformedSignatureIsReportedAndNotDropped(t *testing.T) {
	spell := func(format string) pdftest.Seal {
		return pdftest.Seal{Range: func(r [4]int64) string {
			return strings.NewReplacer("a", fmt.Sprint(r[1]), "b", fmt.Sprint(r[2]), "c", fmt.Sprint(r[3]), "A", fmt.Sprint(r[1]+2), "C", fmt.Sprint(r[3]-9)).Replace(format)
		}}
	}
	digits := func(f func(hex string, room int) string) pdftest.Seal { return pdftest.Seal{Hex: f} }
	for _, c := range []struct {
		name, code string
		seal       pdftest.Seal
	}{
		{"range null", "byte_range", spell("null")},
		{"range empty", "byte_range", spell("[]")},
		{"range of three", "byte_range", spell("[0 a b]")},
		{"range of five", "byte_range", spell("[0 a b c 0]")},
		{"range real", "byte_range", spell("[0 a.0 b c]")},
		{"range negative", "byte_range", spell("[0 -a b c]")},
		{"range indirect", "byte_range", spell("[0 a b 3 0 R]")},
		{"range with a sign", "byte_range", spell("[0 +a b c]")},
		{"range with a comment", "byte_range", spell("[0 %1\na b c]")},
		{"range beyond the file", "byte_range", spell("[0 a b 9999999]")},
		{"range that overflows", "byte_range", spell("[0 a 9223372036854775807 9223372036854775807]")},
		{"range not from the start", "byte_range", spell("[1 a b c]")},
		{"range without a gap", "byte_range", spell("[0 b b c]")},
		{"gap smaller than the token", "gap", spell("[0 A b c]")},
		{"gap larger than the token", "gap", spell("[0 8 b c]")},
		{"end before the revision's", "coverage", spell("[0 a b C]")},
		{"contents empty", "contents", digits(func(string, int) string { return "<>" })},
		{"contents zeros", "contents", digits(func(_ string, n int) string { return "<" + strings.Repeat("0", n) + ">" })},
		{"contents of two cases", "contents", digits(func(h string, n int) string {
			return "<" + h[:8] + "aB" + h[10:] + strings.Repeat("0", n-len(h)) + ">"
		})},
		{"contents with a space", "contents", digits(func(h string, n int) string { return "<" + h + " " + strings.Repeat("0", n-len(h)-2) + " >" })},
		{"contents with bytes behind", "contents", digits(func(h string, n int) string { return "<" + h + strings.Repeat("0", n-len(h)-2) + "01>" })},
		{"contents literal", "contents", digits(func(_ string, n int) string { return "(" + strings.Repeat("0", n) + ")" })},
		{"contents null", "contents", digits(func(string, int) string { return "null" })},
		{"contents indefinite", "ber", digits(func(_ string, n int) string { return "<30800201050000" + strings.Repeat("0", n-14) + ">" })},
		{"type of something else", "dictionary", pdftest.Seal{Type: "Annot"}},
		{"filter empty", "dictionary", pdftest.Seal{Filter: " "}},
		{"a timestamp that says it is a signature", "dictionary", pdftest.Seal{SubFilter: "ETSI.RFC3161"}},
		{"name not a text", "dictionary", pdftest.Seal{Entries: "/Name 5"}},
		{"unknown transform", "dictionary", pdftest.Seal{Entries: "/Reference [<< /TransformMethod /Identity >>]"}},
		{"usage rights", "usage", pdftest.Seal{Entries: "/Reference [<< /TransformMethod /UR3 >>]"}},
		{"certifies without /Perms", "perms", pdftest.Seal{Entries: "/Reference [<< /TransformMethod /DocMDP /TransformParams << /P 2 >> >>]"}},
		{"certifies with P 7", "perms", pdftest.Seal{Certify: 7}},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := find(t, sign(pdftest.Classic(), c.seal))
			if len(set.Signatures) != 1 || !slices.Contains(codes(set), c.code) {
				t.Errorf("%d signatures, problems %v, want %s", len(set.Signatures), codes(set), c.code)
			}
			if s := set.Signatures[0]; s.CoversRevision && slices.Contains([]string{"byte_range", "gap", "coverage"}, c.code) &&
				!strings.HasPrefix(c.name, "range with") {
				t.Errorf("it is said to cover its revision: %+v", s)
			}
		})
	}
}

// TestSignatureWithoutAPlaceIsReported takes the field of a signature away, or its place.
func TestSignatureWithoutAPlaceIsReported(t *testing.T) {
	signed := sign(pdftest.Classic(), pdftest.Seal{Rect: "[100 100 200 200]", Look: "f"})
	field, value := numberOf(t, signed, `/T \(Office\)`), numberOf(t, signed, `/ByteRange`)
	put := func(num int, change func(string) string) []byte {
		return then(signed, func(s *pdftest.Scanned, _ *pdftest.Writer) { s.Set(num, change(s.Bodies[num])) })
	}
	swap := func(old, now string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, now, 1) }
	}
	for _, c := range []struct {
		name, code string
		file       []byte
	}{
		{"not in the form", "field", put(5, swap(" "+ref(field)+"]", "]"))},
		{"not in the form nor on the page", "field", then(signed, func(s *pdftest.Scanned, _ *pdftest.Writer) {
			s.Set(5, strings.Replace(s.Bodies[5], " "+ref(field)+"]", "]", 1))
			s.Set(20, strings.Replace(s.Bodies[20], " "+ref(field)+"]", "]", 1))
		})},
		{"the field has another type", "field", put(field, swap("/FT /Sig", "/FT /Tx"))},
		{"no form at all", "field", put(1, swap("/AcroForm 5 0 R", ""))},
		{"the form is a number", "form", put(1, swap("/AcroForm 5 0 R", "/AcroForm 7"))},
		{"/Fields is a name", "form", put(5, func(string) string { return "<< /Fields /None /SigFlags 3 >>" })},
		{"a field twice", "form", put(5, swap(ref(field), ref(field)+" "+ref(field)))},
		{"the widget is on no page", "field", put(20, swap(" "+ref(field)+"]", "]"))},
		{"/P is another page", "field", put(field, swap("/P 20 0 R", "/P 2 0 R"))},
		{"two fields of one name", "field", put(field, swap("(Office)", "(Seal)"))},
		{"the value is missing", "dictionary", put(field, swap("/V "+ref(value), "/V 999 0 R"))},
		{"the value is direct", "dictionary", put(field, swap("/V "+ref(value), "/V << /Type /Sig /Filter /A /SubFilter /B /Contents <3000> >>"))},
		{"the value is a number", "dictionary", put(field, swap("/V "+ref(value), "/V 7"))},
		{"the dictionary was written again", "replaced", put(value, func(s string) string { return s })},
		{"the dictionary was written again, its own problem", "coverage", put(value, func(s string) string { return s })},
		{"the dictionary was freed", "replaced", then(signed, func(_ *pdftest.Scanned, w *pdftest.Writer) { w.Free(value, 1) })},
		{"a second field took it", "aliased", put(8, swap("/T (Seal)", "/T (Seal) /V "+ref(value)))},
		{"/Perms came later", "perms", put(1, swap("/Type /Catalog", "/Type /Catalog /Perms << /DocMDP "+ref(value)+" >>"))},
		{"/Perms gives usage rights", "usage", put(1, swap("/Type /Catalog", "/Type /Catalog /Perms << /UR3 "+ref(value)+" >>"))},
		{"/Perms leads nowhere", "perms", put(1, swap("/Type /Catalog", "/Type /Catalog /Perms << /DocMDP 999 0 R >>"))},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := find(t, c.file)
			if !slices.Contains(codes(set), c.code) {
				t.Errorf("problems %v, want %s", codes(set), c.code)
			}
			if c.name != "the dictionary was freed" && len(set.Signatures) == 0 {
				t.Error("the signature is gone")
			}
		})
	}
}

func TestFlagsWithoutAnySignatureAreAProblem(t *testing.T) {
	file := then(pdftest.Classic(), func(s *pdftest.Scanned, _ *pdftest.Writer) {
		s.Set(5, "<< /Fields [6 0 R 7 0 R] /SigFlags 3 >>")
		s.Set(20, strings.Replace(s.Bodies[20], " 8 0 R", "", 1))
	})
	if got := codes(find(t, file)); !slices.Equal(got, []string{"sig_flags"}) {
		t.Error(got)
	}
}

func TestTwoSignaturesCannotLeaveOutTheSame(t *testing.T) {
	file := sign(sign(pdftest.Classic(), pdftest.Seal{}), pdftest.Seal{Field: "Second", Range: func(r [4]int64) string {
		return fmt.Sprintf("[0 %d %d %d]", 2500, r[2], r[3])
	}})
	if got := codes(find(t, file)); !slices.Contains(got, "overlap") || !slices.Contains(got, "gap") {
		t.Error(got)
	}
}

func TestEvidenceIsReadWithItsRevision(t *testing.T) {
	file := sign(pdftest.Classic(), pdftest.Seal{})
	file = pdftest.WithEvidence(file, [][]byte{[]byte("one"), []byte("two")}, [][]byte{[]byte("list")})
	file = pdftest.DocTimestamp(file, digestDER)
	set := find(t, file)
	want := &signature.DSS{Certs: [][]byte{[]byte("one"), []byte("two")}, CRLs: [][]byte{[]byte("list")}, Revision: 2}
	if diff := cmp.Diff(want, set.DSS); diff != "" {
		t.Error(diff)
	}
	if s := set.Signatures[1]; !s.Timestamp || s.Revision != 3 || len(codes(set)) != 0 {
		t.Errorf("the timestamp: %+v, problems %v", s, codes(set))
	}
	for _, wrong := range []string{"/DSS 5", "/DSS << /Certs 5 >>", "/DSS << /Certs [5] >>", "/DSS << /Certs [5 0 R] >>"} {
		bad := then(pdftest.Classic(), func(s *pdftest.Scanned, _ *pdftest.Writer) { s.Set(1, pdftest.Put(s.Bodies[1], wrong)) })
		if got := codes(find(t, bad)); !slices.Equal(got, []string{"dss"}) {
			t.Errorf("%s: %v", wrong, got)
		}
	}
}
