package pdf

import (
	"fmt"
	"math"
	"time"
	"unicode"
	"unicode/utf8"
)

// MMPerPoint is one point (1/72 inch) in millimetres.
const MMPerPoint = 25.4 / 72

// Limits of what is built: a licence has one page, a list of annexes a few dozen.
const (
	maxPages       = 1000
	maxPageSide    = 5000.0 // mm; PDF's own limit is 5,080
	maxContent     = 16 << 20
	maxAttachments = 100
	maxPictures    = 200 // below maxKeys, so that a page can show them all
	maxTextRunes   = 20_000
)

// Info describes a document. Title is shown in the reader's window.
type Info struct {
	Title   string
	Author  string // the issuing office
	Subject string
	Creator string    // the program that asked for the document
	Created time.Time // zero: the document carries no date
	Font    *Font     // nil: Serif
}

// Builder writes one document. The same calls give the same bytes. Measures are millimetres from the page's top left
// corner, font sizes points. The first mistake is kept, everything after it is ignored, and Bytes returns it. A Builder is
// for one goroutine; its zero value is not usable, see New.
type Builder struct {
	info     Info
	font     *subset
	pages    []*page
	pictures []*picture
	drawings []*Drawing
	attached []attached
	deflate  deflater
	err      error
}

// New starts a document without pages.
func New(info Info) *Builder {
	b := &Builder{info: info}
	font := info.Font
	if font == nil {
		var err error
		if font, err = Serif(); err != nil {
			b.fail(err)
			return b
		}
	}
	b.font = newSubset(font)
	for _, s := range []string{info.Title, info.Author, info.Subject, info.Creator} {
		if !writable(s) {
			b.fail(fmt.Errorf("%w: %q", ErrText, s))
		}
	}
	return b
}

func (b *Builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// writable reports whether a text can stand in the document's information: UTF-8 without control characters.
func writable(s string) bool {
	if len(s) > 4*maxTextRunes || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.In(r, unicode.C) || r == unicode.ReplacementChar {
			return false
		}
	}
	return true
}

// Color is an sRGB colour; the zero value is black.
type Color struct{ R, G, B uint8 }

// page is one page's content stream while it is written, with the parts of the graphics state that it has set.
type page struct {
	w, h     float64 // mm
	content  []byte
	fill     Color
	stroke   Color
	line     milli // line width, thousandths of a point; 0: not set yet
	spacing  milli
	pictures []int // indexes of the document's pictures that it shows
	drawings []int // and of its drawings
	text     bool
}

// AddPage starts a page of w x h millimetres, e.g. 210 x 297; what is drawn afterwards is drawn on it.
func (b *Builder) AddPage(w, h float64) {
	if !within(w, 1, maxPageSide) || !within(h, 1, maxPageSide) || len(b.pages) == maxPages {
		b.fail(fmt.Errorf("%w: page %d of %g x %g mm", ErrPage, len(b.pages)+1, w, h))
		return
	}
	b.pages = append(b.pages, &page{w: w, h: h})
}

// current is the page being drawn on, or nil after a mistake. Every number that will be written must be given.
func (b *Builder) current(numbers ...float64) *page {
	if b.err != nil {
		return nil
	}
	if len(b.pages) == 0 {
		b.fail(fmt.Errorf("%w: drawing before the first page", ErrPage))
		return nil
	}
	for _, n := range numbers {
		if !within(n, -maxPageSide, maxPageSide) {
			b.fail(fmt.Errorf("%w: %g on page %d", ErrPage, n, len(b.pages)))
			return nil
		}
	}
	p := b.pages[len(b.pages)-1]
	if len(p.content) > maxContent {
		b.fail(fmt.Errorf("%w: page %d has more than %d bytes of content", ErrPage, len(b.pages), maxContent))
		return nil
	}
	return p
}

// within is false for NaN too.
func within(v, least, most float64) bool { return v >= least && v <= most }

// points turns millimetres into thousandths of a point, which is the grid of everything written.
func points(mm float64) milli { return milli(math.Round(mm / MMPerPoint * 1000)) }

// at writes a place given from the top left.
func (p *page) at(x, y float64) {
	p.num(points(x))
	p.num(points(p.h - y))
}

func (p *page) num(v milli) { p.content = append(v.appendTo(p.content), ' ') }

func (p *page) op(s string) {
	p.content = append(p.content, s...)
	p.content = append(p.content, '\n')
}

func (p *page) setFill(c Color) {
	if c != p.fill {
		p.fill = c
		p.color(c, "rg")
	}
}

func (p *page) setStroke(c Color) {
	if c != p.stroke {
		p.stroke = c
		p.color(c, "RG")
	}
}

func (p *page) color(c Color, op string) {
	for _, v := range []uint8{c.R, c.G, c.B} {
		p.num(milli((int(v)*1000 + 127) / 255))
	}
	p.op(op)
}

func (p *page) setLine(mm float64) {
	if w := points(mm); w != p.line {
		p.line = w
		p.num(w)
		p.op("w")
	}
}
