package cos

import (
	"errors"
	"fmt"
	"slices"
)

// Page is a page with what it inherits.
type Page struct {
	Ref      Ref
	Dict     Dict
	MediaBox [4]float64 // points: left, bottom, right, top
	CropBox  [4]float64 // what is shown of it
	Rotate   int        // 0, 90, 180 or 270, clockwise
	Parents  []Ref      // from the root of the tree down
}

// inherited are the attributes that a node hands down.
type inherited struct {
	media, crop Value
	rotate      Value
}

// take takes what a node has itself.
func (i *inherited) take(d Dict) {
	for _, a := range []struct {
		key  Name
		into *Value
	}{{"MediaBox", &i.media}, {"CropBox", &i.crop}, {"Rotate", &i.rotate}} {
		if x := d.Get(a.key); x != nil {
			*a.into = x
		}
	}
}

// Pages lists the pages in order. A tree that leads in a circle, or whose leaves are no pages, is a *MalformedError.
func (v View) Pages() ([]Page, error) {
	root, _, err := v.Catalog()
	if err != nil {
		return nil, err
	}
	top, ok := root.Get("Pages").(Ref)
	if !ok {
		return nil, malformed(0, "a catalogue without /Pages")
	}
	w := &pageWalk{v: v, seen: map[int]bool{}}
	if err := w.node(top, nil, inherited{}); err != nil {
		return nil, err
	}
	return w.pages, nil
}

type pageWalk struct {
	v     View
	seen  map[int]bool
	pages []Page
}

func (w *pageWalk) node(r Ref, parents []Ref, from inherited) error {
	if w.seen[r.Num] {
		return malformed(0, "object %d stands twice in the page tree", r.Num)
	}
	w.seen[r.Num] = true
	if len(parents) > maxPageDepth || len(w.seen) > 2*maxPages {
		return fmt.Errorf("%w: a page tree of more than %d levels or %d pages", ErrLimit, maxPageDepth, maxPages)
	}
	val, err := w.v.Get(r)
	if err != nil {
		return err
	}
	d, ok := val.(Dict)
	if !ok {
		return malformed(0, "object %d in the page tree is not a dictionary", r.Num)
	}
	from.take(d)
	switch d.Get("Type") {
	case Name("Pages"):
		kids, ok, err := w.v.Array(d.Get("Kids"))
		if err != nil {
			return err
		}
		if !ok {
			return malformed(0, "object %d in the page tree has no /Kids", r.Num)
		}
		below := slices.Concat(parents, []Ref{r})
		for _, kid := range kids {
			k, ok := kid.(Ref)
			if !ok {
				return malformed(0, "a kid of object %d is not a reference", r.Num)
			}
			if err := w.node(k, below, from); err != nil {
				return err
			}
		}
		return nil
	case Name("Page"):
		return w.page(r, d, parents, from)
	}
	return malformed(0, "object %d in the page tree is neither page nor pages", r.Num)
}

func (w *pageWalk) page(r Ref, d Dict, parents []Ref, from inherited) error {
	if len(w.pages) == maxPages {
		return fmt.Errorf("%w: more than %d pages", ErrLimit, maxPages)
	}
	p := Page{Ref: r, Dict: d, Parents: parents}
	var ok bool
	var err error
	if p.MediaBox, ok, err = w.v.Rectangle(from.media); err != nil || !ok {
		return malformed(0, "page in object %d has no /MediaBox", r.Num)
	}
	p.CropBox = p.MediaBox
	if from.crop != nil {
		if p.CropBox, ok, err = w.v.Rectangle(from.crop); err != nil || !ok {
			return malformed(0, "/CropBox of the page in object %d", r.Num)
		}
		for i := range 2 { // what is outside of the medium is not there
			p.CropBox[i] = max(p.CropBox[i], p.MediaBox[i])
			p.CropBox[i+2] = min(p.CropBox[i+2], p.MediaBox[i+2])
		}
	}
	if from.rotate != nil {
		turn, err := w.v.Resolve(from.rotate)
		if err != nil {
			return err
		}
		n, ok := turn.(Integer)
		if !ok || n%90 != 0 {
			return malformed(0, "/Rotate of the page in object %d", r.Num)
		}
		p.Rotate = int((n%360 + 360) % 360)
	}
	w.pages = append(w.pages, p)
	return nil
}

