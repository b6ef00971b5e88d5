package pdftest

import (
	"fmt"
	"strings"
)

// annotations put something on the page after the signature, under every permission (EAA).
func annotations() []Attack {
	m := &made{class: 7}
	kinds := []struct{ name, body string }{
		{"FreeText", "/Subtype /FreeText /DA (/F1 14 Tf 0 g) /Contents (amount 999999 yuan) /Rect [72 755 400 780]"},
		{"Stamp", "/Subtype /Stamp /Name /Approved /Rect [72 400 200 500]"},
		{"Redact", "/Subtype /Redact /IC [0 0 0] /Rect [72 755 400 780] /QuadPoints [72 780 400 780 72 755 400 755]"},
		{"Square", "/Subtype /Square /IC [1 1 1] /Rect [72 755 400 780]"},
		{"Ink", "/Subtype /Ink /InkList [[72 760 400 760]] /Rect [72 755 400 780]"},
		{"Highlight", "/Subtype /Highlight /QuadPoints [72 780 400 780 72 755 400 755] /Rect [72 755 400 780]"},
		{"Link", "/Subtype /Link /A << /S /URI /URI (https://example.invalid/) >> /Rect [72 755 400 780]"},
		{"FileAttachment", "/Subtype /FileAttachment /FS << /Type /Filespec /F (a) >> /Rect [72 755 400 780]"},
		{"Widget without a field", "/Subtype /Widget /Rect [72 755 400 780] /MK << /BG [1 1 1] >>"},
	}
	for _, k := range kinds {
		for p := range 4 {
			m.add(Invalid, fmt.Sprintf("%s under P=%d", k.name, p), func(t *Target) []byte {
				return increment(t.certified(p), func(s *Scanned, w *Writer) {
					page, _ := s.page()
					num := w.size
					w.Obj(num, fmt.Sprintf("<< /Type /Annot %s /F 4 /P %d 0 R >>", k.body, page))
					s.list(page, "Annots", num)
				})
			})
		}
	}
	m.after(Invalid, "old annotation changed", func(s *Scanned, _ *Writer) {
		num := s.Find(`/Subtype /Link`)
		if num == 0 {
			num = s.Find(`/Subtype /Widget`)
		}
		s.Set(num, Put(s.Bodies[num], "/Border [0 0 9]"))
	})
	m.add(Valid, "the annotation was there before", func(t *Target) []byte {
		if t.Own {
			return nil
		}
		base := increment(t.Base, func(s *Scanned, w *Writer) {
			page, _ := s.page()
			num := w.size
			w.Obj(num, "<< /Type /Annot "+kinds[3].body+" /F 4 >>")
			s.list(page, "Annots", num)
		})
		return t.Trust(base, Seal{Field: "Office"})
	})
	return m.list
}

// certified is the target's document with P permitted; 0 is the honest file as it is.
func (t *Target) certified(p int) []byte {
	if p == 0 {
		return t.File
	}
	return t.Trust(t.Base, Seal{Field: "Office", Certify: p})
}

// stranger signs as somebody whom nobody knows, in the target's way.
func (t *Target) stranger(base []byte, s Seal) []byte {
	switch {
	case t.Seal != nil:
		s.Filter, s.SubFilter, s.Sign = FilterGM, SubSeal, func(b []byte) []byte { return t.Seal(b, SealNoSignor) }
	default:
		s.Sign = func(b []byte) []byte { return t.PKI.Stranger.Sign(b, Options{}) }
	}
	return Sign(base, s)
}

const cover = "1 g 0 0 100 100 re f 0 g BT /F1 12 Tf 2 40 Td (999999) Tj ET"

