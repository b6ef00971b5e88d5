package pdf

import "fmt"

// Drawing is what many documents show alike, such as an ornament: it is drawn and compressed once. It is for any number of
// goroutines.
type Drawing struct {
	w, h milli
	data []byte // content stream, compressed
}

// NewDrawing keeps what draw draws on a page of w x h millimetres: lines and shapes, no text and no pictures. Errors: ErrPage, and
// those of what is drawn.
func NewDrawing(w, h float64, draw func(*Builder)) (*Drawing, error) {
	b := New(Info{})
	b.AddPage(w, h)
	draw(b)
	if b.err != nil {
		return nil, b.err
	}
	if len(b.pages) != 1 || b.pages[0].text || len(b.pages[0].pictures)+len(b.pages[0].drawings) > 0 {
		return nil, fmt.Errorf("%w: a drawing of more than lines and shapes", ErrPage)
	}
	data, err := b.deflate.bytes(b.pages[0].content)
	if err != nil {
		return nil, err
	}
	return &Drawing{points(w), points(h), data}, nil
}

// Drawing shows a drawing, its top left corner on the page's; a document has it once, however often it is shown.
func (b *Builder) Drawing(d *Drawing) {
	p := b.current()
	if p == nil {
		return
	}
	index := -1
	for i, known := range b.drawings {
		if known == d {
			index = i
		}
	}
	if index < 0 {
		if len(b.drawings) == maxPictures {
			b.fail(fmt.Errorf("%w: more than %d drawings", ErrPage, maxPictures))
			return
		}
		index = len(b.drawings)
		b.drawings = append(b.drawings, d)
	}
	p.drawings = append(p.drawings, index)
	if shift := points(p.h) - d.h; shift != 0 {
		p.op("q")
		p.content = append(p.content, "1 0 0 1 0 "...)
		p.num(shift)
		p.op(fmt.Sprintf("cm /X%d Do Q", index+1))
		return
	}
	p.op(fmt.Sprintf("/X%d Do", index+1))
}

// object is a form XObject (ISO 32000-1, 8.10).
func (d *Drawing) object() object {
	return flate(dict{{"Type", name("XObject")}, {"Subtype", name("Form")}, {"BBox", array{integer(0), integer(0), d.w, d.h}}}, d.data)
}
