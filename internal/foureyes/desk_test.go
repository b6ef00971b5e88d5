package foureyes_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/auth"
	"yinzheng/internal/foureyes"
)

func TestNothingIsDoneBeforeAnotherApproves(t *testing.T) {
	w := newWorld(t)
	p := w.propose(t, first, "count")
	if p.State != foureyes.Proposed || p.By != first.ID || !p.Expires.Equal(p.At.Add(foureyes.Life)) || w.runs.Load() != 0 {
		t.Errorf("proposed: %+v, %d runs", p, w.runs.Load())
	}
	if want := rawOf(t, map[string]string{"authority": "00a1ff"}); string(p.Detail) != string(want) {
		t.Errorf("the detail is %s, want %s", p.Detail, want)
	}
	w.later(time.Hour)
	done, err := w.Approve(t.Context(), second, p.ID)
	if err != nil || done.State != foureyes.Done || done.DecidedBy != second.ID || done.Outcome != "counted" || w.runs.Load() != 1 {
		t.Errorf("approved: %+v, %v, %d runs", done, err, w.runs.Load())
	}
	stored, err := w.Proposal(t.Context(), proposer, p.ID)
	if err != nil || stored.State != foureyes.Done || !stored.DecidedAt.Equal(done.DecidedAt) || string(stored.Detail) != string(p.Detail) {
		t.Errorf("stored: %+v, %v", stored, err)
	}
	if _, err := w.Approve(t.Context(), approver, p.ID); !errors.Is(err, foureyes.ErrMoved) || w.runs.Load() != 1 {
		t.Errorf("approved again = %v, %d runs; want ErrMoved", err, w.runs.Load())
	}
	w.recorded(t, p.ID, "operator-1 four-eyes.proposed", "operator-2 four-eyes.approved", "operator-2 four-eyes.done")
}

func TestNobodyApprovesTheirOwnProposal(t *testing.T) {
	w := newWorld(t)
	p := w.propose(t, first, "count")
	for _, id := range []string{first.ID, "Operator-1", " operator-1"} {
		by := first
		by.ID = id
		if _, err := w.Approve(t.Context(), by, p.ID); !errors.Is(err, foureyes.ErrSelf) {
			t.Errorf("%q approves their own = %v, want ErrSelf", id, err)
		}
	}
	if w.runs.Load() != 0 {
		t.Error("the act ran")
	}
	w.stands(t, p.ID, foureyes.Proposed, "")
	w.recorded(t, p.ID, "operator-1 four-eyes.proposed", "operator-1 four-eyes.refused", "Operator-1 four-eyes.refused",
		" operator-1 four-eyes.refused")
}

func TestOnlyWhoMayDoesAndNothingIsToldToOthers(t *testing.T) {
	w := newWorld(t)
	p := w.propose(t, proposer, "count")
	for name, try := range map[string]func(by auth.Caller, id string) error{
		"Approve":  func(by auth.Caller, id string) error { _, err := w.Approve(t.Context(), by, id); return err },
		"Reject":   func(by auth.Caller, id string) error { _, err := w.Reject(t.Context(), by, id); return err },
		"Proposal": func(by auth.Caller, id string) error { _, err := w.Proposal(t.Context(), by, id); return err },
		"Propose": func(by auth.Caller, _ string) error {
			_, err := w.Propose(t.Context(), by, "count", nil)
			return err
		},
		"Proposals": func(by auth.Caller, _ string) error {
			_, err := w.Proposals(t.Context(), by, "", "", 10)
			return err
		},
	} {
		for _, by := range []auth.Caller{{}, stranger, {Actions: first.Actions}} {
			for _, id := range []string{p.ID, "nothing"} {
				if err := try(by, id); !errors.Is(err, auth.ErrDenied) {
					t.Errorf("%s(%s) by %q = %v, want ErrDenied", name, id, by.ID, err)
				}
			}
		}
	}
	if _, err := w.Propose(t.Context(), approver, "count", nil); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("an approver proposes = %v, want ErrDenied", err)
	}
	other := proposer
	other.ID = "another proposer"
	if _, err := w.Approve(t.Context(), other, p.ID); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("a proposer approves = %v, want ErrDenied", err)
	}
	if _, err := w.Reject(t.Context(), other, p.ID); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("another proposer rejects = %v, want ErrDenied", err)
	}
	w.stands(t, p.ID, foureyes.Proposed, "")
	w.recorded(t, p.ID, "proposer four-eyes.proposed")
}

