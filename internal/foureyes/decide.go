package foureyes

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"

	"yinzheng/internal/auth"
	"yinzheng/internal/gm"
)

// Approve has the act of a proposal run, and returns the proposal when it is Done or Failed. The caller needs auth.ApproveCA
// and is another than who proposed. Once decided, a ctx that ends changes nothing.
// Errors: auth.ErrDenied, ErrNoProposal, ErrSelf, ErrMoved, ErrExpired, ErrUnknownAct, ErrFailed with the act's own error.
func (d *Desk) Approve(ctx context.Context, by auth.Caller, id string) (Proposal, error) {
	if err := by.May(auth.ApproveCA); err != nil {
		return Proposal{}, err
	}
	p, err := d.open(ctx, id)
	if err != nil {
		return p, fmt.Errorf("approving proposal %s: %w", id, err)
	}
	if SamePerson(by.ID, p.By) {
		return p, errors.Join(fmt.Errorf("approving proposal %s: %w", id, ErrSelf),
			d.record(ctx, p, by.ID, actionRefused, "proposed by the same person"))
	}
	if d.c.Acts[p.Act] == nil {
		return p, fmt.Errorf("approving proposal %s: %w: %q", id, ErrUnknownAct, p.Act)
	}
	if !d.claim(id) {
		return p, fmt.Errorf("approving proposal %s: %w", id, ErrMoved)
	}
	defer d.release(id)
	p.State, p.DecidedBy, p.DecidedAt = Approved, by.ID, d.c.Now().UTC().Truncate(time.Microsecond)
	if err := d.c.Store.Decide(ctx, id, Proposed, Approved, p.DecidedBy, p.DecidedAt, ""); err != nil {
		return Proposal{}, fmt.Errorf("approving proposal %s: %w", id, err)
	}
	return d.execute(context.WithoutCancel(ctx), p, "detail sm3 "+gm.Sum(p.Detail).String())
}

// Reject ends a proposal. The caller needs auth.ApproveCA; who proposed may withdraw with auth.OperateCA.
// Errors: auth.ErrDenied, ErrNoProposal, ErrMoved, ErrExpired.
func (d *Desk) Reject(ctx context.Context, by auth.Caller, id string) (Proposal, error) {
	if err := mayRead(by); err != nil {
		return Proposal{}, err
	}
	p, err := d.open(ctx, id)
	if err != nil {
		return p, fmt.Errorf("rejecting proposal %s: %w", id, err)
	}
	why := "rejected"
	if SamePerson(by.ID, p.By) {
		why = "withdrawn"
	} else if err := by.May(auth.ApproveCA); err != nil {
		return Proposal{}, err
	}
	p.State, p.DecidedBy, p.DecidedAt, p.Outcome = Rejected, by.ID, d.c.Now().UTC().Truncate(time.Microsecond), why
	if err := d.c.Store.Decide(ctx, id, Proposed, Rejected, p.DecidedBy, p.DecidedAt, why); err != nil {
		return Proposal{}, fmt.Errorf("rejecting proposal %s: %w", id, err)
	}
	return p, d.record(context.WithoutCancel(ctx), p, by.ID, actionRejected, why)
}

// Resume ends what is overdue and runs the acts of proposals that were approved and not done when a process ended. An act
// that fails then is no error of Resume: its proposal says so. To be called when a process starts.
func (d *Desk) Resume(ctx context.Context) error {
	var errs []error
	errs = append(errs, d.each(ctx, Proposed, func(p Proposal) error {
		_, err := d.expire(ctx, p)
		return err
	}))
	errs = append(errs, d.each(ctx, Approved, func(p Proposal) error {
		if d.c.Acts[p.Act] == nil {
			return fmt.Errorf("resuming proposal %s: %w: %q", p.ID, ErrUnknownAct, p.Act)
		}
		if !d.claim(p.ID) {
			return nil
		}
		defer d.release(p.ID)
		now, err := d.c.Store.Proposal(ctx, p.ID) // since the page was read, this process may have done it
		if err != nil {
			return fmt.Errorf("resuming proposal %s: %w", p.ID, err)
		}
		if now.State != Approved {
			return nil
		}
		if _, err := d.execute(context.WithoutCancel(ctx), now, "resumed"); err != nil && !errors.Is(err, ErrFailed) &&
			!errors.Is(err, ErrMoved) {
			return fmt.Errorf("resuming proposal %s: %w", p.ID, err)
		}
		return nil
	}))
	return errors.Join(errs...)
}

