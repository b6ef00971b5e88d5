package pdftest

import (
	"fmt"
	"strings"
	"time"
)

// encrypted are signed files that claim to be encrypted, here or there.
func encrypted() []Attack {
	m := &made{class: 16}
	const old = "<< /Filter /Standard /V 1 /R 2 /Length 40 /P -4 /O <00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff> /U <00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff> >>"
	const aes = "<< /Filter /Standard /V 5 /R 6 /Length 256 /P -4 /CF << /StdCF << /CFM /AESV3 /AuthEvent /DocOpen /Length 32 >> >> /StmF /StdCF /StrF /StdCF /O <00> /U <00> /OE <00> /UE <00> /Perms <00> >>"
	const identity = "<< /Filter /Standard /V 4 /R 4 /P -4 /CF << >> /StmF /Identity /StrF /Identity /EFF /Identity /O <00> /U <00> >>"
	base := func(name, entry string) {
		m.add(NotValid, name+", from the beginning", func(t *Target) []byte {
			file := rebuild(t.Base, nil, func(s *Scanned, w *Writer) { w.Table(s.Trailer() + " /Encrypt " + entry) })
			return t.Trust(file, Seal{Field: "Office"})
		})
		m.add(NotValid, name+", after the signature", func(t *Target) []byte {
			s := Scan(t.File)
			w := s.Continue()
			w.Obj(w.size, "null")
			w.Table(s.Trailer() + " /Encrypt " + entry)
			return w.Bytes()
		})
	}
	base("RC4", old)
	base("AES-256", aes)
	base("identity", identity)
	base("by an unknown handler", "<< /Filter /Example /V 9 >>")
	base("by an object that is not there", "999 0 R")
	base("by a number", "42")
	m.add(NotValid, "in a table's stream", func(t *Target) []byte {
		file := rebuild(t.Base, nil, func(s *Scanned, w *Writer) { w.TableStream(w.size, s.Trailer()+" /Encrypt "+old) })
		return t.Trust(file, Seal{Field: "Office"})
	})
	m.add(NotValid, "in the signature's own revision", func(t *Target) []byte {
		return t.Trust(t.Base, Seal{Field: "Office", Extra: func(s *Scanned, _ *Writer) { s.ID += " /Encrypt " + old }})
	})
	m.add(NotValid, "a stream with a crypt filter", func(t *Target) []byte {
		file := rebuild(t.Base, func(s *Scanned) {
			s.content("<< /Length 3 /Filter /Crypt /DecodeParms << /Type /CryptFilterDecodeParms /Name /StdCF >> >>\nstream\nQ q\nendstream")
		}, nil)
		return t.Trust(file, Seal{Field: "Office"})
	})
	m.add(Valid, "nothing is encrypted", func(t *Target) []byte { return t.File })
	return m.list
}

// Claim is a name that no certificate here holds; a judge must never repeat it as the signer's.
const Claim = "The Highest Office"

// claims state in plain text what only certificates and timestamps can show.
func claims() []Attack {
	m := &made{class: 17}
	const name = "/Name (" + Claim + ") /Reason (approved) /Location (Nanning)"
	const early, late = "/M (D:20200101000000Z)", "/M (D:20991231235959Z)"
	m.add(NotValid, "a stranger with the office's name", func(t *Target) []byte {
		return t.stranger(t.Base, Seal{Field: "Office", Entries: name})
	})
	m.add(NotValid, "a stranger with a certificate entry", func(t *Target) []byte {
		return t.stranger(t.Base, Seal{Field: "Office", Entries: fmt.Sprintf("/Cert <%x>", t.PKI.P256.Cert)})
	})
	m.add(NotValid, "a stranger with build properties", func(t *Target) []byte {
		return t.stranger(t.Base, Seal{Field: "Office", Entries: "/Prop_Build << /App << /Name /yinzheng >> /TrustedMode true >>"})
	})
	dated := func(who string, by func(p *PKI) Identity, entries string, o Options) {
		m.add(NotValid, who, func(t *Target) []byte {
			if t.By == nil {
				return nil
			}
			i := by(t.PKI)
			return t.By(i, t.Base, Seal{Field: "Office", Entries: entries, Sign: func(b []byte) []byte {
				o := o
				if !o.Time.IsZero() { // a marker: thirteen months before
					o.Time = t.PKI.Now.AddDate(-1, -1, 0)
				}
				return i.Sign(b, o)
			}})
		})
	}
	dated("an ended certificate and an early date", func(p *PKI) Identity { return p.Expired }, early, Options{})
	dated("an ended certificate and an early signing time", func(p *PKI) Identity { return p.Expired }, early, Options{Time: time.Unix(1, 0)})
	dated("a revoked certificate and an early date", func(p *PKI) Identity { return p.Revoked }, early, Options{})
	dated("a revoked certificate and an early signing time", func(p *PKI) Identity { return p.Revoked }, early, Options{Time: time.Unix(1, 0)})
	dated("a key for enciphering and a name", func(p *PKI) Identity { return p.Unfit }, name, Options{})
	m.add(NotValid, "no signature, a text that speaks of one", func(t *Target) []byte {
		return rebuild(t.Base, func(s *Scanned) {
			s.content(stream("BT /F1 12 Tf 72 700 Td (Digitally signed by " + Claim + ") Tj ET"))
		}, nil)
	})
	m.after(Invalid, "another name afterwards", func(s *Scanned, _ *Writer) {
		g := s.signature()
		s.Set(g.num, Put(g.body, name))
	})
	m.add(NotValid, "no signature, a title that speaks of one", func(t *Target) []byte {
		return increment(t.Base, func(s *Scanned, w *Writer) {
			num := w.size
			w.Obj(num, "<< /Title (Signed: "+Claim+") >>")
			s.Info = fmt.Sprintf("/Info %d 0 R", num)
		})
	})
	honest := func(what, entries string) {
		m.add(Valid, what, func(t *Target) []byte {
			if t.Own {
				return nil
			}
			return t.Trust(t.Base, Seal{Field: "Office", Entries: entries})
		})
	}
	honest("the trusted signer claims another name", name)
	honest("the trusted signer claims another time", late)
	return m.list
}