// sneaky are signatures that somebody else adds to cover what is there (SSA).
func sneaky() []Attack {
	m := &made{class: 8}
	m.add(NotValid, "a stranger's widget over the text", func(t *Target) []byte {
		return t.stranger(t.File, Seal{Field: "Second", Rect: "[72 750 400 780]", Look: cover})
	})
	m.add(NotValid, "a stranger's widget over the whole page", func(t *Target) []byte {
		return t.stranger(t.File, Seal{Field: "Second", Rect: "[0 0 595 842]", Look: cover})
	})
	m.add(NotValid, "a stranger's widget over the seal", func(t *Target) []byte {
		return t.stranger(t.File, Seal{Field: "Second", Rect: "[396 99 516 219]", Look: cover})
	})
	m.add(NotValid, "a stranger's invisible signature", func(t *Target) []byte { return t.stranger(t.File, Seal{Field: "Second"}) })
	m.add(NotValid, "a stranger fills the empty field", func(t *Target) []byte {
		if t.Own {
			return nil
		}
		return t.stranger(t.Trust(t.Base, Seal{Field: "Office"}), Seal{Look: cover})
	})
	m.add(NotValid, "a stranger's document timestamp over the text", func(t *Target) []byte {
		return Sign(t.File, Seal{Field: "Stamp", Type: "DocTimeStamp", SubFilter: "ETSI.RFC3161", Rect: "[72 750 400 780]", Look: cover,
			Sign: func(b []byte) []byte { return t.PKI.StrangerTSA.Token(b, t.PKI.Now, nil) }})
	})
	m.add(NotValid, "a stranger's field painted by the reader", func(t *Target) []byte {
		return t.stranger(t.File, Seal{Field: "Second", Rect: "[72 750 400 780]", Widget: " /MK << /BG [1 1 1] /BC [1 1 1] >>"})
	})
	m.add(NotValid, "no signature value at all", func(t *Target) []byte {
		return Sign(t.File, Seal{Field: "Second", Rect: "[72 750 400 780]", Look: cover})
	})
	m.add(NotValid, "a covering field without a signature", func(t *Target) []byte {
		return increment(t.File, func(s *Scanned, w *Writer) {
			page, _ := s.page()
			num := w.size
			w.Stream(num, "/Type /XObject /Subtype /Form /BBox [0 0 100 100]", []byte(cover))
			w.Obj(num+1, fmt.Sprintf("<< /Type /Annot /Subtype /Widget /FT /Sig /T (Second) /Rect [72 750 400 780] /F 4 /P %d 0 R /AP << /N %d 0 R >> >>", page, num))
			s.register(num+1, page)
		})
	})
	m.smuggled()
	return m.list
}

// smuggled put more into the increment of a good signature, and sign honestly.
func (m *made) smuggled() {
	m.add(Invalid, "a text field beside the new signature", func(t *Target) []byte {
		return t.Trust(t.File, Seal{Field: "Second", Extra: func(s *Scanned, w *Writer) {
			page, _ := s.page()
			num := w.size
			w.Obj(num, fmt.Sprintf("<< /Type /Annot /Subtype /Widget /FT /Tx /T (extra) /V (999999) /Rect [72 750 400 780] /F 4 /P %d 0 R >>", page))
			s.register(num, page)
		}})
	})
	m.add(Invalid, "page content in the same increment", func(t *Target) []byte {
		return t.Trust(t.File, Seal{Field: "Second", Extra: func(s *Scanned, w *Writer) {
			_, c := s.page()
			w.Stream(c, "", []byte(forged(s)))
		}})
	})
	m.add(Invalid, "page content in a stranger's increment", func(t *Target) []byte {
		return t.stranger(t.File, Seal{Field: "Second", Extra: func(s *Scanned, w *Writer) {
			_, c := s.page()
			w.Stream(c, "", []byte(forged(s)))
		}})
	})
	m.add(Invalid, "an annotation in the same increment", func(t *Target) []byte {
		return t.Trust(t.File, Seal{Field: "Second", Extra: func(s *Scanned, w *Writer) {
			page, _ := s.page()
			num := w.size
			w.Obj(num, "<< /Type /Annot /Subtype /FreeText /DA (/F1 14 Tf 0 g) /Contents (999999) /Rect [72 755 400 780] /F 4 >>")
			s.list(page, "Annots", num)
		}})
	})
	m.add(Invalid, "the first seal's field moved in the same increment", func(t *Target) []byte {
		return t.Trust(t.File, Seal{Field: "Second", Extra: func(s *Scanned, _ *Writer) {
			field := s.Find(fmt.Sprintf(`/V %d 0 R`, Scan(t.File).signature().num))
			s.Set(field, strings.Replace(s.Bodies[field], "/Rect [", "/Rect [1", 1))
		}})
	})
	m.add(Valid, "a trusted second signature on free paper", func(t *Target) []byte {
		if t.Own {
			return nil
		}
		return t.Trust(t.File, Seal{Field: "Second", Rect: "[100 100 200 200]", Look: "1 0 0 RG 2 w 1 1 98 98 re S"})
	})
	m.add(Valid, "the trusted signer fills the empty field", func(t *Target) []byte {
		if t.Own {
			return nil
		}
		return t.Trust(t.Trust(t.Base, Seal{Field: "Office"}), Seal{Look: "1 0 0 RG 2 w 1 1 98 98 re S"})
	})
}

