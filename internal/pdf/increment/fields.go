package increment

import (
	"fmt"

	"yinzheng/internal/pdf/cos"
)

// Limits of a form that is extended.
const (
	maxFields     = 20_000 // in the whole form
	maxFieldDepth = 32     // levels of the form's tree
)

// Fields are the signature fields that a file's form names.
type Fields struct {
	Signed    []string // full names of those that have a signature
	Empty     []string // of those that wait for one
	Certified int      // P of the file's certification; 0 for none

	names map[string]cos.Ref // of every field, of whatever kind
	empty map[string]cos.Ref
}

// Taken reports whether a field has this name.
func (f *Fields) Taken(name string) bool { _, ok := f.names[name]; return ok }

// ReadFields reads the names of a form, and nothing else of the file. Errors: ErrForm.
func ReadFields(file *cos.File) (*Fields, error) {
	f, err := readFields(file.Latest())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	return f, nil
}

func readFields(v cos.View) (*Fields, error) {
	f := &Fields{names: map[string]cos.Ref{}, empty: map[string]cos.Ref{}}
	root, _, err := v.Catalog()
	if err != nil {
		return nil, err
	}
	form, ok, err := v.Dict(root.Get("AcroForm"))
	if err != nil {
		return nil, err
	}
	if ok {
		kids, _, err := v.Array(form.Get("Fields"))
		if err != nil {
			return nil, err
		}
		if err := f.walk(v, kids, "", nil, 0); err != nil {
			return nil, err
		}
	}
	return f, f.certification(v, root)
}

// walk notes the fields below a node; kind is the inherited /FT.
func (f *Fields) walk(v cos.View, kids cos.Array, prefix string, kind cos.Value, depth int) error {
	if depth > maxFieldDepth {
		return fmt.Errorf("%w: a form of more than %d levels", cos.ErrLimit, maxFieldDepth)
	}
	for _, kid := range kids {
		ref, ok := kid.(cos.Ref)
		d, isDict, err := v.Dict(kid)
		if err != nil {
			return err
		}
		part, named := cos.Text(d.Get("T"))
		if !ok || !isDict || !named {
			continue // a widget of the field above it
		}
		if len(f.names) == maxFields {
			return fmt.Errorf("%w: more than %d fields", cos.ErrLimit, maxFields)
		}
		name, own := prefix+part, kind
		if ft := d.Get("FT"); ft != nil {
			own = ft
		}
		f.names[name] = ref
		below, hasKids, err := v.Array(d.Get("Kids"))
		if err != nil {
			return err
		}
		if hasKids {
			if err := f.walk(v, below, name+".", own, depth+1); err != nil {
				return err
			}
		}
		if own != cos.Name("Sig") {
			continue
		}
		if val := d.Get("V"); val != nil && val != (cos.Null{}) {
			f.Signed = append(f.Signed, name)
		} else if !hasKids {
			f.Empty, f.empty[name] = append(f.Empty, name), ref
		}
	}
	return nil
}

// certification reads P of the signature that /Perms names (ISO 32000-1, 12.8.2.2).
func (f *Fields) certification(v cos.View, root cos.Dict) error {
	perms, ok, err := v.Dict(root.Get("Perms"))
	if err != nil || !ok || perms.Get("DocMDP") == nil {
		return err
	}
	f.Certified = 2 // the default of P
	sig, _, err := v.Dict(perms.Get("DocMDP"))
	if err != nil {
		return err
	}
	references, _, err := v.Array(sig.Get("Reference"))
	if err != nil {
		return err
	}
	for _, r := range references {
		d, _, err := v.Dict(r)
		if err != nil {
			return err
		}
		params, _, err := v.Dict(d.Get("TransformParams"))
		if err != nil {
			return err
		}
		if p, ok := params.Get("P").(cos.Integer); ok && d.Get("TransformMethod") == cos.Name("DocMDP") {
			f.Certified = int(p)
		}
	}
	return nil
}