func stream(text string) string {
	return fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(text), text)
}

// transplants show a seal that was never put on this document.
func transplants() []Attack {
	m := &made{class: 18}
	const picture = "/Type /XObject /Subtype /Image /Width 2 /Height 2 /ColorSpace /DeviceRGB /BitsPerComponent 8"
	const pixels = "\xd0\x00\x00\xff\xff\xff\xff\xff\xff\xd0\x00\x00"
	m.add(Invalid, "a picture on the page, nothing signed", func(t *Target) []byte {
		return increment(t.Base, func(s *Scanned, w *Writer) {
			page, content := s.page()
			num := w.size
			w.Stream(num, picture, []byte(pixels))
			w.Stream(num+1, "", []byte("q 120 0 0 120 400 100 cm /Seal Do Q"))
			body := Drop(s.Bodies[page], "/Contents")
			body = strings.Replace(body, "/Resources <<", fmt.Sprintf("/Resources << /XObject << /Seal %d 0 R >> /Old <<", num), 1)
			body = strings.Replace(body, ">> /", ">> >> /", 1)
			s.Set(page, Put(body, fmt.Sprintf("/Contents [%d 0 R %d 0 R]", content, num+1)))
		})
	})
	annotation := func(name, body string) {
		m.add(Invalid, name, func(t *Target) []byte {
			return increment(t.Base, func(s *Scanned, w *Writer) {
				page, _ := s.page()
				num := w.size
				w.Stream(num, picture, []byte(pixels))
				w.Stream(num+1, fmt.Sprintf("/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /XObject << /Seal %d 0 R >> >>", num), []byte("/Seal Do"))
				w.Obj(num+2, fmt.Sprintf("<< /Type /Annot %s /Rect [400 100 520 220] /F 132 /P %d 0 R /AP << /N %d 0 R >> >>", body, page, num+1))
				if strings.Contains(body, "/FT") {
					s.register(num+2, page)
				} else {
					s.list(page, "Annots", num+2)
				}
			})
		})
	}
	annotation("a stamp, nothing signed", "/Subtype /Stamp /Name /Seal")
	annotation("a signature field with a picture, nothing signed", "/Subtype /Widget /FT /Sig /T (Office)")
	annotation("a signature field with a picture and a null value", "/Subtype /Widget /FT /Sig /T (Office) /V null")
	annotation("a button with a picture, nothing signed", "/Subtype /Widget /FT /Btn /Ff 65536 /T (Office)")
	m.add(Invalid, "another document's seal", func(t *Target) []byte {
		g := Scan(t.File).signature()
		return Sign(t.Base, Seal{Field: "Office", Filter: "GM.PKILite", SubFilter: "GM.sm2seal", Rect: "[400 100 520 220]",
			Hex: func(_ string, room int) string {
				v := even(g.digits(t.File))
				return "<" + v + strings.Repeat("0", room-len(v)) + ">"
			}})
	})
	for _, w := range []SealWrong{SealOtherHash, SealNotListed, SealByStranger, SealExpired, SealNoSignor, SealPicture} {
		m.add(NotValid, string(w), func(t *Target) []byte {
			if t.Seal == nil {
				return nil
			}
			return t.Trust(t.Base, Seal{Field: "Office", Sign: func(b []byte) []byte { return t.Seal(b, w) }})
		})
	}
	m.add(NotValid, "a seal where signed data is announced", func(t *Target) []byte {
		if t.Seal == nil {
			return nil
		}
		return t.Trust(t.Base, Seal{Field: "Office", SubFilter: "ETSI.CAdES.detached", Sign: func(b []byte) []byte { return t.Seal(b, SealRight) }})
	})
	m.add(NotValid, "signed data where a seal is announced", func(t *Target) []byte {
		return Sign(t.Base, Seal{Field: "Office", Filter: "GM.PKILite", SubFilter: "GM.sm2seal", Sign: func(b []byte) []byte { return t.PKI.P256.Sign(b, Options{}) }})
	})
	m.add(Invalid, "another picture over the seal's place", func(t *Target) []byte {
		if t.Seal == nil {
			return nil
		}
		return t.Trust(t.Base, Seal{Field: "Office", Rect: "[400 100 520 220]", Look: "q 100 0 0 100 0 0 cm /Seal Do Q",
			LookDict: fmt.Sprintf("/Resources << /XObject << /Seal %d 0 R >> >>", Scan(t.Base).Size+3),
			Extra: func(s *Scanned, w *Writer) {
				w.Stream(s.Size+3, picture+" /Filter /FlateDecode", deflate([]byte(pixels)))
			}})
	})
	m.add(Valid, "the seal as it was put", func(t *Target) []byte { return t.File })
	return m.list
}
