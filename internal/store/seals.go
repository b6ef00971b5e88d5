package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"yinzheng/internal/store/sq"
	"yinzheng/sealing"
)

// AddSeal implements sealing.Register.
func (db *DB) AddSeal(ctx context.Context, r sealing.Record, e sealing.Event, k sealing.Idempotency) (out sealing.Record, err error) {
	err = db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		out, err = addSeal(ctx, q, r, e, k)
		return err
	})
	if err != nil {
		return sealing.Record{}, err
	}
	return out, nil
}

func addSeal(ctx context.Context, q *sq.Queries, r sealing.Record, e sealing.Event, k sealing.Idempotency) (sealing.Record, error) {
	n, err := q.AddSeal(ctx, sq.AddSealParams{ID: r.ID, Office: r.Office, Owner: r.Owner, Name: r.Name, Data: notNil(r.Data),
		Signer: notNil(r.Signer), State: string(r.State), Made: micros(r.Made), Kind: int64(r.Look.Type), SizeMm: int64(r.Look.Size),
		Line: r.Look.Line, Picture: notNil(r.Look.Picture), Applicant: r.Applicant, Replaces: r.Replaces,
		Caller: k.Caller, IdemKey: k.Key, RequestSm3: hexOf(k.Request)})
	if err != nil {
		return sealing.Record{}, fmt.Errorf("store: entering seal %s: %w", r.ID, err)
	}
	if n == 0 {
		return sealCollision(ctx, q, k)
	}
	if r.Replaces != "" {
		n, err := q.ReplaceSeal(ctx, sq.ReplaceSealParams{ID: r.Replaces, ReplacedBy: r.ID})
		if err != nil {
			return sealing.Record{}, fmt.Errorf("store: replacing seal %s: %w", r.Replaces, err)
		}
		if n == 0 {
			return sealing.Record{}, sealMoved(ctx, q, r.Replaces)
		}
	}
	e.Line, e.To = 1, r.State
	if err := addSealEvent(ctx, q, r.ID, e); err != nil {
		return sealing.Record{}, err
	}
	row, err := q.SealByID(ctx, r.ID)
	return oneSeal(row, err)
}

// sealCollision says why a seal could not be entered: its key was used, or else its number.
func sealCollision(ctx context.Context, q *sq.Queries, k sealing.Idempotency) (sealing.Record, error) {
	row, err := q.SealByKey(ctx, sq.SealByKeyParams{Caller: k.Caller, IdemKey: k.Key})
	if errors.Is(err, sql.ErrNoRows) {
		return sealing.Record{}, sealing.ErrSealTaken
	}
	if err == nil && row.RequestSm3 != hexOf(k.Request) {
		return sealing.Record{}, sealing.ErrKeyReused
	}
	return oneSeal(row, err)
}

// MoveSeal implements sealing.Register. One UPDATE decides.
func (db *DB) MoveSeal(ctx context.Context, m sealing.Move) error {
	err := db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		line, err := q.MoveSeal(ctx, sq.MoveSealParams{ID: m.Seal, State: string(m.From), State_2: string(m.To)})
		if errors.Is(err, sql.ErrNoRows) {
			return sealMoved(ctx, q, m.Seal)
		}
		if err == nil {
			err = setSeal(ctx, q, m)
		}
		if err != nil {
			return fmt.Errorf("store: moving seal %s: %w", m.Seal, err)
		}
		m.Event.Line, m.Event.From, m.Event.To, m.Event.What = line, m.From, m.To, ""
		if err := addSealEvent(ctx, q, m.Seal, m.Event); err != nil || m.Remake == nil {
			return err
		}
		_, err = addSeal(ctx, q, *m.Remake, sealing.Event{At: m.Event.At, By: m.Event.By, Why: m.Event.Why, Detail: m.Seal}, sealing.Idempotency{})
		return err
	})
	if err != nil && m.Filing != "" && db.filed(ctx, m) {
		return sealing.ErrFilingTaken
	}
	return err
}

// filed reports whether another seal is recorded under a number.
func (db *DB) filed(ctx context.Context, m sealing.Move) bool {
	other, err := db.reads.SealByFiling(ctx, m.Filing)
	return err == nil && other.ID != m.Seal
}

// setSeal keeps what a new state means.
func setSeal(ctx context.Context, q *sq.Queries, m sealing.Move) error {
	switch {
	case m.Data != nil:
		return q.SetSealMade(ctx, sq.SetSealMadeParams{ID: m.Seal, Maker: m.Maker, Data: m.Data, Signer: notNil(m.Signer),
			Made: micros(m.Made), NotAfter: micros(m.NotAfter)})
	case m.Approver != "":
		return q.SetSealApprover(ctx, sq.SetSealApproverParams{ID: m.Seal, Approver: m.Approver})
	case m.Filing != "":
		return q.SetSealFiling(ctx, sq.SetSealFilingParams{ID: m.Seal, Filing: m.Filing})
	}
	return nil
}

// sealMoved tells a seal that is elsewhere from one that is not there.
func sealMoved(ctx context.Context, q *sq.Queries, id string) error {
	row, err := q.SealByID(ctx, id)
	if _, err := oneSeal(row, err); err != nil {
		return err
	}
	return sealing.ErrMoved
}

