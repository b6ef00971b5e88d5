package changes

import (
	"slices"

	"yinzheng/internal/pdf/cos"
)

// catalogRules judge the entries of the catalog that a later revision may change; every other entry stays as it is.
var catalogRules = map[cos.Name]func(*step, int, cos.Value, cos.Value) error{
	"AcroForm":   (*step).form,
	"Perms":      (*step).perms,
	"DSS":        (*step).dss,
	"Extensions": (*step).extensions,
	"Version":    (*step).version,
	"Metadata":   (*step).metadata,
}

// catalog compares the catalogs. Entries with a rule are looked into even when they are written alike: what they refer to may
// have changed.
func (s *step) catalog() error {
	before, ref, err := s.old.Catalog()
	if err != nil {
		return err
	}
	after, _, err := s.new.Catalog()
	if err != nil {
		return err
	}
	for _, key := range differing(before, after) {
		if catalogRules[key] == nil {
			s.wrong(ref.Num, "/Root/"+string(key), "the catalog's /%s changed", key)
		}
	}
	for _, key := range []cos.Name{"Version", "Extensions", "AcroForm", "Perms", "DSS", "Metadata"} {
		old, now := before.Get(key), after.Get(key)
		if old == nil && now == nil {
			continue
		}
		if now == nil {
			s.wrong(ref.Num, "/Root/"+string(key), "the catalog's /%s was removed", key)
			continue
		}
		if err := catalogRules[key](s, ref.Num, old, now); err != nil {
			return err
		}
	}
	if s.changed[ref.Num] && !s.settled[ref.Num] {
		s.explain(ref.Num, "/Root", "", RuleUnchanged, None)
	}
	return nil
}

// version: /Version rises (ISO 32000-1, table 28).
func (s *step) version(catalog int, old, now cos.Value) error {
	if equal(old, now) {
		return nil
	}
	before, _ := old.(cos.Name)
	after, ok := now.(cos.Name)
	if !ok || len(after) != 3 || after[1] != '.' || after < before || after < "1.4" || after > "2.0" {
		s.wrong(catalog, "/Root/Version", "the version changed otherwise than by rising")
		return nil
	}
	s.explain(catalog, "/Root/Version", "", RuleExtensions, Evidence)
	return nil
}

// extensions: /Extensions keeps its developers and gets others; it refers to nothing old (ISO 32000-1, 7.12).
func (s *step) extensions(catalog int, old, now cos.Value) error {
	c := Change{Path: "/Root/Extensions", Rule: RuleExtensions, Level: Evidence}
	if !s.touched(old, now) {
		return nil
	}
	before, after, ok, err := s.dicts(old, now)
	if err != nil {
		return err
	}
	if what := s.holder(old, now, catalog, c); what != "" {
		s.wrong(catalog, c.Path, "%s", what)
		return nil
	}
	for _, e := range before {
		if ok = ok && after.Get(e.Key) != nil; !ok {
			break
		}
	}
	what, err := s.takes(after, c, nothing)
	if err != nil {
		return err
	}
	if !ok || what != "" && !equal(before, after) {
		s.wrong(catalog, c.Path, "extensions were removed, or refer to older objects")
		return nil
	}
	s.place(catalog, old, now, c)
	return nil
}

// place explains the object in which a value stands when it is written differently there.
func (s *step) place(holder int, old, now cos.Value, c Change) {
	if !equal(old, now) {
		s.explain(holder, c.Path, c.Field, c.Rule, c.Level)
	}
}

// metadata: XMP of the document (ISO 32000-1, 14.3.2): a metadata stream before and after, without another role.
func (s *step) metadata(catalog int, old, now cos.Value) error {
	c := Change{Path: "/Root/Metadata", Rule: RuleMetadata, Level: Evidence}
	if !s.touched(old, now) {
		return nil
	}
	for _, v := range []struct {
		view cos.View
		x    cos.Value
	}{{s.old, old}, {s.new, now}} {
		x, err := v.view.Resolve(v.x)
		if err != nil {
			return err
		}
		stream, ok := x.(cos.Stream)
		if v.x != nil && (!ok || stream.Dict.Get("Type") != cos.Name("Metadata") || stream.Dict.Get("Subtype") != cos.Name("XML")) {
			s.wrong(below(now, catalog), c.Path, "it is not a metadata stream")
			return nil
		}
	}
	if what := s.holder(old, now, catalog, c); what != "" {
		s.wrong(below(now, catalog), c.Path, "%s", what)
		return nil
	}
	x, err := s.new.Resolve(now)
	if err != nil {
		return err
	}
	what, err := s.takes(x, c, nothing)
	if err != nil {
		return err
	}
	if what != "" {
		s.wrong(below(now, catalog), c.Path, "%s", what)
		return nil
	}
	s.place(catalog, old, now, c)
	return nil
}

