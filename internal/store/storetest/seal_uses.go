package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yinzheng/internal/gm"
	"yinzheng/sealing"
)

func sealUses(t *testing.T, open func(t *testing.T) sealing.Register) {
	t.Run("UsesAreNumberedWithoutAGap", func(t *testing.T) { usesNumbered(t, open(t)) })
	t.Run("UseIsLoggedWithAllThatIsKnown", func(t *testing.T) { useComesBack(t, open(t)) })
	t.Run("UseOfWhatIsNotActiveIsRefused", func(t *testing.T) { useRefused(t, open(t)) })
	t.Run("LimitedAuthorisationIsNeverOverdrawn", func(t *testing.T) { grantLimit(t, open(t)) })
	t.Run("UsesAreCountedByDay", func(t *testing.T) { usesByDay(t, open(t)) })
	t.Run("AuthorisationComesBack", func(t *testing.T) { grantComesBack(t, open(t)) })
	t.Run("OnlyWhatHoldsIsInForce", func(t *testing.T) { grantsInForce(t, open(t)) })
	t.Run("WithdrawnAuthorisationAllowsNothing", func(t *testing.T) { grantWithdrawn(t, open(t)) })
	t.Run("SameKeyGrantsOnce", func(t *testing.T) { grantKey(t, open(t)) })
}

// activeSeal enters an active seal with an authorisation for every matter.
func activeSeal(t *testing.T, b sealing.Register, limit int64) string {
	t.Helper()
	enter(t, b, sealing.Record{ID: "s", State: sealing.SealActive})
	grant(t, b, sealing.Authorisation{Seal: "s", Matter: "*", From: noon(), To: noon().Add(time.Hour), Limit: limit, GrantedBy: "g"})
	return "s"
}

func grant(t *testing.T, b sealing.Register, a sealing.Authorisation) sealing.Authorisation {
	t.Helper()
	out, err := b.AddAuthorisation(t.Context(), a, sealing.Event{At: noon(), What: sealing.DidAuthorise, By: "g"}, sealing.Idempotency{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func usesNumbered(t *testing.T, b sealing.Register) {
	use := sealing.Use{Seal: "s", Authorisation: 1, Result: sealing.ResultOK, At: noon()}
	if err := b.PutUse(t.Context(), use); !errors.Is(err, sealing.ErrNoSeal) {
		t.Errorf("a use of no seal = %v, want ErrNoSeal", err)
	}
	activeSeal(t, b, 0)
	var wg sync.WaitGroup
	for n := range 24 {
		wg.Go(func() {
			u := use
			if n%3 == 0 {
				u.Result, u.Authorisation = "JUDGED", 0
			}
			if n%3 == 1 {
				u.Authorisation = 7 // there is none
			}
			if err := b.PutUse(t.Context(), u); (err != nil) != (n%3 == 1) || err != nil && !errors.Is(err, sealing.ErrNotAuthorised) {
				t.Errorf("PutUse: %v", err)
			}
		})
	}
	wg.Wait()
	log, err := b.Uses(t.Context(), "s", 0, 100)
	if err != nil || len(log) != 16 {
		t.Fatalf("%d lines, %v; want 16", len(log), err)
	}
	for n, u := range log {
		if u.Line != int64(n+1) {
			t.Errorf("line %d is numbered %d", n+1, u.Line)
		}
	}
	if page, err := b.Uses(t.Context(), "s", 10, 3); err != nil || len(page) != 3 || page[0].Line != 11 {
		t.Errorf("a page from 11 = %v, %v", page, err)
	}
}

func useComesBack(t *testing.T, b sealing.Register) {
	want := filled[sealing.Use](t)
	enter(t, b, sealing.Record{ID: want.Seal})
	want.Line = 1
	if err := b.PutUse(t.Context(), want); err != nil { // its result is a failure's: no authorisation is asked for
		t.Fatal(err)
	}
	if got, err := b.Uses(t.Context(), want.Seal, 0, 10); err != nil || !cmp.Equal(got, []sealing.Use{want}) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff([]sealing.Use{want}, got))
	}
}

func useRefused(t *testing.T, b sealing.Register) {
	ctx := t.Context()
	id := activeSeal(t, b, 0)
	use := sealing.Use{Seal: id, Authorisation: 1, Result: sealing.ResultOK, At: noon()}
	late := use
	late.At = noon().Add(time.Hour)
	if err := b.PutUse(ctx, late); !errors.Is(err, sealing.ErrNotAuthorised) {
		t.Errorf("a use when the authorisation is over = %v, want ErrNotAuthorised", err)
	}
	moveOn(t, b, id, sealing.SealActive, sealing.SealSuspended)
	if err := b.PutUse(ctx, use); !errors.Is(err, sealing.ErrSealNotUsable) {
		t.Errorf("a use of a suspended seal = %v, want ErrSealNotUsable", err)
	}
	use.Result = "SEAL_NOT_USABLE"
	if err := b.PutUse(ctx, use); err != nil {
		t.Errorf("its failure: %v", err)
	}
	log, err := b.Uses(ctx, id, 0, 10)
	if err != nil || len(log) != 1 || log[0].Line != 1 {
		t.Errorf("%v, %v; want the failure as line 1", log, err)
	}
}

func grantLimit(t *testing.T, b sealing.Register) {
	id := activeSeal(t, b, 5)
	var ok, refused atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			switch err := b.PutUse(t.Context(), sealing.Use{Seal: id, Authorisation: 1, Result: sealing.ResultOK, At: noon()}); {
			case err == nil:
				ok.Add(1)
			case errors.Is(err, sealing.ErrNotAuthorised):
				refused.Add(1)
			default:
				t.Errorf("PutUse: %v", err)
			}
		})
	}
	wg.Wait()
	log, err := b.Uses(t.Context(), id, 0, 100)
	if ok.Load() != 5 || refused.Load() != 11 || err != nil || len(log) != 5 {
		t.Errorf("%d allowed, %d refused, %d logged, %v; want 5, 11, 5", ok.Load(), refused.Load(), len(log), err)
	}
	if left, err := b.InForce(t.Context(), id, noon()); err != nil || len(left) != 0 {
		t.Errorf("used up and in force: %v, %v", left, err)
	}
	if all, err := b.Authorisations(t.Context(), id, 0, 10); err != nil || len(all) != 1 || all[0].Used != 5 {
		t.Errorf("%+v, %v", all, err)
	}
}

