package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/ledger"
	"yinzheng/internal/ledger/ledgertest"
	"yinzheng/internal/receipt"
)

// memoryLog is a log in memory whose verifier key is the world's.
func (w *world) memoryLog(t testing.TB) *ledgertest.Log {
	t.Helper()
	log, err := ledgertest.NewLog(origin)
	if err != nil {
		t.Fatal(err)
	}
	w.keys.LogVerifiers = []string{log.Verifier}
	return log
}

// config is a ledger's on a log in memory; every proof is verified.
func (w *world) config(d ledger.Driver, m ledgertest.StoreAndBooks) ledger.Config {
	return ledger.Config{
		Region: "450000", Key: w.key, Driver: d, Store: m, Books: m, Now: time.Now, Pool: time.Millisecond, LogVerifiers: w.keys.LogVerifiers,
	}
}

func made(t testing.TB, c ledger.Config) *ledger.Ledger {
	t.Helper()
	l, err := ledger.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestMemoryLogKeepsTheDriversContract(t *testing.T) {
	ledgertest.Driver(t, func(t *testing.T) ledgertest.OpenedDriver {
		l, err := ledgertest.NewLog(origin)
		if err != nil {
			t.Fatal(err)
		}
		return ledgertest.OpenedDriver{Driver: l, Verifiers: []string{l.Verifier}}
	})
}

// asked tells when the ledger has looked for waiting entries.
type asked struct {
	*ledgertest.Memory
	looked chan struct{}
}

func (a asked) Waiting(ctx context.Context, n int) ([]receipt.Entry, error) {
	entries, err := a.Memory.Waiting(ctx, n)
	select {
	case a.looked <- struct{}{}:
	default:
	}
	return entries, err
}

func TestAFullBatchDoesNotWaitForThePool(t *testing.T) {
	w := newWorld(t)
	m := asked{ledgertest.NewMemory(), make(chan struct{}, 1)}
	c := w.config(w.memoryLog(t), m)
	c.Pool, c.MaxBatch = time.Hour, 4
	l := made(t, c)
	run(t, l)
	<-m.looked // the round with which it begins is over: from now on it collects
	var wg sync.WaitGroup
	for n := range c.MaxBatch {
		wg.Go(func() {
			r, err := l.Append(t.Context(), "licence", digest(n))
			if err != nil {
				t.Error(err)
				return
			}
			if state, err := r.Verify(w.keys); err != nil || state != receipt.Logged || r.Root.Count != int64(c.MaxBatch) {
				t.Errorf("receipt %d of %d: %q, %v", n, r.Root.Count, state, err)
			}
		})
	}
	wg.Wait()
}

func TestManyWaitForOneEntryAndEachIsTold(t *testing.T) {
	w := newWorld(t)
	l := made(t, w.config(w.memoryLog(t), ledgertest.NewMemory()))
	if _, err := l.Accept(t.Context(), "licence", digest(1)); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			if r, err := l.Await(t.Context(), "licence", digest(1)); err != nil || r.State != receipt.Logged {
				t.Errorf("waited for %v, %v", r, err)
			}
		})
	}
	run(t, l)
	wg.Wait()
}

