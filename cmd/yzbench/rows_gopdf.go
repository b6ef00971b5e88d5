package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"unicode/utf16"

	"github.com/signintech/gopdf"
)

// fontFile is the face's font, from the checkout's root.
const fontFile = "internal/pdf/fontdata/NotoSerifSC-Regular.ttf"

// textRun is one text of the page: its baseline begins at x, y points from the bottom left corner.
type textRun struct {
	size, x, y float64
	text       string
}

// What our writer writes: the page's size, a text, and a line of a ToUnicode table.
var (
	mediaBox = regexp.MustCompile(`/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]`)
	textShow = regexp.MustCompile(`/F1 ([\d.]+) Tf ([\d.-]+) ([\d.-]+) Td <([0-9a-f]+)> Tj`)
	bfChar   = regexp.MustCompile(`(?m)^<([0-9a-f]{4})> <([0-9a-f]+)>$`)
)

func gopdfRow(context.Context, *lab) (*pair, error) {
	return facePeer(func(p *printed, ttf []byte) (func() ([]byte, error), error) {
		fonts := &gopdf.FontContainer{}
		if err := fonts.AddTTFFontData("serif", ttf); err != nil {
			return nil, fmt.Errorf("reading the font : %w", err)
		}
		return func() ([]byte, error) { return p.draw(fonts) }, nil
	})
}

// facePeer renders the sample beside another library that sets its texts.
func facePeer(peer func(p *printed, ttf []byte) (draw func() ([]byte, error), err error)) (*pair, error) {
	kind, l, doc, err := face()
	if err != nil {
		return nil, err
	}
	p, err := readPage(doc)
	if err != nil {
		return nil, err
	}
	ttf, err := findFont()
	if err != nil {
		return nil, err
	}
	draw, err := peer(p, ttf)
	if err != nil {
		return nil, err
	}
	theirs, err := draw()
	if err != nil {
		return nil, err
	}
	return &pair{
		ours: each(func() error { return render(kind, l) }),
		beside: each(func() error {
			_, err := draw()
			return err
		}),
		notes: func() ([]string, error) {
			return []string{fmt.Sprintf("%d texts of %d characters; files of %d and %d bytes", len(p.runs), p.characters(), len(doc), len(theirs))}, nil
		},
	}, nil
}

// printed is a page's size in points and its texts.
type printed struct {
	w, h float64
	runs []textRun
}

func (p *printed) characters() int {
	n := 0
	for _, r := range p.runs {
		n += len([]rune(r.text))
	}
	return n
}

// readPage reads the texts of a one-page document of ours back.
func readPage(doc []byte) (*printed, error) {
	streams, err := inflated(doc)
	if err != nil {
		return nil, err
	}
	box := mediaBox.FindSubmatch(doc)
	if box == nil {
		return nil, errors.New("the face has no size")
	}
	p := &printed{w: number(box[1]), h: number(box[2])}
	chars := map[string]string{}
	for _, s := range streams {
		if !bytes.Contains(s, []byte("beginbfchar")) {
			continue
		}
		for _, m := range bfChar.FindAllSubmatch(s, -1) {
			chars[string(m[1])] = decodeUTF16(string(m[2]))
		}
	}
	for _, s := range streams {
		for _, m := range textShow.FindAllSubmatch(s, -1) {
			run := textRun{size: number(m[1]), x: number(m[2]), y: number(m[3])}
			for codes := string(m[4]); len(codes) >= 4; codes = codes[4:] {
				run.text += chars[codes[:4]]
			}
			p.runs = append(p.runs, run)
		}
	}
	if p.characters() == 0 {
		return nil, errors.New("the face has no text")
	}
	return p, nil
}

// number reads what a regular expression has found to be one.
func number(b []byte) float64 {
	v, _ := strconv.ParseFloat(string(b), 64)
	return v
}

func decodeUTF16(digits string) string {
	b, err := hex.DecodeString(digits)
	if err != nil {
		return ""
	}
	var units []uint16
	for i := 0; i+1 < len(b); i += 2 {
		units = append(units, uint16(b[i])<<8|uint16(b[i+1]))
	}
	return string(utf16.Decode(units))
}

// draw sets the texts with gopdf; the font was parsed before.
func (p *printed) draw(fonts *gopdf.FontContainer) ([]byte, error) {
	var g gopdf.GoPdf
	g.Start(gopdf.Config{PageSize: gopdf.Rect{W: p.w, H: p.h}})
	g.SetCompressLevel(deflateLevel)
	if err := g.AddTTFFontFromFontContainer("serif", fonts); err != nil {
		return nil, err
	}
	g.AddPage()
	size := 0.0
	for _, r := range p.runs {
		if r.size != size {
			size = r.size
			if err := g.SetFont("serif", "", size); err != nil {
				return nil, err
			}
		}
		g.SetXY(r.x, p.h-r.y)
		if err := g.Text(r.text); err != nil {
			return nil, err
		}
	}
	return g.GetBytesPdfReturnErr()
}

// findFont reads the font from the checkout that the working directory is in.
func findFont() ([]byte, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	for {
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(fontFile)))
		if !errors.Is(err, fs.ErrNotExist) {
			return b, err
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil, fmt.Errorf("%s is in no folder above: run yzbench inside a checkout", fontFile)
		}
		dir = parent
	}
}
