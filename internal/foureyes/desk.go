package foureyes

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"sync"
	"time"

	"yinzheng/internal/audit"
	"yinzheng/internal/auth"
	"yinzheng/internal/gm"
)

// Reasons for which a Desk refuses, beside auth.ErrDenied.
var (
	ErrConfig     = errors.New("foureyes: store, audit record, clock and acts are needed")
	ErrSelf       = errors.New("foureyes: nobody approves what they proposed themselves")
	ErrExpired    = errors.New("foureyes: the proposal has expired")
	ErrUnknownAct = errors.New("foureyes: no such act")
	ErrDetail     = errors.New("foureyes: the detail is not fit for a proposal")
	ErrTooMany    = errors.New("foureyes: too many proposals wait")
	ErrFailed     = errors.New("foureyes: the act failed")
)

// What the audit record calls the steps. A refusal is recorded when somebody tries to approve their own proposal.
const (
	actionProposed = "four-eyes.proposed"
	actionApproved = "four-eyes.approved"
	actionDone     = "four-eyes.done"
	actionFailed   = "four-eyes.failed"
	actionRejected = "four-eyes.rejected"
	actionExpired  = "four-eyes.expired"
	actionRefused  = "four-eyes.refused"
)

// Desk is where proposals are made and decided. It is safe for concurrent use, and several processes may have a Desk over
// one store.
type Desk struct {
	c       Config
	mu      sync.Mutex
	running map[string]bool // proposals whose act this process is running
}

// New returns a Desk. Errors: ErrConfig.
func New(c Config) (*Desk, error) {
	if c.Store == nil || c.Audit == nil || c.Now == nil || len(c.Acts) == 0 {
		return nil, ErrConfig
	}
	for name, act := range c.Acts {
		if name == "" || act == nil {
			return nil, fmt.Errorf("%w: act %q is nothing", ErrConfig, name)
		}
	}
	c.Acts = maps.Clone(c.Acts)
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	return &Desk{c: c, running: map[string]bool{}}, nil
}

// Propose makes a proposal and returns it; nothing is done yet. The detail is encoded as JSON: no secrets. The caller needs
// auth.OperateCA. Errors: auth.ErrDenied, ErrUnknownAct, ErrDetail, ErrTooMany.
func (d *Desk) Propose(ctx context.Context, by auth.Caller, act string, detail any) (Proposal, error) {
	if err := by.May(auth.OperateCA); err != nil {
		return Proposal{}, err
	}
	if d.c.Acts[act] == nil {
		return Proposal{}, fmt.Errorf("proposing: %w: %q", ErrUnknownAct, act)
	}
	text, err := json.Marshal(detail)
	if err != nil {
		return Proposal{}, fmt.Errorf("proposing %s: %w: %w", act, ErrDetail, err)
	}
	if len(text) > MaxDetail {
		return Proposal{}, fmt.Errorf("proposing %s: %w: %d bytes, at most %d", act, ErrDetail, len(text), MaxDetail)
	}
	if err := d.room(ctx); err != nil {
		return Proposal{}, fmt.Errorf("proposing %s: %w", act, err)
	}
	now := d.c.Now().UTC().Truncate(time.Microsecond) // as stores keep it
	p := Proposal{Act: act, Detail: text, By: by.ID, At: now, Expires: now.Add(Life), State: Proposed}
	if p.ID, err = d.newID(now); err != nil {
		return Proposal{}, fmt.Errorf("proposing %s: %w", act, err)
	}
	if err := d.record(ctx, p, by.ID, actionProposed, act+", detail sm3 "+gm.Sum(text).String()); err != nil {
		return Proposal{}, err
	}
	if err := d.c.Store.PutProposal(ctx, p); err != nil {
		return Proposal{}, fmt.Errorf("proposing %s: %w", act, err)
	}
	return p, nil
}

// room makes sure that fewer than MaxOpen proposals wait; those that are overdue go first.
func (d *Desk) room(ctx context.Context) error {
	open, err := d.c.Store.Proposals(ctx, Proposed, "", MaxOpen)
	if err != nil || len(open) < MaxOpen {
		return err
	}
	left := len(open)
	for _, p := range open {
		gone, err := d.expire(ctx, p)
		if err != nil {
			return err
		}
		if gone {
			left--
		}
	}
	if left == MaxOpen {
		return fmt.Errorf("%w: %d", ErrTooMany, left)
	}
	return nil
}

// newID makes an ID that sorts by time and that two people can read to each other.
func (d *Desk) newID(now time.Time) (string, error) {
	random := make([]byte, 5)
	if _, err := io.ReadFull(d.c.Rand, random); err != nil {
		return "", fmt.Errorf("numbering: %w", err)
	}
	return now.Format("20060102-150405-") + hex.EncodeToString(random), nil
}

// Proposal returns one proposal to a caller with auth.OperateCA or auth.ApproveCA. Errors: auth.ErrDenied, ErrNoProposal.
func (d *Desk) Proposal(ctx context.Context, by auth.Caller, id string) (Proposal, error) {
	if err := mayRead(by); err != nil {
		return Proposal{}, err
	}
	p, err := d.c.Store.Proposal(ctx, id)
	if err != nil {
		return Proposal{}, fmt.Errorf("reading proposal %s: %w", id, err)
	}
	return p, nil
}

// Proposals returns up to n proposals, at most MaxPage, in a state ("" for any), oldest first, those after an ID, to a
// caller with auth.OperateCA or auth.ApproveCA. One that is overdue is still Proposed until somebody touches it.
func (d *Desk) Proposals(ctx context.Context, by auth.Caller, state State, after string, n int) ([]Proposal, error) {
	if err := mayRead(by); err != nil {
		return nil, err
	}
	found, err := d.c.Store.Proposals(ctx, state, after, min(n, MaxPage))
	if err != nil {
		return nil, fmt.Errorf("listing proposals: %w", err)
	}
	return found, nil
}

func mayRead(by auth.Caller) error {
	if by.May(auth.OperateCA) == nil {
		return nil
	}
	return by.May(auth.ApproveCA)
}

// SamePerson reports whether two caller IDs are one person's. Letters of another case do not make another person.
func SamePerson(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}

// record writes a step into the audit record.
func (d *Desk) record(ctx context.Context, p Proposal, by, action, detail string) error {
	_, err := d.c.Audit.Append(ctx, audit.Entry{At: d.c.Now(), Caller: by, Action: action, Object: p.ID, Detail: detail})
	if err != nil {
		return fmt.Errorf("recording %s of proposal %s: %w", action, p.ID, err)
	}
	return nil
}
