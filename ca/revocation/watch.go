package revocation

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// watch is what is known of the register's revision.
type watch struct {
	mu       sync.Mutex
	revision int64
	known    bool
	failed   error // of the last look
	tried    time.Time
	failing  bool // the log has been told
}

// Notice tells that a revocation was made in this process: what is given out from now on was compared with the register.
func (p *Publisher) Notice() {
	p.epoch.Add(1)
	select {
	case p.wake <- struct{}{}:
	default: // Run has not come to the last one yet
	}
}

// Run watches the register's revision and makes lists ahead of need, until the context ends; it then returns nil. Without it
// everything is still right, and made when it is asked for.
func (p *Publisher) Run(ctx context.Context) error {
	tick := time.NewTicker(WatchEvery)
	defer tick.Stop()
	for {
		_ = p.observe(ctx) // logged there; lists may be due all the same
		p.refreshAll(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			continue
		case <-p.wake:
		}
		p.refreshAll(ctx)
		select { // many revocations together make one list
		case <-ctx.Done():
			return nil
		case <-time.After(restBetween):
		}
	}
}

// refreshAll makes the lists of every authority that need it. Failures are logged where they are met.
func (p *Publisher) refreshAll(ctx context.Context) {
	all, err := p.authorities()
	if err != nil {
		p.c.Log.ErrorContext(ctx, "reading the authorities", "err", err)
		return
	}
	for _, a := range all {
		if now := p.c.Now(); ctx.Err() != nil || now.After(a.cert.NotAfter) {
			continue // of an authority that is over nothing is listed any more
		}
		_ = p.refresh(ctx, a)
	}
}

// current looks at the revision unless that was done within MaxBlind.
func (p *Publisher) current(ctx context.Context) error {
	if p.isCurrent(p.c.Now()) {
		return nil
	}
	return p.observe(ctx)
}

func (p *Publisher) isCurrent(now time.Time) bool {
	seen := p.seen.Load()
	since := now.UnixNano() - seen
	return seen != 0 && since >= 0 && since < int64(MaxBlind)
}

// observe looks at the revision and raises the epoch when it moved. After a failure the register is left alone for
// RetryAfter.
func (p *Publisher) observe(ctx context.Context) error {
	w := &p.look
	w.mu.Lock()
	defer w.mu.Unlock()
	now := p.c.Now()
	if since := now.Sub(w.tried); w.failed != nil && since >= 0 && since < RetryAfter {
		return w.failed
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer cancel()
	revision, err := p.c.Book.Revision(limited)
	w.tried, w.failed = now, nil
	if err != nil {
		w.failed = fmt.Errorf("looking at the register's revision: %w", err)
		if !w.failing {
			p.c.Log.ErrorContext(ctx, "looking at the register's revision; trying again", "err", err)
		}
		w.failing = true
		return w.failed
	}
	if w.failing {
		p.c.Log.InfoContext(ctx, "looking at the register's revision again")
	}
	w.failing = false
	if !w.known || revision != w.revision { // lower: the register was put back from a copy
		w.known, w.revision = true, revision
		p.epoch.Add(1)
	}
	p.seen.Store(now.UnixNano())
	return nil
}
