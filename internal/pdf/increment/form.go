package increment

import (
	"errors"
	"fmt"
	"slices"

	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/signature"
)

// Limits of a form, as package signature has them.
const (
	maxFields     = 100_000 // fields and widgets
	maxFieldDepth = 32      // levels of its tree
	maxNameBytes  = 4096    // of a field's full name
)

// form is what a revision needs to know of a file: the catalogue, the names in its form and the signature fields. The rest of the
// file is not read.
type form struct {
	u       *Update
	root    cos.Dict
	rootRef cos.Ref
	dict    cos.Dict // of /AcroForm; nil: none
	names   map[string]bool
	empty   []field
	signed  []field
	visited map[int]bool
	seen    map[cos.Ref]*signed // signature dictionaries that were read
}

// field is a signature field that is its own widget, or a widget of one.
type field struct {
	name  string // full
	ref   cos.Ref
	dict  cos.Dict
	value cos.Value // of /V, own or inherited; nil: empty
	lock  cos.Value // of /Lock, own or inherited
}

// signed is what a signature says about what may follow.
type signed struct {
	permission int                  // P of DocMDP, 0: it does not certify
	lock       *signature.FieldLock // FieldMDP
}

// Fields are what the form of a file says about its fields.
type Fields struct {
	Signed    []string // full names of the signature fields that have a signature
	Empty     []string // of those that wait for one
	Certified int      // the strictest P of the certification and of locks in force; 0 for none
	names     map[string]bool
}

// Taken reports whether a field has this name, of whatever kind it is.
func (f *Fields) Taken(name string) bool { return f.names[name] }

// ReadFields reads the form of a file, and nothing else of it. Errors: ErrForm.
func ReadFields(file *cos.File) (*Fields, error) {
	f, err := readForm(file)
	if err != nil {
		return nil, fmt.Errorf("reading a form: %w", err)
	}
	out := &Fields{Certified: f.certified(), names: f.names}
	for _, s := range f.signed {
		out.Signed = append(out.Signed, s.name)
	}
	for _, e := range f.empty {
		out.Empty = append(out.Empty, e.name)
	}
	return out, nil
}

