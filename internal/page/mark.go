package page

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
	"yinzheng/internal/pdf"
)

// Limits of what is marked.
const (
	maxAreas = 1000
	maxLabel = 60 // characters; more would cover the page
)

// Area is a part of the page to be shown, such as a seal's.
type Area struct {
	Rect   [4]float64 // left bottom right top, points of user space
	Label  string     // one line; "" for none; characters without a shape are left out
	Colour color.NRGBA
}

// Mark returns a copy of the picture's image with a frame, a tint and a label for every area. Errors: ErrLimit for more than 1000
// areas or a label of more than 60 characters.
func (p *Picture) Mark(areas []Area) (*image.RGBA, error) {
	if len(areas) > maxAreas {
		return nil, fmt.Errorf("%w: %d areas", ErrLimit, len(areas))
	}
	font, err := pdf.Serif()
	if err != nil {
		return nil, fmt.Errorf("page: reading the font of labels: %w", err)
	}
	out := image.NewRGBA(p.Image.Bounds())
	copy(out.Pix, p.Image.Pix)
	unit := max(1, float64(min(out.Bounds().Dx(), out.Bounds().Dy()))/400) // of a frame, pixels
	for _, a := range areas {
		if len([]rune(a.Label)) > maxLabel {
			return nil, fmt.Errorf("%w: label of more than %d characters", ErrLimit, maxLabel)
		}
		r := p.area(a.Rect)
		tint := a.Colour
		tint.A = uint8(int(tint.A) * 32 / 255)
		fill(out, r, tint)
		w := int(math.Ceil(unit))
		for _, side := range []image.Rectangle{
			{r.Min, image.Pt(r.Max.X, r.Min.Y+w)}, {image.Pt(r.Min.X, r.Max.Y-w), r.Max},
			{r.Min, image.Pt(r.Min.X+w, r.Max.Y)}, {image.Pt(r.Max.X-w, r.Min.Y), r.Max},
		} {
			fill(out, side, a.Colour)
		}
		if a.Label != "" {
			label(out, font, a, r, 9*unit)
		}
	}
	return out, nil
}

// area is a rectangle of user space in pixels, cut to what is near the picture.
func (p *Picture) area(rect [4]float64) image.Rectangle {
	x0, y0 := p.pixel(rect[0], rect[1])
	x1, y1 := p.pixel(rect[2], rect[3])
	b := p.Image.Bounds()
	whole := func(v float64, most int) int {
		if !(v > -1) {
			return -1
		}
		return int(min(v, float64(most)+1))
	}
	return image.Rect(whole(math.Floor(min(x0, x1)), b.Dx()), whole(math.Floor(min(y0, y1)), b.Dy()),
		whole(math.Ceil(max(x0, x1)), b.Dx()), whole(math.Ceil(max(y0, y1)), b.Dy()))
}

func fill(out *image.RGBA, r image.Rectangle, c color.NRGBA) {
	draw.Draw(out, r.Intersect(out.Bounds()), image.NewUniform(c), image.Point{}, draw.Over)
}

// label writes white on the area's colour, above the area where there is room, else inside it at the top.
func label(out *image.RGBA, font *pdf.Font, a Area, r image.Rectangle, em float64) {
	width := 0.0
	outlines := make([]pdf.Outline, 0, len(a.Label))
	for _, c := range a.Label {
		o, err := font.Outline(c)
		if err != nil {
			continue // said so at Area.Label
		}
		outlines, width = append(outlines, o), width+o.Advance*em
	}
	if len(outlines) == 0 {
		return
	}
	height := int(math.Ceil(1.3 * em))
	b := out.Bounds()
	left := max(0, min(r.Min.X, b.Dx()-int(width)-2))
	top := r.Min.Y - height
	if top < 0 {
		top = max(0, r.Min.Y)
	}
	ground := image.Rect(left, top, left+int(math.Ceil(width))+2, top+height).Intersect(b)
	if ground.Empty() {
		return
	}
	fill(out, ground, a.Colour)
	raster := vector.NewRasterizer(ground.Dx(), ground.Dy())
	x, base := 1.0, 1.02*em
	for _, o := range outlines {
		shape(raster, o, x, base, em)
		x += o.Advance * em
	}
	raster.Draw(out, ground, image.White, image.Point{})
}

func shape(raster *vector.Rasterizer, o pdf.Outline, x, base, em float64) {
	at := func(px, py float64) (float32, float32) { return float32(x + px*em), float32(base - py*em) }
	open := false
	for _, s := range o.Segments {
		x, y := at(s.X, s.Y)
		switch s.Op {
		case pdf.MoveTo:
			if open {
				raster.ClosePath()
			}
			raster.MoveTo(x, y)
			open = true
		case pdf.LineTo:
			raster.LineTo(x, y)
		case pdf.QuadTo:
			x1, y1 := at(s.X1, s.Y1)
			raster.QuadTo(x1, y1, x, y)
		}
	}
	if open {
		raster.ClosePath()
	}
}
