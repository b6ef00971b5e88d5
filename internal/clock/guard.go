package clock

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrBackwards means that the clock stands before a time that was already given out.
var ErrBackwards = errors.New("clock: the clock went backwards")

// Guard reads a clock and refuses one that went backwards. It is safe for concurrent use.
type Guard struct {
	now       func() time.Time
	tolerance time.Duration
	mu        sync.Mutex
	latest    time.Time
}

// NewGuard guards a clock that may step back by the tolerance at most, as a time service corrects it.
func NewGuard(now func() time.Time, tolerance time.Duration) *Guard {
	return &Guard{now: now, tolerance: tolerance}
}

// Now reads the clock: ErrBackwards when it stands further before the latest time than the tolerance allows.
func (g *Guard) Now() (time.Time, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.now().Round(0) // the wall clock is what can be set back; the monotonic reading cannot
	if t.Before(g.latest.Add(-g.tolerance)) {
		return time.Time{}, fmt.Errorf("%w: it says %s, %s was given out before", ErrBackwards, t.UTC().Format(time.RFC3339), g.latest.UTC().Format(time.RFC3339))
	}
	if t.After(g.latest) {
		g.latest = t
	}
	return t, nil
}

// Advance tells the guard of a time that was given out before, e.g. by an earlier process.
func (g *Guard) Advance(to time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if to = to.Round(0); to.After(g.latest) {
		g.latest = to
	}
}
