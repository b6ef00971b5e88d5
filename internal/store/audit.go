package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"yinzheng/internal/audit"
	"yinzheng/internal/gm"
	"yinzheng/internal/store/sq"
)

// Append implements audit.Log: the head row is locked by the first statement, so that there is one order. The time is cut
// to the microsecond before it is hashed.
func (db *DB) Append(ctx context.Context, e audit.Entry) (audit.Entry, error) {
	e.At = fromMicros(micros(e.At))
	err := db.group.doOn(ctx, "audit", func(ctx context.Context, q *sq.Queries) error {
		head, err := q.LockAuditHead(ctx)
		if err != nil {
			return fmt.Errorf("store: locking the audit head: %w", err)
		}
		previous, err := fromHex(head.Hash)
		if err != nil {
			return errDamaged("the audit head at", strconv.FormatInt(head.Sequence, 10), err)
		}
		e.Sequence = head.Sequence
		e.Hash = e.Chain(previous)
		err = q.AddAuditEntry(ctx, sq.AddAuditEntryParams{Sequence: e.Sequence, At: micros(e.At), Caller: e.Caller,
			Action: e.Action, Object: e.Object, Detail: e.Detail, Hash: hexOf(e.Hash)})
		if err == nil {
			err = q.SetAuditHead(ctx, hexOf(e.Hash))
		}
		if err != nil {
			return fmt.Errorf("store: appending to the audit record: %w", err)
		}
		return nil
	})
	if err != nil {
		return audit.Entry{}, err
	}
	return e, nil
}

// Entries implements audit.Log.
func (db *DB) Entries(ctx context.Context, after int64, n int) ([]audit.Entry, error) {
	rows, err := db.reads.AuditEntriesAfter(ctx, sq.AuditEntriesAfterParams{Sequence: after, Limit: limit(n)})
	if err != nil {
		return nil, fmt.Errorf("store: reading the audit record: %w", err)
	}
	return all(rows, func(r sq.AuditEntry) (audit.Entry, error) {
		hash, err := fromHex(r.Hash)
		if err != nil {
			return audit.Entry{}, errDamaged("audit entry", strconv.FormatInt(r.Sequence, 10), err)
		}
		return audit.Entry{Sequence: r.Sequence, At: fromMicros(r.At), Caller: r.Caller, Action: r.Action,
			Object: r.Object, Detail: r.Detail, Hash: hash}, nil
	})
}

// AuditHead implements audit.Header: where the chain ends, kept apart from the entries so that cutting the newest ones
// off is seen.
func (db *DB) AuditHead(ctx context.Context) (sequence int64, hash gm.Digest, err error) {
	row, err := db.reads.AuditHead(ctx)
	if err != nil {
		return 0, gm.Digest{}, fmt.Errorf("store: reading the audit head: %w", err)
	}
	hash, err = fromHex(row.Hash)
	return row.Sequence, hash, errors.Join(err)
}
