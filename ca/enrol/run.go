package enrol

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	// lookEvery bounds how long Run sleeps: a machine that was suspended, or whose clock was set, is not found late.
	lookEvery = time.Hour
	// leastWait divides two exchanges that went well, whatever the server's certificates say about their life.
	leastWait = time.Minute
	// firstDelay and lastDelay bound the time between two tries when renewing fails.
	firstDelay = 30 * time.Second
	lastDelay  = time.Hour
	// triesLeft is how many tries the rest of a certificate's life should still have room for.
	triesLeft = 8
)

// Run keeps the certificate renewed until ctx ends, which is no error. Failures are logged and tried again, further and further
// apart; ErrExpired or ErrNotEnrolled ends it, because only a new token helps then.
func (t *Transport) Run(ctx context.Context) error {
	for failures := 0; ; {
		wait := t.Due().Sub(t.c.Now())
		if wait <= 0 {
			err := t.RefreshKeys(ctx)
			if errors.Is(err, ErrExpired) || errors.Is(err, ErrNotEnrolled) {
				return err
			}
			if err == nil {
				failures = 0
				wait = max(t.Due().Sub(t.c.Now()), leastWait)
				t.c.Log.InfoContext(ctx, "renewed the client certificate", "not_after", t.Certificate().NotAfter)
			} else if ctx.Err() == nil {
				wait = t.delay(failures)
				failures++
				t.c.Log.ErrorContext(ctx, "renewing the client certificate", "err", err, "again_in", wait)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.c.After(min(wait, lookEvery)):
		}
	}
}

// delay doubles with every failure, within bounds and within what is left of the certificate; a random part of up to half keeps
// systems that failed together from coming back together.
func (t *Transport) delay(failures int) time.Duration {
	d := lastDelay
	if grown := firstDelay << min(failures, 16); grown < lastDelay {
		d = grown
	}
	if c := t.Certificate(); c != nil {
		d = min(d, c.NotAfter.Sub(t.c.Now())/triesLeft)
	}
	d = max(d, time.Second)
	return d - rand.N(d/2)
}
