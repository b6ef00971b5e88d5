package pdf

import (
	"bytes"
	"fmt"
	"slices"
)

// Default limits of reading. A licence has some 30 objects and 100 KB; case files carry scans of a few hundred megabytes.
const (
	MaxFileBytes = 256 << 20 // a file
	MaxObjects   = 20_000    // objects in all revisions: maxPages pages with pictures
	MaxRevisions = 64        // the first and 63 seals
	MaxInflated  = 64 << 20  // one attachment after inflating
)

// Limits bounds what Read takes; a zero field means the default above.
type Limits struct {
	FileBytes int64
	Objects   int
	Revisions int
	Inflated  int64
}

func (l Limits) orDefault() Limits {
	if l.FileBytes == 0 {
		l.FileBytes = MaxFileBytes
	}
	if l.Objects == 0 {
		l.Objects = MaxObjects
	}
	if l.Revisions == 0 {
		l.Revisions = MaxRevisions
	}
	if l.Inflated == 0 {
		l.Inflated = MaxInflated
	}
	return l
}

// found is an object as it was read. Its stream aliases the file.
type found struct {
	place
	object
}

// revision is one part of a file, from start to its end-of-file mark.
type revision struct {
	start, end int64
	xref       int64
	objects    []found // ascending
	trailer    dict
}

// scan splits a file into revisions and knows every byte of it: objects follow each other without gaps, and the
// cross-reference table and trailer must be the very bytes that follow from them. No offset in the file is ever followed.
func scan(b []byte, limits Limits) ([]revision, error) {
	if int64(len(b)) > limits.FileBytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrLimit, len(b), limits.FileBytes)
	}
	if !bytes.HasPrefix(b, []byte(header)) {
		if bytes.HasPrefix(b, []byte("%PDF-")) && len(b) > len(header) {
			return nil, fmt.Errorf("%w: another program's header", ErrUnsupported)
		}
		return nil, &MalformedError{0, "not a PDF"}
	}
	l := &lexer{b: b, pos: len(header)}
	var revisions []revision
	count := 0
	for l.pos < len(b) || len(revisions) == 0 {
		if len(revisions) == limits.Revisions {
			return nil, fmt.Errorf("%w: more than %d revisions", ErrLimit, limits.Revisions)
		}
		r, err := l.revision(revisions, limits.Objects-count)
		if err != nil {
			return nil, err
		}
		count += len(r.objects)
		revisions = append(revisions, r)
	}
	return revisions, nil
}

// revision reads the next revision, which may have at most so many objects.
func (l *lexer) revision(before []revision, most int) (revision, error) {
	r := revision{start: int64(l.pos)}
	var places []place
	last := 0
	for !bytes.HasPrefix(l.b[l.pos:], []byte("xref\n")) {
		if len(r.objects) >= most {
			return r, fmt.Errorf("%w: too many objects", ErrLimit)
		}
		at := l.pos
		o, err := l.object()
		if err != nil {
			return r, err
		}
		if o.num <= last || len(before) == 0 && o.num != last+1 {
			l.pos = at
			return r, l.wrong("object %d after object %d", o.num, last)
		}
		last = o.num
		r.objects = append(r.objects, o)
		places = append(places, o.place)
	}
	r.xref = int64(l.pos)
	if err := l.want(string(appendXref(nil, places, len(before) == 0))); err != nil {
		return r, err
	}
	return r, l.trailer(&r, before)
}

// trailer reads the trailer of a revision and demands that it says what follows from the revisions.
func (l *lexer) trailer(r *revision, before []revision) error {
	at := l.pos
	if err := l.want("trailer\n"); err != nil {
		return err
	}
	if l.peek() != '<' {
		return l.wrong("a trailer dictionary expected")
	}
	v, err := l.value(0)
	if err != nil {
		return err
	}
	d, ok := v.(dict)
	id, isPair := d.get("ID").(array)
	if !ok || !isPair || len(id) != 2 {
		l.pos = at
		return l.wrong("trailer has no /ID of two strings")
	}
	for _, half := range id {
		if h, ok := half.(hexText); !ok || len(h) != 16 {
			l.pos = at
			return l.wrong("half of /ID is not 16 bytes")
		}
	}
	want := dict{{"Size", integer(size(append(before[:len(before):len(before)], *r)))}, {"Root", ref(1)}, {"Info", d.get("Info")}, {"ID", id}}
	if n := len(before); n > 0 {
		want[2].val = before[0].trailer.get("Info")
		want[3].val = array{firstID(before), id[1]}
		want = append(want, entry{"Prev", integer(before[n-1].xref)})
	} else {
		if _, ok := d.get("Info").(ref); !ok {
			l.pos = at
			return l.wrong("trailer has no /Info")
		}
		want[3].val = array{id[0], id[0]}
	}
	l.pos = at
	if err := l.want(string(appendTrailer(nil, want, r.xref))); err != nil {
		return err
	}
	r.trailer, r.end = want, int64(l.pos)
	return nil
}

// firstID is the half of /ID that stays the same in all revisions.
func firstID(revisions []revision) value {
	id, _ := revisions[0].trailer.get("ID").(array)
	return id[0]
}

// size is the highest object number so far, plus one.
func size(revisions []revision) int {
	most := 0
	for _, r := range revisions {
		if n := len(r.objects); n > 0 {
			most = max(most, r.objects[n-1].num)
		}
	}
	return most + 1
}

// object reads one indirect object.
func (l *lexer) object() (found, error) {
	o := found{place: place{offset: int64(l.pos)}}
	v, err := l.value(maxDepth)
	if err != nil {
		return o, err
	}
	num, ok := v.(integer)
	if !ok || num < 1 {
		l.pos = int(o.offset)
		return o, l.wrong("an object or a cross-reference table expected")
	}
	o.num = int(num)
	if err := l.want(" 0 obj\n"); err != nil {
		return o, err
	}
	if v, err = l.value(0); err != nil {
		return o, err
	}
	if d, ok := v.(dict); ok {
		o.dict = d
	} else {
		o.val = v
	}
	if o.dict != nil && l.take("\nstream\n") {
		if err := l.stream(&o.object); err != nil {
			return o, err
		}
	}
	return o, l.want("\nendobj\n")
}

// stream reads the data; /Length is the last entry, and is taken off the dict.
func (l *lexer) stream(o *object) error {
	n := len(o.dict) - 1
	if n < 0 || o.dict[n].key != "Length" {
		return l.wrong("stream without a /Length at the end of its dictionary")
	}
	length, ok := o.dict[n].val.(integer)
	if !ok || length < 0 || int64(length) > int64(len(l.b)-l.pos) {
		return l.wrong("stream of an impossible length")
	}
	o.dict = slices.Clip(o.dict[:n])
	o.stream, o.hasStream = l.b[l.pos:l.pos+int(length):l.pos+int(length)], true
	l.pos += int(length)
	return l.want("\nendstream")
}
