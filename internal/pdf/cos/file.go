// Package cos reads the objects of any PDF, strictly: ISO 32000-1, 7.2 to 7.5. It never repairs a file, never looks for objects
// but where the cross-references say, and never chooses between two readings: what breaks the rules that readers rely on is an
// error with its place, and what two readers could take differently is an Oddity.
//
// Everything is read when it is asked for. Open reads cross-references and trailers alone, so that a file of a gigabyte takes a
// few megabytes of memory. A File is safe for concurrent use.
package cos

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"sync"
)

// ownHeader is how files of this service begin: PDF 1.7 and 印证.
const ownHeader = "%PDF-1.7\n%\xe5\x8d\xb0\xe8\xaf\x81\n"

// File is a file that Open accepted.
type File struct {
	src       *source
	limits    Limits
	own       bool
	revisions []Revision

	mu         sync.Mutex
	cache      map[cacheKey]kept
	cached     int64 // bytes in the file of what is in cache
	containers map[int64]*container

	oddOnce  sync.Once
	oddities []Oddity
}

type cacheKey struct {
	offset int64
	index  int // in an object stream; -1 for a plain object
}

// kept is an object that was read without fault.
type kept struct {
	val Value
	id  Ref
	end int64 // behind endobj
	rev int   // of the view that it was read in; anyView when that does not matter
}

// Revision is one part of a file: what was appended at one time.
type Revision struct {
	Start, End int64 // End is behind %%EOF and the one end of line that may follow it
	EOF        int64 // behind %%EOF
	XRef       int64 // of its cross-reference section; of a linearised file, of the section for the first page
	Streamed   bool  // the section is a stream
	Hybrid     bool  // a table with a stream beside it
	Linearised bool
	Trailer    Dict
	Slots      []Slot // what its cross-references list, by number

	other int64 // where its other section stands, that of a linearised file or of a hybrid one in two parts; 0 for none
}

// SlotKind says where an object is.
type SlotKind int

// The kinds.
const (
	Free SlotKind = iota
	Plain
	Packed // in an object stream
)

// Slot is an entry of a cross-reference.
type Slot struct {
	Num, Gen int
	Kind     SlotKind
	Offset   int64 // of a plain object
	In       int   // number of the object stream
	Index    int   // in it
}

// Open reads the structure of a file. Errors: ErrNotPDF, *MalformedError, ErrEncrypted, ErrLimit, and those of r.
func Open(r io.ReaderAt, size int64, l Limits) (*File, error) {
	return open(&source{r: r, size: size, blocks: map[int64][]byte{}}, l)
}

// OpenBytes is Open for a file in memory, which must not change.
func OpenBytes(b []byte, l Limits) (*File, error) {
	return open(&source{r: bytes.NewReader(b), size: int64(len(b)), mem: b}, l)
}

func open(src *source, l Limits) (*File, error) {
	f := &File{src: src, limits: l.orDefault(), cache: map[cacheKey]kept{}, containers: map[int64]*container{}}
	if src.size > f.limits.FileBytes {
		return nil, fmt.Errorf("reading a PDF: %w: %d bytes, at most %d", ErrLimit, src.size, f.limits.FileBytes)
	}
	if err := f.readHeader(); err != nil {
		return nil, fmt.Errorf("reading a PDF: %w", err)
	}
	if err := f.readRevisions(); err != nil {
		return nil, fmt.Errorf("reading a PDF: %w", err)
	}
	for _, r := range f.revisions {
		if r.Trailer.Get("Encrypt") != nil {
			return nil, fmt.Errorf("reading a PDF: %w", ErrEncrypted)
		}
	}
	return f, nil
}

// readHeader wants %PDF-1.x or 2.x at the very first byte.
func (f *File) readHeader() error {
	head, err := f.src.bytes(0, min(f.src.size, int64(len(ownHeader))))
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(head, []byte("%PDF-")) {
		return ErrNotPDF
	}
	if len(head) < 9 || head[5] != '1' && head[5] != '2' || head[6] != '.' || head[7] < '0' || head[7] > '9' || head[8] != '\n' && head[8] != '\r' && head[8] != ' ' {
		return malformed(5, "version in the header")
	}
	f.own = string(head) == ownHeader
	return nil
}

// Own reports whether the file begins as those of this service do. Anybody can begin a file so; it is then judged as ours.
func (f *File) Own() bool { return f.own }

// Size is the number of bytes.
func (f *File) Size() int64 { return f.src.size }

// ReaderAt reads the bytes of the file.
func (f *File) ReaderAt() io.ReaderAt { return f.src.r }

// Revisions lists the parts of the file, oldest first; there is at least one.
func (f *File) Revisions() []Revision { return f.revisions }

// start finds the offset behind the last startxref: nothing may follow the last %%EOF but one end of line.
func (f *File) start() (xref int64, err error) {
	from := max(0, f.src.size-tailBytes)
	tail, err := f.src.bytes(from, f.src.size)
	if err != nil {
		return 0, err
	}
	end := len(tail)
	switch {
	case bytes.HasSuffix(tail, []byte("%%EOF\r\n")):
		end -= 2
	case bytes.HasSuffix(tail, []byte("%%EOF\n")), bytes.HasSuffix(tail, []byte("%%EOF\r")):
		end--
	case !bytes.HasSuffix(tail, []byte("%%EOF")):
		return 0, malformed(f.src.size, "the file does not end with %%%%EOF")
	}
	at := bytes.LastIndex(tail[:end], []byte("startxref"))
	if at < 0 {
		return 0, malformed(f.src.size, "no startxref before the end")
	}
	word := bytes.TrimFunc(tail[at+len("startxref"):end-len("%%EOF")], func(r rune) bool { return isSpace(int(r)) })
	n, err := strconv.ParseInt(string(word), 10, 64)
	if err != nil || n < 0 || n >= f.src.size {
		return 0, malformed(from+int64(at), "startxref leads nowhere")
	}
	return n, nil
}
