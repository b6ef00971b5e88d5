package pdftest

import (
	"fmt"
	"strings"
)

const lockHolder = "/Action /Include /Fields [(holder)]"

// fieldMDP is a reference that locks fields.
func fieldMDP(what string) string {
	return "/Reference [<< /Type /SigRef /TransformMethod /FieldMDP /TransformParams << /Type /TransformParams " + what + " /V /1.2 >> >>]"
}

// Filled fills the text field of a file, nil when it has none.
func Filled(file []byte, name string) []byte {
	num := Scan(file).Find(`/T \(` + name + `\)`)
	if num == 0 {
		return nil
	}
	return increment(file, func(s *Scanned, w *Writer) {
		ap := w.size
		font := fmt.Sprintf("/Resources << /Font << /F1 %d 0 R >> >>", s.Find(`/Type /Font\b`))
		w.Stream(ap, "/Type /XObject /Subtype /Form /BBox [0 0 228 20] "+font, []byte("/Tx BMC BT /F1 12 Tf 2 6 Td (M. Allory) Tj ET EMC"))
		body := Drop(s.Bodies[num], "/V")
		if d := direct(body, "/AP"); d != "" {
			body = strings.Replace(body, d, "", 1)
		}
		s.Set(num, Put(body, fmt.Sprintf("/V (M. Allory) /AP << /N %d 0 R >>", ap)))
	})
}

// others adds an attack on documents that are not of the house.
func (m *made) others(want Want, name string, f func(t *Target) []byte) {
	m.add(want, name, func(t *Target) []byte {
		if t.Own {
			return nil
		}
		return f(t)
	})
}

// certifications break what a certification or a lock permits.
func certifications() []Attack {
	m := &made{class: 9}
	m.add(Invalid, "two certifications", func(t *Target) []byte {
		return t.Trust(t.certified(2), Seal{Field: "Second", Certify: 2})
	})
	m.add(Invalid, "certified after an approval", func(t *Target) []byte {
		return t.Trust(t.Trust(t.Base, Seal{Field: "Office"}), Seal{Field: "Second", Certify: 2})
	})
	m.add(Invalid, "approved under P=1", func(t *Target) []byte { return t.Trust(t.certified(1), Seal{Field: "Second"}) })
	perms := func(name string, change func(s *Scanned, perms string) string) {
		m.add(Invalid, name, func(t *Target) []byte {
			return increment(t.certified(2), func(s *Scanned, _ *Writer) {
				d := direct(s.Bodies[s.Root], "/Perms")
				s.Set(s.Root, strings.Replace(s.Bodies[s.Root], d, change(s, d), 1))
			})
		})
	}
	perms("permissions removed", func(*Scanned, string) string { return "" })
	perms("permissions empty", func(*Scanned, string) string { return "/Perms << >>" })
	perms("permissions of another object", func(*Scanned, string) string { return "/Perms << /DocMDP 4 0 R >>" })
	perms("usage rights added", func(s *Scanned, d string) string { return Put(d, fmt.Sprintf("/UR3 %d 0 R", s.signature().num)) })
	m.add(Invalid, "permissions removed and something signed", func(t *Target) []byte {
		return t.Trust(t.certified(1), Seal{Field: "Second", Extra: func(s *Scanned, _ *Writer) {
			s.Set(s.Root, strings.Replace(s.Bodies[s.Root], direct(s.Bodies[s.Root], "/Perms"), "", 1))
		}})
	})
	m.others(Invalid, "permissions added to an approval", func(t *Target) []byte {
		return increment(t.Trust(t.Base, Seal{Field: "Office"}), func(s *Scanned, _ *Writer) {
			s.Set(s.Root, Put(s.Bodies[s.Root], fmt.Sprintf("/Perms << /DocMDP %d 0 R >>", s.signature().num)))
		})
	})
	m.add(Invalid, "P made 3 afterwards", func(t *Target) []byte {
		return increment(t.certified(1), func(s *Scanned, _ *Writer) {
			g := s.signature()
			s.Set(g.num, strings.Replace(g.body, "/P 1", "/P 3", 1))
		})
	})
	m.add(Invalid, "reference taken away afterwards", func(t *Target) []byte {
		return increment(t.certified(1), func(s *Scanned, _ *Writer) {
			g := s.signature()
			s.Set(g.num, strings.Replace(g.body, "/Reference", "/Nothing", 1))
		})
	})
	m.permitted()
	return m.list
}

// permitted go beyond what a certification or a lock permits, or stay within it.
func (m *made) permitted() {
	m.add(Invalid, "a page added under P=2", func(t *Target) []byte {
		return increment(t.certified(2), func(s *Scanned, w *Writer) {
			num := w.size
			w.Obj(num, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>")
			s.Set(numPages, append1(strings.Replace(s.Bodies[numPages], "/Count 1", "/Count 2", 1), "Kids", num))
		})
	})
	m.add(Invalid, "a text field added under P=2", func(t *Target) []byte {
		return increment(t.certified(2), func(s *Scanned, w *Writer) {
			page, _ := s.page()
			num := w.size
			w.Obj(num, "<< /Type /Annot /Subtype /Widget /FT /Tx /T (extra) /V (999999) /Rect [72 750 400 780] /F 4 >>")
			s.register(num, page)
		})
	})
	m.others(Invalid, "locked field filled", func(t *Target) []byte {
		return Filled(t.Trust(t.Base, Seal{Field: "Office", Entries: fieldMDP(lockHolder)}), "holder")
	})
	m.others(Invalid, "all fields locked, one filled", func(t *Target) []byte {
		return Filled(t.Trust(t.Base, Seal{Field: "Office", Entries: fieldMDP("/Action /All")}), "note")
	})
	m.others(Invalid, "all but one locked, another filled", func(t *Target) []byte {
		return Filled(t.Trust(t.Base, Seal{Field: "Office", Entries: fieldMDP("/Action /Exclude /Fields [(note)]")}), "holder")
	})
	m.others(Invalid, "the lock taken away, then filled", func(t *Target) []byte {
		file := t.Trust(t.Base, Seal{Field: "Office", Entries: fieldMDP("/Action /All"), Widget: " /Lock << /Type /SigFieldLock /Action /All >>"})
		return Filled(increment(file, func(s *Scanned, _ *Writer) {
			field := s.Find(fmt.Sprintf(`/V %d 0 R`, s.signature().num))
			s.Set(field, strings.Replace(s.Bodies[field], "/Lock", "/Nothing", 1))
		}), "note")
	})
	m.add(NotValid, "P=7", func(t *Target) []byte { return t.Trust(t.Base, Seal{Field: "Office", Certify: 7}) })
	m.others(Valid, "evidence under P=1", func(t *Target) []byte {
		return WithEvidence(t.certified(1), [][]byte{t.PKI.Root.Cert}, nil)
	})
	m.others(Valid, "approved under P=2", func(t *Target) []byte { return t.Trust(t.certified(2), Seal{Field: "Second"}) })
	m.others(Valid, "an unlocked field filled", func(t *Target) []byte {
		return Filled(t.Trust(t.Base, Seal{Field: "Office", Certify: 2, Widget: " /Lock << /Type /SigFieldLock " + lockHolder + " >>"}), "note")
	})
}
