package licences

import "strings"

// mmPerPoint is the length of a PDF point in millimetres.
const mmPerPoint = 25.4 / 72

// metrics is what laying out needs of a font.
type metrics interface {
	// Width is the width of s in points at a size in points.
	Width(size float64, s string) float64
}

// ruler measures text, once a character.
type ruler struct {
	font metrics
	ems  map[rune]float64
}

func newRuler(font metrics) *ruler { return &ruler{font: font, ems: make(map[rune]float64, 128)} }

// em is the advance of a character in ems.
func (m *ruler) em(r rune) float64 {
	w, known := m.ems[r]
	if !known {
		w = m.font.Width(1, string(r))
		m.ems[r] = w
	}
	return w
}

// width is the width of s in mm at a size in points.
func (m *ruler) width(size float64, s string) float64 {
	ems := 0.0
	for _, r := range s {
		ems += m.em(r)
	}
	return ems * size * mmPerPoint
}

// Marks that must not begin a line, and marks that must not end one (GB/T 15834, 5).
const (
	notFirst = "，。、；：？！）》〉」』】〕％%”’·,.;:?!)]}"
	notLast  = "（《〈「『【〔“‘([{"
)

// wrap breaks s into lines of at most width mm at a size in points; the first line is shorter by indent mm. A line breaks
// between any two characters but inside a run of Latin letters and digits, before a closing mark and after an opening one;
// where no such place fits, it breaks anywhere. No character is dropped but a space at a break.
func (m *ruler) wrap(s string, size, width, indent float64) []string {
	text := []rune(s)
	var lines []string
	room := (width - indent) / (size * mmPerPoint) // in ems
	for len(text) > 0 {
		n := m.fitting(text, room)
		if n < len(text) {
			n = breakBefore(text, n)
		}
		lines = append(lines, strings.TrimRight(string(text[:n]), " "))
		text = text[n:]
		for len(text) > 0 && text[0] == ' ' {
			text = text[1:]
		}
		room = width / (size * mmPerPoint)
	}
	return lines
}

// fitting returns how many characters fit in room ems, at least one.
func (m *ruler) fitting(text []rune, room float64) int {
	const slack = 1e-6 // adding widths up is not exact
	used := 0.0
	for i, r := range text {
		used += m.em(r)
		if used > room+slack {
			return max(i, 1)
		}
	}
	return len(text)
}

// breakBefore moves a break at n back to a good place, or leaves it where there is none in the last half of the line.
func breakBefore(text []rune, n int) int {
	for i := n; i > n/2 && i > 0; i-- {
		if mayBreak(text[i-1], text[i]) {
			return i
		}
	}
	return n
}

func mayBreak(before, after rune) bool {
	if strings.ContainsRune(notFirst, after) || strings.ContainsRune(notLast, before) {
		return false
	}
	return !(latin(before) && latin(after))
}

// latin says whether a character belongs to a run that should stay together.
func latin(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == '-' || r == '_'
}
