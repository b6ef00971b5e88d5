package signature

import (
	"slices"

	"yinzheng/internal/pdf/cos"
)

// transforms reads /Reference (ISO 32000-1, 12.8.2): certification and locked fields, in the revision that is signed.
func (e *examiner) transforms() error {
	references, ok, err := e.view.Array(e.dict.Get("Reference"))
	if err != nil {
		return err
	}
	if !ok && e.dict.Get("Reference") != nil {
		e.s.problem(0, CodeDictionary, "/Reference is not an array")
	}
	for _, x := range references {
		d, ok, err := e.view.Dict(x)
		if err != nil {
			return err
		}
		params, _, err := e.view.Dict(d.Get("TransformParams"))
		if err != nil {
			return err
		}
		method, isName := d.Get("TransformMethod").(cos.Name)
		if !ok || !isName {
			e.s.problem(0, CodeDictionary, "a signature reference without a method")
			continue
		}
		if err := e.transform(method, params); err != nil {
			return err
		}
	}
	if e.s.Lock != nil {
		return nil
	}
	for _, p := range e.places {
		if err := e.fieldLock(p.lock); err != nil || e.s.Lock != nil {
			return err
		}
	}
	return nil
}

// transform takes one reference.
func (e *examiner) transform(method cos.Name, params cos.Dict) error {
	s := e.s
	switch method {
	case "DocMDP":
		p := cos.Integer(2) // the default (ISO 32000-1, table 254)
		if x := params.Get("P"); x != nil {
			p, _ = x.(cos.Integer)
		}
		if s.Permission != 0 || p < 1 || p > 3 {
			s.problem(0, CodePerms, "a certification with P = %d, or two of them", p)
			p = 1 // the strictest reading
		}
		s.Permission = int(p)
	case "FieldMDP":
		if s.Lock != nil {
			s.problem(0, CodeDictionary, "two sets of locked fields")
		}
		return e.locked(params)
	case "UR", "UR3":
		s.problem(0, CodeUsage, "a usage-rights signature")
	default:
		s.problem(0, CodeDictionary, "unknown transform method %q", method)
	}
	return nil
}

// fieldLock reads /Lock of a field.
func (e *examiner) fieldLock(x cos.Value) error {
	d, ok, err := e.view.Dict(x)
	if err != nil || !ok {
		return err
	}
	if err := e.locked(d); err != nil {
		return err
	}
	if p, _ := d.Get("P").(cos.Integer); p >= 1 && p <= 3 {
		e.s.Lock.Permission = int(p)
	}
	return nil
}

// locked reads /Action and /Fields.
func (e *examiner) locked(d cos.Dict) error {
	action, _ := d.Get("Action").(cos.Name)
	lock := &FieldLock{Action: string(action)}
	if !slices.Contains([]string{"All", "Include", "Exclude"}, lock.Action) {
		e.s.problem(0, CodeDictionary, "a lock with action %q", lock.Action)
		lock.Action = "All" // the strictest reading
	}
	fields, _, err := e.view.Array(d.Get("Fields"))
	if err != nil {
		return err
	}
	if len(fields) > maxLocked {
		return ErrLimit
	}
	for _, x := range fields {
		x, err := e.view.Resolve(x)
		if err != nil {
			return err
		}
		name, ok := cos.Text(x)
		if !ok {
			e.s.problem(0, CodeDictionary, "a locked field without a name")
			continue
		}
		lock.Fields = append(lock.Fields, name)
	}
	e.s.Lock = lock
	return nil
}

// Locks reports whether a lock forbids to change a field, by its full name; a lock on a field locks what is below it.
func (l *FieldLock) Locks(name string) bool {
	if l == nil {
		return false
	}
	named := slices.ContainsFunc(l.Fields, func(f string) bool {
		return f == name || len(name) > len(f) && name[:len(f)] == f && name[len(f)] == '.'
	})
	return l.Action == "All" || l.Action == "Include" && named || l.Action == "Exclude" && !named
}

// perms compares /Perms (ISO 32000-1, 12.8.4) with the signatures that certify.
func (w *finder) perms() error {
	catalog, _, err := w.latest.Catalog()
	if err != nil {
		return err
	}
	x := catalog.Get("Perms")
	d, ok, err := w.latest.Dict(x)
	if err != nil {
		return err
	}
	if !ok {
		if err := w.absent(x, CodePerms, "/Perms is not a dictionary"); err != nil {
			return err
		}
	}
	for _, entry := range d {
		ref, _ := entry.Value.(cos.Ref)
		at := slices.IndexFunc(w.set.Signatures, func(s Signature) bool { return s.Ref.Num != 0 && s.Ref == ref })
		switch {
		case entry.Key != "DocMDP" && entry.Key != "UR3" && entry.Key != "UR":
			w.set.problem(CodePerms, "/Perms has an entry %q", entry.Key)
		case at < 0:
			w.set.problem(CodePerms, "/Perms/%s is not a signature of the file", entry.Key)
			if err := w.permsOnly(ref, entry.Value); err != nil {
				return err
			}
		case entry.Key != "DocMDP":
			w.set.Signatures[at].problem(0, CodeUsage, "/Perms/%s gives usage rights", entry.Key)
		case w.set.Signatures[at].Permission == 0:
			w.set.Signatures[at].problem(0, CodePerms, "/Perms says that it certifies, and it does not")
		}
	}
	w.certifications(d.Get("DocMDP"))
	return nil
}

// permsOnly makes a signature of something that only /Perms refers to.
func (w *finder) permsOnly(ref cos.Ref, x cos.Value) error {
	x, err := w.latest.Resolve(x)
	if err != nil {
		return err
	}
	return w.add(Signature{Ref: ref}, x, nil)
}

// certifications allows one certification, which /Perms names and which is the first signature of all.
func (w *finder) certifications(named cos.Value) {
	first := len(w.revisions)
	for _, s := range w.set.Signatures {
		first = min(first, s.Revision)
	}
	seen := false
	for i := range w.set.Signatures {
		s := &w.set.Signatures[i]
		if s.Permission == 0 {
			continue
		}
		if named != s.Ref || s.Ref.Num == 0 {
			s.problem(0, CodePerms, "it certifies, and /Perms does not name it")
		}
		if seen || s.Revision > first {
			s.problem(0, CodePerms, "a certification after another signature")
		}
		seen = true
	}
}
