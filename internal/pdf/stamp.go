package pdf

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxReserve is the longest signature: a seal with its picture, certificates and a timestamp have some 15 KB.
const maxReserve = 1 << 20

// stamp is all that one sealing adds to a file.
type stamp struct {
	field      string
	page       int      // from 1
	rect       [4]milli // left, bottom, right, top on the page
	color      object
	mask       *object
	filter     string
	subFilter  string
	date       literal
	signer     string
	reason     string
	location   string
	permission int    // P of DocMDP; 0: no certification
	contents   []byte // with the zeros behind the signature
	byteRange  [4]int64
}

// check says what is wrong with a stamp on a document, in English, or nil.
func (s *stamp) check(d *document) error {
	if s.page < 1 || s.page > len(d.pages) {
		return fmt.Errorf("page %d of %d", s.page, len(d.pages))
	}
	w, h := d.pageSize(s.page)
	r := s.rect
	if r[0] < 0 || r[1] < 0 || r[2] > w || r[3] > h || r[0] >= r[2] || r[1] >= r[3] {
		return errors.New("the rectangle is empty or leaves the page")
	}
	if s.field == "" || len(s.field) > maxNameLength || strings.Contains(s.field, ".") || !writable(s.field) {
		return fmt.Errorf("field name %q", s.field)
	}
	if slices.ContainsFunc(d.seals, func(other stamp) bool { return other.field == s.field }) {
		return fmt.Errorf("field name %q is taken", s.field)
	}
	for _, n := range []string{s.filter, s.subFilter} {
		if n == "" || len(n) > maxNameLength || !printable(n) {
			return fmt.Errorf("signature handler %q", n)
		}
	}
	for _, t := range []string{s.signer, s.reason, s.location} {
		if !writable(t) {
			return fmt.Errorf("text %q", t)
		}
	}
	if len(s.contents) < 1 || len(s.contents) > maxReserve {
		return fmt.Errorf("room for %d bytes of signature, 1 to %d", len(s.contents), maxReserve)
	}
	return nil
}

// increment is the revision that a stamp adds to a document, with its hexadecimal /Contents token at gap.
type increment struct {
	bytes []byte
	gap   [2]int // in bytes
}

// increment writes a revision. It is a function of document and stamp alone: the reader writes it anew and compares.
func (d *document) increment(s *stamp) increment {
	next := len(d.objects) + 1
	number := func() ref { next++; return ref(next - 1) }
	var b []byte
	var places []place
	put := func(num ref, o object) {
		places = append(places, place{int(num), d.end + int64(len(b))})
		b = appendObject(b, int(num), o)
	}
	pageRef := d.pages[s.page-1]
	var mask ref
	if s.mask != nil {
		mask = number()
	}
	image, form, sig, widget := number(), number(), number(), number()

	put(1, object{dict: d.sealedCatalog(s, sig, widget)})
	page := d.objects[pageRef-1].dict
	annots, _ := page.get("Annots").(array)
	put(pageRef, object{dict: with(page, "Annots", append(slices.Clip(annots), widget))})
	color := s.color
	if s.mask != nil {
		put(mask, *s.mask)
		color.dict = append(clip(color.dict), entry{"SMask", mask})
	}
	put(image, color)
	put(form, formObject(s.rect, image))

	sigPlace := len(places)
	places = append(places, place{int(sig), d.end + int64(len(b))})
	head := slices.Clip(b)
	field := object{dict: dict{{"Type", name("Annot")}, {"Subtype", name("Widget")}, {"FT", name("Sig")},
		{"T", textString(s.field)}, {"F", integer(printAndLocked)}, {"P", pageRef},
		{"Rect", array{s.rect[0], s.rect[1], s.rect[2], s.rect[3]}}, {"V", sig}, {"AP", dict{{"N", form}}}}}
	places = append(places, place{num: int(widget)})
	token := hexText(s.contents).appendTo(nil)
	id := array{d.id[0], fileID(d.id[1].appendTo(nil), head, appendObject(nil, int(widget), field), []byte(s.date))}
	trailer := dict{{"Size", integer(next)}, {"Root", ref(1)}, {"Info", d.info}, {"ID", id}, {"Prev", integer(d.xref)}}

	// The numbers of /ByteRange change the length of what they measure. Starting with the shortest, each round can only
	// lengthen them, so that this ends; with numbers of 12 digits after at most 36 rounds, in practice after three.
	s.byteRange = [4]int64{0, 1, 1, 1}
	for {
		out, gap := appendSignature(head, int(sig), s, token)
		places[sigPlace+1].offset = d.end + int64(len(out))
		out = appendObject(out, int(widget), field)
		xref := d.end + int64(len(out))
		out = appendXref(out, places, false)
		out = appendTrailer(out, trailer, xref)
		measured := [4]int64{0, d.end + int64(gap[0]), d.end + int64(gap[1]), int64(len(out) - gap[1])}
		if measured == s.byteRange {
			return increment{out, gap}
		}
		s.byteRange = measured
	}
}

