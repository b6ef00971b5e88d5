package ledger

import (
	"fmt"
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/internal/receipt"
)

func TestKeptTreesAreBoundedAndTheLastUsedStay(t *testing.T) {
	var s trees
	const each = leavesKept / 4
	for n := range int64(4) {
		s.keep(&batchTree{batch: Batch{Root: receipt.Root{Sequence: n, Count: each}}})
	}
	if s.find(0) == nil { // now it is the one used last, 1 the one used longest ago
		t.Fatal("batch 0 is not kept")
	}
	s.keep(&batchTree{batch: Batch{Root: receipt.Root{Sequence: 4, Count: each}}})
	for n, want := range []bool{true, false, true, true, true} {
		if got := s.find(int64(n)) != nil; got != want {
			t.Errorf("batch %d kept: %v, want %v", n, got, want)
		}
	}
	s.keep(&batchTree{batch: Batch{Root: receipt.Root{Sequence: 5, Count: 2 * leavesKept}}})
	if s.find(5) == nil || s.used.Len() != 1 || len(s.at) != 1 || s.leaves != 2*leavesKept {
		t.Errorf("after a batch beyond the bound %d trees with %d leaves are kept, want it alone", s.used.Len(), s.leaves)
	}
}

func TestWaitersLeaveNothingBehind(t *testing.T) {
	var w waiters
	e := func(n int) receipt.Entry { return receipt.Entry{Kind: "licence", Digest: gm.Sum(fmt.Append(nil, n))} }
	at := func(n int) place { return place{e(n).Kind, e(n).Digest} }
	first, leaveFirst := w.join(at(1))
	second, leaveSecond := w.join(at(1))
	_, leaveOther := w.join(at(2))
	w.tell([]receipt.Entry{e(1), e(3)})
	<-first
	<-second
	third, leaveThird := w.join(at(1)) // after the notice: another wait
	leaveFirst()
	leaveSecond()
	select {
	case <-third:
		t.Error("told of what was before")
	default:
	}
	if len(w.at) != 2 {
		t.Errorf("%d entries are waited for, want 2", len(w.at))
	}
	leaveThird()
	leaveOther()
	if len(w.at) != 0 {
		t.Errorf("%d entries are waited for, want none", len(w.at))
	}
}
