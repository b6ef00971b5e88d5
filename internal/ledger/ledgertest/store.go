package ledgertest

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/ledger"
	"yinzheng/internal/receipt"
)

// StoreAndBooks is what a store of the ledger implements.
type StoreAndBooks interface {
	ledger.Store
	ledger.Books
}

// at is a time as receipts write it.
var at = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)

func entry(n int) (receipt.Entry, receipt.Promise) {
	e := receipt.Entry{Kind: "licence", Digest: gm.Sum(fmt.Appendf(nil, "document %d", n)), Salt: gm.Sum(fmt.Appendf(nil, "salt %d", n))}
	return e, receipt.Promise{Region: "450000", Time: at, Signature: []byte{1, 2, byte(n)}}
}

func batch(sequence int64, entries ...receipt.Entry) ledger.Batch {
	root := receipt.Root{Region: "450000", Sequence: sequence, Count: int64(len(entries)), Time: at, Hash: gm.Sum([]byte("root"))}
	if sequence > 0 {
		root.Previous = gm.Sum([]byte("previous"))
	}
	return ledger.Batch{Root: root, Signature: []byte("signature"), Entries: entries}
}

// Store is the contract of ledger.Store and ledger.Books; open returns an empty one.
func Store(t *testing.T, open func(t *testing.T) StoreAndBooks) {
	t.Run("a repeated accept returns the first salt", func(t *testing.T) {
		s := open(t)
		e, p := entry(1)
		if got, err := s.Accept(t.Context(), e, p); err != nil || got != e {
			t.Fatalf("accept: %v, %v", got, err)
		}
		again := e
		again.Salt = gm.Sum([]byte("another salt"))
		if got, err := s.Accept(t.Context(), again, p); err != nil || got != e {
			t.Fatalf("accept again: %v, %v; want the first entry", got, err)
		}
		other := e
		other.Kind = "outcome"
		if got, err := s.Accept(t.Context(), other, p); err != nil || got != other {
			t.Fatalf("the same digest as another kind: %v, %v", got, err)
		}
	})
	t.Run("a repeated accept keeps the first promise", func(t *testing.T) {
		s := open(t)
		e, p := entry(1)
		_, later := entry(2)
		for _, promise := range []receipt.Promise{p, later} {
			if _, err := s.Accept(t.Context(), e, promise); err != nil {
				t.Fatal(err)
			}
		}
		if _, got, _, err := s.Find(t.Context(), e.Kind, e.Digest); err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("promise %+v, %v; want the first", got, err)
		}
		if got, err := s.Waiting(t.Context(), 10); err != nil || len(got) != 1 {
			t.Errorf("%d entries wait, %v; want 1", len(got), err)
		}
	})
	t.Run("of many accepts at once one is stored", func(t *testing.T) { race(t, open(t)) })
	t.Run("entries wait in the order in which they were accepted", func(t *testing.T) {
		s := open(t)
		accept(t, s, 5)
		got, err := s.Waiting(t.Context(), 3)
		if err != nil || len(got) != 3 {
			t.Fatalf("%d entries, %v", len(got), err)
		}
		for i := range got {
			if want, _ := entry(i); got[i] != want {
				t.Errorf("entry %d is not the one accepted then", i)
			}
		}
	})
	t.Run("a batch takes its entries from those that wait", func(t *testing.T) {
		s := open(t)
		entries := accept(t, s, 3)
		if err := s.PutBatch(t.Context(), batch(0, entries[:2]...)); err != nil {
			t.Fatal(err)
		}
		got, err := s.Waiting(t.Context(), 10)
		if err != nil || len(got) != 1 || got[0] != entries[2] {
			t.Fatalf("waiting: %v, %v", got, err)
		}
	})
	t.Run("sequences have no gap and no repeat", func(t *testing.T) {
		s := open(t)
		entries := accept(t, s, 3)
		if err := s.PutBatch(t.Context(), batch(1, entries[0])); !errors.Is(err, ledger.ErrSequence) {
			t.Errorf("a gap: %v, want ErrSequence", err)
		}
		if err := s.PutBatch(t.Context(), batch(0, entries[0])); err != nil {
			t.Fatal(err)
		}
		if err := s.PutBatch(t.Context(), batch(0, entries[1])); !errors.Is(err, ledger.ErrSequence) {
			t.Errorf("a repeat: %v, want ErrSequence", err)
		}
		if got, err := s.Waiting(t.Context(), 10); err != nil || !reflect.DeepEqual(got, entries[1:]) {
			t.Errorf("after refused batches %v wait, %v; want the other two", got, err)
		}
		if err := s.PutBatch(t.Context(), batch(1, entries[1])); err != nil {
			t.Errorf("the next: %v", err)
		}
	})
	t.Run("a batch is unpublished until it has its proof", func(t *testing.T) { unpublished(t, open(t)) })
	t.Run("an entry is found with its batch", func(t *testing.T) { find(t, open(t)) })
	t.Run("what is not there is ErrNoEntry", func(t *testing.T) {
		s := open(t)
		if last, err := s.LastBatch(t.Context()); last != nil || err != nil {
			t.Errorf("last batch of none: %v, %v", last, err)
		}
		if _, _, _, err := s.Find(t.Context(), "licence", gm.Sum([]byte("x"))); !errors.Is(err, ledger.ErrNoEntry) {
			t.Errorf("find: %v", err)
		}
		if _, err := s.Batch(t.Context(), 0); !errors.Is(err, ledger.ErrNoEntry) {
			t.Errorf("batch: %v", err)
		}
		if err := s.PutProof(t.Context(), 0, &receipt.LogProof{}); !errors.Is(err, ledger.ErrNoEntry) {
			t.Errorf("proof: %v", err)
		}
	})
}

