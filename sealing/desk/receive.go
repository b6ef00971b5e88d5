package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"yinzheng/internal/gm"
	"yinzheng/internal/pdf/cos"
	"yinzheng/sealing"
	"yinzheng/sealing/intake"
)

// Received is a document that was taken in, or made of such.
type Received struct {
	Document gm.Digest
	Size     int64
	What     string // one of the Came… words
	Report   intake.Report
}

// Receive takes a PDF in and keeps it for its bringer: as one clean revision, or, when it carries signatures, which that would
// destroy, as it is, if nothing in it can be read in two ways. Errors: those of intake, and sealing.ErrDocument.
func (d *Desk) Receive(ctx context.Context, in io.ReadSeeker, who Who, o intake.Options) (Received, error) {
	result, err := d.c.Intake.Normalise(ctx, in, o)
	if errors.Is(err, intake.ErrSigned) {
		return d.receiveSigned(ctx, in, who)
	}
	return d.keep(ctx, result, err, who, CameBrought, gm.Digest{})
}

// receiveSigned keeps a signed document as it is.
func (d *Desk) receiveSigned(ctx context.Context, in io.ReadSeeker, who Who) (Received, error) {
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return Received{}, fmt.Errorf("reading a document again: %w", err)
	}
	digest, err := d.c.Documents.Put(ctx, in)
	if err != nil {
		return Received{}, fmt.Errorf("keeping a document: %w", err)
	}
	out := Received{Document: digest, What: CameSigned}
	err = d.withDocument(ctx, digest, func(f Stored) error {
		out.Size = f.Size()
		pages, err := strict(f)
		out.Report = intake.Report{Pages: pages, Bytes: f.Size()}
		return err
	})
	if err != nil {
		return Received{}, err
	}
	return out, d.enterReceived(ctx, out, who, gm.Digest{})
}

// strict counts the pages of a document that cannot be read in two ways.
func strict(f Stored) (int, error) {
	doc, err := cos.Open(f, f.Size(), cos.Limits{})
	if err != nil {
		return 0, fmt.Errorf("%w: %w", sealing.ErrDocument, err)
	}
	if odd := doc.Oddities(); len(odd) > 0 {
		return 0, &intake.Refusal{Kind: intake.ErrMalformed, Code: odd[0].Code, Object: odd[0].Object.Num, Offset: odd[0].Offset, What: odd[0].What}
	}
	pages, err := doc.Latest().Pages()
	if err != nil {
		return 0, fmt.Errorf("%w: %w", sealing.ErrDocument, err)
	}
	return len(pages), nil
}

// keep stores what an intake made, for somebody.
func (d *Desk) keep(ctx context.Context, r *intake.Result, err error, who Who, what string, origin gm.Digest) (_ Received, err2 error) {
	if err != nil {
		return Received{}, err
	}
	defer func() { err2 = errors.Join(err2, r.Close()) }()
	digest, err := d.c.Documents.Put(ctx, r)
	if err != nil {
		return Received{}, fmt.Errorf("keeping a document: %w", err)
	}
	out := Received{Document: digest, Size: r.Report.Bytes, What: what, Report: r.Report}
	return out, d.enterReceived(ctx, out, who, origin)
}

func (d *Desk) enterReceived(ctx context.Context, r Received, who Who, origin gm.Digest) error {
	report, err := json.Marshal(r.Report)
	if err != nil {
		return fmt.Errorf("writing a report: %w", err)
	}
	return d.enter(ctx, Paper{
		Digest: r.Document, Caller: who.Caller, Office: who.Office, What: r.What, Origin: origin, Size: r.Size, Report: report,
	})
}

// Images makes a document of scanned pages and keeps it. Errors: those of intake.
func (d *Desk) Images(ctx context.Context, in []io.Reader, who Who) (Received, error) {
	r, err := d.c.Intake.FromImages(ctx, in)
	return d.keep(ctx, r, err, who, CameImages, gm.Digest{})
}

// Copy makes a watermarked copy (副本) of a kept document and keeps it too. Errors: ErrNoDocument, and those of intake.
func (d *Desk) Copy(ctx context.Context, document gm.Digest, w intake.Watermark, who Who) (Received, error) {
	return d.from(ctx, []gm.Digest{document}, who, CameCopy, func(in []io.Reader) (*intake.Result, error) {
		return d.c.Intake.Copy(ctx, in[0], w, intake.Options{})
	})
}

// Merge makes one document of several kept ones, in order, and keeps it too. Errors: ErrNoDocument, and those of intake.
func (d *Desk) Merge(ctx context.Context, documents []gm.Digest, who Who) (Received, error) {
	return d.from(ctx, documents, who, CameMerged, func(in []io.Reader) (*intake.Result, error) {
		return d.c.Intake.Merge(ctx, in, intake.Options{})
	})
}

// Attach makes a document with further files in it of a kept one, and keeps it too. Errors: ErrNoDocument, and those of intake.
func (d *Desk) Attach(ctx context.Context, document gm.Digest, files []intake.Attachment, who Who) (Received, error) {
	return d.from(ctx, []gm.Digest{document}, who, CameAttached, func(in []io.Reader) (*intake.Result, error) {
		return d.c.Intake.Attach(ctx, in[0], files, intake.Options{})
	})
}

// Attachments lists the files in a kept document. Errors: ErrNoDocument, and those of intake.
func (d *Desk) Attachments(ctx context.Context, document gm.Digest, who Who) ([]intake.Attachment, error) {
	var list []intake.Attachment
	err := d.reading(ctx, []gm.Digest{document}, who, func(in []io.Reader) (err error) {
		list, err = d.c.Intake.Attachments(ctx, in[0], intake.Options{})
		return err
	})
	return list, err
}

// Extract returns one file in a kept document; nothing is known of what is in it. Errors: ErrNoDocument, and those of intake.
func (d *Desk) Extract(ctx context.Context, document gm.Digest, name string, who Who) (*intake.Result, error) {
	var out *intake.Result
	err := d.reading(ctx, []gm.Digest{document}, who, func(in []io.Reader) (err error) {
		out, err = d.c.Intake.Extract(ctx, in[0], name, intake.Options{})
		return err
	})
	return out, err
}

// from makes a document of kept ones.
func (d *Desk) from(ctx context.Context, documents []gm.Digest, who Who, what string, do func([]io.Reader) (*intake.Result, error)) (out Received, err error) {
	err = d.reading(ctx, documents, who, func(in []io.Reader) error {
		r, err := do(in)
		out, err = d.keep(ctx, r, err, who, what, documents[0])
		return err
	})
	return out, err
}

// maxTogether bounds the documents that are read at the same time: what an intake takes.
const maxTogether = 100

// reading opens documents that somebody may have.
func (d *Desk) reading(ctx context.Context, documents []gm.Digest, who Who, do func([]io.Reader) error) (err error) {
	if len(documents) == 0 || len(documents) > maxTogether {
		return &intake.Refusal{Kind: intake.ErrRequest, Offset: -1, What: fmt.Sprintf("%d documents, 1 to %d", len(documents), maxTogether)}
	}
	in := make([]io.Reader, len(documents))
	for i, digest := range documents {
		f, _, err2 := d.Open(ctx, digest, who)
		if err2 != nil {
			return err2
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		in[i] = io.NewSectionReader(f, 0, f.Size())
	}
	return do(in)
}
