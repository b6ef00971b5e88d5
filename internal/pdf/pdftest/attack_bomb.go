package pdftest

import (
	"bytes"
	"fmt"
	"strings"
)

// deep is how deep things are nested, and how often repeated.
const deep = 100_000

// bombs are small files that would take all memory or time. They may be refused or found out; they must not be obeyed.
func bombs() []Attack {
	m := &made{class: 15}
	catalog := func(name, entries string) {
		m.edited(name, func(s *Scanned) { s.Bodies[s.Root] = Put(s.Bodies[s.Root], entries) })
	}
	catalog("arrays in arrays", "/Deep "+strings.Repeat("[", deep)+strings.Repeat("]", deep))
	catalog("dictionaries in dictionaries", "/Deep "+strings.Repeat("<</A", deep)+" 0"+strings.Repeat(">>", deep))
	catalog("arrays never closed", "/Deep "+strings.Repeat("[", deep))
	catalog("parentheses never closed", "/Deep "+strings.Repeat("(", deep))
	catalog("a name of a megabyte", "/"+strings.Repeat("N", 1<<20)+" 0")
	catalog("an array of a million numbers", "/Long ["+strings.Repeat("0 ", 1_000_000)+"]")
	m.edited("a page tree that is its own child", func(s *Scanned) {
		s.Bodies[numPages] = "<< /Type /Pages /Count 1 /Kids [2 0 R] >>"
	})
	m.edited("a page tree that doubles at every level", func(s *Scanned) {
		p, _ := s.page()
		for i := range 40 {
			s.Bodies[1000+i] = fmt.Sprintf("<< /Type /Pages /Count 1 /Kids [%d 0 R %d 0 R] >>", 1001+i, 1001+i)
		}
		s.Bodies[1040] = s.Bodies[p]
		s.Bodies[numPages] = "<< /Type /Pages /Count 1 /Kids [1000 0 R 1000 0 R] >>"
	})
	m.edited("two thousand million pages", func(s *Scanned) {
		s.Bodies[numPages] = strings.Replace(s.Bodies[numPages], "/Count 1", "/Count 2147483647", 1)
	})
	m.edited("a hundred thousand times the same page", func(s *Scanned) {
		p, _ := s.page()
		s.Bodies[numPages] = fmt.Sprintf("<< /Type /Pages /Count %d /Kids [%s] >>", deep, strings.Repeat(fmt.Sprintf("%d 0 R ", p), deep))
	})
	m.edited("a field that is its own child", func(s *Scanned) {
		s.Bodies[1000] = "<< /T (a) /Kids [1000 0 R] /Parent 1000 0 R /FT /Sig >>"
		s.Bodies[s.Root] = Put(withoutForm(s.Bodies[s.Root]), "/AcroForm << /Fields [1000 0 R] >>")
	})
	m.edited("fields that double at every level", func(s *Scanned) {
		for i := range 40 {
			s.Bodies[1000+i] = fmt.Sprintf("<< /T (a) /Kids [%d 0 R %d 0 R] >>", 1001+i, 1001+i)
		}
		s.Bodies[1040] = "<< /T (b) /FT /Tx >>"
		s.Bodies[s.Root] = Put(withoutForm(s.Bodies[s.Root]), "/AcroForm << /Fields [1000 0 R] >>")
	})
	m.edited("references in a circle", func(s *Scanned) {
		s.Bodies[1000], s.Bodies[1001] = "1001 0 R", "1000 0 R"
		p, _ := s.page()
		s.Bodies[p] = strings.Replace(s.Bodies[p], "/MediaBox", "/MediaBox 1000 0 R /Old", 1)
	})
	m.edited("a length that is its own stream's", func(s *Scanned) {
		_, c := s.page()
		s.content(fmt.Sprintf("<< /Length %d 0 R >>\nstream\nQ q\nendstream", c))
	})
	m.bombsOfTables()
	m.bombsOfValues()
	return m.list
}

