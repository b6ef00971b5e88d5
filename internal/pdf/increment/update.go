// Package increment appends revisions to a PDF: seals, empty fields, evidence, timestamps. What is there is never touched, and
// nothing but the form, the pages concerned and the objects that change is read, so that a gigabyte costs what a page does. Every
// result is a function of the file and what is asked for alone: no clock, no randomness.
package increment

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"math"
	"slices"
	"strconv"

	"yinzheng/internal/pdf/cos"
)

// Errors of writing. A file that is encrypted is refused when it is opened (cos.ErrEncrypted).
var (
	// ErrCertified means that the file bears a certification or a lock that allows no such revision, or that a certification was
	// asked for behind a signature.
	ErrCertified = errors.New("pdf increment: a certification forbids it")
	// ErrField means that a signature field cannot be placed or filled: its name, place or kind is wrong.
	ErrField = errors.New("pdf increment: signature field cannot be placed")
	// ErrLocked means that an earlier signature locked the field that was to be filled (FieldMDP).
	ErrLocked = errors.New("pdf increment: an earlier signature locked the field")
	// ErrForm means that the file's form, pages or catalogue are not what they should be, or more than the limits allow.
	ErrForm = errors.New("pdf increment: file cannot be extended")
	// ErrReserve means that the signature is longer than what was reserved for it.
	ErrReserve = errors.New("pdf increment: signature is longer than its reserve")
	// ErrContents means that the signature is not one DER SEQUENCE.
	ErrContents = errors.New("pdf increment: signature is not one DER sequence")
	// ErrCompleted means that Complete was called before.
	ErrCompleted = errors.New("pdf increment: signature was completed before")
	// ErrPicture means that a picture is not a PNG that can be drawn.
	ErrPicture = errors.New("pdf increment: picture cannot be drawn")
	// ErrBase means that a revision was restored without its file, which is needed to hash it without a state at its end.
	ErrBase = errors.New("pdf increment: the hash needs a state at the end of the file")
	// ErrPrepared means that bytes are not a prepared revision.
	ErrPrepared = errors.New("pdf increment: not a prepared revision")
)

const (
	idBytes   = 16            // half of a file identifier (ISO 32000-1, 14.4)
	maxNumber = 8_388_607     // of an object (ISO 32000-1, annex C)
	maxOffset = 9_999_999_999 // in a row of a cross-reference table
	streamRow = 11            // bytes of a row in a cross-reference stream: kind, eight of offset, two of generation
	maxTail   = 1 << 30       // bytes of a revision, at most: evidence has megabytes

	// What to allocate at once, in bytes: for an object beside its stream, for cross-references and trailer.
	objectRoom  = 512
	trailerRoom = 1024
)

// Update collects the objects of a new revision. It is for one goroutine.
type Update struct {
	v     cos.View
	last  cos.Revision
	start int64 // of the first new byte
	first int   // first free object number of the file
	next  int   // first free object number

	objects []placed
	index   map[int]int // object number: its place in objects
	tail    *placed     // written behind all others: the signature, whose length is known last
	ident   cos.Array   // the new /ID, made when the objects are written; nil: the file has none
}

// placed is an object to be written; raw, if there is one, is written as it is.
type placed struct {
	ref cos.Ref
	val cos.Value
	raw func(b []byte) []byte // appends the value
}

// New begins a revision behind the last one of a file. Errors: ErrForm.
func New(f *cos.File) (*Update, error) {
	revisions := f.Revisions()
	u := &Update{v: f.Latest(), last: revisions[len(revisions)-1], start: f.Size(), next: 1, index: map[int]int{}}
	size, ok := u.last.Trailer.Get("Size").(cos.Integer)
	if !ok || size < 1 || size > maxNumber {
		return nil, fmt.Errorf("%w: trailer without /Size, or one of more objects than a file has", ErrForm)
	}
	u.next = int(size)
	for _, r := range revisions {
		if n := len(r.Slots); n > 0 {
			u.next = max(u.next, r.Slots[n-1].Num+1)
		}
	}
	u.first = u.next
	if _, ok := u.last.Trailer.Get("Root").(cos.Ref); !ok {
		return nil, fmt.Errorf("%w: trailer without /Root", ErrForm)
	}
	return u, nil
}

// Add numbers and writes a new object.
func (u *Update) Add(v cos.Value) cos.Ref {
	r := u.Reserve()
	u.Set(r, v)
	return r
}

// Reserve takes a number for an object that Set will write: one that is never written is an error of Bytes.
func (u *Update) Reserve() cos.Ref {
	u.next++
	return cos.Ref{Num: u.next - 1}
}

// Set writes an object, new or in the place of what was there.
func (u *Update) Set(r cos.Ref, v cos.Value) { u.put(placed{ref: r, val: v}) }

