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

// PutUse implements sealing.Book. The seal's row is locked first: what is decided holds until the line is written.
func (db *DB) PutUse(ctx context.Context, u sealing.Use) error {
	return db.group.doOn(ctx, "seal "+u.Seal, func(ctx context.Context, q *sq.Queries) error {
		counted, err := q.CountSealUse(ctx, u.Seal)
		if errors.Is(err, sql.ErrNoRows) {
			return sealing.ErrNoSeal
		}
		if err != nil {
			return fmt.Errorf("store: logging a use of seal %s: %w", u.Seal, err)
		}
		if u.Result == sealing.ResultOK {
			if err := useGrant(ctx, q, u, counted.State); err != nil {
				return err
			}
		}
		err = q.PutSealUse(ctx, sq.PutSealUseParams{Seal: u.Seal, Line: counted.Uses, At: micros(u.At), By: u.By, Matter: u.Matter,
			CaseID: u.Case, Content: hexOf(u.Content), Document: hexOf(u.Document), Certificate: u.Certificate, Office: u.Office,
			Profile: u.Profile, Authorisation: u.Authorisation, Result: u.Result})
		if err != nil {
			return fmt.Errorf("store: logging a use of seal %s: %w", u.Seal, err)
		}
		return nil
	})
}

// useGrant counts a use that succeeded, if it still may.
func useGrant(ctx context.Context, q *sq.Queries, u sealing.Use, state string) error {
	if state != string(sealing.SealActive) {
		return fmt.Errorf("%w: it is %s", sealing.ErrSealNotUsable, state)
	}
	n, err := q.UseSealGrant(ctx, sq.UseSealGrantParams{Seal: u.Seal, Line: u.Authorisation, Starts: micros(u.At)})
	if err != nil {
		return fmt.Errorf("store: counting a use of seal %s: %w", u.Seal, err)
	}
	if n == 0 {
		return fmt.Errorf("%w: its authorisation %d holds no more", sealing.ErrNotAuthorised, u.Authorisation)
	}
	return nil
}

// Uses implements sealing.Register.
func (db *DB) Uses(ctx context.Context, seal string, after int64, n int) ([]sealing.Use, error) {
	rows, err := db.reads.SealUsesAfter(ctx, sq.SealUsesAfterParams{Seal: seal, Line: after, Limit: limit(min(n, sealing.MaxPage))})
	if err != nil {
		return nil, fmt.Errorf("store: reading the uses of seal %s: %w", seal, err)
	}
	return all(rows, func(r sq.SealUse) (sealing.Use, error) {
		content, err := fromHex(r.Content)
		document, err2 := fromHex(r.Document)
		if err := errors.Join(err, err2); err != nil {
			return sealing.Use{}, errDamaged("a use of seal", r.Seal, err)
		}
		return sealing.Use{Seal: r.Seal, Line: r.Line, By: r.By, Office: r.Office, Matter: r.Matter, Case: r.CaseID, Content: content,
			Document: document, Certificate: r.Certificate, Profile: r.Profile, Authorisation: r.Authorisation, Result: r.Result,
			At: fromMicros(r.At)}, nil
	})
}

// UsesByDay implements sealing.Register. Days are as long as the zone's offset at from has them.
func (db *DB) UsesByDay(ctx context.Context, seal string, from time.Time, loc *time.Location) ([]sealing.DayCount, error) {
	_, seconds := from.In(loc).Zone()
	ahead := int64(seconds) * time.Second.Microseconds()
	rows, err := db.reads.SealUsesByDay(ctx, sq.SealUsesByDayParams{Seal: seal, At: micros(from), Column3: ahead})
	if err != nil {
		return nil, fmt.Errorf("store: counting the uses of seal %s: %w", seal, err)
	}
	const day = 24 * time.Hour
	return all(rows, func(r sq.SealUsesByDayRow) (sealing.DayCount, error) {
		return sealing.DayCount{Day: time.UnixMicro(r.Day*day.Microseconds() - ahead).In(loc), OK: r.Good, Failed: r.Lines - r.Good}, nil
	})
}