// bombsOfTables are tables and object streams that are larger than they look.
func (m *made) bombsOfTables() {
	raw := func(name, dict string, data []byte) {
		m.tabled(name, func(s *Scanned, w *Writer) {
			num, at := w.size, w.At()
			w.Stream(num, fmt.Sprintf("/Type /XRef %s %s", dict, s.Trailer()), data)
			w.Raw(fmt.Sprintf("startxref\n%d\n%%%%EOF\n", at))
			clear(w.rows)
		})
	}
	zeros := squeezed(256 << 20)
	raw("a table that inflates to 256 MB", "/Size 30000000 /W [1 4 2] /Index [0 30000000] /Filter /FlateDecode", zeros)
	raw("a table that inflates twice", "/Size 30000000 /W [1 4 2] /Filter [/FlateDecode /FlateDecode]", deflate(zeros))
	raw("a table of two thousand million rows", "/Size 2147483647 /W [0 0 0] /Index [0 2147483647]", nil)
	raw("rows of great width", "/Size 10 /W [2147483647 2147483647 2147483647]", []byte("0"))
	raw("rows of negative width", "/Size 10 /W [1 -4 2]", bytes.Repeat([]byte{1}, 70))
	raw("a predictor of great width", "/Size 10 /W [1 4 2] /Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 2147483647 /Colors 2147483647 >>", deflate(make([]byte, 80)))
	raw("negative rows", "/Size 10 /W [1 4 2] /Index [-5 -5 10 99999999999]", bytes.Repeat([]byte{1}, 70))
	m.tabled("a classic table of a thousand million rows", func(s *Scanned, w *Writer) {
		at := w.At()
		w.Raw(fmt.Sprintf("xref\n0 999999999\n0000000000 65535 f \ntrailer\n<< /Size 999999999 %s >>\nstartxref\n%d\n%%%%EOF\n", s.Trailer(), at))
		clear(w.rows)
	})
	m.tabled("an object stream that inflates to 256 MB", func(s *Scanned, w *Writer) {
		n := w.size
		w.Stream(n, "/Type /ObjStm /N 2 /First 10 /Filter /FlateDecode", zeros)
		w.rows[s.FirstPage()] = row{kind: 2, a: int64(n), gen: 0}
		w.TableStream(n+1, s.Trailer())
	})
	m.tabled("an object stream of a thousand million objects", func(s *Scanned, w *Writer) {
		n := w.size
		w.Stream(n, "/Type /ObjStm /N 1000000000 /First 2000000000", []byte("1 0 null"))
		w.rows[s.FirstPage()] = row{kind: 2, a: int64(n), gen: 0}
		w.TableStream(n+1, s.Trailer())
	})
	for _, f := range []struct{ name, filter string }{{"run lengths", "/RunLengthDecode"}, {"LZW", "/LZWDecode"}, {"ASCII", "/ASCII85Decode"}} {
		m.tabled("an object stream of rubbish in "+f.name, func(s *Scanned, w *Writer) {
			n := w.size
			w.Stream(n, "/Type /ObjStm /N 1 /First 4 /Filter "+f.filter, bytes.Repeat([]byte{0x81, 'z'}, 1<<19))
			w.rows[s.FirstPage()] = row{kind: 2, a: int64(n), gen: 0}
			w.TableStream(n+1, s.Trailer())
		})
	}
}

// bombsOfValues are signatures and files that are longer than they look, and honest files that are long.
func (m *made) bombsOfValues() {
	m.add(NotValid, "signed data nested a hundred thousand deep", func(t *Target) []byte {
		return t.Trust(t.Base, Seal{Field: "Office", Reserve: deep + 8, Sign: func([]byte) []byte { return bytes.Repeat([]byte{0x30, 0x80}, deep/2) }})
	})
	m.add(NotValid, "signed data that claims two gigabytes", func(t *Target) []byte {
		return t.Trust(t.Base, Seal{Field: "Office", Sign: func([]byte) []byte { return []byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x06} }})
	})
	m.add(NotValid, "a byte range of a hundred thousand numbers", func(t *Target) []byte {
		return increment(t.File, func(s *Scanned, _ *Writer) {
			g := s.signature()
			s.Set(g.num, reRange.ReplaceAllString(g.body, "/ByteRange ["+strings.Repeat("0 1 ", deep)+"]"))
		})
	})
	m.add(NotValid, "five thousand revisions of rubbish", func(t *Target) []byte {
		s := Scan(t.File)
		w := s.Continue()
		num := w.size
		for range 5000 {
			w.Obj(num, "null")
			w.Table(s.Trailer())
		}
		return w.Bytes()
	})
	m.foreign(Valid, "three hundred pages", func(*Target) []byte { return classic("1.7", "\n", plan{pages: 300, levels: true}) })
	m.foreign(Valid, "twenty arrays in arrays", func(*Target) []byte {
		return classic("1.7", "\n", plan{catalog: " /PieceInfo << /Example << /LastModified (D:20260302) /Private " + strings.Repeat("[", 20) + strings.Repeat("]", 20) + " >> >>"})
	})
}

// foreign is based for documents that are not of the house.
func (m *made) foreign(want Want, name string, f func(t *Target) []byte) {
	m.others(want, name, func(t *Target) []byte { return t.Trust(f(t), Seal{Field: "Office"}) })
}

func withoutForm(catalog string) string {
	if d := direct(catalog, "/AcroForm"); d != "" {
		catalog = strings.Replace(catalog, d, "", 1)
	}
	return Drop(catalog, "/AcroForm")
}

// squeezed is n zero bytes, deflated.
func squeezed(n int) []byte {
	return deflate(make([]byte, n))
}
