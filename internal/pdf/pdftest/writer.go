// Package pdftest makes PDF files for tests: honest ones in every form that other programs write, signed ones, and attacks on
// signed ones. It writes bytes by itself and shares no code with the readers and writers it tests: a mistake made on both
// sides would hide.
package pdftest

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Writer writes a PDF byte by byte, section by section. What it is told it writes, however wrong.
type Writer struct {
	b    []byte
	eol  string
	rows map[int]row // of the section being written
	size int         // highest object number so far and one
	prev int64       // offset of the last section; -1 for none
}

type row struct {
	kind    int   // 0 free, 1 plain, 2 packed
	a       int64 // offset, or number of the object stream
	gen     int   // generation, or index in the object stream
	visible bool  // of a hybrid file: in the classic table
}

// NewWriter begins a file of a version such as "1.7" with an end-of-line marker.
func NewWriter(version, eol string) *Writer {
	w := &Writer{eol: eol, rows: map[int]row{}, prev: -1, size: 1}
	w.rows[0] = row{kind: 0, gen: 65535, visible: true}
	w.Raw("%PDF-" + version + eol + "%\xe2\xe3\xcf\xd3" + eol)
	return w
}

// Continue begins an increment behind a file whose last section is at prev and whose /Size is size.
func Continue(file []byte, prev int64, size int) *Writer {
	w := &Writer{b: slices.Clone(file), eol: "\n", rows: map[int]row{}, prev: prev, size: size}
	if n := len(file); n > 0 && file[n-1] != '\n' && file[n-1] != '\r' {
		w.Raw("\n")
	}
	return w
}

// Raw writes bytes as they are.
func (w *Writer) Raw(s string) { w.b = append(w.b, s...) }

// At is the offset of what is written next.
func (w *Writer) At() int64 { return int64(len(w.b)) }

// Bytes is the file.
func (w *Writer) Bytes() []byte { return w.b }

// Obj writes an object of generation 0.
func (w *Writer) Obj(num int, body string) { w.ObjGen(num, 0, body) }

// ObjGen writes an object.
func (w *Writer) ObjGen(num, gen int, body string) {
	w.Point(num, gen, w.At())
	w.Raw(fmt.Sprintf("%d %d obj%s%s%sendobj%s", num, gen, w.eol, body, w.eol, w.eol))
}

// Point makes the next cross-reference section say that an object is at an offset.
func (w *Writer) Point(num, gen int, at int64) {
	w.rows[num] = row{kind: 1, a: at, gen: gen, visible: true}
	w.size = max(w.size, num+1)
}

// Free makes the next cross-reference section say that an object is gone.
func (w *Writer) Free(num, gen int) {
	w.rows[num] = row{kind: 0, gen: gen, visible: true}
	w.size = max(w.size, num+1)
}

// Unlist takes an object out of the next section.
func (w *Writer) Unlist(num int) { delete(w.rows, num) }

// Stream writes a stream; entries are those of its dictionary without /Length.
func (w *Writer) Stream(num int, entries string, data []byte) {
	w.StreamWith(num, fmt.Sprintf("%s /Length %d", entries, len(data)), data)
}

// StreamWith is Stream with the /Length among the entries.
func (w *Writer) StreamWith(num int, entries string, data []byte) {
	eol := w.eol
	if eol == "\r" {
		eol = "\r\n" // ISO 32000-1, 7.3.8.1: never a carriage return alone
	}
	w.Obj(num, "<< "+strings.TrimSpace(entries)+" >>"+w.eol+"stream"+eol+string(data)+w.eol+"endstream")
}

// Packed is an object in an object stream.
type Packed struct {
	Num  int
	Body string
}

// Pack writes an object stream.
func (w *Writer) Pack(num int, entries string, objects ...Packed) {
	var head, body strings.Builder
	for i, o := range objects {
		fmt.Fprintf(&head, "%d %d ", o.Num, body.Len())
		body.WriteString(o.Body + "\n")
		w.rows[o.Num] = row{kind: 2, a: int64(num), gen: i}
		w.size = max(w.size, o.Num+1)
	}
	data := deflate([]byte(head.String() + body.String()))
	w.Stream(num, fmt.Sprintf("/Type /ObjStm /N %d /First %d /Filter /FlateDecode %s", len(objects), head.Len(), entries), data)
}

