package foureyes_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"yinzheng/internal/auth"
	"yinzheng/internal/foureyes"
)

func TestOneOfManyApproversHasItDone(t *testing.T) {
	w := newWorld(t)
	p := w.propose(t, first, "count")
	desks := []*foureyes.Desk{w.Desk, w.desk(t, w.db, w.db)} // as two processes
	var won, lost atomic.Int32
	var wg sync.WaitGroup
	for n := range 32 {
		wg.Go(func() {
			by := auth.Caller{ID: "approver " + string(rune('a'+n)), Actions: approver.Actions}
			switch _, err := desks[n%2].Approve(t.Context(), by, p.ID); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, foureyes.ErrMoved):
				lost.Add(1)
			default:
				t.Errorf("Approve: %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || lost.Load() != 31 || w.runs.Load() != 1 {
		t.Errorf("%d won, %d lost, %d runs", won.Load(), lost.Load(), w.runs.Load())
	}
}

func TestApprovingAndRejectingAtOnceHaveOneOutcome(t *testing.T) {
	w := newWorld(t)
	for range 20 {
		p, before := w.propose(t, first, "count"), w.runs.Load()
		var approved, rejected error
		var wg sync.WaitGroup
		wg.Go(func() { _, approved = w.Approve(t.Context(), second, p.ID) })
		wg.Go(func() { _, rejected = w.Reject(t.Context(), approver, p.ID) })
		wg.Wait()
		if ran := w.runs.Load() - before; (approved == nil) == (rejected == nil) || (approved == nil) != (ran == 1) {
			t.Fatalf("approved %v, rejected %v, %d runs", approved, rejected, ran)
		}
	}
}

func TestFailedActSaysWhyAndIsNotDoneAgain(t *testing.T) {
	w := newWorld(t)
	p := w.propose(t, first, "fail")
	got, err := w.Approve(t.Context(), second, p.ID)
	if !errors.Is(err, foureyes.ErrFailed) || !errors.Is(err, errAct) || got.State != foureyes.Failed {
		t.Errorf("Approve = %+v, %v; want ErrFailed with its reason", got, err)
	}
	w.stands(t, p.ID, foureyes.Failed, errAct.Error())
	if _, err := w.Approve(t.Context(), approver, p.ID); !errors.Is(err, foureyes.ErrMoved) {
		t.Errorf("again = %v, want ErrMoved", err)
	}
	if err := w.Resume(t.Context()); err != nil {
		t.Error(err)
	}
	w.recorded(t, p.ID, "operator-1 four-eyes.proposed", "operator-2 four-eyes.approved", "operator-2 four-eyes.failed")
}

func TestPanicOfAnActFailsItAndTellsNoSecret(t *testing.T) {
	w := newWorld(t)
	for act, want := range map[string]string{
		"panic": "the act panicked",
		"index": "the act panicked: runtime error: index out of range [22] with length 22",
	} {
		p := w.propose(t, first, act)
		if _, err := w.Approve(t.Context(), second, p.ID); !errors.Is(err, foureyes.ErrFailed) || strings.Contains(err.Error(), "PIN") {
			t.Errorf("%s = %v, want ErrFailed", act, err)
		}
		w.stands(t, p.ID, foureyes.Failed, want)
	}
}

func TestApprovedAndNotDoneIsDoneWhenResumed(t *testing.T) {
	w := newWorld(t)
	p := w.propose(t, first, "count")
	dying := w.desk(t, noOutcome{w.db}, w.db)
	if _, err := dying.Approve(t.Context(), second, p.ID); !errors.Is(err, errDead) {
		t.Fatalf("Approve = %v, want the fault", err)
	}
	w.stands(t, p.ID, foureyes.Approved, "")
	if err := dying.Resume(t.Context()); !errors.Is(err, errDead) {
		t.Errorf("Resume = %v, want the fault", err)
	}
	w.later(2 * foureyes.Life) // it was approved in time
	for range 2 {
		if err := w.desk(t, w.db, w.db).Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if w.runs.Load() != 3 {
		t.Errorf("%d runs, want 3: one in each life until its outcome was kept", w.runs.Load())
	}
	w.stands(t, p.ID, foureyes.Done, "counted")
	if got, err := w.db.Proposal(t.Context(), p.ID); err != nil || got.DecidedBy != second.ID || !got.DecidedAt.Before(got.Expires) {
		t.Errorf("decided by %s at %s, %v; want by who approved, then", got.DecidedBy, got.DecidedAt, err)
	}
}

func TestNoActRunsWithoutItsRecord(t *testing.T) {
	w := newWorld(t)
	if _, err := w.desk(t, w.db, deaf{w.db, "four-eyes.proposed"}).Propose(t.Context(), first, "count", nil); !errors.Is(err, errDead) {
		t.Errorf("Propose = %v, want the fault", err)
	}
	if page, err := w.Proposals(t.Context(), first, "", "", 10); err != nil || len(page) != 0 {
		t.Errorf("%d proposals without a record, %v", len(page), err)
	}
	p := w.propose(t, first, "count")
	if _, err := w.desk(t, w.db, deaf{w.db, "four-eyes.approved"}).Approve(t.Context(), second, p.ID); !errors.Is(err, errDead) {
		t.Errorf("Approve = %v, want the fault", err)
	}
	if w.runs.Load() != 0 {
		t.Error("the act ran without its record")
	}
	w.stands(t, p.ID, foureyes.Approved, "")
	if err := w.desk(t, w.db, deaf{w.db, "four-eyes.done"}).Resume(t.Context()); !errors.Is(err, errDead) {
		t.Errorf("Resume = %v, want the fault", err)
	}
	w.stands(t, p.ID, foureyes.Approved, "")
	if err := w.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.stands(t, p.ID, foureyes.Done, "counted")
	w.recorded(t, p.ID, "operator-1 four-eyes.proposed", "operator-2 four-eyes.approved", "operator-2 four-eyes.approved",
		"operator-2 four-eyes.done")
}

func TestResumeLeavesAloneWhatThisProcessIsRunning(t *testing.T) {
	w := newWorld(t)
	inside, leave := make(chan struct{}), make(chan struct{})
	w.acts["slow"] = func(context.Context, foureyes.Proposal) (string, error) {
		w.runs.Add(1)
		close(inside)
		<-leave
		return "slow", nil
	}
	w.Desk = w.desk(t, w.db, w.db)
	p := w.propose(t, first, "slow")
	done := make(chan error)
	go func() {
		_, err := w.Approve(context.WithoutCancel(t.Context()), second, p.ID)
		done <- err
	}()
	<-inside
	err := w.Resume(t.Context())
	close(leave)
	if err := errors.Join(err, <-done); err != nil {
		t.Error(err)
	}
	if w.runs.Load() != 1 {
		t.Errorf("%d runs, want 1", w.runs.Load())
	}
	w.stands(t, p.ID, foureyes.Done, "slow")
}

func TestApproverWhoLeavesDoesNotEndTheAct(t *testing.T) {
	w := newWorld(t)
	ctx, leave := context.WithCancel(t.Context())
	w.acts["leave"] = func(act context.Context, _ foureyes.Proposal) (string, error) {
		leave()
		end, bounded := act.Deadline()
		if !bounded || time.Until(end) > foureyes.ActTime {
			return "", errors.New("the act has no bound")
		}
		return "all the same", act.Err()
	}
	w.Desk = w.desk(t, w.db, w.db)
	p := w.propose(t, first, "leave")
	if _, err := w.Approve(ctx, second, p.ID); err != nil {
		t.Errorf("Approve: %v", err)
	}
	w.stands(t, p.ID, foureyes.Done, "all the same")
	another := w.propose(t, first, "count")
	if _, err := w.Approve(ctx, second, another.ID); !errors.Is(err, context.Canceled) || w.runs.Load() != 0 {
		t.Errorf("who left before = %v, %d runs; want context.Canceled", err, w.runs.Load())
	}
	w.stands(t, another.ID, foureyes.Proposed, "")
}

func TestOutcomeIsTextOfBoundedLength(t *testing.T) {
	w := newWorld(t)
	w.acts["long"] = func(context.Context, foureyes.Proposal) (string, error) {
		return "a\x00\xff" + strings.Repeat("证", foureyes.MaxOutcome), nil
	}
	w.Desk = w.desk(t, w.db, w.db)
	p, err := w.Approve(t.Context(), second, w.propose(t, first, "long").ID)
	if err != nil || len(p.Outcome) > foureyes.MaxOutcome || len(p.Outcome) < foureyes.MaxOutcome-3 || !utf8.ValidString(p.Outcome) ||
		!strings.HasPrefix(p.Outcome, "a\uFFFD\uFFFD证") {
		t.Errorf("the outcome has %d bytes, %v", len(p.Outcome), err)
	}
	w.stands(t, p.ID, foureyes.Done, p.Outcome)
}
