package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"yinzheng/ca"
	"yinzheng/internal/gm"
	"yinzheng/internal/store/sq"
)

// PutToken implements ca.Tokens; a digest that is there, or none, is an error.
func (db *DB) PutToken(ctx context.Context, t ca.Token) error {
	if t.Digest.IsZero() {
		return errors.New("store: storing an enrolment token: it has no digest")
	}
	return db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		n, err := q.PutToken(ctx, sq.PutTokenParams{Digest: t.Digest.String(), Name: t.Name, Caller: notNil(t.Caller),
			MadeBy: t.By, Made: micros(t.Made), Expires: micros(t.Expires), Used: micros(t.Used)})
		if err != nil {
			return fmt.Errorf("store: storing an enrolment token: %w", err)
		}
		if n == 0 {
			return errors.New("store: storing an enrolment token: it is there already")
		}
		return nil
	})
}

// UseToken implements ca.Tokens. A token works until its end, that moment included. One UPDATE decides, so of any number of
// keys one wins.
func (db *DB) UseToken(ctx context.Context, digest, key gm.Digest, at time.Time) (ca.Token, error) {
	if at.IsZero() || key.IsZero() {
		return ca.Token{}, errors.New("store: using an enrolment token: no time or no key is given")
	}
	var t ca.Token
	err := db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		row, err := q.UseToken(ctx, sq.UseTokenParams{Digest: digest.String(), Used: micros(at), KeySm3: key.String()})
		if errors.Is(err, sql.ErrNoRows) {
			return ca.ErrToken
		}
		if err != nil {
			return fmt.Errorf("store: using an enrolment token: %w", err)
		}
		t = ca.Token{Digest: digest, Name: row.Name, Caller: orNil(row.Caller), By: row.MadeBy, Made: fromMicros(row.Made),
			Expires: fromMicros(row.Expires), Used: fromMicros(row.Used)}
		return nil
	})
	if err != nil {
		return ca.Token{}, err
	}
	return t, nil
}