func (u *Update) put(o placed) {
	if i, ok := u.index[o.ref.Num]; ok {
		u.objects[i] = o
		return
	}
	u.index[o.ref.Num] = len(u.objects)
	u.objects = append(u.objects, o)
}

// Get reads an object as it will be.
func (u *Update) Get(r cos.Ref) (cos.Value, error) {
	if i, ok := u.index[r.Num]; ok {
		return u.objects[i].val, nil
	}
	return u.v.Get(r)
}

// dict reads a dictionary object as it will be.
func (u *Update) dict(r cos.Ref) (cos.Dict, error) {
	v, err := u.Get(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	d, ok := v.(cos.Dict)
	if !ok {
		return nil, fmt.Errorf("%w: object %d is not a dictionary", ErrForm, r.Num)
	}
	return d, nil
}

// appendTo adds values to the array that a key of a dictionary has, directly or by reference; without one it makes one. The
// dictionary that is returned differs unless the array is an object of its own.
func (u *Update) appendTo(d cos.Dict, key cos.Name, values ...cos.Value) (cos.Dict, error) {
	switch old := d.Get(key).(type) {
	case nil, cos.Null:
		return d.With(key, cos.Array(values)), nil
	case cos.Array:
		return d.With(key, slices.Concat(old, cos.Array(values))), nil
	case cos.Ref:
		v, err := u.Get(old)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrForm, err)
		}
		if a, ok := v.(cos.Array); ok {
			u.Set(old, slices.Concat(a, cos.Array(values)))
			return d, nil
		}
	}
	return nil, fmt.Errorf("%w: /%s is not an array", ErrForm, key)
}

// Bytes is the revision, with an end of line before it where the file has none at its end; behind it is one, so that the next
// can begin at once. Errors: ErrForm for an object number that the file does not have, and for more than a file can hold.
func (u *Update) Bytes() ([]byte, error) {
	if err := u.check(); err != nil {
		return nil, err
	}
	b, rows := u.body(0)
	return u.end(b, rows), nil
}

// check refuses what would be no revision of this file.
func (u *Update) check() error {
	if u.next > maxNumber {
		return fmt.Errorf("%w: more than %d objects", ErrForm, maxNumber)
	}
	if !u.last.Streamed && u.start > maxOffset-maxTail {
		return fmt.Errorf("%w: %d bytes are too many for a cross-reference table", ErrForm, u.start)
	}
	for _, o := range u.objects {
		if o.ref.Num >= u.first && o.ref.Num < u.next && o.ref.Gen == 0 {
			continue
		}
		if slot, ok := u.v.Slot(o.ref.Num); !ok || slot.Kind == cos.Free || slot.Gen != o.ref.Gen {
			return fmt.Errorf("%w: there is no object %d %d", ErrForm, o.ref.Num, o.ref.Gen)
		}
	}
	for n := u.first; n < u.next; n++ {
		if _, ok := u.index[n]; !ok && (u.tail == nil || u.tail.ref.Num != n) {
			return fmt.Errorf("%w: object %d was reserved and not written", ErrForm, n)
		}
	}
	return nil
}

// body writes the objects but the tail, by number, and says where they are; there is room behind them for so many bytes.
func (u *Update) body(room int) (b []byte, rows []cos.Slot) {
	slices.SortFunc(u.objects, func(x, y placed) int { return cmp.Compare(x.ref.Num, y.ref.Num) })
	for i, o := range u.objects {
		u.index[o.ref.Num] = i
		room += objectRoom
		if s, ok := o.val.(cos.Stream); ok {
			room += len(s.Data)
		}
	}
	b = make([]byte, 0, room+trailerRoom)
	if u.last.End == u.last.EOF {
		b = append(b, '\n')
	}
	h := sha256.New()
	rows = make([]cos.Slot, 0, len(u.objects)+2)
	for _, o := range u.objects {
		at := len(b)
		rows = append(rows, u.slot(o.ref, at))
		b = o.append(b)
		if _, stream := o.val.(cos.Stream); !stream {
			h.Write(b[at:])
		}
	}
	u.ident = u.id(h)
	return b, rows
}

// slot is the row of an object that begins so many bytes behind the start.
func (u *Update) slot(r cos.Ref, at int) cos.Slot {
	return cos.Slot{Num: r.Num, Gen: r.Gen, Kind: cos.Plain, Offset: u.start + int64(at)}
}

func (o *placed) append(b []byte) []byte {
	b = appendHead(b, o.ref)
	if o.raw != nil {
		b = o.raw(b)
	} else {
		b = cos.Append(b, o.val)
	}
	return append(b, "\nendobj\n"...)
}

func appendHead(b []byte, r cos.Ref) []byte {
	b = append(strconv.AppendInt(b, int64(r.Num), 10), ' ')
	return append(strconv.AppendInt(b, int64(r.Gen), 10), " obj\n"...)
}

