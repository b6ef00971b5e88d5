package pdftest

import (
	"fmt"
	"regexp"
	"strings"
)

// hidings take away after the signature what was seen before it.
func hidings() []Attack {
	m := &made{class: 4}
	freed := func(name string, find func(s *Scanned) int) {
		m.object("freed: "+name, find, func(_ *Scanned, w *Writer, num int) { w.Free(num, 1) })
		m.object("nothing in its place: "+name, find, func(s *Scanned, _ *Writer, num int) { s.Set(num, "null") })
	}
	content := func(s *Scanned) int { _, c := s.page(); return c }
	image := func(s *Scanned) int { return s.Find(`/Subtype /Image`) }
	drawn := func(s *Scanned) int { return s.Find(`/Subtype /Form`) }
	font := func(s *Scanned) int { return s.Find(`/Type /Font\b`) }
	freed("page content", content)
	freed("image", image)
	freed("form XObject", drawn)
	freed("font", font)
	freed("metadata", func(s *Scanned) int { return s.Find(`/Type /Metadata`) })
	freed("text field", func(s *Scanned) int { return s.Find(`/FT /Tx`) })
	freed("form", func(s *Scanned) int { return s.Find(`^<< /Fields`) })
	freed("attached data", func(s *Scanned) int { return s.Find(`/Type /EmbeddedFile`) })
	m.object("empty content", content, func(_ *Scanned, w *Writer, num int) { w.Stream(num, "", nil) })
	m.object("empty form XObject", drawn, func(_ *Scanned, w *Writer, num int) {
		w.Stream(num, "/Type /XObject /Subtype /Form /BBox [0 0 100 100]", nil)
	})
	m.object("bounding box of no area", drawn, func(_ *Scanned, w *Writer, num int) {
		w.Stream(num, "/Type /XObject /Subtype /Form /BBox [0 0 0 0]", []byte("0 0 m"))
	})
	m.after(Invalid, "optional content switched off", func(s *Scanned, w *Writer) {
		num := w.size
		w.Obj(num, "<< /Type /OCG /Name (page) >>")
		s.Set(s.Root, Put(s.Bodies[s.Root], fmt.Sprintf("/OCProperties << /OCGs [%d 0 R] /D << /OFF [%d 0 R] >> >>", num, num)))
	})
	m.after(Invalid, "no annotations on the page", func(s *Scanned, _ *Writer) {
		page, _ := s.page()
		s.Set(page, Drop(s.Bodies[page], "/Annots"))
	})
	m.after(Invalid, "no form in the catalog", func(s *Scanned, _ *Writer) {
		catalog := s.Bodies[s.Root]
		if d := direct(catalog, "/AcroForm"); d != "" {
			catalog = strings.Replace(catalog, d, "", 1)
		}
		s.Set(s.Root, Drop(catalog, "/AcroForm"))
	})
	m.after(Invalid, "the seal's own field hidden", func(s *Scanned, _ *Writer) {
		field := s.Find(fmt.Sprintf(`/V %d 0 R`, s.signature().num))
		s.Set(field, strings.Replace(s.Bodies[field], "/F 132", "/F 134", 1))
	})
	m.after(Invalid, "content of the next generation", func(s *Scanned, w *Writer) {
		_, c := s.page()
		w.ObjGen(c, 1, stream(forged(s)))
	})
	m.add(Invalid, "a size that hides the last objects", func(t *Target) []byte {
		s := Scan(t.File)
		w := Continue(t.File, s.Prev, 3)
		w.Obj(2, s.Bodies[2])
		return s.Finish(w)
	})
	m.add(Valid, "the page says what it said", func(t *Target) []byte { return t.File })
	return m.list
}

// object adds an attack on one object, for the files that have it.
func (m *made) object(name string, find func(s *Scanned) int, f func(s *Scanned, w *Writer, num int)) {
	m.add(Invalid, name, func(t *Target) []byte {
		num := find(Scan(t.File))
		if num == 0 {
			return nil
		}
		return increment(t.File, func(s *Scanned, w *Writer) { f(s, w, num) })
	})
}

// maybe is object for what a form's reader could have done himself: in a document without certification that decides nothing.
func (m *made) maybe(name string, find func(s *Scanned) int, f func(s *Scanned, w *Writer, num int)) {
	m.object(name, find, f)
	m.list[len(m.list)-1].Want = NotValid
}

