package pdftest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// rebuild writes a classic file of one revision again: edit changes objects, table changes what the table will say.
func rebuild(base []byte, edit func(s *Scanned), table func(s *Scanned, w *Writer)) []byte {
	s := Scan(base)
	first := len(base)
	for _, span := range s.Spans {
		first = min(first, span[0])
	}
	if edit != nil {
		edit(s)
	}
	w := &Writer{b: bytes.Clone(base[:first]), eol: "\n", rows: map[int]row{}, prev: -1, size: 1}
	for _, num := range slices.Sorted(maps.Keys(s.Bodies)) {
		w.Obj(num, s.Bodies[num])
	}
	w.fill()
	if table != nil {
		table(s, w)
	}
	if len(w.rows) > 0 {
		w.Table(s.Trailer())
	}
	return w.Bytes()
}

// based adds a file of the trusted signer over a base that is wrong.
func (m *made) based(want Want, name string, f func(t *Target) []byte) {
	m.add(want, name, func(t *Target) []byte {
		file := f(t)
		if file == nil {
			return nil
		}
		return t.Trust(file, Seal{Field: "Office"})
	})
}

// edited bases it on objects that are wrong, tabled on a table that is wrong, replaced on another spelling.
func (m *made) edited(name string, f func(s *Scanned)) {
	m.based(NotValid, name, func(t *Target) []byte { return rebuild(t.Base, f, nil) })
}

func (m *made) tabled(name string, f func(s *Scanned, w *Writer)) {
	m.based(NotValid, name, func(t *Target) []byte { return rebuild(t.Base, nil, f) })
}

func (m *made) replaced(name, from, to string) {
	m.based(NotValid, name, func(t *Target) []byte {
		if !bytes.Contains(t.Base, []byte(from)) || len(from) != len(to) {
			return nil
		}
		return bytes.Replace(t.Base, []byte(from), []byte(to), 1)
	})
}

// differing are signed files that two readers read differently: no reader may choose.
func differing() []Attack {
	m := &made{class: 14}
	m.based(NotValid, "rubbish before the header", func(t *Target) []byte { return append([]byte("GIF89a\n"), t.Base...) })
	m.based(NotValid, "a line before the header, offsets counted from the file", func(t *Target) []byte {
		s := Scan(t.Base)
		head, _, _ := bytes.Cut(t.Base, []byte("1 0 obj"))
		w := &Writer{b: append([]byte("#!/bin/sh\n"), head...), eol: "\n", rows: map[int]row{}, prev: -1}
		for _, num := range slices.Sorted(maps.Keys(s.Bodies)) {
			w.Obj(num, s.Bodies[num])
		}
		w.fill()
		w.Table(s.Trailer())
		return w.Bytes()
	})
	m.differingObjects()
	m.differingTables()
	m.differingMore()
	m.differingStreams()
	m.honestForms()
	return m.list
}

