// Package audit is the tamper-evident record of who did what: every entry's hash covers the one before it.
package audit

import (
	"context"
	"time"

	"yinzheng/internal/gm"
)

// Entry is one line of the record. It holds identifiers, never personal data.
type Entry struct {
	Sequence int64 // 1, 2, 3, … without a gap; set by Log
	At       time.Time
	Caller   string
	Action   string // e.g. "licence.issue.requested"
	Object   string // ID of what was acted on
	Detail   string
	Hash     gm.Digest // SM3 over the previous hash and this entry's bytes; set by Log
}

// Log appends entries. An operation whose entry cannot be appended fails.
type Log interface {
	// Append writes one entry durably, chained to the one before it, and returns it completed.
	Append(ctx context.Context, e Entry) (Entry, error)
	// Entries returns up to n entries with a sequence greater than after, in order.
	Entries(ctx context.Context, after int64, n int) ([]Entry, error)
}
