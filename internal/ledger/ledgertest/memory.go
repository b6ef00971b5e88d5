// Package ledgertest holds the contracts that every driver and every store of the ledger keeps, as suites, and a store in memory.
package ledgertest

import (
	"context"
	"slices"
	"sync"

	"yinzheng/internal/gm"
	"yinzheng/internal/ledger"
	"yinzheng/internal/receipt"
)

type key struct {
	kind   string
	digest gm.Digest
}

type row struct {
	entry   receipt.Entry
	promise receipt.Promise
	batch   int64 // -1 while it waits
}

// Memory is a store that forgets with the process; it keeps the contract otherwise.
type Memory struct {
	mu      sync.Mutex
	rows    map[key]*row
	waiting []key // in the order of acceptance
	batches []ledger.Batch
}

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{rows: map[key]*row{}} }

// Accept implements ledger.Store.
func (m *Memory) Accept(_ context.Context, e receipt.Entry, p receipt.Promise) (receipt.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := key{e.Kind, e.Digest}
	if r, there := m.rows[k]; there {
		return r.entry, nil
	}
	m.rows[k] = &row{e, p, -1}
	m.waiting = append(m.waiting, k)
	return e, nil
}

// Waiting implements ledger.Store.
func (m *Memory) Waiting(_ context.Context, n int) ([]receipt.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []receipt.Entry
	for _, k := range m.waiting[:min(n, len(m.waiting))] {
		out = append(out, m.rows[k].entry)
	}
	return out, nil
}

// PutBatch implements ledger.Store.
func (m *Memory) PutBatch(_ context.Context, b ledger.Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if b.Root.Sequence != int64(len(m.batches)) {
		return ledger.ErrSequence
	}
	for _, e := range b.Entries {
		if r, there := m.rows[key{e.Kind, e.Digest}]; !there || r.batch >= 0 {
			return ledger.ErrNoEntry
		}
	}
	for _, e := range b.Entries {
		m.rows[key{e.Kind, e.Digest}].batch = b.Root.Sequence
	}
	m.waiting = slices.DeleteFunc(m.waiting, func(k key) bool { return m.rows[k].batch >= 0 })
	b.Entries = slices.Clone(b.Entries)
	m.batches = append(m.batches, b)
	return nil
}

// PutProof implements ledger.Store.
func (m *Memory) PutProof(_ context.Context, sequence int64, p *receipt.LogProof) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if sequence < 0 || sequence >= int64(len(m.batches)) {
		return ledger.ErrNoEntry
	}
	m.batches[sequence].Proof = p
	return nil
}

// LastBatch implements ledger.Books.
func (m *Memory) LastBatch(context.Context) (*ledger.Batch, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.batches) == 0 {
		return nil, nil //nolint:nilnil // the contract: no batch yet
	}
	b := m.batches[len(m.batches)-1]
	b.Entries = nil
	return &b, nil
}

// Unpublished implements ledger.Books.
func (m *Memory) Unpublished(context.Context) ([]ledger.Batch, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []ledger.Batch
	for _, b := range m.batches {
		if b.Proof == nil {
			out = append(out, b)
		}
	}
	return out, nil
}

// Find implements ledger.Books.
func (m *Memory) Find(_ context.Context, kind string, digest gm.Digest) (receipt.Entry, receipt.Promise, *ledger.Batch, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, there := m.rows[key{kind, digest}]
	switch {
	case !there:
		return receipt.Entry{}, receipt.Promise{}, nil, ledger.ErrNoEntry
	case r.batch < 0:
		return r.entry, r.promise, nil, nil
	}
	b := m.batches[r.batch]
	b.Entries = nil
	return r.entry, r.promise, &b, nil
}

// Batch implements ledger.Books.
func (m *Memory) Batch(_ context.Context, sequence int64) (*ledger.Batch, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if sequence < 0 || sequence >= int64(len(m.batches)) {
		return nil, ledger.ErrNoEntry
	}
	b := m.batches[sequence]
	return &b, nil
}
