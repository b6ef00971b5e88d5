package verdict

import (
	"slices"
	"strings"

	"yinzheng/internal/pdf"
)

// The page, in millimetres.
const (
	paperW, paperH = 210.0, 297.0
	margin         = 20.0
	measure        = paperW - 2*margin
	bottom         = 272.0 // of what flows; the foot is below
	footY          = 285.0
	leading        = 1.55 // of a line, in font sizes
)

// Font sizes in points.
const (
	small  = 8.0
	normal = 10.0
	large  = 12.5
)

// Colours of the paper: those of the pages, on white.
func ink() pdf.Color   { return pdf.Color{R: 0x1d, G: 0x1b, B: 0x1a} }
func soft() pdf.Color  { return pdf.Color{R: 0x5b, G: 0x56, B: 0x52} }
func hair() pdf.Color  { return pdf.Color{R: 0xdd, G: 0xd6, B: 0xcf} }
func white() pdf.Color { return pdf.Color{R: 0xff, G: 0xff, B: 0xff} }

// flow sets text down the page and turns the page where it ends.
type flow struct {
	b    *pdf.Builder
	font *pdf.Font
	y    float64 // mm from the top: where the next thing begins
	page int
	foot func(f *flow)
}

func (f *flow) turn() {
	f.b.AddPage(paperW, paperH)
	f.page++
	f.y = margin
	f.foot(f)
}

// need turns the page unless h millimetres are left.
func (f *flow) need(h float64) {
	if f.page == 0 || f.y+h > bottom {
		f.turn()
	}
}

// lineHeight is that of a line, in millimetres.
func lineHeight(size float64) float64 { return size * leading * pdf.MMPerPoint }

// line draws one line whose top is y.
func (f *flow) line(x, y, size float64, s string, style pdf.TextStyle) {
	f.b.Text(x, y+lineHeight(size)*0.72, size, f.clean(s), style)
}

// lines breaks a text into lines of at most width millimetres.
func (f *flow) lines(width, size float64, s string) []string {
	return f.font.Wrap(size, width/pdf.MMPerPoint, f.clean(s))
}

// text sets a paragraph at x and moves on.
func (f *flow) text(x, width, size float64, s string, style pdf.TextStyle) {
	for _, line := range f.lines(width, size, s) {
		f.need(lineHeight(size))
		f.line(x, f.y, size, line, style)
		f.y += lineHeight(size)
	}
}

// heading begins a section that at least h millimetres of belong to.
func (f *flow) heading(s string, h float64) {
	f.need(h + 14)
	f.y += 5
	f.line(margin, f.y, large, s, pdf.TextStyle{Bold: true, Color: ink()})
	f.y += lineHeight(large) + 1
	f.rule()
}

func (f *flow) rule() {
	f.b.Line(margin, f.y, paperW-margin, f.y, 0.15, hair())
	f.y += 1.2
}

// fact is a label and paragraphs beside it: the first in ink, the others small.
func (f *flow) fact(label, value string, notes []string, colour pdf.Color) {
	const indent = 32.0
	f.need(lineHeight(normal) + float64(min(len(notes), 1))*lineHeight(small))
	f.line(margin, f.y, normal, label, pdf.TextStyle{Color: soft()})
	f.text(margin+indent, measure-indent, normal, value, pdf.TextStyle{Color: colour})
	for _, n := range notes {
		noted := soft()
		if colour != ink() {
			noted = colour
		}
		f.text(margin+indent, measure-indent, small, n, pdf.TextStyle{Color: noted})
	}
	f.y += 0.9
}

// clean replaces what the font cannot draw: names come from files, and nothing is ever drawn as a box or left out unseen.
func (f *flow) clean(s string) string {
	missing := f.font.Missing(s)
	if len(missing) == 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case slices.Contains(missing, r):
			return '?'
		}
		return r
	}, s)
}
