// Package increment appends revisions to a PDF: seals, empty fields, evidence, timestamps. What is there is never touched, and
// nothing but the objects that change is read, so that a gigabyte costs what a page does. Every result is a function of the file
// and what is asked for alone: no clock, no randomness.
package increment

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"yinzheng/internal/pdf/cos"
)

// Errors of writing.
var (
	// ErrCertified means that the file bears a certification that allows no such revision, or that a certification was asked for
	// behind a signature.
	ErrCertified = errors.New("pdf increment: a certification forbids it")
	// ErrField means that a signature field cannot be placed or filled: its name, place or kind is wrong.
	ErrField = errors.New("pdf increment: signature field cannot be placed")
	// ErrForm means that the file's form, pages or catalogue are not what they should be.
	ErrForm = errors.New("pdf increment: file cannot be extended")
	// ErrReserve means that the signature is longer than what was reserved for it.
	ErrReserve = errors.New("pdf increment: signature is longer than its reserve")
	// ErrContents means that the signature is not one DER SEQUENCE.
	ErrContents = errors.New("pdf increment: signature is not one DER sequence")
	// ErrCompleted means that Complete was called before.
	ErrCompleted = errors.New("pdf increment: signature was completed before")
	// ErrPicture means that a picture is not a PNG that can be drawn.
	ErrPicture = errors.New("pdf increment: picture cannot be drawn")
)

// idBytes is half of a file identifier (ISO 32000-1, 14.4).
const idBytes = 16

// update collects the objects of a new revision.
type update struct {
	v       cos.View
	last    cos.Revision
	start   int64 // of the first new byte; behind it may come one end of line
	next    int   // first free object number
	objects []placed
	size    int // about how many bytes there will be
}

// zeros is a piece of an empty signature.
const zeros = "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"

// weight is about how many bytes stand before an object that is the last to be numbered.
func (u *update) weight() int {
	n := 200 * len(u.objects)
	for _, o := range u.objects {
		if s, ok := o.val.(cos.Stream); ok {
			n += len(s.Data)
		}
	}
	return n
}

// placed is an object to be written; raw, if there is one, is written as it is.
type placed struct {
	ref cos.Ref
	val cos.Value
	raw func(b []byte) []byte // appends the value
}

// newUpdate begins a revision behind the last one.
func newUpdate(f *cos.File) (*update, error) {
	revisions := f.Revisions()
	u := &update{v: f.Latest(), last: revisions[len(revisions)-1], start: f.Size(), next: 1}
	size, ok := u.last.Trailer.Get("Size").(cos.Integer)
	if !ok || size < 1 {
		return nil, fmt.Errorf("%w: trailer without /Size", ErrForm)
	}
	u.next = int(size)
	for _, r := range revisions {
		if n := len(r.Slots); n > 0 {
			u.next = max(u.next, r.Slots[n-1].Num+1)
		}
	}
	if _, ok := u.last.Trailer.Get("Root").(cos.Ref); !ok {
		return nil, fmt.Errorf("%w: trailer without /Root", ErrForm)
	}
	return u, nil
}

// add numbers a new object; reserve only takes a number.
func (u *update) add(v cos.Value) cos.Ref {
	r := u.reserve()
	u.set(r, v)
	return r
}

func (u *update) reserve() cos.Ref {
	u.next++
	return cos.Ref{Num: u.next - 1}
}

// set writes an object, new or in the place of what was there.
func (u *update) set(r cos.Ref, v cos.Value) {
	for i := range u.objects {
		if u.objects[i].ref.Num == r.Num {
			u.objects[i].val = v
			return
		}
	}
	u.objects = append(u.objects, placed{ref: r, val: v})
}

// get reads an object as it will be.
func (u *update) get(r cos.Ref) (cos.Value, error) {
	for _, o := range u.objects {
		if o.ref.Num == r.Num {
			return o.val, nil
		}
	}
	return u.v.Get(r)
}

// dict reads a dictionary object as it will be.
func (u *update) dict(r cos.Ref) (cos.Dict, error) {
	v, err := u.get(r)
	if err != nil {
		return nil, err
	}
	d, ok := v.(cos.Dict)
	if !ok {
		return nil, fmt.Errorf("%w: object %d is not a dictionary", ErrForm, r.Num)
	}
	return d, nil
}

// appendTo adds values to the array that a key of a dictionary object has, directly or by reference; without one it makes one.
func (u *update) appendTo(owner cos.Ref, d cos.Dict, key cos.Name, values ...cos.Value) (cos.Dict, error) {
	switch old := d.Get(key).(type) {
	case nil, cos.Null:
		return d.With(key, cos.Array(values)), nil
	case cos.Array:
		return d.With(key, slices.Concat(old, cos.Array(values))), nil
	case cos.Ref:
		v, err := u.get(old)
		if err != nil {
			return nil, err
		}
		a, ok := v.(cos.Array)
		if !ok {
			return nil, fmt.Errorf("%w: /%s of object %d is not an array", ErrForm, key, owner.Num)
		}
		u.set(old, slices.Concat(a, cos.Array(values)))
		return d, nil
	}
	return nil, fmt.Errorf("%w: /%s of object %d is not an array", ErrForm, key, owner.Num)
}

