// Package ledger anchors digests: entries are collected into SM3 batch trees whose signed roots a driver publishes.
package ledger

import (
	"context"

	"yinzheng/internal/gm"
	"yinzheng/internal/receipt"
)

// Driver stores one small record a batch and proves that it did.
type Driver interface {
	// Publish makes the record part of the ledger and returns a proof that verifies offline. It is durable on return.
	// Publishing the same record again is allowed and proves the same thing.
	Publish(ctx context.Context, record []byte) (*receipt.LogProof, error)
}

// Batch is one tree of entries on its way through the driver.
type Batch struct {
	Root      receipt.Root
	Signature []byte
	Entries   []receipt.Entry // in leaf order
	Proof     *receipt.LogProof
}

// Store keeps the ledger's own books. Every method is durable on return.
type Store interface {
	// Accept records an entry once by kind and digest; a repeat returns the entry first stored (with its salt).
	Accept(ctx context.Context, e receipt.Entry, p receipt.Promise) (receipt.Entry, error)
	// Waiting returns up to n accepted entries that are in no batch, oldest first.
	Waiting(ctx context.Context, n int) ([]receipt.Entry, error)
	// PutBatch stores a batch before it is published: its sequence is the next one, else ErrSequence.
	PutBatch(ctx context.Context, b Batch) error
	// PutProof completes a batch.
	PutProof(ctx context.Context, sequence int64, p *receipt.LogProof) error
}

// Books reads what Store wrote.
type Books interface {
	// LastBatch returns the newest batch without its entries, or nil.
	LastBatch(ctx context.Context) (*Batch, error)
	// Unpublished returns the batches with no proof, oldest first, with their entries.
	Unpublished(ctx context.Context) ([]Batch, error)
	// Find returns the entry, its promise, and its batch without entries (nil while it waits), or ErrNoEntry.
	Find(ctx context.Context, kind string, digest gm.Digest) (receipt.Entry, receipt.Promise, *Batch, error)
	// Batch returns one batch with its entries, or ErrNoEntry.
	Batch(ctx context.Context, sequence int64) (*Batch, error)
}
