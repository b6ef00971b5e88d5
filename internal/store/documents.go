package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/midstate"
	"yinzheng/internal/store/sq"
	"yinzheng/sealing"
	"yinzheng/sealing/desk"
)

// PutPaper implements desk.Papers.
func (db *DB) PutPaper(ctx context.Context, p desk.Paper) error {
	return db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		err := q.PutDocument(ctx, sq.PutDocumentParams{Digest: hexOf(p.Digest), Caller: p.Caller, Office: p.Office, What: p.What,
			Origin: hexOf(p.Origin), Size: p.Size, At: micros(p.At), Report: notNil(p.Report)})
		if err != nil {
			return fmt.Errorf("store: entering document %s: %w", p.Digest, err)
		}
		return nil
	})
}

// PaperFor implements desk.Papers.
func (db *DB) PaperFor(ctx context.Context, digest gm.Digest, caller, office string) (desk.Paper, error) {
	r, err := db.reads.DocumentFor(ctx, sq.DocumentForParams{Digest: hexOf(digest), Caller: caller, Office: office})
	if errors.Is(err, sql.ErrNoRows) {
		return desk.Paper{}, desk.ErrNoDocument
	}
	if err != nil {
		return desk.Paper{}, fmt.Errorf("store: reading document %s: %w", digest, err)
	}
	p := desk.Paper{Caller: r.Caller, Office: r.Office, What: r.What, Size: r.Size, At: fromMicros(r.At), Report: orNil(r.Report)}
	var err2 error
	p.Digest, err = fromHex(r.Digest)
	p.Origin, err2 = fromHex(r.Origin)
	if err := errors.Join(err, err2); err != nil {
		return desk.Paper{}, fmt.Errorf("store: reading document %s: %w", digest, err)
	}
	return p, nil
}

// PutDone implements desk.Papers.
func (db *DB) PutDone(ctx context.Context, k sealing.Idempotency, d desk.Done) (desk.Done, error) {
	err := db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		err := q.PutSealing(ctx, sq.PutSealingParams{Caller: k.Caller, Idem: k.Key, Request: hexOf(k.Request), Document: hexOf(d.Document),
			Content: hexOf(d.Content), Size: d.Size, At: micros(d.At)})
		if err != nil {
			return fmt.Errorf("store: noting sealing %s: %w", d.Document, err)
		}
		return nil
	})
	if err != nil {
		return desk.Done{}, err
	}
	return db.DoneBy(ctx, k)
}

// DoneBy implements desk.Papers.
func (db *DB) DoneBy(ctx context.Context, k sealing.Idempotency) (desk.Done, error) {
	r, err := db.reads.SealingByKey(ctx, sq.SealingByKeyParams{Caller: k.Caller, Idem: k.Key})
	if errors.Is(err, sql.ErrNoRows) {
		return desk.Done{}, desk.ErrNoDocument
	}
	if err != nil {
		return desk.Done{}, fmt.Errorf("store: reading what a key made: %w", err)
	}
	if r.Request != hexOf(k.Request) {
		return desk.Done{}, sealing.ErrKeyReused
	}
	document, err := fromHex(r.Document)
	content, err2 := fromHex(r.Content)
	if err := errors.Join(err, err2); err != nil {
		return desk.Done{}, errDamaged("a sealing", r.Document, err)
	}
	return desk.Done{Document: document, Size: r.Size, Content: content, At: fromMicros(r.At)}, nil
}

// DocumentsAfter returns up to n documents that anybody may have, by digest, after one; the zero digest begins.
func (db *DB) DocumentsAfter(ctx context.Context, after gm.Digest, n int) ([]gm.Digest, error) {
	rows, err := db.reads.DocumentsAfter(ctx, sq.DocumentsAfterParams{Digest: hexOf(after), Limit: limit(n)})
	if err != nil {
		return nil, fmt.Errorf("store: listing documents: %w", err)
	}
	return all(rows, fromHex)
}

// AddJoint implements desk.Joints.
func (db *DB) AddJoint(ctx context.Context, j desk.Joint) error {
	record, err := encode(j)
	if err != nil {
		return err
	}
	return db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		n, err := q.AddJoint(ctx, sq.AddJointParams{ID: j.ID, Version: j.Version, Record: record})
		if err == nil && n == 0 {
			err = errors.New("the number is taken")
		}
		if err != nil {
			return fmt.Errorf("store: entering joint sealing %s: %w", j.ID, err)
		}
		return nil
	})
}

