package house

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"yinzheng/ca"
	"yinzheng/ca/operate"
	"yinzheng/ca/revocation"
	"yinzheng/ca/tsa"
	"yinzheng/internal/clock"
)

const (
	// orphanAge is when an intent that was not settled is given up: signing takes milliseconds.
	orphanAge = time.Minute
	// rootListAhead is how long before the end of a root's list its ceremony is asked for: officers have to travel.
	rootListAhead = 30 * 24 * time.Hour
	// rootListLook is how often that is looked at and said.
	rootListLook = 24 * time.Hour
	// authoritySweep is how often the authority looks for orphans, and for services of its own to renew.
	authoritySweep = time.Minute
	// maxClockError is how far the kernel may think the clock is off: half of what a timestamp states as its accuracy.
	maxClockError = 500 * time.Millisecond
)

// openAuthority opens what stands around the region: timestamps, revocation, dual control, enrolment.
func (h *House) openAuthority() (err error) {
	sync := h.cfg.Clock
	if sync == nil {
		sync = clock.Kernel(maxClockError)
	}
	serials, err := tsa.OpenSerials(filepath.Join(h.cfg.Data, regionDir, serialFile))
	if err != nil {
		return fmt.Errorf("opening the timestamp serials : %w", err)
	}
	sm2, ecdsa := h.Region.Timestamper(), h.Region.TLSTimestamper()
	h.TSA, err = tsa.New(tsa.Config{
		SM2:   tsa.Identity{Certificate: sm2.Certificate, Key: sm2.Key},
		ECDSA: tsa.Identity{Certificate: ecdsa.Certificate, Key: ecdsa.Key}, Serials: serials, Now: h.cfg.Now, Sync: sync, Alarm: h.Region.Stop,
	})
	if err != nil {
		return fmt.Errorf("opening the timestamp authority : %w", err)
	}
	h.Revoked, err = revocation.New(revocation.Config{
		Authorities: h.issuers, Book: h.DB, Numbers: h.DB, Now: h.cfg.Now, Log: h.cfg.Log, BaseURL: h.cfg.URL,
		Alarm: h.Region.Stop,
	})
	if err != nil {
		return fmt.Errorf("opening the revocation lists : %w", err)
	}
	h.Enrolment = &ca.Enrolment{Region: h.Region, Tokens: h.DB, Callers: h.DB}
	h.Operate, err = operate.New(operate.Config{
		Region: h.Region, Keys: h.Keys, Books: h.DB, Enrolment: h.Enrolment, Callers: h.DB, Proposals: h.DB, Audit: h.DB, Now: h.cfg.Now, Notice: h.Revoked.Notice,
	})
	if err != nil {
		return fmt.Errorf("opening the desk of dual control : %w", err)
	}
	return nil
}

// issuers are the authorities as revocation needs them.
func (h *House) issuers() []revocation.Authority {
	var out []revocation.Authority
	for _, i := range h.Region.Issuers() {
		out = append(out, revocation.Authority{
			Name: i.Name, Certificate: i.Certificate, Key: i.Key,
			Responder: revocation.Identity{Certificate: i.Responder.Certificate, Key: i.Responder.Key},
		})
	}
	return out
}

// keepAuthority gives up orphaned intents and renews the house's own certificates in time.
func (h *House) keepAuthority(ctx context.Context) error {
	if err := h.Operate.Resume(ctx); err != nil && ctx.Err() == nil {
		h.cfg.Log.ErrorContext(ctx, "resuming what two people decided", "err", err)
	}
	var looked time.Time
	for {
		now := h.cfg.Now()
		if now.Sub(looked) >= rootListLook {
			looked = now
			h.lookAtRootLists(ctx, now)
			h.recordKeysHead(ctx)
		}
		if n, err := h.DB.Void(ctx, now.Add(-orphanAge), now); err != nil && ctx.Err() == nil {
			h.cfg.Log.ErrorContext(ctx, "giving up orphaned intents", "err", err)
		} else if n > 0 {
			h.cfg.Log.WarnContext(ctx, "certificates that were never settled now count as revoked", "count", n)
			h.Revoked.Notice()
		}
		if made, err := h.Region.Renew(ctx, ""); err != nil && ctx.Err() == nil {
			h.cfg.Log.ErrorContext(ctx, "renewing our own certificates", "err", err)
		} else if len(made) > 0 {
			h.cfg.Log.InfoContext(ctx, "renewed; in use from the next start", "certificates", made)
			h.record(ctx, "ca.renew", fmt.Sprint(made), "ahead of their end")
		}
		select {
		case <-time.After(authoritySweep):
		case <-ctx.Done():
			return nil
		}
	}
}

// lookAtRootLists asks for a ceremony in time.
func (h *House) lookAtRootLists(ctx context.Context, now time.Time) {
	end, err := h.Region.ListsEnd()
	switch {
	case err != nil:
		h.cfg.Log.ErrorContext(ctx, "reading the roots' lists", "err", err)
	case end.IsZero():
		h.cfg.Log.WarnContext(ctx, "a root has no revocation list: import one from its ceremony")
	case end.Before(now.Add(rootListAhead)):
		h.cfg.Log.WarnContext(ctx, "a root's revocation list ends soon: hold a ceremony", "end", end)
	}
}
