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
	"sync/atomic"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/receipt"
)

// Errors of Store and Books; every driver returns exactly these (wrapped or not).
var (
	ErrNoEntry  = errors.New("ledger: no such entry")
	ErrSequence = errors.New("ledger: the batch is not the next one")
)

// Defaults and limits.
const (
	DefaultPool     = 200 * time.Millisecond // how long entries are collected into one batch
	DefaultMaxBatch = 16384                  // entries of one batch: its tree takes a megabyte and some milliseconds
	recheck         = 5 * time.Second        // a waiter looks for itself this often: a notice may be lost when books fail
)

// Config is what the ledger works with.
type Config struct {
	Region   string        // GB/T 2260 code
	Key      crypto.Signer // SM2: signs promises and roots
	Past     [][]byte      // SubjectPublicKeyInfo of the keys that did so before: what they signed stays readable
	Driver   Driver
	Store    Store
	Books    Books
	Now      func() time.Time
	Rand     io.Reader     // salts; crypto/rand by default
	Pool     time.Duration // DefaultPool when zero
	MaxBatch int           // DefaultMaxBatch when zero, at most receipt.MaxCount; a full batch does not wait for Pool
	Log      *slog.Logger  // nothing is logged by default

	// LogVerifiers are the driver's note verifier keys. With them the driver's proofs, too, are verified before they are kept or
	// handed out; without them only what the ledger itself made is.
	LogVerifiers []string
}

// Ledger collects entries into batches and publishes their roots. It is safe for concurrent use; one process runs it.
type Ledger struct {
	cfg     Config
	keys    receipt.Keys
	wake    chan struct{} // something waits
	full    chan struct{} // a whole batch waits
	fresh   atomic.Int64  // entries accepted since the last batch was collected
	running atomic.Bool
	trees   trees
	waiters waiters

	mu       sync.Mutex
	problem  error // of the last attempt, nil when it worked
	failures int   // in a row
}

// New returns a ledger; nothing runs before Run.
func New(c Config) (*Ledger, error) {
	if c.Driver == nil || c.Store == nil || c.Books == nil || c.Now == nil || c.Region == "" || c.Key == nil {
		return nil, errors.New("ledger: a part of the configuration is missing")
	}
	pub, isEC := c.Key.Public().(*ecdsa.PublicKey)
	if !isEC {
		return nil, fmt.Errorf("ledger: %T is not an SM2 key", c.Key.Public())
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Pool == 0 {
		c.Pool = DefaultPool
	}
	if c.MaxBatch == 0 {
		c.MaxBatch = DefaultMaxBatch
	}
	if c.MaxBatch < 0 || c.MaxBatch > receipt.MaxCount || c.Pool < 0 {
		return nil, fmt.Errorf("ledger: a batch of %d in %s; at most %d entries", c.MaxBatch, c.Pool, receipt.MaxCount)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	signers := []*ecdsa.PublicKey{pub}
	for _, b := range c.Past {
		past, err := gm.ParsePublicKey(b)
		if err != nil {
			return nil, fmt.Errorf("ledger: reading a past key: %w", err)
		}
		signers = append(signers, past)
	}
	return &Ledger{
		cfg:  c,
		keys: receipt.Keys{Region: c.Region, Ledger: signers, LogVerifiers: c.LogVerifiers},
		wake: make(chan struct{}, 1), full: make(chan struct{}, 1),
	}, nil
}

// Accept makes the anchoring of a digest durable and returns the region's promise. A repeat returns the receipt as far as the
// entry has come. A kind that is no short lower-case word is receipt.ErrFormat.
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
	signal(l.wake)
	if l.fresh.Add(1) >= int64(l.cfg.MaxBatch) {
		signal(l.full)
	}
	return promised(e, p), nil
}

// signal leaves a notice in a channel that holds one.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func promised(e receipt.Entry, p receipt.Promise) *receipt.Receipt {
	return &receipt.Receipt{Version: receipt.Version, State: receipt.Accepted, Entry: e, Promise: &p}
}

// Receipt returns the proof of a digest as far as it has come, or ErrNoEntry. What does not verify is an error, not a receipt.
func (l *Ledger) Receipt(ctx context.Context, kind string, d gm.Digest) (*receipt.Receipt, error) {
	e, p, batch, err := l.cfg.Books.Find(ctx, kind, d)
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", d, err)
	}
	if batch == nil || batch.Proof == nil {
		return promised(e, p), nil
	}
	t, err := l.tree(ctx, batch.Root.Sequence)
	if err != nil {
		return nil, fmt.Errorf("proving %s: %w", d, err)
	}
	r, err := t.receipt(e)
	if err != nil {
		return nil, fmt.Errorf("proving %s: %w", d, err)
	}
	return r, nil
}

// Append accepts a digest and waits until it is logged.
func (l *Ledger) Append(ctx context.Context, kind string, d gm.Digest) (*receipt.Receipt, error) {
	r, err := l.Accept(ctx, kind, d)
	if err != nil || r.State != receipt.Accepted {
		return r, err
	}
	return l.Await(ctx, kind, d)
}

// Await waits until an accepted digest is logged, or ctx ends. What was never accepted is ErrNoEntry at once.
func (l *Ledger) Await(ctx context.Context, kind string, d gm.Digest) (*receipt.Receipt, error) {
	for {
		logged, leave := l.waiters.join(place{kind, d}) // before looking, so that no notice is missed
		r, err := l.Receipt(ctx, kind, d)
		if err != nil || r.State != receipt.Accepted {
			leave()
			return r, err
		}
		select {
		case <-logged:
		case <-time.After(recheck):
		case <-ctx.Done():
			err = fmt.Errorf("waiting for %s: %w", d, ctx.Err())
		}
		leave()
		if err != nil {
			return nil, err
		}
	}
}

// now is the time as receipts write it: UTC, whole seconds.
func (l *Ledger) now() time.Time { return l.cfg.Now().UTC().Truncate(time.Second) }
