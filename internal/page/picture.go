package page

import (
	"context"
	"fmt"
	"image"
	"image/draw"
	"io"
	"math"

	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/requests"
)

// maxScale is the finest picture, in pixels a point (288 dpi): a tiny page is not blown up to fill maxPixels.
const maxScale = 4

// Picture is what one page looks like, with its annotations and seals, as it is shown: cropped and turned.
type Picture struct {
	Image  *image.RGBA
	Box    [4]float64 // the part of user space that is shown: left bottom right top, points
	Rotate int        // 0, 90, 180 or 270: the page is turned clockwise for showing
}

// Picture draws page number n, counted from 1, with at most maxPixels pixels (0: the Config's limit). Errors: ErrDocument, ErrPage,
// ErrLimit, ErrFault, ErrClosed, or those of ctx and of reading file.
func (r *Reader) Picture(ctx context.Context, file io.ReadSeeker, n, maxPixels int) (*Picture, error) {
	if maxPixels <= 0 || maxPixels > r.config.Pixels {
		maxPixels = r.config.Pixels
	}
	var p *Picture
	err := r.open(ctx, file, func(d *document) error {
		var err error
		p, err = d.picture(n, maxPixels)
		return err
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (d *document) picture(n, maxPixels int) (*Picture, error) {
	page, err := d.page(n)
	if err != nil {
		return nil, err
	}
	size, err := d.in.GetPageSize(&requests.GetPageSize{Page: page})
	if err != nil {
		return nil, fmt.Errorf("%w: measuring page %d: %w", fault(err, ErrDocument), n, err)
	}
	p := &Picture{}
	if err := d.geometry(page, n, p); err != nil {
		return nil, err
	}
	w, h, err := pixels(size.Width, size.Height, maxPixels)
	if err != nil {
		return nil, fmt.Errorf("page %d: %w", n, err)
	}
	// Seals are widgets, which PDFium draws as parts of a form only.
	drawn, err := d.in.RenderPageInPixels(&requests.RenderPageInPixels{Page: page, Width: w, Height: h, RenderFlags: enums.FPDF_RENDER_FLAG_ANNOT, RenderForm: true, Document: &d.ref})
	if err != nil {
		return nil, fmt.Errorf("%w: drawing page %d: %w", fault(err, ErrDocument), n, err)
	}
	defer drawn.Cleanup()
	shown := drawn.Result.RenderedImage // lies in the sandbox's memory
	p.Image = image.NewRGBA(image.Rect(0, 0, shown.Bounds().Dx(), shown.Bounds().Dy()))
	draw.Draw(p.Image, p.Image.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(p.Image, p.Image.Bounds(), shown, shown.Bounds().Min, draw.Over)
	return p, nil
}

func (d *document) geometry(page requests.Page, n int, p *Picture) error {
	box, err := d.in.FPDF_GetPageBoundingBox(&requests.FPDF_GetPageBoundingBox{Page: page})
	if err != nil {
		return fmt.Errorf("%w: box of page %d: %w", fault(err, ErrDocument), n, err)
	}
	turn, err := d.in.FPDFPage_GetRotation(&requests.FPDFPage_GetRotation{Page: page})
	if err != nil {
		return fmt.Errorf("%w: rotation of page %d: %w", fault(err, ErrDocument), n, err)
	}
	p.Box = [4]float64{float64(box.Rect.Left), float64(box.Rect.Bottom), float64(box.Rect.Right), float64(box.Rect.Top)}
	p.Rotate = int(turn.PageRotation) * 90
	return nil
}

// pixels is the size of a picture of a page of w x h points.
func pixels(w, h float64, most int) (int, int, error) {
	if !(w > 0 && h > 0) || math.IsInf(w, 0) || math.IsInf(h, 0) {
		return 0, 0, fmt.Errorf("%w: page of %g x %g points", ErrDocument, w, h)
	}
	scale := min(maxScale, math.Sqrt(float64(most)/(w*h)))
	pw, ph := max(1, int(w*scale)), max(1, int(h*scale))
	if pw > most || ph > most || pw*ph > most {
		return 0, 0, fmt.Errorf("%w: page of %g x %g points has no picture of %d pixels", ErrLimit, w, h, most)
	}
	return pw, ph, nil
}

// pixel is where a point of user space is shown, in pixels from the picture's top left corner.
func (p *Picture) pixel(x, y float64) (float64, float64) {
	b := p.Image.Bounds()
	fx, fy := (x-p.Box[0])/(p.Box[2]-p.Box[0]), (y-p.Box[1])/(p.Box[3]-p.Box[1])
	switch p.Rotate {
	case 90:
		fx, fy = fy, 1-fx
	case 180:
		fx, fy = 1-fx, 1-fy
	case 270:
		fx, fy = 1-fy, fx
	}
	return fx * float64(b.Dx()), (1 - fy) * float64(b.Dy())
}
