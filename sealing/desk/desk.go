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
	"yinzheng/sealing/intake"
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

// Spot is where a keyword stands.
type Spot struct {
	Page int        // from 1
	Rect [4]float64 // in the page's own coordinates, in points: left, bottom, right, top
}

// Config is what a Desk needs. Find may be missing: keywords are then refused.
type Config struct {
	Sealer    Sealer
	Documents Documents
	Papers    Papers
	Joints    Joints
	Intake    *intake.Intake
	Find      func(ctx context.Context, document Stored, keyword string, most int) ([]Spot, error)
	Now       func() time.Time
}

// Desk seals documents that are kept. It is safe for concurrent use.
type Desk struct{ c Config }

// New refuses a Config in which something is missing.
func New(c Config) (*Desk, error) {
	if c.Sealer == nil || c.Documents == nil || c.Papers == nil || c.Joints == nil || c.Intake == nil || c.Now == nil {
		return nil, errors.New("desk: a desk needs a sealer, documents, papers, joint sealings, an intake and a clock")
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
	Key             sealing.Idempotency // of the caller's request; an empty Key for none
	sealing.Request                     // Document, File and Places of it are not looked at
}

// Done is a document that was sealed and is kept.
type Done struct {
	Document gm.Digest // of the sealed one
	Size     int64
	Content  gm.Digest
	At       time.Time
}

// Seal seals a document that By, or its office, may have, and keeps the result for them. A repeat of the key returns what it made;
// without a key each call seals. Errors: ErrNoDocument, ErrKeyword, sealing.ErrKeyReused, and those of sealing.
func (d *Desk) Seal(ctx context.Context, r Request) (Done, error) {
	who := Who{r.By, r.Office}
	if err := d.may(ctx, r.Stored, who); err != nil {
		return Done{}, err
	}
	if r.Key.Key != "" {
		if done, err := d.c.Papers.DoneBy(ctx, r.Key); !errors.Is(err, ErrNoDocument) {
			return done, err
		}
	}
	done, err := d.seal(ctx, r)
	if err != nil {
		return Done{}, err
	}
	err = d.enter(ctx, Paper{
		Digest: done.Document, Caller: r.By, Office: r.Office, What: CameSealed, Origin: r.Stored, Size: done.Size,
	})
	if err != nil || r.Key.Key == "" {
		return done, err
	}
	return d.c.Papers.PutDone(ctx, r.Key, done)
}

// seal seals a document, whoever may have it.
func (d *Desk) seal(ctx context.Context, r Request) (done Done, err error) {
	err = d.withDocument(ctx, r.Stored, func(base Stored) error {
		q := r.Request
		q.Document, q.File = nil, &sealing.File{Content: base, Size: base.Size(), State: base.State()}
		if q.Places, err = d.places(ctx, base, r); err != nil {
			return err
		}
		sealed, err := d.c.Sealer.Seal(ctx, q)
		if err != nil {
			return err
		}
		digest, err := d.c.Documents.Grow(ctx, r.Stored, sealed.Tail)
		if err != nil {
			return fmt.Errorf("keeping a sealed document: %w", err)
		}
		if digest != sealed.Digest {
			return fmt.Errorf("keeping a sealed document: it is kept as %s: %w", digest, sealing.ErrDocument)
		}
		done = Done{Document: digest, Size: base.Size() + int64(len(sealed.Tail)), Content: sealed.ContentHash, At: sealed.Time}
		return nil
	})
	return done, err
}

// maxOccurrences bounds how often a keyword is looked for.
const maxOccurrences = 200

// places turns marks into places. The document's structure is read only if a keyword or an edge asks for it.
func (d *Desk) places(ctx context.Context, document Stored, r Request) ([]sealing.Place, error) {
	var pages []cos.Page
	needs := r.Ride != nil
	for _, m := range r.Marks {
		needs = needs || m.Keyword != ""
	}
	if needs {
		var err error
		if pages, err = pagesOf(document); err != nil {
			return nil, err
		}
	}
	places := make([]sealing.Place, 0, len(r.Marks))
	for _, m := range r.Marks {
		if m.Keyword == "" {
			places = append(places, m.Place)
			continue
		}
		p, err := d.atKeyword(ctx, document, pages, m)
		if err != nil {
			return nil, err
		}
		places = append(places, p)
	}
	if r.Ride == nil {
		return places, nil
	}
	riding, err := r.Ride.places(pages)
	return append(places, riding...), err
}

// atKeyword is the place whose middle is a keyword's, moved by X and Y.
func (d *Desk) atKeyword(ctx context.Context, document Stored, pages []cos.Page, m Mark) (sealing.Place, error) {
	if d.c.Find == nil {
		return sealing.Place{}, fmt.Errorf("%w: keywords are not looked for here", ErrKeyword)
	}
	found, err := d.c.Find(ctx, document, m.Keyword, maxOccurrences)
	if err != nil {
		return sealing.Place{}, fmt.Errorf("looking for %q: %w", m.Keyword, err)
	}
	nth := m.Nth
	if nth == 0 {
		nth = len(found)
	}
	if nth < 1 || nth > len(found) || found[nth-1].Page < 1 || found[nth-1].Page > len(pages) {
		return sealing.Place{}, fmt.Errorf("%w: it stands there %d times", ErrKeyword, len(found))
	}
	at, p := found[nth-1], m.Place
	x, y, w, h := sealing.Shown(pages[at.Page-1], at.Rect)
	p.Page, p.X, p.Y, p.Centred = at.Page, x+w/2+m.X, y+h/2+m.Y, true
	return p, nil
}

func pagesOf(document Stored) ([]cos.Page, error) {
	f, err := cos.Open(document, document.Size(), cos.Limits{})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", sealing.ErrDocument, err)
	}
	pages, err := f.Latest().Pages()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", sealing.ErrDocument, err)
	}
	return pages, nil
}

// places are those of a seal over the edges of pages.
func (r Ride) places(pages []cos.Page) ([]sealing.Place, error) {
	if r.Last == 0 {
		r.Last = len(pages)
	}
	if r.First < 1 || r.Last > len(pages) {
		return nil, fmt.Errorf("%w: pages %d to %d of %d", sealing.ErrPlace, r.First, r.Last, len(pages))
	}
	return sealing.Riding(r.First, r.Last, r.Edge, r.Y, r.Size, func(page int) float64 { return sealing.PageWidth(pages[page-1]) })
}