// replacings put another look in the place of what was signed.
func replacings() []Attack {
	m := &made{class: 5}
	field := func(s *Scanned) int { return s.Find(`/T \(holder\)`) }
	look := []byte("/Tx BMC BT /F1 12 Tf 2 6 Td (M. Allory) Tj ET EMC")
	const lookDict = "/Type /XObject /Subtype /Form /BBox [0 0 228 20] /Resources << /Font << /F1 4 0 R >> >>"
	fill := func(s *Scanned, w *Writer, num int) {
		ap := w.size
		w.Stream(ap, lookDict, look)
		body := Drop(Drop(s.Bodies[num], "/V"), "/AP")
		s.Set(num, Put(body, fmt.Sprintf("/V (M. Allory) /AP << /N %d 0 R >>", ap)))
	}
	certified := func(p int) func(t *Target) []byte {
		return func(t *Target) []byte {
			base := t.Trust(t.Base, Seal{Field: "Office", Certify: p})
			if field(Scan(base)) == 0 {
				return nil
			}
			return increment(base, func(s *Scanned, w *Writer) { fill(s, w, field(s)) })
		}
	}
	m.add(Invalid, "field filled under P=1", certified(1))
	m.add(Valid, "field filled under P=2", certified(2))
	m.maybe("appearance stream rewritten in its place", func(s *Scanned) int { return s.Find(`/BBox \[0 0 228 20\]`) },
		func(_ *Scanned, w *Writer, num int) { w.Stream(num, lookDict, look) })
	m.maybe("look without the value", field, func(s *Scanned, w *Writer, num int) {
		ap := w.size
		w.Stream(ap, lookDict, look)
		s.Set(num, Put(Drop(s.Bodies[num], "/AP"), fmt.Sprintf("/AP << /N %d 0 R >> /MK << /BG [1 1 1] >>", ap)))
	})
	m.object("field moved over the text", field, func(s *Scanned, _ *Writer, num int) {
		s.Set(num, strings.Replace(s.Bodies[num], "/Rect [72 700 300 720]", "/Rect [72 750 300 780]", 1))
	})
	m.object("field made a button", field, func(s *Scanned, _ *Writer, num int) {
		s.Set(num, strings.Replace(s.Bodies[num], "/FT /Tx", "/FT /Btn", 1))
	})
	font := func(s *Scanned) int { return s.Find(`/Type /Font /Subtype /(Type1|Type0)`) }
	m.object("font with other letters", font, func(s *Scanned, _ *Writer, num int) {
		s.Set(num, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Type /Encoding /Differences [48 /nine /eight /seven] >> >>")
	})
	m.object("font of another name", font, func(s *Scanned, _ *Writer, num int) {
		s.Set(num, "<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>")
	})
	m.object("embedded font file", func(s *Scanned) int { return s.Find(`/Length1 `) }, func(_ *Scanned, w *Writer, num int) {
		w.Stream(num, "/Length1 4", []byte("OTTO"))
	})
	m.object("image", func(s *Scanned) int { return s.Find(`/Subtype /Image`) }, func(_ *Scanned, w *Writer, num int) {
		w.Stream(num, "/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8", []byte{0})
	})
	m.object("form XObject", func(s *Scanned) int { return s.Find(`/Subtype /Form`) }, func(s *Scanned, w *Writer, num int) {
		w.Stream(num, "/Type /XObject /Subtype /Form /BBox [0 0 100 100]", []byte(forged(s)))
	})
	m.object("attached data", func(s *Scanned) int { return s.Find(`/Type /EmbeddedFile`) }, func(_ *Scanned, w *Writer, num int) {
		w.Stream(num, "/Type /EmbeddedFile /Subtype /application#2Fjson", []byte("{}"))
	})
	m.pages()
	return m.list
}

// pages put other pages, resources and looks in the place of what was signed.
func (m *made) pages() {
	m.after(Invalid, "page content", func(s *Scanned, w *Writer) {
		_, content := s.page()
		w.Stream(content, "", []byte(forged(s)))
	})
	m.after(Invalid, "page with other content", func(s *Scanned, w *Writer) {
		page, _ := s.page()
		num := w.size
		w.Stream(num, "", []byte(forged(s)))
		s.Set(page, Put(Drop(s.Bodies[page], "/Contents"), fmt.Sprintf("/Contents %d 0 R", num)))
	})
	m.after(Invalid, "resources of the page", func(s *Scanned, _ *Writer) {
		page, _ := s.page()
		s.Set(page, strings.Replace(s.Bodies[page], "/Resources", "/Resources << >> /Rubbish", 1))
	})
	m.maybe("default resources of the form", func(s *Scanned) int { return s.Find(`/DR <<`) }, func(s *Scanned, w *Writer, num int) {
		font := w.size
		w.Obj(font, "<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>")
		s.Set(num, strings.Replace(s.Bodies[num], "/F1 4 0 R", fmt.Sprintf("/F1 %d 0 R", font), 1))
	})
	m.after(Invalid, "inherited by the page", func(s *Scanned, _ *Writer) {
		s.Set(numPages, Put(s.Bodies[numPages], "/Rotate 180 /CropBox [0 0 99 99]"))
	})
	m.object("appearances to be made by the reader", func(s *Scanned) int { return s.Find(`^<< /Fields`) }, func(s *Scanned, _ *Writer, num int) {
		s.Set(num, Put(s.Bodies[num], "/NeedAppearances true"))
		field := s.Find(`/T \(holder\)`)
		s.Set(field, Drop(s.Bodies[field], "/DA"))
	})
	m.add(Invalid, "page content, in an object stream's revision", func(t *Target) []byte {
		s := Scan(t.File)
		w := s.Continue()
		page, content := s.page()
		num := w.size
		w.Stream(content, "", []byte(forged(s)))
		w.Pack(num, "", Packed{page, Put(s.Bodies[page], "/Dur 1")})
		w.TableStream(num+1, s.Trailer())
		return w.Bytes()
	})
	m.add(Invalid, "page, in a hybrid revision's stream", func(t *Target) []byte {
		s := Scan(t.File)
		w := s.Continue()
		page, _ := s.page()
		num := w.size
		w.Pack(num, "", Packed{page, Put(s.Bodies[page], "/CropBox [0 0 9 9]")})
		w.Hybrid(num+1, s.Trailer())
		return w.Bytes()
	})
	m.after(Invalid, "the seal's appearance", func(s *Scanned, w *Writer) {
		field := s.Find(fmt.Sprintf(`/V %d 0 R`, s.signature().num))
		num := w.size
		w.Stream(num, "/Type /XObject /Subtype /Form /BBox [0 0 100 100]", []byte("0 g 0 0 100 100 re f"))
		body := Drop(s.Bodies[field], "/AP")
		if i := direct(body, "/AP"); i != "" {
			body = strings.Replace(body, i, "", 1)
		}
		s.Set(field, Put(body, fmt.Sprintf("/AP << /N %d 0 R >>", num)))
	})
}

// swappings sign a document that holds two contents, and show the other one afterwards: the table then points into the bytes
// that were signed.
func swappings() []Attack {
	m := &made{class: 6}
	// hidden puts raw bytes before the table of the base and lets a later table point an object into them.
	hidden := func(name string, num func(s *Scanned) int, body func(s *Scanned, num int) string, wrap func(string) (string, int)) {
		m.add(Invalid, name, func(t *Target) []byte {
			s := Scan(t.Base)
			n := num(s)
			if n == 0 {
				return nil
			}
			text := fmt.Sprintf("%d 0 obj\n%s\nendobj\n", n, body(s, n))
			raw, skip := wrap(text)
			base, at := inserted(t.Base, raw)
			file := t.Trust(base, Seal{Field: "Office"})
			return increment(file, func(_ *Scanned, w *Writer) { w.Point(n, 0, int64(at+skip)) })
		})
	}
	bare := func(s string) (string, int) { return s, 0 }
	content := func(s *Scanned) int { _, c := s.page(); return c }
	page := func(s *Scanned) int { p, _ := s.page(); return p }
	stream := func(text string) string {
		return fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(text), text)
	}
	other := func(s *Scanned, _ int) string { return stream(forged(s)) }
	hidden("content, an object no table listed", content, other, bare)
	hidden("content, inside a stream", content, other, func(s string) (string, int) {
		head := fmt.Sprintf("900 0 obj\n<< /Length %d >>\nstream\n", len(s))
		return head + s + "\nendstream\nendobj\n", len(head)
	})
	hidden("content, behind a comment sign", content, other, func(s string) (string, int) { return "%" + s, 1 })
	hidden("content, inside a string", content, other, func(s string) (string, int) {
		head := "900 0 obj\n("
		return head + s + ")\nendobj\n", len(head)
	})
	hidden("page", page, func(s *Scanned, n int) string { return Put(s.Bodies[n], "/Rotate 180") }, bare)
	hidden("page tree", func(s *Scanned) int { return numPages }, func(s *Scanned, n int) string {
		return strings.Replace(s.Bodies[n], "/Count 1", "/Count 0", 1)
	}, bare)
	hidden("catalog", func(s *Scanned) int { return s.Root }, func(s *Scanned, n int) string { return Put(s.Bodies[n], "/NeedsRendering true") }, bare)
	hidden("font", func(s *Scanned) int { return s.Find(`/Type /Font /Subtype /(Type1|Type0)`) }, func(*Scanned, int) string {
		return "<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>"
	}, bare)
	hidden("image", func(s *Scanned) int { return s.Find(`/Subtype /Image`) }, func(*Scanned, int) string {
		return "<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 /Length 1 >>\nstream\n0\nendstream"
	}, bare)
	hidden("text field", func(s *Scanned) int { return s.Find(`/T \(holder\)`) }, func(s *Scanned, n int) string {
		return strings.ReplaceAll(s.Bodies[n], "A. Example", "M. Allory")
	}, bare)
	m.trees()
	return m.list
}

