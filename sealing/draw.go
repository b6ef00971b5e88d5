package sealing

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"math"
	"unicode"
	"unicode/utf8"

	"golang.org/x/image/vector"

	"yinzheng/internal/pdf"
)

// PictureSize is the diameter of an office's round seal, in millimetres.
const PictureSize = 42

const (
	picturePixels = 500 // 42 mm at about 300 dpi
	pixelsPerMM   = float64(picturePixels) / PictureSize
	inkLevels     = 16 // shades of an edge: 4 bits a pixel keep the picture small, and no eye tells them from 256

	minOffice = 2  // characters along the arc
	maxOffice = 30 // more would be too narrow to read at 42 mm
	maxLine   = 12 // characters below the star
)

// The layout, in millimetres from the centre of the seal.
const (
	outerRadius = PictureSize/2 - 0.2 // 0.2 mm of air, so that the edge is not cut
	ringWidth   = 1.2
	textOuter   = outerRadius - ringWidth - 1.0 // top of the characters on the arc
	starRadius  = 7.0
	starLift    = 0.4 // the star's box is centred, so its points' circle sits a little lower than the seal's
	lineTop     = 10.2
	lineHeight  = 3.9
	lineWidest  = 18.0 // width of the line below the star
	bolder      = 0.11 // added to the thickness of horizontal strokes
	hanMiddle   = 0.38 // em: height of the middle of a Chinese character above the baseline
)

// sealRed is the ink.
var sealRed = color.NRGBA{R: 0xC8, G: 0x10, B: 0x2E, A: 0xFF}

// DrawSeal draws the round seal of an office: red ring, five-point star, the office's name along the upper arc and, if
// line is not empty, one straight line below the star (e.g. 电子证照专用章). The result is a PNG of 500 x 500 pixels with
// a transparent ground, for 42 x 42 mm; the same text gives the same bytes. A name has 2 to 30 characters, a line at
// most 12. A character that cannot be drawn is ErrText, and the error names it.
func DrawSeal(office, line string) ([]byte, error) {
	font, err := pdf.Serif()
	if err != nil {
		return nil, fmt.Errorf("drawing a seal: %w", err)
	}
	if err := checkText(font, office, minOffice, maxOffice); err != nil {
		return nil, fmt.Errorf("drawing a seal: %w", err)
	}
	if err := checkText(font, line, 0, maxLine); err != nil {
		return nil, fmt.Errorf("drawing a seal: %w", err)
	}
	p := &pen{raster: vector.NewRasterizer(picturePixels, picturePixels), font: font}
	p.ring()
	p.star()
	if err := p.arc([]rune(office), line != ""); err != nil {
		return nil, fmt.Errorf("drawing a seal: %w", err)
	}
	if err := p.straight([]rune(line)); err != nil {
		return nil, fmt.Errorf("drawing a seal: %w", err)
	}
	return p.encode()
}

// checkText judges the number of characters and that each has a shape.
func checkText(font *pdf.Font, s string, least, most int) error {
	if n := utf8.RuneCountInString(s); n < least || n > most {
		return fmt.Errorf("%w: %d characters, %d to %d", ErrText, n, least, most)
	}
	for _, r := range s {
		if r == utf8.RuneError || unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return fmt.Errorf("%w: character U+%04X", ErrText, r)
		}
	}
	if missing := font.Missing(s); len(missing) > 0 {
		return fmt.Errorf("%w: the font has no %q (U+%04X)", ErrText, missing[0], missing[0])
	}
	return nil
}

// pen draws filled shapes in millimetres: origin in the centre, y downwards.
type pen struct {
	raster *vector.Rasterizer
	font   *pdf.Font
}

func (p *pen) pixel(x, y float64) (float32, float32) {
	const centre = float64(picturePixels) / 2
	return float32(centre + x*pixelsPerMM), float32(centre + y*pixelsPerMM)
}

func (p *pen) moveTo(x, y float64) { p.raster.MoveTo(p.pixel(x, y)) }

func (p *pen) lineTo(x, y float64) { p.raster.LineTo(p.pixel(x, y)) }

func (p *pen) cubeTo(x1, y1, x2, y2, x, y float64) {
	ax, ay := p.pixel(x1, y1)
	bx, by := p.pixel(x2, y2)
	cx, cy := p.pixel(x, y)
	p.raster.CubeTo(ax, ay, bx, by, cx, cy)
}

func (p *pen) quadTo(x1, y1, x, y float64) {
	ax, ay := p.pixel(x1, y1)
	bx, by := p.pixel(x, y)
	p.raster.QuadTo(ax, ay, bx, by)
}

// ring is an outer circle and an inner one of the other direction.
func (p *pen) ring() {
	p.circle(outerRadius, 1)
	p.circle(outerRadius-ringWidth, -1)
}

// circle draws four Bézier arcs; direction is 1 or -1.
func (p *pen) circle(r, direction float64) {
	const k = 0.5522847498307936 // 4/3 (√2-1)
	d := direction
	p.moveTo(r, 0)
	p.cubeTo(r, d*k*r, k*r, d*r, 0, d*r)
	p.cubeTo(-k*r, d*r, -r, d*k*r, -r, 0)
	p.cubeTo(-r, -d*k*r, -k*r, -d*r, 0, -d*r)
	p.cubeTo(k*r, -d*r, r, -d*k*r, r, 0)
	p.raster.ClosePath()
}

