package ledger

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/merkle"
	"yinzheng/internal/receipt"
)

// Errors of Store and Books; every driver returns exactly these (wrapped or not).
var (
	ErrNoEntry  = errors.New("ledger: no such entry")
	ErrSequence = errors.New("ledger: the batch is not the next one")
)

// Defaults and limits.
const (
	DefaultPool  = 200 * time.Millisecond // how long entries are collected into one batch
	DefaultBatch = 16384                  // entries of one batch: its tree takes a megabyte and some milliseconds
	firstPause   = 100 * time.Millisecond // after a failure, doubled each time
	longestPause = 30 * time.Second
	treesKept    = 64 // newest trees kept for receipts
)

// Config is what the ledger works with.
type Config struct {
	Region string        // GB/T 2260 code
	Key    crypto.Signer // SM2: signs promises and roots
	Driver Driver
	Store  Store
	Books  Books
	Now    func() time.Time
	Rand   io.Reader     // salts; crypto/rand by default
	Pool   time.Duration // DefaultPool when zero
	Batch  int           // DefaultBatch when zero
	Log    *slog.Logger  // nothing is logged by default
}

// Ledger collects entries into batches and publishes their roots. It is safe for concurrent use; one process runs it.
type Ledger struct {
	cfg   Config
	pub   *ecdsa.PublicKey
	wake  chan struct{} // something waits
	trees treeCache

	mu      sync.Mutex
	logged  chan struct{} // closed and replaced when a batch is logged
	problem error         // of the last attempt, nil when it worked
}

