package sealing

import (
	"errors"
	"fmt"
	"slices"

	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/increment"
	"yinzheng/internal/ses"
)

// pointsPerMM turns millimetres into points.
const pointsPerMM = 72 / 25.4

// Place is where the picture goes, in millimetres from the page's top left corner, or a signature field that is there.
type Place struct {
	Field      string     // name of an empty signature field whose place it takes; "" for a new field
	Page       int        // from 1
	X, Y, W, H float64    // of the part that is shown; W and H zero for the size of the seal
	Centred    bool       // X, Y are its middle
	Part       [4]float64 // of the picture: left, bottom, right, top from 0 to 1; zero for the whole
}

// sized fills in the seal's own size and the corner of what is centred.
func (p Place) sized(width, height int) Place {
	if p.W == 0 && p.H == 0 {
		p.W, p.H = float64(width), float64(height)
	}
	if p.Centred {
		p.X, p.Y, p.Centred = p.X-p.W/2, p.Y-p.H/2, false
	}
	return p
}

// Edge is a side of the page.
type Edge string

// The edges that a seal can ride.
const (
	EdgeRight Edge = "right"
	EdgeLeft  Edge = "left"
)

// maxRiding bounds the pages that one seal rides: a slice narrower than a millimetre shows nothing. Longer files ride in groups.
const maxRiding = 40

// Riding divides a seal of size millimetres over the edge of pages from first to last (骑缝章): each shows a slice of equal
// width, y millimetres from its top, and only all together show the seal. Widths are those of the pages, in millimetres.
func Riding(first, last int, edge Edge, y, size float64, width func(page int) float64) ([]Place, error) {
	n := last - first + 1
	if first < 1 || n < 2 || n > maxRiding {
		return nil, fmt.Errorf("%w: a seal rides 2 to %d pages, not %d", ErrPlace, maxRiding, n)
	}
	if edge != EdgeRight && edge != EdgeLeft || size <= 0 {
		return nil, fmt.Errorf("%w: edge %.10q, size %g mm", ErrPlace, string(edge), size)
	}
	slice := size / float64(n)
	places := make([]Place, n)
	for i := range places {
		page := first + i
		x := 0.0
		if edge == EdgeRight {
			x = width(page) - slice
		}
		part := [4]float64{float64(i) / float64(n), 0, float64(i+1) / float64(n), 1}
		places[i] = Place{Page: page, X: x, Y: y, W: slice, H: size, Part: part}
	}
	return places, nil
}

// ErrPlace means that a seal was to be placed where there is no room or no page.
var ErrPlace = errors.New("sealing: the seal cannot be placed there")

// placesOn turns places into the writer's; a new field gets the first name of the form Seal<n> that no field has.
func placesOn(f *cos.File, places []Place, stamp bool, picture ses.Picture) ([]increment.Place, error) {
	fields, err := increment.ReadFields(f)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	prefix := "Seal"
	if stamp {
		prefix = "Timestamp"
	}
	next := 0
	name := func() string {
		for next++; fields.Taken(fmt.Sprint(prefix, next)); next++ {
		}
		return fmt.Sprint(prefix, next)
	}
	if len(places) == 0 { // invisible, on the first page
		return []increment.Place{{Field: name(), Page: 1}}, nil
	}
	out := make([]increment.Place, len(places))
	for i, p := range places {
		if p.Field != "" {
			if !slices.Contains(fields.Empty, p.Field) {
				return nil, fmt.Errorf("%w: no empty signature field %q", ErrPlace, p.Field)
			}
			out[i] = increment.Place{Field: p.Field, Part: p.Part}
			continue
		}
		page, err := f.Latest().Page(p.Page)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPlace, err)
		}
		rect, ok := p.sized(picture.Width, picture.Height).rect(page)
		if !ok {
			return nil, fmt.Errorf("%w: it leaves page %d", ErrPlace, p.Page)
		}
		out[i] = increment.Place{Field: name(), Page: p.Page, Rect: rect, Part: p.Part}
	}
	return out, nil
}

// rect is a place in the page's own coordinates, in points: left, bottom, right, top. Millimetres count from the top left corner
// of the page as it is shown, turned by /Rotate.
func (p Place) rect(page cos.Page) ([4]float64, bool) {
	box := page.CropBox
	w, h := box[2]-box[0], box[3]-box[1]
	shownW, shownH := w, h
	if page.Rotate%180 != 0 {
		shownW, shownH = h, w
	}
	left, top := p.X*pointsPerMM, p.Y*pointsPerMM
	right, bottom := left+p.W*pointsPerMM, top+p.H*pointsPerMM
	const slack = 0.01 // of a point: millimetres are rounded
	if !(p.W > 0 && p.H > 0) || left < -slack || top < -slack || right > shownW+slack || bottom > shownH+slack {
		return [4]float64{}, false
	}
	right, bottom = min(right, shownW), min(bottom, shownH)
	left, top = max(left, 0), max(top, 0)
	switch page.Rotate {
	case 90:
		return [4]float64{box[0] + top, box[1] + left, box[0] + bottom, box[1] + right}, true
	case 180:
		return [4]float64{box[2] - right, box[1] + top, box[2] - left, box[1] + bottom}, true
	case 270:
		return [4]float64{box[2] - bottom, box[3] - right, box[2] - top, box[3] - left}, true
	}
	return [4]float64{box[0] + left, box[3] - bottom, box[0] + right, box[3] - top}, true
}

// Shown turns a rectangle in a page's own coordinates (points: left, bottom, right, top) into millimetres from the top left corner
// of the page as it is shown: the inverse of what a Place becomes.
func Shown(page cos.Page, r [4]float64) (x, y, w, h float64) {
	box := page.CropBox
	left, top, right, bottom := r[0]-box[0], box[3]-r[3], r[2]-box[0], box[3]-r[1]
	switch page.Rotate {
	case 90:
		left, top, right, bottom = r[1]-box[1], r[0]-box[0], r[3]-box[1], r[2]-box[0]
	case 180:
		left, top, right, bottom = box[2]-r[2], r[1]-box[1], box[2]-r[0], r[3]-box[1]
	case 270:
		left, top, right, bottom = box[3]-r[3], box[2]-r[2], box[3]-r[1], box[2]-r[0]
	}
	return left / pointsPerMM, top / pointsPerMM, (right - left) / pointsPerMM, (bottom - top) / pointsPerMM
}

// PageWidth is the width of a page as it is shown, in millimetres.
func PageWidth(p cos.Page) float64 {
	if p.Rotate%180 != 0 {
		return (p.CropBox[3] - p.CropBox[1]) / pointsPerMM
	}
	return (p.CropBox[2] - p.CropBox[0]) / pointsPerMM
}

// PlacesFor turns places into those of a writer elsewhere (Prepare), for a seal of so many millimetres; none are an invisible one.
// Errors: ErrPlace, ErrDocument.
func PlacesFor(f *cos.File, places []Place, width, height int) ([]increment.Place, error) {
	return placesOn(f, places, false, ses.Picture{Width: width, Height: height})
}

// Fields turns places into new, empty signature fields of a document, for seals to come. Errors: ErrPlace, ErrDocument.
func Fields(f *cos.File, places []Place) ([]increment.Place, error) {
	for i, p := range places {
		if p.Field != "" || p.W <= 0 || p.H <= 0 {
			return nil, fmt.Errorf("%w: place %d has no size, or is a field already", ErrPlace, i+1)
		}
	}
	if len(places) == 0 {
		return nil, fmt.Errorf("%w: no places", ErrPlace)
	}
	return placesOn(f, places, false, ses.Picture{})
}
