package increment

import (
	"bytes"
	"fmt"

	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/signature"
)

// WithEvidence appends the document security store (ISO 32000-2, 12.8.4.3): certificates, revocation lists and status answers
// with which the signatures can be judged when nobody can be asked. What is there stays; what is there already is not written again.
// Entries by signature (/VRI) are not written: ETSI EN 319 142-1, 5.4.2.3 advises against them. Errors: ErrForm.
func WithEvidence(file *cos.File, d signature.DSS) ([]byte, error) {
	out, err := withEvidence(file, d)
	if err != nil {
		return nil, fmt.Errorf("adding evidence: %w", err)
	}
	return out, nil
}

func withEvidence(file *cos.File, d signature.DSS) ([]byte, error) {
	f, err := newForm(file)
	if err != nil {
		return nil, err
	}
	root, ref, err := f.v.Catalog()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	store := cos.Dict{{Key: "Type", Value: cos.Name("DSS")}}
	at := root.Get("DSS")
	own, indirect := at.(cos.Ref)
	if at != nil {
		old, ok, err := f.v.Dict(at)
		if err != nil || !ok {
			return nil, fmt.Errorf("%w: /DSS is not a dictionary: %v", ErrForm, err)
		}
		store = old
	}
	set, err := signature.Find(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	there := signature.DSS{}
	if set.DSS != nil {
		there = *set.DSS
	}
	owner := own
	if !indirect {
		owner = f.reserve()
	}
	for _, list := range []struct {
		key      cos.Name
		add, old [][]byte
	}{{"Certs", d.Certs, there.Certs}, {"CRLs", d.CRLs, there.CRLs}, {"OCSPs", d.OCSPs, there.OCSPs}} {
		var refs []cos.Value
		for i, b := range list.add {
			if among(b, list.old) || among(b, list.add[:i]) {
				continue
			}
			refs = append(refs, f.add(cos.Stream{Data: b}))
		}
		if len(refs) == 0 {
			continue
		}
		if store, err = f.appendTo(owner, store, list.key, refs...); err != nil {
			return nil, err
		}
	}
	f.set(owner, store)
	if !indirect {
		root = root.With("DSS", owner)
		f.set(ref, f.extensions(root))
	}
	return f.bytes([]byte("evidence")), nil
}

func among(b []byte, list [][]byte) bool {
	for _, o := range list {
		if bytes.Equal(b, o) {
			return true
		}
	}
	return false
}

// extensions says in a file of PDF 1 that it has what PAdES adds (ETSI EN 319 142-1, 5.6).
func (f *form) extensions(root cos.Dict) cos.Dict {
	if root.Get("Extensions") != nil {
		return root
	}
	return root.With("Extensions", cos.Dict{{Key: "ESIC", Value: cos.Dict{
		{Key: "BaseVersion", Value: cos.Name("1.7")}, {Key: "ExtensionLevel", Value: cos.Integer(2)}}}})
}
