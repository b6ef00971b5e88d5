package cos

import (
	"fmt"
	"slices"
)

// Oddity is something in a file that two readers could take differently.
type Oddity struct {
	Code     string // one of the Odd constants
	Offset   int64
	Object   Ref // zero when it is about no object
	Revision int
	What     string // in English
}

// Codes of oddities.
const (
	OddKey       = "duplicate_key"  // a dictionary has a key twice: readers take the first, or the last
	OddNumber    = "object_number"  // another object stands where a cross-reference leads
	OddObject    = "object_syntax"  // an object cannot be read, or its /Length does not lead to its end
	OddHidden    = "unlisted_bytes" // bytes between objects that no cross-reference explains: a reader that repairs finds objects there
	OddShared    = "shared_offset"  // two numbers lead to one place
	OddOverlap   = "overlap"        // objects stand in one another
	OddLate      = "late_binding"   // a later revision leads to bytes of an earlier one: what was hidden there comes to life
	OddHybrid    = "hybrid"         // a table and a stream beside it: old readers see other objects than new ones
	OddContainer = "container"      // an object in an object stream that is not what the cross-reference says
	OddSize      = "size"           // an object at or above /Size, which a reader may take for free
	OddExternal  = "external"       // a stream whose data are in another file, or decrypted by a filter of its own
	OddTree      = "page_tree"      // a page that names another parent than the one that has it, or a node that counts wrong
	OddRevived   = "revived"        // a number in use whose generation went down
	OddReference = "generation"     // a reference to another generation of an object: null for some readers, the object for others
)

// Oddities reads every object of every revision once, and lists what is odd, at most maxOddities.
func (f *File) Oddities() []Oddity {
	f.oddOnce.Do(func() {
		for i := range f.revisions {
			s := &scan{f: f, rev: i, v: f.View(i), xrefs: map[int64]bool{}, boxes: map[int64]int{}, generations: f.generations(i)}
			s.run()
		}
	})
	return f.oddities
}

// scan is the strict pass over one revision.
type scan struct {
	f     *File
	rev   int
	v     View
	spans []span
	xrefs map[int64]bool // where cross-references begin
	boxes map[int64]int  // object streams, and how often they were met
	lists map[int]int    // how many objects are listed in each; nil before it is counted

	generations bool // an object in use has a generation other than 0, so that every reference is looked at
}

// listed is how many objects of this revision are said to be in an object stream.
func (s *scan) listed(num int) int {
	if s.lists == nil {
		s.lists = map[int]int{}
		for _, slot := range s.f.revisions[s.rev].Slots {
			if slot.Kind == Packed {
				s.lists[slot.In]++
			}
		}
	}
	return s.lists[num]
}

// span is a part of the file that is explained.
type span struct {
	start, end int64
	num        int // of an object; 0 for a cross-reference
}

func (s *scan) odd(code string, at int64, r Ref, format string, args ...any) {
	if len(s.f.oddities) < maxOddities {
		s.f.oddities = append(s.f.oddities, Oddity{code, at, r, s.rev, fmt.Sprintf(format, args...)})
	}
}

func (s *scan) run() {
	r := s.f.revisions[s.rev]
	if r.Hybrid {
		s.odd(OddHybrid, r.XRef, Ref{}, "readers of PDF 1.4 see other objects than later ones")
	}
	size, _ := r.Trailer.Get("Size").(Integer)
	if s.rev > 0 {
		if before, _ := s.f.revisions[s.rev-1].Trailer.Get("Size").(Integer); size < before {
			s.odd(OddSize, r.XRef, Ref{}, "/Size is %d, and was %d", size, before)
		}
	}
	for _, slot := range r.Slots {
		if slot.Kind != Free && int64(slot.Num) >= int64(size) {
			s.odd(OddSize, slot.Offset, Ref{slot.Num, slot.Gen}, "/Size is %d", size)
		}
		switch slot.Kind {
		case Plain:
			s.plain(r, slot)
		case Packed:
			s.packed(slot)
		case Free:
		}
	}
	s.sections(r)
	s.gaps(r)
	if s.rev == len(s.f.revisions)-1 {
		s.tree()
	}
}

func (s *scan) plain(r Revision, slot Slot) {
	id := Ref{slot.Num, slot.Gen}
	if slot.Offset < r.Start {
		s.odd(OddLate, slot.Offset, id, "listed in a revision that begins at byte %d", r.Start)
		return
	}
	if s.rev > 0 {
		if before, ok := s.f.View(s.rev - 1).Slot(slot.Num); ok && slot.Gen < before.Gen {
			s.odd(OddRevived, slot.Offset, id, "it was of generation %d before", before.Gen)
		}
	}
	val, end, ok := s.object(r, slot, id)
	if !ok {
		return
	}
	s.spans = append(s.spans, span{slot.Offset, end, slot.Num})
	if stream, ok := val.(Stream); ok {
		if filters, _, err := filtersOf(stream); stream.Dict.Get("F") != nil || err == nil && slices.Contains(filters, "Crypt") {
			s.odd(OddExternal, slot.Offset, id, "its data are elsewhere, or encrypted")
		}
	}
	s.references(val, slot.Offset, id)
}

