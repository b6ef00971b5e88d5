package verify_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"yinzheng/internal/cms"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/increment"
	"yinzheng/internal/pdf/pdftest"
	"yinzheng/internal/pdf/signature"
	"yinzheng/verify"
)

// writer is who adds to files: pdftest, or the house.
type writer struct {
	name     string
	sign     func(file []byte, s pdftest.Seal) []byte
	evidence func(file []byte, certs, crls [][]byte) []byte
	field    func(file []byte, name, rect string) []byte
	value    func(by pdftest.Identity, o pdftest.Options, covered []byte) []byte // signed data
}

// profile is an honest way to sign. make returns nil for a file that it does not fit.
type profile struct {
	name string
	make func(c *court, by writer, file []byte) []byte
}

const (
	placeOne   = "[400 300 500 400]"
	placeTwo   = "[100 100 200 200]"
	placeThree = "[250 100 350 200]"
	border     = "1 0 0 RG 2 w 1 1 98 98 re S"
)

// sealed, withSM2, pades and withRSA are what goes into a file; further sets the rest.
func (c *court) sealed(s pdftest.Seal) pdftest.Seal {
	s.Filter, s.SubFilter = pdftest.FilterGM, pdftest.SubSeal
	s.Sign = func(covered []byte) []byte { return c.seal(covered, pdftest.SealRight) }
	return s
}

func (c *court) withSM2(w writer, s pdftest.Seal) pdftest.Seal {
	signer, tsa := pdftest.Identity{Cert: c.w.Office.DER(), Key: c.w.Office.Key}, pdftest.Identity{Cert: c.w.Stamper.DER(), Key: c.w.Stamper.Key}
	s.Filter, s.SubFilter = pdftest.FilterGM, pdftest.SubSM2CMS
	s.Sign = func(covered []byte) []byte {
		return w.value(signer, pdftest.Options{GM: true, Stamp: func(v []byte) []byte { return tsa.Token(v, c.w.Now, nil) }}, covered)
	}
	return s
}

func (c *court) pades(w writer, by pdftest.Identity, o pdftest.Options, s pdftest.Seal) pdftest.Seal {
	o.CRLs = [][]byte{c.pki.List}
	o.Stamp = func(v []byte) []byte { return c.pki.TSA.Token(v, c.pki.Now, nil) }
	s.Sign = func(covered []byte) []byte { return w.value(by, o, covered) }
	return s
}

func (c *court) ecdsaBy(w writer, s pdftest.Seal) pdftest.Seal {
	return c.pades(w, c.pki.P256, pdftest.Options{}, s)
}

// ecdsa is ecdsaBy with a value by pdftest.
func (c *court) ecdsa(s pdftest.Seal) pdftest.Seal {
	return c.ecdsaBy(writer{value: valueByPdftest}, s)
}

func valueByPdftest(by pdftest.Identity, o pdftest.Options, covered []byte) []byte {
	return by.Sign(covered, o)
}

