package pdf

import "fmt"

// Op says what a Segment does.
type Op uint8

// Operations of an outline.
const (
	MoveTo Op = iota // starts a contour at X, Y; every contour is closed by a line to its start
	LineTo           // straight to X, Y
	QuadTo           // quadratic Bézier curve over X1, Y1 to X, Y
)

// Segment is one step of an outline. Coordinates are in em, y upwards, origin on the baseline at the glyph's left.
type Segment struct {
	Op     Op
	X1, Y1 float64 // control point, of QuadTo only
	X, Y   float64
}

// Outline is the shape of one character, to be filled by the non-zero rule.
type Outline struct {
	Advance                  float64   // width in em
	Left, Bottom, Right, Top float64   // box of the shape's points, in em
	Segments                 []Segment // none for a space
}

// Outline returns the shape of r. It fails with a *MissingGlyphError when the font has none.
func (f *Font) Outline(r rune) (Outline, error) {
	if !f.drawable(r) {
		return Outline{}, &MissingGlyphError{Rune: r, Text: string(r)}
	}
	g := f.chars[r]
	budget := maxGlyphParts
	contours, err := f.contours(g, affine{a: 1, d: 1}, 0, &budget)
	if err != nil {
		return Outline{}, fmt.Errorf("outlining %q: %w", r, err)
	}
	width, _ := f.advance(g)
	em := float64(f.unitsPerEm)
	out := Outline{Advance: float64(width) / em}
	for _, c := range contours {
		out.add(c, em)
	}
	return out, nil
}

// point is one point of a contour, in font units.
type point struct {
	x, y float64
	on   bool // on the curve; otherwise a control point
}

// affine maps (x, y) to (a x + c y + e, b x + d y + f).
type affine struct{ a, b, c, d, e, f float64 }

func (m affine) apply(x, y float64) (float64, float64) {
	return m.a*x + m.c*y + m.e, m.b*x + m.d*y + m.f
}

// add appends one contour: between two control points lies an implied point on the curve.
func (o *Outline) add(c []point, em float64) {
	if len(c) < 2 {
		return
	}
	start := 0
	for start < len(c) && !c[start].on {
		start++
	}
	first := point{(c[0].x + c[len(c)-1].x) / 2, (c[0].y + c[len(c)-1].y) / 2, true}
	rest := c
	if start < len(c) {
		first = c[start]
		rest = append(append(make([]point, 0, len(c)), c[start+1:]...), c[:start]...)
	}
	o.step(Segment{Op: MoveTo, X: first.x / em, Y: first.y / em})
	var control *point
	for _, p := range append(rest[:len(rest):len(rest)], first) {
		switch {
		case control == nil && p.on:
			o.step(Segment{Op: LineTo, X: p.x / em, Y: p.y / em})
		case control == nil:
			control = &p
		case p.on:
			o.step(Segment{Op: QuadTo, X1: control.x / em, Y1: control.y / em, X: p.x / em, Y: p.y / em})
			control = nil
		default:
			o.step(Segment{Op: QuadTo, X1: control.x / em, Y1: control.y / em,
				X: (control.x + p.x) / 2 / em, Y: (control.y + p.y) / 2 / em})
			control = &p
		}
	}
}

// step appends a segment and widens the box.
func (o *Outline) step(s Segment) {
	if len(o.Segments) == 0 {
		o.Left, o.Right, o.Bottom, o.Top = s.X, s.X, s.Y, s.Y
	}
	o.widen(s.X, s.Y)
	if s.Op == QuadTo {
		o.widen(s.X1, s.Y1)
	}
	o.Segments = append(o.Segments, s)
}

func (o *Outline) widen(x, y float64) {
	o.Left, o.Right = min(o.Left, x), max(o.Right, x)
	o.Bottom, o.Top = min(o.Bottom, y), max(o.Top, y)
}

