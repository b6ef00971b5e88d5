package increment

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"yinzheng/internal/pdf/cos"
)

// Flags of an annotation (ISO 32000-1, table 165).
const (
	printed    = 1 << 2
	locked     = 1 << 7
	neverShown = 1<<1 | 1<<5 // hidden, not on the screen

	// Of a form (ISO 32000-1, table 219): there are signature fields; they hold signatures, so that a file may only grow.
	signatureFields = 1
	appendOnly      = 2
)

const (
	maxFieldName = 255     // bytes of the name of a new field
	maxCoord     = 1 << 20 // points: some 370 m; coordinates beyond lose their fractions in readers
	minSide      = 0.001   // of a point: what is smaller is written as zero
)

// Place is where a seal is shown, or a field that waits for one.
type Place struct {
	Field string     // name: of an empty signature field that is there, which is filled, or of a new one
	Page  int        // from 1; of a new field
	Rect  [4]float64 // points in the page's own coordinates: left, bottom, right, top; of a new field; zero: invisible
	Part  [4]float64 // the part of the picture that is shown, 0 to 1: left, bottom, right, top; zero for the whole (骑缝章 has slices)
}

// visible reports whether a place has an extent after rounding.
func (p Place) visible() bool { return p.Rect[2]-p.Rect[0] > minSide && p.Rect[3]-p.Rect[1] > minSide }

// spot is a place with what was found of it in the file.
type spot struct {
	Place
	page   cos.Ref  // zero for an invisible field that is on none
	rotate int      // of the page
	ref    cos.Ref  // of the field
	dict   cos.Dict // of the field, as it will be but for /V and /AP
	fresh  bool
	lock   cos.Value // of a field that was there
}

// check refuses what is no place in any file.
func (p Place) check() error {
	if p.Field == "" {
		return fmt.Errorf("%w: a field without a name", ErrField)
	}
	if q := p.Part; q != ([4]float64{}) && !(q[0] >= 0 && q[1] >= 0 && q[2] <= 1 && q[3] <= 1 && q[0] < q[2] && q[1] < q[3]) {
		return fmt.Errorf("%w: part %v of a picture", ErrField, q)
	}
	return nil
}

// locate finds the field of a place, or makes one.
func (f *form) locate(p Place) (spot, error) {
	if there, ok := f.waiting(p.Field); ok {
		return f.existing(p, there)
	}
	if len(p.Field) > maxFieldName || strings.ContainsAny(p.Field, ".\x00") {
		return spot{}, fmt.Errorf("%w: name %.40q", ErrField, p.Field)
	}
	if f.names[p.Field] {
		return spot{}, fmt.Errorf("%w: name %q is taken", ErrField, p.Field)
	}
	page, err := f.u.v.Page(p.Page)
	if err != nil {
		return spot{}, fmt.Errorf("%w: %w", ErrField, err)
	}
	if !p.visible() {
		p.Rect = [4]float64{}
	}
	if err := measured(p.Rect); err != nil {
		return spot{}, err
	}
	box := page.MediaBox
	const slack = 0.05 // points: rounding
	if p.Rect != ([4]float64{}) && !(p.Rect[0] >= box[0]-slack && p.Rect[1] >= box[1]-slack && p.Rect[2] <= box[2]+slack && p.Rect[3] <= box[3]+slack) {
		return spot{}, fmt.Errorf("%w: %v leaves page %d", ErrField, p.Rect, p.Page)
	}
	return spot{Place: p, page: page.Ref, rotate: page.Rotate, ref: f.u.Reserve(), fresh: true, dict: cos.Dict{
		{Key: "Type", Value: cos.Name("Annot")}, {Key: "Subtype", Value: cos.Name("Widget")}, {Key: "FT", Value: cos.Name("Sig")},
		{Key: "T", Value: cos.TextString(p.Field)}, {Key: "F", Value: cos.Integer(printed | locked)},
		{Key: "P", Value: page.Ref}, {Key: "Rect", Value: rectangle(p.Rect)},
	}}, nil
}

// measured refuses coordinates that no page has.
func measured(r [4]float64) error {
	for _, x := range r {
		if !(x >= -maxCoord && x <= maxCoord) {
			return fmt.Errorf("%w: a rectangle %v", ErrField, r)
		}
	}
	return nil
}

var errRect = errors.New("not four numbers of a page")

