package ledger

import (
	"sync"

	"yinzheng/internal/gm"
	"yinzheng/internal/receipt"
)

// place names an entry.
type place struct {
	kind   string
	digest gm.Digest
}

// waiters are those who wait for entries to be logged; each entry has one channel, however many wait for it. The zero value is ready.
type waiters struct {
	mu sync.Mutex
	at map[place]*waiter
}

type waiter struct {
	logged chan struct{} // closed when the entry is logged
	count  int
}

// join returns a channel that is closed once the entry is logged, and what must be called when it is no longer waited for.
func (w *waiters) join(p place) (logged <-chan struct{}, leave func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	one, there := w.at[p]
	if !there {
		if w.at == nil {
			w.at = map[place]*waiter{}
		}
		one = &waiter{logged: make(chan struct{})}
		w.at[p] = one
	}
	one.count++
	return one.logged, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if one.count--; one.count == 0 && w.at[p] == one {
			delete(w.at, p)
		}
	}
}

// tell tells everyone who waits for one of the entries.
func (w *waiters) tell(entries []receipt.Entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range entries {
		p := place{e.Kind, e.Digest}
		if one, there := w.at[p]; there {
			close(one.logged)
			delete(w.at, p)
		}
	}
}
