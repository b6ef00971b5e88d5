package changes

import (
	"slices"

	"yinzheng/internal/pdf/cos"
)

// formField is what a widget or field is in a form.
type formField struct {
	name  string
	kind  cos.Name
	value cos.Value // own or inherited; nil: none
	flags cos.Integer
}

// climb reads a field by way of its parents, and wants the form to know it: the top one in /Fields, each other among the kids
// of its parent. Fields is what the view's /Fields has.
func (s *step) climb(view cos.View, num int, fields map[int]bool) (f formField, ok bool, err error) {
	slot, _ := view.Slot(num)
	ref := cos.Ref{Num: num, Gen: slot.Gen}
	flags := false
	for range maxClimb {
		d, ok, err := view.Dict(ref)
		if err != nil || !ok {
			return f, false, err
		}
		if name, ok := cos.Text(d.Get("T")); ok && f.name == "" {
			f.name = name
		} else if ok {
			f.name = name + "." + f.name
		}
		if kind, ok := d.Get("FT").(cos.Name); ok && f.kind == "" {
			f.kind = kind
		}
		if v := d.Get("V"); v != nil && f.value == nil {
			f.value = v
		}
		if n, ok := d.Get("Ff").(cos.Integer); ok && !flags {
			f.flags, flags = n, true
		}
		parent, ok := d.Get("Parent").(cos.Ref)
		if !ok {
			return f, fields[ref.Num] && f.kind != "", nil
		}
		above, _, err := view.Dict(parent)
		if err != nil {
			return f, false, err
		}
		kids, _, err := view.Array(above.Get("Kids"))
		if err != nil || !slices.ContainsFunc(kids, func(x cos.Value) bool { return x == ref }) {
			return f, false, err
		}
		ref = parent
	}
	return f, false, nil
}

// formFields is the set of /Fields before this revision.
func (s *step) formFields() (map[int]bool, error) {
	if s.fieldsOf != nil {
		return s.fieldsOf, nil
	}
	catalog, _, err := s.old.Catalog()
	if err != nil {
		return nil, err
	}
	form, _, err := s.old.Dict(catalog.Get("AcroForm"))
	if err != nil {
		return nil, err
	}
	fields, _, err := s.old.Array(form.Get("Fields"))
	if err != nil {
		return nil, err
	}
	s.fieldsOf = make(map[int]bool, len(fields))
	for _, x := range fields {
		if ref, ok := x.(cos.Ref); ok {
			s.fieldsOf[ref.Num] = true
		}
	}
	return s.fieldsOf, nil
}

// field: a field of the form or one of its widgets changed: an empty signature field was filled, another got a value.
func (s *step) field(o object) (bool, error) {
	old, ok := o.old.(cos.Dict)
	now, ok2 := o.new.(cos.Dict)
	if !ok || !ok2 || old.Get("FT") == nil && old.Get("T") == nil && old.Get("Parent") == nil {
		return false, nil
	}
	fields, err := s.formFields()
	if err != nil {
		return false, err
	}
	f, ok, err := s.climb(s.old, o.num, fields)
	if err != nil || !ok {
		return false, err
	}
	if f.kind == "Sig" {
		return s.fill(o.num, f, old, now, fields)
	}
	return s.values(o.num, f, old, now, fields)
}

// Flags that filling a signature field may add: printed, locked against moving and against changes of its contents
// (ISO 32000-1, table 165); read-only (table 221).
const (
	widgetFlags = 1<<2 | 1<<7 | 1<<9
	readOnly    = 1 << 0
	pushButton  = 1 << 16
)

// fill: an empty signature field gets a signature that ends this revision and an appearance of new objects. /Lock and the place
// stay.
func (s *step) fill(num int, f formField, old, now cos.Dict, fields map[int]bool) (bool, error) {
	path := pathFields + "/" + f.name
	after, ok, err := s.climb(s.new, num, fields)
	if err != nil {
		return false, err
	}
	sig := s.signs(after.value)
	_, null := f.value.(cos.Null)
	if !ok || sig == nil || f.value != nil && !null {
		s.wrong(num, path, "a signature field changed that was not empty, or was not filled")
		return true, nil
	}
	c := Change{Path: path, Field: f.name, Rule: RuleFill, Level: Signing}
	if sig.Timestamp && invisible(now) {
		c.Level = Evidence
	}
	for _, key := range differing(old, now) {
		what, err := s.filled(key, old, now, c)
		if err != nil {
			return false, err
		}
		if what != "" {
			s.wrong(num, path, "/%s: %s", key, what)
			return true, nil
		}
	}
	s.explain(num, path, f.name, c.Rule, c.Level)
	return true, nil
}