// generations reports whether an object that a revision or one before it lists has a generation other than 0.
func (f *File) generations(rev int) bool {
	for _, r := range f.revisions[:rev+1] {
		if slices.ContainsFunc(r.Slots, func(s Slot) bool { return s.Kind == Plain && s.Gen != 0 }) {
			return true
		}
	}
	return false
}

// references looks whether those in a value, which is nested no deeper than Limits.Depth, name the generations of their objects.
func (s *scan) references(x Value, at int64, id Ref) {
	switch x := x.(type) {
	case Ref:
		if x.Gen == 0 && !s.generations {
			return
		}
		if slot, ok := s.v.Slot(x.Num); ok && slot.Kind != Free && slot.Gen != x.Gen {
			s.odd(OddReference, at, id, "it refers to generation %d of object %d, which is of generation %d", x.Gen, x.Num, slot.Gen)
		}
	case Array:
		for _, e := range x {
			s.references(e, at, id)
		}
	case Dict:
		for _, e := range x {
			s.references(e.Value, at, id)
		}
	case Stream:
		s.references(x.Dict, at, id)
	}
}

// object reads a plain object, or takes it as it was read before.
func (s *scan) object(r Revision, slot Slot, id Ref) (val Value, end int64, ok bool) {
	key := cacheKey{slot.Offset, -1}
	if known, ok := s.v.known(key); ok && known.id == id && known.end <= r.End {
		return known.val, known.end, true
	}
	c := s.f.src.cursor(slot.Offset, s.f.limits)
	c.limit = r.End
	found, val, err := c.object(s.v.lengths(0))
	switch {
	case err != nil:
		s.odd(OddObject, slot.Offset, id, "%v", err)
		return nil, 0, false
	case found != id:
		s.odd(OddNumber, slot.Offset, id, "object %d %d stands there", found.Num, found.Gen)
	case c.twice != nil:
		s.odd(OddKey, c.twice.Offset, id, "%s", c.twice.What)
	default:
		s.v.keep(key, kept{val: val, id: id, end: c.pos}, c.pos-slot.Offset)
	}
	return val, c.pos, true
}

// tree wants every page to name the parent that has it.
func (s *scan) tree() {
	pages, err := s.v.Pages()
	if err != nil {
		return // whoever asks for the pages is told
	}
	counts := map[int]int{}
	for _, p := range pages {
		for _, node := range p.Parents {
			counts[node.Num]++
		}
		if n := len(p.Parents); n > 0 && p.Dict.Get("Parent") != p.Parents[n-1] {
			s.odd(OddTree, 0, p.Ref, "its parent is object %d", p.Parents[n-1].Num)
		}
	}
	for num, n := range counts {
		slot, _ := s.v.Slot(num)
		node, _, err := s.v.Dict(Ref{num, slot.Gen})
		if count, ok := node.Get("Count").(Integer); err == nil && (!ok || int(count) != n) {
			s.odd(OddTree, 0, Ref{num, slot.Gen}, "it has %d pages, and not as many as it says", n)
		}
	}
}

func (s *scan) packed(slot Slot) {
	id := Ref{slot.Num, 0}
	in, ok := s.v.Slot(slot.In)
	if !ok || in.Kind != Plain {
		s.odd(OddContainer, 0, id, "object %d is no object stream", slot.In)
		return
	}
	box, err := s.v.container(in, 0)
	if err != nil {
		s.odd(OddContainer, in.Offset, id, "%v", err)
		return
	}
	if s.boxes[in.Offset]++; s.boxes[in.Offset] == 1 {
		if n := s.listed(slot.In); n != len(box.nums) {
			s.odd(OddContainer, in.Offset, Ref{in.Num, in.Gen}, "%d objects in an object stream, %d listed", len(box.nums), n)
		}
	}
	if slot.Index >= len(box.nums) || box.nums[slot.Index] != slot.Num {
		s.odd(OddContainer, in.Offset, id, "it is not at place %d of object %d", slot.Index, slot.In)
		return
	}
	if r := s.f.revisions[s.rev]; in.Offset < r.Start {
		s.odd(OddLate, in.Offset, id, "listed in a revision that begins at byte %d", r.Start)
	}
	c := box.cursor(slot.Index, s.f.limits)
	val, err := c.value(0)
	switch {
	case err != nil:
		s.odd(OddContainer, in.Offset, id, "%v", err)
	case c.twice != nil:
		s.odd(OddKey, in.Offset, id, "%s", c.twice.What)
	default:
		if c.skip(); c.pos < c.limit {
			s.odd(OddContainer, in.Offset, id, "bytes behind it in its object stream")
		}
	}
	s.references(val, in.Offset, id)
}