// perms: the first signature of a file may certify it (ISO 32000-1, 12.8.4). What /Perms had before stays.
func (s *step) perms(catalog int, old, now cos.Value) error {
	c := Change{Path: "/Root/Perms", Rule: RuleCertify, Level: Signing}
	if !s.touched(old, now) {
		return nil
	}
	before, after, ok, err := s.dicts(old, now)
	if err != nil {
		return err
	}
	if ok && equal(before, after) {
		s.place(catalog, old, now, c)
		return s.moved(old, now, catalog, c)
	}
	ref, _ := after.Get("DocMDP").(cos.Ref)
	sig := s.own[ref]
	if !ok || !s.first || before.Get("DocMDP") != nil || !sameBut(before, after, "DocMDP") || sig == nil || sig.Permission == 0 {
		s.wrong(below(now, catalog), c.Path, "the certification changed, or is not that of the first signature")
		return nil
	}
	s.place(catalog, old, now, c)
	return s.moved(old, now, catalog, c)
}

// dicts are the dictionaries that a value was and is; ok: it is one.
func (s *step) dicts(old, now cos.Value) (before, after cos.Dict, ok bool, err error) {
	if before, _, err = s.old.Dict(old); err != nil {
		return nil, nil, false, err
	}
	after, ok, err = s.new.Dict(now)
	return before, after, ok, err
}

// moved checks the object of a value that was found in order.
func (s *step) moved(old, now cos.Value, parent int, c Change) error {
	if what := s.holder(old, now, parent, c); what != "" {
		s.wrong(below(now, parent), c.Path, "%s", what)
	}
	return nil
}

// dss: the document security store grows (ISO 32000-2, 12.8.4.3): what it listed it lists still, and what it lists anew are
// streams that refer to nothing old.
func (s *step) dss(catalog int, old, now cos.Value) error {
	return s.grows(old, now, catalog, Change{Path: "/Root/DSS", Rule: RuleEvidence, Level: Evidence}, 0)
}

// dssLists are the arrays of a DSS and of an entry of its /VRI.
var dssLists = []cos.Name{"Certs", "CRLs", "OCSPs", "Cert", "CRL", "OCSP"}

// grows compares two dictionaries of a DSS: the whole (depth 0), its /VRI (1), one entry of that (2).
func (s *step) grows(old, now cos.Value, parent int, c Change, depth int) error {
	before, after, ok, err := s.dicts(old, now)
	if err != nil {
		return err
	}
	holder := below(now, parent)
	if !ok {
		s.wrong(holder, c.Path, "it is not a dictionary")
		return nil
	}
	if err := s.moved(old, now, parent, c); err != nil {
		return err
	}
	for _, e := range before {
		if after.Get(e.Key) == nil {
			s.wrong(holder, c.Path, "/%s was removed", e.Key)
		}
	}
	for _, e := range after {
		x, sub := before.Get(e.Key), c
		sub.Path += "/" + string(e.Key)
		switch {
		case depth == 1 || depth == 0 && e.Key == "VRI":
			err = s.grows(x, e.Value, holder, sub, depth+1)
		case slices.Contains(dssLists, e.Key):
			err = s.list(x, e.Value, holder, sub)
		case !equal(x, e.Value) && e.Key != "Type" && e.Key != "TU":
			var what string
			if what, err = s.takes(e.Value, sub, nothing); what != "" || x != nil {
				s.wrong(holder, sub.Path, "it changed")
			}
		}
		if err != nil {
			return err
		}
	}
	s.place(parent, old, now, c)
	return nil
}

// list compares two arrays of streams.
func (s *step) list(old, now cos.Value, parent int, c Change) error {
	if !s.touched(old, now) {
		return nil
	}
	before, _, err := s.old.Array(old)
	if err != nil {
		return err
	}
	after, ok, err := s.new.Array(now)
	if err != nil {
		return err
	}
	holder := below(now, parent)
	if !ok {
		s.wrong(holder, c.Path, "it is not an array")
		return nil
	}
	if err := s.moved(old, now, parent, c); err != nil {
		return err
	}
	left := map[cos.Ref]int{}
	for _, x := range before {
		if ref, ok := x.(cos.Ref); ok {
			left[ref]++
		}
	}
	for _, x := range after {
		ref, ok := x.(cos.Ref)
		if !ok {
			s.wrong(holder, c.Path, "an entry is not a reference")
			return nil
		}
		if left[ref] > 0 {
			left[ref]--
			continue
		}
		what, err := s.takes(x, c, s.stream)
		if err != nil {
			return err
		}
		if what != "" {
			s.wrong(holder, c.Path, "%s", what)
		}
	}
	for ref, n := range left {
		if n > 0 {
			s.wrong(holder, c.Path, "object %d is listed no more", ref.Num)
		}
	}
	s.place(parent, old, now, c)
	return nil
}

// stream allows older streams: /VRI lists again what the whole has.
func (s *step) stream(ref cos.Ref) (bool, error) {
	x, err := s.old.Get(ref)
	if err != nil {
		return false, err
	}
	_, ok := x.(cos.Stream)
	return ok, nil
}
