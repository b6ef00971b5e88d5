package increment_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"yinzheng/internal/midstate"
	"yinzheng/internal/pdf"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/increment"
	"yinzheng/internal/pdf/pdftest"
	"yinzheng/internal/pdf/signature"
)

// face is a page as this service makes it, of some 100 KB.
func face(tb testing.TB) []byte {
	tb.Helper()
	doc := pdf.New(pdf.Info{Title: "示例", Created: spec(tb).Time})
	doc.AddPage(210, 297)
	text := []rune(strings.Repeat("南宁示例食品有限公司许可证核发机关有效期至", 20))
	for i := range 18 {
		doc.Text(20, 40+10*float64(i), 14, string(text[20*i:20*i+20]), pdf.TextStyle{})
	}
	var b strings.Builder
	for i, x := 0, uint32(1); i < 80_000; i++ {
		x = x*1_664_525 + 1_013_904_223 // nothing to compress
		b.WriteByte(byte(x >> 24))
	}
	doc.Attach(pdf.Attachment{Name: "data.json", MIME: "application/json", Data: []byte(b.String()), Modified: spec(tb).Time})
	out, err := doc.Bytes()
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// long is a document with many pages and a body of so many bytes that nobody has to read; the middle of it is not in memory.
type long struct {
	head, tail []byte
	hole       int64
}

func (l long) size() int64 { return int64(len(l.head)) + l.hole + int64(len(l.tail)) }

// ReadAt implements io.ReaderAt.
func (l long) ReadAt(b []byte, at int64) (int, error) {
	for i := range b {
		switch p := at + int64(i); {
		case p < int64(len(l.head)):
			b[i] = l.head[p]
		case p < int64(len(l.head))+l.hole:
			b[i] = ' '
		case p < l.size():
			b[i] = l.tail[p-int64(len(l.head))-l.hole]
		default:
			return i, io.EOF
		}
	}
	return len(b), nil
}

// large is a file of so many pages and bytes, most of them in the content of the last page.
func large(pages int, bytes int64) long {
	var head, tail strings.Builder
	var at []int64
	object := func(w *strings.Builder, before int64, n int, body string) {
		at = append(at, before+int64(w.Len()))
		fmt.Fprintf(w, "%d 0 obj\n%s\nendobj\n", n, body)
	}
	head.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	object(&head, 0, 1, "<< /Type /Catalog /Pages 2 0 R >>")
	var kids strings.Builder
	for i := range pages {
		fmt.Fprintf(&kids, " %d 0 R", 4+i)
	}
	object(&head, 0, 2, fmt.Sprintf("<< /Type /Pages /Count %d /Kids [%s ] /MediaBox [0 0 595 842] >>", pages, kids.String()))
	at = append(at, int64(head.Len()))
	fmt.Fprintf(&head, "3 0 obj\n<< /Length %d >>\nstream\n", bytes)
	before := int64(head.Len()) + bytes
	tail.WriteString("\nendstream\nendobj\n")
	for i := range pages {
		object(&tail, before, 4+i, "<< /Type /Page /Parent 2 0 R /Contents 3 0 R /Resources << >> >>")
	}
	xref := before + int64(tail.Len())
	fmt.Fprintf(&tail, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, offset := range at {
		fmt.Fprintf(&tail, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&tail, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, xref)
	return long{[]byte(head.String()), []byte(tail.String()), bytes}
}

func benchmark(b *testing.B, r io.ReaderAt, size int64) {
	s := spec(b, increment.Place{Field: "SealX", Page: 1, Rect: [4]float64{20, 20, 60, 60}})
	s.Reserve = 12 << 10

	b.Run("prepare", func(b *testing.B) {
		file, err := cos.Open(r, size, cos.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := increment.Prepare(file, s); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open+prepare+digest", func(b *testing.B) {
		h := midstate.New()
		if _, err := io.Copy(h, io.NewSectionReader(r, 0, min(size, 1<<20))); err != nil {
			b.Fatal(err)
		}
		state, err := h.State()
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			file, err := cos.Open(r, size, cos.Limits{})
			if err != nil {
				b.Fatal(err)
			}
			p, err := increment.Prepare(file, s)
			if err != nil {
				b.Fatal(err)
			}
			if size > 1<<20 {
				continue // the state would be that of another file
			}
			if _, err := p.Digest(signature.SM3, state); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkPrepare shows that a seal costs the same for a page and for a gigabyte.
func BenchmarkPrepare(b *testing.B) {
	page := face(b)
	b.Run(fmt.Sprintf("face %d KB", len(page)>>10), func(b *testing.B) { benchmark(b, strings.NewReader(string(page)), int64(len(page))) })
	for _, f := range pdftest.Files() {
		if f.Name == "object-streams" {
			b.Run(f.Name, func(b *testing.B) { benchmark(b, strings.NewReader(string(f.Bytes)), int64(len(f.Bytes))) })
		}
	}
	sealed := page
	for i := range 20 {
		sealed = appended(b, sealed, spec(b, increment.Place{Field: fmt.Sprint("Seal", i+1), Page: 1, Rect: [4]float64{20, 20, 60, 60}}))
	}
	b.Run("twenty seals", func(b *testing.B) { benchmark(b, strings.NewReader(string(sealed)), int64(len(sealed))) })
	for _, pages := range []int{1, 200, 5000} {
		l := large(pages, 1<<30)
		b.Run(fmt.Sprintf("1 GB, %d pages", pages), func(b *testing.B) { benchmark(b, l, l.size()) })
	}
}