func usesByDay(t *testing.T, b sealing.Register) {
	id := activeSeal(t, b, 0)
	zone := time.FixedZone("UTC+8", 8*60*60)
	day := func(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, zone) }
	for _, at := range []time.Time{day(1).Add(time.Hour), day(2), day(3).Add(-time.Microsecond), day(4).Add(12 * time.Hour), day(4).Add(13 * time.Hour)} {
		u := sealing.Use{Seal: id, Result: "JUDGED", At: at}
		if at.Equal(day(4).Add(12 * time.Hour)) {
			u.Result, u.Authorisation = sealing.ResultOK, grant(t, b, sealing.Authorisation{Seal: id, Matter: "*", From: day(1), To: day(30)}).Line
		}
		if err := b.PutUse(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	want := []sealing.DayCount{{Day: day(2), Failed: 2}, {Day: day(4), OK: 1, Failed: 1}}
	got, err := b.UsesByDay(t.Context(), id, day(2), zone)
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(want, got))
	}
}

func grantComesBack(t *testing.T, b sealing.Register) {
	ctx, want := t.Context(), filled[sealing.Authorisation](t)
	want.Line, want.Used, want.WithdrawnBy, want.WithdrawnAt = 1, 0, "", time.Time{}
	e := sealing.Event{At: noon(), What: sealing.DidAuthorise, By: "g", Why: "w"}
	if _, err := b.AddAuthorisation(ctx, want, e, sealing.Idempotency{}); !errors.Is(err, sealing.ErrNoSeal) {
		t.Errorf("of no seal = %v, want ErrNoSeal", err)
	}
	enter(t, b, sealing.Record{ID: want.Seal, State: sealing.SealRecorded})
	if got, err := b.AddAuthorisation(ctx, want, e, sealing.Idempotency{}); err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(want, got))
	}
	if got, err := b.Authorisations(ctx, want.Seal, 0, 10); err != nil || !cmp.Equal(got, []sealing.Authorisation{want}) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff([]sealing.Authorisation{want}, got))
	}
	e.Line, e.Detail, e.From, e.To = 2, "1", sealing.SealRecorded, sealing.SealRecorded
	if history, err := b.SealEvents(ctx, want.Seal, 1, 10); err != nil || !cmp.Equal(history, []sealing.Event{e}) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff([]sealing.Event{e}, history))
	}
	if page, err := b.Authorisations(ctx, want.Seal, 1, 10); err != nil || len(page) != 0 {
		t.Errorf("after the last = %v, %v", page, err)
	}
}