// New returns a ledger; nothing runs before Run.
func New(c Config) (*Ledger, error) {
	pub, isEC := c.Key.Public().(*ecdsa.PublicKey)
	if !isEC || c.Driver == nil || c.Store == nil || c.Books == nil || c.Now == nil || c.Region == "" {
		return nil, errors.New("ledger: a part of the configuration is missing")
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Pool == 0 {
		c.Pool = DefaultPool
	}
	if c.Batch == 0 {
		c.Batch = DefaultBatch
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Ledger{cfg: c, pub: pub, wake: make(chan struct{}, 1), logged: make(chan struct{})}, nil
}

// Accept makes the anchoring of a digest durable and returns the region's promise. A repeat returns the receipt as far as the
// entry has come.
func (l *Ledger) Accept(ctx context.Context, kind string, d gm.Digest) (*receipt.Receipt, error) {
	e := receipt.Entry{Kind: kind, Digest: d}
	if err := e.Check(); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(l.cfg.Rand, e.Salt[:]); err != nil {
		return nil, fmt.Errorf("salting %s: %w", d, err)
	}
	p := receipt.Promise{Region: l.cfg.Region, Time: l.now()}
	var err error
	if p.Signature, err = gm.Sign(l.cfg.Key, receipt.PromiseBytes(e, p)); err != nil {
		return nil, fmt.Errorf("promising %s: %w", d, err)
	}
	stored, err := l.cfg.Store.Accept(ctx, e, p)
	if err != nil {
		return nil, fmt.Errorf("accepting %s: %w", d, err)
	}
	if stored != e {
		return l.Receipt(ctx, kind, d)
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return &receipt.Receipt{Version: receipt.Version, State: receipt.Accepted, Entry: e, Promise: &p}, nil
}

// Receipt returns the proof of a digest as far as it has come, or ErrNoEntry.
func (l *Ledger) Receipt(ctx context.Context, kind string, d gm.Digest) (*receipt.Receipt, error) {
	e, p, batch, err := l.cfg.Books.Find(ctx, kind, d)
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", d, err)
	}
	if batch == nil || batch.Proof == nil {
		return &receipt.Receipt{Version: receipt.Version, State: receipt.Accepted, Entry: e, Promise: &p}, nil
	}
	t, err := l.tree(ctx, batch.Root.Sequence)
	if err != nil {
		return nil, fmt.Errorf("proving %s: %w", d, err)
	}
	index, there := t.index[e]
	if !there {
		return nil, fmt.Errorf("proving %s: batch %d does not hold it", d, batch.Root.Sequence)
	}
	path, err := t.tree.Path(index)
	if err != nil {
		return nil, fmt.Errorf("proving %s: %w", d, err)
	}
	if len(path) == 0 {
		path = nil
	}
	root := batch.Root
	return &receipt.Receipt{
		Version: receipt.Version, State: receipt.Logged, Entry: e,
		Index: index, Path: path, Root: &root, Signature: batch.Signature, Proof: batch.Proof,
	}, nil
}

// Append accepts a digest and waits until it is logged.
func (l *Ledger) Append(ctx context.Context, kind string, d gm.Digest) (*receipt.Receipt, error) {
	if _, err := l.Accept(ctx, kind, d); err != nil {
		return nil, err
	}
	return l.Await(ctx, kind, d)
}

// Await waits until an accepted digest is logged, or ctx ends.
func (l *Ledger) Await(ctx context.Context, kind string, d gm.Digest) (*receipt.Receipt, error) {
	for {
		l.mu.Lock()
		logged := l.logged
		l.mu.Unlock()
		r, err := l.Receipt(ctx, kind, d)
		if err != nil || r.State != receipt.Accepted {
			return r, err
		}
		select {
		case <-logged:
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for %s: %w", d, ctx.Err())
		}
	}
}

// Problem returns what keeps the ledger from publishing, or nil.
func (l *Ledger) Problem() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.problem
}

// Run publishes what waits until ctx ends: first what a crash left, then a batch each pool time. A failure is logged, remembered
// (Problem) and tried again, ever more slowly; nothing accepted is given up.
func (l *Ledger) Run(ctx context.Context) error {
	pause := firstPause
	for {
		more, err := l.publish(ctx)
		if ctx.Err() != nil {
			return nil
		}
		l.mu.Lock()
		l.problem = err
		l.mu.Unlock()
		wait := l.cfg.Pool
		switch {
		case err != nil:
			l.cfg.Log.ErrorContext(ctx, "publishing to the ledger", "err", err)
			wait, pause = pause, min(2*pause, longestPause)
		case more:
			continue
		default:
			pause = firstPause
			select {
			case <-l.wake:
			case <-ctx.Done():
				return nil
			}
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}

// publish does one round and reports whether more waits.
func (l *Ledger) publish(ctx context.Context) (more bool, err error) {
	left, err := l.cfg.Books.Unpublished(ctx)
	if err != nil {
		return false, fmt.Errorf("reading unpublished batches: %w", err)
	}
	for _, b := range left {
		if err := l.log(ctx, b); err != nil {
			return false, err
		}
	}
	entries, err := l.cfg.Store.Waiting(ctx, l.cfg.Batch)
	if err != nil {
		return false, fmt.Errorf("reading waiting entries: %w", err)
	}
	if len(entries) == 0 {
		return false, nil
	}
	b, err := l.batch(ctx, entries)
	if err != nil {
		return false, fmt.Errorf("making a batch: %w", err)
	}
	if err := l.cfg.Store.PutBatch(ctx, b); err != nil { // intent first: a crash republishes this very record
		return false, fmt.Errorf("storing batch %d: %w", b.Root.Sequence, err)
	}
	return len(entries) == l.cfg.Batch, l.log(ctx, b)
}

// batch builds and signs the next batch.
func (l *Ledger) batch(ctx context.Context, entries []receipt.Entry) (Batch, error) {
	last, err := l.cfg.Books.LastBatch(ctx)
	if err != nil {
		return Batch{}, err
	}
	root := receipt.Root{Region: l.cfg.Region, Count: int64(len(entries)), Time: l.now(), Hash: merkle.New(leafHashes(entries)).Root()}
	if last != nil {
		root.Sequence, root.Previous = last.Root.Sequence+1, gm.Sum(last.Root.Bytes())
	}
	signature, err := gm.Sign(l.cfg.Key, root.Bytes())
	return Batch{Root: root, Signature: signature, Entries: entries}, err
}

// log publishes a stored batch and tells everyone who waits.
func (l *Ledger) log(ctx context.Context, b Batch) error {
	proof, err := l.cfg.Driver.Publish(ctx, receipt.Record(b.Root, b.Signature))
	if err != nil {
		return fmt.Errorf("publishing batch %d: %w", b.Root.Sequence, err)
	}
	if err := l.cfg.Store.PutProof(ctx, b.Root.Sequence, proof); err != nil {
		return fmt.Errorf("noting the proof of batch %d: %w", b.Root.Sequence, err)
	}
	l.mu.Lock()
	close(l.logged)
	l.logged = make(chan struct{})
	l.mu.Unlock()
	return nil
}

// now is the time as receipts write it: UTC, whole seconds.
func (l *Ledger) now() time.Time { return l.cfg.Now().UTC().Truncate(time.Second) }

func leafHashes(entries []receipt.Entry) []gm.Digest {
	leaves := make([]gm.Digest, len(entries))
	for i, e := range entries {
		leaves[i] = merkle.LeafHash(e.LeafBytes())
	}
	return leaves
}
