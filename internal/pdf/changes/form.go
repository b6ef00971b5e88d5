package changes

import (
	"slices"

	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/signature"
)

const pathForm, pathFields = "/Root/AcroForm", "/Root/AcroForm/Fields"

// form: /AcroForm gets signature fields behind those it had, and /SigFlags more bits; a file without a form gets one. Its
// default resources and appearance, which other fields are drawn with, stay.
func (s *step) form(catalog int, old, now cos.Value) error {
	before, after, ok, err := s.dicts(old, now)
	if err != nil {
		return err
	}
	holder := below(now, catalog)
	if !ok {
		s.wrong(holder, pathForm, "/AcroForm is not a dictionary")
		return nil
	}
	level, rule, err := s.fields(before.Get("Fields"), after.Get("Fields"), holder)
	if err != nil {
		return err
	}
	c := Change{Path: pathForm, Rule: rule, Level: level}
	if rule == "" {
		c.Rule, c.Level = RuleEmpty, Signing
	}
	for _, key := range differing(before, after) {
		if err := s.formEntry(key, before, after, holder, old == nil, c); err != nil {
			return err
		}
	}
	if s.touched(old, now) {
		if err := s.moved(old, now, catalog, c); err != nil {
			return err
		}
		s.place(catalog, old, now, c)
		if !equal(before, after) {
			s.explain(holder, pathForm, "", c.Rule, c.Level)
		}
	}
	return nil
}

// formEntry judges an entry of the form that differs; fields has judged /Fields.
func (s *step) formEntry(key cos.Name, before, after cos.Dict, holder int, first bool, c Change) error {
	x := after.Get(key)
	switch {
	case key == "Fields":
		return nil
	case key == "SigFlags":
		a, _ := before.Get(key).(cos.Integer)
		if b, ok := x.(cos.Integer); ok && b >= 0 && b <= 3 && a&^b == 0 {
			return nil
		}
	case first && (key == "DR" || key == "DA"):
		what, err := s.takes(x, c, s.drawable)
		if err != nil || what == "" {
			return err
		}
	case first && key == "NeedAppearances" && x == cos.Bool(false):
		return nil
	}
	s.wrong(holder, pathForm+"/"+string(key), "the form's /%s changed", key)
	return nil
}

// fields compares /Fields: what was there stays in its order, what is added is a signature field. It returns the highest level
// of what was added and the rule that explains it, "" when nothing was.
func (s *step) fields(old, now cos.Value, parent int) (level Level, rule string, err error) {
	if !s.touched(old, now) {
		return None, "", nil
	}
	before, _, err := s.old.Array(old)
	if err != nil {
		return None, "", err
	}
	after, ok, err := s.new.Array(now)
	if err != nil {
		return None, "", err
	}
	holder := below(now, parent)
	if !ok && now != nil {
		s.wrong(holder, pathFields, "/Fields is not an array")
		return None, "", nil
	}
	var added []cos.Ref
	for _, x := range after {
		if len(before) > 0 && equal(before[0], x) {
			before = before[1:]
			continue
		}
		ref, ok := x.(cos.Ref)
		if !ok {
			s.wrong(holder, pathFields, "a field is not a reference")
			return None, "", nil
		}
		added = append(added, ref)
	}
	if len(before) > 0 {
		s.wrong(holder, pathFields, "a field was removed or moved")
	}
	if level, rule, err = s.added(added); err != nil {
		return level, rule, err
	}
	c := Change{Path: pathFields, Rule: rule, Level: level}
	if rule == "" {
		c.Rule, c.Level = RuleEmpty, Signing
	}
	if _, indirect := now.(cos.Ref); indirect {
		return level, rule, s.moved(old, now, parent, c)
	}
	return level, rule, nil
}

// added explains new fields.
func (s *step) added(refs []cos.Ref) (level Level, rule string, err error) {
	shared := map[cos.Ref]int{}
	dicts := make([]cos.Dict, len(refs))
	for i, ref := range refs {
		x, err := s.new.Get(ref)
		if err != nil {
			return None, "", err
		}
		dicts[i], _ = x.(cos.Dict)
		if v, ok := dicts[i].Get("V").(cos.Ref); ok {
			shared[v]++
		}
	}
	for i, ref := range refs {
		v, _ := dicts[i].Get("V").(cos.Ref)
		w, err := s.newField(ref, dicts[i], shared[v] > 1)
		if err != nil {
			return None, "", err
		}
		if w.level >= level {
			level, rule = w.level, w.rule
		}
	}
	return level, rule, nil
}

// fieldKeys are the entries of a new signature field or widget; none of them makes a reader do anything but show it.
var fieldKeys = []cos.Name{"Type", "Subtype", "FT", "T", "TU", "TM", "Ff", "V", "F", "P", "Rect", "AP", "MK", "DA", "Q", "Lock",
	"SV", "Kids", "Parent", "NM", "M", "Border", "BS", "H", "StructParent", "DR", "C"}