func grantsInForce(t *testing.T, b sealing.Register) {
	enter(t, b, sealing.Record{ID: "s", State: sealing.SealActive})
	const hour = time.Hour
	for _, span := range [][2]time.Duration{{0, hour}, {-2 * hour, 0}, {-hour, hour}, {hour, 2 * hour}} {
		grant(t, b, sealing.Authorisation{Seal: "s", Matter: "m", From: noon().Add(span[0]), To: noon().Add(span[1])})
	}
	got, err := b.InForce(t.Context(), "s", noon())
	if err != nil || len(got) != 2 || got[0].Line != 1 || got[1].Line != 3 {
		t.Errorf("in force are %+v, %v; want lines 1 and 3", got, err)
	}
}

func grantWithdrawn(t *testing.T, b sealing.Register) {
	ctx := t.Context()
	id := activeSeal(t, b, 0)
	e := sealing.Event{At: noon(), What: sealing.DidWithdraw, By: "w", Detail: "1"}
	if err := b.WithdrawAuthorisation(ctx, id, 2, e); !errors.Is(err, sealing.ErrNoAuthorisation) {
		t.Errorf("no such line = %v, want ErrNoAuthorisation", err)
	}
	if err := b.WithdrawAuthorisation(ctx, "another", 1, e); !errors.Is(err, sealing.ErrNoSeal) {
		t.Errorf("no such seal = %v, want ErrNoSeal", err)
	}
	if err := b.WithdrawAuthorisation(ctx, id, 1, e); err != nil {
		t.Fatal(err)
	}
	if err := b.WithdrawAuthorisation(ctx, id, 1, e); !errors.Is(err, sealing.ErrMoved) {
		t.Errorf("again = %v, want ErrMoved", err)
	}
	if err := b.PutUse(ctx, sealing.Use{Seal: id, Authorisation: 1, Result: sealing.ResultOK, At: noon()}); !errors.Is(err, sealing.ErrNotAuthorised) {
		t.Errorf("a use = %v, want ErrNotAuthorised", err)
	}
	left, err := b.InForce(ctx, id, noon())
	all, err2 := b.Authorisations(ctx, id, 0, 10)
	if errors.Join(err, err2) != nil || len(left) != 0 || len(all) != 1 || all[0].WithdrawnBy != "w" || !all[0].WithdrawnAt.Equal(noon()) {
		t.Errorf("in force %v, all %+v, %v", left, all, errors.Join(err, err2))
	}
	history, err := b.SealEvents(ctx, id, 0, 10)
	if err != nil || len(history) != 3 || history[2].What != sealing.DidWithdraw || history[2].Line != 3 {
		t.Errorf("history %+v, %v", history, err)
	}
}

func grantKey(t *testing.T, b sealing.Register) {
	ctx := t.Context()
	enter(t, b, sealing.Record{ID: "s", State: sealing.SealActive})
	a := sealing.Authorisation{Seal: "s", Matter: "m", From: noon(), To: noon().Add(time.Hour), GrantedBy: "g"}
	k := sealing.Idempotency{Caller: "g", Key: "k", Request: gm.Sum([]byte("1"))}
	add := func() (sealing.Authorisation, error) {
		return b.AddAuthorisation(ctx, a, sealing.Event{At: noon(), What: sealing.DidAuthorise}, k)
	}
	first, err := add()
	again, err2 := add()
	if errors.Join(err, err2) != nil || first.Line != 1 || !cmp.Equal(first, again) {
		t.Errorf("%+v and %+v, %v", first, again, errors.Join(err, err2))
	}
	k.Request = gm.Sum([]byte("2"))
	if _, err := add(); !errors.Is(err, sealing.ErrKeyReused) {
		t.Errorf("another request = %v, want ErrKeyReused", err)
	}
	k.Key = "another"
	if third, err := add(); err != nil || third.Line != 2 {
		t.Errorf("the next is line %d, %v; want 2", third.Line, err)
	}
	if history, err := b.SealEvents(ctx, "s", 0, 10); err != nil || len(history) != 3 {
		t.Errorf("%d lines of history, %v; want 3", len(history), err)
	}
}