// each calls do for every proposal in a state, one page after the other; it ends with ctx.
func (d *Desk) each(ctx context.Context, state State, do func(Proposal) error) error {
	var errs []error
	for after := ""; ; {
		page, err := d.c.Store.Proposals(ctx, state, after, MaxPage)
		if err != nil {
			return errors.Join(append(errs, fmt.Errorf("listing %s proposals: %w", state, err))...)
		}
		if len(page) == 0 {
			return errors.Join(errs...)
		}
		for _, p := range page {
			if err := ctx.Err(); err != nil {
				return errors.Join(append(errs, err)...)
			}
			errs = append(errs, do(p))
			after = p.ID
		}
	}
}

// open returns a proposal that can still be decided.
func (d *Desk) open(ctx context.Context, id string) (Proposal, error) {
	p, err := d.c.Store.Proposal(ctx, id)
	if err != nil {
		return Proposal{}, err
	}
	if p.State == Expired {
		return p, ErrExpired
	}
	if p.State != Proposed {
		return p, ErrMoved
	}
	switch gone, err := d.expire(ctx, p); {
	case err != nil:
		return p, err
	case gone:
		return p, ErrExpired
	}
	return p, nil
}

// expire ends a waiting proposal whose time is over, and reports whether it was.
func (d *Desk) expire(ctx context.Context, p Proposal) (bool, error) {
	now := d.c.Now()
	if now.Before(p.Expires) {
		return false, nil
	}
	err := d.c.Store.Decide(ctx, p.ID, Proposed, Expired, "", now, "")
	if errors.Is(err, ErrMoved) {
		return true, nil // by somebody else, just now
	}
	if err != nil {
		return false, fmt.Errorf("ending proposal %s: %w", p.ID, err)
	}
	return true, d.record(context.WithoutCancel(ctx), p, p.By, actionExpired, p.Act)
}

// execute runs the act of an approved proposal. The record comes before what it tells of: no act runs, and none ends, without
// its entry; after a crash there may be two.
func (d *Desk) execute(ctx context.Context, p Proposal, why string) (Proposal, error) {
	if err := d.record(ctx, p, p.DecidedBy, actionApproved, p.Act+", "+why); err != nil {
		return p, err // stays approved: Resume tries again
	}
	outcome, failure := run(ctx, d.c.Acts[p.Act], p)
	p.State, p.Outcome = Done, cut(outcome)
	action := actionDone
	if failure != nil {
		p.State, p.Outcome, action = Failed, cut(failure.Error()), actionFailed
	}
	if err := d.record(ctx, p, p.DecidedBy, action, p.Outcome); err != nil {
		return p, err
	}
	if err := d.c.Store.Decide(ctx, p.ID, Approved, p.State, p.DecidedBy, p.DecidedAt, p.Outcome); err != nil {
		return p, fmt.Errorf("keeping the outcome of proposal %s: %w", p.ID, err)
	}
	if failure != nil {
		return p, fmt.Errorf("approving proposal %s: %w: %w", p.ID, ErrFailed, failure)
	}
	return p, nil
}

// run runs an act for ActTime at most. A panic is its error: the text of the runtime's own panics is told, any other may hold
// what is not to be shown.
func run(ctx context.Context, act Act, p Proposal) (outcome string, err error) {
	ctx, cancel := context.WithTimeout(ctx, ActTime)
	defer cancel()
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		outcome, err = "", errors.New("the act panicked")
		if r, ok := cause.(runtime.Error); ok {
			err = fmt.Errorf("the act panicked: %w", r)
		}
	}()
	return act(ctx, p)
}

// cut makes a text that stores and people can take: valid UTF-8 without NUL (PostgreSQL refuses one), MaxOutcome bytes at most.
func cut(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	if len(s) <= MaxOutcome {
		return s
	}
	end := MaxOutcome
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// claim marks a proposal as being run by this process; false if it is already.
func (d *Desk) claim(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running[id] {
		return false
	}
	d.running[id] = true
	return true
}

func (d *Desk) release(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.running, id)
}