// differingObjects are objects that two readers read differently.
func (m *made) differingObjects() {
	m.edited("contents of the page twice", func(s *Scanned) {
		s.onPage(func(b string) string { return Put(b, "/Contents 1 0 R") })
	})
	m.edited("contents of the page twice, once in another spelling", func(s *Scanned) {
		s.onPage(func(b string) string { return Put(b, "/C#6fntents 1 0 R") })
	})
	m.edited("pages of the catalog twice", func(s *Scanned) { s.Bodies[s.Root] = Put(s.Bodies[s.Root], "/Pages 3 0 R") })
	m.edited("a key hidden in a comment", func(s *Scanned) {
		s.onPage(func(b string) string { return strings.Replace(b, "/Contents", "% \r /Contents 1 0 R\n /Contents", 1) })
	})
	m.edited("a length that is too short", func(s *Scanned) { s.content("<< /Length 2 >>\nstream\nQ q endstream endobj\nendstream") })
	m.edited("a length that is too long", func(s *Scanned) { s.content("<< /Length 4000 >>\nstream\nQ q\nendstream") })
	m.edited("no length", func(s *Scanned) { s.content("<< >>\nstream\nQ q\nendstream") })
	m.edited("a length that nobody has", func(s *Scanned) { s.content("<< /Length 999 0 R >>\nstream\nQ q\nendstream") })
	m.edited("a length twice", func(s *Scanned) { s.content("<< /Length 3 /Length 1 >>\nstream\nQ q\nendstream") })
	m.edited("a stream that begins behind a carriage return", func(s *Scanned) { s.content("<< /Length 3 >>\nstream\rQ q\nendstream") })
	m.edited("a stream without its end", func(s *Scanned) { s.content("<< /Length 3 >>\nstream\nQ q\n") })
	m.edited("an object without its end", func(s *Scanned) { s.content("<< /Length 3 >>\nstream\nQ q\nendstream\nendobj\n999 0 obj\nnull") })
	m.edited("a stream's file elsewhere", func(s *Scanned) { s.content("<< /Length 3 /F (other) >>\nstream\nQ q\nendstream") })
	m.edited("two values in one object", func(s *Scanned) { s.onPage(func(b string) string { return b + " << /Rotate 180 >>" }) })
	m.edited("a number nobody can read", func(s *Scanned) {
		s.onPage(func(b string) string { return Put(b, "/UserUnit 1.2.3 /Rotate --90") })
	})
	m.edited("a key without a value", func(s *Scanned) { s.onPage(func(b string) string { return Put(b, "/Rotate") }) })
	m.edited("a name with a null", func(s *Scanned) { s.onPage(func(b string) string { return Put(b, "/Rot#00ate 90") }) })
}

// differingTables are cross-references that two readers read differently.
func (m *made) differingTables() {
	m.tabled("an object's number is another's", func(s *Scanned, w *Writer) {
		p, c := s.page()
		w.Point(c, 0, w.rows[p].a)
	})
	m.tabled("an object's generation is another", func(s *Scanned, w *Writer) {
		_, c := s.page()
		w.Point(c, 3, w.rows[c].a)
	})
	m.tabled("an offset in the middle of an object", func(s *Scanned, w *Writer) {
		p, _ := s.page()
		w.Point(p, 0, w.rows[p].a+3)
	})
	m.tabled("an offset one before an object", func(s *Scanned, w *Writer) {
		p, _ := s.page()
		w.Point(p, 0, w.rows[p].a-1)
	})
	m.tabled("an object twice, the table names the first", func(s *Scanned, w *Writer) {
		_, c := s.page()
		at := w.rows[c].a
		w.Stream(c, "", []byte(forged(s)))
		w.Point(c, 0, at)
	})
	m.tabled("an object twice, the table names the second", func(s *Scanned, w *Writer) {
		_, c := s.page()
		w.Stream(c, "", []byte(forged(s)))
	})
	m.tabled("an object that no table lists", func(s *Scanned, w *Writer) {
		w.Stream(w.size, "", []byte(forged(s)))
		w.Unlist(w.size - 1)
	})
	m.tabled("a size that is too small", func(_ *Scanned, w *Writer) { w.size -= 3 })
	m.tabled("a loop of sections", func(_ *Scanned, w *Writer) { w.prev = w.At() })
	m.tabled("a section before the header", func(_ *Scanned, w *Writer) { w.prev = 0 })
	m.tabled("a section in a stream", func(s *Scanned, w *Writer) {
		_, c := s.page()
		w.prev = w.rows[c].a
	})
	m.tabled("a second root in the trailer", func(s *Scanned, w *Writer) {
		w.Table(s.Trailer() + " /Root 2 0 R")
	})
	m.tabled("rows of nineteen bytes", func(s *Scanned, w *Writer) {
		at := w.At()
		w.Table(s.Trailer())
		tail := bytes.ReplaceAll(w.b[at:], []byte(" n \n"), []byte(" n\n"))
		w.b = append(w.b[:at], tail...)
	})
	m.tabled("rows that count from one", func(s *Scanned, w *Writer) {
		at := w.At()
		w.Table(s.Trailer())
		w.b = append(w.b[:at], bytes.Replace(w.b[at:], []byte("xref\n0 "), []byte("xref\n1 "), 1)...)
	})
	m.tabled("a startxref that is one off", func(s *Scanned, w *Writer) {
		at := w.At()
		w.Table(s.Trailer())
		w.b = append(w.b[:at], bytes.Replace(w.b[at:], fmt.Appendf(nil, "startxref\n%d", at), fmt.Appendf(nil, "startxref\n%d", at-1), 1)...)
	})
	m.tabled("a hybrid table that disagrees", func(s *Scanned, w *Writer) {
		_, c := s.page()
		num := w.size
		at := w.At()
		w.Stream(num, "", []byte(forged(s)))
		inner := &Writer{b: w.b, eol: "\n", rows: map[int]row{c: {kind: 1, a: at}}, size: num + 2, prev: -1}
		x := inner.streamTable(num+1, []int{c}, s.Trailer())
		w.b = inner.b
		w.Point(num+1, 0, x)
		w.Table(s.Trailer() + fmt.Sprintf(" /XRefStm %d", x))
	})

}