// contours reads a glyph, simple or composite, mapped by m. Budget is the number of components that may still be read.
func (f *Font) contours(g uint16, m affine, depth int, budget *int) ([][]point, error) {
	b := f.outline(g)
	if len(b) == 0 {
		return nil, nil
	}
	if len(b) < 10 {
		return nil, fmt.Errorf("%w: glyph %d is cut off", ErrFont, g)
	}
	if i16(b, 0) >= 0 {
		return simpleGlyph(b, m, g)
	}
	if depth >= maxGlyphDepth {
		return nil, fmt.Errorf("%w: glyph %d is nested more than %d deep", ErrFont, g, maxGlyphDepth)
	}
	parts, err := f.parts(g)
	if err != nil {
		return nil, err
	}
	if *budget -= len(parts); *budget < 0 {
		return nil, fmt.Errorf("%w: glyph %d has more than %d components", ErrFont, g, maxGlyphParts)
	}
	var all [][]point
	for _, p := range parts {
		x, y := m.apply(p.place.e, p.place.f)
		inner := affine{
			m.a*p.place.a + m.c*p.place.b, m.b*p.place.a + m.d*p.place.b,
			m.a*p.place.c + m.c*p.place.d, m.b*p.place.c + m.d*p.place.d, x, y,
		}
		more, err := f.contours(p.glyph, inner, depth+1, budget)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// Flags of a point in a simple glyph (ISO/IEC 14496-22, 5.3.3.2).
const (
	onCurve = 1 << iota
	xShort
	yShort
	repeatFlag
	xSame // or positive, when short
	ySame
)

// simpleGlyph reads the contours of a glyph that has its own points.
func simpleGlyph(b []byte, m affine, g uint16) ([][]point, error) {
	cut := fmt.Errorf("%w: glyph %d is cut off", ErrFont, g)
	n := i16(b, 0)
	if n == 0 {
		return nil, nil
	}
	at := 10 + 2*n
	if len(b) < at+2 {
		return nil, cut
	}
	total := u16(b, at-2) + 1
	at += 2 + u16(b, at) // instructions
	flags := make([]byte, 0, min(total, len(b)*4))
	for len(flags) < total {
		if at >= len(b) {
			return nil, cut
		}
		flag, count := b[at], 1
		at++
		if flag&repeatFlag != 0 {
			if at >= len(b) {
				return nil, cut
			}
			count += int(b[at])
			at++
		}
		for ; count > 0 && len(flags) < total; count-- {
			flags = append(flags, flag)
		}
	}
	xs, at, ok := coordinates(b, at, flags, xShort, xSame)
	if !ok {
		return nil, cut
	}
	ys, _, ok := coordinates(b, at, flags, yShort, ySame)
	if !ok {
		return nil, cut
	}
	contours, from := make([][]point, 0, n), 0
	for i := range n {
		end := u16(b, 10+2*i) + 1
		if end < from || end > total {
			return nil, fmt.Errorf("%w: contour %d of glyph %d", ErrFont, i, g)
		}
		c := make([]point, 0, end-from)
		for ; from < end; from++ {
			x, y := m.apply(float64(xs[from]), float64(ys[from]))
			c = append(c, point{x, y, flags[from]&onCurve != 0})
		}
		contours = append(contours, c)
	}
	return contours, nil
}

// coordinates reads one coordinate of every point, each relative to the one before.
func coordinates(b []byte, at int, flags []byte, short, same byte) (values []int, end int, ok bool) {
	values = make([]int, len(flags))
	v := 0
	for i, flag := range flags {
		switch {
		case flag&short != 0:
			if at >= len(b) {
				return nil, 0, false
			}
			d := int(b[at])
			at++
			if flag&same == 0 {
				d = -d
			}
			v += d
		case flag&same == 0:
			if at+2 > len(b) {
				return nil, 0, false
			}
			v += i16(b, at)
			at += 2
		}
		values[i] = v
	}
	return values, at, true
}
