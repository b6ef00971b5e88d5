package licencestest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"yinzheng/archive"
	"yinzheng/internal/audit"
	"yinzheng/internal/gm"
	"yinzheng/internal/ledger"
	"yinzheng/internal/receipt"
	"yinzheng/sealing"
	"yinzheng/verify"
)

// Sealer seals by appending a line that no two sealings share, as a real seal has its time and random number.
type Sealer struct {
	Owner string // 颁发机构, the owner of every office's seal
	Now   func() time.Time
	mu    sync.Mutex
	count int
}

// mark begins the appended line.
const mark = "\n%sealed "

// SealOf implements licences.Seals.
func (s *Sealer) SealOf(_ context.Context, office string) (sealing.Record, error) {
	return sealing.Record{ID: "45000000000001", Office: office, Owner: s.Owner, State: sealing.SealActive}, nil
}

// Permit implements licences.Seals.
func (s *Sealer) Permit(context.Context, sealing.Request) error { return nil }

// Seal implements licences.Sealer.
func (s *Sealer) Seal(_ context.Context, r sealing.Request) (*sealing.Sealed, error) {
	s.mu.Lock()
	s.count++
	s.mu.Unlock()
	var nonce [16]byte
	if _, err := rand.Read(nonce[:]); err != nil {
		return nil, err
	}
	b := append(append(bytes.Clone(r.Document), mark...), hex.EncodeToString(nonce[:])...)
	return &sealing.Sealed{Document: b, Digest: gm.Sum(b), ContentHash: gm.Sum(r.Document), Time: s.Now()}, nil
}

// Count returns how many times something was sealed.
func (s *Sealer) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Judge finds Valid what the Sealer sealed and a receipt goes with, Indeterminate without a receipt, else Invalid.
func Judge(_ context.Context, in verify.Input, at time.Time) (verify.Report, error) {
	r := verify.Report{At: at, Kind: verify.KindLicence, Document: gm.Sum(in.Document), Verdict: verify.Valid}
	switch at := bytes.LastIndex(in.Document, []byte(mark)); {
	case at < 0 || len(in.Document) != at+len(mark)+32:
		r.Verdict = verify.Invalid
		r.Findings = []verify.Finding{{Code: "EXAMPLE_SEAL", Outcome: verify.Fail}}
	case len(in.Receipt) == 0:
		r.Verdict = verify.Indeterminate
	}
	return r, nil
}

// Ledger logs what it accepted when Log is called, or at once when Eager.
type Ledger struct {
	Eager   bool
	mu      sync.Mutex
	logged  chan struct{} // closed and renewed by Log
	entries map[gm.Digest]*receipt.Receipt
}

// NewLedger returns an empty ledger.
func NewLedger(eager bool) *Ledger {
	return &Ledger{Eager: eager, logged: make(chan struct{}), entries: map[gm.Digest]*receipt.Receipt{}}
}

// Accept implements licences.Ledger.
func (l *Ledger) Accept(_ context.Context, kind string, d gm.Digest) (*receipt.Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entries[d] == nil {
		l.entries[d] = &receipt.Receipt{Version: 1, State: receipt.Accepted, Entry: receipt.Entry{Kind: kind, Digest: d, Salt: gm.Sum(d[:])}}
		if l.Eager {
			l.entries[d].State = receipt.Logged
		}
	}
	r := *l.entries[d]
	return &r, nil
}

// Receipt implements licences.Ledger.
func (l *Ledger) Receipt(_ context.Context, _ string, d gm.Digest) (*receipt.Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entries[d] == nil {
		return nil, ledger.ErrNoEntry
	}
	r := *l.entries[d]
	return &r, nil
}

// Await implements licences.Ledger.
func (l *Ledger) Await(ctx context.Context, kind string, d gm.Digest) (*receipt.Receipt, error) {
	for {
		r, err := l.Receipt(ctx, kind, d)
		if err != nil || r.State != receipt.Accepted {
			return r, err
		}
		l.mu.Lock()
		logged := l.logged
		l.mu.Unlock()
		select {
		case <-logged:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Log logs everything accepted.
func (l *Ledger) Log() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.entries {
		r.State = receipt.Logged
	}
	close(l.logged)
	l.logged = make(chan struct{})
}

// Count returns how many digests were accepted.
func (l *Ledger) Count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries)
}

// Content is archive.Blobs and archive.Index in memory.
type Content struct {
	mu       sync.Mutex
	blobs    map[gm.Digest][]byte
	packages map[string]archive.Package
}

// NewContent returns an empty content store.
func NewContent() *Content {
	return &Content{blobs: map[gm.Digest][]byte{}, packages: map[string]archive.Package{}}
}

// Put implements archive.Blobs.
func (c *Content) Put(ctx context.Context, r io.Reader) (gm.Digest, int64, error) {
	b, err := io.ReadAll(r)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return gm.Digest{}, 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.blobs[gm.Sum(b)] = b
	return gm.Sum(b), int64(len(b)), nil
}

// Open implements archive.Blobs.
func (c *Content) Open(_ context.Context, d gm.Digest) (io.ReadCloser, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b, ok := c.blobs[d]
	if !ok {
		return nil, archive.ErrNoBlob
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

// PutPackage implements archive.Index.
func (c *Content) PutPackage(_ context.Context, p archive.Package) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.packages[p.ID]; ok {
		if old.Content != p.Content {
			return archive.ErrConflict
		}
		return nil
	}
	c.packages[p.ID] = p
	return nil
}

// Package implements archive.Index.
func (c *Content) Package(_ context.Context, id string) (archive.Package, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.packages[id]
	if !ok {
		return archive.Package{}, archive.ErrNoPackage
	}
	return p, nil
}

// Packages implements archive.Index.
func (c *Content) Packages(_ context.Context, after string, n int) ([]archive.Package, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var page []archive.Package
	for _, p := range c.packages {
		if p.ID > after {
			page = append(page, p)
		}
	}
	slices.SortFunc(page, func(a, b archive.Package) int { return strings.Compare(a.ID, b.ID) })
	return page[:min(n, len(page))], nil
}

// Audit is audit.Log in memory.
type Audit struct {
	mu      sync.Mutex
	entries []audit.Entry
}

// Append implements audit.Log.
func (a *Audit) Append(_ context.Context, e audit.Entry) (audit.Entry, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e.Sequence, e.At = int64(len(a.entries)+1), e.At.UTC().Truncate(time.Microsecond)
	var previous gm.Digest
	if len(a.entries) > 0 {
		previous = a.entries[len(a.entries)-1].Hash
	}
	e.Hash = e.Chain(previous)
	a.entries = append(a.entries, e)
	return e, nil
}

// Entries implements audit.Log.
func (a *Audit) Entries(_ context.Context, after int64, n int) ([]audit.Entry, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	rest := a.entries[min(int(after), len(a.entries)):]
	return slices.Clone(rest[:min(n, len(rest))]), nil
}

// Actions returns the actions on an object, in order.
func (a *Audit) Actions(object string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var actions []string
	for _, e := range a.entries {
		if e.Object == object {
			actions = append(actions, e.Action)
		}
	}
	return actions
}
