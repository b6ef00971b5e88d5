package changes

import (
	"fmt"
	"maps"
	"slices"

	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/signature"
)

// step compares a revision with the one before it.
type step struct {
	f          *cos.File
	set        *signature.Set
	revision   int
	this, last cos.Revision
	old, new   cos.View
	fresh      map[int]bool // object numbers that were not in use before
	changed    map[int]bool // that were, and have another place now
	freed      int          // how many were freed
	settled    map[int]bool // what a rule has judged, whichever way
	own        map[cos.Ref]*signature.Signature
	first      bool              // no signature is older than this revision
	widgets    map[int]widget    // new widgets of explained fields, by object number
	fieldsOf   map[int]bool      // /Fields before, made when needed
	listed     map[cos.Name]bool // catalog keys whose change is listed
	explained  []Change
	faults     []Change
	level      Level
}

// widget is a new annotation of an explained signature field.
type widget struct {
	page  cos.Value // its /P, nil for none
	rule  string
	level Level
	field string
}

func newStep(f *cos.File, set *signature.Set, k int, revisions []cos.Revision) *step {
	return &step{
		f: f, set: set, revision: k, this: revisions[k], last: revisions[k-1], old: f.View(k - 1), new: f.View(k),
		fresh: map[int]bool{}, changed: map[int]bool{}, settled: map[int]bool{},
		own: map[cos.Ref]*signature.Signature{}, widgets: map[int]widget{}, listed: map[cos.Name]bool{},
	}
}

// judge applies all rules. What is left over of the overridden objects is unexplained; what is left of the new ones is unused,
// since a rule follows every reference that it lets in.
func (s *step) judge() error {
	s.slots()
	same, err := s.trailer()
	if err != nil {
		return err
	}
	if same {
		if err := s.catalog(); err != nil {
			return err
		}
	}
	for _, num := range slices.Sorted(maps.Keys(s.changed)) {
		if err := s.object(num); err != nil {
			return err
		}
	}
	return s.rest()
}

// slots sorts what the revision lists into new, overridden and freed, and refuses entries that no honest writer makes: into
// the bytes of earlier revisions, of another generation, of numbers that an older object referred to.
func (s *step) slots() {
	for _, slot := range s.this.Slots {
		before, ok := s.old.Slot(slot.Num)
		used := ok && before.Kind != cos.Free
		if slot.Kind == cos.Free {
			if used {
				s.freed++
				s.fault(slot.Num, "the object was freed")
			}
			continue
		}
		if used && before == slot {
			continue // listed again
		}
		if used {
			s.changed[slot.Num] = true
		} else {
			s.fresh[slot.Num] = true
		}
		if what := s.slotFault(before, ok, slot); what != "" {
			s.fault(slot.Num, "%s", what)
		}
	}
}

// slotFault says what is wrong with an entry, or "".
func (s *step) slotFault(before cos.Slot, known bool, slot cos.Slot) string {
	home := slot
	if slot.Kind == cos.Packed {
		var ok bool
		if home, ok = s.new.Slot(slot.In); !ok || home.Kind != cos.Plain {
			return "its object stream is not there"
		}
	}
	switch {
	case home.Offset < s.this.Start || home.Offset >= s.this.End:
		return "the cross-reference points into another revision"
	case !known && slot.Gen != 0, known && slot.Gen != before.Gen:
		return "the generation number changed"
	}
	if since, ok := s.set.Dangling(slot.Num); ok && since < s.revision && s.fresh[slot.Num] {
		return "an older object referred to the number before it stood for anything"
	}
	return ""
}

// fault notes what no rule explains about an object, and settles it.
func (s *step) fault(num int, format string, args ...any) {
	if num != 0 && s.settled[num] {
		return
	}
	s.wrong(num, "", format, args...)
}

// wrong notes an unexplained difference at a path.
func (s *step) wrong(num int, path, format string, args ...any) {
	s.settle(num)
	s.level = Other
	if len(s.faults) < maxChanges {
		s.faults = append(s.faults, Change{Revision: s.revision, Object: s.ref(num), Path: path, Level: Other, What: fmt.Sprintf(format, args...)})
	}
}

// explain notes a difference that a rule allows.
func (s *step) explain(num int, path, field, rule string, level Level) {
	s.settle(num)
	s.level = max(s.level, level)
	if len(s.explained) < maxChanges {
		s.explained = append(s.explained, Change{Revision: s.revision, Object: s.ref(num), Path: path, Field: field, Rule: rule, Level: level})
	}
}

func (s *step) settle(num int) {
	if num != 0 {
		s.settled[num] = true
	}
}

// ref is the reference to an object as it is now, or was.
func (s *step) ref(num int) cos.Ref {
	if num == 0 {
		return cos.Ref{}
	}
	slot, _ := s.new.Slot(num)
	return cos.Ref{Num: num, Gen: slot.Gen}
}

// object applies objectRules to an overridden object.
func (s *step) object(num int) error {
	if s.settled[num] {
		return nil
	}
	o := object{num: num}
	before, _ := s.old.Slot(num)
	var err error
	if o.old, err = s.old.Get(cos.Ref{Num: num, Gen: before.Gen}); err != nil {
		return err
	}
	if o.new, err = s.new.Get(s.ref(num)); err != nil {
		return err
	}
	for _, r := range objectRules {
		done, err := r(s, o)
		if err != nil || done {
			return err
		}
	}
	s.fault(num, "the object was overridden")
	return nil
}

// rest names the new objects that no rule took.
func (s *step) rest() error {
	for _, num := range slices.Sorted(maps.Keys(s.fresh)) {
		if s.settled[num] {
			continue
		}
		x, err := s.new.Get(s.ref(num))
		if err != nil {
			return err
		}
		rule := RuleUnused
		if stream, ok := x.(cos.Stream); ok {
			switch stream.Dict.Get("Type") {
			case cos.Name("XRef"):
				rule = RuleCrossReference
			case cos.Name("ObjStm"):
				rule = RuleObjectStream
			}
		}
		s.explain(num, "", "", rule, None)
	}
	return nil
}

// result is the step; used is how many objects the file had before.
func (s *step) result(used int) Step {
	rewritten := len(s.faults) > 0 && 2*(len(s.changed)+s.freed) > used
	return Step{Revision: s.revision, Level: s.level, Changes: append(s.faults, s.explained...), Rewritten: rewritten}
}
