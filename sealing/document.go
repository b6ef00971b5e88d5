package sealing

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"yinzheng/internal/midstate"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/increment"
	"yinzheng/internal/pdf/signature"
)

const (
	// maxDocument bounds what is sealed: scans of a whole case file. Nothing of it is held in memory.
	maxDocument = 4 << 30
	// hashChunk is how much is hashed between two looks at the context, in bytes.
	hashChunk = 1 << 20
)

// File is a PDF that is to be sealed, at hand or too large for memory.
type File struct {
	Content io.ReaderAt
	Size    int64 // in bytes
	// State is where the hash stands after all of it, of a file of our own store; zero: it will be read once. In what is judged it
	// is where it stood before the seal.
	State  midstate.State
	Before int64 // in what is judged: the bytes that were there before the seal; signatures in them are others'

	Unstamped bool // in what is judged: it was asked for without a timestamp
}

// InMemory is a document at hand.
func InMemory(b []byte) File { return File{Content: bytes.NewReader(b), Size: int64(len(b))} }

// Reader reads the document from its beginning.
func (d File) Reader() io.Reader { return io.NewSectionReader(d.Content, 0, d.Size) }

// work is a document while revisions are appended to it: the base is never copied, and hashed at most once.
type work struct {
	base File
	tail []byte
	hash *midstate.Hasher // after base and tail
}

// begin reads what is not known of the document's hash. SHA-256 is needed for signatures of ECDSA only.
func begin(ctx context.Context, d File, sha256 bool) (*work, error) {
	if d.Content == nil || d.Size < 1 || d.Size > maxDocument {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrDocument, d.Size, int64(maxDocument))
	}
	h := midstate.NewSM3()
	if sha256 {
		h = midstate.New()
	}
	if !d.State.IsZero() && (!sha256 || d.State.SHA256 != nil) {
		var err error
		if h, err = midstate.Resume(d.State); err != nil || h.Length() > d.Size {
			return nil, fmt.Errorf("%w: the state kept of it is not its own: %w", ErrDocument, err)
		}
	}
	rest := io.NewSectionReader(d.Content, h.Length(), d.Size-h.Length())
	for h.Length() < d.Size {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if n, err := io.CopyN(h, rest, min(hashChunk, d.Size-h.Length())); err != nil {
			return nil, fmt.Errorf("%w: reading it: %d bytes more: %w", ErrDocument, n, err)
		}
	}
	return &work{base: d, hash: h}, nil
}

// file is the base with everything that was appended so far.
func (w *work) file() (File, error) {
	state, err := w.hash.State()
	if err != nil {
		return File{}, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	return File{Content: joined{w.base.Content, w.base.Size, w.tail}, Size: w.base.Size + int64(len(w.tail)), State: state, Before: w.base.Size}, nil
}

// open reads the structure of the document as it is now.
func (w *work) open() (*cos.File, error) {
	f, err := cos.Open(joined{w.base.Content, w.base.Size, w.tail}, w.base.Size+int64(len(w.tail)), cos.Limits{})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	return f, nil
}

// begun hashes a revision up to its gap, and returns the digest of what is signed: the gap left out.
func (w *work) begun(p *increment.Prepared, hash signature.Hash) ([]byte, error) {
	tail, gap := p.Tail(), p.Gap()
	if _, err := w.hash.Write(tail[:gap[0]]); err != nil {
		return nil, err
	}
	fork, err := w.hash.Clone()
	if err != nil {
		return nil, err
	}
	if _, err := fork.Write(tail[gap[1]:]); err != nil {
		return nil, err
	}
	if hash == signature.SM3 {
		d := fork.SM3()
		return d[:], nil
	}
	d, known := fork.SHA256()
	if hash != signature.SHA256 || !known {
		return nil, fmt.Errorf("%w: %s is not at hand", ErrDocument, hash)
	}
	return d[:], nil
}

// ended appends a revision that is hashed up to a place: to its gap where it was begun, else to its beginning.
func (w *work) ended(revision []byte, hashed int) error {
	w.tail = append(w.tail, revision...)
	_, err := w.hash.Write(revision[hashed:])
	return err
}

// Signed reports whether a document carries a signature already. Errors: ErrDocument.
func Signed(f *cos.File) (bool, error) {
	set, err := signature.Find(f)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	return len(set.Signatures) > 0, nil
}

// joined is a file with something behind it.
type joined struct {
	base io.ReaderAt
	size int64
	tail []byte
}

// ReadAt implements io.ReaderAt.
func (j joined) ReadAt(b []byte, at int64) (int, error) {
	n := 0
	if at < j.size {
		want := b[:min(int64(len(b)), j.size-at)]
		var err error
		if n, err = j.base.ReadAt(want, at); n < len(want) {
			return n, err
		}
	}
	if n == len(b) {
		return n, nil
	}
	m, err := bytes.NewReader(j.tail).ReadAt(b[n:], at+int64(n)-j.size)
	return n + m, err
}
