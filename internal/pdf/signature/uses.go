package signature

import (
	"slices"

	"yinzheng/internal/pdf/cos"
)

// uses says which object refers to which, over all revisions. Whoever explains that an object was changed in one role wants
// to know that it has no other: a stream that is metadata and also the content of a page.
type uses struct {
	by       []int32     // by object number: the one object that refers to it, in one place; noUse; severalUses
	seen     []uint32    // by object number: the scan that set by, so that two places in one object are told from a rewriting
	dangling map[int]int // object number: the first revision in which something refers to it while it does not exist
	count    uint32
}

const (
	noUse       = 0
	severalUses = -1
)

// UsedBy returns the number of the only object that refers to an object, from one place in it, in any revision; 0 when none
// does (trailers do not count). It is false when there are several such places.
func (s *Set) UsedBy(num int) (by int, ok bool) {
	if num < 0 || num >= len(s.uses.by) {
		return 0, true
	}
	if s.uses.by[num] == severalUses {
		return 0, false
	}
	return int(s.uses.by[num]), true
}

// Dangling returns the first revision in which an object referred to an object number that stood for nothing: to give such
// a number a meaning later changes the object that refers to it.
func (s *Set) Dangling(num int) (revision int, ok bool) {
	revision, ok = s.uses.dangling[num]
	return revision, ok
}

// note records that an object refers to a number.
func (u *uses) note(num, by int) {
	if num <= 0 || num >= len(u.by) {
		return
	}
	switch {
	case u.by[num] == noUse:
		u.by[num] = int32(by)
	case u.by[num] != int32(by) || u.seen[num] == u.count:
		u.by[num] = severalUses
	}
	u.seen[num] = u.count
}

// candidate is an object of some revision that looks like a signature.
type candidate struct {
	ref      cos.Ref
	revision int
	current  bool // it is what the latest view has
}

// scan reads every object of every revision once: which refer to which, which look like signatures or signature fields.
func (w *finder) scan() error {
	most := 0
	for _, r := range w.revisions {
		if n := len(r.Slots); n > 0 {
			most = max(most, r.Slots[n-1].Num)
		}
	}
	w.set.uses = uses{by: make([]int32, most+1), seen: make([]uint32, most+1), dangling: map[int]int{}}
	for i, r := range w.revisions {
		view := w.f.View(i)
		for _, slot := range r.Slots {
			if slot.Kind == cos.Free || i > 0 && w.relisted(i, slot) {
				continue
			}
			if slot.Kind == cos.Packed {
				w.exists(view, i, slot.In)
			}
			if err := w.object(view, i, slot); err != nil {
				return err
			}
		}
	}
	return nil
}

// relisted reports whether a revision only lists again what an earlier one has said, with the same object stream.
func (w *finder) relisted(revision int, slot cos.Slot) bool {
	before, now := w.f.View(revision-1), w.f.View(revision)
	old, ok := before.Slot(slot.Num)
	if !ok || old != slot {
		return false
	}
	if slot.Kind != cos.Packed {
		return true
	}
	a, _ := before.Slot(slot.In)
	b, _ := now.Slot(slot.In)
	return a == b
}

// exists notes a number that a revision mentions and that stands for nothing there.
func (w *finder) exists(view cos.View, revision, num int) {
	if slot, ok := view.Slot(num); ok && slot.Kind != cos.Free {
		return
	}
	if _, known := w.set.uses.dangling[num]; !known && num < len(w.set.uses.by) {
		w.set.uses.dangling[num] = revision
	}
}

// object takes note of one object.
func (w *finder) object(view cos.View, revision int, slot cos.Slot) error {
	ref := cos.Ref{Num: slot.Num, Gen: slot.Gen}
	x, err := view.Get(ref)
	if err != nil {
		return err
	}
	if s, ok := x.(cos.Stream); ok && s.Dict.Get("Type") == cos.Name("XRef") {
		return nil // its references are the trailer's
	}
	w.set.uses.count++
	w.references(view, revision, slot.Num, x)
	d, ok := x.(cos.Dict)
	if !ok {
		return nil
	}
	like, field := looksSigned(d), d.Get("FT") == cos.Name("Sig")
	if !like && !field {
		return nil
	}
	now, ok := w.latest.Slot(slot.Num)
	current := ok && now == slot
	if like {
		w.candidates = append(w.candidates, candidate{ref, revision, current})
	}
	if field && current {
		w.fields = append(w.fields, ref)
	}
	if len(w.candidates) > maxSignatures || len(w.fields) > maxFields {
		return ErrLimit
	}
	return nil
}

// references walks a value; package cos bounds how deep and how large it can be.
func (w *finder) references(view cos.View, revision, by int, x cos.Value) {
	switch x := x.(type) {
	case cos.Ref:
		w.set.uses.note(x.Num, by)
		w.exists(view, revision, x.Num)
	case cos.Array:
		for _, e := range x {
			w.references(view, revision, by, e)
		}
	case cos.Dict:
		for _, e := range x {
			w.references(view, revision, by, e.Value)
		}
	case cos.Stream:
		w.references(view, revision, by, x.Dict)
	}
}

// looksSigned reports whether a dictionary says that it is a signature, or could be taken for one.
func looksSigned(d cos.Dict) bool {
	kind, _ := d.Get("Type").(cos.Name)
	if kind == "Sig" || kind == "DocTimeStamp" {
		return true
	}
	return d.Get("ByteRange") != nil || d.Get("SubFilter") != nil && d.Get("Contents") != nil
}

// writer returns the revision whose bytes hold what the view has for an object; -1 when there is none.
func writer(revisions []cos.Revision, view cos.View, num int) int {
	slot, ok := view.Slot(num)
	if ok && slot.Kind == cos.Packed {
		slot, ok = view.Slot(slot.In)
	}
	if !ok || slot.Kind != cos.Plain {
		return -1
	}
	i, found := slices.BinarySearchFunc(revisions, slot.Offset, func(r cos.Revision, offset int64) int {
		switch {
		case r.End <= offset:
			return -1
		case r.Start > offset:
			return 1
		default:
			return 0
		}
	})
	if !found {
		return -1
	}
	return i
}