// injections add something that runs.
func injections() []Attack {
	m := &made{class: 10}
	const script = "<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
	catalog := func(name, entries string) {
		m.after(Invalid, "catalog: "+name, func(s *Scanned, _ *Writer) {
			body := s.Bodies[s.Root]
			if strings.HasPrefix(entries, "/Names") {
				if d := direct(body, "/Names"); d != "" {
					body = strings.Replace(body, d, "", 1)
				}
			}
			s.Set(s.Root, Put(body, entries))
		})
	}
	catalog("OpenAction", "/OpenAction "+script)
	catalog("OpenAction to a destination", "/OpenAction [2 0 R /Fit]")
	catalog("AA", "/AA << /WC "+script+" >>")
	catalog("Names JavaScript", "/Names << /JavaScript << /Names [(a) "+script+"] >> >>")
	catalog("Names EmbeddedFiles", "/Names << /EmbeddedFiles << /Names [(a) << /Type /Filespec /F (a) >>] >> >>")
	catalog("URI base", "/URI << /Base (https://example.invalid/) >>")
	catalog("requirements", "/Requirements [<< /S /EnableJavaScripts >>]")
	catalog("Launch", "/OpenAction << /S /Launch /F (a.exe) >>")
	catalog("collection", "/Collection << /View /D >>")
	m.after(Invalid, "page: AA", func(s *Scanned, _ *Writer) {
		page, _ := s.page()
		s.Set(page, Put(s.Bodies[page], "/AA << /O "+script+" >>"))
	})
	m.after(Invalid, "signature field: A", func(s *Scanned, _ *Writer) {
		field := s.Find(fmt.Sprintf(`/V %d 0 R`, s.signature().num))
		s.Set(field, Put(s.Bodies[field], "/A "+script))
	})
	m.after(Invalid, "form: XFA", func(s *Scanned, w *Writer) {
		num := w.size
		w.Stream(num, "", []byte("<xdp/>"))
		if form := s.Find(`^<< /Fields`); form != 0 {
			s.Set(form, Put(s.Bodies[form], fmt.Sprintf("/XFA %d 0 R", num)))
			return
		}
		d := direct(s.Bodies[s.Root], "/AcroForm")
		s.Set(s.Root, strings.Replace(s.Bodies[s.Root], d, Put(d, fmt.Sprintf("/XFA %d 0 R", num)), 1))
	})
	m.object("text field: AA", func(s *Scanned) int { return s.Find(`/T \(holder\)`) }, func(s *Scanned, _ *Writer, num int) {
		s.Set(num, Put(s.Bodies[num], "/AA << /K "+script+" >>"))
	})
	m.object("text field: SubmitForm", func(s *Scanned) int { return s.Find(`/T \(holder\)`) }, func(s *Scanned, _ *Writer, num int) {
		s.Set(num, Put(s.Bodies[num], "/A << /S /SubmitForm /F (https://example.invalid/) >>"))
	})
	m.add(Invalid, "new signature field with an action", func(t *Target) []byte {
		return t.Trust(t.File, Seal{Field: "Second", Widget: " /AA << /E " + script + " >>"})
	})
	m.add(Invalid, "catalog: OpenAction beside evidence", func(t *Target) []byte {
		return increment(WithEvidence(t.File, [][]byte{t.PKI.Root.Cert}, nil), func(s *Scanned, _ *Writer) {
			s.Set(s.Root, Put(s.Bodies[s.Root], "/OpenAction "+script))
		})
	})
	m.add(Valid, "bookmarks and a link from before", func(t *Target) []byte { return t.File })
	return m.list
}

