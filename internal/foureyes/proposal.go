// Package foureyes is dual control: what one person proposes is done only when another approves it. A proposal never
// changes once it is made, so what is approved is what was read; every step is in the audit record.
package foureyes

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"yinzheng/internal/audit"
)

// Limits of a proposal.
const (
	// Life is how long a proposal waits for a second person. A week covers a holiday; what is older was forgotten, and the
	// world that it was made for has moved on.
	Life = 7 * 24 * time.Hour
	// MaxDetail bounds what a proposal says, in bytes of JSON: a person has to read it before approving.
	MaxDetail = 16 << 10
	// MaxOutcome bounds what an act reports, in bytes; more is cut.
	MaxOutcome = 2 << 10
	// MaxOpen bounds the proposals that wait at once: more than that nobody reads.
	MaxOpen = 200
	// MaxPage bounds the proposals of one answer.
	MaxPage = 500
	// ActTime bounds one act. A caller who leaves does not end it.
	ActTime = 5 * time.Minute
)

// State is where a proposal stands.
type State string

// The states: proposed → approved → done or failed; proposed → rejected or expired.
const (
	Proposed State = "proposed"
	Approved State = "approved" // its act is running, or will be run again by Resume
	Done     State = "done"
	Failed   State = "failed"
	Rejected State = "rejected"
	Expired  State = "expired"
)

// Proposal is something that two people must want.
type Proposal struct {
	ID        string          // sorts by time
	Act       string          // name of what is to be done
	Detail    json.RawMessage // with what; at most MaxDetail bytes, no secrets
	By        string          // caller who proposed
	At        time.Time
	Expires   time.Time
	State     State
	DecidedBy string    // caller who approved or rejected; "" while Proposed and when Expired
	DecidedAt time.Time // zero while Proposed
	Outcome   string    // of the act: what came of it, or why it failed
}

// Errors of a store.
var (
	ErrNoProposal = errors.New("foureyes: no such proposal")
	ErrMoved      = errors.New("foureyes: the proposal is decided already")
)

// Store keeps proposals. Every change is durable on return.
type Store interface {
	// PutProposal stores a new proposal; an ID that is taken is an error.
	PutProposal(ctx context.Context, p Proposal) error
	// Proposal returns one proposal, or ErrNoProposal.
	Proposal(ctx context.Context, id string) (Proposal, error)
	// Proposals returns up to n proposals, at most MaxPage, in a state ("" for any) in ascending order of their IDs, those
	// after an ID.
	Proposals(ctx context.Context, state State, after string, n int) ([]Proposal, error)
	// Decide moves a proposal from one state to another and writes who decided, when and what came of it. Of any number of
	// callers one wins: ErrNoProposal, ErrMoved.
	Decide(ctx context.Context, id string, from, to State, by string, at time.Time, outcome string) error
}

// Act does what a proposal says and reports what came of it. It may run again after a crash, also while the first run has
// not ended in another process: doing it twice must be as doing it once. Its outcome and its error are shown and kept: they
// hold no secrets.
type Act func(ctx context.Context, p Proposal) (outcome string, err error)

// Config is what a Desk works with.
type Config struct {
	Store Store
	Audit audit.Log
	Now   func() time.Time
	Acts  map[string]Act
	Rand  io.Reader // of IDs; nil for the system's
}
