// Package qr makes QR codes (ISO/IEC 18004) of one segment: the smallest version that holds the text, with the mask that
// scores best by the rules of clause 7.8.3. Tables and error correction come from rsc.io/qr/coding.
package qr

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"

	"rsc.io/qr/coding"
)

// quiet is the width of the light border that readers need, in modules (ISO/IEC 18004, 6.3.8).
const quiet = 4

// ErrText means that a text is empty or too long for any version.
var ErrText = errors.New("qr: text is empty or too long")

// Level is how much damage a code bears.
type Level int

// Levels of error correction: about 7, 15, 25 and 30 % of the code may be lost.
const (
	L Level = iota
	M
	Q
	H
)

// Code is a QR code without its quiet zone. Its zero value has no modules.
type Code struct {
	Size    int // modules on a side: 21 to 177
	Version int // 1 to 40
	Mask    int // 0 to 7
	dark    [][]bool
}

// Encode makes the code of a text: digits, capitals or bytes (UTF-8), whichever is the smallest that can hold it. A text
// that is empty or needs more than version 40 is ErrText.
func Encode(text string, level Level) (Code, error) {
	if level < L || level > H {
		return Code{}, fmt.Errorf("qr: no level %d", level)
	}
	if text == "" {
		return Code{}, ErrText
	}
	encoding := encodingOf(text)
	l := coding.Level(level)
	for v := coding.Version(coding.MinVersion); v <= coding.MaxVersion; v++ {
		if encoding.Bits(v) <= 8*v.DataBytes(l) {
			return best(encoding, v, l)
		}
	}
	return Code{}, fmt.Errorf("%w: %d bytes", ErrText, len(text))
}

func encodingOf(text string) coding.Encoding {
	switch {
	case coding.Num(text).Check() == nil:
		return coding.Num(text)
	case coding.Alpha(text).Check() == nil:
		return coding.Alpha(text)
	}
	return coding.String(text)
}

// best tries the eight masks and keeps the one of least penalty, the first of equals.
func best(encoding coding.Encoding, v coding.Version, l coding.Level) (Code, error) {
	var code Code
	least := -1
	for mask := range 8 {
		plan, err := coding.NewPlan(v, l, coding.Mask(mask))
		if err != nil {
			return Code{}, fmt.Errorf("qr: planning version %d: %w", v, err)
		}
		c, err := plan.Encode(encoding)
		if err != nil {
			return Code{}, fmt.Errorf("qr: encoding: %w", err)
		}
		dark := make([][]bool, c.Size)
		for y := range dark {
			dark[y] = make([]bool, c.Size)
			for x := range dark[y] {
				dark[y][x] = c.Black(x, y)
			}
		}
		if p := penalty(dark); least < 0 || p < least {
			least, code = p, Code{Size: c.Size, Version: int(v), Mask: mask, dark: dark}
		}
	}
	return code, nil
}

// Modules returns the code row by row, true for dark: modules[row][column]. The caller may keep it.
func (c Code) Modules() [][]bool {
	rows := make([][]bool, len(c.dark))
	for y := range rows {
		rows[y] = append([]bool(nil), c.dark[y]...)
	}
	return rows
}

// SVG draws the code, with its quiet zone, as one path on white, one unit a module. The title is what a screen reader
// says; it may be any text.
func (c Code) SVG(title string) []byte {
	var b bytes.Buffer
	side := c.Size + 2*quiet
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" shape-rendering="crispEdges"><title>`, side, side)
	_ = xml.EscapeText(&b, []byte(title)) // a buffer takes everything
	fmt.Fprintf(&b, `</title><rect width="%d" height="%d" fill="#fff"/><path d="`, side, side)
	for y, row := range c.dark {
		for x := 0; x < len(row); x++ {
			if !row[x] {
				continue
			}
			from := x
			for x < len(row) && row[x] {
				x++
			}
			fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
		}
	}
	b.WriteString(`"/></svg>`)
	return b.Bytes()
}
