package increment

import (
	"fmt"
	"slices"
	"strings"

	"yinzheng/internal/pdf/cos"
)

const (
	// printAndLocked are the flags of a seal's annotation (ISO 32000-1, table 165).
	printAndLocked = 1<<2 | 1<<7
	maxFieldName   = 255
)

// Place is where a seal is shown, or a field that waits for one.
type Place struct {
	Field string     // name: of an empty signature field that is there, which is filled, or of a new one
	Page  int        // from 1; of a new field
	Rect  [4]float64 // points in the page's own coordinates: left, bottom, right, top; of a new field; zero: invisible
	Part  [4]float64 // the part of the picture that is shown, 0 to 1: left, bottom, right, top; zero for the whole (骑缝章 has slices)
}

func (p Place) visible() bool { return p.Rect[2] > p.Rect[0] && p.Rect[3] > p.Rect[1] }

// number writes a number with at most three decimals.
func number(v float64) cos.Value {
	s := strings.TrimRight(fmt.Sprintf("%.3f", v), "0")
	if s = strings.TrimSuffix(s, "."); s == "-0" || s == "" {
		s = "0"
	}
	if !strings.Contains(s, ".") {
		return cos.Integer(int64(v + sign(v)/2))
	}
	return cos.Real(s)
}

func sign(v float64) float64 {
	if v < 0 {
		return -1
	}
	return 1
}

func rectangle(r [4]float64) cos.Array {
	return cos.Array{number(r[0]), number(r[1]), number(r[2]), number(r[3])}
}

// form is the catalogue, the form and the pages of a file while a revision is made.
type form struct {
	*update
	fields *Fields
	pages  map[int]cos.Page // those that were looked up
}

func newForm(f *cos.File) (*form, error) {
	u, err := newUpdate(f)
	if err != nil {
		return nil, err
	}
	fields, err := ReadFields(f)
	if err != nil {
		return nil, err
	}
	return &form{update: u, fields: fields, pages: map[int]cos.Page{}}, nil
}

// page looks a page up, from 1.
func (f *form) page(n int) (cos.Page, error) {
	if p, ok := f.pages[n]; ok {
		return p, nil
	}
	p, err := f.v.Page(n)
	if err != nil {
		return p, fmt.Errorf("%w: %w", ErrField, err)
	}
	f.pages[n] = p
	return p, nil
}

// waiting finds an empty field and its place: the page that its widget names, or else the one that has it.
func (f *form) waiting(name string) (ref cos.Ref, d cos.Dict, p Place, there bool, err error) {
	ref, there = f.fields.empty[name]
	if !there {
		return ref, nil, p, false, nil
	}
	if d, err = f.dict(ref); err != nil {
		return ref, nil, p, true, err
	}
	rect, ok, err := f.v.Rectangle(d.Get("Rect"))
	if err != nil || !ok || d.Get("Subtype") != cos.Name("Widget") {
		return ref, nil, p, true, fmt.Errorf("%w: field %q is not its own widget", ErrField, name)
	}
	p = Place{Field: name, Rect: rect}
	pages, err := f.v.Pages()
	if err != nil {
		return ref, nil, p, true, fmt.Errorf("%w: %w", ErrForm, err)
	}
	for i, page := range pages {
		annots, _, err := f.v.Array(page.Dict.Get("Annots"))
		if err != nil {
			return ref, nil, p, true, fmt.Errorf("%w: %w", ErrForm, err)
		}
		if slices.Contains(refs(annots), ref) {
			p.Page, f.pages[i+1] = i+1, page
			return ref, d, p, true, nil
		}
	}
	return ref, nil, p, true, fmt.Errorf("%w: field %q is on no page", ErrField, name)
}

func refs(a cos.Array) []cos.Ref {
	var out []cos.Ref
	for _, v := range a {
		if r, ok := v.(cos.Ref); ok {
			out = append(out, r)
		}
	}
	return out
}

// check refuses a place for a new field.
func (f *form) check(p Place) error {
	if p.Field == "" || len(p.Field) > maxFieldName || strings.ContainsAny(p.Field, ".\x00") {
		return fmt.Errorf("%w: name %.40q", ErrField, p.Field)
	}
	if f.fields.Taken(p.Field) {
		return fmt.Errorf("%w: name %q is taken", ErrField, p.Field)
	}
	page, err := f.page(p.Page)
	if err != nil {
		return err
	}
	box := page.MediaBox
	const slack = 0.05 // points: rounding
	if p.visible() && (p.Rect[0] < box[0]-slack || p.Rect[1] < box[1]-slack || p.Rect[2] > box[2]+slack || p.Rect[3] > box[3]+slack) {
		return fmt.Errorf("%w: %v leaves page %d", ErrField, p.Rect, p.Page)
	}
	return nil
}

