package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yinzheng/internal/gm"
	"yinzheng/sealing"
)

// Seals runs the contract of sealing.Register; open returns an empty one.
func Seals(t *testing.T, open func(t *testing.T) sealing.Register) {
	t.Run("SealComesBackThroughItsWholeLife", func(t *testing.T) { sealComesBack(t, open(t)) })
	t.Run("OnlyAnActiveSealIsTheOfficesSeal", func(t *testing.T) { sealOf(t, open(t)) })
	t.Run("OfManyWhoMoveASealOneWins", func(t *testing.T) { sealMovedOnce(t, open(t)) })
	t.Run("MoveNamesBothSides", func(t *testing.T) { sealMoveRefused(t, open(t)) })
	t.Run("SameKeyEntersOneSeal", func(t *testing.T) { sealKey(t, open(t)) })
	t.Run("LostSealAndItsRemakeNameEachOther", func(t *testing.T) { sealRemade(t, open(t)) })
	t.Run("FilingNumberIsOneSeals", func(t *testing.T) { sealFiling(t, open(t)) })
	t.Run("SealsArePagedByNumber", func(t *testing.T) { sealPages(t, open(t)) })
	t.Run("WhatIsDueIsFound", func(t *testing.T) { sealsDue(t, open(t)) })
	sealUses(t, open)
}

// enter puts a seal into the register.
func enter(t *testing.T, b sealing.Register, r sealing.Record) {
	t.Helper()
	if r.State == "" {
		r.State = sealing.SealApplied
	}
	if _, err := b.AddSeal(t.Context(), r, sealing.Event{At: noon(), By: "applicant"}, sealing.Idempotency{}); err != nil {
		t.Fatal(err)
	}
}

// moveOn moves a seal on; the state it is in is the last one.
func moveOn(t *testing.T, b sealing.Register, id string, states ...sealing.SealState) {
	t.Helper()
	for i := range states[:len(states)-1] {
		m := sealing.Move{Seal: id, From: states[i], To: states[i+1], Event: sealing.Event{At: noon(), By: "somebody"}}
		if err := b.MoveSeal(t.Context(), m); err != nil {
			t.Fatalf("from %s to %s: %v", states[i], states[i+1], err)
		}
	}
}

func sealComesBack(t *testing.T, b sealing.Register) {
	ctx, want := t.Context(), filled[sealing.Record](t)
	enter(t, b, sealing.Record{ID: want.Replaces})
	enter(t, b, sealing.Record{ID: want.ID, Office: want.Office, Owner: want.Owner, Name: want.Name, Look: want.Look,
		Applicant: want.Applicant, Replaces: want.Replaces})
	at := func(n int) sealing.Event {
		return sealing.Event{At: noon().Add(time.Duration(n) * time.Hour), By: fmt.Sprint("by ", n), Why: fmt.Sprint("why ", n), Detail: fmt.Sprint("detail ", n)}
	}
	for n, m := range []sealing.Move{
		{From: sealing.SealApplied, To: sealing.SealApproved, Approver: want.Approver},
		{From: sealing.SealApproved, To: sealing.SealMade, Maker: want.Maker, Data: want.Data, Signer: want.Signer, Made: want.Made, NotAfter: want.NotAfter},
		{From: sealing.SealMade, To: sealing.SealRecorded, Filing: want.Filing},
		{From: sealing.SealRecorded, To: sealing.SealActive},
		{From: sealing.SealActive, To: sealing.SealCancelled},
	} {
		m.Seal, m.Event = want.ID, at(n)
		if err := b.MoveSeal(ctx, m); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // once noted, noted
		e := at(5)
		e.At, e.What, e.From, e.To = want.Revoked, sealing.DidRevoke, sealing.SealCancelled, sealing.SealCancelled
		if err := b.RevokedSeal(ctx, want.ID, e); err != nil {
			t.Fatal(err)
		}
	}
	enter(t, b, sealing.Record{ID: want.ReplacedBy, Replaces: want.ID})
	want.State, want.Uses = sealing.SealCancelled, 1
	if err := b.PutUse(ctx, sealing.Use{Seal: want.ID, Result: "JUDGED", At: noon()}); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Seal(ctx, want.ID); err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(want, got))
	}
	if _, err := b.Seal(ctx, "nothing"); !errors.Is(err, sealing.ErrNoSeal) {
		t.Errorf("unknown = %v, want ErrNoSeal", err)
	}
	history, err := b.SealEvents(ctx, want.ID, 0, 100)
	if err != nil || len(history) != 7 {
		t.Fatalf("%d lines, %v; want 7", len(history), err)
	}
	for n, e := range history {
		if e.Line != int64(n+1) || n > 0 && e.From != history[n-1].To || e.At.IsZero() || e.By == "" {
			t.Errorf("line %d is %+v", n+1, e)
		}
	}
	e := at(1)
	e.Line, e.From, e.To, e.What = 3, sealing.SealApproved, sealing.SealMade, "made"
	if !cmp.Equal(history[2], e) {
		t.Errorf("(-want +got):\n%s", cmp.Diff(e, history[2]))
	}
	if rest, err := b.SealEvents(ctx, want.ID, 5, 1); err != nil || len(rest) != 1 || rest[0].Line != 6 {
		t.Errorf("a page from line 6 = %v, %v", rest, err)
	}
}