func readForm(file *cos.File) (*form, error) {
	u, err := New(file)
	if err != nil {
		return nil, err
	}
	f := &form{u: u, names: map[string]bool{}, visited: map[int]bool{}, seen: map[cos.Ref]*signed{}}
	if f.root, f.rootRef, err = u.v.Catalog(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	x, err := u.v.Resolve(f.root.Get("AcroForm"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	switch x := x.(type) {
	case cos.Null:
		return f, nil
	case cos.Dict:
		f.dict = x
	default:
		return nil, fmt.Errorf("%w: /AcroForm is not a dictionary", ErrForm)
	}
	fields, ok, err := u.v.Array(f.dict.Get("Fields"))
	if err == nil && !ok && f.dict.Get("Fields") != nil {
		err = errors.New("/Fields is not an array")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	for _, x := range fields {
		if err := f.node(x, field{}, "", 0); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// node takes one field or widget with everything below it; in is what it inherits (ISO 32000-1, 12.7.3.1).
func (f *form) node(x cos.Value, in field, kind cos.Name, depth int) error {
	if depth > maxFieldDepth || len(f.visited) > maxFields {
		return fmt.Errorf("%w: a form of more than %d fields or %d levels", ErrForm, maxFields, maxFieldDepth)
	}
	ref, ok := x.(cos.Ref)
	if !ok || f.visited[ref.Num] {
		return nil // a field has to be an object of its own; one that stands there twice was taken
	}
	f.visited[ref.Num] = true
	d, ok, err := f.u.v.Dict(ref)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	if !ok {
		return nil
	}
	in.ref, in.dict = ref, d
	if name, ok := cos.Text(f.resolved(d.Get("T"))); ok {
		if in.name != "" {
			name = in.name + "." + name
		}
		if len(name) > maxNameBytes {
			return fmt.Errorf("%w: a field name of %d bytes", ErrForm, len(name))
		}
		in.name, f.names[name] = name, true
	}
	if own, ok := f.resolved(d.Get("FT")).(cos.Name); ok {
		kind = own
	}
	if v := d.Get("V"); v != nil && v != (cos.Null{}) {
		in.value = v
	}
	if l := d.Get("Lock"); l != nil {
		in.lock = l
	}
	kids, _, err := f.u.v.Array(d.Get("Kids"))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	for _, kid := range kids {
		if err := f.node(kid, in, kind, depth+1); err != nil {
			return err
		}
	}
	switch {
	case len(kids) > 0 || kind != "Sig":
	case in.value != nil:
		f.signed = append(f.signed, in)
	default:
		f.empty = append(f.empty, in)
	}
	return nil
}

// resolved follows references; what cannot be read is nothing, and cos says so where it matters.
func (f *form) resolved(x cos.Value) cos.Value {
	x, err := f.u.v.Resolve(x)
	if err != nil {
		return cos.Null{}
	}
	return x
}

// waiting finds an empty field of a name.
func (f *form) waiting(name string) (field, bool) {
	i := slices.IndexFunc(f.empty, func(e field) bool { return e.name == name })
	if i < 0 {
		return field{}, false
	}
	return f.empty[i], true
}

// signature reads what a signature dictionary says about what may follow it.
func (f *form) signature(x cos.Value) *signed {
	ref, indirect := x.(cos.Ref)
	if s := f.seen[ref]; indirect && s != nil {
		return s
	}
	s := &signed{}
	d, ok := f.resolved(x).(cos.Dict)
	if !ok {
		s.permission = 1 // nobody knows; the strictest reading
	}
	references, _ := f.resolved(d.Get("Reference")).(cos.Array)
	for _, r := range references {
		r, _ := f.resolved(r).(cos.Dict)
		params, _ := f.resolved(r.Get("TransformParams")).(cos.Dict)
		switch r.Get("TransformMethod") {
		case cos.Name("DocMDP"):
			s.permission = 2 // the default (ISO 32000-1, table 254)
			if p := params.Get("P"); p != nil {
				s.permission = strictest(f.resolved(p))
			}
		case cos.Name("FieldMDP"):
			s.lock = f.lock(params)
		}
	}
	if indirect {
		f.seen[ref] = s
	}
	return s
}

// strictest reads P; what is none of 1, 2 and 3 counts as 1.
func strictest(x cos.Value) int {
	if p, ok := x.(cos.Integer); ok && p >= 1 && p <= 3 {
		return int(p)
	}
	return 1
}

// lock reads the names of /Lock or of the parameters of FieldMDP (ISO 32000-1, tables 233 and 256).
func (f *form) lock(d cos.Dict) *signature.FieldLock {
	action, _ := f.resolved(d.Get("Action")).(cos.Name)
	l := &signature.FieldLock{Action: string(action)}
	if action != "Include" && action != "Exclude" {
		l.Action = "All" // also what is not known: the strictest reading
	}
	names, _ := f.resolved(d.Get("Fields")).(cos.Array)
	for _, x := range names {
		if name, ok := cos.Text(f.resolved(x)); ok {
			l.Fields = append(l.Fields, name)
		}
	}
	if p := d.Get("P"); p != nil {
		l.Permission = strictest(f.resolved(p))
	}
	return l
}

// certified is the strictest P of the certification that /Perms names and of the locks of what is signed (ISO 32000-2, table
// 236); 0 for none. Of the other signatures nothing is read: there may be many.
func (f *form) certified() int {
	p := 0
	least := func(n int) {
		if n != 0 && (p == 0 || n < p) {
			p = n
		}
	}
	if perms, ok := f.resolved(f.root.Get("Perms")).(cos.Dict); ok && perms.Get("DocMDP") != nil {
		least(f.signature(perms.Get("DocMDP")).permission)
	}
	for _, s := range f.signed {
		if d, ok := f.resolved(s.lock).(cos.Dict); ok {
			least(f.lock(d).Permission)
		}
	}
	return p
}

// lockedBy names the field whose signature locked a field, or "".
func (f *form) lockedBy(name string) string {
	for _, s := range f.signed {
		lock := f.signature(s.value).lock
		if d, ok := f.resolved(s.lock).(cos.Dict); ok && lock == nil {
			lock = f.lock(d)
		}
		if lock.Locks(name) {
			return s.name
		}
	}
	return ""
}