// differingStreams are object streams and page trees that two readers read differently.
func (m *made) differingStreams() {
	packed := func(name string, f func(w *Writer, free int, body string)) {
		m.based(NotValid, name, func(t *Target) []byte {
			return rebuild(t.Base, nil, func(s *Scanned, w *Writer) {
				num := numInfo
				if t.Own {
					num = 15
				}
				f(w, w.size, s.Bodies[num])
				w.TableStream(w.size, s.Trailer())
			})
		})
	}
	packed("an object stream that holds a number twice", func(w *Writer, n int, body string) {
		w.Pack(n, "", Packed{n + 1, body}, Packed{n + 1, "<< /Title (Other) >>"})
	})
	packed("an object stream whose index is another's", func(w *Writer, n int, body string) {
		w.Pack(n, "", Packed{n + 1, body}, Packed{n + 2, "null"})
		w.rows[n+1] = row{kind: 2, a: int64(n), gen: 1}
	})
	packed("an object stream inside itself", func(w *Writer, n int, body string) {
		w.Pack(n, "", Packed{n + 1, body})
		w.rows[n] = row{kind: 2, a: int64(n), gen: 0}
	})
	packed("an object stream that is no object stream", func(w *Writer, n int, body string) {
		w.Stream(n, "/N 1 /First 4", []byte("7 0 null"))
		w.rows[n+1] = row{kind: 2, a: int64(n), gen: 0}
		w.size = n + 2
	})
	m.replaced("a page counted twice", "/Count 1", "/Count 2")
	m.replaced("a page tree without its type", "/Type /Pages", "/Typo /Pages")
	m.replaced("a page of another parent", "/Parent 2 0 R", "/Parent 4 0 R")
	m.replaced("no end-of-file marker in the first revision", "%%EOF", "%%EOX")
	for _, f := range streamedFiles() {
		if f.Ambiguous {
			m.based(NotValid, f.Name, func(t *Target) []byte {
				if t.Own {
					return nil // another document
				}
				return f.Bytes
			})
		}
	}
	m.add(NotValid, "the last table's keyword misspelled", func(t *Target) []byte {
		return bytes.Replace(t.Trust(t.Base, Seal{Field: "Office", Covered: nil}), []byte("trailer"), []byte("Trailer"), 1)
	})
}