func sealOf(t *testing.T, b sealing.Register) {
	ctx := t.Context()
	for id, s := range map[string]struct {
		state sealing.SealState
		kind  int
	}{
		"1": {sealing.SealActive, 1}, "2": {sealing.SealActive, 1}, "3": {sealing.SealSuspended, 1}, "4": {sealing.SealCancelled, 1},
		"5": {sealing.SealActive, 2}, "6": {sealing.SealRecorded, 1},
	} {
		enter(t, b, sealing.Record{ID: id, Office: "office", State: s.state, Look: sealing.Look{Type: s.kind}, Made: noon().Add(time.Duration(id[0]) * time.Hour)})
	}
	if got, err := b.SealOf(ctx, "office"); err != nil || got.ID != "2" {
		t.Errorf("SealOf = %s, %v; want 2, the active one of the least type made last", got.ID, err)
	}
	if _, err := b.SealOf(ctx, "another"); !errors.Is(err, sealing.ErrNoSeal) {
		t.Errorf("another office = %v, want ErrNoSeal", err)
	}
	for _, id := range []string{"1", "2", "5"} {
		moveOn(t, b, id, sealing.SealActive, sealing.SealCancelled)
	}
	if _, err := b.SealOf(ctx, "office"); !errors.Is(err, sealing.ErrNoSeal) {
		t.Errorf("no active seal = %v, want ErrNoSeal", err)
	}
}

func sealMovedOnce(t *testing.T, b sealing.Register) {
	enter(t, b, sealing.Record{ID: "1"})
	var won, lost atomic.Int32
	var wg sync.WaitGroup
	for n := range 16 {
		to := []sealing.SealState{sealing.SealApproved, sealing.SealCancelled}[n%2]
		wg.Go(func() {
			switch err := b.MoveSeal(t.Context(), sealing.Move{Seal: "1", From: sealing.SealApplied, To: to, Event: sealing.Event{At: noon()}}); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, sealing.ErrMoved):
				lost.Add(1)
			default:
				t.Errorf("MoveSeal: %v", err)
			}
		})
	}
	wg.Wait()
	history, err := b.SealEvents(t.Context(), "1", 0, 100)
	if won.Load() != 1 || lost.Load() != 15 || err != nil || len(history) != 2 {
		t.Errorf("%d won, %d lost, %d lines, %v; want 1, 15, 2", won.Load(), lost.Load(), len(history), err)
	}
}

func sealMoveRefused(t *testing.T, b sealing.Register) {
	enter(t, b, sealing.Record{ID: "1"})
	m := sealing.Move{Seal: "1", From: sealing.SealApproved, To: sealing.SealMade, Data: []byte("x"), Maker: "m", Event: sealing.Event{At: noon()}}
	if err := b.MoveSeal(t.Context(), m); !errors.Is(err, sealing.ErrMoved) {
		t.Errorf("from a state it is not in = %v, want ErrMoved", err)
	}
	m.Seal = "2"
	if err := b.MoveSeal(t.Context(), m); !errors.Is(err, sealing.ErrNoSeal) {
		t.Errorf("no seal = %v, want ErrNoSeal", err)
	}
	if r, err := b.Seal(t.Context(), "1"); err != nil || r.State != sealing.SealApplied || r.Data != nil || r.Maker != "" {
		t.Errorf("a refused move left %+v, %v", r, err)
	}
	if err := b.RevokedSeal(t.Context(), "2", sealing.Event{At: noon()}); !errors.Is(err, sealing.ErrNoSeal) {
		t.Errorf("no seal = %v, want ErrNoSeal", err)
	}
}

