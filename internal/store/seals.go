package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"yinzheng/internal/store/sq"
	"yinzheng/sealing"
)

// PutSeal implements sealing.Book: it stores a seal, or replaces what is stored of it.
func (db *DB) PutSeal(ctx context.Context, r sealing.Record) error {
	return db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		err := q.PutSeal(ctx, sq.PutSealParams{ID: r.ID, Office: r.Office, Owner: r.Owner, Name: r.Name,
			Data: notNil(r.Data), Signer: notNil(r.Signer), State: string(r.State), Made: micros(r.Made)})
		if err != nil {
			return fmt.Errorf("store: storing seal %s: %w", r.ID, err)
		}
		return nil
	})
}

// Seal implements sealing.Book.
func (db *DB) Seal(ctx context.Context, id string) (sealing.Record, error) {
	row, err := db.reads.SealByID(ctx, id)
	return oneSeal(row, err)
}

// SealOf implements sealing.Book: of several active seals the one made last.
func (db *DB) SealOf(ctx context.Context, office string) (sealing.Record, error) {
	row, err := db.reads.SealOf(ctx, sq.SealOfParams{Office: office, State: string(sealing.SealActive)})
	return oneSeal(row, err)
}

// PutUse implements sealing.Book; a seal that is not in the register is ErrNoSeal.
func (db *DB) PutUse(ctx context.Context, u sealing.Use) error {
	return db.group.doOn(ctx, "seal "+u.Seal, func(ctx context.Context, q *sq.Queries) error {
		line, err := q.CountSealUse(ctx, u.Seal)
		if errors.Is(err, sql.ErrNoRows) {
			return sealing.ErrNoSeal
		}
		if err != nil {
			return fmt.Errorf("store: logging a use of seal %s: %w", u.Seal, err)
		}
		err = q.PutSealUse(ctx, sq.PutSealUseParams{Seal: u.Seal, Line: line, At: micros(u.At), By: u.By, Matter: u.Matter,
			CaseID: u.Case, Content: hexOf(u.Content), Document: hexOf(u.Document), Certificate: u.Certificate})
		if err != nil {
			return fmt.Errorf("store: logging a use of seal %s: %w", u.Seal, err)
		}
		return nil
	})
}

// Uses returns up to n lines of a seal's use log from line after+1 on, oldest first; lines count from 1 without a gap.
func (db *DB) Uses(ctx context.Context, seal string, after int64, n int) ([]sealing.Use, error) {
	rows, err := db.reads.SealUsesAfter(ctx, sq.SealUsesAfterParams{Seal: seal, Line: after, Limit: limit(n)})
	if err != nil {
		return nil, fmt.Errorf("store: reading the uses of seal %s: %w", seal, err)
	}
	return all(rows, func(r sq.SealUse) (sealing.Use, error) {
		content, err := fromHex(r.Content)
		document, err2 := fromHex(r.Document)
		if err := errors.Join(err, err2); err != nil {
			return sealing.Use{}, errDamaged("a use of seal", r.Seal, err)
		}
		return sealing.Use{Seal: r.Seal, By: r.By, Matter: r.Matter, Case: r.CaseID, Content: content,
			Document: document, Certificate: r.Certificate, At: fromMicros(r.At)}, nil
	})
}

func oneSeal(r sq.Seal, err error) (sealing.Record, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return sealing.Record{}, sealing.ErrNoSeal
	}
	if err != nil {
		return sealing.Record{}, fmt.Errorf("store: reading a seal: %w", err)
	}
	return sealing.Record{ID: r.ID, Office: r.Office, Owner: r.Owner, Name: r.Name, Data: orNil(r.Data),
		Signer: orNil(r.Signer), State: sealing.SealState(r.State), Made: fromMicros(r.Made)}, nil
}