// bytes writes the revision. It ends with an end of line, so that the next one can begin at once.
func (u *update) bytes(seed []byte) []byte {
	b := make([]byte, 0, u.size)
	if u.last.End == u.last.EOF {
		b = append(b, '\n')
	}
	slices.SortFunc(u.objects, func(x, y placed) int { return cmp.Compare(x.ref.Num, y.ref.Num) })
	places := make([]cos.Slot, 0, len(u.objects)+1)
	for _, o := range u.objects {
		places = append(places, cos.Slot{Num: o.ref.Num, Gen: o.ref.Gen, Kind: cos.Plain, Offset: u.start + int64(len(b))})
		b = fmt.Appendf(b, "%d %d obj\n", o.ref.Num, o.ref.Gen)
		if o.raw != nil {
			b = o.raw(b)
		} else {
			b = cos.Append(b, o.val)
		}
		b = append(b, "\nendobj\n"...)
	}
	trailer := cos.Dict{{Key: "Size", Value: cos.Integer(u.next)}}
	for _, key := range []cos.Name{"Root", "Info"} {
		if v := u.last.Trailer.Get(key); v != nil {
			trailer = append(trailer, cos.Entry{Key: key, Value: v})
		}
	}
	if id, ok := u.id(seed); ok {
		trailer = append(trailer, cos.Entry{Key: "ID", Value: id})
	}
	trailer = append(trailer, cos.Entry{Key: "Prev", Value: cos.Integer(u.last.XRef)})
	xref := u.start + int64(len(b))
	if u.last.Streamed {
		b = u.appendStream(b, places, trailer, xref)
	} else {
		b = append(appendTable(b, places), "trailer\n"...)
		b = append(cos.Append(b, trailer), '\n')
	}
	return fmt.Appendf(b, "startxref\n%d\n%%%%EOF\n", xref)
}

// id keeps the first half of /ID and draws the second from what is written; false when the file has none.
func (u *update) id(seed []byte) (cos.Array, bool) {
	old, ok, err := u.v.Array(u.last.Trailer.Get("ID"))
	if err != nil || !ok || len(old) != 2 {
		return nil, false
	}
	first, ok := old[0].(cos.String)
	second, ok2 := old[1].(cos.String)
	if !ok || !ok2 {
		return nil, false
	}
	h := sha256.New()
	h.Write(second.Bytes)
	h.Write(seed)
	return cos.Array{first, cos.String{Bytes: h.Sum(nil)[:idBytes], Hex: true}}, true
}

// appendTable writes a classic cross-reference table of runs of numbers.
func appendTable(b []byte, places []cos.Slot) []byte {
	b = append(b, "xref\n"...)
	for i := 0; i < len(places); {
		run := 1
		for i+run < len(places) && places[i+run].Num == places[i].Num+run {
			run++
		}
		b = fmt.Appendf(b, "%d %d\n", places[i].Num, run)
		for _, p := range places[i : i+run] {
			b = fmt.Appendf(b, "%010d %05d n \n", p.Offset, p.Gen)
		}
		i += run
	}
	return b
}

// appendStream writes a cross-reference stream, uncompressed: it has a few rows.
func (u *update) appendStream(b []byte, places []cos.Slot, trailer cos.Dict, xref int64) []byte {
	self := cos.Slot{Num: u.next, Kind: cos.Plain, Offset: xref}
	places = append(places, self)
	var index cos.Array
	for i := 0; i < len(places); {
		run := 1
		for i+run < len(places) && places[i+run].Num == places[i].Num+run {
			run++
		}
		index = append(index, cos.Integer(places[i].Num), cos.Integer(run))
		i += run
	}
	data := make([]byte, 0, 11*len(places))
	for _, p := range places {
		data = append(data, 1)
		for shift := 56; shift >= 0; shift -= 8 {
			data = append(data, byte(p.Offset>>shift))
		}
		data = append(data, byte(p.Gen>>8), byte(p.Gen))
	}
	d := cos.Dict{{Key: "Type", Value: cos.Name("XRef")}, {Key: "W", Value: cos.Array{cos.Integer(1), cos.Integer(8), cos.Integer(2)}}, {Key: "Index", Value: index}}
	d = append(d, trailer.With("Size", cos.Integer(u.next+1))...)
	b = fmt.Appendf(b, "%d 0 obj\n", self.Num)
	b = cos.Append(b, cos.Stream{Dict: d, Data: data})
	return append(b, "\nendobj\n"...)
}