// existing takes an empty field that is its own widget, with its own rectangle and /Lock.
func (f *form) existing(p Place, there field) (spot, error) {
	s := spot{Place: p, ref: there.ref, dict: there.dict, lock: there.lock}
	if _, ok := there.dict.Get("FT").(cos.Name); !ok || there.dict.Get("T") == nil {
		return s, fmt.Errorf("%w: field %q is not its own widget", ErrField, p.Field)
	}
	if by := f.lockedBy(p.Field); by != "" {
		return s, fmt.Errorf("%w: %q, by %q", ErrLocked, p.Field, by)
	}
	s.Rect = [4]float64{}
	if x := there.dict.Get("Rect"); x != nil {
		box, ok, err := f.u.v.Rectangle(x)
		if s.Rect = box; err != nil || !ok || measured(box) != nil {
			return s, fmt.Errorf("%w: /Rect of field %q: %w", ErrField, p.Field, cmp.Or(err, errRect))
		}
	}
	var ok bool
	var err error
	if s.page, s.rotate, ok, err = f.pageOf(there.ref, there.dict); err != nil {
		return s, err
	}
	if !ok && s.visible() {
		return s, fmt.Errorf("%w: field %q is on no page", ErrField, p.Field)
	}
	if s.visible() {
		flags, _ := f.resolved(there.dict.Get("F")).(cos.Integer)
		if flags&neverShown != 0 {
			return s, fmt.Errorf("%w: field %q is hidden", ErrField, p.Field)
		}
		if flags|printed|locked != flags {
			s.dict = s.dict.With("F", flags|printed|locked)
		}
	}
	return s, nil
}

// enter adds the new ones among the fields to the form and to their pages.
func (f *form) enter(spots []spot, flags cos.Integer) error {
	var fields []cos.Value
	widgets := map[cos.Ref][]cos.Value{}
	var pages []cos.Ref // in the order of the places: the same is written each time
	for _, s := range spots {
		if !s.fresh {
			continue
		}
		fields = append(fields, s.ref)
		if widgets[s.page] == nil {
			pages = append(pages, s.page)
		}
		widgets[s.page] = append(widgets[s.page], s.ref)
	}
	if err := f.addFields(fields, flags); err != nil {
		return err
	}
	for _, at := range pages {
		d, err := f.u.dict(at)
		if err != nil {
			return err
		}
		extended, err := f.u.appendTo(d, "Annots", widgets[at]...)
		if err != nil {
			return err
		}
		if _, indirect := d.Get("Annots").(cos.Ref); !indirect {
			f.u.Set(at, extended)
		}
	}
	return nil
}

// addFields adds fields to /AcroForm, which is direct, indirect or missing, and sets its flags.
func (f *form) addFields(fields []cos.Value, flags cos.Integer) error {
	d := f.dict
	if len(fields) > 0 {
		var err error
		if d, err = f.u.appendTo(d, "Fields", fields...); err != nil {
			return err
		}
	}
	old, _ := f.resolved(d.Get("SigFlags")).(cos.Integer)
	if old|flags != old {
		d = d.With("SigFlags", old|flags)
	} else if _, indirect := d.Get("Fields").(cos.Ref); indirect || len(fields) == 0 {
		return nil
	}
	if at, indirect := f.root.Get("AcroForm").(cos.Ref); indirect {
		f.u.Set(at, d)
	} else {
		f.setRoot("AcroForm", d)
	}
	return nil
}

// setRoot changes an entry of the catalogue.
func (f *form) setRoot(key cos.Name, x cos.Value) {
	f.root = f.root.With(key, x)
	f.u.Set(f.rootRef, f.root)
}

// WithFields appends empty signature fields, as places for seals to come. Errors: ErrField, ErrCertified, ErrForm.
func WithFields(file *cos.File, places []Place) ([]byte, error) {
	out, err := withFields(file, places)
	if err != nil {
		return nil, fmt.Errorf("adding signature fields: %w", err)
	}
	return out, nil
}

func withFields(file *cos.File, places []Place) ([]byte, error) {
	if err := checkPlaces(places); err != nil {
		return nil, err
	}
	f, err := readForm(file)
	if err != nil {
		return nil, err
	}
	if f.certified() != 0 {
		return nil, fmt.Errorf("%w: no field may be added", ErrCertified)
	}
	spots := make([]spot, len(places))
	for i, p := range places {
		if f.names[p.Field] {
			return nil, fmt.Errorf("%w: name %q is taken", ErrField, p.Field)
		}
		if spots[i], err = f.locate(p); err != nil {
			return nil, err
		}
		f.u.Set(spots[i].ref, spots[i].dict)
	}
	if err := f.enter(spots, signatureFields); err != nil {
		return nil, err
	}
	return f.u.Bytes()
}

// checkPlaces refuses a list of places that is none in any file.
func checkPlaces(places []Place) error {
	if len(places) < 1 || len(places) > maxPlaces {
		return fmt.Errorf("%w: %d places, 1 to %d", ErrField, len(places), maxPlaces)
	}
	for i, p := range places {
		if err := p.check(); err != nil {
			return err
		}
		if slices.ContainsFunc(places[:i], func(o Place) bool { return o.Field == p.Field }) {
			return fmt.Errorf("%w: name %q stands twice", ErrField, p.Field)
		}
	}
	return nil
}

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
