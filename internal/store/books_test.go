package store_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yinzheng/internal/gm"
	"yinzheng/internal/ledger"
	"yinzheng/internal/receipt"
	"yinzheng/internal/store"
)

// ledgerBooks is what ledgertest does not ask of a store: batches larger than one statement, refused batches that leave
// nothing behind, and exact bytes.
func ledgerBooks(t *testing.T, open func(t *testing.T) *store.DB) {
	t.Run("BatchOfMoreThanOneStatement", func(t *testing.T) { largeBatch(t, open(t)) })
	t.Run("RefusedBatchLeavesNothing", func(t *testing.T) { refusedBatch(t, open(t)) })
	t.Run("SignedThingsComeBackExactly", func(t *testing.T) { exactly(t, open(t)) })
	t.Run("ManyAcceptOneEntry", func(t *testing.T) { acceptRace(t, open(t)) })
}

func entry(n int) receipt.Entry {
	return receipt.Entry{Kind: "licence", Digest: gm.Sum(fmt.Append(nil, n)), Salt: gm.Sum(fmt.Append(nil, "salt", n))}
}

func accept(t *testing.T, db *store.DB, numbers ...int) []receipt.Entry {
	t.Helper()
	var entries []receipt.Entry
	for _, n := range numbers {
		e, err := db.Accept(t.Context(), entry(n), receipt.Promise{Region: "450000"})
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	return entries
}

func batch(sequence int64, entries []receipt.Entry) ledger.Batch {
	return ledger.Batch{Root: receipt.Root{Region: "450000", Sequence: sequence, Count: int64(len(entries)),
		Time: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}, Signature: []byte{1, 2, 3}, Entries: entries}
}

func largeBatch(t *testing.T, db *store.DB) {
	ctx := t.Context()
	const count = 1203 // three statements
	var wg sync.WaitGroup
	for c := range 8 {
		wg.Go(func() {
			for n := c; n < count; n += 8 {
				if _, err := db.Accept(ctx, entry(n), receipt.Promise{}); err != nil {
					t.Errorf("Accept: %v", err)
				}
			}
		})
	}
	wg.Wait()
	waiting, err := db.Waiting(ctx, 5000)
	if err != nil || len(waiting) != count {
		t.Fatalf("%d wait, %v; want %d", len(waiting), err, count)
	}
	slices.Reverse(waiting) // the order of the batch is the caller's, not that of acceptance
	if err := db.PutBatch(ctx, batch(0, waiting)); err != nil {
		t.Fatal(err)
	}
	if got, err := db.Batch(ctx, 0); err != nil || !slices.Equal(got.Entries, waiting) {
		t.Errorf("the batch has %d entries, %v; not those that were put, in their order", len(got.Entries), err)
	}
	if rest, err := db.Waiting(ctx, 5000); err != nil || len(rest) != 0 {
		t.Errorf("%d wait still, %v", len(rest), err)
	}
}

func refusedBatch(t *testing.T, db *store.DB) {
	ctx := t.Context()
	entries := accept(t, db, 1, 2)
	stranger := append(slices.Clone(entries), entry(9))
	twice := append(slices.Clone(entries), entries[0])
	for name, c := range map[string]struct {
		batch ledger.Batch
		want  error
	}{
		"a sequence too far":  {batch(1, entries), ledger.ErrSequence},
		"an unknown entry":    {batch(0, stranger), ledger.ErrNoEntry},
		"an entry twice":      {batch(0, twice), ledger.ErrNoEntry},
		"a negative sequence": {batch(-1, entries), ledger.ErrSequence},
	} {
		if err := db.PutBatch(ctx, c.batch); !errors.Is(err, c.want) {
			t.Errorf("%s = %v, want %v", name, err, c.want)
		}
		if b, err := db.LastBatch(ctx); b != nil || err != nil {
			t.Fatalf("%s left a batch, %v", name, err)
		}
		if waiting, err := db.Waiting(ctx, 10); err != nil || !slices.Equal(waiting, entries) {
			t.Errorf("%s changed what waits: %v, %v", name, waiting, err)
		}
	}
	if err := db.PutBatch(ctx, batch(0, entries)); err != nil {
		t.Fatal(err)
	}
	if err := db.PutBatch(ctx, batch(0, nil)); !errors.Is(err, ledger.ErrSequence) {
		t.Errorf("the same sequence again = %v, want ErrSequence", err)
	}
	if err := db.PutBatch(ctx, batch(1, entries)); !errors.Is(err, ledger.ErrNoEntry) {
		t.Errorf("entries of another batch = %v, want ErrNoEntry", err)
	}
	if err := db.PutProof(ctx, 5, &receipt.LogProof{}); !errors.Is(err, ledger.ErrNoEntry) {
		t.Errorf("a proof of no batch = %v, want ErrNoEntry", err)
	}
}

func exactly(t *testing.T, db *store.DB) {
	ctx := t.Context()
	e := entry(1)
	promise := receipt.Promise{Region: "450000", Time: time.Date(2026, 3, 2, 12, 0, 0, 123456789, time.UTC), Signature: []byte{0, 1}}
	if _, err := db.Accept(ctx, e, promise); err != nil {
		t.Fatal(err)
	}
	salted := e
	salted.Salt = gm.Sum([]byte("another salt"))
	if got, err := db.Accept(ctx, salted, receipt.Promise{Region: "other"}); err != nil || got != e {
		t.Errorf("a repeat returned %v, %v; want the entry first stored", got, err)
	}
	got, p, b, err := db.Find(ctx, e.Kind, e.Digest)
	if err != nil || got != e || !cmp.Equal(p, promise) || b != nil {
		t.Errorf("Find = %v, %v, %v, %v", got, p, b, err)
	}
	want := batch(0, []receipt.Entry{e})
	want.Root.Previous, want.Root.Hash = gm.Sum([]byte("p")), gm.Sum([]byte("h"))
	if err := db.PutBatch(ctx, want); err != nil {
		t.Fatal(err)
	}
	if all, err := db.Unpublished(ctx); err != nil || !cmp.Equal(all, []ledger.Batch{want}) {
		t.Errorf("Unpublished: %v\n%s", err, cmp.Diff([]ledger.Batch{want}, all))
	}
	want.Proof = &receipt.LogProof{Origin: "example.org/450000", Index: 7, Checkpoint: "a\n<b> & c\n\n— d\n", Path: [][]byte{{1}, {2}}}
	if err := db.PutProof(ctx, 0, want.Proof); err != nil {
		t.Fatal(err)
	}
	if b, err := db.Batch(ctx, 0); err != nil || !cmp.Equal(b, &want) {
		t.Errorf("Batch: %v (-want +got):\n%s", err, cmp.Diff(&want, b))
	}
	if all, err := db.Unpublished(ctx); err != nil || len(all) != 0 {
		t.Errorf("%d unpublished, %v", len(all), err)
	}
	last := want
	last.Entries = nil
	if _, _, b, err := db.Find(ctx, e.Kind, e.Digest); err != nil || !cmp.Equal(b, &last) {
		t.Errorf("Find: %v (-want +got):\n%s", err, cmp.Diff(&last, b))
	}
	if b, err := db.LastBatch(ctx); err != nil || !cmp.Equal(b, &last) {
		t.Errorf("LastBatch: %v (-want +got):\n%s", err, cmp.Diff(&last, b))
	}
}

func acceptRace(t *testing.T, db *store.DB) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	seen := map[receipt.Entry]int{}
	for n := range 24 {
		wg.Go(func() {
			e := entry(0)
			e.Salt = entry(n).Salt
			got, err := db.Accept(t.Context(), e, receipt.Promise{})
			if err != nil {
				t.Errorf("Accept: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			seen[got]++
		})
	}
	wg.Wait()
	if len(seen) != 1 {
		t.Errorf("%d different entries were answered, want 1", len(seen))
	}
}

func serialsAreNeverGivenTwice(t *testing.T, db *store.DB) {
	const callers, each = 32, 4
	var mu sync.Mutex
	var wg sync.WaitGroup
	var all []int64
	for range callers {
		wg.Go(func() {
			last := int64(0)
			for range each {
				n, err := db.NextSerial(t.Context(), "tsa")
				if err != nil || n <= last {
					t.Errorf("NextSerial = %d after %d, %v", n, last, err)
				}
				last = n
				mu.Lock()
				all = append(all, n)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.Sort(all)
	for i, n := range all {
		if n != int64(i+1) {
			t.Fatalf("number %d is %d", i+1, n)
		}
	}
	if n, err := db.NextSerial(t.Context(), "another"); n != 1 || err != nil {
		t.Errorf("another name starts with %d, %v", n, err)
	}
}
