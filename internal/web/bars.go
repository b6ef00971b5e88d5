package web

import (
	"fmt"
	"html/template"
	"strings"

	"yinzheng/internal/verdict"
)

// barUnits is the width of a bar in its own units; it is stretched to the width there is.
const barUnits = 1000

// strip draws parts of a bar, each from and to with a class. Everything in it is a number, a class of ours or escaped.
type strip struct{ strings.Builder }

func newStrip(label string) *strip {
	b := &strip{}
	fmt.Fprintf(b, `<svg class="bytes" viewBox="0 0 %d 20" preserveAspectRatio="none" role="img" aria-label="%s">`, barUnits, template.HTMLEscapeString(label))
	return b
}

func (b *strip) part(class string, from, to float64) {
	const gap = 2 // between two parts
	x, end := int(from*barUnits), int(to*barUnits)
	if end < barUnits {
		end -= gap
	}
	fmt.Fprintf(b, `<rect class="%s" x="%d" y="0" width="%d" height="20"/>`, class, x, max(1, end-x))
}

func (b *strip) end() template.HTML { return template.HTML(b.String() + "</svg>") } //nolint:gosec // see strip

// Whole draws the file, cut where signatures end.
func (v view) Whole(c *verdict.Coverage) template.HTML {
	last := c.Segments[len(c.Segments)-1]
	b := newStrip(v.T("report.coverage.file") + " 0–" + verdict.Bytes(last.End))
	for _, s := range c.Segments {
		class := "after"
		if s.Signed {
			class = "signed"
		}
		b.part(class, s.From, s.To)
	}
	return b.end()
}

// Bar draws what one signature covers.
func (v view) Bar(c *verdict.Coverage, row verdict.Covered) template.HTML {
	b := newStrip(fmt.Sprintf("%d %s %s", row.Number, v.T("report.covered"), v.Range(c, row)))
	for i, s := range c.Segments {
		class := "after"
		if i < row.Segments {
			class = "covered"
		}
		b.part(class, s.From, s.To)
	}
	return b.end()
}

// Range says what one signature covers.
func (v view) Range(c *verdict.Coverage, row verdict.Covered) string {
	if row.Segments == 0 {
		return v.T("card.unknown")
	}
	return "0–" + verdict.Bytes(c.Segments[row.Segments-1].End)
}