func TestRejectedProposalIsNeverDone(t *testing.T) {
	w := newWorld(t)
	rejected, withdrawn := w.propose(t, proposer, "count"), w.propose(t, proposer, "count")
	if p, err := w.Reject(t.Context(), approver, rejected.ID); err != nil || p.State != foureyes.Rejected || p.DecidedBy != approver.ID {
		t.Errorf("Reject = %+v, %v", p, err)
	}
	if p, err := w.Reject(t.Context(), proposer, withdrawn.ID); err != nil || p.State != foureyes.Rejected {
		t.Errorf("withdrawing = %+v, %v", p, err)
	}
	for _, p := range []foureyes.Proposal{rejected, withdrawn} {
		if _, err := w.Approve(t.Context(), approver, p.ID); !errors.Is(err, foureyes.ErrMoved) {
			t.Errorf("approved afterwards = %v, want ErrMoved", err)
		}
		if _, err := w.Reject(t.Context(), approver, p.ID); !errors.Is(err, foureyes.ErrMoved) {
			t.Errorf("rejected again = %v, want ErrMoved", err)
		}
	}
	w.stands(t, rejected.ID, foureyes.Rejected, "rejected")
	w.stands(t, withdrawn.ID, foureyes.Rejected, "withdrawn")
	w.recorded(t, rejected.ID, "proposer four-eyes.proposed", "approver four-eyes.rejected")
	w.recorded(t, withdrawn.ID, "proposer four-eyes.proposed", "proposer four-eyes.rejected")
	if _, err := w.Reject(t.Context(), approver, "nothing"); !errors.Is(err, foureyes.ErrNoProposal) {
		t.Errorf("Reject of nothing = %v, want ErrNoProposal", err)
	}
	if w.runs.Load() != 0 {
		t.Error("the act ran")
	}
}

func TestProposalExpires(t *testing.T) {
	w := newWorld(t)
	late, early, last := w.propose(t, first, "count"), w.propose(t, first, "count"), w.propose(t, first, "count")
	w.later(foureyes.Life - time.Microsecond)
	if _, err := w.Approve(t.Context(), second, early.ID); err != nil {
		t.Errorf("just before its end: %v", err)
	}
	w.later(2 * time.Microsecond)
	for range 2 {
		if _, err := w.Approve(t.Context(), second, late.ID); !errors.Is(err, foureyes.ErrExpired) {
			t.Errorf("after its end = %v, want ErrExpired", err)
		}
	}
	if _, err := w.Reject(t.Context(), second, late.ID); !errors.Is(err, foureyes.ErrExpired) {
		t.Errorf("rejected after its end = %v, want ErrExpired", err)
	}
	w.stands(t, late.ID, foureyes.Expired, "")
	w.recorded(t, late.ID, "operator-1 four-eyes.proposed", "operator-1 four-eyes.expired")
	w.stands(t, last.ID, foureyes.Proposed, "")
	if err := w.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.stands(t, last.ID, foureyes.Expired, "")
	if w.runs.Load() != 1 {
		t.Errorf("%d runs, want 1", w.runs.Load())
	}
}

func TestDetailIsBounded(t *testing.T) {
	w := newWorld(t)
	for name, detail := range map[string]any{"one byte too many": strings.Repeat("x", foureyes.MaxDetail-1), "a channel": make(chan int)} {
		if _, err := w.Propose(t.Context(), first, "count", detail); !errors.Is(err, foureyes.ErrDetail) {
			t.Errorf("%s = %v, want ErrDetail", name, err)
		}
	}
	p, err := w.Propose(t.Context(), first, "count", strings.Repeat("x", foureyes.MaxDetail-2))
	if err != nil || len(p.Detail) != foureyes.MaxDetail {
		t.Errorf("the largest has %d bytes, %v", len(p.Detail), err)
	}
}