// honestForms look unusual, and every reader reads them alike.
func (m *made) honestForms() {
	honest := func(name string, f func(t *Target) []byte) {
		m.add(Valid, name, func(t *Target) []byte {
			if t.Own {
				return nil
			}
			return t.Trust(f(t), Seal{Field: "Office"})
		})
	}
	honest("the words of the format inside a stream", func(*Target) []byte {
		return classic("1.7", "\n", plan{words: "endstream xref trailer %%EOF"})
	})
	honest("strings and names in every spelling", func(*Target) []byte { return classic("1.7", "\n", plan{bareAnnot: true, escapes: true}) })
	honest("object streams", func(*Target) []byte { return streamed(rich(3), true) })
	honest("linearised", func(*Target) []byte { return linearised(plan{pages: 3, form: true, image: true}) })
	honest("a number used again", func(*Target) []byte { return reused() })
}

// onPage changes the page's dictionary.
func (s *Scanned) onPage(f func(body string) string) {
	p, _ := s.page()
	s.Bodies[p] = f(s.Bodies[p])
}

// content gives the page other content, stream keywords and all.
func (s *Scanned) content(body string) {
	_, c := s.page()
	s.Bodies[c] = body
}

// differingMore are the less usual ways to be misread.
func (m *made) differingMore() {
	page := func(s *Scanned, from, to string) {
		p, _ := s.page()
		s.Bodies[p] = strings.Replace(s.Bodies[p], from, to, 1)
	}
	contents := func(s *Scanned) string {
		_, c := s.page()
		return fmt.Sprintf("/Contents %d 0 R", c)
	}
	m.edited("a reference that overflows", func(s *Scanned) {
		_, c := s.page()
		page(s, contents(s), fmt.Sprintf("/Contents %d 0 R", int64(c)+1<<32))
	})
	m.edited("a reference below zero", func(s *Scanned) { page(s, contents(s), "/Contents -1 0 R") })
	m.edited("a reference to another generation", func(s *Scanned) { page(s, " 0 R /MediaBox", " 7 R /MediaBox") })
	m.edited("a length that is a real", func(s *Scanned) { s.content("<< /Length 3.0 >>\nstream\nQ q\nendstream") })
	m.edited("a page that is not there", func(s *Scanned) {
		s.Bodies[numPages] = strings.Replace(s.Bodies[numPages], "/Kids [", "/Kids [999 0 R ", 1)
	})
	m.edited("a page that is a null", func(s *Scanned) {
		s.Bodies[numPages] = strings.Replace(s.Bodies[numPages], "/Kids [", "/Kids [null ", 1)
	})
	m.tabled("an object in the table twice", func(s *Scanned, w *Writer) {
		_, c := s.page()
		other := w.At()
		w.Raw(fmt.Sprintf("%d 0 obj\n%s\nendobj\n", c, stream(forged(s))))
		at := w.At()
		w.Table(s.Trailer())
		extra := fmt.Sprintf("%d 1\n%010d 00000 n \ntrailer", c, other)
		w.b = append(w.b[:at], bytes.Replace(w.b[at:], []byte("trailer"), []byte(extra), 1)...)
	})
	m.tabled("a previous section that is a reference", func(s *Scanned, w *Writer) { w.Table(s.Trailer() + " /Prev 4 0 R") })
	m.tabled("a row of an unknown kind", func(s *Scanned, w *Writer) {
		_, c := s.page()
		w.rows[c] = row{kind: 3, a: w.rows[c].a}
		w.TableStream(w.size, s.Trailer())
	})
	m.tabled("an object number with zeros before it", func(s *Scanned, w *Writer) {
		_, c := s.page()
		at := w.At()
		w.Raw(fmt.Sprintf("000%d 0 obj\n%s\nendobj\n", c, stream(forged(s))))
		w.Point(c, 0, at)
	})
	m.tabled("an object between trailer and startxref", func(s *Scanned, w *Writer) {
		at := w.At()
		w.Table(s.Trailer())
		i := bytes.LastIndex(w.b, []byte("startxref"))
		_, c := s.page()
		w.b = append(w.b[:i], fmt.Sprintf("%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n", c, stream(forged(s)), at)...)
	})
}
