package pdftest

import (
	"fmt"
	"slices"
)

// File is a PDF for a test.
type File struct {
	Name      string
	Bytes     []byte
	Ambiguous bool // the format allows two readers to see different things: to be read, but never to be signed as it is
}

// rich is a document with everything that a signed one may hold.
func rich(pages int) plan {
	return plan{pages: pages, form: true, image: true, xmp: true, outlines: true, bareAnnot: true}
}

// trailer is what every last trailer holds beside /Size and /Prev.
const trailer = "/Root 1 0 R /Info 3 0 R /ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>]"

// Files are honest unsigned files in every form. Each call makes them anew.
func Files() []File {
	return slices.Concat(classicFiles(), streamedFiles(), revisedFiles())
}

// Classic is one page with text, an image, two text fields and the empty signature field "Seal", in the oldest form.
func Classic() []byte { return classic("1.7", "\n", rich(1)) }

func classic(version, eol string, p plan) []byte {
	w := NewWriter(version, eol)
	w.plain(p.objects())
	w.Table(trailer)
	return w.Bytes()
}

func (w *Writer) plain(objects []object) {
	w.put(objects)
	w.fill()
}

// fill frees the numbers nobody has: the first section of a file has no holes (ISO 32000-1, 7.5.4).
func (w *Writer) fill() {
	next := 0
	for n := w.size - 1; n >= 0; n-- {
		r, used := w.rows[n]
		if used && r.kind != 0 {
			continue
		}
		gen := 0
		if n == 0 {
			gen = 65535
		}
		w.rows[n] = row{kind: 0, a: int64(next), gen: gen, visible: true}
		next = n
	}
}

func classicFiles() []File {
	unended := classic("1.7", "\n", plan{})
	return []File{
		{Name: "classic-1.4", Bytes: classic("1.4", "\n", plan{})},
		{Name: "classic-1.7", Bytes: classic("1.7", "\n", rich(1))},
		{Name: "classic-2.0", Bytes: classic("2.0", "\n", plan{image: true})},
		{Name: "no-eol-at-end", Bytes: unended[:len(unended)-1]},
		{Name: "crlf", Bytes: classic("1.6", "\r\n", rich(2))},
		{Name: "cr", Bytes: classic("1.5", "\r", rich(2))},
		{Name: "form-direct", Bytes: classic("1.7", "\n", plan{form: true, direct: true})},
		{Name: "inherited", Bytes: classic("1.7", "\n", plan{pages: 3, inherit: true, image: true})},
		{Name: "two-levels", Bytes: classic("1.7", "\n", plan{pages: 5, levels: true, inherit: true, form: true})},
		{Name: "indirect-lengths", Bytes: classic("1.7", "\n", plan{pages: 2, lengths: true, image: true})},
		{Name: "indirect-annots", Bytes: classic("1.7", "\n", plan{form: true, annots: true})},
		{Name: "twelve-pages", Bytes: classic("1.7", "\n", plan{pages: 12, levels: true})},
		{Name: "escapes", Bytes: classic("1.7", "\n", plan{bareAnnot: true, escapes: true})},
	}
}

func streamedFiles() []File {
	return []File{
		{Name: "xref-stream", Bytes: streamed(rich(2), false)},
		{Name: "object-streams", Bytes: streamed(rich(3), true)},
		{Name: "object-streams-two-levels", Bytes: streamed(plan{pages: 4, levels: true, inherit: true, form: true, direct: true}, true)},
		{Name: "hybrid", Bytes: hybrid(rich(2)), Ambiguous: true},
		{Name: "extended-object-stream", Bytes: streamedAs(rich(1), "/Extends %d 0 R")},
		{Name: "linearised", Bytes: linearised(plan{pages: 3, form: true, image: true})},
	}
}

// streamed has a cross-reference stream, and object streams for what may be in them.
func streamed(p plan, pack bool) []byte {
	w := NewWriter("1.7", "\n")
	objects := p.objects()
	if !pack {
		w.plain(objects)
		w.TableStream(w.size, trailer)
		return w.Bytes()
	}
	return packed(w, p, objects, "")
}

// streamedAs has two object streams, of which the second refers to the first.
func streamedAs(p plan, extends string) []byte {
	return packed(NewWriter("1.7", "\n"), p, p.objects(), extends)
}

func packed(w *Writer, p plan, objects []object, extends string) []byte {
	var packed []Packed
	for _, o := range objects {
		if o.stream {
			w.StreamWith(o.num, o.body, o.data)
		} else {
			packed = append(packed, Packed{o.num, o.body})
		}
	}
	half := len(packed) / 2
	w.size = numPage + 3*p.pages
	first := w.size
	w.Pack(first, "", packed[:half]...)
	if extends != "" {
		extends = fmt.Sprintf(extends, first)
	}
	w.Pack(first+1, extends, packed[half:]...)
	w.fill()
	w.TableStream(first+2, trailer)
	return w.Bytes()
}

// hybrid hides bookmarks and page labels' objects from readers of PDF 1.4.
func hybrid(p plan) []byte {
	w := NewWriter("1.5", "\n")
	var packed []Packed
	var plain []object
	for _, o := range p.objects() {
		if o.num == numOutline || o.num == numItem {
			packed = append(packed, Packed{o.num, o.body})
		} else {
			plain = append(plain, o)
		}
	}
	w.plain(plain)
	num := w.size
	w.Pack(num, "", packed...)
	w.Hybrid(num+1, trailer)
	return w.Bytes()
}

func revisedFiles() []File {
	return []File{
		{Name: "revisions-classic", Bytes: revised(classic("1.7", "\n", rich(2)), false)},
		{Name: "revisions-streamed", Bytes: revised(streamed(rich(2), true), true)},
		{Name: "revision-without-eol", Bytes: revised(classic("1.4", "\n", plan{})[:len(classic("1.4", "\n", plan{}))-1], false)},
		{Name: "freed-and-reused", Bytes: reused()},
	}
}

// revised adds three honest increments: a bookmark file, a new title, a freed object.
func revised(file []byte, streams bool) []byte {
	for i := range 3 {
		s := Scan(file)
		w := s.Continue()
		num := w.size
		w.Obj(numInfo, fmt.Sprintf("<< /Title (Example, edition %d) /Producer (pdftest) >>", i+2))
		w.Obj(num, fmt.Sprintf("<< /Note (revision %d) >>", i+2))
		if i == 2 {
			w.Free(num-1-btoi(streams), 1)
		}
		if streams {
			w.TableStream(num+1, trailer)
		} else {
			w.Table(trailer)
		}
		file = w.Bytes()
	}
	return file
}

// reused has an object whose number was freed and used again with the next generation.
func reused() []byte {
	w := NewWriter("1.7", "\n")
	w.plain(rich(1).objects())
	num := w.size
	w.Obj(num, "(gone soon)")
	w.Table(trailer)
	w.rows[0] = row{kind: 0, a: int64(num), gen: 65535, visible: true}
	w.Free(num, 1)
	w.Table(trailer)
	w.rows[0] = row{kind: 0, gen: 65535, visible: true}
	w.ObjGen(num, 1, "(used again)")
	w.Table(trailer)
	return w.Bytes()
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
