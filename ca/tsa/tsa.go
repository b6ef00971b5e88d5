// Package tsa is the region's timestamp authority (RFC 3161, GB/T 20520): SM3 digests are stamped with SM2, SHA-256 digests
// with ECDSA on P-256. It stamps only while the clock may be believed, and never a time before one that it stamped before.
package tsa

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"sync/atomic"
	"time"

	"yinzheng/internal/clock"
	"yinzheng/internal/gm"
	"yinzheng/internal/tsp"
)

const (
	// Accuracy is what answers to queries state: times are cut to whole seconds, and the clock may be off by as much again.
	Accuracy = tsp.IssuedAccuracy
	// setBack is how far a time service may set the clock back in one step before stamping stops; until the clock has caught
	// up, tokens repeat the latest time. It is far below Accuracy.
	setBack = 500 * time.Millisecond
	// crossCheckEvery says how many SM2 tokens go with one second opinion, which takes three times as long as the token; the
	// first token of a process has one.
	crossCheckEvery = 32
)

// ErrIdentity means that a key and certificate cannot stamp.
var ErrIdentity = errors.New("tsa: identity cannot stamp")

// Identity is a key and its certificate. The zero Identity is none.
type Identity struct {
	Certificate []byte // DER
	Key         crypto.Signer
}

func (i Identity) none() bool { return i.Certificate == nil && i.Key == nil }

// Config holds all that an Authority needs.
type Config struct {
	SM2, ECDSA Identity // the second may be none: queries for SHA-256 are then refused
	Serials    Serials
	Now        func() time.Time
	Sync       clock.Sync // asked before every token
	// Alarm, if set, is told when two implementations of SM2 disagree.
	Alarm func(ctx context.Context, what string, err error)
}

// Authority stamps. It is safe for concurrent use.
type Authority struct {
	cfg   Config
	guard *clock.Guard
	mu    sync.Mutex // held from reading the clock to having a serial number, so that both rise together

	opinion func(*tsp.Token) error // the second one
	tokens  atomic.Uint64          // of SM2
	stopped atomic.Bool            // two implementations disagreed
}

// New returns an authority that stamps no time before the latest one that the serial numbers remember. Errors: ErrIdentity.
func New(c Config) (*Authority, error) {
	if c.Serials == nil || c.Now == nil || c.Sync == nil {
		return nil, errors.New("tsa: serial numbers, a clock and its state are needed")
	}
	if err := tsp.CheckIdentity(c.SM2.Certificate, c.SM2.Key, true); err != nil {
		return nil, fmt.Errorf("%w: SM2: %w", ErrIdentity, err)
	}
	if !c.ECDSA.none() {
		if err := tsp.CheckIdentity(c.ECDSA.Certificate, c.ECDSA.Key, false); err != nil {
			return nil, fmt.Errorf("%w: ECDSA: %w", ErrIdentity, err)
		}
	}
	wall := func() time.Time { return c.Now().Round(0) } // the wall clock alone: the monotonic one is never set back
	if c.Alarm == nil {
		c.Alarm = func(context.Context, string, error) {}
	}
	a := &Authority{cfg: c, guard: clock.NewGuard(wall, setBack), opinion: (*tsp.Token).CrossCheck}
	a.guard.Advance(c.Serials.Latest())
	return a, nil
}

// next is the time, in whole seconds, and the serial number of the next token.
func (a *Authority) next(ctx context.Context) (time.Time, *big.Int, error) {
	if a.stopped.Load() {
		return time.Time{}, nil, fmt.Errorf("stopped until the next start: %w", gm.ErrDisagreement)
	}
	if err := a.cfg.Sync.InSync(ctx); err != nil {
		return time.Time{}, nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	at, err := a.guard.Now()
	if err != nil {
		return time.Time{}, nil, err
	}
	at = at.UTC().Truncate(time.Second)
	if latest := a.cfg.Serials.Latest(); at.Before(latest) { // set back, but by less than setBack
		at = latest
	}
	serial, err := a.cfg.Serials.Next(ctx, at)
	return at, serial, err
}

// secondOpinion has another implementation of SM2 verify a token now and then. A disagreement stops all stamping.
func (a *Authority) secondOpinion(ctx context.Context, token *tsp.Token) error {
	if (a.tokens.Add(1)-1)%crossCheckEvery != 0 {
		return nil
	}
	err := a.opinion(token)
	if err != nil && !a.stopped.Swap(true) {
		a.cfg.Alarm(ctx, "timestamp", err)
	}
	return err
}

// Timestamp stamps a digest of SM3 with the present time, for the service's own seals. The token is verified before it is
// returned, now and then by a second implementation of SM2 too. Errors: clock.ErrUnsynchronised, clock.ErrUnknown, clock.ErrBackwards,
// gm.ErrDisagreement, and those of tsp.Issue.
func (a *Authority) Timestamp(ctx context.Context, digest gm.Digest) (*tsp.Token, error) {
	at, serial, err := a.next(ctx)
	if err != nil {
		return nil, fmt.Errorf("stamping: %w", err)
	}
	token, err := tsp.Issue(digest, serial, at, a.cfg.SM2.Certificate, a.cfg.SM2.Key)
	if err != nil {
		return nil, fmt.Errorf("stamping: %w", err)
	}
	if err := token.Verify(digest); err != nil {
		return nil, fmt.Errorf("stamping: verifying back: %w", err)
	}
	if err := a.secondOpinion(ctx, token); err != nil {
		return nil, fmt.Errorf("stamping: %w", err)
	}
	return token, nil
}

// Identity returns the key and certificate it stamps the service's own seals with.
func (a *Authority) Identity() (certificate []byte, key crypto.Signer) {
	return a.cfg.SM2.Certificate, a.cfg.SM2.Key
}
