package licences

// placeOpen draws rows with a hairline under each value and returns the y below them.
func (l *layout) placeOpen(b block, y, each float64) float64 {
	for _, r := range b.rows {
		h := r.height + each*r.weight
		for _, c := range r.cells {
			l.label(c, c.x, y, h, l.spreadLabel(c))
			l.value(c, y, h, b.size)
			end := c.x + c.width
			if c.x+c.width < sideMargin+l.g.bodyWidth()-1 {
				end -= 5 // a gap before the next cell
			}
			l.line(c.x+c.labelWidth, y+h, end, y+h, 0.13, l.p.gilt)
		}
		y += h
	}
	return y
}

// spreadLabel returns the space after each character that sets a short label as wide as five characters (分散对齐), mm.
func (l *layout) spreadLabel(c cellBlock) float64 {
	const ems = 5
	size := c.labelSize
	if len(c.label) != 1 {
		return 0
	}
	n := len([]rune(c.label[0]))
	wide := min(ems*size*mmPerPoint, c.labelWidth-2*l.pad())
	if width := l.m.width(size, c.label[0]); n > 1 && width < wide {
		return (wide - width) / float64(n-1)
	}
	return 0
}

// placeGrid draws rows as a ruled table with tinted labels and returns the y below it.
func (l *layout) placeGrid(b block, y, each float64) float64 {
	top, width := y, l.g.bodyWidth()
	tint := l.p.gilt.pale(0.13)
	for i, r := range b.rows {
		h := r.height + each*r.weight
		for j, c := range r.cells {
			l.fill(c.x, y, c.labelWidth, h, tint)
			l.label(c, c.x+l.pad(), y, h, 0)
			l.value(c, y, h, b.size)
			l.line(c.x+c.labelWidth, y, c.x+c.labelWidth, y+h, 0.13, l.p.gilt)
			if j > 0 {
				l.line(c.x, y, c.x, y+h, 0.13, l.p.gilt)
			}
		}
		if i > 0 {
			l.line(sideMargin, y, sideMargin+width, y, 0.13, l.p.gilt)
		}
		y += h
	}
	if len(b.rows) > 0 {
		l.rect(sideMargin, top, width, y-top, 0.4, l.p.accent)
	}
	return y
}

// label sets the lines of a label one below the other, centred in a height.
func (l *layout) label(c cellBlock, x, y, h, spacing float64) {
	line := c.labelSize * mmPerPoint * lineRows
	y += (h - line*float64(len(c.label))) / 2
	for _, s := range c.label {
		y += line
		l.text(textMark{x: x, y: y - line*dropOfBaseline, size: c.labelSize, spacing: spacing, s: s, c: l.p.accent})
	}
}

// value sets the lines of a value, centred in a height and justified but for the last.
func (l *layout) value(c cellBlock, y, h, size float64) {
	x, width := c.x+c.labelWidth+l.pad(), c.width-c.labelWidth-2*l.pad()
	line := size * mmPerPoint * lineRows
	y += (h - line*float64(len(c.value))) / 2
	for i, s := range c.value {
		y += line
		space := 0.0
		if i < len(c.value)-1 {
			space = l.m.justify(s, size, width)
		}
		l.text(textMark{x: x, y: y - line*dropOfBaseline, size: size, spacing: space, s: s, c: ink()})
	}
}

// dropOfBaseline is how far the baseline lies above the bottom of a line, as a share of its height.
const dropOfBaseline = 0.285

func (s *sheet) fill(x, y, w, h float64, c colour) { s.rect(x, y, w, h, 0, c) }

// footer sets the office and the date where the seal goes, the caption of the QR and the identifier.
func (l *layout) footer() {
	f := l.kind.Face
	left := l.g.qrX + qrSize + 8
	room := 2 * (l.g.w - sideMargin - l.g.sealX)
	if wide := 2 * (l.g.sealX - left); wide < room {
		room = wide
	}
	l.office(f, room)
	date := l.v.text("issued_on")
	if f.DateLabel != "" {
		date = f.DateLabel + "：" + date
	}
	l.centred(date, l.g.sealX, l.g.dateY, 12, ink())
	l.fill(l.g.qrX, l.g.qrY, qrSize, qrSize, colour{1, 1, 1})
	l.centred(scanCaption, l.g.qrX+qrSize/2, l.g.captionY, captionSize, l.p.accent)
	l.centred(identifyPrefix+l.v.text("identifier"), l.g.w/2, l.g.identify, finePrint, l.p.accent)
}

// office sets the label and the name of the office above the date, in up to three lines of a size that fits.
func (l *layout) office(f Face, room float64) {
	name := l.v.text("issuer")
	for size := 13.0; size >= floorSize; size -= sizeStep {
		lines := l.m.wrap(name, size, room, 0)
		if f.IssuerLabel != "" {
			if l.m.width(size, f.IssuerLabel+"："+name) <= room {
				lines = []string{f.IssuerLabel + "：" + name}
			} else {
				lines = append([]string{f.IssuerLabel}, lines...)
			}
		}
		if len(lines) > 3 {
			continue
		}
		step := size * mmPerPoint * 1.35
		for i, line := range lines {
			l.centred(line, l.g.sealX, l.g.issuerY-step*float64(len(lines)-1-i), size, ink())
		}
		return
	}
	l.refused.add(TooLongForFace, "/issuer")
}

func (l *layout) centred(s string, x, y, size float64, c colour) {
	l.text(textMark{x: x - l.m.width(size, s)/2, y: y, size: size, s: s, c: c})
}