// AddAuthorisation implements sealing.Register.
func (db *DB) AddAuthorisation(ctx context.Context, a sealing.Authorisation, e sealing.Event, k sealing.Idempotency) (out sealing.Authorisation, err error) {
	err = db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		counted, err := q.CountSealGrant(ctx, a.Seal)
		if errors.Is(err, sql.ErrNoRows) {
			return sealing.ErrNoSeal
		}
		if err != nil {
			return fmt.Errorf("store: authorising a use of seal %s: %w", a.Seal, err)
		}
		a.Line = counted.Grants
		n, err := q.AddSealGrant(ctx, sq.AddSealGrantParams{Seal: a.Seal, Line: a.Line, Matter: a.Matter, Caller: a.Caller, Office: a.Office,
			Starts: micros(a.From), Ends: micros(a.To), Most: a.Limit, GrantedBy: a.GrantedBy, GrantedAt: micros(a.GrantedAt), Why: a.Why,
			IdemKey: k.Key, RequestSm3: hexOf(k.Request)})
		if err != nil {
			return fmt.Errorf("store: authorising a use of seal %s: %w", a.Seal, err)
		}
		if n == 0 {
			return errGrantKey // undo what was counted
		}
		out, e.Line, e.Detail = a, counted.Events, fmt.Sprint(a.Line)
		e.From, e.To = sealing.SealState(counted.State), sealing.SealState(counted.State)
		return addSealEvent(ctx, q, a.Seal, e)
	})
	if errors.Is(err, errGrantKey) {
		return db.grantByKey(ctx, k)
	}
	return out, err
}

// errGrantKey means that the key of an authorisation is in the books already.
var errGrantKey = errors.New("store: the key is there")

func (db *DB) grantByKey(ctx context.Context, k sealing.Idempotency) (sealing.Authorisation, error) {
	row, err := db.reads.SealGrantByKey(ctx, sq.SealGrantByKeyParams{GrantedBy: k.Caller, IdemKey: k.Key})
	if err != nil {
		return sealing.Authorisation{}, fmt.Errorf("store: reading an authorisation: %w", err)
	}
	if row.RequestSm3 != hexOf(k.Request) {
		return sealing.Authorisation{}, sealing.ErrKeyReused
	}
	return grantOf(row)
}

// WithdrawAuthorisation implements sealing.Register.
func (db *DB) WithdrawAuthorisation(ctx context.Context, seal string, line int64, e sealing.Event) error {
	return db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		counted, err := q.CountSealEvent(ctx, seal)
		if errors.Is(err, sql.ErrNoRows) {
			return sealing.ErrNoSeal
		}
		if err != nil {
			return fmt.Errorf("store: withdrawing authorisation %d of seal %s: %w", line, seal, err)
		}
		n, err := q.WithdrawSealGrant(ctx, sq.WithdrawSealGrantParams{Seal: seal, Line: line, WithdrawnBy: e.By, WithdrawnAt: micros(e.At)})
		if err != nil {
			return fmt.Errorf("store: withdrawing authorisation %d of seal %s: %w", line, seal, err)
		}
		if n == 0 {
			_, err := q.SealGrantByLine(ctx, sq.SealGrantByLineParams{Seal: seal, Line: line})
			if errors.Is(err, sql.ErrNoRows) {
				return sealing.ErrNoAuthorisation
			}
			return errors.Join(sealing.ErrMoved, err)
		}
		e.Line, e.From, e.To = counted.Events, sealing.SealState(counted.State), sealing.SealState(counted.State)
		return addSealEvent(ctx, q, seal, e)
	})
}

// Authorisations implements sealing.Register.
func (db *DB) Authorisations(ctx context.Context, seal string, after int64, n int) ([]sealing.Authorisation, error) {
	rows, err := db.reads.SealGrantsAfter(ctx, sq.SealGrantsAfterParams{Seal: seal, Line: after, Limit: limit(min(n, sealing.MaxPage))})
	if err != nil {
		return nil, fmt.Errorf("store: reading the authorisations of seal %s: %w", seal, err)
	}
	return all(rows, grantOf)
}

// InForce implements sealing.Book.
func (db *DB) InForce(ctx context.Context, seal string, at time.Time) ([]sealing.Authorisation, error) {
	rows, err := db.reads.SealGrantsInForce(ctx, sq.SealGrantsInForceParams{Seal: seal, Starts: micros(at), Limit: limit(sealing.MaxAuthorisations)})
	if err != nil {
		return nil, fmt.Errorf("store: reading the authorisations of seal %s: %w", seal, err)
	}
	return all(rows, grantOf)
}

func grantOf(r sq.SealGrant) (sealing.Authorisation, error) {
	return sealing.Authorisation{Seal: r.Seal, Line: r.Line, Matter: r.Matter, Caller: r.Caller, Office: r.Office, From: fromMicros(r.Starts),
		To: fromMicros(r.Ends), Limit: r.Most, Used: r.Used, GrantedBy: r.GrantedBy, GrantedAt: fromMicros(r.GrantedAt), Why: r.Why,
		WithdrawnBy: r.WithdrawnBy, WithdrawnAt: fromMicros(r.WithdrawnAt)}, nil
}
