package clock

import (
	"context"
	"errors"
	"testing"
	"time"
)

func stated(s state, err error) Sync {
	return kernel{maxError: 500 * time.Millisecond, read: func() (state, error) { return s, err }}
}

func TestASynchronisedClockWithinItsBoundIsBelieved(t *testing.T) {
	if err := stated(state{synchronised: true, maxError: 500 * time.Millisecond}, nil).InSync(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestAClockNobodyKeepsIsRefused(t *testing.T) {
	if err := stated(state{maxError: time.Millisecond}, nil).InSync(t.Context()); !errors.Is(err, ErrUnsynchronised) {
		t.Fatalf("got %v", err)
	}
}

func TestAClockThatDriftedTooLongIsRefused(t *testing.T) {
	if err := stated(state{synchronised: true, maxError: 501 * time.Millisecond}, nil).InSync(t.Context()); !errors.Is(err, ErrUnsynchronised) {
		t.Fatalf("got %v", err)
	}
}

func TestAStateThatCannotBeReadIsNotBelieved(t *testing.T) {
	if err := stated(state{}, ErrUnknown).InSync(t.Context()); !errors.Is(err, ErrUnknown) {
		t.Fatalf("got %v", err)
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if err := stated(state{synchronised: true}, nil).InSync(done); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

func TestTheKernelOfThisMachineAnswers(t *testing.T) {
	err := Kernel(time.Hour).InSync(t.Context())
	if err != nil && !errors.Is(err, ErrUnsynchronised) && !errors.Is(err, ErrUnknown) {
		t.Fatalf("neither in sync, nor not, nor unknown: %v", err)
	}
	if Unchecked().InSync(t.Context()) != nil {
		t.Fatal("Unchecked checked")
	}
}

func TestAClockThatGoesBackwardsIsRefused(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	g := NewGuard(func() time.Time { return at }, time.Second)
	if got, err := g.Now(); err != nil || !got.Equal(at) {
		t.Fatalf("got %v, %v", got, err)
	}
	at = at.Add(-time.Second)
	if _, err := g.Now(); err != nil {
		t.Fatalf("a correction within the tolerance: %v", err)
	}
	at = at.Add(-time.Nanosecond)
	if _, err := g.Now(); !errors.Is(err, ErrBackwards) {
		t.Fatalf("got %v", err)
	}
	g.Advance(at.Add(-time.Hour)) // an older time changes nothing
	if _, err := g.Now(); !errors.Is(err, ErrBackwards) {
		t.Fatalf("got %v", err)
	}
}

func TestTheGuardRemembersWhatAnEarlierProcessGaveOut(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	g := NewGuard(func() time.Time { return at }, 0)
	g.Advance(at.Add(time.Minute))
	if _, err := g.Now(); !errors.Is(err, ErrBackwards) {
		t.Fatalf("got %v", err)
	}
}
