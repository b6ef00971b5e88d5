package sealing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"yinzheng/internal/audit"
	"yinzheng/internal/auth"
	"yinzheng/internal/foureyes"
)

// leads is what may follow each state; what is not here is refused.
func leads() map[SealState][]SealState {
	return map[SealState][]SealState{
		SealApplied:   {SealApproved, SealCancelled},
		SealApproved:  {SealMade, SealCancelled},
		SealMade:      {SealRecorded, SealCancelled, SealLost, SealExpired},
		SealRecorded:  {SealActive, SealCancelled, SealLost, SealExpired},
		SealActive:    {SealSuspended, SealCancelled, SealLost, SealExpired},
		SealSuspended: {SealActive, SealCancelled, SealLost, SealExpired},
		SealCancelled: nil,
		SealLost:      nil,
		SealExpired:   nil,
	}
}

// States returns every state, in the order of a life.
func States() []SealState {
	return []SealState{SealApplied, SealApproved, SealMade, SealRecorded, SealActive, SealSuspended, SealCancelled, SealLost, SealExpired}
}

// Leads reports whether a state may follow another.
func Leads(from, to SealState) bool { return slices.Contains(leads()[from], to) }

// Final reports whether nothing follows a state.
func (s SealState) Final() bool { return len(leads()[s]) == 0 }

// Errors of Life, beside those of its parts and auth.ErrDenied.
var (
	// ErrTransition means that a seal's state does not lead to the one asked for.
	ErrTransition = errors.New("sealing: this state does not lead to that one")
	// ErrSamePerson means that one person tried to do what is for two.
	ErrSamePerson = errors.New("sealing: this is for another person")
	// ErrWhy means that no reason, or no text, is given where one is needed.
	ErrWhy = errors.New("sealing: a reason of 1 to 200 characters is needed")
	// ErrFiling means that a 备案编号 is not of an allowed form.
	ErrFiling = errors.New("sealing: the number of the record has 1 to 64 characters")
)

const (
	maxWhy    = 200 // characters of a reason: a person reads it
	maxFiling = 64  // characters of a 备案编号
	numbering = 100 // numbers tried when another process applies at the same time
)

// House is who acts when nobody asked: in the history and in the audit record.
const House = "yinzheng"

// LifeConfig is what a Life works with; everything but Revoke and OnStep is required.
type LifeConfig struct {
	Register Register
	Audit    audit.Log
	Maker    *Maker
	// Number returns a seal number that nobody has yet.
	Number func(ctx context.Context) (string, error)
	// Certify gives a seal its key and its owner's signing certificate, DER; again the same for the same seal.
	Certify func(ctx context.Context, r Record) ([]byte, error)
	// Revoke has the CA revoke a certificate for good; a repeat is no error. Nil asks nobody.
	Revoke func(ctx context.Context, certificate []byte, compromised bool) error
	Now    func() time.Time
	OnStep func(step string) // called after each durable step; kill tests hang on it
}

// Life leads seals from application to end after 国办发〔2025〕33号: who decides (制发部门) and who makes (制作管理单位) are two people,
// and neither is who applied. It is safe for concurrent use, and several processes may work on one register.
type Life struct {
	c LifeConfig
}

// NewLife refuses a LifeConfig in which something is missing.
func NewLife(c LifeConfig) (*Life, error) {
	if c.Register == nil || c.Audit == nil || c.Maker == nil || c.Number == nil || c.Certify == nil || c.Now == nil {
		return nil, errors.New("sealing: a part of the configuration of a life is missing")
	}
	if c.OnStep == nil {
		c.OnStep = func(string) {}
	}
	return &Life{c: c}, nil
}

// now is the time as registers keep it.
func (l *Life) now() time.Time { return l.c.Now().UTC().Truncate(time.Microsecond) }

// note writes down what is about to be done; what cannot be written down is not done.
func (l *Life) note(ctx context.Context, by, action, seal, detail string) error {
	_, err := l.c.Audit.Append(ctx, audit.Entry{At: l.c.Now(), Caller: by, Action: "seal." + action, Object: seal, Detail: detail})
	if err != nil {
		return fmt.Errorf("recording seal.%s of %s: %w", action, seal, err)
	}
	return nil
}

