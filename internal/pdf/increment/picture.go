package increment

import (
	"bytes"
	"fmt"
	"io"

	"yinzheng/internal/pdf"
	"yinzheng/internal/pdf/cos"
)

// Picture is the picture of a seal, ready to be written into any number of files, from several goroutines.
type Picture struct {
	color cos.Stream
	mask  *cos.Stream // nil: wholly opaque
}

// NewPicture reads a PNG. Errors: ErrPicture.
func NewPicture(png []byte) (*Picture, error) {
	color, mask, err := pdf.EncodePicture(png)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPicture, err)
	}
	p := &Picture{}
	if p.color, err = imageStream(color); err != nil {
		return nil, err
	}
	if mask != nil {
		m, err := imageStream(*mask)
		if err != nil {
			return nil, err
		}
		p.mask = &m
	}
	return p, nil
}

func imageStream(m pdf.Image) (cos.Stream, error) {
	s := cos.Stream{Data: m.Data}
	for _, e := range m.Dict {
		v, err := cos.Parse(e.Value)
		if err != nil {
			return s, fmt.Errorf("%w: /%s: %w", ErrPicture, e.Key, err)
		}
		s.Dict = append(s.Dict, cos.Entry{Key: cos.Name(e.Key), Value: v})
	}
	return s, nil
}

// image is the picture as an object of the file: the one that an earlier seal wrote if it is the same to the byte, else a new one.
func (f *form) image(p *Picture) cos.Ref {
	for i := len(f.signed) - 1; i >= max(0, len(f.signed)-maxReused); i-- {
		if ref, ok := f.drawn(f.signed[i].dict); ok && f.isPicture(p, ref) {
			return ref
		}
	}
	color := p.color
	if p.mask != nil {
		color.Dict = color.Dict.With("SMask", f.u.Add(*p.mask))
	}
	return f.u.Add(color)
}

// maxReused bounds how many earlier fields are looked at for the same picture.
const maxReused = 16

// drawn is the one XObject that the normal appearance of a field has.
func (f *form) drawn(d cos.Dict) (cos.Ref, bool) {
	ap, _ := f.resolved(d.Get("AP")).(cos.Dict)
	look, ok := f.resolved(ap.Get("N")).(cos.Stream)
	if !ok {
		return cos.Ref{}, false
	}
	resources, _ := f.resolved(look.Dict.Get("Resources")).(cos.Dict)
	objects, _ := f.resolved(resources.Get("XObject")).(cos.Dict)
	if len(objects) != 1 {
		return cos.Ref{}, false
	}
	ref, ok := objects[0].Value.(cos.Ref)
	return ref, ok
}

// isPicture compares an image and its soft mask with a picture: every entry and every byte.
func (f *form) isPicture(p *Picture, ref cos.Ref) bool {
	color, ok := f.resolved(ref).(cos.Stream)
	if !ok || !f.same(p.color, color) {
		return false
	}
	mask := color.Dict.Get("SMask")
	if p.mask == nil {
		return mask == nil
	}
	s, ok := f.resolved(mask).(cos.Stream)
	return ok && f.same(*p.mask, s) && s.Dict.Get("SMask") == nil
}

// same compares a stream of the file with one that is to be written, but for /Length and /SMask.
func (f *form) same(want, there cos.Stream) bool {
	if there.Length != int64(len(want.Data)) {
		return false
	}
	plain := func(d cos.Dict) []byte { return cos.Append(nil, d.With("Length", nil).With("SMask", nil)) }
	if !bytes.Equal(plain(want.Dict), plain(there.Dict)) {
		return false
	}
	data := make([]byte, len(want.Data))
	_, err := io.ReadFull(f.u.v.File().Raw(there), data)
	return err == nil && bytes.Equal(data, want.Data)
}

// shown writes the appearance of a place: the part of the image, filling the rectangle. On a page that is turned it is turned
// back, so that it stands upright.
func (u *Update) shown(image cos.Ref, p Place, rotate int) cos.Ref {
	part := p.Part
	if part == ([4]float64{}) {
		part = [4]float64{0, 0, 1, 1}
	}
	w, h := p.Rect[2]-p.Rect[0], p.Rect[3]-p.Rect[1]
	if rotate%180 != 0 {
		w, h = h, w
	}
	scaleX, scaleY := w/(part[2]-part[0]), h/(part[3]-part[1])
	content := []byte("q ")
	for _, v := range []cos.Value{number(scaleX), cos.Integer(0), cos.Integer(0), number(scaleY), number(-part[0] * scaleX), number(-part[1] * scaleY)} {
		content = append(cos.Append(content, v), ' ')
	}
	content = append(content, "cm /I1 Do Q"...)
	d := cos.Dict{
		{Key: "Type", Value: cos.Name("XObject")}, {Key: "Subtype", Value: cos.Name("Form")},
		{Key: "BBox", Value: cos.Array{cos.Integer(0), cos.Integer(0), number(w), number(h)}},
	}
	if m, ok := upright[rotate]; ok {
		d = append(d, cos.Entry{Key: "Matrix", Value: m})
	}
	d = append(d, cos.Entry{Key: "Resources", Value: cos.Dict{{Key: "XObject", Value: cos.Dict{{Key: "I1", Value: image}}}}})
	return u.Add(cos.Stream{Dict: d, Data: content})
}

// upright are the matrices that turn an appearance back on a page with /Rotate. The reader fits the turned box into the
// rectangle (ISO 32000-1, 12.5.5), so that no shift is needed.
var upright = map[int]cos.Array{
	90:  {cos.Integer(0), cos.Integer(1), cos.Integer(-1), cos.Integer(0), cos.Integer(0), cos.Integer(0)},
	180: {cos.Integer(-1), cos.Integer(0), cos.Integer(0), cos.Integer(-1), cos.Integer(0), cos.Integer(0)},
	270: {cos.Integer(0), cos.Integer(-1), cos.Integer(1), cos.Integer(0), cos.Integer(0), cos.Integer(0)},
}
