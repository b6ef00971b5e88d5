package sealing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"yinzheng/internal/auth"
	"yinzheng/internal/gm"
	"yinzheng/internal/ses"
)

// maySee lets those pass who have a part in seals; own is true for who sees the seals of one office alone.
func maySee(by auth.Caller) (own bool, err error) {
	for _, a := range []auth.Action{auth.DecideSeal, auth.MakeSeal, auth.Operate} {
		if by.May(a) == nil {
			return false, nil
		}
	}
	if by.May(auth.ApplySeal) == nil || by.May(auth.UseSeal) == nil {
		return by.Office != "", nil
	}
	return false, auth.ErrDenied
}

// Seal returns a seal to who may see it: who decides, makes or operates sees every one, who applies or uses those of the own
// office. Errors: auth.ErrDenied, ErrNoSeal (also for another office's).
func (l *Life) Seal(ctx context.Context, by auth.Caller, id string) (Record, error) {
	own, err := maySee(by)
	if err != nil {
		return Record{}, err
	}
	r, err := l.c.Register.Seal(ctx, id)
	if err != nil {
		return Record{}, err
	}
	if own && r.Office != by.Office {
		return Record{}, ErrNoSeal
	}
	return r, nil
}

// Seals returns a page of what the caller may see.
func (l *Life) Seals(ctx context.Context, by auth.Caller, q Query) ([]Record, error) {
	own, err := maySee(by)
	if err != nil {
		return nil, err
	}
	if own {
		if q.Office != "" && q.Office != by.Office {
			return nil, nil
		}
		q.Office = by.Office
	}
	return l.c.Register.Seals(ctx, q)
}

// SealOf returns the seal that an office seals with, as Book has it.
func (l *Life) SealOf(ctx context.Context, office string) (Record, error) {
	return l.c.Register.SealOf(ctx, office)
}

// Permit asks, before any work is done, whether a request may use its seal; a refusal stands in the use log. Errors: ErrNotAuthorised.
func (l *Life) Permit(ctx context.Context, r Request) error {
	at := l.c.Now().UTC()
	_, err := Permit(ctx, l.c.Register, r, at)
	if errors.Is(err, ErrNotAuthorised) {
		return errors.Join(err, LogFailure(ctx, l.c.Register, r, "", gm.Digest{}, err, at))
	}
	return err
}

// Events returns a page of a seal's history.
func (l *Life) Events(ctx context.Context, by auth.Caller, id string, after int64, n int) ([]Event, error) {
	if _, err := l.Seal(ctx, by, id); err != nil {
		return nil, err
	}
	return l.c.Register.SealEvents(ctx, id, after, n)
}

// Uses returns a page of a seal's use log.
func (l *Life) Uses(ctx context.Context, by auth.Caller, id string, after int64, n int) ([]Use, error) {
	if _, err := l.Seal(ctx, by, id); err != nil {
		return nil, err
	}
	return l.c.Register.Uses(ctx, id, after, n)
}

// Authorisations returns a page of what lets a seal be used.
func (l *Life) Authorisations(ctx context.Context, by auth.Caller, id string, after int64, n int) ([]Authorisation, error) {
	if _, err := l.Seal(ctx, by, id); err != nil {
		return nil, err
	}
	return l.c.Register.Authorisations(ctx, id, after, n)
}

// Authorise lets somebody else use a seal for a matter: auth.DecideSeal. Seal, Matter, Caller or Office, To and Why are given by
// who asks; a zero From is now. A seal that has ended is ErrTransition. Errors: auth.ErrDenied, ErrNoSeal, ErrGrant, ErrWhy,
// ErrSamePerson, ErrKeyReused.
func (l *Life) Authorise(ctx context.Context, by auth.Caller, a Authorisation, key string) (Authorisation, error) {
	out, err := l.authorise(ctx, by, a, key)
	if err != nil {
		return Authorisation{}, fmt.Errorf("authorising the use of seal %s: %w", a.Seal, err)
	}
	return out, nil
}

func (l *Life) authorise(ctx context.Context, by auth.Caller, a Authorisation, key string) (Authorisation, error) {
	if err := mayAuthorise(by); err != nil {
		return Authorisation{}, err
	}
	r, err := l.Seal(ctx, by, a.Seal)
	if err != nil {
		return Authorisation{}, err
	}
	if r.State.Final() {
		return Authorisation{}, fmt.Errorf("%w: the seal is %s", ErrTransition, r.State)
	}
	asked := gm.Sum(fmt.Appendf(nil, "%q %q %q %q %d %d %d %q", a.Seal, a.Matter, a.Caller, a.Office, a.From.UnixMicro(), a.To.UnixMicro(), a.Limit, a.Why))
	now := l.now()
	if a.From.IsZero() {
		a.From = now
	}
	a.From, a.To = a.From.UTC().Truncate(time.Second), a.To.UTC().Truncate(time.Second) // as the times of signatures
	if err := errors.Join(a.check(now), checkWhy(a.Why)); err != nil {
		return Authorisation{}, err
	}
	if err := l.apart(ctx, by, "authorising", a.Seal, a.Caller); err != nil {
		return Authorisation{}, err
	}
	standing, err := l.c.Register.InForce(ctx, a.Seal, now)
	if err != nil {
		return Authorisation{}, err
	}
	if len(standing) >= MaxAuthorisations {
		return Authorisation{}, fmt.Errorf("%w: %d stand already", ErrGrant, len(standing))
	}
	a.Line, a.Used, a.GrantedBy, a.GrantedAt, a.WithdrawnBy, a.WithdrawnAt = 0, 0, by.ID, now, "", time.Time{}
	if err := l.note(ctx, by.ID, DidAuthorise, a.Seal, fmt.Sprintf("%s for %s %s until %s", a.Matter, a.Caller, a.Office, a.To.Format(time.RFC3339))); err != nil {
		return Authorisation{}, err
	}
	out, err := l.c.Register.AddAuthorisation(ctx, a, Event{At: now, What: DidAuthorise, By: by.ID, Why: a.Why},
		Idempotency{Caller: by.ID, Key: key, Request: asked})
	if err == nil {
		l.c.OnStep("seal " + DidAuthorise)
	}
	return out, err
}

// Withdraw takes an authorisation back: auth.DecideSeal. Errors: auth.ErrDenied, ErrNoSeal, ErrNoAuthorisation, ErrMoved, ErrWhy.
func (l *Life) Withdraw(ctx context.Context, by auth.Caller, id string, line int64, why string) error {
	if _, err := l.touch(ctx, by, auth.DecideSeal, id); err != nil {
		return err
	}
	if err := checkWhy(why); err != nil {
		return err
	}
	if err := l.note(ctx, by.ID, DidWithdraw, id, fmt.Sprint(line)); err != nil {
		return err
	}
	err := l.c.Register.WithdrawAuthorisation(ctx, id, line, Event{At: l.now(), What: DidWithdraw, By: by.ID, Why: why, Detail: fmt.Sprint(line)})
	if err == nil {
		l.c.OnStep("seal " + DidWithdraw)
	}
	return err
}

// serialOf is the serial number of a certificate in hexadecimal; "" for what is none.
func serialOf(der []byte) string {
	c, err := gm.ParseCertificate(der)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%x", c.SerialNumber)
}

// endOf reads the end of a seal that was made before the register kept it; zero when it cannot be read.
func endOf(r Record) time.Time {
	seal, err := ses.ParseSeal(r.Data)
	if err != nil {
		return time.Time{}
	}
	return seal.Info.NotAfter
}