// newField explains a signature field that was added, or says what is wrong with it.
func (s *step) newField(ref cos.Ref, d cos.Dict, shared bool) (widget, error) {
	name, _ := cos.Text(d.Get("T"))
	path := pathFields + "/" + name
	w := widget{rule: RuleField, level: Signing, field: name}
	bad := func(what string) (widget, error) {
		s.wrong(ref.Num, path, "%s", what)
		return widget{}, nil
	}
	if !s.fresh[ref.Num] || s.settled[ref.Num] {
		return bad("the field is not a new object")
	}
	if d.Get("FT") != cos.Name("Sig") || d.Get("Parent") != nil || d.Get("T") == nil {
		return bad("the field is not a signature field of its own")
	}
	kids, _, err := s.new.Array(d.Get("Kids"))
	if err != nil {
		return w, err
	}
	switch v := d.Get("V").(type) {
	case nil:
		w.rule = RuleEmpty
		if d.Get("AP") != nil || d.Get("MK") != nil || len(kids) > 0 {
			return bad("a field without a signature shows something")
		}
	case cos.Ref:
		sig := s.own[v]
		if sig == nil || !s.fresh[v.Num] {
			return bad("its signature is not one that ends this revision")
		}
		if shared {
			w.rule = RuleParts
		}
		if sig.Timestamp && invisible(d) && len(kids) == 0 {
			w.rule, w.level = RuleTimestamp, Evidence
		}
	default:
		return bad("its signature is not an object of its own")
	}
	if what, err := s.widget(ref, d, path, w); err != nil || what != "" {
		s.wrong(ref.Num, path, "%s", what)
		return widget{}, err
	}
	for _, kid := range kids {
		k, _ := kid.(cos.Ref)
		kd, _, err := s.new.Dict(kid)
		if err != nil {
			return w, err
		}
		if !s.fresh[k.Num] || kd.Get("Parent") != ref || kd.Get("T") != nil || kd.Get("V") != nil || kd.Get("Kids") != nil || kd.Get("FT") != nil {
			return bad("a kid is not a new widget of the field")
		}
		if what, err := s.widget(k, kd, path, w); err != nil || what != "" {
			s.wrong(ref.Num, path, "%s", what)
			return widget{}, err
		}
	}
	return w, nil
}

// invisible reports whether a widget covers nothing: no extent, or hidden.
func invisible(d cos.Dict) bool {
	if flags, ok := d.Get("F").(cos.Integer); ok && flags&2 != 0 {
		return true
	}
	if d.Get("Rect") == nil {
		return d.Get("AP") == nil
	}
	a, ok := d.Get("Rect").(cos.Array)
	if !ok || len(a) != 4 {
		return false
	}
	var r [4]float64
	for i, x := range a {
		if r[i], ok = cos.Float(x); !ok {
			return false
		}
	}
	return r[0] == r[2] || r[1] == r[3]
}

// widget explains a field or one of its widgets: known entries, an appearance of new objects (fonts and images may be shared),
// everything else without references. It returns what is wrong, or "".
func (s *step) widget(ref cos.Ref, d cos.Dict, path string, w widget) (string, error) {
	c := Change{Path: path, Field: w.field, Rule: w.rule, Level: w.level}
	for _, e := range d {
		if !slices.Contains(fieldKeys, e.Key) {
			return "the field has /" + string(e.Key), nil
		}
		allowed := nothing
		switch e.Key {
		case "P":
			if _, ok := e.Value.(cos.Ref); !ok {
				return "/P is not a reference", nil
			}
			continue
		case "Parent", "Kids":
			continue
		case "V":
			allowed = anything
		case "AP", "DR":
			allowed = s.drawable
		}
		if e.Key == "AP" {
			what, err := s.appearance(e.Value)
			if err != nil || what != "" {
				return what, err
			}
		}
		what, err := s.takes(e.Value, c, allowed)
		if err != nil || what != "" {
			return "/" + string(e.Key) + ": " + what, err
		}
	}
	s.explain(ref.Num, path, w.field, w.rule, w.level)
	if d.Get("Subtype") == cos.Name("Widget") {
		w.page = d.Get("P")
		s.widgets[ref.Num] = w
	}
	return "", nil
}

// appearance wants /AP to be a dictionary, direct or new, of new streams.
func (s *step) appearance(x cos.Value) (string, error) {
	d, ok, err := s.new.Dict(x)
	if err != nil {
		return "", err
	}
	if ref, indirect := x.(cos.Ref); indirect && !s.fresh[ref.Num] {
		return "/AP is an older object", nil
	}
	if !ok {
		return "/AP is not a dictionary", nil
	}
	for _, e := range d {
		ref, isRef := e.Value.(cos.Ref)
		if sub, isDict := e.Value.(cos.Dict); isDict { // states of a button
			for _, state := range sub {
				if r, ok := state.Value.(cos.Ref); !ok || !s.fresh[r.Num] {
					return "/AP shows something that is not new", nil
				}
			}
			continue
		}
		if !isRef || !s.fresh[ref.Num] || e.Key != "N" && e.Key != "R" && e.Key != "D" {
			return "/AP shows something that is not new", nil
		}
	}
	return "", nil
}

// signs reports the signature of this revision that a field's value is.
func (s *step) signs(x cos.Value) *signature.Signature {
	ref, ok := x.(cos.Ref)
	if !ok || !s.fresh[ref.Num] {
		return nil
	}
	return s.own[ref]
}
