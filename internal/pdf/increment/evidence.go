package increment

import (
	"bytes"
	"fmt"

	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/signature"
)

// padesSubFilter is what PAdES signatures are called (ETSI EN 319 142-1, 5.3).
const padesSubFilter = "ETSI.CAdES.detached"

// WithEvidence appends the document security store (ISO 32000-2, 12.8.4.3): certificates, revocation lists and status answers
// with which the signatures can be judged when nobody can be asked. What is there stays; what is there already is not written
// again, and without anything new there is no revision: the result is empty. Entries by signature (/VRI) stay and are not
// written: ETSI EN 319 142-1, 5.4.2.3 advises against them. No certification forbids evidence. Errors: ErrForm.
func WithEvidence(file *cos.File, d signature.DSS) ([]byte, error) {
	out, err := withEvidence(file, d)
	if err != nil {
		return nil, fmt.Errorf("adding evidence: %w", err)
	}
	return out, nil
}

func withEvidence(file *cos.File, d signature.DSS) ([]byte, error) {
	f, err := readForm(file)
	if err != nil {
		return nil, err
	}
	store := cos.Dict{{Key: "Type", Value: cos.Name("DSS")}}
	at, indirect := f.root.Get("DSS").(cos.Ref)
	if x := f.root.Get("DSS"); x != nil {
		old, ok := f.resolved(x).(cos.Dict)
		if !ok {
			return nil, fmt.Errorf("%w: /DSS is not a dictionary", ErrForm)
		}
		store = old
	}
	changed, added := false, false
	for _, list := range []struct {
		key cos.Name
		add [][]byte
	}{{"Certs", d.Certs}, {"CRLs", d.CRLs}, {"OCSPs", d.OCSPs}} {
		refs := f.evidence(store.Get(list.key), list.add)
		if len(refs) == 0 {
			continue
		}
		_, apart := store.Get(list.key).(cos.Ref)
		added, changed = true, changed || !apart
		if store, err = f.u.appendTo(store, list.key, refs...); err != nil {
			return nil, err
		}
	}
	switch {
	case !added:
		return nil, nil
	case changed && indirect:
		f.u.Set(at, store)
	case changed && f.root.Get("DSS") == nil:
		f.setRoot("DSS", f.u.Add(store))
	case changed:
		f.setRoot("DSS", store)
	}
	f.extend()
	return f.u.Bytes()
}

// evidence writes what a list does not have yet.
func (f *form) evidence(list cos.Value, add [][]byte) []cos.Value {
	most := 0
	for _, b := range add {
		most = max(most, len(b))
	}
	var there [][]byte
	old, _ := f.resolved(list).(cos.Array)
	for _, x := range old {
		s, ok := f.resolved(x).(cos.Stream)
		if !ok {
			continue
		}
		// What is longer than everything new, or cannot be decoded, is nothing of it.
		if b, err := f.u.v.File().Decode(s, int64(most)); err == nil && among(b, add) {
			there = append(there, b)
		}
	}
	var refs []cos.Value
	for i, b := range add {
		if !among(b, there) && !among(b, add[:i]) {
			refs = append(refs, f.u.Add(cos.Stream{Data: b}))
		}
	}
	return refs
}

func among(b []byte, list [][]byte) bool {
	for _, o := range list {
		if bytes.Equal(b, o) {
			return true
		}
	}
	return false
}

// extend says in a file of PDF 1 that it has what PAdES adds (ETSI EN 319 142-1, 5.6), beside the extensions that it names.
func (f *form) extend() {
	if f.second() {
		return
	}
	x := f.root.Get("Extensions")
	d, ok := f.resolved(x).(cos.Dict)
	if x != nil && !ok || d.Get("ESIC") != nil {
		return // what is no dictionary is not for us to change
	}
	d = d.With("ESIC", cos.Dict{{Key: "BaseVersion", Value: cos.Name("1.7")}, {Key: "ExtensionLevel", Value: cos.Integer(1)}})
	if at, indirect := x.(cos.Ref); indirect {
		f.u.Set(at, d)
	} else {
		f.setRoot("Extensions", d)
	}
}

// second reports whether a file is of PDF 2, which has all this by itself.
func (f *form) second() bool {
	if v, ok := f.resolved(f.root.Get("Version")).(cos.Name); ok && v >= "2" {
		return true
	}
	head := make([]byte, len("%PDF-2"))
	_, err := f.u.v.File().ReaderAt().ReadAt(head, 0)
	return err == nil && string(head) == "%PDF-2"
}
