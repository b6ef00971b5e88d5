package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"yinzheng/internal/store/sq"
	"yinzheng/verify/completion"
)

// firstRevision is the revision of a case that was never changed.
const firstRevision = 1

// notDue is the due time of a case that has none: after every other.
const notDue = math.MaxInt64

// CreateCase implements completion.Store: the case is stored with revision 1. An empty Key is no key.
func (db *DB) CreateCase(ctx context.Context, c completion.Case) (completion.Case, error) {
	c.Revision = firstRevision
	record, signed, err := caseRecord(c)
	if err != nil {
		return completion.Case{}, err
	}
	row := sq.Case{ID: c.ID, State: string(c.State), Due: due(c.Due), Revision: c.Revision, Caller: c.Caller,
		IdemKey: c.Key, RequestSm3: hexOf(c.RequestSM3), RecordJson: record, Signed: signed}
	var stored completion.Case
	err = db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		made, err := q.CreateCase(ctx, sq.CreateCaseParams(row))
		if err != nil {
			return fmt.Errorf("store: creating case %s: %w", c.ID, err)
		}
		if made == 1 {
			stored, err = caseOf(row)
			return err
		}
		first, err := oneCase(q.CaseByKey(ctx, sq.CaseByKeyParams{Caller: c.Caller, IdemKey: c.Key}))
		switch {
		case errors.Is(err, completion.ErrNoCase):
			return fmt.Errorf("store: creating case %s: the ID is taken", c.ID)
		case err != nil:
			return err
		case first.RequestSM3 != c.RequestSM3:
			return completion.ErrKeyReused
		}
		stored = first
		return completion.ErrExists
	})
	return stored, err
}

// Case implements completion.Store.
func (db *DB) Case(ctx context.Context, id string) (completion.Case, error) {
	row, err := db.reads.CaseByID(ctx, id)
	return oneCase(row, err)
}

// UpdateCase implements completion.Store; an unknown ID is ErrNoCase. Who opened the case, with which key and request,
// never changes.
func (db *DB) UpdateCase(ctx context.Context, c completion.Case) (completion.Case, error) {
	record, signed, err := caseRecord(c)
	if err != nil {
		return completion.Case{}, err
	}
	var stored completion.Case
	err = db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		row, err := q.UpdateCase(ctx, sq.UpdateCaseParams{ID: c.ID, Revision: c.Revision, State: string(c.State),
			Due: due(c.Due), RecordJson: record, Signed: signed})
		if errors.Is(err, sql.ErrNoRows) {
			if _, err := oneCase(q.CaseByID(ctx, c.ID)); err != nil {
				return err
			}
			return completion.ErrMoved
		}
		if err != nil {
			return fmt.Errorf("store: updating case %s: %w", c.ID, err)
		}
		stored, err = caseOf(row)
		return err
	})
	return stored, err
}

// Cases implements completion.Store. A case with no due time is due before nothing, and comes last. A page starts after
// the due time that the case named after has now; ErrNoCase if that is gone.
func (db *DB) Cases(ctx context.Context, dueBefore time.Time, after string, n int) ([]completion.Case, error) {
	params := sq.OpenCasesParams{Due: notDue, Due_2: math.MinInt64, Limit: limit(n)}
	if !dueBefore.IsZero() {
		params.Due = micros(dueBefore) - 1
	}
	if after != "" {
		last, err := db.Case(ctx, after)
		if err != nil {
			return nil, err
		}
		params.Due_2, params.ID = due(last.Due), after
	}
	rows, err := db.reads.OpenCases(ctx, params)
	if err != nil {
		return nil, fmt.Errorf("store: reading cases: %w", err)
	}
	return all(rows, caseOf)
}

func due(t time.Time) int64 {
	if t.IsZero() {
		return notDue
	}
	return micros(t)
}

// caseRecord encodes what the columns do not hold. Times become what micros keeps, so that a case reads the same from any
// driver. The signed outcome is a column of its own: its bytes are what was signed.
func caseRecord(c completion.Case) (record string, signed []byte, err error) {
	if c.Outcome != nil {
		signed = c.Outcome.Signed
	}
	record, err = encode(c)
	return record, notNil(signed), err
}

func oneCase(r sq.Case, err error) (completion.Case, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return completion.Case{}, completion.ErrNoCase
	}
	if err != nil {
		return completion.Case{}, fmt.Errorf("store: reading a case: %w", err)
	}
	return caseOf(r)
}

func caseOf(r sq.Case) (completion.Case, error) {
	var c completion.Case
	err := decode(r.RecordJson, &c)
	request, err2 := fromHex(r.RequestSm3)
	if err := errors.Join(err, err2); err != nil {
		return completion.Case{}, errDamaged("case", r.ID, err)
	}
	c.Revision, c.Caller, c.Key, c.RequestSM3 = r.Revision, r.Caller, r.IdemKey, request
	if c.Outcome != nil {
		c.Outcome.Signed = orNil(r.Signed)
	}
	return c, nil
}
