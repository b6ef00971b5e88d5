package licences

// Sizes of the page and its parts, in mm.
const (
	a4Short = 210.0
	a4Long  = 297.0

	sealSize   = 42.0 // diameter of the round seal of an office
	qrSize     = 25.0 // with its quiet zone
	sideMargin = 27.0 // from the edge to the text

	minValueWidth = 15 // of a cell, without its label
)

// geometry is where the parts of a page go; y grows downwards.
type geometry struct {
	w, h                         float64
	subtitleY, titleY, numberY   float64 // baselines
	titleSize                    float64 // points
	bodyTop, bodyBottom          float64
	sealX, sealY                 float64 // centre
	issuerY, dateY               float64 // baselines, issuer for one line
	qrX, qrY, captionY, identify float64
}

// pageOf returns the geometry of an orientation.
func pageOf(orientation string) geometry {
	g := geometry{w: a4Short, h: a4Long, subtitleY: 38, titleY: 54, numberY: 66.5, titleSize: 32, bodyTop: 75}
	if orientation == "landscape" {
		g = geometry{w: a4Long, h: a4Short, subtitleY: 30, titleY: 43, numberY: 54, titleSize: 34, bodyTop: 62}
	}
	g.bodyBottom = g.h - 69
	g.sealX, g.sealY = g.w-sideMargin-30, g.h-44
	g.issuerY, g.dateY = g.h-45.5, g.h-37
	g.qrX, g.qrY = sideMargin, g.h-53
	g.captionY, g.identify = g.h-25.6, g.h-19.4
	return g
}

// bodyWidth is the width of rows and paragraphs.
func (g geometry) bodyWidth() float64 { return g.w - 2*sideMargin }

// colour is red, green and blue, 0 to 1.
type colour [3]float64

// pale mixes a colour with white; share is what remains of it.
func (c colour) pale(share float64) colour {
	for i := range c {
		c[i] = 1 - (1-c[i])*share
	}
	return c
}

// ink is the colour of values.
func ink() colour { return colour{0.10, 0.10, 0.12} }

// palette are the colours of a face.
type palette struct {
	accent colour // border, title and labels
	gilt   colour // ornament between the rules
}

// paletteOf returns the colours of a theme.
func paletteOf(theme string) palette {
	switch theme {
	case "jade":
		return palette{accent: colour{0.05, 0.33, 0.27}, gilt: colour{0.36, 0.62, 0.53}}
	case "gold":
		return palette{accent: colour{0.45, 0.27, 0.08}, gilt: colour{0.78, 0.58, 0.25}}
	case "indigo":
		return palette{accent: colour{0.10, 0.20, 0.42}, gilt: colour{0.40, 0.52, 0.74}}
	case "rosewood":
		return palette{accent: colour{0.45, 0.09, 0.13}, gilt: colour{0.78, 0.48, 0.42}}
	}
	return palette{accent: colour{0.20, 0.24, 0.29}, gilt: colour{0.55, 0.60, 0.66}}
}

// sheet is everything drawn on a page, in order.
type sheet struct {
	texts []textMark
	under []pathMark // below the texts, in order
}

// textMark is one line of text; x is its left end, y its baseline.
type textMark struct {
	x, y, size, spacing float64 // mm, points, and mm added after each character
	s                   string
	c                   colour
	bold                bool
}

// pathMark is a stroked or filled path; width is in mm, 0 for filled.
type pathMark struct {
	path  []segment
	width float64
	c     colour
}

// segment is a step of a path: 'M' to p[0], 'L' to p[0], 'C' by p[0] and p[1] to p[2], or 'Z'.
type segment struct {
	op byte
	p  [3]point
}

// point is a place on the page in mm.
type point struct{ x, y float64 }

func (s *sheet) text(m textMark) {
	if m.s != "" {
		s.texts = append(s.texts, m)
	}
}

func (s *sheet) line(x1, y1, x2, y2, width float64, c colour) {
	s.under = append(s.under, pathMark{width: width, c: c, path: []segment{
		{'M', [3]point{{x1, y1}}}, {'L', [3]point{{x2, y2}}},
	}})
}

func (s *sheet) rect(x, y, w, h, width float64, c colour) {
	s.under = append(s.under, pathMark{width: width, c: c, path: []segment{
		{'M', [3]point{{x, y}}}, {'L', [3]point{{x + w, y}}}, {'L', [3]point{{x + w, y + h}}}, {'L', [3]point{{x, y + h}}}, {op: 'Z'},
	}})
}