// apart refuses who is one of the others; the try is on record.
func (l *Life) apart(ctx context.Context, by auth.Caller, action, seal string, others ...string) error {
	for _, other := range others {
		if foureyes.SamePerson(by.ID, other) {
			return errors.Join(ErrSamePerson, l.note(ctx, by.ID, "refused", seal, action+": the same person"))
		}
	}
	return nil
}

// move carries out one change of state that the table allows, and returns the seal as it is then.
func (l *Life) move(ctx context.Context, r Record, m Move) (Record, error) {
	ctx = context.WithoutCancel(ctx) // once begun, the caller learns what became of it
	m.Seal, m.From = r.ID, r.State
	if l.over(r) && m.To != SealExpired && Leads(r.State, SealExpired) {
		if err := l.expire(ctx, r); err != nil {
			return Record{}, err
		}
		r.State = SealExpired
	}
	if !Leads(r.State, m.To) {
		return Record{}, fmt.Errorf("%w: from %s to %s", ErrTransition, r.State, m.To)
	}
	m.Event.At = l.now()
	if err := l.note(ctx, m.Event.By, string(m.To), r.ID, "from "+string(r.State)); err != nil {
		return Record{}, err
	}
	if err := l.c.Register.MoveSeal(ctx, m); err != nil {
		return Record{}, err
	}
	l.c.OnStep("seal " + string(m.To))
	return l.c.Register.Seal(ctx, r.ID)
}

// over reports whether a seal's own or its certificate's validity has ended.
func (l *Life) over(r Record) bool {
	if r.Data == nil {
		return false
	}
	end := r.End()
	return !end.IsZero() && !l.c.Now().Before(end)
}

// expire says openly that a seal has ended.
func (l *Life) expire(ctx context.Context, r Record) error {
	if err := l.note(ctx, House, string(SealExpired), r.ID, "from "+string(r.State)); err != nil {
		return err
	}
	err := l.c.Register.MoveSeal(ctx, Move{
		Seal: r.ID, From: r.State, To: SealExpired,
		Event: Event{At: l.now(), By: House, Why: "its validity ended", Detail: r.End().UTC().Format(time.RFC3339)},
	})
	if err != nil {
		return err
	}
	l.c.OnStep("seal expired")
	return nil
}

// Sweep ends the seals whose time is over and asks the CA once more where a certificate is not revoked that should be. It
// returns how many seals it dealt with. A seal that fails does not keep the others.
func (l *Life) Sweep(ctx context.Context) (int, error) {
	var errs []error
	done := 0
	for after := ""; ; {
		page, err := l.c.Register.SealsDue(ctx, l.c.Now(), after, MaxPage)
		if err != nil || len(page) == 0 {
			return done, errors.Join(append(errs, err)...)
		}
		for _, r := range page {
			after = r.ID
			switch {
			case r.State.Final():
				err = l.revoke(ctx, r)
			case l.over(r):
				err = l.expire(ctx, r)
			default:
				continue
			}
			if err != nil && !errors.Is(err, ErrMoved) {
				errs = append(errs, fmt.Errorf("sweeping seal %s: %w", r.ID, err))
				continue
			}
			done++
		}
	}
}

// revoke has the certificate of a cancelled or lost seal revoked, so that every verifier learns of it.
func (l *Life) revoke(ctx context.Context, r Record) error {
	if l.c.Revoke == nil || r.Signer == nil || !r.Revoked.IsZero() || r.State != SealCancelled && r.State != SealLost {
		return nil
	}
	if err := l.c.Revoke(ctx, r.Signer, r.State == SealLost); err != nil {
		return fmt.Errorf("asking the CA to revoke the certificate: %w", err)
	}
	l.c.OnStep("seal certificate revoked")
	err := l.c.Register.RevokedSeal(ctx, r.ID, Event{
		At: l.now(), From: r.State, To: r.State, What: DidRevoke, By: House, Detail: serialOf(r.Signer),
	})
	if err == nil {
		l.c.OnStep("seal " + DidRevoke)
	}
	return err
}