// trees sign two trees of objects, and show the other one.
func (m *made) trees() {
	m.add(Invalid, "two catalogs, the trailer tells which", func(t *Target) []byte {
		base := increment(t.Base, func(s *Scanned, w *Writer) {
			n := w.size
			p, _ := s.page()
			w.Stream(n, "", []byte(forged(s)))
			w.Obj(n+1, Drop(s.Bodies[p], "/Contents"))
			s.Bodies[n+1] = Drop(s.Bodies[p], "/Contents")
			w.Obj(n+1, Put(regexp.MustCompile(`/Parent \d+ 0 R`).ReplaceAllString(s.Bodies[n+1], fmt.Sprintf("/Parent %d 0 R", n+2)), fmt.Sprintf("/Contents %d 0 R", n)))
			w.Obj(n+2, fmt.Sprintf("<< /Type /Pages /Count 1 /Kids [%d 0 R] >>", n+1))
			w.Obj(n+3, strings.Replace(s.Bodies[s.Root], "/Pages 2 0 R", fmt.Sprintf("/Pages %d 0 R", n+2), 1))
		})
		file := t.Trust(base, Seal{Field: "Office"})
		return increment(file, func(s *Scanned, w *Writer) {
			s.Root = Scan(base).Size - 1
			w.Obj(w.size, "null")
		})
	})
	m.add(Invalid, "two pages trees, the catalog tells which", func(t *Target) []byte {
		base := increment(t.Base, func(s *Scanned, w *Writer) {
			n := w.size
			w.Obj(n, fmt.Sprintf("<< /Type /Pages /Count 1 /Kids [%d 0 R] >>", n+1))
			w.Obj(n+1, fmt.Sprintf("<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] >>", n))
		})
		file := t.Trust(base, Seal{Field: "Office"})
		return increment(file, func(s *Scanned, _ *Writer) {
			s.Set(s.Root, strings.Replace(s.Bodies[s.Root], "/Pages 2 0 R", fmt.Sprintf("/Pages %d 0 R", Scan(base).Size-2), 1))
		})
	})
	m.add(Invalid, "table goes back to the first revision", func(t *Target) []byte {
		base := increment(t.Base, func(s *Scanned, w *Writer) {
			_, c := s.page()
			w.Stream(c, "", []byte(forged(s)))
		})
		old := Scan(t.Base)
		_, c := old.page()
		file := t.Trust(base, Seal{Field: "Office"})
		return increment(file, func(_ *Scanned, w *Writer) { w.Point(c, 0, int64(old.Spans[c][0])) })
	})
	m.add(Invalid, "later section leaves the signed increment out", func(t *Target) []byte {
		s := Scan(t.File)
		w := Continue(t.File, Scan(t.Base).Prev, s.Size)
		w.Obj(s.Size, "null")
		return s.Finish(w)
	})
	m.add(Valid, "several revisions before the signature", func(t *Target) []byte {
		if t.Own {
			return nil // the house seals documents of one revision
		}
		return t.Trust(revised(t.Base, false), Seal{Field: "Office"})
	})
}

// inserted puts bytes before the first classic table and corrects startxref; it returns where they are.
func inserted(file []byte, raw string) (out []byte, at int) {
	at = int(Scan(file).Prev)
	text := string(file[:at]) + raw + string(file[at:])
	i := strings.LastIndex(text, "startxref")
	return []byte(text[:i] + fmt.Sprintf("startxref\n%d\n%%%%EOF\n", at+len(raw))), at
}