// Joint implements desk.Joints.
func (db *DB) Joint(ctx context.Context, id string) (desk.Joint, error) {
	return oneJoint(ctx, db.reads, id)
}

func oneJoint(ctx context.Context, q *sq.Queries, id string) (desk.Joint, error) {
	r, err := q.JointByID(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return desk.Joint{}, desk.ErrNoJoint
	}
	var j desk.Joint
	if err == nil {
		err = decode(r.Record, &j)
	}
	if err != nil {
		return desk.Joint{}, fmt.Errorf("store: reading joint sealing %s: %w", id, err)
	}
	return j, nil
}

// ChangeJoint implements desk.Joints. One UPDATE decides.
func (db *DB) ChangeJoint(ctx context.Context, j desk.Joint) error {
	record, err := encode(j)
	if err != nil {
		return err
	}
	return db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		n, err := q.ChangeJoint(ctx, sq.ChangeJointParams{ID: j.ID, Version: j.Version, Record: record})
		if err != nil {
			return fmt.Errorf("store: changing joint sealing %s: %w", j.ID, err)
		}
		if n == 1 {
			return nil
		}
		if _, err := oneJoint(ctx, q, j.ID); err != nil {
			return err
		}
		return desk.ErrRaced
	})
}

// PutDraft implements sealing.Drafts. What nobody completed in time goes with it: it holds up to sealing.MaxTail bytes.
func (db *DB) PutDraft(ctx context.Context, d sealing.Draft) error {
	base, err := encode(d.Remote.Base)
	if err != nil {
		return err
	}
	return db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		if err := q.DropDrafts(ctx, micros(d.At)); err != nil {
			return fmt.Errorf("store: dropping old drafts: %w", err)
		}
		n, err := q.PutDraft(ctx, sq.PutDraftParams{ID: d.ID, Seal: d.Seal, Caller: d.By, Office: d.Office, Matter: d.Matter, CaseID: d.Case,
			At: micros(d.At), Expires: micros(d.Expires), Content: hexOf(d.Content), Base: base, Tail: notNil(d.Remote.Tail),
			GapFrom: int64(d.Remote.Gap[0]), GapTo: int64(d.Remote.Gap[1])})
		if err == nil && n == 0 {
			err = errors.New("the number is taken")
		}
		if err != nil {
			return fmt.Errorf("store: keeping a draft: %w", err)
		}
		return nil
	})
}

// TakeDraft implements sealing.Drafts. One UPDATE decides.
func (db *DB) TakeDraft(ctx context.Context, id, by string, at time.Time) (d sealing.Draft, err error) {
	err = db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		r, err := q.DraftByID(ctx, id)
		if errors.Is(err, sql.ErrNoRows) || err == nil && r.Caller != by {
			return sealing.ErrNoDraft
		}
		if err != nil {
			return fmt.Errorf("store: reading a draft: %w", err)
		}
		if r.Taken != 0 {
			return sealing.ErrTaken
		}
		if micros(at) > r.Expires {
			return sealing.ErrNoDraft
		}
		if d, err = draftOf(r); err != nil {
			return err
		}
		n, err := q.TakeDraft(ctx, id)
		if err != nil {
			return fmt.Errorf("store: taking a draft: %w", err)
		}
		if n == 0 {
			return sealing.ErrTaken
		}
		return nil
	})
	if err != nil {
		return sealing.Draft{}, err
	}
	return d, nil
}

func draftOf(r sq.Draft) (sealing.Draft, error) {
	content, err := fromHex(r.Content)
	var base midstate.State
	if err := errors.Join(err, decode(r.Base, &base)); err != nil {
		return sealing.Draft{}, fmt.Errorf("store: reading a draft: %w", err)
	}
	return sealing.Draft{ID: r.ID, Seal: r.Seal, By: r.Caller, Office: r.Office, Matter: r.Matter, Case: r.CaseID, At: fromMicros(r.At),
		Expires: fromMicros(r.Expires), Content: content,
		Remote: sealing.Remote{Base: base, Tail: orNil(r.Tail), Gap: [2]int{int(r.GapFrom), int(r.GapTo)}}}, nil
}
