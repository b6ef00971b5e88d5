package signature

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"yinzheng/internal/pdf"
	"yinzheng/internal/pdf/cos"
)

// appearance looks whether a widget shows exactly one image. Whatever else it shows gives the zero Appearance but for the
// objects that were recognised.
func (w *finder) appearance(widget cos.Dict) (Appearance, error) {
	var a Appearance
	if widget.Get("OC") != nil {
		return a, nil
	}
	ap, _, err := w.latest.Dict(widget.Get("AP"))
	if err != nil {
		return a, err
	}
	ref, ok := ap.Get("N").(cos.Ref)
	if !ok {
		return a, nil
	}
	x, err := w.latest.Get(ref)
	if err != nil {
		return a, err
	}
	form, ok := x.(cos.Stream)
	if !ok {
		return a, nil
	}
	a.Objects = []cos.Ref{ref}
	image, part, ok, err := w.oneImage(form)
	if err != nil || !ok {
		return a, err
	}
	return w.picture(a, image, part)
}

// formKeys are the entries of a form XObject that draws an image and has no other effect.
var formKeys = []cos.Name{"Type", "Subtype", "FormType", "BBox", "Matrix", "Resources", "Length", "Filter"}

// quarterTurns are the matrices of a form that stands upright on a page that is turned itself. The reader of an appearance fits
// the turned box into the rectangle (ISO 32000-1, 12.5.5), so that the part shown is the same.
var quarterTurns = []string{"[1 0 0 1 0 0]", "[0 1 -1 0 0 0]", "[-1 0 0 -1 0 0]", "[0 -1 1 0 0 0]"}

// oneImage reads a form XObject (ISO 32000-1, 8.10) that is an image under a scale, clipped by its bounding box.
func (w *finder) oneImage(form cos.Stream) (image cos.Ref, part [4]float64, ok bool, err error) {
	for _, e := range form.Dict {
		if !slices.Contains(formKeys, e.Key) {
			return image, part, false, nil
		}
	}
	box, err := w.rectangle(form.Dict.Get("BBox"))
	if err != nil || form.Dict.Get("Subtype") != cos.Name("Form") {
		return image, part, false, err
	}
	if m := form.Dict.Get("Matrix"); m != nil {
		if a, isArray := m.(cos.Array); !isArray || !slices.Contains(quarterTurns, string(cos.Append(nil, a))) {
			return image, part, false, nil
		}
	}
	resources, _, err := w.latest.Dict(form.Dict.Get("Resources"))
	if err != nil {
		return image, part, false, err
	}
	objects, _, err := w.latest.Dict(resources.Get("XObject"))
	if err != nil {
		return image, part, false, err
	}
	content, err := w.f.Decode(form, maxAppearance)
	if errors.Is(err, cos.ErrLimit) || errors.Is(err, cos.ErrFilter) {
		return image, part, false, nil
	}
	if err != nil {
		return image, part, false, err
	}
	name, matrix, ok := drawing(content)
	if !ok {
		return image, part, false, nil
	}
	image, ok = objects.Get(cos.Name(name)).(cos.Ref)
	part, shown := shownPart(box, matrix)
	return image, part, ok && shown, nil
}

// drawing reads a content stream of the form "q a 0 0 d e f cm /Name Do Q"; q and Q may be left out together.
func drawing(content []byte) (name string, matrix [6]float64, ok bool) {
	words := strings.FieldsFunc(string(content), func(r rune) bool { return strings.ContainsRune(" \t\r\n\f\x00", r) })
	if len(words) == 11 && words[0] == "q" && words[10] == "Q" {
		words = words[1:10]
	}
	if len(words) != 9 || words[6] != "cm" || words[8] != "Do" || len(words[7]) < 2 || words[7][0] != '/' {
		return "", matrix, false
	}
	for i := range matrix {
		n, err := strconv.ParseFloat(words[i], 64)
		if err != nil || strings.ContainsAny(words[i], "eExXpPnN_") {
			return "", matrix, false
		}
		matrix[i] = n
	}
	plain := strings.IndexFunc(words[7][1:], func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '_' && r != '-'
	}) < 0
	return words[7][1:], matrix, plain && matrix[0] > 0 && matrix[3] > 0 && matrix[1] == 0 && matrix[2] == 0
}