// Table ends the section with a classic cross-reference table; trailer holds entries beside /Size and /Prev.
func (w *Writer) Table(trailer string) { w.end(w.table(trailer)) }

// table writes a table and its trailer and returns the table's offset.
func (w *Writer) table(trailer string) int64 {
	at := w.At()
	w.Raw("xref" + w.eol)
	var nums []int
	for _, n := range slices.Sorted(maps.Keys(w.rows)) {
		if w.rows[n].visible {
			nums = append(nums, n)
		}
	}
	for len(nums) > 0 {
		n := run(nums)
		w.Raw(fmt.Sprintf("%d %d%s", nums[0], n, w.eol))
		for _, num := range nums[:n] {
			w.Raw(w.tableRow(num))
		}
		nums = nums[n:]
	}
	w.Raw(fmt.Sprintf("trailer%s<< /Size %d %s%s >>%s", w.eol, w.size, trailer, w.prevEntry(), w.eol))
	return at
}

func (w *Writer) tableRow(num int) string {
	r, letter := w.rows[num], byte('n')
	if r.kind == 0 {
		letter = 'f'
	}
	end := " \n" // twenty bytes whatever the end of line
	switch w.eol {
	case "\r":
		end = " \r"
	case "\r\n":
		end = "\r\n"
	}
	return fmt.Sprintf("%010d %05d %c%s", r.a, r.gen, letter, end)
}

func (w *Writer) prevEntry() string {
	if w.prev < 0 {
		return ""
	}
	return fmt.Sprintf(" /Prev %d", w.prev)
}

// run counts the consecutive numbers that a list begins with.
func run(nums []int) int {
	n := 1
	for n < len(nums) && nums[n] == nums[0]+n {
		n++
	}
	return n
}

// TableStream ends the section with a cross-reference stream that is object num.
func (w *Writer) TableStream(num int, trailer string) {
	w.Point(num, 0, w.At())
	nums := slices.Sorted(maps.Keys(w.rows))
	w.end(w.streamTable(num, nums, trailer))
}

func (w *Writer) streamTable(num int, nums []int, trailer string) int64 {
	at := w.At()
	var index strings.Builder
	var data []byte
	for rest := nums; len(rest) > 0; {
		n := run(rest)
		fmt.Fprintf(&index, "%d %d ", rest[0], n)
		rest = rest[n:]
	}
	for _, n := range nums {
		r := w.rows[n]
		data = append(data, byte(r.kind), byte(r.a>>24), byte(r.a>>16), byte(r.a>>8), byte(r.a), byte(r.gen>>8), byte(r.gen))
	}
	data = deflate(data)
	w.Raw(fmt.Sprintf("%d 0 obj%s<< /Type /XRef /Size %d /W [1 4 2] /Index [%s] %s%s /Filter /FlateDecode /Length %d >>%sstream\r\n", num, w.eol,
		w.size, strings.TrimSpace(index.String()), trailer, w.prevEntry(), len(data), w.eol))
	w.b = append(w.b, data...)
	w.Raw(w.eol + "endstream" + w.eol + "endobj" + w.eol)
	return at
}

// Hybrid ends the section with a classic table that hides the packed objects, and a cross-reference stream, object num, that
// lists them (ISO 32000-1, 7.5.8.4).
func (w *Writer) Hybrid(num int, trailer string) {
	w.Point(num, 0, w.At())
	var packed []int
	for _, n := range slices.Sorted(maps.Keys(w.rows)) {
		if w.rows[n].kind == 2 {
			packed = append(packed, n)
		}
	}
	prev := w.prev
	w.prev = -1
	at := w.streamTable(num, packed, trailer)
	w.prev = prev
	w.end(w.table(fmt.Sprintf("%s /XRefStm %d", trailer, at)))
}

// end writes the last three lines of a section that begins at an offset, and begins the next section.
func (w *Writer) end(at int64) {
	w.Raw(fmt.Sprintf("startxref%s%d%s%%%%EOF%s", w.eol, at, w.eol, w.eol))
	w.prev, w.rows = at, map[int]row{}
}

func deflate(data []byte) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		panic(err) // a buffer takes everything
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}