// PageCount is how many pages the root of the tree says there are.
func (v View) PageCount() (int, error) {
	root, _, err := v.Catalog()
	if err != nil {
		return 0, err
	}
	top, ok, err := v.Dict(root.Get("Pages"))
	if err != nil {
		return 0, err
	}
	n, whole := top.Get("Count").(Integer)
	if !ok || !whole || n < 0 || n > maxPages {
		return 0, malformed(0, "a page tree without /Count")
	}
	return int(n), nil
}

// Page is one page, from 1, found by the counts in the tree: it costs the depth of the tree and not the number of pages. Counts
// that are wrong are an Oddity. A number that there is not is a *MalformedError.
func (v View) Page(n int) (Page, error) {
	root, _, err := v.Catalog()
	if err != nil {
		return Page{}, err
	}
	at, ok := root.Get("Pages").(Ref)
	if !ok {
		return Page{}, malformed(0, "a catalogue without /Pages")
	}
	w := &pageWalk{v: v, seen: map[int]bool{}}
	left, from := n, inherited{}
	var parents []Ref
	for len(parents) <= maxPageDepth && left > 0 && !w.seen[at.Num] {
		w.seen[at.Num] = true
		d, ok, err := v.Dict(at)
		if err != nil || !ok {
			return Page{}, errors.Join(err, malformed(0, "object %d in the page tree is not a dictionary", at.Num))
		}
		from.take(d)
		if d.Get("Type") == Name("Page") {
			if left != 1 {
				break
			}
			if err := w.page(at, d, parents, from); err != nil {
				return Page{}, err
			}
			return w.pages[0], nil
		}
		parents = slices.Concat(parents, []Ref{at})
		if at, left, err = v.kid(d, left); err != nil {
			return Page{}, err
		}
	}
	return Page{}, malformed(0, "no page %d in the page tree", n)
}

// kid is the child of a node that has its n-th page, and which of the child's pages that is.
func (v View) kid(node Dict, n int) (Ref, int, error) {
	kids, ok, err := v.Array(node.Get("Kids"))
	if err != nil || !ok {
		return Ref{}, 0, errors.Join(err, malformed(0, "a node of the page tree without /Kids"))
	}
	if node.Get("Count") == Integer(len(kids)) && n <= len(kids) { // every kid is a page
		r, ok := kids[n-1].(Ref)
		if !ok {
			return Ref{}, 0, malformed(0, "a kid in the page tree is not a reference")
		}
		return r, 1, nil
	}
	for _, kid := range kids {
		r, ok := kid.(Ref)
		d, isDict, err := v.Dict(kid)
		if err != nil || !ok || !isDict {
			return Ref{}, 0, errors.Join(err, malformed(0, "a kid in the page tree is not a reference"))
		}
		has := 1
		if d.Get("Type") == Name("Pages") {
			count, ok := d.Get("Count").(Integer)
			if !ok || count < 0 || count > maxPages {
				return Ref{}, 0, malformed(0, "a node of the page tree without /Count")
			}
			has = int(count)
		}
		if n <= has {
			return r, n, nil
		}
		n -= has
	}
	return Ref{}, 0, malformed(0, "a page that is not in the page tree")
}

// Rectangle reads an array of four numbers as left, bottom, right and top; false when it is none.
func (v View) Rectangle(x Value) (box [4]float64, ok bool, err error) {
	a, ok, err := v.Array(x)
	if err != nil || !ok || len(a) != 4 {
		return box, false, err
	}
	for i, e := range a {
		n, err := v.Resolve(e)
		if err != nil {
			return box, false, err
		}
		if box[i], ok = Float(n); !ok {
			return box, false, nil
		}
	}
	for i := range 2 {
		box[i], box[i+2] = min(box[i], box[i+2]), max(box[i], box[i+2])
	}
	return box, true, nil
}