func accept(t *testing.T, s StoreAndBooks, n int) []receipt.Entry {
	t.Helper()
	var out []receipt.Entry
	for i := range n {
		e, p := entry(i)
		got, err := s.Accept(t.Context(), e, p)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, got)
	}
	return out
}

func race(t *testing.T, s StoreAndBooks) {
	const callers = 8
	e, p := entry(1)
	got := make([]receipt.Entry, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			mine := e
			mine.Salt = gm.Sum(fmt.Appendf(nil, "salt of caller %d", i))
			var err error
			if got[i], err = s.Accept(t.Context(), mine, p); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range got {
		if got[i] != got[0] || got[i].Digest != e.Digest {
			t.Errorf("callers 0 and %d were given %v and %v", i, got[0], got[i])
		}
	}
	if stored, err := s.Waiting(t.Context(), 10); err != nil || len(stored) != 1 || stored[0] != got[0] {
		t.Errorf("stored %v, %v; want what every caller was given", stored, err)
	}
}

func unpublished(t *testing.T, s StoreAndBooks) {
	entries := accept(t, s, 3)
	for i := range 2 {
		if err := s.PutBatch(t.Context(), batch(int64(i), entries[i])); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Unpublished(t.Context())
	if err != nil || len(got) != 2 || got[0].Root.Sequence != 0 || len(got[0].Entries) != 1 || got[0].Entries[0] != entries[0] {
		t.Fatalf("unpublished: %+v, %v", got, err)
	}
	proof := &receipt.LogProof{Origin: "log", Index: 7, Checkpoint: "note", Path: [][]byte{{1}, {2}}}
	if err := s.PutProof(t.Context(), 0, proof); err != nil {
		t.Fatal(err)
	}
	got, err = s.Unpublished(t.Context())
	if err != nil || len(got) != 1 || got[0].Root.Sequence != 1 {
		t.Fatalf("unpublished after a proof: %+v, %v", got, err)
	}
	b, err := s.Batch(t.Context(), 0)
	if err != nil || !reflect.DeepEqual(b.Proof, proof) {
		t.Errorf("proof came back as %+v, %v", b, err)
	}
}

func find(t *testing.T, s StoreAndBooks) {
	entries := accept(t, s, 3)
	want := batch(0, entries[0], entries[1])
	if err := s.PutBatch(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	e, p, b, err := s.Find(t.Context(), "licence", entries[1].Digest)
	_, promise := entry(1)
	if err != nil || e != entries[1] || !reflect.DeepEqual(p, promise) || b == nil || b.Root != want.Root || b.Entries != nil {
		t.Errorf("found %v %v %+v, %v; want the batch without its entries", e, p, b, err)
	}
	if _, _, b, err = s.Find(t.Context(), "licence", entries[2].Digest); err != nil || b != nil {
		t.Errorf("a waiting entry has batch %+v, %v", b, err)
	}
	whole, err := s.Batch(t.Context(), 0)
	if err != nil || !reflect.DeepEqual(*whole, want) {
		t.Errorf("batch came back as %+v, %v", whole, err)
	}
	last, err := s.LastBatch(t.Context())
	if err != nil || last == nil || last.Root != want.Root || last.Entries != nil {
		t.Errorf("last batch %+v, %v", last, err)
	}
}
