package lint

import (
	"strconv"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/gm"
)

// Subject is what is judged.
type Subject struct {
	Certificate *gm.Certificate
	Issuer      *gm.Certificate // nil: it signs itself
	Profile     string          // SM2 profile of the signing policy

	unreadable error  // why Certificate holds only Raw
	forms      *forms // what the parser does not keep, once it is read
}

// forms is how a certificate is written.
type forms struct {
	inner, outer        []byte // AlgorithmIdentifier elements of the signature, within and outside
	notBefore, notAfter moment
	attributes          []attribute // of the subject
	keyAlgorithm        []byte      // content of the AlgorithmIdentifier of the key
	point               []byte      // of the key
}

// moment is one bound of the validity as it is written.
type moment struct {
	tag  asn1.Tag
	text string
}

// attribute is one attribute of a name.
type attribute struct {
	oid   string // content of the OBJECT IDENTIFIER
	tag   asn1.Tag
	value string
	rdn   int // which relative distinguished name it stands in
}

// read fills in forms from the bytes.
func (s *Subject) read() *forms {
	if s.forms == nil {
		s.forms = formsOf(s.Certificate.Raw)
	}
	return s.forms
}

// form returns forms for a Subject that may not have them yet.
func (s Subject) form() *forms { return s.read() }

// formsOf reads as far as it can: what is not there stays zero, and a lint says so.
func formsOf(cert []byte) *forms {
	var f forms
	var whole, tbs, skipped, validity, name, key cryptobyte.String
	in := cryptobyte.String(cert)
	if !in.ReadASN1(&whole, asn1.SEQUENCE) || !whole.ReadASN1(&tbs, asn1.SEQUENCE) {
		return &f
	}
	_ = whole.ReadASN1Element((*cryptobyte.String)(&f.outer), asn1.SEQUENCE)
	ok := tbs.SkipOptionalASN1(asn1.Tag(0).Constructed().ContextSpecific()) && tbs.SkipASN1(asn1.INTEGER) &&
		tbs.ReadASN1Element((*cryptobyte.String)(&f.inner), asn1.SEQUENCE) && tbs.ReadASN1(&skipped, asn1.SEQUENCE) &&
		tbs.ReadASN1(&validity, asn1.SEQUENCE) && tbs.ReadASN1(&name, asn1.SEQUENCE) && tbs.ReadASN1(&key, asn1.SEQUENCE)
	if !ok {
		return &f
	}
	f.notBefore, f.notAfter = readMoment(&validity), readMoment(&validity)
	f.attributes = readAttributes(name)
	var bits cryptobyte.String
	if key.ReadASN1((*cryptobyte.String)(&f.keyAlgorithm), asn1.SEQUENCE) && key.ReadASN1(&bits, asn1.BIT_STRING) && len(bits) > 0 {
		f.point = bits[1:] // after the count of unused bits
	}
	return &f
}

func readMoment(s *cryptobyte.String) moment {
	var m moment
	var text cryptobyte.String
	if s.ReadAnyASN1(&text, &m.tag) {
		m.text = string(text)
	}
	return m
}

func readAttributes(name cryptobyte.String) []attribute {
	var out []attribute
	for n := 0; !name.Empty(); n++ {
		var set cryptobyte.String
		if !name.ReadASN1(&set, asn1.SET) {
			return out
		}
		for !set.Empty() {
			var pair, oid, value cryptobyte.String
			a := attribute{rdn: n}
			if !set.ReadASN1(&pair, asn1.SEQUENCE) || !pair.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) || !pair.ReadAnyASN1(&value, &a.tag) {
				return out
			}
			a.oid, a.value = string(oid), string(value)
			out = append(out, a)
		}
	}
	return out
}

// values returns the subject's attributes of one type.
func (s Subject) values(kind string) []attribute {
	var out []attribute
	for _, a := range s.form().attributes {
		if a.oid == kind {
			out = append(out, a)
		}
	}
	return out
}

// label names an attribute in a finding.
func (a attribute) label() string {
	if k, ok := kindOf(a.oid); ok {
		return k.label
	}
	return "attribute " + hexOID(a.oid)
}

// hexOID writes an object identifier whose dotted form nobody asked for.
func hexOID(content string) string {
	var b strings.Builder
	for i := range len(content) {
		if content[i] < 0x10 {
			b.WriteByte('0')
		}
		b.WriteString(strconv.FormatInt(int64(content[i]), 16))
	}
	return b.String()
}
