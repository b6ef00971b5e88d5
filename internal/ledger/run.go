package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/receipt"
)

// Pauses after a failure: doubled each time.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 30 * time.Second
)

// ErrRunning means that the ledger runs already.
var ErrRunning = errors.New("ledger: it runs already")

// Run publishes what waits until ctx ends, and then returns nil: first what a crash left, then a batch each pool time. A failure is
// logged, remembered (Status) and tried again, ever more slowly; nothing accepted is given up.
func (l *Ledger) Run(ctx context.Context) error {
	if !l.running.CompareAndSwap(false, true) {
		return ErrRunning
	}
	defer l.running.Store(false)
	pause := firstPause
	for {
		more, err := l.publish(ctx)
		if ctx.Err() != nil {
			return nil
		}
		l.note(err)
		switch {
		case err != nil:
			l.cfg.Log.ErrorContext(ctx, "publishing to the ledger", "err", err, "again_in", pause.String())
			wait(ctx, pause, nil)
			pause = min(2*pause, longestPause)
			continue
		case !more:
			wait(ctx, -1, l.wake)
			wait(ctx, l.cfg.Pool, l.full)
		}
		pause = firstPause
	}
}

// wait returns after d (never, when negative), at a notice, or when ctx ends.
func wait(ctx context.Context, d time.Duration, notice <-chan struct{}) {
	var after <-chan time.Time
	if d >= 0 {
		after = time.After(d)
	}
	select {
	case <-after:
	case <-notice:
	case <-ctx.Done():
	}
}

// publish does one round and reports whether more waits.
func (l *Ledger) publish(ctx context.Context) (more bool, err error) {
	left, err := l.cfg.Books.Unpublished(ctx)
	if err != nil {
		return false, fmt.Errorf("reading unpublished batches: %w", err)
	}
	for _, b := range left {
		t, err := grow(b)
		if err == nil {
			err = l.log(ctx, t)
		}
		if err != nil {
			return false, fmt.Errorf("publishing batch %d, which was left: %w", b.Root.Sequence, err)
		}
	}
	l.fresh.Store(0)
	entries, err := l.cfg.Store.Waiting(ctx, l.cfg.MaxBatch)
	if err != nil {
		return false, fmt.Errorf("reading waiting entries: %w", err)
	}
	if len(entries) == 0 {
		return false, nil
	}
	t, err := l.batch(ctx, entries)
	if err != nil {
		return false, fmt.Errorf("making a batch: %w", err)
	}
	if err := l.cfg.Store.PutBatch(ctx, t.batch); err != nil { // intent first: a crash republishes this very record
		return false, fmt.Errorf("storing batch %d: %w", t.batch.Root.Sequence, err)
	}
	if err := l.log(ctx, t); err != nil {
		return false, fmt.Errorf("publishing batch %d: %w", t.batch.Root.Sequence, err)
	}
	return len(entries) == l.cfg.MaxBatch, nil
}

// batch builds and signs the next batch.
func (l *Ledger) batch(ctx context.Context, entries []receipt.Entry) (*batchTree, error) {
	last, err := l.cfg.Books.LastBatch(ctx)
	if err != nil {
		return nil, err
	}
	t := plant(entries)
	root := &t.batch.Root
	*root = receipt.Root{Region: l.cfg.Region, Count: int64(len(entries)), Time: l.now(), Hash: t.tree.Root()}
	if last != nil {
		root.Sequence, root.Previous = last.Root.Sequence+1, gm.Sum(last.Root.Bytes())
	}
	t.batch.Signature, err = gm.Sign(l.cfg.Key, root.Bytes())
	return t, err
}

// log publishes a stored batch, keeps its proof and tells everyone who waits.
func (l *Ledger) log(ctx context.Context, t *batchTree) error {
	proof, err := l.cfg.Driver.Publish(ctx, receipt.Record(t.batch.Root, t.batch.Signature))
	if err != nil {
		return err
	}
	t.batch.Proof = proof
	if err := l.verify(t); err != nil {
		return fmt.Errorf("checking the driver's proof: %w", err)
	}
	if err := l.cfg.Store.PutProof(ctx, t.batch.Root.Sequence, proof); err != nil {
		return fmt.Errorf("keeping its proof: %w", err)
	}
	l.trees.keep(t)
	l.waiters.tell(t.batch.Entries)
	return nil
}
