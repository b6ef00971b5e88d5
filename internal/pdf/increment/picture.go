package increment

import (
	"fmt"

	"yinzheng/internal/pdf"
	"yinzheng/internal/pdf/cos"
)

// Picture is the picture of a seal, ready to be written into any number of files.
type Picture struct {
	color cos.Stream
	mask  *cos.Stream
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

// enter writes the picture's objects.
func (p *Picture) enter(u *update) cos.Ref {
	color := p.color
	if p.mask != nil {
		color.Dict = color.Dict.With("SMask", u.add(*p.mask))
	}
	return u.add(color)
}

// whole is the part of a picture that is all of it.
var whole = [4]float64{0, 0, 1, 1}

// shown writes the appearance of a place: the part of the image, filling the rectangle. On a page that is turned it is turned
// back, so that it stands upright.
func (u *update) shown(image cos.Ref, p Place, rotate int) cos.Ref {
	part := p.Part
	if part == ([4]float64{}) {
		part = whole
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
	if turn, ok := map[int][4]int{90: {0, 1, -1, 0}, 180: {-1, 0, 0, -1}, 270: {0, -1, 1, 0}}[rotate]; ok {
		d = append(d, cos.Entry{Key: "Matrix", Value: cos.Array{cos.Integer(turn[0]), cos.Integer(turn[1]), cos.Integer(turn[2]), cos.Integer(turn[3]), cos.Integer(0), cos.Integer(0)}})
	}
	d = append(d, cos.Entry{Key: "Resources", Value: cos.Dict{{Key: "XObject", Value: cos.Dict{{Key: "I1", Value: image}}}}})
	return u.add(cos.Stream{Dict: d, Data: content})
}
