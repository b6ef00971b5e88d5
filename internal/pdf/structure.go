package pdf

import (
	"fmt"
)

// role is what an object is for. Each object of a file has exactly one, and none is without.
type role uint8

const (
	noRole role = iota
	catalogRole
	pagesRole
	pageRole
	contentRole
	fontRole
	cidFontRole
	descriptorRole
	fontFileRole
	toUnicodeRole
	imageRole
	maskRole
	metadataRole
	intentRole
	profileRole
	filespecRole
	embeddedRole
	infoRole
)

// check judges a value; what is wrong is its text.
type check func(w *walker, v value) error

// field is one key that a dict may have. Keys stand in the order of the shape.
type field struct {
	key   string
	must  bool
	check check
}

// walker follows the first revision from catalog and information dictionary and meets every object.
type walker struct {
	objects []found
	roles   []role // by object number - 1
}

// walk demands that every object is one that Builder writes, in its place, and none is left over.
func walk(first revision) (*walker, error) {
	w := &walker{objects: first.objects, roles: make([]role, len(first.objects))}
	for _, start := range []struct {
		val  value
		role role
	}{{first.trailer.get("Root"), catalogRole}, {first.trailer.get("Info"), infoRole}} {
		if err := to(start.role)(w, start.val); err != nil {
			return nil, err
		}
	}
	for i, r := range w.roles {
		if r == noRole {
			return nil, w.wrong(i, fmt.Errorf("it is not used"))
		}
	}
	return w, nil
}

// wrong names the object at an index, unless err names one already.
func (w *walker) wrong(index int, err error) error {
	if m, ok := err.(*MalformedError); ok { //nolint:errorlint // made here, never wrapped
		return m
	}
	return &MalformedError{w.objects[index].offset, fmt.Sprintf("object %d: %v", w.objects[index].num, err)}
}

// to wants a reference to an object of a role, and judges the object when it is met first. Depth is bounded by the roles:
// none leads back to one that is being judged, but for /Parent, which is not followed.
func to(r role) check {
	return func(w *walker, v value) error {
		target, ok := v.(ref)
		if !ok || int(target) > len(w.objects) {
			return fmt.Errorf("a reference to an object expected")
		}
		i := int(target) - 1
		if w.roles[i] == r {
			return nil
		}
		if w.roles[i] != noRole {
			return fmt.Errorf("object %d has two uses", target)
		}
		w.roles[i] = r
		o := w.objects[i]
		fields, stream := shapeOf(r)
		if o.dict == nil || o.hasStream != stream {
			return w.wrong(i, fmt.Errorf("a dictionary or stream of another kind expected"))
		}
		if err := shape(fields...)(w, o.dict); err != nil {
			return w.wrong(i, err)
		}
		return nil
	}
}

// shape wants a dict with these fields and no others, in this order.
func shape(fields ...field) check {
	return func(w *walker, v value) error {
		d, ok := v.(dict)
		if !ok {
			return fmt.Errorf("a dictionary expected")
		}
		i := 0
		for _, f := range fields {
			if i == len(d) || d[i].key != f.key {
				if f.must {
					return fmt.Errorf("/%s is missing or in another place", f.key)
				}
				continue
			}
			if err := f.check(w, d[i].val); err != nil {
				if _, ok := err.(*MalformedError); ok { //nolint:errorlint // made here, never wrapped
					return err
				}
				return fmt.Errorf("/%s: %w", f.key, err)
			}
			i++
		}
		if i < len(d) {
			return fmt.Errorf("/%s is unknown here", d[i].key)
		}
		return nil
	}
}

// is wants one of these values.
func is(wanted ...value) check {
	return func(_ *walker, v value) error {
		got := string(v.appendTo(nil))
		for _, want := range wanted {
			if got == string(want.appendTo(nil)) {
				return nil
			}
		}
		return fmt.Errorf("%.40s is unknown here", got)
	}
}

// number wants an integer in a range.
func number(least, most int64) check {
	return func(_ *walker, v value) error {
		if n, ok := v.(integer); !ok || int64(n) < least || int64(n) > most {
			return fmt.Errorf("an integer from %d to %d expected", least, most)
		}
		return nil
	}
}

// text wants a text string, anyName a name, refTo the reference itself.
func text(_ *walker, v value) error {
	if _, ok := readText(v); !ok {
		return fmt.Errorf("a text string expected")
	}
	return nil
}

func anyName(_ *walker, v value) error {
	if _, ok := v.(name); !ok {
		return fmt.Errorf("a name expected")
	}
	return nil
}

// list wants an array of at least one element, each judged by the check of its position, which repeat.
func list(checks ...check) check {
	return func(w *walker, v value) error {
		a, ok := v.(array)
		if !ok || len(a) == 0 || len(a)%len(checks) != 0 {
			return fmt.Errorf("an array expected")
		}
		for i, e := range a {
			if err := checks[i%len(checks)](w, e); err != nil {
				return err
			}
		}
		return nil
	}
}

// numbered wants a dict with keys of a prefix, such as I1, each judged alike.
func numbered(prefix byte, each check) check {
	return func(w *walker, v value) error {
		d, ok := v.(dict)
		if !ok || len(d) == 0 {
			return fmt.Errorf("a dictionary expected")
		}
		for _, e := range d {
			if e.key[0] != prefix {
				return fmt.Errorf("/%s is unknown here", e.key)
			}
			if err := each(w, e.val); err != nil {
				return err
			}
		}
		return nil
	}
}

// box wants a page's rectangle from 0, 0.
func box(_ *walker, v value) error {
	if _, _, ok := pageSize(v); !ok {
		return fmt.Errorf("a page rectangle expected")
	}
	return nil
}

// pageSize reads a /MediaBox as Builder writes it.
func pageSize(v value) (w, h milli, ok bool) {
	a, isArray := v.(array)
	if !isArray || len(a) != 4 || a[0] != integer(0) || a[1] != integer(0) {
		return 0, 0, false
	}
	w, okW := real(a[2])
	h, okH := real(a[3])
	most := points(maxPageSide)
	return w, h, okW && okH && w > 0 && h > 0 && w <= most && h <= most
}

// real reads a number in thousandths.
func real(v value) (milli, bool) {
	switch n := v.(type) {
	case integer:
		if n > -1<<40 && n < 1<<40 {
			return milli(n) * 1000, true
		}
	case milli:
		return n, true
	}
	return 0, false
}
