package pdf

import (
	"crypto/sha256"
	"fmt"
)

// header is the first two lines of every file. The second is the comment of at least four bytes above 127 that PDF/A asks
// for (ISO 19005-3, 6.1.2); it is also how the reader knows our files from others.
const header = "%PDF-1.7\n%\xe5\x8d\xb0\xe8\xaf\x81\n"

// object is an indirect object: a value, or a stream with its dict. /Length is added when it is written.
type object struct {
	val       value // nil if it has dict
	dict      dict
	stream    []byte
	hasStream bool
}

// appendObject writes an indirect object (ISO 32000-1, 7.3.10).
func appendObject(b []byte, num int, o object) []byte {
	b = fmt.Appendf(b, "%d 0 obj\n", num)
	switch {
	case o.hasStream:
		d := append(clip(o.dict), entry{"Length", integer(len(o.stream))})
		b = append(d.appendTo(b), "\nstream\n"...)
		b = append(b, o.stream...)
		b = append(b, "\nendstream"...)
	case o.dict != nil:
		b = o.dict.appendTo(b)
	default:
		b = o.val.appendTo(b)
	}
	return append(b, "\nendobj\n"...)
}

// place is where an object starts.
type place struct {
	num    int
	offset int64
}

// appendXref writes the cross-reference table of one revision (ISO 32000-1, 7.5.4). Places ascend; the first revision has
// all numbers from 1 and the head of the free list, a later one only what it changes.
func appendXref(b []byte, places []place, first bool) []byte {
	b = append(b, "xref\n"...)
	if first {
		b = fmt.Appendf(b, "0 %d\n%010d %05d f \n", len(places)+1, 0, 65535)
	}
	for i, p := range places {
		if !first && (i == 0 || places[i-1].num+1 != p.num) {
			run := 1
			for i+run < len(places) && places[i+run].num == p.num+run {
				run++
			}
			b = fmt.Appendf(b, "%d %d\n", p.num, run)
		}
		b = fmt.Appendf(b, "%010d %05d n \n", p.offset, 0)
	}
	return b
}

// appendTrailer writes the trailer and the end of a revision whose cross-reference table is at xref.
func appendTrailer(b []byte, trailer dict, xref int64) []byte {
	b = append(b, "trailer\n"...)
	b = trailer.appendTo(b)
	return fmt.Appendf(b, "\nstartxref\n%d\n%%%%EOF\n", xref)
}

// fileID is half of /ID (ISO 32000-1, 14.4): 16 bytes drawn from the content.
func fileID(content ...[]byte) hexText {
	h := sha256.New()
	for _, c := range content {
		h.Write(c)
	}
	return hexText(h.Sum(nil)[:16])
}

// objects are the objects of a first revision, numbered from 1 as they are reserved.
type objects []object

func (o *objects) reserve() ref {
	*o = append(*o, object{})
	return ref(len(*o))
}

func (o *objects) add(obj object) ref {
	*o = append(*o, obj)
	return ref(len(*o))
}

func (o objects) set(at ref, obj object) { o[at-1] = obj }

// file writes the first revision.
func (o objects) file(root, info ref) []byte {
	size := len(header) + 1024
	for _, obj := range o {
		size += len(obj.stream) + 512
	}
	b := append(make([]byte, 0, size), header...)
	places := make([]place, len(o))
	for i, obj := range o {
		places[i] = place{i + 1, int64(len(b))}
		b = appendObject(b, i+1, obj)
	}
	xref := int64(len(b))
	b = appendXref(b, places, true)
	id := fileID(b)
	trailer := dict{{"Size", integer(len(o) + 1)}, {"Root", root}, {"Info", info}, {"ID", array{id, id}}}
	return appendTrailer(b, trailer, xref)
}
