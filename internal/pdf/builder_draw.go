package pdf

import "fmt"

// Style is how a shape is drawn. Without a stroke and without a fill nothing is.
type Style struct {
	Stroke *Color  // nil: no line
	Fill   *Color  // nil: not filled
	Width  float64 // of the line, mm; 0: 0.2 mm
	Dash   float64 // length of dashes and gaps, mm; 0: solid
}

// defaultLine is the width of a line whose Style gives none, mm.
const defaultLine = 0.2

// Line draws a straight line from x1, y1 to x2, y2, width millimetres wide.
func (b *Builder) Line(x1, y1, x2, y2, width float64, c Color) {
	var path Path
	path.MoveTo(x1, y1)
	path.LineTo(x2, y2)
	b.Path(&path, Style{Stroke: &c, Width: width})
}

// Rect draws a rectangle whose top left corner is x, y.
func (b *Builder) Rect(x, y, w, h float64, s Style) {
	p := b.current(x, y, w, h, s.Width, s.Dash)
	if p == nil || !p.begin(s) {
		return
	}
	p.at(x, y+h)
	p.num(points(w))
	p.num(points(h))
	p.op("re")
	p.paint(s)
}

// Path is a shape of lines and cubic Bézier curves, in millimetres from the page's top left corner.
type Path struct {
	steps []step
}

type step struct {
	op string
	v  [6]float64
	n  int
}

// MoveTo starts a part of the shape.
func (p *Path) MoveTo(x, y float64) { p.steps = append(p.steps, step{"m", [6]float64{x, y}, 2}) }

// LineTo draws straight to x, y.
func (p *Path) LineTo(x, y float64) { p.steps = append(p.steps, step{"l", [6]float64{x, y}, 2}) }

// CurveTo draws a cubic Bézier curve over two control points to x, y.
func (p *Path) CurveTo(x1, y1, x2, y2, x, y float64) {
	p.steps = append(p.steps, step{"c", [6]float64{x1, y1, x2, y2, x, y}, 6})
}

// Close draws straight to the start of the part.
func (p *Path) Close() { p.steps = append(p.steps, step{op: "h"}) }

// Path draws a shape, filled by the non-zero rule. It must start with MoveTo.
func (b *Builder) Path(path *Path, s Style) {
	p := b.current(s.Width, s.Dash)
	if p == nil || len(path.steps) == 0 || !p.begin(s) {
		return
	}
	if path.steps[0].op != "m" {
		b.fail(fmt.Errorf("%w: a shape that starts with %q", ErrPage, path.steps[0].op))
		return
	}
	for _, st := range path.steps {
		if b.current(st.v[:st.n]...) == nil {
			return
		}
		for i := 0; i < st.n; i += 2 {
			p.at(st.v[i], st.v[i+1])
		}
		p.op(st.op)
	}
	p.paint(s)
}

// begin sets the graphics state for a shape; false if there is nothing to draw.
func (p *page) begin(s Style) bool {
	if s.Fill != nil {
		p.setFill(*s.Fill)
	}
	if s.Stroke != nil {
		p.setStroke(*s.Stroke)
		width := s.Width
		if width == 0 {
			width = defaultLine
		}
		p.setLine(width)
		if s.Dash > 0 {
			p.content = append(p.content, '[')
			p.num(points(s.Dash))
			p.op("] 0 d")
		}
	}
	return s.Fill != nil || s.Stroke != nil
}

// paint ends a shape.
func (p *page) paint(s Style) {
	switch {
	case s.Fill != nil && s.Stroke != nil:
		p.op("B")
	case s.Fill != nil:
		p.op("f")
	default:
		p.op("S")
	}
	if s.Stroke != nil && s.Dash > 0 {
		p.op("[] 0 d")
	}
}

// Modules draws a QR code in a square of size millimetres whose top left corner is x, y; modules[row][column] is true
// for dark. It is one shape, so that no hairline shows between modules. The quiet zone of four modules is the caller's.
func (b *Builder) Modules(x, y, size float64, modules [][]bool, c Color) {
	p := b.current(x, y, size)
	if p == nil || len(modules) == 0 {
		return
	}
	p.setFill(c)
	n := float64(len(modules))
	left, top, unit := float64(points(x)), float64(points(p.h-y)), float64(points(size))/n
	edge := func(i int) milli { return milli(float64(i)*unit + 0.5) }
	for row, line := range modules {
		for from := 0; from < len(line); from++ {
			if !line[from] {
				continue
			}
			to := from
			for to < len(line) && line[to] {
				to++
			}
			p.num(milli(left) + edge(from))
			p.num(milli(top) - edge(row+1))
			p.num(edge(to) - edge(from))
			p.num(edge(row+1) - edge(row))
			p.op("re")
			from = to
		}
	}
	p.op("f")
}

// Image draws a PNG, with its transparency, in a rectangle whose top left corner is x, y. It fails with ErrPicture.
func (b *Builder) Image(x, y, w, h float64, png []byte) {
	p := b.current(x, y, w, h)
	if p == nil {
		return
	}
	index := -1
	for i, pic := range b.pictures {
		if pic.same(png) {
			index = i
		}
	}
	if index < 0 {
		if len(b.pictures) == maxPictures {
			b.fail(fmt.Errorf("%w: more than %d pictures", ErrPicture, maxPictures))
			return
		}
		pic, err := encodePicture(png, &b.deflate)
		if err != nil {
			b.fail(err)
			return
		}
		index = len(b.pictures)
		b.pictures = append(b.pictures, pic)
	}
	p.notePicture(index)
	p.op("q")
	p.num(points(w))
	p.content = append(p.content, "0 0 "...)
	p.num(points(h))
	p.at(x, y+h)
	p.op("cm")
	p.op(fmt.Sprintf("/I%d Do Q", index+1))
}

// notePicture notes that the page shows a picture of the document.
func (p *page) notePicture(index int) {
	for _, i := range p.pictures {
		if i == index {
			return
		}
	}
	p.pictures = append(p.pictures, index)
}