// shownPart is the part of the unit square under a matrix that a box shows.
func shownPart(box [4]float64, m [6]float64) (part [4]float64, ok bool) {
	for i := range part {
		scale, shift := m[0], m[4]
		if i%2 == 1 {
			scale, shift = m[3], m[5]
		}
		part[i] = min(1, max(0, (box[i]-shift)/scale))
	}
	return part, part[0] < part[2] && part[1] < part[3]
}

// picture identifies an image XObject and its soft mask.
func (w *finder) picture(a Appearance, ref cos.Ref, part [4]float64) (Appearance, error) {
	color, mask, ok, err := w.image(ref)
	if err != nil || !ok {
		return a, err
	}
	a.Objects = append(a.Objects, ref)
	var soft *pdf.Image
	if mask != nil {
		maskRef, isRef := mask.(cos.Ref)
		m, _, ok, err := w.image(maskRef)
		if err != nil || !ok || !isRef {
			return a, err
		}
		a.Objects = append(a.Objects, maskRef)
		soft = &m
	}
	digest, err := pdf.ImageDigest(color, soft)
	if err != nil {
		return a, nil //nolint:nilerr // samples that are not a picture of ours: no digest, and no fault of the file
	}
	a.Picture, a.Part = digest, part
	return a, nil
}

// image reads an image XObject with its compressed samples.
func (w *finder) image(ref cos.Ref) (m pdf.Image, mask cos.Value, ok bool, err error) {
	if ref.Num == 0 {
		return m, nil, false, nil
	}
	if known, ok := w.images[ref]; ok {
		return known.image, known.mask, known.ok, nil
	}
	x, err := w.latest.Get(ref)
	if err != nil {
		return m, nil, false, err
	}
	s, isStream := x.(cos.Stream)
	if isStream && s.Dict.Get("Subtype") == cos.Name("Image") && s.Length <= maxImageBytes {
		for _, e := range s.Dict {
			m.Dict = append(m.Dict, pdf.ImageEntry{Key: string(e.Key), Value: spell(nil, e.Value)})
		}
		if m.Data, err = io.ReadAll(w.f.Raw(s)); err != nil {
			return m, nil, false, err
		}
		mask, ok = s.Dict.Get("SMask"), true
	}
	if len(w.images) < maxImagesKept {
		w.images[ref] = keptImage{m, mask, ok}
	}
	return m, mask, ok, nil
}

// keptImage is an image that was read: the parts of a seal across page edges share one.
type keptImage struct {
	image pdf.Image
	mask  cos.Value
	ok    bool
}

// maxImagesKept bounds what is kept while Find runs: a seal has two.
const maxImagesKept = 4

// spell writes a value as package pdf writes it, so that the digests agree.
func spell(b []byte, x cos.Value) []byte {
	switch x := x.(type) {
	case cos.Array:
		b = append(b, '[')
		for i, e := range x {
			if i > 0 {
				b = append(b, ' ')
			}
			b = spell(b, e)
		}
		return append(b, ']')
	case cos.Dict:
		b = append(b, "<<"...)
		for _, e := range x {
			b = spell(append(spell(append(b, ' '), e.Key), ' '), e.Value)
		}
		return append(b, " >>"...)
	case cos.Name:
		b = append(b, '/')
		for _, c := range []byte(x) {
			if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || bytes.IndexByte([]byte(".-_+"), c) >= 0 {
				b = append(b, c)
			} else {
				b = append(b, '#', upperHex[c>>4], upperHex[c&15])
			}
		}
		return b
	default:
		return cos.Append(b, x)
	}
}

const upperHex = "0123456789ABCDEF"