// end writes the tail, the cross-references and the trailer behind the objects.
func (u *Update) end(b []byte, rows []cos.Slot) []byte {
	if u.tail != nil {
		at := u.slot(u.tail.ref, len(b))
		i, _ := slices.BinarySearchFunc(rows, at, func(x, y cos.Slot) int { return cmp.Compare(x.Num, y.Num) })
		rows = slices.Insert(slices.Clone(rows), i, at)
		b = u.tail.append(b)
	}
	xref := u.start + int64(len(b))
	if u.last.Streamed {
		b = u.appendStream(b, rows, xref)
	} else {
		b = append(appendTable(b, rows), "trailer\n"...)
		b = append(cos.Append(b, u.trailer(u.next)), '\n')
	}
	b = append(b, "startxref\n"...)
	b = strconv.AppendInt(b, xref, 10)
	return append(b, "\n%%EOF\n"...)
}

// trailer keeps /Root, /Info and the first half of /ID; nothing else concerns a revision.
func (u *Update) trailer(size int) cos.Dict {
	t := cos.Dict{{Key: "Size", Value: cos.Integer(size)}}
	for _, key := range []cos.Name{"Root", "Info"} {
		if v := u.last.Trailer.Get(key); v != nil {
			t = append(t, cos.Entry{Key: key, Value: v})
		}
	}
	if u.ident != nil {
		t = append(t, cos.Entry{Key: "ID", Value: u.ident})
	}
	return append(t, cos.Entry{Key: "Prev", Value: cos.Integer(u.last.XRef)})
}

// id keeps the first half of /ID and draws the second from the one before, from where the revision begins and from what it
// writes, which h was given; nil when the file has none.
func (u *Update) id(h hash.Hash) cos.Array {
	old, ok, err := u.v.Array(u.last.Trailer.Get("ID"))
	if err != nil || !ok || len(old) != 2 {
		return nil
	}
	first, ok := old[0].(cos.String)
	second, ok2 := old[1].(cos.String)
	if !ok || !ok2 {
		return nil
	}
	h.Write(strconv.AppendInt(slices.Clone(second.Bytes), u.start, 10))
	return cos.Array{first, cos.String{Bytes: h.Sum(nil)[:idBytes], Hex: true}}
}

// runs calls f with each run of neighbouring numbers.
func runs(rows []cos.Slot, f func(run []cos.Slot)) {
	for i := 0; i < len(rows); {
		n := 1
		for i+n < len(rows) && rows[i+n].Num == rows[i].Num+n {
			n++
		}
		f(rows[i : i+n])
		i += n
	}
}

// appendTable writes a classic cross-reference table (ISO 32000-1, 7.5.4).
func appendTable(b []byte, rows []cos.Slot) []byte {
	b = append(b, "xref\n"...)
	runs(rows, func(run []cos.Slot) {
		b = append(strconv.AppendInt(b, int64(run[0].Num), 10), ' ')
		b = append(strconv.AppendInt(b, int64(len(run)), 10), '\n')
		for _, s := range run {
			b = append(appendPadded(b, s.Offset, 10), ' ')
			b = append(appendPadded(b, int64(s.Gen), 5), " n \n"...)
		}
	})
	return b
}

// appendPadded writes a number with zeros before it.
func appendPadded(b []byte, n int64, digits int) []byte {
	var text [20]byte
	s := strconv.AppendInt(text[:0], n, 10)
	for range digits - len(s) {
		b = append(b, '0')
	}
	return append(b, s...)
}

// appendStream writes a cross-reference stream (ISO 32000-1, 7.5.8), uncompressed: it has a few rows.
func (u *Update) appendStream(b []byte, rows []cos.Slot, xref int64) []byte {
	self := cos.Slot{Num: u.next, Kind: cos.Plain, Offset: xref}
	rows = append(slices.Clip(rows), self)
	var index cos.Array
	data := make([]byte, 0, streamRow*len(rows))
	runs(rows, func(run []cos.Slot) {
		index = append(index, cos.Integer(run[0].Num), cos.Integer(len(run)))
		for _, s := range run {
			data = append(data, 1)
			for shift := 56; shift >= 0; shift -= 8 {
				data = append(data, byte(s.Offset>>shift))
			}
			data = append(data, byte(s.Gen>>8), byte(s.Gen&math.MaxUint8))
		}
	})
	d := cos.Dict{{Key: "Type", Value: cos.Name("XRef")},
		{Key: "W", Value: cos.Array{cos.Integer(1), cos.Integer(8), cos.Integer(2)}}, {Key: "Index", Value: index}}
	d = append(d, u.trailer(u.next+1)...)
	o := placed{ref: cos.Ref{Num: self.Num}, val: cos.Stream{Dict: d, Data: data}}
	return o.append(b)
}