// printAndLocked are the flags of a seal's annotation (ISO 32000-1, table 165).
const printAndLocked = 1<<2 | 1<<7

// with returns a copy of d in which a key has a value, in its place or at the end.
func with(d dict, key string, v value) dict {
	d = slices.Clone(d)
	for i := range d {
		if d[i].key == key {
			d[i].val = v
			return d
		}
	}
	return append(d, entry{key, v})
}

// sealedCatalog adds the field to /AcroForm and, when the seal certifies, the signature to /Perms.
func (d *document) sealedCatalog(s *stamp, sig, widget ref) dict {
	form, _ := d.catalog().get("AcroForm").(dict)
	fields, _ := form.get("Fields").(array)
	catalog := with(d.catalog(), "AcroForm", dict{{"Fields", append(slices.Clip(fields), widget)}, {"SigFlags", integer(3)}})
	if s.permission != 0 {
		catalog = with(catalog, "Perms", dict{{"DocMDP", sig}})
	}
	return catalog
}

// formObject is the appearance: the picture over the whole rectangle.
func formObject(r [4]milli, image ref) object {
	w, h := r[2]-r[0], r[3]-r[1]
	stream := append(w.appendTo([]byte("q ")), " 0 0 "...)
	stream = append(h.appendTo(stream), " 0 0 cm /I1 Do Q"...)
	return object{dict: dict{{"Type", name("XObject")}, {"Subtype", name("Form")}, {"BBox", array{integer(0), integer(0), w, h}},
		{"Resources", dict{{"XObject", dict{{"I1", image}}}}}}, stream: stream, hasStream: true}
}

// appendSignature writes the signature dictionary (ISO 32000-1, table 252) and says where its /Contents token is.
func appendSignature(b []byte, num int, s *stamp, token []byte) (out []byte, gap [2]int) {
	var numbers array
	for _, n := range s.byteRange {
		numbers = append(numbers, integer(n))
	}
	before := dict{{"Type", name("Sig")}, {"Filter", name(s.filter)}, {"SubFilter", name(s.subFilter)}, {"ByteRange", numbers}}
	after := dict{{"M", s.date}}
	for _, t := range []struct{ key, text string }{{"Name", s.signer}, {"Reason", s.reason}, {"Location", s.location}} {
		if t.text != "" {
			after = append(after, entry{t.key, textString(t.text)})
		}
	}
	if s.permission != 0 {
		after = append(after, entry{"Reference", array{dict{{"Type", name("SigRef")}, {"TransformMethod", name("DocMDP")},
			{"TransformParams", dict{{"Type", name("TransformParams")}, {"P", integer(s.permission)}, {"V", name("1.2")}}}}}})
	}
	b = fmt.Appendf(b, "%d 0 obj\n", num)
	b = bytes.TrimSuffix(before.appendTo(b), []byte(" >>"))
	b = append(b, " /Contents "...)
	gap[0] = len(b)
	b = append(b, token...)
	gap[1] = len(b)
	b = append(b, bytes.TrimPrefix(after.appendTo(nil), []byte("<<"))...)
	return append(b, "\nendobj\n"...), gap
}

// putContents writes a signature into its token: hexadecimal, the rest stays zeros.
func putContents(token, contents []byte) { hex.Encode(token[1:], contents) }
