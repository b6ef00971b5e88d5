package ledger

import (
	"context"
	"fmt"
	"time"

	"yinzheng/internal/receipt"
)

// Status says how publishing goes. The zero value means that everything accepted is logged.
type Status struct {
	Oldest      time.Time     // when the oldest entry that is not logged was accepted; zero when there is none
	Lag         time.Duration // since then
	Unpublished int           // batches that are stored and have no proof yet
	Failures    int           // of publishing, in a row
	Problem     error         // of the last attempt, nil when it worked
}

// Status reads the books; it is cheap enough for a readiness check, unless batches pile up.
func (l *Ledger) Status(ctx context.Context) (Status, error) {
	var s Status
	l.mu.Lock()
	s.Problem, s.Failures = l.problem, l.failures
	l.mu.Unlock()
	left, err := l.cfg.Books.Unpublished(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("reading unpublished batches: %w", err)
	}
	s.Unpublished = len(left)
	var oldest []receipt.Entry
	if len(left) > 0 {
		oldest = left[0].Entries
	} else if oldest, err = l.cfg.Store.Waiting(ctx, 1); err != nil {
		return Status{}, fmt.Errorf("reading waiting entries: %w", err)
	}
	if len(oldest) == 0 {
		return s, nil
	}
	_, p, _, err := l.cfg.Books.Find(ctx, oldest[0].Kind, oldest[0].Digest)
	if err != nil {
		return Status{}, fmt.Errorf("finding %s: %w", oldest[0].Digest, err)
	}
	s.Oldest = p.Time
	s.Lag = max(0, l.cfg.Now().Sub(p.Time))
	return s, nil
}

// Problem returns what keeps the ledger from publishing, or nil.
func (l *Ledger) Problem() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.problem
}

// note remembers how an attempt went.
func (l *Ledger) note(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.problem = err; err == nil {
		l.failures = 0
		return
	}
	l.failures++
}
