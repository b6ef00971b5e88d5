package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/internal/ledger"
	"yinzheng/internal/receipt"
)

// OpenedDriver is a driver on an empty log, with the note verifier keys that its proofs are believed from.
type OpenedDriver struct {
	ledger.Driver
	Verifiers []string
}

// record is a root record as the ledger publishes it, but for its signature, which is not the driver's business.
func record(n int) []byte {
	root := receipt.Root{Region: "450000", Sequence: int64(n), Count: 1, Time: at, Hash: gm.Sum(fmt.Appendf(nil, "root %d", n))}
	if n > 0 {
		root.Previous = gm.Sum(fmt.Appendf(nil, "root %d", n-1))
	}
	return receipt.Record(root, []byte("signature"))
}

// Driver is the contract of ledger.Driver; open returns one on an empty log.
func Driver(t *testing.T, open func(t *testing.T) OpenedDriver) {
	t.Run("a published record is proved offline and no other is", func(t *testing.T) { proved(t, open(t)) })
	t.Run("publishing again proves the same record again", func(t *testing.T) {
		d := open(t)
		for range 2 {
			p, err := d.Publish(t.Context(), record(0))
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Verify(record(0), d.Verifiers); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("an earlier proof stays good as the log grows", func(t *testing.T) {
		d := open(t)
		var proofs []*receipt.LogProof
		for n := range 5 {
			p, err := d.Publish(t.Context(), record(n))
			if err != nil {
				t.Fatal(err)
			}
			proofs = append(proofs, p)
		}
		for n, p := range proofs {
			if err := p.Verify(record(n), d.Verifiers); err != nil {
				t.Errorf("record %d: %v", n, err)
			}
			if n > 0 && p.Index <= proofs[n-1].Index {
				t.Errorf("record %d is at %d, the one before at %d", n, p.Index, proofs[n-1].Index)
			}
		}
	})
	t.Run("many publish at once", func(t *testing.T) { atOnce(t, open(t)) })
	t.Run("a caller that gave up gets its error and harms nobody", func(t *testing.T) {
		d := open(t)
		gone, leave := context.WithCancel(t.Context())
		leave()
		if p, err := d.Publish(gone, record(0)); !errors.Is(err, context.Canceled) {
			t.Errorf("published as %v, %v; want context.Canceled", p, err)
		}
		p, err := d.Publish(t.Context(), record(0))
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Verify(record(0), d.Verifiers); err != nil {
			t.Error(err)
		}
	})
	t.Run("nothing is no record", func(t *testing.T) {
		if p, err := open(t).Publish(t.Context(), nil); err == nil {
			t.Errorf("published as %v", p)
		}
	})
}

func proved(t *testing.T, d OpenedDriver) {
	p, err := d.Publish(t.Context(), record(0))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Verify(record(0), d.Verifiers); err != nil {
		t.Error(err)
	}
	if err := p.Verify(record(1), d.Verifiers); !errors.Is(err, receipt.ErrLogPath) {
		t.Errorf("another record: %v, want ErrLogPath", err)
	}
	if err := p.Verify(record(0), nil); !errors.Is(err, receipt.ErrCheckpoint) {
		t.Errorf("with no keys: %v, want ErrCheckpoint", err)
	}
}

func atOnce(t *testing.T, d OpenedDriver) {
	const records = 40
	var wg sync.WaitGroup
	var mu sync.Mutex
	at := map[int64]int{}
	for n := range records {
		wg.Go(func() {
			p, err := d.Publish(t.Context(), record(n))
			if err != nil {
				t.Error(err)
				return
			}
			if err := p.Verify(record(n), d.Verifiers); err != nil {
				t.Errorf("record %d: %v", n, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if other, taken := at[p.Index]; taken {
				t.Errorf("records %d and %d are both at %d", n, other, p.Index)
			}
			at[p.Index] = n
		})
	}
	wg.Wait()
}
