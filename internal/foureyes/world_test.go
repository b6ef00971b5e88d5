package foureyes_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yinzheng/internal/audit"
	"yinzheng/internal/auth"
	"yinzheng/internal/foureyes"
	"yinzheng/internal/store"
)

// The people: two who may do everything, one who only proposes, one who only approves, one who has other work.
var (
	first    = auth.Caller{ID: "operator-1", Actions: []auth.Action{auth.OperateCA, auth.ApproveCA}}
	second   = auth.Caller{ID: "operator-2", Actions: []auth.Action{auth.OperateCA, auth.ApproveCA}}
	proposer = auth.Caller{ID: "proposer", Actions: []auth.Action{auth.OperateCA}}
	approver = auth.Caller{ID: "approver", Actions: []auth.Action{auth.ApproveCA}}
	stranger = auth.Caller{ID: "stranger", Actions: []auth.Action{auth.Operate, auth.IssueLicence}}
)

// world is a desk over books in a file.
type world struct {
	*foureyes.Desk
	db   *store.DB
	acts map[string]foureyes.Act
	runs atomic.Int32 // of the act "count"
	mu   sync.Mutex
	now  time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{URL: filepath.Join(t.TempDir(), "books.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{db: db, now: time.Date(2026, 3, 2, 12, 0, 0, 123456789, time.UTC)}
	w.acts = map[string]foureyes.Act{
		"count": func(context.Context, foureyes.Proposal) (string, error) {
			w.runs.Add(1)
			return "counted", nil
		},
		"fail": func(context.Context, foureyes.Proposal) (string, error) { return "half", errAct },
		"index": func(_ context.Context, p foureyes.Proposal) (string, error) {
			return string(p.Detail[len(p.Detail)]), nil
		},
		"panic": func(context.Context, foureyes.Proposal) (string, error) { panic("PIN 123456") },
	}
	w.Desk = w.desk(t, w.db, w.db)
	return w
}

var errAct = errors.New("the device is off")

// desk opens a desk of this world over another store or record.
func (w *world) desk(t *testing.T, s foureyes.Store, log audit.Log) *foureyes.Desk {
	t.Helper()
	d, err := foureyes.New(foureyes.Config{Store: s, Audit: log, Now: w.clock, Acts: w.acts})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) later(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) propose(t *testing.T, by auth.Caller, act string) foureyes.Proposal {
	t.Helper()
	p, err := w.Propose(t.Context(), by, act, map[string]string{"authority": "00a1ff"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// stands checks what the store has of a proposal.
func (w *world) stands(t *testing.T, id string, state foureyes.State, outcome string) {
	t.Helper()
	p, err := w.db.Proposal(t.Context(), id)
	if err != nil || p.State != state || p.Outcome != outcome {
		t.Errorf("proposal %s is %s with outcome %q, %v; want %s with %q", id, p.State, p.Outcome, err, state, outcome)
	}
}

// recorded checks who did what to a proposal, "who action" in order, and that the record is whole.
func (w *world) recorded(t *testing.T, id string, want ...string) {
	t.Helper()
	entries, err := w.db.Entries(t.Context(), 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		if e.Object == id {
			got = append(got, e.Caller+" "+e.Action)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the record of %s is %q, want %q", id, got, want)
	}
	if err := audit.Verify(t.Context(), w.db); err != nil {
		t.Error(err)
	}
}

// noOutcome is a store that dies before it keeps what came of an act.
type noOutcome struct{ foureyes.Store }

var errDead = errors.New("the disk is full")

func (s noOutcome) Decide(ctx context.Context, id string, from, to foureyes.State, by string, at time.Time, outcome string) error {
	if from == foureyes.Approved {
		return errDead
	}
	return s.Store.Decide(ctx, id, from, to, by, at, outcome)
}

// deaf is a record that refuses one action.
type deaf struct {
	audit.Log
	action string
}

func (d deaf) Append(ctx context.Context, e audit.Entry) (audit.Entry, error) {
	if e.Action == d.action {
		return audit.Entry{}, errDead
	}
	return d.Log.Append(ctx, e)
}

func rawOf(t *testing.T, v any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
