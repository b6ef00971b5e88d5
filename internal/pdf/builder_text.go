package pdf

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// maxTextSize is the largest font size in points: the height of an A0 page.
const maxTextSize = 3370

// boldStroke is the width of the line around the shapes of bold text, in em: the weight of a printed heading.
const boldStroke = 0.028

// Align says how a text stands to its place.
type Align uint8

// Alignments of a text at x.
const (
	Left   Align = iota // starts at x
	Center              // has its middle at x
	Right               // ends at x
	Spread              // its characters are spread evenly from x over Width
)

// TextStyle is how a text is drawn; the zero value is black, regular, starting at x.
type TextStyle struct {
	Align   Align
	Width   float64 // mm, of Spread
	Spacing float64 // extra space after each character but the last, mm; not with Spread
	Color   Color
	Bold    bool // drawn with a stroke of its own colour around the shapes
}

// Text draws one line of text of a size in points with its baseline at y. A character that the font lacks is a
// *MissingGlyphError: nothing is ever drawn as a box.
func (b *Builder) Text(x, y, size float64, s string, o TextStyle) {
	p := b.current(x, y, o.Width, o.Spacing)
	if p == nil || s == "" {
		return
	}
	n := utf8.RuneCountInString(s)
	if !within(size, 0.1, maxTextSize) || n > maxTextRunes {
		b.fail(fmt.Errorf("%w: text of %d characters, %g points", ErrPage, n, size))
		return
	}
	codes := make([]byte, 0, 4*n)
	for _, r := range s {
		cid, ok := b.font.cid(r)
		if !ok {
			b.fail(&MissingGlyphError{Rune: r, Text: s})
			return
		}
		codes = append(codes, lowerHex[cid>>12], lowerHex[cid>>8&15], lowerHex[cid>>4&15], lowerHex[cid&15])
	}
	width := b.font.font.Width(size, s) * MMPerPoint
	spacing := o.Spacing
	if o.Align == Spread {
		spacing = 0
		if n > 1 {
			spacing = (o.Width - width) / float64(n-1)
		} else {
			x += (o.Width - width) / 2
		}
	}
	width += spacing * float64(n-1)
	switch o.Align {
	case Center:
		x -= width / 2
	case Right:
		x -= width
	case Left, Spread:
	}
	p.show(x, y, size, points(spacing), codes, o)
}

// show writes one text object.
func (p *page) show(x, y, size float64, spacing milli, codes []byte, o TextStyle) {
	p.text = true
	p.setFill(o.Color)
	if o.Bold {
		p.setStroke(o.Color)
		p.setLine(size * boldStroke * MMPerPoint)
	}
	p.content = append(p.content, "BT "...)
	if o.Bold {
		p.content = append(p.content, "2 Tr "...)
	}
	if spacing != p.spacing {
		p.spacing = spacing
		p.num(spacing)
		p.content = append(p.content, "Tc "...)
	}
	p.content = append(p.content, "/F1 "...)
	p.num(milli(math.Round(size * 1000)))
	p.content = append(p.content, "Tf "...)
	p.at(x, y)
	p.content = append(p.content, "Td <"...)
	p.content = append(p.content, codes...)
	p.content = append(p.content, "> Tj "...)
	if o.Bold {
		p.content = append(p.content, "0 Tr "...)
	}
	p.op("ET")
}

// Closing marks may not start a line, opening ones may not end it (GB/T 15834-2011, 5.1).
const (
	closing = "，。、；：！？）》」』】〕〉”’％…—·,.;:!?)]}%"
	opening = "（《「『【〔〈“‘([{"
)

// Wrap breaks s into lines of at most width points at the given size: between any two Chinese characters, between Latin
// words, at line feeds; a closing mark never starts a line. A word longer than a line is cut. There is at least one line.
func (f *Font) Wrap(size, width float64, s string) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(s, "\n") {
		lines = append(lines, f.wrap(size, width, []rune(paragraph))...)
	}
	return lines
}

func (f *Font) wrap(size, width float64, s []rune) []string {
	var lines []string
	for len(s) > 0 {
		fit, used := 0, 0.0
		for fit < len(s) {
			used += f.Width(size, string(s[fit]))
			if used > width && fit > 0 {
				break
			}
			fit++
		}
		cut := fit
		for cut > 0 && cut < len(s) && !mayBreak(s[cut-1], s[cut]) {
			cut--
		}
		if cut == 0 {
			cut = fit
		}
		lines = append(lines, strings.TrimRight(string(s[:cut]), " "))
		for s = s[cut:]; len(s) > 0 && s[0] == ' '; {
			s = s[1:]
		}
	}
	if len(lines) == 0 {
		return []string{""}
	}
	return lines
}

// mayBreak reports whether a line may end after a and the next one start with b.
func mayBreak(a, b rune) bool {
	switch {
	case strings.ContainsRune(closing, b) || strings.ContainsRune(opening, a):
		return false
	case a == ' ' || b == ' ':
		return true
	}
	return a >= 0x2E80 || b >= 0x2E80 // CJK and its punctuation
}
