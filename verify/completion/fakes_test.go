package completion_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yinzheng/internal/audit"
	"yinzheng/internal/auth"
	"yinzheng/internal/gm"
	"yinzheng/internal/receipt"
	"yinzheng/verify"
	"yinzheng/verify/completion"
	"yinzheng/verify/verifytest"
)

var errCrash = errors.New("the process died here")

// house is everything around a Service, in memory. It dies at the step named in crash: before or after that step's effect.
type house struct {
	t            *testing.T
	w            *verifytest.World
	mu           sync.Mutex
	cases        map[string]completion.Case
	blobs        map[gm.Digest][]byte
	packages     map[string]completion.Case
	inputs       map[string]verify.Input
	receipts     map[gm.Digest]*receipt.Receipt
	lines        []audit.Entry
	trust        []byte
	crash        string
	steps        []string // every step that was reached
	beforeUpdate func()
}

func newHouse(t *testing.T) *house {
	t.Helper()
	w := verifytest.New(t)
	return &house{
		t: t, w: w, cases: map[string]completion.Case{}, blobs: map[gm.Digest][]byte{}, packages: map[string]completion.Case{},
		inputs: map[string]verify.Input{}, receipts: map[gm.Digest]*receipt.Receipt{}, trust: w.TrustFile(),
	}
}

// step runs one effect and dies before or after it when told to.
func (h *house) step(name string, effect func() error) error {
	h.steps = append(h.steps, name)
	if h.crash == "before "+name {
		return errCrash
	}
	if err := effect(); err != nil {
		return err
	}
	if h.crash == "after "+name {
		return errCrash
	}
	return nil
}

func (h *house) service() *completion.Service {
	h.t.Helper()
	s, err := completion.New(completion.Config{
		Store: h, Licences: h, Signer: h, Ledger: h, Audit: book{h}, Archive: h, Now: func() time.Time { return h.w.Now },
		Trust: func(context.Context) ([]byte, error) { return h.trust, nil },
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

func (h *house) clerk() auth.Caller {
	return auth.Caller{ID: "clerk", Office: h.w.OfficeCode, Actions: []auth.Action{auth.HandleCase}}
}

// clone copies a case as a store on disk would.
func clone(c completion.Case) completion.Case {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	copied := c
	copied.Commitments, copied.Evidence, copied.Outcome = nil, nil, nil
	if err := json.Unmarshal(b, &copied); err != nil {
		panic(err)
	}
	if c.Outcome != nil {
		copied.Outcome.Signed = slices.Clone(c.Outcome.Signed)
	}
	return copied
}

func (h *house) CreateCase(_ context.Context, c completion.Case) (completion.Case, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, first := range h.cases {
		if c.Key != "" && first.Caller == c.Caller && first.Key == c.Key {
			if first.RequestSM3 != c.RequestSM3 {
				return completion.Case{}, completion.ErrKeyReused
			}
			return clone(first), completion.ErrExists
		}
	}
	c.Revision = 1
	h.cases[c.ID] = clone(c)
	return clone(c), nil
}

func (h *house) Case(_ context.Context, id string) (completion.Case, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, ok := h.cases[id]
	if !ok {
		return completion.Case{}, completion.ErrNoCase
	}
	return clone(c), nil
}

func (h *house) UpdateCase(_ context.Context, c completion.Case) (completion.Case, error) {
	if f := h.beforeUpdate; f != nil {
		h.beforeUpdate = nil
		f()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	err := h.step("update "+string(c.State), func() error {
		if h.cases[c.ID].Revision != c.Revision {
			return completion.ErrMoved
		}
		c.Revision++
		h.cases[c.ID] = clone(c)
		return nil
	})
	return clone(c), err
}

func (h *house) Cases(_ context.Context, dueBefore time.Time, after string, n int) ([]completion.Case, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var found []completion.Case
	for _, c := range h.cases {
		if c.State != completion.Completed && c.ID > after && (dueBefore.IsZero() || c.Due.Before(dueBefore)) {
			found = append(found, clone(c))
		}
	}
	slices.SortFunc(found, func(a, b completion.Case) int { return strings.Compare(a.ID, b.ID) })
	return found[:min(n, len(found))], nil
}

func (h *house) Evidence(_ context.Context, identifier string) (verify.Input, error) {
	in, ok := h.inputs[identifier]
	if !ok {
		return verify.Input{}, completion.ErrNoEvidence
	}
	return in, nil
}

func (h *house) SignOutcome(_ context.Context, _ string, message []byte) (signature, certificate []byte, err error) {
	err = h.step("sign", func() error {
		signature, err = gm.Sign(h.w.Office.Key, message)
		return err
	})
	return signature, h.w.Office.DER(), err
}

func (h *house) Append(_ context.Context, kind string, d gm.Digest) (*receipt.Receipt, error) {
	var r *receipt.Receipt
	err := h.step("append", func() error {
		var err error
		if r = h.receipts[d]; r == nil {
			r, err = receipt.Parse(h.w.Receipt(kind, d))
			h.receipts[d] = r
		}
		return err
	})
	return r, err
}

func (h *house) Keep(_ context.Context, content io.Reader) (gm.Digest, int64, error) {
	b, err := io.ReadAll(content)
	if err != nil {
		return gm.Digest{}, 0, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return gm.Sum(b), int64(len(b)), h.step("keep", func() error {
		h.blobs[gm.Sum(b)] = bytes.Clone(b)
		return nil
	})
}

func (h *house) DepositCase(_ context.Context, c completion.Case) (string, error) {
	return "package-" + c.ID, h.step("deposit", func() error {
		c = clone(c)
		for _, e := range c.Evidence {
			if _, ok := h.blobs[e.Digest]; !ok {
				return errors.New("evidence " + e.Name + " was never kept")
			}
		}
		if first, again := h.packages[c.ID]; again {
			a, _ := json.Marshal(first)
			b, _ := json.Marshal(c)
			if !bytes.Equal(a, b) {
				return errors.New("the same package with other content")
			}
			return nil
		}
		h.packages[c.ID] = c
		return nil
	})
}

// book is the audit log of a house.
type book struct{ *house }

func (b book) Append(_ context.Context, e audit.Entry) (audit.Entry, error) {
	err := b.step("record "+e.Action, func() error {
		e.Sequence = int64(len(b.lines) + 1)
		b.lines = append(b.lines, e)
		return nil
	})
	return e, err
}

func (b book) Entries(_ context.Context, after int64, n int) ([]audit.Entry, error) {
	rest := b.lines[min(int(after), len(b.lines)):]
	return rest[:min(n, len(rest))], nil
}