// star is the regular five-point star, one point up: the inner corners lie on a circle of (3-√5)/2 the radius.
func (p *pen) star() {
	inner := starRadius * (3 - math.Sqrt(5)) / 2
	for i := range 10 {
		r := starRadius
		if i%2 == 1 {
			r = inner
		}
		sin, cos := math.Sincos(float64(i) * math.Pi / 5)
		x, y := r*sin, starLift-r*cos
		if i == 0 {
			p.moveTo(x, y)
		} else {
			p.lineTo(x, y)
		}
	}
	p.raster.ClosePath()
}

// place maps a point of a character, in em with the origin in the middle of its square and y upwards, to the seal.
type place func(x, y float64) (float64, float64)

// arc sets the name along the upper arc, each character upright to the radius. Short names stand at their natural width
// with air between; long ones spread over a wider arc, a little lower and narrower.
func (p *pen) arc(name []rune, line bool) error {
	n := float64(len(name))
	height := 5.8
	switch {
	case n > 22:
		height = 4.4
	case n > 14:
		height = 5.0
	}
	radius := textOuter - height/2 // of the middle of the characters
	widest := 280 * math.Pi / 180  // how far round a name may go
	if line {
		widest = 236 * math.Pi / 180
	}
	natural := height * 0.86
	air := 1.32 + 0.08*max(0, 8-n) // pitch in widths: the shorter a name, the more air
	step := min(natural*air/radius, widest/n)
	width := min(natural, step*radius*0.97)
	for i, r := range name {
		sin, cos := math.Sincos((float64(i) - (n-1)/2) * step)
		err := p.ink(r, height, func(x, y float64) (float64, float64) {
			x, y = x*width, radius+y*height
			return x*cos + y*sin, x*sin - y*cos
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ink draws a character of the given height twice, a little apart: a printing face has horizontals too thin for a seal.
func (p *pen) ink(r rune, height float64, at place) error {
	for _, shift := range [2]float64{-bolder / 2 / height, bolder / 2 / height} {
		if err := p.glyph(r, func(x, y float64) (float64, float64) { return at(x, y+shift) }); err != nil {
			return err
		}
	}
	return nil
}

// glyph adds the shape of one character.
func (p *pen) glyph(r rune, at place) error {
	shape, err := p.font.Outline(r)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrText, err)
	}
	point := func(x, y float64) (float64, float64) { return at(x-shape.Advance/2, y-hanMiddle) }
	for _, s := range shape.Segments {
		x, y := point(s.X, s.Y)
		switch s.Op {
		case pdf.MoveTo:
			p.raster.ClosePath()
			p.moveTo(x, y)
		case pdf.LineTo:
			p.lineTo(x, y)
		case pdf.QuadTo:
			x1, y1 := point(s.X1, s.Y1)
			p.quadTo(x1, y1, x, y)
		}
	}
	p.raster.ClosePath()
	return nil
}

// straight sets the line below the star.
func (p *pen) straight(line []rune) error {
	if len(line) == 0 {
		return nil
	}
	n := float64(len(line))
	step := min(lineHeight*0.98, lineWidest/n)
	for i, r := range line {
		middle := (float64(i) - (n-1)/2) * step
		err := p.ink(r, lineHeight, func(x, y float64) (float64, float64) {
			return middle + x*step*0.97, lineTop + lineHeight/2 - y*lineHeight
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// encode writes the ink as a palette of shades of sealRed, from none to full.
func (p *pen) encode() ([]byte, error) {
	bounds := image.Rect(0, 0, picturePixels, picturePixels)
	ink := image.NewAlpha(bounds)
	p.raster.Draw(ink, bounds, image.Opaque, image.Point{})
	shades := make(color.Palette, inkLevels)
	for i := range shades {
		c := sealRed
		c.A = uint8(i * 255 / (inkLevels - 1))
		shades[i] = c
	}
	picture := image.NewPaletted(bounds, shades)
	for i, a := range ink.Pix {
		picture.Pix[i] = uint8((int(a)*(inkLevels-1) + 127) / 255)
	}
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestCompression}
	if err := e.Encode(&b, picture); err != nil {
		return nil, fmt.Errorf("drawing a seal: %w", err)
	}
	return nameEveryShade(b.Bytes()), nil
}

// nameEveryShade writes the alpha of the last shade out: image/png leaves a full one away at the end of tRNS, as it may,
// but a picture whose alpha is complete goes into a PDF as it stands.
func nameEveryShade(b []byte) []byte {
	const word = 4 // bytes of a chunk's length, kind and checksum
	at := bytes.Index(b, []byte("tRNS")) - word
	if at < 0 {
		return b
	}
	end := at + 2*word + int(binary.BigEndian.Uint32(b[at:]))
	chunk := bytes.Clone(b[at+word : end])
	for len(chunk) < word+inkLevels {
		chunk = append(chunk, 0xFF)
	}
	out := binary.BigEndian.AppendUint32(bytes.Clone(b[:at]), uint32(len(chunk)-word))
	out = binary.BigEndian.AppendUint32(append(out, chunk...), crc32.ChecksumIEEE(chunk))
	return append(out, b[end+word:]...)
}
