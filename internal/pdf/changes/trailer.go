package changes

import (
	"slices"
	"strconv"

	"yinzheng/internal/pdf/cos"
)

func itoa(n int) string { return strconv.Itoa(n) }

// trailerRules judge the entries of the trailer that have a meaning; sectionKeys describe the cross-reference itself and are
// package cos's to judge; any other entry must not be added or changed.
var trailerRules = map[cos.Name]func(*step, cos.Value, cos.Value) error{
	"Root": (*step).root,
	"ID":   (*step).id,
	"Info": (*step).info,
	"Size": (*step).size,
}

var sectionKeys = []cos.Name{"Prev", "XRefStm", "Type", "W", "Index", "Length", "Filter", "DecodeParms"}

// trailer judges the trailer, and returns whether the catalog is the same object as before.
func (s *step) trailer() (bool, error) {
	old, now := s.old.Trailer(), s.new.Trailer()
	for _, key := range []cos.Name{"Root", "ID", "Info", "Size"} {
		if err := trailerRules[key](s, old.Get(key), now.Get(key)); err != nil {
			return false, err
		}
	}
	for _, key := range differing(old, now) {
		if trailerRules[key] == nil && !slices.Contains(sectionKeys, key) && now.Get(key) != nil {
			s.wrong(0, "/"+string(key), "the trailer's /%s changed", key)
		}
	}
	return equal(old.Get("Root"), now.Get("Root")), nil
}

// root: the catalog stays the same object.
func (s *step) root(old, now cos.Value) error {
	if !equal(old, now) {
		s.wrong(0, "/Root", "another object is the catalog")
	}
	return nil
}

// id: the first half of the file identifier stays (ISO 32000-1, 14.4); a file may get one.
func (s *step) id(old, now cos.Value) error {
	if old == nil || equal(old, now) {
		return nil
	}
	a, _, err := s.old.Array(old)
	if err != nil {
		return err
	}
	b, _, err := s.new.Array(now)
	if err != nil {
		return err
	}
	if len(a) != 2 || len(b) != 2 || !equal(a[0], b[0]) {
		s.wrong(0, "/ID", "the first half of the file identifier changed")
	}
	return nil
}

// size: the number of objects does not fall: a reader takes what is beyond it for missing (ISO 32000-1, 7.5.5).
func (s *step) size(old, now cos.Value) error {
	before, _ := old.(cos.Integer)
	if after, ok := now.(cos.Integer); !ok || after < before {
		s.wrong(0, "/Size", "the number of objects fell")
	}
	return nil
}

// infoKeys are the entries of the document information (ISO 32000-1, table 317) that later revisions may change.
var infoKeys = []cos.Name{"Title", "Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate", "Trapped"}

// info: the document information stays the same object, with nothing but texts in it and no other role; a file may get one.
func (s *step) info(old, now cos.Value) error {
	const path = "/Info"
	ref, ok := now.(cos.Ref)
	switch {
	case equal(old, now) && (!ok || !s.changed[ref.Num] && !s.fresh[ref.Num]):
		return nil
	case !ok || old != nil && old != now || old == nil && !s.fresh[ref.Num]:
		s.wrong(0, path, "another object is the document information")
		return nil
	}
	before, after, ok, err := s.dicts(old, now)
	if err != nil {
		return err
	}
	_, alone := s.set.UsedBy(ref.Num)
	by, _ := s.set.UsedBy(ref.Num)
	plain, err := texts(s.old, before)
	if err != nil {
		return err
	}
	still, err := texts(s.new, after)
	if err != nil {
		return err
	}
	switch {
	case ok && equal(before, after):
		s.explain(ref.Num, path, "", RuleUnchanged, None)
	case !ok || !plain || !still:
		s.wrong(ref.Num, path, "the document information has other values than texts")
	case !alone || by != 0:
		s.wrong(ref.Num, path, "the document information has another role as well")
	case !sameBut(before, after, infoKeys...):
		s.wrong(ref.Num, path, "an entry changed that is no document information")
	default:
		s.explain(ref.Num, path, "", RuleMetadata, Evidence)
	}
	return nil
}

// texts reports whether a dictionary has only texts and names, as the document information has. Some writers make each text
// an object.
func texts(v cos.View, d cos.Dict) (bool, error) {
	for _, e := range d {
		x, err := v.Resolve(e.Value)
		if err != nil {
			return false, err
		}
		switch x.(type) {
		case cos.String, cos.Name:
		default:
			return false, nil
		}
	}
	return true, nil
}
