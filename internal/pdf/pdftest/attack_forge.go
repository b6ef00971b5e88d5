package pdftest

import (
	"fmt"
	"strings"
)

// forgeries leave the signature without a value or a range, so that a careless judge finds nothing to check (USF).
func forgeries() []Attack {
	m := &made{class: 1}
	for _, v := range []struct{ name, value string }{
		{"empty", "<>"}, {"null", "null"}, {"one zero byte", "<00>"}, {"an empty string", "()"}, {"a number", "0"}, {"an array", "[]"},
		{"a name", "/Nothing"}, {"a dictionary", "<< >>"}, {"an odd digit", "<3>"}, {"not hexadecimal", "<zz>"}, {"true", "true"},
	} {
		m.add(Invalid, "contents "+v.name+", in place", func(t *Target) []byte {
			g := Scan(t.File).signature()
			return overwrite(t.File, g.at, g.end, v.value)
		})
		m.rewritten("contents "+v.name+", rewritten", reContents.ReplaceAllString, "/Contents "+v.value)
	}
	m.rewritten("contents absent", reContents.ReplaceAllString, "")
	m.add(Invalid, "contents all zeros", func(t *Target) []byte {
		g := Scan(t.File).signature()
		return overwrite(t.File, g.at, g.end, "<"+strings.Repeat("0", g.end-g.at-2)+">")
	})
	m.add(Invalid, "contents an empty sequence", func(t *Target) []byte {
		g := Scan(t.File).signature()
		return overwrite(t.File, g.at, g.end, "<3000"+strings.Repeat("0", g.end-g.at-6)+">")
	})
	for _, v := range []struct{ name, value string }{
		{"null", "null"}, {"empty", "[]"}, {"negative", "[0 -1 -1 0]"}, {"huge", "[0 99999999999999999999 1 1]"}, {"a string", "(0 1 2 3)"},
		{"a name", "/All"}, {"nested", "[[0 1] [2 3]]"}, {"zeros", "[0 0 0 0]"}, {"null inside", "[0 null null 0]"}, {"overflowing", "[0 9223372036854775807 9223372036854775807 1]"},
	} {
		m.add(Invalid, "byte range "+v.name+", in place", func(t *Target) []byte {
			g := Scan(t.File).signature()
			return overwrite(t.File, g.rangeAt, g.rangeEnd, v.value)
		})
		m.rewritten("byte range "+v.name+", rewritten", reRange.ReplaceAllString, "/ByteRange "+v.value)
	}
	m.rewritten("byte range absent", reRange.ReplaceAllString, "")
	m.after(Invalid, "field's value null, SigFlags still set", func(s *Scanned, _ *Writer) {
		g := s.signature()
		field := s.Find(fmt.Sprintf(`/V %d 0 R`, g.num))
		s.Set(field, strings.Replace(s.Bodies[field], fmt.Sprintf("/V %d 0 R", g.num), "/V null", 1))
	})
	m.after(Invalid, "field's value an empty dictionary", func(s *Scanned, _ *Writer) {
		g := s.signature()
		field := s.Find(fmt.Sprintf(`/V %d 0 R`, g.num))
		s.Set(field, strings.Replace(s.Bodies[field], fmt.Sprintf("/V %d 0 R", g.num), "/V << >>", 1))
	})
	m.after(Invalid, "signature dictionary is a number", func(s *Scanned, _ *Writer) { s.Set(s.signature().num, "42") })
	m.after(Invalid, "signature dictionary freed", func(s *Scanned, w *Writer) { w.Free(s.signature().num, 1) })
	m.add(Valid, "nothing done", func(t *Target) []byte { return t.File })
	m.add(Valid, "an empty signature field beside it", func(t *Target) []byte {
		if t.Own {
			return nil // a licence has no empty fields
		}
		return t.Trust(t.Base, Seal{Field: "Office"})
	})
	return m.list
}

// rewritten writes the signature dictionary again with another entry.
func (m *made) rewritten(name string, replace func(s, by string) string, by string) {
	m.after(Invalid, name, func(s *Scanned, _ *Writer) {
		g := s.signature()
		s.Set(g.num, replace(g.body, by))
	})
}

// otherContent writes the page's content again.
func otherContent(s *Scanned, w *Writer) {
	_, content := s.page()
	w.Stream(content, "", []byte(forged(s)))
}