// filled judges one entry of a signature field that is filled; it returns what is wrong, or "".
func (s *step) filled(key cos.Name, old, now cos.Dict, c Change) (string, error) {
	x := now.Get(key)
	switch key {
	case "V":
		return s.takes(x, c, anything)
	case "AP":
		if what, err := s.appearance(x); err != nil || what != "" {
			return what, err
		}
		return s.takes(x, c, s.drawable)
	case "F", "Ff":
		a, _ := old.Get(key).(cos.Integer)
		b, ok := x.(cos.Integer)
		more := cos.Integer(widgetFlags)
		if key == "Ff" {
			more = readOnly
		}
		if ok && a&^b == 0 && b&^(a|more) == 0 {
			return "", nil
		}
	case "M":
		if _, ok := x.(cos.String); ok {
			return "", nil
		}
	}
	return "it must not change", nil
}

// values: a field that is neither a signature nor read-only nor a push button gets another value, and with it another
// appearance; no appearance changes by itself.
func (s *step) values(num int, f formField, old, now cos.Dict, fields map[int]bool) (bool, error) {
	path := pathFields + "/" + f.name
	after, _, err := s.climb(s.new, num, fields)
	if err != nil {
		return false, err
	}
	if equal(f.value, after.value) {
		s.wrong(num, path, "a field changed, but not its value")
		return true, nil
	}
	if f.flags&readOnly != 0 || f.kind == "Btn" && f.flags&pushButton != 0 {
		s.wrong(num, path, "a field changed that has no value to fill in")
		return true, nil
	}
	c := Change{Path: path, Field: f.name, Rule: RuleValues, Level: Filling}
	for _, key := range differing(old, now) {
		x := now.Get(key)
		var what string
		var err error
		switch key {
		case "V", "AS", "M", "I", "RV":
			what, err = s.takes(x, c, nothing)
		case "AP":
			if what, err = s.appearance(x); what == "" && err == nil && x != nil {
				what, err = s.takes(x, c, s.drawable)
			}
		default:
			what = "it must not change"
		}
		if err != nil {
			return false, err
		}
		if what != "" {
			s.wrong(num, path, "/%s: %s", key, what)
			return true, nil
		}
	}
	s.explain(num, path, f.name, c.Rule, c.Level)
	return true, nil
}

// fieldAppearance: the appearance stream of a field whose value changed is written again under its own number, and has no
// other role.
func (s *step) fieldAppearance(o object) (bool, error) {
	now, ok := o.new.(cos.Stream)
	by, alone := s.set.UsedBy(o.num)
	if !ok || !alone || by == 0 || now.Dict.Get("Subtype") != cos.Name("Form") {
		return false, nil
	}
	fields, err := s.formFields()
	if err != nil {
		return false, err
	}
	slot, _ := s.old.Slot(by)
	d, ok, err := s.old.Dict(cos.Ref{Num: by, Gen: slot.Gen})
	if err != nil || !ok {
		return false, err
	}
	f, ok, err := s.climb(s.old, by, fields)
	if err != nil || !ok || f.kind == "Sig" || f.flags&readOnly != 0 || f.kind == "Btn" || !shows(d, o.num) {
		return false, err
	}
	after, ok, err := s.climb(s.new, by, fields)
	if err != nil || !ok || equal(f.value, after.value) {
		return false, err
	}
	path := pathFields + "/" + f.name
	c := Change{Path: path, Field: f.name, Rule: RuleValues, Level: Filling}
	before, _ := o.old.(cos.Stream)
	what, err := s.takes(now.Dict, c, func(ref cos.Ref) (bool, error) {
		if refersTo(before.Dict, ref) {
			return true, nil
		}
		return s.drawable(ref)
	})
	if err != nil || what != "" {
		return false, err
	}
	s.explain(o.num, path, f.name, c.Rule, c.Level)
	return true, nil
}

// shows reports whether an object is the normal appearance of a widget.
func shows(widget cos.Dict, num int) bool {
	ap, _ := widget.Get("AP").(cos.Dict)
	ref, ok := ap.Get("N").(cos.Ref)
	return ok && ref.Num == num
}

// refersTo reports whether a value has a reference.
func refersTo(x cos.Value, ref cos.Ref) bool {
	switch x := x.(type) {
	case cos.Ref:
		return x == ref
	case cos.Array:
		return slices.ContainsFunc(x, func(e cos.Value) bool { return refersTo(e, ref) })
	case cos.Dict:
		return slices.ContainsFunc(x, func(e cos.Entry) bool { return refersTo(e.Value, ref) })
	}
	return false
}