func sealKey(t *testing.T, b sealing.Register) {
	ctx, e := t.Context(), sealing.Event{At: noon(), By: "a"}
	k := sealing.Idempotency{Caller: "a", Key: "k", Request: gm.Sum([]byte("one"))}
	apply := func(id string, k sealing.Idempotency) (sealing.Record, error) {
		return b.AddSeal(ctx, sealing.Record{ID: id, State: sealing.SealApplied}, e, k)
	}
	if r, err := apply("1", k); err != nil || r.ID != "1" {
		t.Fatalf("%s, %v", r.ID, err)
	}
	if r, err := apply("2", k); err != nil || r.ID != "1" {
		t.Errorf("a repeat = %s, %v; want 1", r.ID, err)
	}
	k.Request = gm.Sum([]byte("two"))
	if _, err := apply("3", k); !errors.Is(err, sealing.ErrKeyReused) {
		t.Errorf("another request = %v, want ErrKeyReused", err)
	}
	k.Caller = "b"
	if r, err := apply("4", k); err != nil || r.ID != "4" {
		t.Errorf("another caller's key = %s, %v; want 4", r.ID, err)
	}
	if _, err := apply("4", sealing.Idempotency{Caller: "b", Key: "new"}); !errors.Is(err, sealing.ErrSealTaken) {
		t.Errorf("a number that is taken = %v, want ErrSealTaken", err)
	}
	for _, id := range []string{"5", "6"} {
		if r, err := apply(id, sealing.Idempotency{Caller: "a"}); err != nil || r.ID != id {
			t.Errorf("no key = %s, %v; want %s", r.ID, err, id)
		}
	}
}

func sealRemade(t *testing.T, b sealing.Register) {
	ctx := t.Context()
	enter(t, b, sealing.Record{ID: "1", State: sealing.SealActive, Office: "o"})
	enter(t, b, sealing.Record{ID: "taken"})
	m := sealing.Move{Seal: "1", From: sealing.SealActive, To: sealing.SealLost, Event: sealing.Event{At: noon(), By: "b", Why: "w"},
		Remake: &sealing.Record{ID: "taken", State: sealing.SealApplied, Replaces: "1"}}
	if err := b.MoveSeal(ctx, m); !errors.Is(err, sealing.ErrSealTaken) {
		t.Errorf("a remake under a taken number = %v, want ErrSealTaken", err)
	}
	if r, err := b.Seal(ctx, "1"); err != nil || r.State != sealing.SealActive {
		t.Errorf("the seal is %s, %v; want it as it was", r.State, err)
	}
	m.Remake.ID = "2"
	if err := b.MoveSeal(ctx, m); err != nil {
		t.Fatal(err)
	}
	old, err := b.Seal(ctx, "1")
	remake, err2 := b.Seal(ctx, "2")
	if errors.Join(err, err2) != nil || old.ReplacedBy != "2" || remake.Replaces != "1" || remake.State != sealing.SealApplied {
		t.Errorf("%+v and %+v, %v", old, remake, errors.Join(err, err2))
	}
	_, err = b.AddSeal(ctx, sealing.Record{ID: "3", State: sealing.SealApplied, Replaces: "1"}, sealing.Event{At: noon()}, sealing.Idempotency{})
	if !errors.Is(err, sealing.ErrMoved) {
		t.Errorf("a second remake = %v, want ErrMoved", err)
	}
	if _, err := b.Seal(ctx, "3"); !errors.Is(err, sealing.ErrNoSeal) {
		t.Errorf("it is there all the same: %v", err)
	}
}

