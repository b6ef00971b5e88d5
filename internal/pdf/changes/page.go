package changes

import (
	"yinzheng/internal/pdf/cos"
)

// object is an overridden object: as it was and as it is.
type object struct {
	num      int
	old, new cos.Value
}

// objectRules judge overridden objects that are not parts of catalog and trailer. Each says whether the object is settled.
var objectRules = []func(*step, object) (bool, error){
	(*step).unchanged, (*step).crossReference, (*step).page, (*step).annotations, (*step).field, (*step).fieldAppearance,
}

// unchanged: an object was written again with the same value.
func (s *step) unchanged(o object) (bool, error) {
	same := equal(o.old, o.new)
	if a, ok := o.old.(cos.Stream); ok {
		b, ok := o.new.(cos.Stream)
		if !ok {
			return false, nil
		}
		var err error
		if same, err = s.equalStreams(a, b); err != nil {
			return false, err
		}
	}
	if same {
		s.explain(o.num, "", "", RuleUnchanged, None)
	}
	return same, nil
}

// crossReference: a cross-reference stream takes the number of an earlier one.
func (s *step) crossReference(o object) (bool, error) {
	a, ok := o.old.(cos.Stream)
	b, ok2 := o.new.(cos.Stream)
	if !ok || !ok2 || a.Dict.Get("Type") != cos.Name("XRef") || b.Dict.Get("Type") != cos.Name("XRef") {
		return false, nil
	}
	if by, alone := s.set.UsedBy(o.num); !alone || by != 0 {
		return false, nil
	}
	s.explain(o.num, "", "", RuleCrossReference, None)
	return true, nil
}

// page: /Annots of a page gets the widgets of explained signature fields behind those it had; nothing else of it changes.
func (s *step) page(o object) (bool, error) {
	old, ok := o.old.(cos.Dict)
	now, ok2 := o.new.(cos.Dict)
	if !ok || !ok2 || old.Get("Type") != cos.Name("Page") {
		return false, nil
	}
	if !sameBut(old, now, "Annots") {
		s.wrong(o.num, "/Page", "the page changed beside its annotations")
		return true, nil
	}
	return true, s.annots(o.num, old.Get("Annots"), now.Get("Annots"))
}

// annotations: the same where /Annots is an object of its own and the page was not written again.
func (s *step) annotations(o object) (bool, error) {
	if _, ok := o.old.(cos.Array); !ok {
		return false, nil
	}
	by, alone := s.set.UsedBy(o.num)
	if !alone || by == 0 {
		return false, nil
	}
	slot, _ := s.old.Slot(by)
	page, ok, err := s.old.Dict(cos.Ref{Num: by, Gen: slot.Gen})
	if err != nil || !ok || page.Get("Type") != cos.Name("Page") {
		return false, err
	}
	ref, ok := page.Get("Annots").(cos.Ref)
	if !ok || ref.Num != o.num || s.changed[by] && !s.settled[by] {
		return false, nil
	}
	return true, s.annots(by, ref, ref)
}

// annots compares the annotations of a page.
func (s *step) annots(page int, old, now cos.Value) error {
	const path = "/Page/Annots"
	before, _, err := s.old.Array(old)
	if err != nil {
		return err
	}
	after, ok, err := s.new.Array(now)
	if err != nil {
		return err
	}
	if !ok && now != nil || len(after) < len(before) || !equal(before, after[:len(before)]) {
		s.wrong(below(now, page), path, "annotations were removed or changed")
		s.settle(page)
		return nil
	}
	c := Change{Path: path, Rule: RuleUnchanged}
	for _, x := range after[len(before):] {
		ref, _ := x.(cos.Ref)
		w, known := s.widgets[ref.Num]
		if p, isRef := w.page.(cos.Ref); !known || isRef && p.Num != page {
			s.wrong(below(now, page), path, "annotation %d is not the widget of a new signature field", ref.Num)
			s.settle(page)
			continue
		}
		if w.level >= c.Level {
			c.Field, c.Rule, c.Level = w.field, w.rule, w.level
		}
	}
	if err := s.moved(old, now, page, c); err != nil {
		return err
	}
	if s.changed[page] {
		s.explain(page, path, c.Field, c.Rule, c.Level)
	}
	return nil
}