// aliased signs a document in which one object is two things, and then changes it as the one that may be changed.
func (m *made) aliased(name string, edit func(s *Scanned) int, change func(s *Scanned, w *Writer, num int)) {
	m.add(NotValid, name, func(t *Target) []byte {
		num := 0
		base := rebuild(t.Base, func(s *Scanned) { num = edit(s) }, nil)
		if num == 0 {
			return nil
		}
		return increment(t.Trust(base, Seal{Field: "Office", Certify: 2}), func(s *Scanned, w *Writer) { change(s, w, num) })
	})
}

// aliases use one object for two things (what pyHanko calls sneaky files).
func aliases() []Attack {
	m := &made{class: 19}
	m.after(Invalid, "a second field shows the old signature", func(s *Scanned, w *Writer) {
		page, _ := s.page()
		num := w.size
		w.Obj(num, fmt.Sprintf("<< /Type /Annot /Subtype /Widget /FT /Sig /T (Second) /V %d 0 R /Rect [72 750 400 780] /F 132 /P %d 0 R >>", s.signature().num, page))
		s.register(num, page)
	})
	m.object("the empty field shows the old signature", func(s *Scanned) int { return s.Find(`/FT /Sig /T \(Seal\)[^V]*>>$`) },
		func(s *Scanned, _ *Writer, num int) {
			s.Set(num, Put(s.Bodies[num], fmt.Sprintf("/V %d 0 R", s.signature().num)))
		})
	m.object("a text field's value is the signature", func(s *Scanned) int { return s.Find(`/T \(note\)`) }, func(s *Scanned, _ *Writer, num int) {
		s.Set(num, Put(s.Bodies[num], fmt.Sprintf("/V %d 0 R", s.signature().num)))
	})
	m.add(Invalid, "the new appearance is also page content", func(t *Target) []byte {
		return t.Trust(t.File, Seal{Field: "Second", Rect: "[100 100 200 200]", Look: cover, Extra: func(s *Scanned, w *Writer) {
			page, _ := s.page()
			s.Set(page, strings.Replace(s.Bodies[page], "/Contents ", fmt.Sprintf("/Contents %d 0 R /Old ", s.Size+1), 1))
		}})
	})
	m.add(Invalid, "the new appearance takes an old object's number", func(t *Target) []byte {
		num := Scan(t.File).Find(`/Subtype /Form`)
		if num == 0 {
			return nil
		}
		return t.Trust(t.File, Seal{Field: "Second", Rect: "[100 100 200 200]", Widget: fmt.Sprintf(" /AP << /N %d 0 R >>", num), Extra: func(s *Scanned, w *Writer) {
			w.Stream(num, "/Type /XObject /Subtype /Form /BBox [0 0 100 100]", []byte(cover))
		}})
	})
	m.add(Invalid, "the new signature takes an old object's number", func(t *Target) []byte {
		num := Scan(t.File).Find(`/Type /Font\b`)
		return increment(t.File, func(s *Scanned, w *Writer) {
			g := s.signature()
			s.Set(num, g.body)
			page, _ := s.page()
			field := w.size
			w.Obj(field, fmt.Sprintf("<< /Type /Annot /Subtype /Widget /FT /Sig /T (Second) /V %d 0 R /Rect [0 0 0 0] /F 132 /P %d 0 R >>", num, page))
			s.register(field, page)
		})
	})
	m.add(Invalid, "the page is the new field", func(t *Target) []byte {
		return increment(t.File, func(s *Scanned, _ *Writer) {
			page, _ := s.page()
			s.Set(page, Put(s.Bodies[page], fmt.Sprintf("/FT /Sig /T (Second) /V %d 0 R", s.signature().num)))
		})
	})
	m.object("a widget listed on the page twice", func(s *Scanned) int { return s.Find(`/Subtype /Widget`) }, func(s *Scanned, _ *Writer, num int) {
		page, _ := s.page()
		s.list(page, "Annots", num)
	})
	m.after(Invalid, "the signature's field under a new parent", func(s *Scanned, w *Writer) {
		field := s.Find(fmt.Sprintf(`/V %d 0 R`, s.signature().num))
		num := w.size
		w.Obj(num, fmt.Sprintf("<< /T (parent) /Kids [%d 0 R] >>", field))
		s.Set(field, Put(s.Bodies[field], fmt.Sprintf("/Parent %d 0 R", num)))
	})
	m.doubled()
	return m.list
}

