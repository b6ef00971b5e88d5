package licences

import (
	"math"
	"strings"
)

// Sizes of text, in points, and its spacing.
const (
	rowSize     = 13.0 // of rows, when there is room
	proseSize   = 16.0 // of a face that is all paragraphs
	floorSize   = 8.0  // smaller is not legible on paper
	sizeStep    = 0.5
	lineRows    = 1.42 // line height in rows, in ems
	lineProse   = 1.85 // line height of paragraphs
	cellPad     = 1.7  // mm above and below the text of a cell
	captionSize = 7.5
	finePrint   = 7.0
	spareLimit  = 5.5 // mm of spare height that a row takes for each unit of weight
)

// Texts on every face.
const (
	scanCaption    = "扫码核验"
	identifyPrefix = "电子证照标识："
	emptyValue     = "／" // printed for an optional value that is not there
)

// layout puts one licence on a sheet.
type layout struct {
	kind *Kind
	v    values
	g    geometry
	p    palette
	m    *ruler
	sheet
	refused refusals
}

// face lays a licence out; what does not fit is refused.
func (k *Kind) face(v values, font metrics) (*layout, error) {
	l := &layout{kind: k, v: v, g: pageOf(k.Face.Orientation), p: paletteOf(k.Face.Theme), m: newRuler(font)}
	l.header()
	l.body()
	l.footer()
	return l, l.refused.err()
}

func (l *layout) header() {
	f := l.kind.Face
	if f.Subtitle != "" {
		l.spread(f.Subtitle, l.g.subtitleY, 14, 0.25, false)
	}
	gap := 0.22
	if n := len([]rune(f.Title)); n <= 4 {
		gap = 0.75
	}
	l.spread(f.Title, l.g.titleY, l.g.titleSize, gap, true)
	if f.Number != nil {
		label := f.Number.Label + "："
		value := l.v.text(f.Number.Value)
		const size = 11.5
		width := l.m.width(size, label+value)
		if width > l.g.bodyWidth() {
			l.refused.add(TooLongForFace, l.pointer(f.Number.Value))
		}
		x := (l.g.w - width) / 2
		l.text(textMark{x: x, y: l.g.numberY, size: size, s: label, c: l.p.accent})
		l.text(textMark{x: x + l.m.width(size, label), y: l.g.numberY, size: size, s: value, c: ink()})
	}
	l.divider(l.g.w/2, l.g.numberY+4.4, l.g.bodyWidth()*0.32, l.p)
}

// spread centres a text on the page with gap ems between its characters.
func (l *layout) spread(s string, y, size, gap float64, bold bool) {
	n := float64(len([]rune(s)) - 1)
	space := gap * size * mmPerPoint
	width := l.m.width(size, s) + n*space
	if room := l.g.bodyWidth(); width > room { // titles of kinds are bounded, but may be long
		size *= room / width
		space *= room / width
		width = room
	}
	l.text(textMark{x: (l.g.w - width) / 2, y: y, size: size, spacing: space, s: s, c: l.p.accent, bold: bold})
}

// pointer is where in a request a value came from.
func (l *layout) pointer(name string) string {
	if _, isField := l.kind.Field(name); isField {
		return pointer("fields", name)
	}
	switch name {
	case "holder.name", "holder.code", "holder.code_type":
		return "/" + strings.ReplaceAll(name, ".", "/")
	}
	return pointer(name)
}

// body finds the largest size at which paragraphs, rows and notes fit, and places them.
func (l *layout) body() {
	f := l.kind.Face
	start := rowSize
	if len(f.Rows) == 0 {
		start = proseSize
	}
	room := l.g.bodyBottom - l.g.bodyTop
	for size := start; size >= floorSize; size -= sizeStep {
		b := l.measure(size)
		if b.height() <= room {
			l.place(b, room)
			return
		}
	}
	l.refused.add(TooLongForFace, l.pointer(l.longest()))
}

// longest names the value that takes most of the body.
func (l *layout) longest() string {
	name, most := "", -1
	look := func(n string) {
		if length := len(l.v.text(n)); length > most {
			name, most = n, length
		}
	}
	for _, row := range l.kind.Face.Rows {
		for _, c := range row.Cells {
			look(c.Value)
		}
	}
	for _, text := range l.kind.Face.Paragraphs {
		for _, m := range embedded.FindAllStringSubmatch(text, -1) {
			look(m[1])
		}
	}
	return name
}

// place draws a body that fits, sharing spare height among the rows.
func (l *layout) place(b block, room float64) {
	y := l.g.bodyTop
	spare := room - b.height()
	if len(b.rows) == 0 { // a face of paragraphs sits a little above the middle
		y += math.Min(spare*0.3, 22)
	}
	y = l.placeProse(b, y)
	weights := 0.0
	for _, r := range b.rows {
		weights += r.weight
	}
	each := 0.0
	if weights > 0 {
		each = math.Min(spare/weights, spareLimit)
	}
	if l.kind.Face.Style == "grid" {
		y = l.placeGrid(b, y, each)
	} else {
		y = l.placeOpen(b, y, each)
	}
	y += 2
	for _, lines := range b.notes {
		for _, line := range lines {
			y += noteLine
			l.text(textMark{x: sideMargin, y: y - 1, size: noteSize, s: line, c: l.p.accent})
		}
	}
}

func (l *layout) placeProse(b block, y float64) float64 {
	size := b.proseSize()
	for _, lines := range b.paragraphs {
		for i, line := range lines {
			x := sideMargin
			if i == 0 {
				x += 2 * size * mmPerPoint
			}
			y += b.proseLine()
			space := 0.0
			if i < len(lines)-1 {
				space = l.m.justify(line, size, sideMargin+l.g.bodyWidth()-x)
			}
			l.text(textMark{x: x, y: y - 0.3*b.proseLine(), size: size, spacing: space, s: line, c: ink()})
		}
	}
	if len(b.paragraphs) > 0 {
		y += 3
	}
	return y
}