func TestWaitingProposalsAreBounded(t *testing.T) {
	w := newWorld(t)
	for range foureyes.MaxOpen {
		w.propose(t, first, "count")
	}
	if _, err := w.Propose(t.Context(), first, "count", nil); !errors.Is(err, foureyes.ErrTooMany) {
		t.Errorf("one more = %v, want ErrTooMany", err)
	}
	page, err := w.Proposals(t.Context(), approver, foureyes.Proposed, "", 1000)
	if err != nil || len(page) != foureyes.MaxOpen {
		t.Fatalf("%d wait, %v", len(page), err)
	}
	if _, err := w.Reject(t.Context(), second, page[7].ID); err != nil {
		t.Fatal(err)
	}
	w.propose(t, first, "count")
	w.later(foureyes.Life)
	w.propose(t, first, "count") // those that are overdue make room
	if page, err := w.Proposals(t.Context(), approver, foureyes.Proposed, "", 1000); err != nil || len(page) != 1 {
		t.Errorf("%d wait after a week, %v; want 1", len(page), err)
	}
}

func TestProposalsAreListedInTheOrderOfTime(t *testing.T) {
	w := newWorld(t)
	var want, got []string
	for range 12 {
		want = append(want, w.propose(t, first, "count").ID)
		w.later(7 * time.Hour) // over midnight and the end of a month
	}
	for after := ""; ; after = got[len(got)-1] {
		page, err := w.Proposals(t.Context(), approver, "", after, 5)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, p := range page {
			got = append(got, p.ID)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
}

func TestUnknownActIsRefusedAndNothingHappens(t *testing.T) {
	w := newWorld(t)
	if _, err := w.Propose(t.Context(), first, "no such act", nil); !errors.Is(err, foureyes.ErrUnknownAct) {
		t.Errorf("Propose = %v, want ErrUnknownAct", err)
	}
	p := w.propose(t, first, "count")
	delete(w.acts, "count") // an older program
	older := w.desk(t, w.db, w.db)
	if _, err := older.Approve(t.Context(), second, p.ID); !errors.Is(err, foureyes.ErrUnknownAct) {
		t.Errorf("Approve = %v, want ErrUnknownAct", err)
	}
	w.stands(t, p.ID, foureyes.Proposed, "")
	if err := w.db.Decide(t.Context(), p.ID, foureyes.Proposed, foureyes.Approved, second.ID, w.clock(), ""); err != nil {
		t.Fatal(err)
	}
	if err := older.Resume(t.Context()); !errors.Is(err, foureyes.ErrUnknownAct) {
		t.Errorf("Resume = %v, want ErrUnknownAct", err)
	}
	w.stands(t, p.ID, foureyes.Approved, "")
}

func TestDeskNeedsAllOfItsConfig(t *testing.T) {
	w := newWorld(t)
	whole := foureyes.Config{Store: w.db, Audit: w.db, Now: w.clock, Acts: w.acts}
	for name, spoil := range map[string]func(*foureyes.Config){
		"no store":        func(c *foureyes.Config) { c.Store = nil },
		"no audit record": func(c *foureyes.Config) { c.Audit = nil },
		"no clock":        func(c *foureyes.Config) { c.Now = nil },
		"no acts":         func(c *foureyes.Config) { c.Acts = nil },
		"an empty act":    func(c *foureyes.Config) { c.Acts = map[string]foureyes.Act{"x": nil} },
	} {
		c := whole
		spoil(&c)
		if _, err := foureyes.New(c); !errors.Is(err, foureyes.ErrConfig) {
			t.Errorf("%s = %v, want ErrConfig", name, err)
		}
	}
}
