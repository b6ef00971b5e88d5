package pdftest

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
)

// linearised is a linearised file (ISO 32000-1, annex F): the first page's section stands at the beginning and points to the
// main section, which stands at the end and has the lower object numbers. The hint tables are zeros: they are hints.
func linearised(p plan) []byte {
	first, rest := split(p)
	l := linear{pages: p.pages}
	numbers := map[int]int{}
	for _, o := range rest {
		l.main++
		numbers[o.num] = l.main
	}
	n := l.main + 3 // the parameter dictionary and the hint stream come first
	for _, o := range first {
		numbers[o.num] = n
		n++
	}
	l.size = n
	l.trailer = renumber(trailer, numbers)
	l.page = numbers[numPage]
	for i := range first {
		first[i] = object{numbers[first[i].num], renumber(first[i].body, numbers), first[i].stream, first[i].data}
	}
	for i := range rest {
		rest[i] = object{numbers[rest[i].num], renumber(rest[i].body, numbers), rest[i].stream, rest[i].data}
	}
	var out []byte
	for range 3 { // the places that each round finds are what the next one writes
		out = l.write(first, rest)
	}
	return out
}

var reRef = regexp.MustCompile(`\b(\d+) 0 R\b`)

func renumber(s string, numbers map[int]int) string {
	return reRef.ReplaceAllStringFunc(s, func(ref string) string {
		n, _ := strconv.Atoi(ref[:len(ref)-len(" 0 R")])
		return fmt.Sprintf("%d 0 R", numbers[n])
	})
}

// split tells the objects of the first page and the catalog from the rest.
func split(p plan) (first, rest []object) {
	for _, o := range p.objects() {
		if o.num >= numPage+3 || o.num == numPages || o.num == numInfo || o.num == numMeta {
			rest = append(rest, o)
		} else {
			first = append(first, o)
		}
	}
	return first, rest
}

// linear is what a round of writing knows of the one before.
type linear struct {
	pages, page      int // count, and number of the first page
	main, size       int // objects of the main section, /Size of the whole
	trailer          string
	length, endFirst int64
	mainTable, mainT int64 // the keyword, and the white space before the first row
	hint, hintLength int64
}

func (l *linear) write(first, rest []object) []byte {
	w := NewWriter("1.7", "\n")
	w.Obj(l.main+1, fmt.Sprintf("<< /Linearized 1 /L %010d /H [%010d %010d] /O %d /E %010d /N %d /T %010d >>",
		l.length, l.hint, l.hintLength, l.page, l.endFirst, l.pages, l.mainT))
	delete(w.rows, 0)
	at := w.At()
	for _, o := range first {
		w.Point(o.num, 0, 0)
	}
	w.Point(l.main+2, 0, 0)
	w.b = append(w.b, l.firstTable(w.rows)...) // to make room
	l.hint = w.At()
	w.Stream(l.main+2, "/S 36", make([]byte, 60))
	l.hintLength = w.At() - l.hint
	w.put(first)
	l.endFirst = w.At()
	copy(w.b[at:], l.firstTable(w.rows))

	w.rows, w.size = map[int]row{0: {gen: 65535, visible: true}}, l.main+1
	w.put(rest)
	l.mainTable = w.At()
	w.table(l.trailer)
	w.Raw(fmt.Sprintf("startxref\n%d\n%%%%EOF\n", at))
	l.mainT = l.mainTable + int64(bytes.Index(w.b[l.mainTable:], []byte("\n0000000000")))
	l.length = w.At()
	return w.b
}

func (l *linear) firstTable(rows map[int]row) []byte {
	t := &Writer{eol: "\n", rows: maps.Clone(rows), size: l.size, prev: l.mainTable}
	t.table(l.trailer)
	t.Raw("startxref\n0\n%%EOF\n")
	return slices.Clone(t.b)
}

// put writes objects.
func (w *Writer) put(objects []object) {
	for _, o := range objects {
		if o.stream {
			w.StreamWith(o.num, o.body, o.data)
		} else {
			w.Obj(o.num, o.body)
		}
	}
}