func TestAwaitEndsWithItsContextAndKnowsWhatWasNeverAccepted(t *testing.T) {
	w := newWorld(t)
	l := made(t, w.config(w.memoryLog(t), ledgertest.NewMemory()))
	if _, err := l.Await(t.Context(), "licence", digest(1)); !errors.Is(err, ledger.ErrNoEntry) {
		t.Errorf("never accepted: %v, want ErrNoEntry", err)
	}
	if _, err := l.Accept(t.Context(), "licence", digest(1)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := l.Await(ctx, "licence", digest(1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nothing runs: %v, want DeadlineExceeded", err)
	}
	if _, err := l.Accept(t.Context(), "No Kind", digest(1)); !errors.Is(err, receipt.ErrFormat) {
		t.Errorf("a wrong kind: %v, want ErrFormat", err)
	}
}

func TestStatusTellsWhatHoldsTheLedgerUp(t *testing.T) {
	w := newWorld(t)
	log := w.memoryLog(t)
	var down atomic.Bool
	var attempts atomic.Int64
	refused := errors.New("the log is down")
	log.Fail = func([]byte) error {
		attempts.Add(1)
		if down.Load() {
			return refused
		}
		return nil
	}
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	var later atomic.Int64
	c := w.config(log, ledgertest.NewMemory())
	c.Now = func() time.Time { return now.Add(time.Duration(later.Load())) }
	var told bytes.Buffer
	c.Log = slog.New(slog.NewTextHandler(&told, nil))
	l := made(t, c)
	if s, err := l.Status(t.Context()); err != nil || s != (ledger.Status{}) {
		t.Errorf("a fresh ledger: %+v, %v", s, err)
	}
	down.Store(true)
	if _, err := l.Accept(t.Context(), "licence", digest(1)); err != nil {
		t.Fatal(err)
	}
	later.Store(int64(time.Minute))
	if s, err := l.Status(t.Context()); err != nil || !s.Oldest.Equal(now) || s.Lag != time.Minute || s.Unpublished != 0 {
		t.Errorf("with one entry that waits: %+v, %v", s, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	for attempts.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	s, err := l.Status(t.Context())
	if err != nil || !errors.Is(s.Problem, refused) || s.Failures < 1 || s.Unpublished != 1 || s.Lag != time.Minute {
		t.Errorf("with a log that is down: %+v, %v", s, err)
	}
	if !errors.Is(l.Problem(), refused) {
		t.Errorf("problem %v", l.Problem())
	}
	if err := l.Run(ctx); !errors.Is(err, ledger.ErrRunning) {
		t.Errorf("running twice: %v, want ErrRunning", err)
	}
	down.Store(false)
	if _, err := l.Await(t.Context(), "licence", digest(1)); err != nil {
		t.Fatal(err)
	}
	for l.Problem() != nil {
		time.Sleep(time.Millisecond)
	}
	if s, err := l.Status(t.Context()); err != nil || s != (ledger.Status{}) {
		t.Errorf("after it came back: %+v, %v", s, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
	if !strings.Contains(told.String(), refused.Error()) {
		t.Errorf("the log was told %q", told.String())
	}
	for _, record := range log.Records() {
		if !bytes.Equal(record, log.Records()[0]) {
			t.Error("trying again published another record")
		}
	}
}

// swindler publishes another record than it was given.
type swindler struct{ ledger.Driver }

func (d swindler) Publish(ctx context.Context, _ []byte) (*receipt.LogProof, error) {
	return d.Driver.Publish(ctx, []byte("something else"))
}

func TestAProofThatDoesNotVerifyIsNeverKept(t *testing.T) {
	w := newWorld(t)
	m := ledgertest.NewMemory()
	l := made(t, w.config(swindler{w.memoryLog(t)}, m))
	run(t, l)
	if _, err := l.Accept(t.Context(), "licence", digest(1)); err != nil {
		t.Fatal(err)
	}
	for l.Problem() == nil {
		time.Sleep(time.Millisecond)
	}
	if !errors.Is(l.Problem(), receipt.ErrLogPath) {
		t.Errorf("problem %v, want ErrLogPath", l.Problem())
	}
	if r, err := l.Receipt(t.Context(), "licence", digest(1)); err != nil || r.State != receipt.Accepted {
		t.Errorf("the receipt says %v, %v", r, err)
	}
	if left, err := m.Unpublished(t.Context()); err != nil || len(left) != 1 {
		t.Errorf("%d batches are unpublished, %v; want 1", len(left), err)
	}
}

// cooked changes a batch as it is read from the books.
type cooked struct {
	*ledgertest.Memory
	change func(*ledger.Batch)
}

func (c cooked) Batch(ctx context.Context, sequence int64) (*ledger.Batch, error) {
	b, err := c.Memory.Batch(ctx, sequence)
	if err == nil {
		b.Entries = slices.Clone(b.Entries)
		c.change(b)
	}
	return b, err
}

func TestReceiptsAreRebuiltFromTheBooksAndChangedBooksAreFound(t *testing.T) {
	w := newWorld(t)
	m := ledgertest.NewMemory()
	log := w.memoryLog(t)
	first := made(t, w.config(log, m))
	const entries = 5
	for n := range entries {
		if _, err := first.Accept(t.Context(), "licence", digest(n)); err != nil {
			t.Fatal(err)
		}
	}
	run(t, first)
	want := make([][]byte, entries)
	for n := range want {
		r, err := first.Await(t.Context(), "licence", digest(n))
		if err != nil {
			t.Fatal(err)
		}
		want[n] = r.Encode()
	}
	again := made(t, w.config(log, m))
	for n := range want {
		r, err := again.Receipt(t.Context(), "licence", digest(n))
		if err != nil || !bytes.Equal(r.Encode(), want[n]) {
			t.Errorf("receipt %d from the books is another: %v", n, err)
			continue
		}
		r.Signature[0], r.Proof.Checkpoint = 0, "" // a caller's own copy
	}
	if r, err := again.Receipt(t.Context(), "licence", digest(0)); err != nil || !bytes.Equal(r.Encode(), want[0]) {
		t.Errorf("a caller changed what others are given: %v", err)
	}
	for name, change := range map[string]func(*ledger.Batch){
		"another entry":     func(b *ledger.Batch) { b.Entries[1].Salt = gm.Sum([]byte("x")) },
		"an entry less":     func(b *ledger.Batch) { b.Entries = b.Entries[1:] },
		"another order":     func(b *ledger.Batch) { slices.Reverse(b.Entries) },
		"another signature": func(b *ledger.Batch) { b.Signature = []byte("x") },
		"another proof":     func(b *ledger.Batch) { b.Proof = &receipt.LogProof{} },
		"no proof":          func(b *ledger.Batch) { b.Proof = nil },
		"no entries":        func(b *ledger.Batch) { b.Entries = nil },
	} {
		l := made(t, w.config(log, cooked{m, change}))
		if r, err := l.Receipt(t.Context(), "licence", digest(0)); err == nil {
			t.Errorf("%s: handed out %s", name, r.State)
		}
	}
}

func TestRootsFormAChain(t *testing.T) {
	w := newWorld(t)
	log := w.memoryLog(t)
	l := made(t, w.config(log, ledgertest.NewMemory()))
	run(t, l)
	for n := range 4 {
		if _, err := l.Append(t.Context(), "licence", digest(n)); err != nil {
			t.Fatal(err)
		}
	}
	previous := gm.Digest{}
	for n, record := range log.Records() {
		root, _, err := receipt.ParseRecord(record)
		if err != nil {
			t.Fatal(err)
		}
		if root.Sequence != int64(n) || root.Previous != previous {
			t.Errorf("record %d: sequence %d after %s, want after %s", n, root.Sequence, root.Previous, previous)
		}
		previous = gm.Sum(root.Bytes())
	}
}

func TestALedgerNeedsItsParts(t *testing.T) {
	w := newWorld(t)
	m := ledgertest.NewMemory()
	for name, change := range map[string]func(*ledger.Config){
		"no key":            func(c *ledger.Config) { c.Key = nil },
		"no driver":         func(c *ledger.Config) { c.Driver = nil },
		"no store":          func(c *ledger.Config) { c.Store = nil },
		"no books":          func(c *ledger.Config) { c.Books = nil },
		"no clock":          func(c *ledger.Config) { c.Now = nil },
		"no region":         func(c *ledger.Config) { c.Region = "" },
		"too large a batch": func(c *ledger.Config) { c.MaxBatch = receipt.MaxCount + 1 },
		"a negative pool":   func(c *ledger.Config) { c.Pool = -1 },
	} {
		c := w.config(failing{}, m)
		change(&c)
		if _, err := ledger.New(c); err == nil {
			t.Errorf("%s: made", name)
		}
	}
}

// BenchmarkAppend1000 measures accepting and logging 1,000 entries, on a store in memory.
func BenchmarkAppend1000(b *testing.B) {
	w := newWorld(b)
	for name, open := range map[string]func(b *testing.B) ledger.Driver{
		"memory": func(b *testing.B) ledger.Driver { b.Helper(); return w.memoryLog(b) },
		"embedded": func(b *testing.B) ledger.Driver {
			b.Helper()
			log := w.log(b, b.TempDir())
			b.Cleanup(func() { _ = log.Close() })
			w.keys.LogVerifiers = []string{log.Verifier()}
			return log
		},
	} {
		b.Run(name, func(b *testing.B) {
			d := open(b)
			l := made(b, w.config(d, ledgertest.NewMemory()))
			run(b, l)
			next := 0
			for b.Loop() {
				for range 1000 {
					if _, err := l.Accept(b.Context(), "licence", digest(next)); err != nil {
						b.Fatal(err)
					}
					next++
				}
				if _, err := l.Await(b.Context(), "licence", digest(next-1)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(next)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

// BenchmarkReceipt measures handing out receipts of a batch whose tree is kept.
func BenchmarkReceipt(b *testing.B) {
	w := newWorld(b)
	l := made(b, w.config(w.memoryLog(b), ledgertest.NewMemory()))
	for n := range 1000 {
		if _, err := l.Accept(b.Context(), "licence", digest(n)); err != nil {
			b.Fatal(err)
		}
	}
	run(b, l)
	if _, err := l.Await(b.Context(), "licence", digest(999)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := l.Receipt(b.Context(), "licence", digest(500)); err != nil {
			b.Fatal(err)
		}
	}
}
