package verify_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/internal/midstate"
	"yinzheng/internal/pdf/pdftest"
	"yinzheng/verify"
)

// largeFile is a PDF of one page whose content stream has n bytes.
func largeFile(n int) []byte {
	var b bytes.Buffer
	var at []int
	add := func(body string) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(at), body)
	}
	b.Grow(n + 4096)
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	add("<< /Type /Catalog /Pages 2 0 R >>")
	add("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	add("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> /Contents 4 0 R >>")
	at = append(at, b.Len())
	fmt.Fprintf(&b, "4 0 obj\n<< /Length %d >>\nstream\n", n)
	b.Write(bytes.Repeat([]byte("\n"), n))
	b.WriteString("\nendstream\nendobj\n")
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, offset := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, xref)
	return b.Bytes()
}

func TestLargeDocumentIsJudgedFromWhereItIsInLittleMemory(t *testing.T) {
	const most = 8 << 20 // bytes that Read may allocate for a file of eight times that
	c := newCourt(t)
	file := pdftest.Sign(largeFile(verify.MaxDocument+1<<20), c.sealed(pdftest.Seal{Field: "Office", Rect: placeOne, Look: border}))
	if r := c.judge(file); r.Verdict != verify.Invalid {
		t.Errorf("in memory, over the limit: %s", r.Verdict)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	e := verify.Read(verify.Input{Reader: section(file)})
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > most {
		t.Errorf("reading %d bytes allocated %d", len(file), used)
	}
	r := c.policy.Judge(e, c.trust, c.w.Now)
	if r.Verdict != verify.Valid || r.Document != gm.Sum(file) {
		t.Errorf("%s:%s", r.Verdict, describe(r))
	}
}

func TestKnownStateOfTheBeginningGivesTheSameEvidence(t *testing.T) {
	c := newCourt(t)
	base := largeFile(1 << 20)
	h := midstate.New()
	if _, err := h.Write(base); err != nil {
		t.Fatal(err)
	}
	state, err := h.State()
	if err != nil {
		t.Fatal(err)
	}
	file := pdftest.Sign(base, c.sealed(pdftest.Seal{Field: "Office", Rect: placeOne, Look: border}))
	r := c.policy.Judge(verify.Read(verify.Input{Reader: section(file), State: state}), c.trust, c.w.Now)
	if r.Verdict != verify.Valid || r.Document != gm.Sum(file) {
		t.Errorf("%s:%s", r.Verdict, describe(r))
	}
	// The state is believed: what lies before it is not read for hashing.
	changed := bytes.Clone(file)
	at := bytes.Index(changed, []byte("\n\n\n\n")) + 1000
	changed[at] = ' '
	if e := verify.Read(verify.Input{Reader: section(changed), State: state}); e.Document.Digest != gm.Sum(file) {
		t.Error("the beginning was hashed again")
	}
	if e := verify.Read(verify.Input{Reader: section(changed)}); e.Document.Digest != gm.Sum(changed) {
		t.Error("without a state the digest is not that of the file")
	}
}

func section(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}
