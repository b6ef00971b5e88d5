package licences

import (
	"fmt"
	"math"

	"yinzheng/internal/pdf"
)

// The border, from the edge inwards, mm.
const (
	ruleOuter  = 8.5  // thick rule
	bandOuter  = 10.3 // thin rule outside the band
	bandInner  = 15.7 // thin rule inside the band
	ruleInner  = 16.7 // hairline
	wave       = 7.2  // about the length of one wave in the band
	waveHeight = 1.75 // from the middle of the band
)

// ornamentOf draws the ornament of an orientation and a theme.
func ornamentOf(orientation, theme string) (*pdf.Drawing, error) {
	g := pageOf(orientation)
	var s sheet
	s.ornament(g, paletteOf(theme))
	d, err := pdf.NewDrawing(g.w, g.h, func(b *pdf.Builder) {
		for _, m := range s.under {
			paintPath(b, m)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("drawing the ornament: %w", err)
	}
	return d, nil
}

// ornament draws border, band, corners and the pale rosette behind the text.
func (s *sheet) ornament(g geometry, p palette) {
	s.rosette(g, p)
	frame := func(inset, width float64, c colour) {
		s.rect(inset, inset, g.w-2*inset, g.h-2*inset, width, c)
	}
	s.band(g, p)
	frame(ruleOuter, 0.95, p.accent)
	frame(bandOuter, 0.18, p.accent)
	frame(bandInner, 0.18, p.accent)
	frame(ruleInner, 0.1, p.gilt)
	const size = bandInner - bandOuter
	for _, x := range []float64{bandOuter, g.w - bandInner} {
		for _, y := range []float64{bandOuter, g.h - bandInner} {
			s.rect(x, y, size, size, 0.18, p.accent)
			centre := point{x + size/2, y + size/2}
			s.curve(flower(centre, 0.62*size/2, 0.3*size/2, 8, 16), 0.14, p.accent)
			s.curve(flower(centre, 0.36*size/2, 0.18*size/2, 8, 16), 0.14, p.gilt)
		}
	}
}

// band fills the border with two strands of waves and two slower ones on each side, between the corners.
func (s *sheet) band(g geometry, p palette) {
	const middle = (bandOuter + bandInner) / 2
	sides := []struct {
		from, to point
	}{
		{point{bandInner, middle}, point{g.w - bandInner, middle}},
		{point{bandInner, g.h - middle}, point{g.w - bandInner, g.h - middle}},
		{point{middle, bandInner}, point{middle, g.h - bandInner}},
		{point{g.w - middle, bandInner}, point{g.w - middle, g.h - bandInner}},
	}
	for _, side := range sides {
		length := math.Hypot(side.to.x-side.from.x, side.to.y-side.from.y)
		waves := math.Round(length / wave)
		for _, strand := range []struct {
			halves int // half waves in one wave of the band
			height float64
			c      colour
		}{{1, 0.8 * waveHeight, p.gilt}, {1, -0.8 * waveHeight, p.gilt}, {2, waveHeight, p.accent}, {2, -waveHeight, p.accent}} {
			s.curve(sine(side.from, side.to, strand.halves*int(waves), strand.height), 0.16, strand.c)
		}
	}
}

// sine approximates a sine wave of so many half waves from one point to another, one cubic curve for each half wave.
func sine(from, to point, halves int, height float64) []segment {
	const reach = 0.3642 // of the half wave: where the control points of the nearest cubic lie
	dx, dy := (to.x-from.x)/float64(halves), (to.y-from.y)/float64(halves)
	length := math.Hypot(dx, dy)
	nx, ny := -dy/length*height*4/3, dx/length*height*4/3
	path := make([]segment, 0, halves+1)
	path = append(path, segment{'M', [3]point{from}})
	for i := range halves {
		a := point{from.x + dx*float64(i), from.y + dy*float64(i)}
		b := point{a.x + dx, a.y + dy}
		path = append(path, segment{'C', [3]point{
			{a.x + dx*reach + nx, a.y + dy*reach + ny}, {b.x - dx*reach + nx, b.y - dy*reach + ny}, b,
		}})
		nx, ny = -nx, -ny
	}
	return path
}

// rosette draws the pale figure of turned flowers behind the text.
func (s *sheet) rosette(g geometry, p palette) {
	centre := point{g.w / 2, (g.bodyTop + g.bodyBottom) / 2}
	r := math.Min(g.w, g.h) * 0.31
	c := p.gilt.pale(0.20)
	for _, ring := range []struct {
		r, depth float64
		petals   int
	}{{0.86, 0.14, 18}, {0.86, -0.14, 18}, {0.62, 0.12, 14}, {0.62, -0.12, 14}, {0.38, 0.13, 10}, {0.38, -0.13, 10}, {0.14, 0.10, 8}} {
		s.curve(flower(centre, ring.r*r, ring.depth*r, ring.petals, 4*ring.petals), 0.22, c)
	}
}

// flower is the closed curve r + depth*cos(petals*angle) about a centre, in so many cubic curves.
func flower(centre point, r, depth float64, petals, pieces int) []segment {
	n := float64(petals)
	at := func(angle float64) (point, point) {
		radius, slope := r+depth*math.Cos(n*angle), -n*depth*math.Sin(n*angle)
		sin, cos := math.Sincos(angle)
		return point{centre.x + radius*cos, centre.y + radius*sin}, point{slope*cos - radius*sin, slope*sin + radius*cos}
	}
	step := 2 * math.Pi / float64(pieces)
	a, da := at(0)
	path := make([]segment, 0, pieces+2)
	path = append(path, segment{'M', [3]point{a}})
	for i := 1; i <= pieces; i++ {
		b, db := at(step * float64(i))
		path = append(path, segment{'C', [3]point{
			{a.x + da.x*step/3, a.y + da.y*step/3}, {b.x - db.x*step/3, b.y - db.y*step/3}, b,
		}})
		a, da = b, db
	}
	return append(path, segment{op: 'Z'})
}

func (s *sheet) curve(path []segment, width float64, c colour) {
	s.under = append(s.under, pathMark{path: path, width: width, c: c})
}

// divider draws a diamond between two tapering lines.
func (s *sheet) divider(x, y, half float64, p palette) {
	const d = 1.15
	s.under = append(s.under, pathMark{c: p.accent, path: []segment{
		{'M', [3]point{{x - d, y}}}, {'L', [3]point{{x, y - d}}}, {'L', [3]point{{x + d, y}}}, {'L', [3]point{{x, y + d}}}, {op: 'Z'},
	}})
	for _, side := range []float64{-1, 1} {
		s.under = append(s.under, pathMark{c: p.gilt, path: []segment{
			{'M', [3]point{{x + side*3, y - 0.22}}}, {'L', [3]point{{x + side*half, y}}}, {'L', [3]point{{x + side*3, y + 0.22}}}, {op: 'Z'},
		}})
	}
}
