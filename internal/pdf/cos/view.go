package cos

import (
	"cmp"
	"errors"
	"iter"
	"maps"
	"slices"
)

// View is the file as it stood after one of its revisions. It is a small value.
type View struct {
	f   *File
	rev int
}

// View returns the file as it stood after a revision, counted from 0.
func (f *File) View(revision int) View { return View{f, revision} }

// Latest is the file as it is.
func (f *File) Latest() View { return View{f, len(f.revisions) - 1} }

// Revision is the revision that the view ends with.
func (v View) Revision() int { return v.rev }

// File is the file that is viewed.
func (v View) File() *File { return v.f }

// Trailer is that of the view's last revision.
func (v View) Trailer() Dict { return v.f.revisions[v.rev].Trailer }

// Catalog returns the root of the document and its reference.
func (v View) Catalog() (Dict, Ref, error) {
	root, ok := v.Trailer().Get("Root").(Ref)
	if !ok {
		return nil, Ref{}, malformed(v.f.revisions[v.rev].XRef, "a trailer without /Root")
	}
	d, ok, err := v.Dict(root)
	if err != nil {
		return nil, root, err
	}
	if !ok || d.Get("Type") != Name("Catalog") {
		return nil, root, malformed(v.f.revisions[v.rev].XRef, "/Root is not a catalogue")
	}
	return d, root, nil
}

// Slot finds an object in the newest cross-reference that lists it.
func (v View) Slot(num int) (Slot, bool) {
	for i := v.rev; i >= 0; i-- {
		slots := v.f.revisions[i].Slots
		if n, ok := slices.BinarySearchFunc(slots, num, func(s Slot, num int) int { return cmp.Compare(s.Num, num) }); ok {
			return slots[n], true
		}
	}
	return Slot{}, false
}

// Numbers are those of every object in use, ascending.
func (v View) Numbers() iter.Seq[int] {
	used := map[int]bool{}
	for i := 0; i <= v.rev; i++ {
		for _, s := range v.f.revisions[i].Slots {
			if s.Kind == Free {
				delete(used, s.Num)
			} else {
				used[s.Num] = true
			}
		}
	}
	return slices.Values(slices.Sorted(maps.Keys(used)))
}

// Get reads an object; a free or missing one, or one of another generation, is Null.
func (v View) Get(r Ref) (Value, error) { return v.get(r, 0) }

func (v View) get(r Ref, hops int) (Value, error) {
	s, ok := v.Slot(r.Num)
	if !ok || s.Kind == Free {
		return Null{}, nil
	}
	if s.Kind == Packed {
		if r.Gen != 0 {
			return Null{}, nil
		}
		return v.packed(s, hops)
	}
	if s.Gen != r.Gen {
		return Null{}, nil
	}
	key := cacheKey{s.Offset, -1}
	if known, ok := v.known(key); ok && known.id == r {
		return known.val, nil
	}
	c := v.f.src.cursor(s.Offset, v.f.limits)
	id, val, err := c.object(v.lengths(hops))
	switch {
	case err != nil:
		return nil, err
	case id != r:
		return nil, malformed(s.Offset, "object %d %d stands where object %d %d is said to be", id.Num, id.Gen, r.Num, r.Gen)
	case c.twice != nil:
		return nil, c.twice
	}
	v.keep(key, kept{val: val, id: id, end: c.pos}, c.pos-s.Offset)
	return val, nil
}

// lengths resolves an indirect /Length. It may stand in an object stream, whose own /Length may be indirect, but not in an object
// stream again (ISO 32000-1, 7.5.7): that could lead in a circle.
func (v View) lengths(hops int) func(Ref) (Value, error) {
	return func(r Ref) (Value, error) {
		if hops == maxLengths {
			return nil, malformed(0, "/Length in object %d leads on", r.Num)
		}
		return v.get(r, hops+1)
	}
}

// known finds an object that was read before. A stream whose /Length is another object may end elsewhere in another view.
func (v View) known(key cacheKey) (kept, bool) {
	v.f.mu.Lock()
	defer v.f.mu.Unlock()
	k, ok := v.f.cache[key]
	return k, ok && (k.rev == anyView || k.rev == v.rev)
}

// anyView is the revision of what reads alike in every view.
const anyView = -1

// reading is the revision that a value depends on.
func (v View) reading(val Value) int {
	if s, ok := val.(Stream); ok {
		if _, indirect := s.Dict.Get("Length").(Ref); indirect {
			return v.rev
		}
	}
	return anyView
}

// keep remembers small objects.
func (v View) keep(key cacheKey, k kept, size int64) {
	f := v.f
	k.rev = v.reading(k.val)
	if _, stream := k.val.(Stream); stream {
		size = 0 // its data stay in the file
	}
	if size > maxCached {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cached += size; len(f.cache) >= maxCache || f.cached > maxCacheBytes {
		clear(f.cache)
		f.cached = size
	}
	f.cache[key] = k
}

// Resolve follows references to a value that is none.
func (v View) Resolve(x Value) (Value, error) {
	for range maxHops {
		r, ok := x.(Ref)
		if !ok {
			if x == nil {
				x = Null{}
			}
			return x, nil
		}
		var err error
		if x, err = v.Get(r); err != nil {
			return nil, err
		}
	}
	return nil, malformed(0, "references lead to references")
}

// Dict resolves a value to a dictionary, that of a stream too; false when it is something else or missing.
func (v View) Dict(x Value) (Dict, bool, error) {
	x, err := v.Resolve(x)
	switch d := x.(type) {
	case Dict:
		return d, true, err
	case Stream:
		return d.Dict, true, err
	}
	return nil, false, err
}

// Array resolves a value to an array; false when it is something else or missing.
func (v View) Array(x Value) (Array, bool, error) {
	x, err := v.Resolve(x)
	a, ok := x.(Array)
	return a, ok, err
}

// errPacked means that an object has no bytes of its own.
var errPacked = errors.New("pdf: object stands in an object stream")

// plain returns the slot of a plain object.
func (v View) plain(num int) (Slot, error) {
	s, ok := v.Slot(num)
	switch {
	case !ok || s.Kind == Free:
		return s, malformed(0, "there is no object %d", num)
	case s.Kind == Packed:
		return s, errPacked
	}
	return s, nil
}

// Extent is where a plain object stands, from its number to behind endobj. For an object in an object stream it is an error.
func (v View) Extent(num int) (start, end int64, err error) {
	s, err := v.plain(num)
	if err != nil {
		return 0, 0, err
	}
	c := v.f.src.cursor(s.Offset, v.f.limits)
	if _, _, err := c.object(v.lengths(0)); err != nil {
		return 0, 0, err
	}
	return s.Offset, c.pos, nil
}

// Position is where the value of a key stands in the dictionary of a plain object; start is -1 when it has no such key.
func (v View) Position(r Ref, key Name) (start, end int64, err error) {
	s, err := v.plain(r.Num)
	if err != nil {
		return 0, 0, err
	}
	c := v.f.src.cursor(s.Offset, v.f.limits)
	for range 2 {
		if _, err := c.natural("an object"); err != nil {
			return 0, 0, err
		}
	}
	if err := c.expect("obj"); err != nil {
		return 0, 0, err
	}
	c.skip()
	if !c.take("<<") {
		return 0, 0, c.wrong("a dictionary expected")
	}
	start = -1
	err = c.entries(0, func(_ int64, k Name, _ Value, from, to int64) bool {
		if k == key {
			start, end = from, to
		}
		return k != key
	})
	return start, end, err
}
