package desk

import (
	"context"
	"errors"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/sealing"
)

// How a document came to be kept.
const (
	CameBrought  = "brought"  // a PDF, made clean
	CameSigned   = "signed"   // a PDF that carries signatures, as it is
	CameCopy     = "copy"     // a watermarked copy
	CameMerged   = "merged"   // of several
	CameImages   = "images"   // of scanned pages
	CameAttached = "attached" // with further files in it
	CameSealed   = "sealed"
	CameJoint    = "joint" // for a joint sealing: empty fields, or some seals
)

// Paper lets somebody have a kept document, and says how it came.
type Paper struct {
	Digest gm.Digest
	Caller string // whose it is; "" for every caller of Office
	Office string // USCC of the office that Caller acts for; "" for none
	What   string // one of the Came… words
	Origin gm.Digest
	Size   int64 // bytes
	At     time.Time
	Report []byte // of its intake: JSON, as intake.Report; nil for none
}

// Papers keeps who may have which document. Every method is durable on return.
type Papers interface {
	// PutPaper enters one; what the same caller and office were let have before stays as it was.
	PutPaper(ctx context.Context, p Paper) error
	// PaperFor returns what lets a caller, or its office, have a document; the caller's own if there are both. ErrNoDocument, also for
	// the caller "" and the office "".
	PaperFor(ctx context.Context, digest gm.Digest, caller, office string) (Paper, error)
	// PutDone notes what a request with a key made, the first time, and returns what stands there then: that of the first.
	PutDone(ctx context.Context, k sealing.Idempotency, d Done) (Done, error)
	// DoneBy returns what was made under a key: ErrNoDocument for nothing, sealing.ErrKeyReused for another request.
	DoneBy(ctx context.Context, k sealing.Idempotency) (Done, error)
}

// Who is somebody who asks the desk.
type Who struct {
	Caller string // caller ID
	Office string // USCC of the office it acts for; "" for none
}

// Open opens a document that this caller, or its office, may have. Errors: ErrNoDocument.
func (d *Desk) Open(ctx context.Context, digest gm.Digest, who Who) (Stored, Paper, error) {
	p, err := d.c.Papers.PaperFor(ctx, digest, who.Caller, who.Office)
	if err != nil {
		return nil, Paper{}, err
	}
	f, err := d.c.Documents.OpenAt(ctx, digest)
	return f, p, err
}

// may refuses a document that this caller may not have.
func (d *Desk) may(ctx context.Context, digest gm.Digest, who Who) error {
	_, err := d.c.Papers.PaperFor(ctx, digest, who.Caller, who.Office)
	return err
}

// enter lets somebody have a document that is kept.
func (d *Desk) enter(ctx context.Context, p Paper) error {
	p.At = d.c.Now().UTC().Truncate(time.Second)
	return d.c.Papers.PutPaper(ctx, p)
}

// withDocument opens a kept document for one act.
func (d *Desk) withDocument(ctx context.Context, digest gm.Digest, act func(Stored) error) (err error) {
	base, err := d.c.Documents.OpenAt(ctx, digest)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, base.Close()) }()
	return act(base)
}
