package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"yinzheng/internal/auth"
	"yinzheng/internal/gm"
	"yinzheng/internal/store/sq"
)

// PutCaller implements auth.Credentials. Nobody has the zero digest, nor no ID.
func (db *DB) PutCaller(ctx context.Context, key gm.Digest, c auth.Caller) error {
	if key.IsZero() || c.ID == "" {
		return errors.New("store: storing a caller with no key or no ID")
	}
	actions, err := encode(c.Actions)
	if err != nil {
		return err
	}
	kinds, err := encode(c.Kinds)
	if err != nil {
		return err
	}
	return db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		err := q.PutCaller(ctx, sq.PutCallerParams{KeySm3: key.String(), ID: c.ID, Office: c.Office,
			ActionsJson: actions, KindsJson: kinds})
		if err != nil {
			return fmt.Errorf("store: storing caller %s: %w", c.ID, err)
		}
		return nil
	})
}

// CallerOf implements auth.Credentials.
func (db *DB) CallerOf(ctx context.Context, key gm.Digest) (auth.Caller, error) {
	row, err := db.reads.CallerByKey(ctx, key.String())
	if errors.Is(err, sql.ErrNoRows) {
		return auth.Caller{}, auth.ErrNoCaller
	}
	if err != nil {
		return auth.Caller{}, fmt.Errorf("store: reading a caller: %w", err)
	}
	return callerFrom(row)
}

// Callers returns every caller, one for each credential, by ID and then by the digest of the credential: the same ID comes
// as often as it has credentials. They are the calling systems of one region, some hundreds at most.
func (db *DB) Callers(ctx context.Context) ([]auth.Caller, error) {
	rows, err := db.reads.AllCallers(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: reading the callers: %w", err)
	}
	callers := make([]auth.Caller, 0, len(rows))
	for _, row := range rows {
		c, err := callerFrom(row)
		if err != nil {
			return nil, err
		}
		callers = append(callers, c)
	}
	return callers, nil
}

func callerFrom(row sq.Caller) (auth.Caller, error) {
	c := auth.Caller{ID: row.ID, Office: row.Office}
	if err := errors.Join(decode(row.ActionsJson, &c.Actions), decode(row.KindsJson, &c.Kinds)); err != nil {
		return auth.Caller{}, errDamaged("caller", row.ID, err)
	}
	return c, nil
}

// NextSerial returns 1, 2, 3, … for a name: durable before it is returned, so that no number is given twice, whatever
// crashes. A number may be lost.
func (db *DB) NextSerial(ctx context.Context, name string) (int64, error) {
	var n int64
	err := db.group.doOn(ctx, "serials "+name, func(ctx context.Context, q *sq.Queries) error {
		var err error
		if n, err = q.NextSerial(ctx, name); err != nil {
			return fmt.Errorf("store: numbering %s: %w", name, err)
		}
		return nil
	})
	return n, err
}
