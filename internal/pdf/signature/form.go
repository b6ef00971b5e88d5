package signature

import (
	"slices"

	"yinzheng/internal/pdf/cos"
)

// inherited is what a field hands down to its kids (ISO 32000-1, 12.7.3.1).
type inherited struct {
	name  string
	kind  cos.Name
	value cos.Value
	lock  cos.Value
	depth int
	form  bool
}

// walkForm walks the fields of /AcroForm.
func (w *finder) walkForm() error {
	catalog, _, err := w.latest.Catalog()
	if err != nil {
		return err
	}
	x := catalog.Get("AcroForm")
	form, ok, err := w.latest.Dict(x)
	if err != nil {
		return err
	}
	if !ok {
		return w.absent(x, CodeForm, "/AcroForm is not a dictionary")
	}
	fields, ok, err := w.latest.Array(form.Get("Fields"))
	if err != nil {
		return err
	}
	if !ok {
		return w.absent(form.Get("Fields"), CodeForm, "/Fields is not an array")
	}
	for _, f := range fields {
		if err := w.node(f, inherited{form: true}); err != nil {
			return err
		}
	}
	return nil
}

// absent notes a problem for a value that is there after all.
func (w *finder) absent(x cos.Value, code, detail string) error {
	if x == nil {
		return nil
	}
	x, err := w.latest.Resolve(x)
	if err != nil {
		return err
	}
	if _, null := x.(cos.Null); !null {
		w.set.problem(code, "%s", detail)
	}
	return nil
}

// walkStrays takes the signature fields that the form does not reach, from the top of their own trees.
func (w *finder) walkStrays() error {
	for _, ref := range w.fields {
		if !w.visited[ref.Num] {
			if err := w.node(ref, inherited{}); err != nil {
				return err
			}
		}
	}
	return nil
}

// node takes one field or widget with everything below it.
func (w *finder) node(x cos.Value, in inherited) error {
	if in.depth > maxFieldDepth || len(w.visited) > maxFields || len(w.places) > maxFields {
		return ErrLimit
	}
	ref, indirect := x.(cos.Ref)
	if indirect {
		if w.visited[ref.Num] {
			w.set.problem(CodeForm, "object %d stands in the form twice", ref.Num)
			return nil
		}
		w.visited[ref.Num] = true
	}
	d, ok, err := w.latest.Dict(x)
	if err != nil {
		return err
	}
	if !ok {
		w.set.problem(CodeForm, "object %d: a field is not a dictionary", ref.Num)
		return nil
	}
	if err := w.inherit(&in, d); err != nil {
		return err
	}
	kids, ok, err := w.latest.Array(d.Get("Kids"))
	if err != nil {
		return err
	}
	if !ok || len(kids) == 0 {
		if in.kind != "Sig" {
			return nil
		}
		return w.place(ref, d, in)
	}
	in.depth++
	for _, kid := range kids {
		if err := w.node(kid, in); err != nil {
			return err
		}
	}
	return nil
}

// inherit takes a field's own entries before those of its parents.
func (w *finder) inherit(in *inherited, d cos.Dict) error {
	if t := d.Get("T"); t != nil {
		t, err := w.latest.Resolve(t)
		if err != nil {
			return err
		}
		name, ok := cos.Text(t)
		if !ok {
			w.set.problem(CodeForm, "a field name is not a text string")
		}
		if in.name != "" {
			name = in.name + "." + name
		}
		if len(name) > maxNameBytes {
			return ErrLimit
		}
		in.name = name
		if in.form {
			w.names[name]++
		}
	}
	if x := d.Get("FT"); x != nil {
		x, err := w.latest.Resolve(x)
		if err != nil {
			return err
		}
		in.kind, _ = x.(cos.Name)
	}
	if v := d.Get("V"); v != nil {
		in.value = v
	}
	if l := d.Get("Lock"); l != nil {
		in.lock = l
	}
	return nil
}

// place takes a widget of a signature field.
func (w *finder) place(ref cos.Ref, d cos.Dict, in inherited) error {
	p := &place{dict: d, value: in.value, lock: in.lock, inForm: in.form}
	p.Name, p.Ref = in.name, ref
	flags, err := w.latest.Resolve(d.Get("F"))
	if err != nil {
		return err
	}
	n, _ := flags.(cos.Integer)
	p.Flags = int(n)
	if p.Rect, err = w.rectangle(d.Get("Rect")); err != nil {
		return err
	}
	if p.Appearance, err = w.appearance(d); err != nil {
		return err
	}
	w.places = append(w.places, p)
	if ref.Num != 0 {
		w.byWidget[ref.Num] = p
	}
	return nil
}

// rectangle reads four numbers in any order of corners; zero when it is none.
func (w *finder) rectangle(x cos.Value) (r [4]float64, err error) {
	a, _, err := w.latest.Array(x)
	if err != nil || len(a) != 4 {
		return r, err
	}
	for i, e := range a {
		e, err := w.latest.Resolve(e)
		if err != nil {
			return r, err
		}
		n, ok := cos.Float(e)
		if !ok {
			return [4]float64{}, nil
		}
		r[i] = n
	}
	return [4]float64{min(r[0], r[2]), min(r[1], r[3]), max(r[0], r[2]), max(r[1], r[3])}, nil
}

// walkPages finds the pages of the widgets, and signature fields that stand in no object of their own.
func (w *finder) walkPages() error {
	pages, err := w.latest.Pages()
	if err != nil {
		return err
	}
	numbers := make(map[int]int, len(pages))
	for i, page := range pages {
		numbers[page.Ref.Num] = i + 1
		annots, _, err := w.latest.Array(page.Dict.Get("Annots"))
		if err != nil {
			return err
		}
		for _, a := range annots {
			if err := w.annotation(a, i+1); err != nil {
				return err
			}
		}
	}
	for _, p := range w.places {
		if slices.Sort(p.pages); len(p.pages) > 0 {
			p.Page = p.pages[0]
		}
		if ref, ok := p.dict.Get("P").(cos.Ref); ok && len(p.pages) > 0 && numbers[ref.Num] != p.Page {
			p.pages = append(p.pages, numbers[ref.Num]) // they disagree
		}
	}
	return nil
}

// annotation takes an entry of /Annots.
func (w *finder) annotation(a cos.Value, page int) error {
	switch a := a.(type) {
	case cos.Ref:
		if p := w.byWidget[a.Num]; p != nil {
			p.pages = append(p.pages, page)
		}
	case cos.Dict:
		if a.Get("FT") != cos.Name("Sig") {
			return nil
		}
		if err := w.place(cos.Ref{}, a, inherited{value: a.Get("V"), kind: "Sig"}); err != nil {
			return err
		}
		p := w.places[len(w.places)-1]
		p.pages = []int{page}
		p.Name, _ = cos.Text(a.Get("T"))
	}
	return nil
}

// misplaced says what is wrong with where a widget stands, or "".
func (w *finder) misplaced(p *place) string {
	switch {
	case w.names[p.Name] > 1:
		return "another field has the same name"
	case !p.inForm:
		return "the form does not know this field"
	case p.Ref == cos.Ref{}:
		return "the field is not an object of its own"
	case len(p.pages) > 1:
		return "the widget is on more than one page, or its /P is another page"
	case p.pages == nil && p.Rect[2] > p.Rect[0] && p.Rect[3] > p.Rect[1]:
		return "the widget has a place and is on no page"
	}
	if slot, ok := w.latest.Slot(p.Ref.Num); !ok || slot.Gen != p.Ref.Gen {
		return "the reference has another generation than the field"
	}
	return ""
}