// savings append what no signer saw, more or less as increments (ISA).
func savings() []Attack {
	m := &made{class: 2}
	raw := func(name string, want Want, f func(s *Scanned, w *Writer)) {
		m.add(want, name, func(t *Target) []byte {
			s := Scan(t.File)
			w := s.Continue()
			f(s, w)
			return w.Bytes()
		})
	}
	raw("body alone", Invalid, otherContent)
	raw("body and table without trailer", Invalid, func(s *Scanned, w *Writer) {
		otherContent(s, w)
		at := w.At()
		w.table(s.Trailer())
		i := strings.LastIndex(string(w.b), "trailer")
		w.b = w.b[:i]
		w.Raw(fmt.Sprintf("startxref\n%d\n%%%%EOF\n", at))
	})
	raw("body and trailer without table", Invalid, func(s *Scanned, w *Writer) {
		otherContent(s, w)
		w.Raw(fmt.Sprintf("trailer\n<< /Size %d /Prev %d %s >>\nstartxref\n%d\n%%%%EOF\n", w.size, s.Prev, s.Trailer(), s.Prev))
	})
	raw("no end-of-file marker", Invalid, func(s *Scanned, w *Writer) {
		otherContent(s, w)
		w.Table(s.Trailer())
		w.b = w.b[:len(w.b)-len("%%EOF\n")]
	})
	raw("no startxref", Invalid, func(s *Scanned, w *Writer) {
		otherContent(s, w)
		w.table(s.Trailer())
		w.Raw("%%EOF\n")
	})
	raw("startxref of the signed revision", Invalid, func(s *Scanned, w *Writer) {
		otherContent(s, w)
		w.table(s.Trailer())
		w.Raw(fmt.Sprintf("startxref\n%d\n%%%%EOF\n", s.Prev))
	})
	raw("a comment behind the end", Invalid, func(_ *Scanned, w *Writer) { w.Raw("% nothing to see\n") })
	raw("white space behind the end", Invalid, func(_ *Scanned, w *Writer) { w.Raw("\n\n \n") })
	raw("a second end-of-file marker", Invalid, func(_ *Scanned, w *Writer) { w.Raw("%%EOF\n") })
	raw("zeros behind the end", Invalid, func(_ *Scanned, w *Writer) { w.Raw(strings.Repeat("\x00", 512)) })
	raw("another file behind the end", Invalid, func(_ *Scanned, w *Writer) { w.Raw(string(Classic())) })
	m.increments()
	return m.list
}

// increments are whole increments that no signer saw.
func (m *made) increments() {
	m.after(Invalid, "page content", otherContent)
	m.after(Invalid, "page content and the signature copied", func(s *Scanned, w *Writer) {
		otherContent(s, w)
		g := s.signature()
		s.Set(g.num, g.body)
	})
	m.after(Invalid, "signature copied to a new object", func(s *Scanned, w *Writer) {
		otherContent(s, w)
		g := s.signature()
		num := w.size
		w.Obj(num, g.body)
		field := s.Find(fmt.Sprintf(`/V %d 0 R`, g.num))
		s.Set(field, strings.Replace(s.Bodies[field], fmt.Sprintf("/V %d 0 R", g.num), fmt.Sprintf("/V %d 0 R", num), 1))
	})
	m.after(Invalid, "a page added", func(s *Scanned, w *Writer) {
		num := w.size
		w.Stream(num, "", []byte("BT /F1 20 Tf 72 400 Td (And more) Tj ET"))
		w.Obj(num+1, fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R >>", num))
		tree := strings.Replace(s.Bodies[numPages], "/Count 1", "/Count 2", 1)
		s.Set(numPages, append1(tree, "Kids", num+1))
	})
	m.after(Invalid, "another catalog", func(s *Scanned, w *Writer) {
		num := w.size
		w.Obj(num, s.Bodies[s.Root])
		s.Root = num
		otherContent(s, w)
	})
	m.after(Invalid, "the page's size", func(s *Scanned, _ *Writer) {
		page, _ := s.page()
		s.Set(page, Put(s.Bodies[page], "/CropBox [0 0 100 100]"))
	})
	m.after(Invalid, "the page turned", func(s *Scanned, _ *Writer) {
		page, _ := s.page()
		s.Set(page, Put(s.Bodies[page], "/Rotate 180"))
	})
	m.add(Valid, "certificates and revocation lists added", func(t *Target) []byte {
		return WithEvidence(t.File, [][]byte{t.PKI.Root.Cert}, nil)
	})
	m.add(Valid, "a second signature of the trusted signer", func(t *Target) []byte {
		if t.Own {
			return nil // one seal, and nothing may follow it
		}
		return t.Trust(t.File, Seal{Field: "Second"})
	})
}

// WithEvidence appends a document security store (ISO 32000-2, 12.8.4.3).
func WithEvidence(file []byte, certs, crls [][]byte) []byte {
	return increment(file, func(s *Scanned, w *Writer) {
		list := func(values [][]byte) string {
			var refs strings.Builder
			for _, v := range values {
				num := w.size
				w.Stream(num, "", v)
				fmt.Fprintf(&refs, "%d 0 R ", num)
			}
			return "[" + strings.TrimSpace(refs.String()) + "]"
		}
		entries := "/Type /DSS /Certs " + list(certs)
		if len(crls) > 0 {
			entries += " /CRLs " + list(crls)
		}
		num := w.size
		w.Obj(num, "<< "+entries+" >>")
		s.Set(s.Root, Put(Drop(s.Bodies[s.Root], "/DSS"), fmt.Sprintf("/DSS %d 0 R", num)))
	})
}
