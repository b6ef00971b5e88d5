package verdict

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"maps"
	"slices"
	"time"

	"yinzheng/internal/page"
	"yinzheng/verify"
)

// Limits of the pictures in one sheet.
const (
	MaxPictures = 6                // pages shown; a seal may ride forty
	MaxPixels   = 900_000          // of one picture: A4 at about 100 dpi, enough to read what a seal stands on
	drawTime    = 20 * time.Second // for all of them: nobody waits longer for a picture
	maxAreas    = 64               // places marked on one page
	pngBytes    = 200 << 10        // beyond which a picture in HTML is a JPEG: scans and photographs
	jpegQuality = 82
)

// Painter shows pages; *page.Reader is one.
type Painter interface {
	Picture(ctx context.Context, file io.ReadSeeker, n, maxPixels int) (*page.Picture, error)
}

// Page is a signed page with the places of its signatures marked.
type Page struct {
	Number  int         // from 1
	Marked  []int       // Card.Number of what is marked on it, ascending
	Picture *image.RGBA // nil when the page could not be drawn
	Alt     string      // what the picture shows, in words
}

// Draw fills Pages from the document that was judged. A page that cannot be drawn is there without a picture: the judgement does
// not depend on it. Without a painter there are no pages.
func (s *Sheet) Draw(ctx context.Context, painter Painter, file io.ReadSeeker, r verify.Report) {
	if painter == nil || file == nil {
		return
	}
	ctx, stop := context.WithTimeout(ctx, drawTime)
	defer stop()
	areas, marked := s.areas(r)
	numbers := slices.Sorted(maps.Keys(areas))
	if len(numbers) > MaxPictures {
		s.Unshown, numbers = len(numbers)-MaxPictures, numbers[:MaxPictures]
	}
	for _, n := range numbers {
		p := Page{Number: n, Marked: marked[n]}
		var who string
		for i, number := range p.Marked {
			if i > 0 {
				who += "; "
			}
			who += s.Signatures[number-1].Title()
		}
		p.Alt = s.say("pages.alt", fmt.Sprint(n), who)
		if picture, err := painter.Picture(ctx, file, n, MaxPixels); err == nil {
			if p.Picture, err = picture.Mark(areas[n]); err != nil {
				p.Picture = nil
			}
		}
		s.Pages = append(s.Pages, p)
	}
}

// areas are the places of each page, and the signatures that they are of.
func (s *Sheet) areas(r verify.Report) (areas map[int][]page.Area, marked map[int][]int) {
	areas, marked = map[int][]page.Area{}, map[int][]int{}
	for i, one := range r.Signatures {
		for _, p := range one.Places {
			if p.Page < 1 || len(areas[p.Page]) == maxAreas {
				continue
			}
			areas[p.Page] = append(areas[p.Page], page.Area{
				Rect: p.Rect, Label: fmt.Sprintf("%d %s", i+1, s.T("verdict."+one.Verdict.String())), Colour: Colour(one.Verdict),
			})
			if !slices.Contains(marked[p.Page], i+1) {
				marked[p.Page] = append(marked[p.Page], i+1)
			}
		}
	}
	return areas, marked
}

// Colour is that of a verdict: dark enough to be written in on white, and to be written on in white.
func Colour(v verify.Verdict) color.NRGBA {
	switch v {
	case verify.Valid:
		return color.NRGBA{0x0a, 0x5c, 0x36, 0xff}
	case verify.Invalid:
		return color.NRGBA{0x9b, 0x1c, 0x16, 0xff}
	case verify.Indeterminate:
	}
	return color.NRGBA{0x7a, 0x4b, 0x00, 0xff}
}

// Width and Height are those of the picture, in pixels; 0 without one.
func (p Page) Width() int { return p.bounds().X }

// Height: see Width.
func (p Page) Height() int { return p.bounds().Y }

func (p Page) bounds() image.Point {
	if p.Picture == nil {
		return image.Point{}
	}
	return p.Picture.Bounds().Size()
}

// PNG encodes the picture.
func (p Page) PNG() ([]byte, error) {
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, p.Picture); err != nil {
		return nil, fmt.Errorf("encoding the picture of page %d: %w", p.Number, err)
	}
	return b.Bytes(), nil
}

// DataURL is the picture for a page of HTML: nothing is kept for a second request. "" without a picture.
func (p Page) DataURL() (string, error) {
	if p.Picture == nil {
		return "", nil
	}
	b, err := p.PNG()
	if err != nil {
		return "", err
	}
	kind := "image/png"
	if len(b) > pngBytes {
		var smaller bytes.Buffer
		if err := jpeg.Encode(&smaller, p.Picture, &jpeg.Options{Quality: jpegQuality}); err != nil {
			return "", fmt.Errorf("encoding the picture of page %d: %w", p.Number, err)
		}
		if smaller.Len() < len(b) {
			b, kind = smaller.Bytes(), "image/jpeg"
		}
	}
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(b), nil
}
