package licences

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	workers   = 4   // licences finished at the same time: enough that commits are grouped
	sweepSize = 512 // licences looked at in one sweep
)

// Settle takes a licence to its last state, or waits for whoever does, until ctx ends. It needs a running ledger.
func (s *Service) Settle(ctx context.Context, id string) (Licence, error) {
	unlock, err := s.busy.lock(ctx, id)
	if err != nil {
		return Licence{}, err
	}
	defer unlock()
	l, err := s.cfg.Store.Licence(ctx, id)
	if err != nil {
		return Licence{}, fmt.Errorf("settling: %w", err)
	}
	return s.advance(ctx, l, nil, Archived)
}

// Run finishes what Issue acknowledged and what a crash left, until ctx ends: what Issue hands over at once, everything
// else at the start and every Config.Sweep. A licence that cannot be finished is logged and tried again with the next
// sweep; it holds up no other.
func (s *Service) Run(ctx context.Context) error {
	ticker := time.NewTicker(s.cfg.Sweep)
	defer ticker.Stop()
	for due := true; ctx.Err() == nil; {
		ids := s.queue.take()
		if due {
			left := s.left(ctx)
			due = s.finish(ctx, append(ids, left...)) > 0 && len(left) == sweepSize
		} else {
			s.finish(ctx, ids)
		}
		if due {
			continue
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
			due = true
		case <-s.queue.wake:
		}
	}
	return nil
}

// left returns licences that have not come to their end, oldest first.
func (s *Service) left(ctx context.Context) []string {
	pending, err := s.cfg.Store.Pending(ctx, sweepSize)
	if err != nil && ctx.Err() == nil {
		s.cfg.Log.ErrorContext(ctx, "looking for unfinished licences", "err", err)
	}
	ids := make([]string, len(pending))
	for i, l := range pending {
		ids[i] = l.ID
	}
	return ids
}

// finish works on licences, a few at a time, and returns how many came to their end.
func (s *Service) finish(ctx context.Context, ids []string) int {
	var group errgroup.Group
	group.SetLimit(workers)
	done := make(chan struct{}, len(ids))
	for _, id := range ids {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			if s.finishOne(ctx, id) {
				done <- struct{}{}
			}
			return nil
		})
	}
	_ = group.Wait()
	return len(done)
}

// finishOne leaves a licence that somebody else is working on to them.
func (s *Service) finishOne(ctx context.Context, id string) bool {
	unlock, free := s.busy.try(id)
	if !free {
		return false
	}
	defer unlock()
	l, err := s.cfg.Store.Licence(ctx, id)
	if err == nil {
		_, err = s.advance(ctx, l, nil, Archived)
	}
	if err != nil && ctx.Err() == nil {
		s.cfg.Log.ErrorContext(ctx, "finishing a licence", "id", id, "err", err)
	}
	return err == nil
}
