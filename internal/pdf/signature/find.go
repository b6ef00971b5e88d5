package signature

import (
	"cmp"
	"fmt"
	"slices"

	"yinzheng/internal/pdf/cos"
)

// finder gathers what Find returns.
type finder struct {
	f          *cos.File
	revisions  []cos.Revision
	latest     cos.View
	set        *Set
	candidates []candidate      // in any revision
	fields     []cos.Ref        // latest view: dictionaries with /FT /Sig
	visited    map[int]bool     // nodes of the form
	names      map[string]int   // how many fields of the form have a full name
	places     []*place         // widgets of signature fields, in the order of the form
	byWidget   map[int]*place   //
	gaps       map[int][2]int64 // by index in set.Signatures: the bytes left out
	contents   int64            // bytes of /Contents so far
	images     map[cos.Ref]keptImage
}

// place is a widget of a signature field with the field's value.
type place struct {
	Field
	dict   cos.Dict
	value  cos.Value // of /V as written, own or inherited; nil: none
	lock   cos.Value // of /Lock, own or inherited
	inForm bool
	pages  []int
}

// Find returns every signature of the latest view. What is wrong with a signature is among its Problems; an error says that
// there is more than the limits allow (ErrLimit, cos.ErrLimit) or that the file cannot be walked (cos.ErrMalformed).
func Find(f *cos.File) (*Set, error) {
	w := &finder{f: f, revisions: f.Revisions(), latest: f.Latest(), set: &Set{},
		visited: map[int]bool{}, names: map[string]int{}, byWidget: map[int]*place{}, images: map[cos.Ref]keptImage{}, gaps: map[int][2]int64{}}
	for _, step := range []func() error{w.scan, w.walkForm, w.walkStrays, w.walkPages, w.gather, w.perms, w.store} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("finding signatures: %w", err)
		}
	}
	w.compare()
	w.order()
	w.flags()
	return w.set, nil
}

// problem notes what belongs to no signature.
func (s *Set) problem(code, format string, args ...any) {
	if len(s.Problems) < maxProblems {
		s.Problems = append(s.Problems, Problem{Code: code, Detail: fmt.Sprintf(format, args...)})
	}
}

func (s *Signature) problem(offset int64, code, format string, args ...any) {
	if len(s.Problems) < maxProblems {
		s.Problems = append(s.Problems, Problem{Code: code, Detail: fmt.Sprintf(format, args...), Offset: offset})
	}
}

// gather makes one signature of every value that fields show, and of every object that only looks like one.
func (w *finder) gather() error {
	groups := map[cos.Ref][]*place{}
	var order []cos.Ref
	for _, p := range w.places {
		switch v := p.value.(type) {
		case nil, cos.Null:
			w.empty(p)
		case cos.Ref:
			if groups[v] == nil {
				order = append(order, v)
			}
			groups[v] = append(groups[v], p)
		default:
			if err := w.add(Signature{}, p.value, []*place{p}); err != nil {
				return err
			}
		}
	}
	for _, c := range w.candidates {
		if !c.current {
			w.replaced(c)
		} else if groups[c.ref] == nil {
			groups[c.ref], order = []*place{}, append(order, c.ref)
		}
	}
	for _, ref := range order {
		x, err := w.latest.Get(ref)
		if err != nil {
			return err
		}
		if err := w.add(Signature{Ref: ref}, x, groups[ref]); err != nil {
			return err
		}
	}
	return nil
}

// empty takes a field without a signature. One that is outside the form and on no page is nothing.
func (w *finder) empty(p *place) {
	if !p.inForm {
		if len(p.pages) > 0 {
			w.set.problem(CodeField, "object %d: an empty signature field on page %d that the form does not know", p.Ref.Num, p.pages[0])
		}
		return
	}
	if what := w.misplaced(p); what != "" {
		w.set.problem(CodeField, "object %d: %s", p.Ref.Num, what)
	}
	w.set.Empty = append(w.set.Empty, p.Field)
}

// replaced notes a signature that an earlier revision had and the latest view has not, unless it was written again: then
// the one in the latest view has the problem, see examine.
func (w *finder) replaced(c candidate) {
	w.set.problem(CodeReplaced, "object %d: the signature of revision %d is not what the file has now", c.ref.Num, c.revision)
}

// add examines one signature.
func (w *finder) add(s Signature, x cos.Value, places []*place) error {
	if len(w.set.Signatures) == maxSignatures {
		return ErrLimit
	}
	e := &examiner{finder: w, s: &s, places: places, gap: -1}
	if err := e.examine(x); err != nil {
		return err
	}
	if w.contents += int64(len(s.Contents)); w.contents > maxAllContents {
		return ErrLimit
	}
	if e.gap >= 0 {
		w.gaps[len(w.set.Signatures)] = [2]int64{e.gap, e.gapEnd}
	}
	w.set.Signatures = append(w.set.Signatures, s)
	return nil
}

// order sorts signatures as Set promises.
func (w *finder) order() {
	slices.SortStableFunc(w.set.Signatures, func(a, b Signature) int {
		return cmp.Or(cmp.Compare(a.Revision, b.Revision), cmp.Compare(a.ByteRange[1], b.ByteRange[1]), cmp.Compare(a.Ref.Num, b.Ref.Num))
	})
}

// compare looks for what signatures and cross-references do to each other's gaps.
func (w *finder) compare() {
	type gap struct {
		start, end int64
		s          *Signature
	}
	var gaps []gap
	for i, g := range w.gaps {
		gaps = append(gaps, gap{g[0], g[1], &w.set.Signatures[i]})
	}
	slices.SortFunc(gaps, func(a, b gap) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end)) })
	ends := map[int]*Signature{}
	for i, g := range gaps {
		if i > 0 && gaps[i-1].end > g.start {
			g.s.problem(g.start, CodeOverlap, "another signature leaves out the same bytes")
			gaps[i-1].s.problem(g.start, CodeOverlap, "another signature leaves out the same bytes")
		}
		if !g.s.CoversRevision {
			continue
		}
		if other := ends[g.s.Revision]; other != nil {
			g.s.problem(g.start, CodeOverlap, "another signature ends revision %d too", g.s.Revision)
			other.problem(g.start, CodeOverlap, "another signature ends revision %d too", g.s.Revision)
		}
		ends[g.s.Revision] = g.s
	}
	inside := func(offset int64) {
		i, found := slices.BinarySearchFunc(gaps, offset, func(g gap, offset int64) int { return cmp.Compare(g.start, offset) })
		if !found {
			i--
		}
		if i >= 0 && offset < gaps[i].end {
			gaps[i].s.problem(offset, CodeGap, "a cross-reference points into what is left out")
		}
	}
	if len(gaps) == 0 {
		return
	}
	for _, r := range w.revisions {
		inside(r.XRef)
		for _, slot := range r.Slots {
			if slot.Kind == cos.Plain {
				inside(slot.Offset)
			}
		}
	}
}

// flags compares /SigFlags with what there is (ISO 32000-1, table 219).
func (w *finder) flags() {
	catalog, _, err := w.latest.Catalog()
	if err != nil {
		return // walkForm has read it
	}
	form, ok, err := w.latest.Dict(catalog.Get("AcroForm"))
	if err != nil || !ok {
		return
	}
	if n, _ := form.Get("SigFlags").(cos.Integer); n&1 != 0 && len(w.set.Signatures) == 0 && len(w.set.Empty) == 0 {
		w.set.problem(CodeFlags, "/SigFlags is %d without a signature field", n)
	}
}
