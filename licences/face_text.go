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
// between any two characters but inside a run of Latin letters and digits or before its counter, before a closing mark and
// after an opening one; where no such place fits, it breaks anywhere. No character is dropped but a space at a break.
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

// breakBefore moves a break at n back to a good place, or leaves it where only the first third of the line has one.
func breakBefore(text []rune, n int) int {
	for i := n; i > n/3 && i > 0; i-- {
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
	if before >= '0' && before <= '9' && strings.ContainsRune(counters, after) {
		return false
	}
	return !(latin(before) && latin(after))
}

// counters stay with the number before them.
const counters = "年月日号"

// wrapLabel breaks a label into two lines of about the same length, before a bracket if it has one, when it is wider than
// width mm at a size in points. It returns the lines and the size, down to smallestLabel of the one given, at which they fit.
func (m *ruler) wrapLabel(s string, size, width float64) ([]string, float64) {
	if w := m.width(size, s); w <= width/smallestLabel {
		return []string{s}, size * min(1, width/w)
	}
	text := []rune(s)
	half := len(text) / 2
	for i, r := range text {
		if r == '（' && i > 1 {
			half = i
		}
	}
	lines := []string{string(text[:half]), string(text[half:])}
	w := max(m.width(size, lines[0]), m.width(size, lines[1]))
	if w <= width/smallestLabel {
		return lines, size * min(1, width/w)
	}
	return m.wrap(s, size, width, 0), size
}

// smallestLabel is how far a label shrinks before it is broken into lines.
const smallestLabel = 0.85

// justify returns the space after each character, mm, that makes a line as wide as width; 0 for a line that is far shorter.
func (m *ruler) justify(line string, size, width float64) float64 {
	n := len([]rune(line)) - 1
	spare := width - m.width(size, line)
	if n < 1 || spare < 0 || spare > loosest*float64(n)*size*mmPerPoint {
		return 0
	}
	return spare / float64(n)
}

// loosest is the widest space that justify sets between two characters, in ems.
const loosest = 0.12

// latin says whether a character belongs to a run that should stay together.
func latin(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == '-' || r == '_'
}