func sealFiling(t *testing.T, b sealing.Register) {
	for _, id := range []string{"1", "2"} {
		enter(t, b, sealing.Record{ID: id, State: sealing.SealMade})
	}
	record := func(id string) error {
		return b.MoveSeal(t.Context(), sealing.Move{Seal: id, From: sealing.SealMade, To: sealing.SealRecorded, Filing: "f", Event: sealing.Event{At: noon()}})
	}
	if err := record("1"); err != nil {
		t.Fatal(err)
	}
	if err := record("2"); !errors.Is(err, sealing.ErrFilingTaken) {
		t.Errorf("the same number again = %v, want ErrFilingTaken", err)
	}
	if r, err := b.Seal(t.Context(), "2"); err != nil || r.State != sealing.SealMade {
		t.Errorf("it is %s, %v", r.State, err)
	}
}

func sealPages(t *testing.T, b sealing.Register) {
	for n := range 7 {
		enter(t, b, sealing.Record{ID: fmt.Sprint("s", n), Office: fmt.Sprint("o", n%2), State: []sealing.SealState{sealing.SealApplied, sealing.SealActive}[n/4]})
	}
	for name, c := range map[string]struct {
		q    sealing.Query
		want []string
	}{
		"all":         {sealing.Query{}, []string{"s0", "s1", "s2", "s3", "s4", "s5", "s6"}},
		"a page":      {sealing.Query{After: "s1", Limit: 2}, []string{"s2", "s3"}},
		"an office":   {sealing.Query{Office: "o1"}, []string{"s1", "s3", "s5"}},
		"a state":     {sealing.Query{State: sealing.SealActive}, []string{"s4", "s5", "s6"}},
		"both":        {sealing.Query{Office: "o0", State: sealing.SealActive}, []string{"s4", "s6"}},
		"nobody's":    {sealing.Query{Office: "o2"}, nil},
		"the end":     {sealing.Query{After: "s6"}, nil},
		"far too big": {sealing.Query{Limit: 1 << 30, After: "s5"}, []string{"s6"}},
	} {
		found, err := b.Seals(t.Context(), c.q)
		var got []string
		for _, r := range found {
			got = append(got, r.ID)
		}
		if err != nil || !cmp.Equal(got, c.want) {
			t.Errorf("%s = %v, %v; want %v", name, got, err, c.want)
		}
	}
}

func sealsDue(t *testing.T, b sealing.Register) {
	ctx := t.Context()
	for id, s := range map[string]struct {
		end   time.Duration
		state sealing.SealState
	}{
		"1": {-time.Hour, sealing.SealActive}, "2": {0, sealing.SealSuspended}, "3": {time.Hour, sealing.SealActive},
		"4": {-time.Hour, sealing.SealCancelled}, "5": {time.Hour, sealing.SealLost}, "6": {-time.Hour, sealing.SealExpired},
	} {
		enter(t, b, sealing.Record{ID: id})
		moveOn(t, b, id, sealing.SealApplied, sealing.SealApproved)
		m := sealing.Move{Seal: id, From: sealing.SealApproved, To: sealing.SealMade, Data: []byte("x"), Signer: []byte("y"), Made: noon(),
			NotAfter: noon().Add(s.end), Event: sealing.Event{At: noon()}}
		if err := b.MoveSeal(ctx, m); err != nil {
			t.Fatal(err)
		}
		moveOn(t, b, id, sealing.SealMade, s.state)
	}
	enter(t, b, sealing.Record{ID: "7", State: sealing.SealApplied})
	enter(t, b, sealing.Record{ID: "8", State: sealing.SealCancelled}) // an application that was refused has no certificate
	due := func() (got []string) {
		t.Helper()
		page, err := b.SealsDue(ctx, noon(), "", 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			got = append(got, r.ID)
		}
		return got
	}
	if got := due(); !cmp.Equal(got, []string{"1", "2", "4", "5"}) {
		t.Errorf("due are %v", got)
	}
	for _, id := range []string{"4", "5"} {
		if err := b.RevokedSeal(ctx, id, sealing.Event{At: noon(), What: sealing.DidRevoke}); err != nil {
			t.Fatal(err)
		}
	}
	if got := due(); !cmp.Equal(got, []string{"1", "2"}) {
		t.Errorf("after revoking, due are %v", got)
	}
	if page, err := b.SealsDue(ctx, noon(), "1", 1); err != nil || len(page) != 1 || page[0].ID != "2" {
		t.Errorf("a page after 1 = %v, %v", page, err)
	}
}
