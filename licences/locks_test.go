package licences

import (
	"context"
	"errors"
	"sync"
	"testing"
)

func TestOneAtATimeWorksOnALicence(t *testing.T) {
	k := newLocks()
	var group sync.WaitGroup
	inside, most := 0, 0
	for range 50 {
		group.Go(func() {
			unlock, err := k.lock(t.Context(), "one")
			if err != nil {
				t.Error(err)
				return
			}
			inside++
			most = max(most, inside)
			inside--
			unlock()
		})
	}
	group.Wait()
	if most != 1 || len(k.held) != 0 {
		t.Errorf("%d at a time, %d held in the end", most, len(k.held))
	}
}

func TestWaitingForALicenceEndsWithItsContext(t *testing.T) {
	k := newLocks()
	unlock, free := k.try("one")
	if !free {
		t.Fatal("a free licence is not free")
	}
	if _, free := k.try("one"); free {
		t.Error("a licence that is worked on is free")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := k.lock(ended, "one"); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting: %v", err)
	}
	unlock()
	again, err := k.lock(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	again()
	if len(k.held) != 0 {
		t.Errorf("%d held in the end", len(k.held))
	}
}

func TestQueueIsBoundedAndKeepsItsOrder(t *testing.T) {
	q := newQueue()
	for range maxQueue + 10 {
		q.put("x")
	}
	if n := len(q.take()); n != maxQueue {
		t.Errorf("%d queued", n)
	}
	q.put("a")
	q.put("b")
	if got := q.take(); len(got) != 2 || got[0] != "a" || got[1] != "b" {
		t.Errorf("%v", got)
	}
}