// doubled give an object a second role before the signature, and change it in that one.
func (m *made) doubled() {
	m.after(Invalid, "a certificate in the place of the page content", func(s *Scanned, w *Writer) {
		_, c := s.page()
		w.Stream(c, "", []byte(forged(s)))
		num := w.size
		w.Obj(num, fmt.Sprintf("<< /Type /DSS /Certs [%d 0 R] >>", c))
		s.Set(s.Root, Put(s.Bodies[s.Root], fmt.Sprintf("/DSS %d 0 R", num)))
	})
	m.aliased("metadata that is also the page content", func(s *Scanned) int {
		_, c := s.page()
		s.Bodies[c] = "<< /Type /Metadata /Subtype /XML" + strings.TrimPrefix(s.Bodies[c], "<<")
		s.Bodies[s.Root] = Put(Drop(s.Bodies[s.Root], "/Metadata"), fmt.Sprintf("/Metadata %d 0 R", c))
		return c
	}, func(s *Scanned, w *Writer, num int) {
		w.Stream(num, "/Type /Metadata /Subtype /XML", []byte(forged(s)))
	})
	m.aliased("a title that is also the page", func(s *Scanned) int {
		page, _ := s.page()
		s.Info = fmt.Sprintf("/Info %d 0 R", page)
		return page
	}, func(s *Scanned, _ *Writer, num int) {
		s.Set(num, Put(s.Bodies[num], "/Title (Other) /CropBox [0 0 9 9]"))
	})
	m.aliased("a field's look that is also on the page", func(s *Scanned) int {
		field := s.Find(`/T \(holder\)`)
		if field == 0 {
			return 0
		}
		s.Bodies[field] = strings.Replace(s.Bodies[field], "/N 11 0 R", "/N 10 0 R", 1)
		return 10
	}, func(s *Scanned, w *Writer, num int) {
		w.Stream(num, "/Type /XObject /Subtype /Form /BBox [0 0 100 100]", []byte(forged(s)))
		field := s.Find(`/T \(holder\)`)
		s.Set(field, strings.Replace(s.Bodies[field], "/V (A. Example)", "/V (M. Allory)", 1))
	})
	m.aliased("a security store that is also the resources", func(s *Scanned) int {
		page, _ := s.page()
		s.Bodies[900] = "<< /Type /DSS /Certs [] /Font << /F1 4 0 R >> >>"
		s.Bodies[page] = strings.Replace(s.Bodies[page], "/Resources", "/Resources 900 0 R /Old", 1)
		s.Bodies[s.Root] = Put(s.Bodies[s.Root], "/DSS 900 0 R")
		return 900
	}, func(s *Scanned, w *Writer, num int) {
		cert := w.size
		w.Stream(cert, "", []byte("0"))
		s.Set(num, fmt.Sprintf("<< /Type /DSS /Certs [%d 0 R] /Font << >> >>", cert))
	})
	m.add(NotValid, "two fields of one name", func(t *Target) []byte {
		return t.Trust(t.Trust(t.Base, Seal{Field: "Office"}), Seal{Field: "Office"})
	})
	m.add(Valid, "two fields that share one signature from the beginning", func(t *Target) []byte {
		if t.Own {
			return nil
		}
		return t.Trust(t.Base, Seal{Field: "Office", Rect: "[100 100 200 200]", Look: "1 0 0 RG 1 1 98 98 re S", Extra: func(s *Scanned, w *Writer) {
			page, _ := s.page()
			num := w.size
			w.Obj(num, fmt.Sprintf("<< /Type /Annot /Subtype /Widget /FT /Sig /T (Across) /V %d 0 R /Rect [300 100 400 200] /F 132 /P %d 0 R /AP << /N %d 0 R >> >>",
				s.Size, page, s.Size+1))
			s.register(num, page)
		}})
	})
}
