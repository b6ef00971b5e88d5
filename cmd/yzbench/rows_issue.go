package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	clients = 16 // at once: some for each core, as approval systems of a city would be

	quickBatch, quickRounds = 60, 4
	fullBatch, fullRounds   = 200, 5 // a thousand licences, and as many more as one round to warm up

	pending = 5 * time.Millisecond // between looks whether everything is archived
)

// issued is one licence as the answer to its request described it.
type issued struct {
	ID, Identifier, Number, Document, State string
}

// issuer issues licences over HTTP and remembers every answer.
type issuer struct {
	w      *world
	client *client
	last   atomic.Int64 // running number of the last request

	mu           sync.Mutex
	made         []issued
	latencies    []time.Duration
	acknowledged []float64 // licences/s until the last answer, of each batch
}

func issueRow(ctx context.Context, l *lab) (*pair, error) {
	w, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	batch, rounds := fullBatch, fullRounds
	if l.quick {
		batch, rounds = quickBatch, quickRounds
	}
	before, err := w.countLicences(ctx)
	if err != nil {
		return nil, err
	}
	i := &issuer{w: w, client: newClient(w)}
	raw, err := newRaw(ctx, l)
	if err != nil {
		return nil, err
	}
	return &pair{
		ours: i.issue, beside: raw.issue, batch: batch, rounds: rounds,
		notes: func() ([]string, error) {
			notes := i.speeds()
			parts, err := raw.parts(ctx, planFor(l.quick).turn)
			if err != nil {
				return notes, err
			}
			notes = append(notes, parts)
			found, err := i.readBack(ctx, before)
			return append(notes, found), errors.Join(err, raw.close())
		},
	}, nil
}

// issue issues n licences with all clients and returns when the last is archived.
func (i *issuer) issue(ctx context.Context, n int) error {
	started := time.Now()
	group, asking := errgroup.WithContext(ctx)
	group.SetLimit(clients)
	for range n {
		group.Go(func() error { return i.one(asking) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	i.mu.Lock()
	i.acknowledged = append(i.acknowledged, float64(n)/time.Since(started).Seconds())
	i.mu.Unlock()
	return i.w.archived(ctx)
}

// one issues one licence and remembers it.
func (i *issuer) one(ctx context.Context) error {
	n := int(i.last.Add(1))
	body, err := i.w.request(n)
	if err != nil {
		return err
	}
	started := time.Now()
	l, err := i.client.post(ctx, fmt.Sprintf("yzbench-%d", n), body)
	took := time.Since(started)
	if err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.made, i.latencies = append(i.made, l), append(i.latencies, took)
	return nil
}

// archived waits until nothing is left half-way.
func (w *world) archived(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settling)
	defer cancel()
	for {
		left, err := w.DB.Pending(ctx, 1)
		if err != nil || len(left) == 0 {
			return err
		}
		time.Sleep(pending)
	}
}

// speeds says what a caller sees; the row's own number waits for the archive.
func (i *issuer) speeds() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	sorted := slices.Sorted(slices.Values(i.latencies))
	rank := func(p float64) time.Duration {
		return sorted[int(p*float64(len(sorted)-1))].Round(100 * time.Microsecond)
	}
	return []string{fmt.Sprintf("%d clients on the same %d cores: answered (sealed, durable, promised) %s/s, latency p50 %v, p99 %v, longest %v",
		clients, runtime.GOMAXPROCS(0), plain(quantile(i.acknowledged, 0.5)), rank(0.5), rank(0.99), rank(1))}
}