// profiles are every kind of seal and every sequence of them that a house uses. Those whose names begin with "PAdES" hold
// nothing but what other programs can judge too.
func profiles() []profile {
	one := pdftest.Seal{Field: "Office", Rect: placeOne, Look: border}
	two := pdftest.Seal{Field: "Second", Rect: placeTwo, Look: border}
	three := pdftest.Seal{Field: "Third", Rect: placeThree, Look: border}
	certified := func(s pdftest.Seal, p int) pdftest.Seal { s.Certify = p; return s }
	across := func(s pdftest.Seal) pdftest.Seal { s.Across = true; return s }
	single := func(name string, how func(c *court, by writer) pdftest.Seal) profile {
		return profile{name, func(c *court, by writer, file []byte) []byte { return by.sign(file, how(c, by)) }}
	}
	return []profile{
		single("seal", func(c *court, _ writer) pdftest.Seal { return c.sealed(one) }),
		single("SM2", func(c *court, by writer) pdftest.Seal { return c.withSM2(by, one) }),
		single("PAdES ECDSA", func(c *court, by writer) pdftest.Seal { return c.ecdsaBy(by, one) }),
		single("PAdES ECDSA P-384", func(c *court, by writer) pdftest.Seal { return c.pades(by, c.pki.P384, pdftest.Options{}, one) }),
		single("PAdES RSA", func(c *court, by writer) pdftest.Seal { return c.pades(by, c.pki.RSA, pdftest.Options{}, one) }),
		single("PAdES RSA-PSS", func(c *court, by writer) pdftest.Seal { return c.pades(by, c.pki.RSA, pdftest.Options{PSS: true}, one) }),
		single("PAdES invisible", func(c *court, by writer) pdftest.Seal { return c.ecdsaBy(by, pdftest.Seal{Field: "Office"}) }),
		single("PAdES P=1", func(c *court, by writer) pdftest.Seal { return c.ecdsaBy(by, certified(one, 1)) }),
		single("seal P=1", func(c *court, _ writer) pdftest.Seal { return c.sealed(certified(one, 1)) }),
		{"PAdES in the empty field", func(c *court, by writer, file []byte) []byte {
			if pdftest.Scan(file).Find(`/T \(Seal\)`) == 0 {
				return nil
			}
			return by.sign(file, c.ecdsaBy(by, pdftest.Seal{Look: border}))
		}},
		{"dual", func(c *court, by writer, file []byte) []byte {
			return by.sign(by.sign(file, c.sealed(one)), c.ecdsaBy(by, pdftest.Seal{Field: "Second"}))
		}},
		{"two seals", func(c *court, by writer, file []byte) []byte {
			return by.sign(by.sign(file, c.sealed(one)), c.sealed(two))
		}},
		{"three of three kinds", func(c *court, by writer, file []byte) []byte {
			return by.sign(by.sign(by.sign(file, c.sealed(one)), c.withSM2(by, two)), c.ecdsaBy(by, three))
		}},
		{"PAdES three in turn", func(c *court, by writer, file []byte) []byte {
			return by.sign(by.sign(by.sign(file, c.ecdsaBy(by, one)), c.pades(by, c.pki.RSA, pdftest.Options{}, two)), c.ecdsaBy(by, three))
		}},
		{"PAdES P=2 and a second in a field from before", func(c *court, by writer, file []byte) []byte {
			return by.sign(by.sign(by.field(file, "Second", placeTwo), c.ecdsaBy(by, certified(one, 2))), c.ecdsaBy(by, two))
		}},
		{"PAdES P=2 and an invisible second", func(c *court, by writer, file []byte) []byte {
			return by.sign(by.sign(file, c.ecdsaBy(by, certified(one, 2))), c.ecdsaBy(by, pdftest.Seal{Field: "Second"}))
		}},
		{"seal P=2 and a second", func(c *court, by writer, file []byte) []byte {
			return by.sign(by.sign(file, c.sealed(certified(one, 2))), c.sealed(two))
		}},
		single("PAdES across all pages", func(c *court, by writer) pdftest.Seal { return c.ecdsaBy(by, across(one)) }),
		{"seal across all pages and a second", func(c *court, by writer, file []byte) []byte {
			return by.sign(by.sign(file, c.sealed(across(one))), c.sealed(two))
		}},
		{"PAdES B-LT", func(c *court, by writer, file []byte) []byte {
			return by.evidence(by.sign(file, c.ecdsaBy(by, one)), [][]byte{c.pki.P256.Cert, c.pki.Root.Cert}, [][]byte{c.pki.List})
		}},
		{"PAdES B-LT under P=1", func(c *court, by writer, file []byte) []byte {
			return by.evidence(by.sign(file, c.ecdsaBy(by, certified(one, 1))), [][]byte{c.pki.Root.Cert}, [][]byte{c.pki.List})
		}},
		{"PAdES B-LTA", func(c *court, by writer, file []byte) []byte {
			lt := by.evidence(by.sign(file, c.ecdsaBy(by, one)), [][]byte{c.pki.P256.Cert, c.pki.Root.Cert}, [][]byte{c.pki.List})
			return by.sign(lt, pdftest.Seal{Field: "Stamp", Type: "DocTimeStamp", SubFilter: "ETSI.RFC3161", Sign: func(b []byte) []byte { return c.pki.TSA.Token(b, c.pki.Now, nil) }})
		}},
		{"PAdES form filled under P=2", func(c *court, by writer, file []byte) []byte {
			return pdftest.Filled(by.sign(file, c.ecdsaBy(by, certified(one, 2))), "holder")
		}},
	}
}

// honest is one honest signed file.
type honest struct {
	name string
	file []byte
}

// honestFiles are all forms under all profiles by a writer.
func (c *court) honestFiles(by writer) []honest {
	var all []honest
	for _, f := range pdftest.Files() {
		if f.Ambiguous {
			continue
		}
		for _, p := range profiles() {
			if file := p.make(c, by, f.Bytes); file != nil {
				all = append(all, honest{p.name + " on " + f.Name + " by " + by.name, file})
			}
		}
	}
	return all
}

// writers are pdftest and the house.
func (c *court) writers(t testing.TB) []writer {
	t.Helper()
	picture, err := increment.NewPicture(c.w.Seal.Info.Picture.Data)
	if err != nil {
		t.Fatal(err)
	}
	h := house{t, picture}
	return []writer{{"pdftest", pdftest.Sign, pdftest.WithEvidence, pdftest.WithField, valueByPdftest}, {"the house", h.sign, h.evidence, h.field, h.value}}
}

