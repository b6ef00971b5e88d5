package verdict_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"yinzheng/internal/page"
	"yinzheng/internal/verdict"
	"yinzheng/internal/verdict/verdicttest"
	"yinzheng/verify"
)

var now = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)

func document(t testing.TB) []byte {
	t.Helper()
	b, err := verdicttest.Document()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// shared is one reader for all tests: it takes seconds to compile.
var shared = sync.OnceValues(func() (*page.Reader, error) { return page.New(page.Config{}) })

func reader(t testing.TB) *page.Reader {
	t.Helper()
	r, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sheet is the example, drawn.
func sheet(t testing.TB, lang string) (*verdict.Sheet, verify.Report) {
	t.Helper()
	b := document(t)
	r := verdicttest.Report(now, int64(len(b)))
	s := verdict.New(r, int64(len(b)), lang)
	s.Draw(t.Context(), reader(t), bytes.NewReader(b), r)
	return s, r
}

func TestReportIsSetOnPaperWithItsDataInside(t *testing.T) {
	s, r := sheet(t, "zh-CN")
	paper := verdict.Paper{Author: "广西壮族自治区", Made: now}
	first, err := s.PDF(paper, r)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.PDF(paper, r); err != nil || !bytes.Equal(first, again) {
		t.Errorf("the same report was set otherwise: %v", err)
	}
	read := reader(t)
	for _, want := range []string{"核验报告", "无效", "只是签署人自述", "CONTENT_HASH", "GB/T 38540-2020, 7.3", r.Document.String(), "<b>示例局</b>"} {
		found, err := read.Find(t.Context(), bytes.NewReader(first), want, 1)
		if err != nil || len(found) == 0 {
			t.Errorf("the paper does not say %q: %v", want, err)
		}
	}
}

func TestNamesThatTheFontCannotDrawDoNotStopAReport(t *testing.T) {
	r := verdicttest.Report(now, 1000)
	r.Signatures[0].Signer = "\U0001f60a\u202e\x00 name " + strings.Repeat("长", 500)
	if _, err := verdict.New(r, 1000, "en").PDF(verdict.Paper{Author: "A", Made: now}, r); err != nil {
		t.Error(err)
	}
}

func TestTimeThatNothingProvesIsCalledTheSignersWord(t *testing.T) {
	at := now
	for basis, doubt := range map[string]bool{verify.BasisTimestamp: false, verify.BasisDocument: false, verify.BasisReceipt: false, verify.BasisDeclared: true, "": true} {
		one := verify.SignatureReport{Name: "S", Verdict: verify.Valid, Time: &at, TimeBasis: basis}
		if basis != verify.BasisDeclared {
			one.Proved = &at
		}
		card := verdict.New(verify.Report{Signatures: []verify.SignatureReport{one}}, 10, "en").Signatures[0]
		for _, row := range card.Rows {
			if row.Key == "time" && (row.Doubt != doubt || strings.Contains(strings.Join(row.Notes, ""), "own word") != doubt) {
				t.Errorf("%q: %+v", basis, row)
			}
		}
	}
}

func TestCoverageEndsWhereSignaturesDo(t *testing.T) {
	s, _ := sheet(t, "en")
	c := s.Coverage
	if len(c.Segments) != 4 || c.Segments[3].Signed || !c.Segments[2].Signed || c.Segments[3].End != s.Size || c.Segments[3].To != 1 {
		t.Fatalf("%+v", c.Segments)
	}
	at := int64(0)
	for i, one := range c.Segments {
		if one.Start != at || one.End <= one.Start || one.To <= one.From {
			t.Errorf("segment %d is %+v", i, one)
		}
		at = one.End
	}
	for i, row := range c.Rows {
		if row.Number != i+1 || row.Segments != i+1 {
			t.Errorf("%+v", row)
		}
	}
	for _, size := range []int64{0, 3} { // a report that says more than there is
		one := verify.Report{Signatures: []verify.SignatureReport{{Name: "S", Bytes: 5}, {Name: "T", Bytes: -1}}}
		if c := verdict.New(one, size, "en").Coverage; c != nil {
			t.Errorf("%d bytes: %+v", size, c)
		}
	}
}

func TestStepsStandUnderTheirSignatureAndStage(t *testing.T) {
	r := verify.Report{Signatures: []verify.SignatureReport{{Name: "A"}, {Name: "B"}}, Findings: []verify.Finding{
		{Code: "PDF_FORMAT", Outcome: verify.Pass},
		{Code: "TIMESTAMP", Signature: "A", Outcome: verify.Pass}, {Code: "SEAL_FORMAT", Signature: "A", Outcome: verify.Pass}, {Code: "SIG_TIME", Signature: "A", Outcome: verify.Fail},
		{Code: "SIG_TIME", Signature: "B", Outcome: verify.Pass}, {Code: "LICENCE_DATA", Outcome: verify.Pass},
	}}
	s := verdict.New(r, 0, "en")
	if len(s.Parts) != 3 || s.Parts[0].Signature != 0 || len(s.Parts[0].Stages) != 2 || s.Parts[1].Signature != 1 || len(s.Parts[1].Stages) != 2 || s.Parts[2].Signature != 2 {
		t.Fatalf("%+v", s.Parts)
	}
	if one := s.Parts[1].Stages[0]; len(one.Steps) != 2 || !one.Open() || one.Passed() != 1 || one.Worst != verify.Fail {
		t.Errorf("%+v", one)
	}
	if len(s.Reasons) != 1 || s.Reasons[0].Code != "SIG_TIME" {
		t.Errorf("%+v", s.Reasons)
	}
}

// counting counts what is drawn, and fails.
type counting struct{ asked int }

func (c *counting) Picture(context.Context, io.ReadSeeker, int, int) (*page.Picture, error) {
	c.asked++
	return nil, errors.New("no")
}

func TestNoMorePagesAreDrawnThanTheLimit(t *testing.T) {
	one := verify.SignatureReport{Name: "S"}
	for n := range 40 {
		one.Places = append(one.Places, verify.Place{Page: n + 1})
	}
	r := verify.Report{Signatures: []verify.SignatureReport{one}}
	s, c := verdict.New(r, 10, "zh-CN"), &counting{}
	s.Draw(t.Context(), c, strings.NewReader("x"), r)
	if c.asked != verdict.MaxPictures || len(s.Pages) != verdict.MaxPictures || s.Unshown != 40-verdict.MaxPictures || s.Pages[0].Picture != nil {
		t.Errorf("%d asked, %d pages, %d not shown", c.asked, len(s.Pages), s.Unshown)
	}
	if _, err := s.PDF(verdict.Paper{Author: "A", Made: now}, r); err != nil {
		t.Error(err)
	}
}
