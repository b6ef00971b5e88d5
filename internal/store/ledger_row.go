package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"yinzheng/internal/ledger"
	"yinzheng/internal/receipt"
	"yinzheng/internal/store/sq"
)

// Roots, promises and proofs are kept as the JSON that receipts show, so that what was signed comes back to the last digit.

func batchParams(b ledger.Batch) (sq.PutBatchParams, error) {
	root, err := encode(b.Root)
	if err != nil {
		return sq.PutBatchParams{}, err
	}
	proof := ""
	if b.Proof != nil {
		if proof, err = encode(b.Proof); err != nil {
			return sq.PutBatchParams{}, err
		}
	}
	return sq.PutBatchParams{Sequence: b.Root.Sequence, RootJson: root, Signature: notNil(b.Signature), ProofJson: proof}, nil
}

func batchOf(r sq.LedgerBatch) (*ledger.Batch, error) {
	b := &ledger.Batch{Signature: orNil(r.Signature)}
	err := decode(r.RootJson, &b.Root)
	if r.ProofJson != "" {
		b.Proof = new(receipt.LogProof)
		err = errors.Join(err, decode(r.ProofJson, b.Proof))
	}
	if err != nil {
		return nil, errDamaged("batch", strconv.FormatInt(r.Sequence, 10), err)
	}
	return b, nil
}

func (db *DB) withEntries(ctx context.Context, r sq.LedgerBatch) (*ledger.Batch, error) {
	b, err := batchOf(r)
	if err != nil {
		return nil, err
	}
	rows, err := db.reads.BatchEntries(ctx, r.Sequence)
	if err != nil {
		return nil, fmt.Errorf("store: reading entries of batch %d: %w", r.Sequence, err)
	}
	b.Entries, err = all(rows, entryOf)
	return b, err
}

func entryOf(r sq.LedgerEntry) (receipt.Entry, error) {
	digest, err := fromHex(r.Digest)
	salt, err2 := fromHex(r.Salt)
	if err := errors.Join(err, err2); err != nil {
		return receipt.Entry{}, errDamaged("entry", r.Digest, err)
	}
	return receipt.Entry{Kind: r.Kind, Digest: digest, Salt: salt}, nil
}
