package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"yinzheng/internal/gm"
	"yinzheng/internal/ledger"
	"yinzheng/internal/receipt"
	"yinzheng/internal/store/sq"
)

// leavesPerUpdate is how many entries one statement puts into a batch: far fewer round trips than entries, far fewer
// parameters than SQLite allows (32,766).
const leavesPerUpdate = 500

// Accept implements ledger.Store.
func (db *DB) Accept(ctx context.Context, e receipt.Entry, p receipt.Promise) (receipt.Entry, error) {
	promise, err := encode(p)
	if err != nil {
		return receipt.Entry{}, err
	}
	stored := e
	err = db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		made, err := q.AcceptEntry(ctx, sq.AcceptEntryParams{Kind: e.Kind, Digest: e.Digest.String(),
			Salt: e.Salt.String(), PromiseJson: promise})
		if err != nil {
			return fmt.Errorf("store: accepting an entry: %w", err)
		}
		if made == 1 {
			return nil
		}
		row, err := q.LedgerEntry(ctx, sq.LedgerEntryParams{Kind: e.Kind, Digest: e.Digest.String()})
		if err != nil {
			return fmt.Errorf("store: reading an entry: %w", err)
		}
		stored, err = entryOf(row)
		return err
	})
	if err != nil {
		return receipt.Entry{}, err
	}
	return stored, nil
}

// Waiting implements ledger.Store: in the order of acceptance.
func (db *DB) Waiting(ctx context.Context, n int) ([]receipt.Entry, error) {
	rows, err := db.reads.WaitingEntries(ctx, limit(n))
	if err != nil {
		return nil, fmt.Errorf("store: reading waiting entries: %w", err)
	}
	return all(rows, entryOf)
}

// PutBatch implements ledger.Store: the batch and the place of each of its entries in one transaction. An entry that does
// not wait is an error, and then nothing is stored.
func (db *DB) PutBatch(ctx context.Context, b ledger.Batch) error {
	params, err := batchParams(b)
	if err != nil {
		return err
	}
	sequence := b.Root.Sequence
	return db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		last, err := q.LastSequence(ctx)
		if err != nil {
			return fmt.Errorf("store: reading the last batch: %w", err)
		}
		if sequence != last+1 {
			return fmt.Errorf("store: batch %d after %d: %w", sequence, last, ledger.ErrSequence)
		}
		if err := q.PutBatch(ctx, params); isUnique(err) {
			return fmt.Errorf("store: batch %d is there: %w", sequence, ledger.ErrSequence)
		} else if err != nil {
			return fmt.Errorf("store: storing batch %d: %w", sequence, err)
		}
		for start := 0; start < len(b.Entries); start += leavesPerUpdate {
			chunk := b.Entries[start:min(start+leavesPerUpdate, len(b.Entries))]
			if err := placeLeaves(ctx, q, sequence, start, chunk); err != nil {
				return err
			}
		}
		return nil
	})
}

// placeLeaves gives entries their batch and leaf index, start, start+1, …. The table of values is the one statement whose
// text depends on its data, by number of rows only, so it is not one of sqlc's.
func placeLeaves(ctx context.Context, q *sq.Queries, sequence int64, start int, entries []receipt.Entry) error {
	var text strings.Builder
	text.WriteString("UPDATE ledger_entries SET batch = $1, leaf = v.column3 FROM (VALUES ")
	args := make([]any, 0, 1+2*len(entries))
	args = append(args, sequence)
	for i, e := range entries {
		if i > 0 {
			text.WriteString(", ")
		}
		n := len(args)
		text.WriteString("($" + strconv.Itoa(n+1) + ", $" + strconv.Itoa(n+2) + ", " + strconv.Itoa(start+i) + ")")
		args = append(args, e.Kind, e.Digest.String())
	}
	text.WriteString(") AS v WHERE kind = v.column1 AND digest = v.column2 AND batch = -1")
	placed, err := q.ExecRows(ctx, text.String(), args...)
	if err != nil {
		return fmt.Errorf("store: placing entries of batch %d: %w", sequence, err)
	}
	if placed != int64(len(entries)) {
		return fmt.Errorf("store: batch %d: %d of %d entries wait from leaf %d on: %w", sequence, placed, len(entries),
			start, ledger.ErrNoEntry)
	}
	return nil
}

// PutProof implements ledger.Store; ErrNoEntry when there is no such batch.
func (db *DB) PutProof(ctx context.Context, sequence int64, p *receipt.LogProof) error {
	if p == nil {
		return fmt.Errorf("store: completing batch %d without a proof", sequence)
	}
	proof, err := encode(p)
	if err != nil {
		return err
	}
	return db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		set, err := q.PutProof(ctx, sq.PutProofParams{Sequence: sequence, ProofJson: proof})
		if err != nil {
			return fmt.Errorf("store: completing batch %d: %w", sequence, err)
		}
		if set == 0 {
			return ledger.ErrNoEntry
		}
		return nil
	})
}

// LastBatch implements ledger.Books.
func (db *DB) LastBatch(ctx context.Context) (*ledger.Batch, error) {
	row, err := db.reads.LastBatch(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: reading the last batch: %w", err)
	}
	return batchOf(row)
}

// Unpublished implements ledger.Books.
func (db *DB) Unpublished(ctx context.Context) ([]ledger.Batch, error) {
	rows, err := db.reads.UnpublishedBatches(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: reading unpublished batches: %w", err)
	}
	return all(rows, func(r sq.LedgerBatch) (ledger.Batch, error) {
		b, err := db.withEntries(ctx, r)
		if err != nil {
			return ledger.Batch{}, err
		}
		return *b, nil
	})
}

// Find implements ledger.Books. An entry's place never changes once it has one, so two reads see one truth.
func (db *DB) Find(ctx context.Context, kind string, digest gm.Digest) (receipt.Entry, receipt.Promise, *ledger.Batch, error) {
	row, err := db.reads.LedgerEntry(ctx, sq.LedgerEntryParams{Kind: kind, Digest: digest.String()})
	if errors.Is(err, sql.ErrNoRows) {
		return receipt.Entry{}, receipt.Promise{}, nil, ledger.ErrNoEntry
	}
	if err != nil {
		return receipt.Entry{}, receipt.Promise{}, nil, fmt.Errorf("store: reading an entry: %w", err)
	}
	var promise receipt.Promise
	e, err := entryOf(row)
	if err := errors.Join(err, decode(row.PromiseJson, &promise)); err != nil {
		return receipt.Entry{}, receipt.Promise{}, nil, errDamaged("entry", row.Digest, err)
	}
	if row.Batch < 0 {
		return e, promise, nil, nil
	}
	b, err := db.batchAlone(ctx, row.Batch)
	if err != nil {
		return receipt.Entry{}, receipt.Promise{}, nil, err
	}
	found, err := batchOf(b)
	return e, promise, found, err
}

// Batch implements ledger.Books.
func (db *DB) Batch(ctx context.Context, sequence int64) (*ledger.Batch, error) {
	row, err := db.batchAlone(ctx, sequence)
	if err != nil {
		return nil, err
	}
	return db.withEntries(ctx, row)
}

func (db *DB) batchAlone(ctx context.Context, sequence int64) (sq.LedgerBatch, error) {
	row, err := db.reads.LedgerBatch(ctx, sequence)
	if errors.Is(err, sql.ErrNoRows) {
		return row, ledger.ErrNoEntry
	}
	if err != nil {
		return row, fmt.Errorf("store: reading batch %d: %w", sequence, err)
	}
	return row, nil
}
