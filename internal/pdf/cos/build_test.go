package cos_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"yinzheng/internal/pdf/cos"
)

// row is an entry of a cross-reference stream: type and two numbers.
type row [3]int

// streamed puts objects, numbered from 1, and a cross-reference stream behind them together; more are rows of further objects.
func streamed(more map[int]row, objects ...string) []byte {
	b := []byte("%PDF-1.5\n")
	rows := map[int]row{0: {0, 0, 65535}}
	maps.Copy(rows, more)
	for i, o := range objects {
		rows[i+1] = row{1, len(b), 0}
		b = fmt.Appendf(b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	num := slices.Max(slices.Collect(maps.Keys(rows))) + 1
	rows[num] = row{1, len(b), 0}
	var index strings.Builder
	var raw []byte
	for _, n := range slices.Sorted(maps.Keys(rows)) {
		r := rows[n]
		fmt.Fprintf(&index, "%d 1 ", n)
		raw = append(raw, byte(r[0]), byte(r[1]>>16), byte(r[1]>>8), byte(r[1]), byte(r[2]>>8), byte(r[2]))
	}
	at := len(b)
	b = fmt.Appendf(b, "%d 0 obj\n<< /Type /XRef /Size %d /W [1 3 2] /Index [%s] /Root 1 0 R /Length %d >>\nstream\n", num, num+1, index.String(), len(raw))
	return fmt.Appendf(append(b, raw...), "\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n", at)
}

// box is an object stream with what it holds; extra stands in its dictionary.
func box(extra string, nums []int, values ...string) string {
	var head, body strings.Builder
	for i, v := range values {
		fmt.Fprintf(&head, "%d %d ", nums[i], body.Len())
		body.WriteString(v + " ")
	}
	data := head.String() + body.String()
	if extra == "" {
		extra = fmt.Sprintf("/Length %d", len(data))
	}
	return fmt.Sprintf("<< /Type /ObjStm /N %d /First %d %s >>\nstream\n%s\nendstream", len(values), head.Len(), extra, data)
}

// previous is where the last cross-reference of a file begins.
func previous(b []byte) int {
	var at int
	tail := b[bytes.LastIndex(b, []byte("startxref"))+len("startxref"):]
	if _, err := fmt.Sscan(string(tail), &at); err != nil {
		panic(err)
	}
	return at
}

// appended adds a revision of one object with a classic table; extra stands in its trailer.
func appended(b []byte, num int, value string, size int, extra string) []byte {
	prev, out := previous(b), bytes.Clone(b)
	at := len(out)
	out = fmt.Appendf(out, "%d 0 obj\n%s\nendobj\n", num, value)
	xref := len(out)
	return fmt.Appendf(out, "xref\n%d 1\n%010d 00000 n \ntrailer\n<< /Size %d /Root 1 0 R /Prev %d %s>>\nstartxref\n%d\n%%%%EOF\n",
		num, at, size, prev, extra, xref)
}

// word is a file as Microsoft Word writes it: a table that hides what object streams hold, and then an empty one that leads to
// the stream which lists it. Objects are numbered from 1; packed are the numbers that the last of them holds.
func word(packed []int, objects ...string) []byte {
	const eol = "\r\n"
	b := []byte("%PDF-1.7" + eol + "%\xb5\xb5\xb5\xb5" + eol)
	rows := map[int]row{0: {0, 0, 65535}}
	for i, o := range objects {
		rows[i+1] = row{1, len(b), 0}
		b = fmt.Appendf(b, "%d 0 obj"+eol+"%s"+eol+"endobj"+eol, i+1, o)
	}
	num := len(objects) + len(packed) + 1
	rows[num] = row{1, len(b), 0}
	for i, n := range packed {
		rows[n] = row{2, len(objects), i}
	}
	var raw []byte
	table := fmt.Sprintf("xref"+eol+"0 %d"+eol, num+1)
	for n := range num + 1 {
		r := rows[n]
		raw = append(raw, byte(r[0]), byte(r[1]>>16), byte(r[1]>>8), byte(r[1]), byte(r[2]>>8), byte(r[2]))
		if r[0] == 1 && n != len(objects) {
			table += fmt.Sprintf("%010d 00000 n"+eol, r[1])
		} else {
			table += "0000000000 65535 f" + eol
		}
	}
	stream := len(b)
	b = fmt.Appendf(b, "%d 0 obj"+eol+"<</Type/XRef/Size %d/W[ 1 3 2] /Root 1 0 R/Length %d>>"+eol+"stream"+eol, num, num+1, len(raw))
	b = append(append(b, raw...), eol+"endstream"+eol+"endobj"+eol...)
	first := len(b)
	b = fmt.Appendf(b, "%strailer"+eol+"<</Size %d/Root 1 0 R>>"+eol+"startxref"+eol+"%d"+eol+"%%%%EOF"+eol, table, num+1, first)
	second := len(b)
	return fmt.Appendf(b, "xref"+eol+"0 0"+eol+"trailer"+eol+"<</Size %d/Root 1 0 R/Prev %d/XRefStm %d>>"+eol+"startxref"+eol+"%d"+eol+"%%%%EOF",
		num+1, first, stream, second)
}

// get reads an object of the last revision.
func get(t testing.TB, f *cos.File, num int) cos.Value {
	t.Helper()
	v, err := f.Latest().Get(cos.Ref{Num: num})
	if err != nil {
		t.Fatal(err)
	}
	return v
}
