package signature

import (
	"errors"

	"yinzheng/internal/pdf/cos"
)

// store reads the document security store (ISO 32000-2, 12.8.4.3), also what only its /VRI mentions.
func (w *finder) store() error {
	catalog, _, err := w.latest.Catalog()
	if err != nil {
		return err
	}
	x := catalog.Get("DSS")
	d, ok, err := w.latest.Dict(x)
	if err != nil {
		return err
	}
	if !ok {
		return w.absent(x, CodeDSS, "/DSS is not a dictionary")
	}
	r := &evidence{finder: w, dss: &DSS{}, seen: map[cos.Ref]bool{}}
	r.wrote(x)
	if _, indirect := x.(cos.Ref); !indirect {
		r.dss.Revision = max(0, writer(w.revisions, w.latest, w.catalogNumber()))
	}
	if err := r.lists(d, "Certs", "CRLs", "OCSPs"); err != nil {
		return err
	}
	r.wrote(d.Get("VRI"))
	vri, _, err := w.latest.Dict(d.Get("VRI"))
	if err != nil {
		return err
	}
	for _, e := range vri {
		r.wrote(e.Value)
		one, _, err := w.latest.Dict(e.Value)
		if err != nil {
			return err
		}
		if err := r.lists(one, "Cert", "CRL", "OCSP"); err != nil {
			return err
		}
	}
	w.set.DSS = r.dss
	return nil
}

// catalogNumber is the object number of the catalog.
func (w *finder) catalogNumber() int {
	_, ref, err := w.latest.Catalog()
	if err != nil {
		return 0
	}
	return ref.Num
}

// evidence gathers a DSS.
type evidence struct {
	*finder
	dss   *DSS
	seen  map[cos.Ref]bool
	bytes int64
}

// wrote takes note of the revision that wrote an object.
func (r *evidence) wrote(x cos.Value) {
	if ref, ok := x.(cos.Ref); ok {
		r.dss.Revision = max(r.dss.Revision, writer(r.revisions, r.latest, ref.Num))
	}
}

// lists reads the three arrays of a dictionary.
func (r *evidence) lists(d cos.Dict, certs, crls, ocsps cos.Name) error {
	for _, l := range []struct {
		key cos.Name
		out *[][]byte
	}{{certs, &r.dss.Certs}, {crls, &r.dss.CRLs}, {ocsps, &r.dss.OCSPs}} {
		x := d.Get(l.key)
		r.wrote(x)
		a, ok, err := r.latest.Array(x)
		if err != nil {
			return err
		}
		if !ok {
			if err := r.absent(x, CodeDSS, "/"+string(l.key)+" is not an array"); err != nil {
				return err
			}
		}
		for _, e := range a {
			if err := r.stream(e, l.out); err != nil {
				return err
			}
		}
	}
	return nil
}

// stream reads one certificate, list or answer.
func (r *evidence) stream(x cos.Value, out *[][]byte) error {
	ref, ok := x.(cos.Ref)
	if !ok {
		r.set.problem(CodeDSS, "an entry that is not a reference")
		return nil
	}
	if r.seen[ref] {
		return nil
	}
	if len(r.seen) == maxEvidence {
		return ErrLimit
	}
	r.seen[ref] = true
	r.wrote(ref)
	v, err := r.latest.Get(ref)
	if err != nil {
		return err
	}
	s, ok := v.(cos.Stream)
	if !ok {
		r.set.problem(CodeDSS, "object %d is not a stream", ref.Num)
		return nil
	}
	b, err := r.f.Decode(s, maxEvidenceBytes-r.bytes)
	if errors.Is(err, cos.ErrLimit) {
		return ErrLimit
	}
	if err != nil {
		r.set.problem(CodeDSS, "object %d: %v", ref.Num, err)
		return nil
	}
	r.bytes += int64(len(b))
	*out = append(*out, b)
	return nil
}
