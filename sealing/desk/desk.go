// Package desk is where documents are sealed that others bring: they are taken in, kept, and sealed by one office, or by several
// one after another (联合签发).
package desk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/midstate"
	"yinzheng/internal/pdf/cos"
	"yinzheng/sealing"
)

// Errors of the desk, beside those of sealing.
var (
	// ErrNoDocument means that no document is kept under a digest.
	ErrNoDocument = errors.New("desk: no such document")
	// ErrKeyword means that a keyword does not stand in the document, or not so often.
	ErrKeyword = errors.New("desk: the keyword is not in the document")
)

// Stored is a document kept, for random access.
type Stored interface {
	io.ReaderAt
	Size() int64
	State() midstate.State // where its hash stands at its end; zero when that is not known
	Close() error
}

// Documents keeps documents by their SM3. Every method is durable on return.
type Documents interface {
	Put(ctx context.Context, r io.Reader) (gm.Digest, error)
	OpenAt(ctx context.Context, digest gm.Digest) (Stored, error) // ErrNoDocument
	// Grow keeps a document with something behind it, at the cost of that.
	Grow(ctx context.Context, base gm.Digest, tail []byte) (gm.Digest, error)
}

// Sealer applies seals: *sealing.Sealer.
type Sealer interface {
	Seal(ctx context.Context, r sealing.Request) (*sealing.Sealed, error)
}

// Spot is where a keyword stands: the middle of its first character's line, in millimetres from the page's top left corner.
type Spot struct {
	Page       int // from 1
	X, Y, W, H float64
}

// Config is what a Desk needs. Find may be missing: keywords are then refused.
type Config struct {
	Sealer    Sealer
	Documents Documents
	Joints    Joints
	Find      func(ctx context.Context, document Stored, keyword string, most int) ([]Spot, error)
	Now       func() time.Time
}

// Desk seals documents that are kept. It is safe for concurrent use.
type Desk struct{ c Config }

// New refuses a Config in which something is missing.
func New(c Config) (*Desk, error) {
	if c.Sealer == nil || c.Documents == nil || c.Joints == nil || c.Now == nil {
		return nil, errors.New("desk: a desk needs a sealer, documents, joint sealings and a clock")
	}
	return &Desk{c}, nil
}

// Mark says where a seal goes: at a place, or at a keyword.
type Mark struct {
	sealing.Place
	Keyword string // the seal's middle goes onto it; "" for Place
	Nth     int    // which of its occurrences, from 1; 0 for the last, where documents are signed
}

// Ride says that a seal goes over the edge of pages as well (骑缝章).
type Ride struct {
	First, Last int // pages; Last 0 for the last of the document
	Edge        sealing.Edge
	Y, Size     float64 // millimetres
}

// Request asks for a document to be sealed.
type Request struct {
	Stored          gm.Digest // the document
	Marks           []Mark    // none, and no Ride: invisible
	Ride            *Ride
	sealing.Request // Document, File and Places of it are not looked at
}

// Done is a document that was sealed and is kept.
type Done struct {
	Document gm.Digest // of the sealed one
	Size     int64
	Content  gm.Digest
	At       time.Time
}

// Seal seals a document and keeps the result. Errors: ErrNoDocument, ErrKeyword, and those of sealing.
func (d *Desk) Seal(ctx context.Context, r Request) (_ Done, err error) {
	base, err := d.c.Documents.OpenAt(ctx, r.Stored)
	if err != nil {
		return Done{}, err
	}
	defer func() { err = errors.Join(err, base.Close()) }()
	q := r.Request
	q.Document, q.File = nil, &sealing.File{Content: base, Size: base.Size(), State: base.State()}
	if q.Places, err = d.places(ctx, base, r); err != nil {
		return Done{}, err
	}
	sealed, err := d.c.Sealer.Seal(ctx, q)
	if err != nil {
		return Done{}, err
	}
	digest, err := d.c.Documents.Grow(ctx, r.Stored, sealed.Tail)
	if err != nil {
		return Done{}, fmt.Errorf("keeping a sealed document: %w", err)
	}
	if digest != sealed.Digest {
		return Done{}, fmt.Errorf("keeping a sealed document: it is kept as %s: %w", digest, sealing.ErrDocument)
	}
	return Done{Document: digest, Size: base.Size() + int64(len(sealed.Tail)), Content: sealed.ContentHash, At: sealed.Time}, nil
}

// maxOccurrences bounds how often a keyword is looked for.
const maxOccurrences = 200

// places turns marks into places.
func (d *Desk) places(ctx context.Context, document Stored, r Request) ([]sealing.Place, error) {
	places := make([]sealing.Place, 0, len(r.Marks))
	for _, m := range r.Marks {
		if m.Keyword == "" {
			places = append(places, m.Place)
			continue
		}
		if d.c.Find == nil {
			return nil, fmt.Errorf("%w: keywords are not looked for here", ErrKeyword)
		}
		found, err := d.c.Find(ctx, document, m.Keyword, maxOccurrences)
		if err != nil {
			return nil, fmt.Errorf("looking for %q: %w", m.Keyword, err)
		}
		nth := m.Nth
		if nth == 0 {
			nth = len(found)
		}
		if nth < 1 || nth > len(found) {
			return nil, fmt.Errorf("%w: %q stands there %d times", ErrKeyword, m.Keyword, len(found))
		}
		at, p := found[nth-1], m.Place
		p.Page, p.X, p.Y, p.Centred = at.Page, at.X+at.W/2+m.X, at.Y+at.H/2+m.Y, true
		places = append(places, p)
	}
	if r.Ride == nil {
		return places, nil
	}
	riding, err := ridden(document, *r.Ride)
	return append(places, riding...), err
}

// ridden are the places of a seal over the edges of pages.
func ridden(document Stored, r Ride) ([]sealing.Place, error) {
	f, err := cos.Open(document, document.Size(), cos.Limits{})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", sealing.ErrDocument, err)
	}
	pages, err := f.Latest().Pages()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", sealing.ErrDocument, err)
	}
	if r.Last == 0 {
		r.Last = len(pages)
	}
	if r.First < 1 || r.Last > len(pages) {
		return nil, fmt.Errorf("%w: pages %d to %d of %d", sealing.ErrPlace, r.First, r.Last, len(pages))
	}
	return sealing.Riding(r.First, r.Last, r.Edge, r.Y, r.Size, func(page int) float64 { return sealing.PageWidth(pages[page-1]) })
}