// RevokedSeal implements sealing.Register.
func (db *DB) RevokedSeal(ctx context.Context, id string, e sealing.Event) error {
	return db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		line, err := q.SealRevoked(ctx, sq.SealRevokedParams{ID: id, Revoked: micros(e.At)})
		if errors.Is(err, sql.ErrNoRows) {
			if err := sealMoved(ctx, q, id); !errors.Is(err, sealing.ErrMoved) {
				return err
			}
			return nil // it is noted
		}
		if err != nil {
			return fmt.Errorf("store: noting that the certificate of seal %s is revoked: %w", id, err)
		}
		e.Line = line
		return addSealEvent(ctx, q, id, e)
	})
}

func addSealEvent(ctx context.Context, q *sq.Queries, id string, e sealing.Event) error {
	what := e.What
	if what == "" {
		what = string(e.To)
	}
	err := q.AddSealEvent(ctx, sq.AddSealEventParams{Seal: id, Line: e.Line, At: micros(e.At), FromState: string(e.From), ToState: string(e.To),
		What: what, By: e.By, Why: e.Why, Detail: e.Detail})
	if err != nil {
		return fmt.Errorf("store: writing the history of seal %s: %w", id, err)
	}
	return nil
}

// SealEvents implements sealing.Register.
func (db *DB) SealEvents(ctx context.Context, id string, after int64, n int) ([]sealing.Event, error) {
	rows, err := db.reads.SealEventsAfter(ctx, sq.SealEventsAfterParams{Seal: id, Line: after, Limit: limit(min(n, sealing.MaxPage))})
	if err != nil {
		return nil, fmt.Errorf("store: reading the history of seal %s: %w", id, err)
	}
	return all(rows, func(r sq.SealEvent) (sealing.Event, error) {
		return sealing.Event{Line: r.Line, At: fromMicros(r.At), From: sealing.SealState(r.FromState), To: sealing.SealState(r.ToState),
			What: r.What, By: r.By, Why: r.Why, Detail: r.Detail}, nil
	})
}

// Seal implements sealing.Book.
func (db *DB) Seal(ctx context.Context, id string) (sealing.Record, error) {
	row, err := db.reads.SealByID(ctx, id)
	return oneSeal(row, err)
}

// SealOf implements sealing.Book.
func (db *DB) SealOf(ctx context.Context, office string) (sealing.Record, error) {
	row, err := db.reads.SealOf(ctx, sq.SealOfParams{Office: office, State: string(sealing.SealActive)})
	return oneSeal(row, err)
}

// Seals implements sealing.Register.
func (db *DB) Seals(ctx context.Context, q sealing.Query) ([]sealing.Record, error) {
	if q.Limit < 1 || q.Limit > sealing.MaxPage {
		q.Limit = sealing.MaxPage
	}
	rows, err := db.reads.SealsAfter(ctx, sq.SealsAfterParams{ID: q.After, Office: q.Office, State: string(q.State), Limit: limit(q.Limit)})
	return manySeals(rows, err)
}

// SealsDue implements sealing.Register.
func (db *DB) SealsDue(ctx context.Context, at time.Time, after string, n int) ([]sealing.Record, error) {
	rows, err := db.reads.SealsDue(ctx, sq.SealsDueParams{ID: after, NotAfter: micros(at), Limit: limit(min(n, sealing.MaxPage))})
	return manySeals(rows, err)
}

// LastSeal returns the greatest number that any seal of a region has, "" when there is none.
func (db *DB) LastSeal(ctx context.Context, region string) (string, error) {
	last, err := db.reads.LastSeal(ctx, sq.LastSealParams{ID: region + "00000000", ID_2: region + "99999999"})
	if err != nil {
		return "", fmt.Errorf("store: reading the last seal: %w", err)
	}
	return last, nil
}

func manySeals(rows []sq.Seal, err error) ([]sealing.Record, error) {
	if err != nil {
		return nil, fmt.Errorf("store: reading seals: %w", err)
	}
	return all(rows, func(r sq.Seal) (sealing.Record, error) { return oneSeal(r, nil) })
}

func oneSeal(r sq.Seal, err error) (sealing.Record, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return sealing.Record{}, sealing.ErrNoSeal
	}
	if err != nil {
		return sealing.Record{}, fmt.Errorf("store: reading a seal: %w", err)
	}
	return sealing.Record{ID: r.ID, Office: r.Office, Owner: r.Owner, Name: r.Name, State: sealing.SealState(r.State),
		Look:      sealing.Look{Type: int(r.Kind), Size: int(r.SizeMm), Line: r.Line, Picture: orNil(r.Picture)},
		Applicant: r.Applicant, Approver: r.Approver, Maker: r.Maker, Filing: r.Filing, Replaces: r.Replaces, ReplacedBy: r.ReplacedBy,
		Data: orNil(r.Data), Signer: orNil(r.Signer), Uses: r.Uses, Made: fromMicros(r.Made), NotAfter: fromMicros(r.NotAfter), Revoked: fromMicros(r.Revoked)}, nil
}