// enter adds new fields to the form and to their pages. Perms, if any, goes into the catalogue.
func (f *form) enter(fields []cos.Value, widgets map[int][]cos.Value, perms cos.Value) error {
	root, ref, err := f.v.Catalog()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	changed := perms != nil
	if perms != nil {
		root = root.With("Perms", perms)
	}
	var direct bool
	if root, direct, err = f.addFields(ref, root, fields); err != nil {
		return err
	}
	if changed || direct {
		f.set(ref, root)
	}
	for page, annots := range widgets {
		at := f.pages[page].Ref
		d, err := f.dict(at)
		if err != nil {
			return err
		}
		extended, err := f.appendTo(at, d, "Annots", annots...)
		if err != nil {
			return err
		}
		if _, indirect := d.Get("Annots").(cos.Ref); !indirect {
			f.set(at, extended)
		}
	}
	return nil
}

// addFields adds fields to /AcroForm, which is direct, indirect or missing; direct says whether the catalogue changed.
func (f *form) addFields(ref cos.Ref, root cos.Dict, fields []cos.Value) (_ cos.Dict, direct bool, err error) {
	flags := func(d cos.Dict) cos.Dict {
		old, _ := d.Get("SigFlags").(cos.Integer)
		return d.With("SigFlags", old|3)
	}
	switch old := root.Get("AcroForm").(type) {
	case nil, cos.Null:
		return root.With("AcroForm", cos.Dict{{Key: "Fields", Value: cos.Array(fields)}, {Key: "SigFlags", Value: cos.Integer(3)}}), true, nil
	case cos.Dict:
		d, err := f.extended(ref, old, fields)
		if err != nil {
			return nil, false, err
		}
		return root.With("AcroForm", flags(d)), true, nil
	case cos.Ref:
		d, err := f.dict(old)
		if err != nil {
			return nil, false, err
		}
		if d, err = f.extended(old, d, fields); err != nil {
			return nil, false, err
		}
		f.set(old, flags(d))
		return root, false, nil
	}
	return nil, false, fmt.Errorf("%w: /AcroForm is not a dictionary", ErrForm)
}

func (f *form) extended(owner cos.Ref, d cos.Dict, fields []cos.Value) (cos.Dict, error) {
	if len(fields) == 0 {
		return d, nil
	}
	return f.appendTo(owner, d, "Fields", fields...)
}

// widget is a signature field that is its own widget, without a value yet.
func (f *form) widget(p Place) cos.Dict {
	rect := p.Rect
	if !p.visible() {
		rect = [4]float64{}
	}
	return cos.Dict{
		{Key: "Type", Value: cos.Name("Annot")}, {Key: "Subtype", Value: cos.Name("Widget")}, {Key: "FT", Value: cos.Name("Sig")},
		{Key: "T", Value: cos.TextString(p.Field)}, {Key: "F", Value: cos.Integer(printAndLocked)},
		{Key: "P", Value: f.pages[p.Page].Ref}, {Key: "Rect", Value: rectangle(rect)},
	}
}

// WithFields appends empty signature fields, as places for seals to come.
func WithFields(file *cos.File, places []Place) ([]byte, error) {
	f, err := newForm(file)
	if err != nil {
		return nil, fmt.Errorf("adding signature fields: %w", err)
	}
	if f.fields.Certified != 0 {
		return nil, fmt.Errorf("adding signature fields: %w", ErrCertified)
	}
	var fields []cos.Value
	widgets := map[int][]cos.Value{}
	for i, p := range places {
		if err := f.check(p); err != nil {
			return nil, fmt.Errorf("adding signature fields: %w", err)
		}
		if slices.ContainsFunc(places[:i], func(o Place) bool { return o.Field == p.Field }) {
			return nil, fmt.Errorf("adding signature fields: %w: name %q stands twice", ErrField, p.Field)
		}
		r := f.add(f.widget(p))
		fields, widgets[p.Page] = append(fields, r), append(widgets[p.Page], r)
	}
	if err := f.enter(fields, widgets, nil); err != nil {
		return nil, fmt.Errorf("adding signature fields: %w", err)
	}
	return f.bytes([]byte("fields")), nil
}
