package licences

import (
	"context"
	"sync"
)

// locks lets one goroutine at a time work on one licence. It spares work only: what protects a licence from another
// process is the store's compare-and-swap.
type locks struct {
	mu   *sync.Mutex
	held map[string]*hold
}

type hold struct {
	free  chan struct{} // holds one token while nobody works
	users int           // holding or waiting
}

func newLocks() locks { return locks{mu: new(sync.Mutex), held: map[string]*hold{}} }

// lock waits for the licence, or for ctx.
func (k locks) lock(ctx context.Context, id string) (unlock func(), err error) {
	k.mu.Lock()
	h := k.held[id]
	if h == nil {
		h = &hold{free: make(chan struct{}, 1)}
		h.free <- struct{}{}
		k.held[id] = h
	}
	h.users++
	k.mu.Unlock()
	select {
	case <-h.free:
		return func() { h.free <- struct{}{}; k.leave(id, h) }, nil
	case <-ctx.Done():
		k.leave(id, h)
		return nil, ctx.Err()
	}
}

// try takes the licence if nobody works on it.
func (k locks) try(id string) (unlock func(), ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.held[id] != nil {
		return nil, false
	}
	h := &hold{free: make(chan struct{}, 1), users: 1}
	k.held[id] = h
	return func() { h.free <- struct{}{}; k.leave(id, h) }, true
}

func (k locks) leave(id string, h *hold) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if h.users--; h.users == 0 {
		delete(k.held, id)
	}
}

// queue holds the licences that Issue left to the worker. It is bounded: what does not fit is found by the next sweep.
type queue struct {
	mu   *sync.Mutex
	ids  *[]string
	wake chan struct{}
}

// maxQueue bounds the memory of the queue; ten thousand IDs are 260 kB.
const maxQueue = 10_000

func newQueue() queue {
	return queue{mu: new(sync.Mutex), ids: new([]string), wake: make(chan struct{}, 1)}
}

func (q queue) put(id string) {
	q.mu.Lock()
	if len(*q.ids) < maxQueue {
		*q.ids = append(*q.ids, id)
	}
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take returns everything queued, in order.
func (q queue) take() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	ids := *q.ids
	*q.ids = nil
	return ids
}
