package ledger_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"yinzheng/internal/gm"
	"yinzheng/internal/ledger"
	"yinzheng/internal/ledger/embedded"
	"yinzheng/internal/ledger/ledgertest"
	"yinzheng/internal/receipt"
)

const origin = "yinzheng.test/450000"

type world struct {
	key    crypto.Signer
	signer string
	keys   receipt.Keys
}

func newWorld(t testing.TB) *world {
	t.Helper()
	key, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	signer, verifier, err := note.GenerateKey(nil, origin)
	if err != nil {
		t.Fatal(err)
	}
	return &world{key, signer, receipt.Keys{
		Region: "450000", Ledger: []*ecdsa.PublicKey{key.Public().(*ecdsa.PublicKey)}, LogVerifiers: []string{verifier},
	}}
}

func (w *world) log(t testing.TB, dir string) *embedded.Log {
	t.Helper()
	l, err := embedded.Open(t.Context(), embedded.Config{Dir: dir, Origin: origin, Key: embedded.SecretKey(w.signer)})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (w *world) ledger(t testing.TB, d ledger.Driver, m *ledgertest.Memory) *ledger.Ledger {
	t.Helper()
	l, err := ledger.New(ledger.Config{
		Region: "450000", Key: w.key, Driver: d, Store: m, Books: m, Now: time.Now, Pool: 10 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func run(t testing.TB, l *ledger.Ledger) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
}

func digest(n int) gm.Digest { return gm.Sum(fmt.Appendf(nil, "document %d", n)) }

func TestMemoryKeepsTheContract(t *testing.T) {
	ledgertest.Store(t, func(*testing.T) ledgertest.StoreAndBooks { return ledgertest.NewMemory() })
}

func TestAppendedDigestsGetReceiptsThatVerifyOffline(t *testing.T) {
	w := newWorld(t)
	log := w.log(t, t.TempDir())
	l := w.ledger(t, log, ledgertest.NewMemory())
	run(t, l)
	t.Cleanup(func() { _ = log.Close() })
	var wg sync.WaitGroup
	for n := range 50 {
		wg.Go(func() {
			r, err := l.Append(t.Context(), "licence", digest(n))
			if err != nil {
				t.Error(err)
				return
			}
			back, err := receipt.Parse(r.Encode())
			if err != nil {
				t.Error(err)
				return
			}
			if state, err := back.Verify(w.keys); err != nil || state != receipt.Logged || back.Entry.Digest != digest(n) {
				t.Errorf("receipt %d: %v, %v", n, state, err)
			}
		})
	}
	wg.Wait()
	records := 0
	if err := log.Check(t.Context(), func(int64, []byte) error { records++; return nil }); err != nil || records == 0 {
		t.Errorf("the log's check: %d records, %v", records, err)
	}
}

func TestAcceptPromisesNoMoreThanIsDurable(t *testing.T) {
	w := newWorld(t)
	m := ledgertest.NewMemory()
	l := w.ledger(t, failing{}, m)
	r, err := l.Accept(t.Context(), "licence", digest(1))
	if err != nil {
		t.Fatal(err)
	}
	if state, err := r.Verify(w.keys); err != nil || state != receipt.Accepted {
		t.Errorf("verified as %q, %v", state, err)
	}
	again, err := l.Accept(t.Context(), "licence", digest(1))
	if err != nil || again.Entry != r.Entry {
		t.Errorf("a repeat made another entry: %v, %v", again, err)
	}
}

type failing struct{}

func (failing) Publish(context.Context, []byte) (*receipt.LogProof, error) {
	return nil, errors.New("the driver is down")
}

// flaky fails before or after the record was really published, in turn.
type flaky struct {
	ledger.Driver
	n int
}

func (f *flaky) Publish(ctx context.Context, record []byte) (*receipt.LogProof, error) {
	f.n++
	switch f.n {
	case 1:
		return nil, errors.New("failed and not published")
	case 2:
		if _, err := f.Driver.Publish(ctx, record); err != nil {
			return nil, err
		}
		return nil, errors.New("failed but published")
	}
	return f.Driver.Publish(ctx, record)
}

func TestFailedPublishingIsRepeatedWithTheSameRecord(t *testing.T) {
	w := newWorld(t)
	log := w.log(t, t.TempDir())
	t.Cleanup(func() { _ = log.Close() })
	l := w.ledger(t, &flaky{Driver: log}, ledgertest.NewMemory())
	run(t, l)
	r, err := l.Append(t.Context(), "licence", digest(1))
	if err != nil {
		t.Fatal(err)
	}
	if state, err := r.Verify(w.keys); err != nil || state != receipt.Logged {
		t.Errorf("verified as %q, %v", state, err)
	}
	var records [][]byte
	if err := log.Check(t.Context(), func(_ int64, record []byte) error { records = append(records, record); return nil }); err != nil {
		t.Fatal(err)
	}
	for _, record := range records {
		if string(record) != string(records[0]) {
			t.Error("one sequence was published with two meanings")
		}
	}
}

func TestAChangedReceiptNeverVerifies(t *testing.T) {
	w := newWorld(t)
	log := w.log(t, t.TempDir())
	t.Cleanup(func() { _ = log.Close() })
	l := w.ledger(t, log, ledgertest.NewMemory())
	for n := range 3 { // three in one batch, so that there is a path
		if _, err := l.Accept(t.Context(), "licence", digest(n)); err != nil {
			t.Fatal(err)
		}
	}
	run(t, l)
	logged, err := l.Await(t.Context(), "licence", digest(1))
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := w.ledger(t, failing{}, ledgertest.NewMemory()).Accept(t.Context(), "licence", digest(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*receipt.Receipt{logged, accepted} {
		b := r.Encode()
		for i := range b {
			for _, mask := range []byte{0x01, 0x20, 0x80} {
				b[i] ^= mask
				if got, err := receipt.Parse(b); err == nil {
					if state, err := got.Verify(w.keys); err == nil && got.Entry.Digest == digest(1) {
						t.Errorf("%s: byte %d changed by %#x still verifies as %s", r.State, i, mask, state)
					}
				}
				b[i] ^= mask
			}
		}
	}
}

func TestAReceiptOfAnotherRegionOrKeyIsRefused(t *testing.T) {
	w := newWorld(t)
	log := w.log(t, t.TempDir())
	t.Cleanup(func() { _ = log.Close() })
	l := w.ledger(t, log, ledgertest.NewMemory())
	run(t, l)
	r, err := l.Append(t.Context(), "licence", digest(1))
	if err != nil {
		t.Fatal(err)
	}
	other := newWorld(t)
	for name, c := range map[string]struct {
		keys receipt.Keys
		want error
	}{
		"region":  {receipt.Keys{Region: "440000", Ledger: w.keys.Ledger, LogVerifiers: w.keys.LogVerifiers}, receipt.ErrRegion},
		"ledger":  {receipt.Keys{Region: "450000", Ledger: other.keys.Ledger, LogVerifiers: w.keys.LogVerifiers}, receipt.ErrRootSignature},
		"log":     {receipt.Keys{Region: "450000", Ledger: w.keys.Ledger, LogVerifiers: other.keys.LogVerifiers}, receipt.ErrCheckpoint},
		"no keys": {receipt.Keys{Region: "450000"}, receipt.ErrRootSignature},
	} {
		if state, err := r.Verify(c.keys); !errors.Is(err, c.want) || state != "" {
			t.Errorf("%s: %q, %v; want %v", name, state, err, c.want)
		}
	}
	swapped := *r
	swapped.State = receipt.OnChain
	if _, err := swapped.Verify(w.keys); !errors.Is(err, receipt.ErrOverclaim) {
		t.Errorf("a receipt that says more than it proves: %v", err)
	}
}

func BenchmarkReceiptVerify(b *testing.B) {
	w := newWorld(b)
	log := w.log(b, b.TempDir())
	b.Cleanup(func() { _ = log.Close() })
	m := ledgertest.NewMemory()
	l := w.ledger(b, log, m)
	for n := range 1000 {
		if _, err := l.Accept(b.Context(), "licence", digest(n)); err != nil {
			b.Fatal(err)
		}
	}
	run(b, l)
	r, err := l.Await(b.Context(), "licence", digest(999))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := r.Verify(w.keys); err != nil {
			b.Fatal(err)
		}
	}
}
