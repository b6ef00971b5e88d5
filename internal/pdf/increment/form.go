package increment

import (
	"fmt"
	"slices"
	"strings"

	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/signature"
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

// form is the catalogue and the form of a file while a revision is made.
type form struct {
	*update
	pages []cos.Page
	found *signature.Set
}

func newForm(f *cos.File) (*form, error) {
	u, err := newUpdate(f)
	if err != nil {
		return nil, err
	}
	pages, err := u.v.Pages()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	set, err := signature.Find(f)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	return &form{update: u, pages: pages, found: set}, nil
}

// certified is P of the file's certification; 0 for none.
func (f *form) certified() int {
	for _, s := range f.found.Signatures {
		if s.Permission != 0 {
			return s.Permission
		}
	}
	return 0
}

// empty finds an empty field of a name.
func (f *form) empty(name string) (signature.Field, bool) {
	i := slices.IndexFunc(f.found.Empty, func(e signature.Field) bool { return e.Name == name })
	if i < 0 {
		return signature.Field{}, false
	}
	return f.found.Empty[i], true
}

// taken reports whether a name belongs to a signature field.
func (f *form) taken(name string) bool {
	if _, there := f.empty(name); there {
		return true
	}
	return slices.ContainsFunc(f.found.Signatures, func(s signature.Signature) bool {
		return slices.ContainsFunc(s.Fields, func(e signature.Field) bool { return e.Name == name })
	})
}

// check refuses a place for a new field.
func (f *form) check(p Place) error {
	if p.Field == "" || len(p.Field) > maxFieldName || strings.ContainsAny(p.Field, ".\x00") {
		return fmt.Errorf("%w: name %.40q", ErrField, p.Field)
	}
	if f.taken(p.Field) {
		return fmt.Errorf("%w: name %q is taken", ErrField, p.Field)
	}
	if p.Page < 1 || p.Page > len(f.pages) {
		return fmt.Errorf("%w: page %d of %d", ErrField, p.Page, len(f.pages))
	}
	box := f.pages[p.Page-1].MediaBox
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
		at := f.pages[page-1].Ref
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
		{Key: "P", Value: f.pages[p.Page-1].Ref}, {Key: "Rect", Value: rectangle(rect)},
	}
}

// WithFields appends empty signature fields, as places for seals to come.
func WithFields(file *cos.File, places []Place) ([]byte, error) {
	f, err := newForm(file)
	if err != nil {
		return nil, fmt.Errorf("adding signature fields: %w", err)
	}
	if f.certified() != 0 {
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