// house writes with internal/pdf/increment.
type house struct {
	t       testing.TB
	picture *increment.Picture
}

func (h house) open(file []byte) *cos.File {
	h.t.Helper()
	f, err := cos.OpenBytes(file, cos.Limits{})
	if err != nil {
		h.t.Fatal(err)
	}
	return f
}

func (h house) added(file, tail []byte, err error) []byte {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
	return slices.Concat(file, tail)
}

func rect(s string) (r [4]float64) {
	_, _ = fmt.Sscanf(s, "[%f %f %f %f]", &r[0], &r[1], &r[2], &r[3]) // "" is the zero place
	return r
}

func (h house) sign(file []byte, s pdftest.Seal) []byte {
	h.t.Helper()
	f := h.open(file)
	seal := increment.Seal{
		Filter: or(s.Filter, "Adobe.PPKLite"), SubFilter: or(s.SubFilter, "ETSI.CAdES.detached"), Time: time.Date(2026, 3, 2, 9, 0, 0, 0, verify.ChinaTime()),
		Reserve: 16000, Certify: s.Certify, Timestamp: s.Type == "DocTimeStamp", Places: h.places(f, s),
	}
	if s.Rect != "" || s.Look != "" {
		seal.Picture = h.picture
	}
	p, err := increment.Prepare(f, seal)
	if err != nil {
		h.t.Fatal(err)
	}
	whole, r := slices.Concat(file, p.Tail()), p.ByteRange()
	tail, err := p.Complete(s.Sign(slices.Concat(whole[:r[1]], whole[r[2]:])))
	return h.added(file, tail, err)
}

func (h house) places(f *cos.File, s pdftest.Seal) []increment.Place {
	h.t.Helper()
	name := or(s.Field, "Seal")
	places := []increment.Place{{Field: name, Page: 1, Rect: rect(s.Rect)}}
	found, err := signature.Find(f)
	if err != nil {
		h.t.Fatal(err)
	}
	if slices.ContainsFunc(found.Empty, func(e signature.Field) bool { return e.Name == name }) {
		places = []increment.Place{{Field: name}}
	}
	pages, err := f.Latest().Pages()
	if err != nil || !s.Across || len(pages) < 2 {
		return places
	}
	n := float64(len(pages))
	places[0].Part = [4]float64{0, 0, 1 / n, 1}
	for i := 1; i < len(pages); i++ {
		places = append(places, increment.Place{Field: fmt.Sprintf("%s-%d", name, i+1), Page: i + 1, Rect: [4]float64{575, 300, 595, 400},
			Part: [4]float64{float64(i) / n, 0, float64(i+1) / n, 1}})
	}
	return places
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// value signs with internal/cms; where the revocation list is must be known otherwise.
func (h house) value(by pdftest.Identity, o pdftest.Options, covered []byte) []byte {
	h.t.Helper()
	hash, options := pdftest.HashOf(by.Key), cms.Options{PSS: o.PSS}
	signed, err := cms.SignDetached(hash.Sum(covered), by.Cert, by.Key, options)
	if err != nil {
		h.t.Fatal(err)
	}
	d, err := cms.ParseDetached(signed)
	if err != nil {
		h.t.Fatal(err)
	}
	stamped, err := cms.AddTimestamp(signed, o.Stamp(d.Value))
	if err != nil {
		h.t.Fatal(err)
	}
	return stamped
}

func (h house) evidence(file []byte, certs, crls [][]byte) []byte {
	h.t.Helper()
	tail, err := increment.WithEvidence(h.open(file), signature.DSS{Certs: certs, CRLs: crls})
	return h.added(file, tail, err)
}

func (h house) field(file []byte, name, place string) []byte {
	h.t.Helper()
	tail, err := increment.WithFields(h.open(file), []increment.Place{{Field: name, Page: 1, Rect: rect(place)}})
	return h.added(file, tail, err)
}

func TestEveryHonestFileIsValid(t *testing.T) {
	c := newCourt(t).informed(t)
	for _, by := range c.writers(t) {
		t.Run(by.name, func(t *testing.T) { c.allValid(t, c.honestFiles(by)) })
	}
}

func (c *court) allValid(t *testing.T, files []honest) {
	t.Helper()
	bad := 0
	for _, h := range files {
		if r := c.judge(h.file); r.Verdict != verify.Valid {
			bad++
			t.Errorf("%s: %s%s", h.name, r.Verdict, decisive(r))
			keep(t, h.name, h.file)
		}
	}
	t.Logf("%d honest files, %d not valid", len(files), bad)
	if len(files) < 200 {
		t.Errorf("%d files", len(files))
	}
}
