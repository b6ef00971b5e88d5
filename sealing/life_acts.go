package sealing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"yinzheng/internal/auth"
	"yinzheng/internal/codes"
	"yinzheng/internal/foureyes"
	"yinzheng/internal/gm"
)

// Application asks for a seal.
type Application struct {
	Office   string // USCC of its owner
	Owner    string // name of its owner
	Name     string // 印章名称; "" for Owner and the line
	Look     Look   // zero Type and Size: TypeOffice, PictureSize
	Why      string
	Replaces string // a seal of the same office that has ended; "" for none
	Key      string // idempotency key; "" for none
}

// Apply enters an application: auth.ApplySeal, for the caller's own office if it has one. The same key again returns the same
// seal. Errors: auth.ErrDenied, ErrSpec, ErrText, ErrWhy, ErrNoSeal and ErrTransition (of what it replaces), ErrKeyReused.
func (l *Life) Apply(ctx context.Context, by auth.Caller, a Application) (Record, error) {
	if err := by.May(auth.ApplySeal); err != nil {
		return Record{}, err
	}
	if by.Office != "" && by.Office != a.Office {
		return Record{}, auth.ErrDenied
	}
	r, err := a.record(by.ID)
	if err == nil {
		err = l.replaceable(ctx, by, r, a.Key)
	}
	if err != nil {
		return Record{}, fmt.Errorf("applying for a seal: %w", err)
	}
	text, err := json.Marshal(a)
	if err != nil {
		return Record{}, fmt.Errorf("applying for a seal: %w", err)
	}
	k := Idempotency{Caller: by.ID, Key: a.Key, Request: gm.Sum(text)}
	for range numbering {
		if r.ID, err = l.c.Number(ctx); err != nil {
			break
		}
		if err = l.note(ctx, by.ID, string(SealApplied), r.ID, r.Office); err != nil {
			break
		}
		var there Record
		there, err = l.c.Register.AddSeal(ctx, r, Event{At: l.now(), By: by.ID, Why: a.Why, Detail: r.Replaces}, k)
		if errors.Is(err, ErrSealTaken) {
			continue // another process took that number
		}
		if err == nil {
			l.c.OnStep("seal applied")
			return there, nil
		}
		break
	}
	return Record{}, fmt.Errorf("applying for a seal: %w", err)
}

// record judges what was applied for, as far as that is possible without its certificate.
func (a Application) record(by string) (Record, error) {
	r := Record{Office: a.Office, Owner: a.Owner, Name: a.Name, Look: a.Look, State: SealApplied, Applicant: by, Replaces: a.Replaces}
	if err := codes.CheckUSCC(a.Office); err != nil {
		return r, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	r.Look.defaults()
	if r.Name == "" {
		r.Name = r.Owner + r.Look.Line
	}
	if !isText(r.Owner, minOffice, maxOwner) || !isText(r.Name, 1, maxSealName) {
		return r, fmt.Errorf("%w: owner has %d to %d characters, name 1 to %d", ErrSpec, minOffice, maxOwner, maxSealName)
	}
	if err := r.Look.check(); err != nil {
		return r, err
	}
	if r.Look.Picture == nil { // said now, not when somebody makes it
		if _, err := DrawSeal(r.Owner, r.Look.Line); err != nil {
			return r, err
		}
	}
	return r, checkWhy(a.Why)
}

func checkWhy(why string) error {
	if !isText(why, 1, maxWhy) {
		return ErrWhy
	}
	return nil
}

// replaceable refuses an application for what is there: what it replaces has ended and is the same office's. A repeat (its key is
// known) finds itself there.
func (l *Life) replaceable(ctx context.Context, by auth.Caller, r Record, key string) error {
	if r.Replaces == "" {
		return nil
	}
	old, err := l.Seal(ctx, by, r.Replaces)
	if err != nil {
		return err
	}
	if old.Office != r.Office {
		return fmt.Errorf("%w: seal %s is another office's", ErrSpec, old.ID)
	}
	if !old.State.Final() || old.ReplacedBy != "" && key == "" {
		return fmt.Errorf("%w: seal %s is %s", ErrTransition, old.ID, old.State)
	}
	return nil
}

// Approve decides that a seal is to be made (制发): auth.DecideSeal, and not who applied.
func (l *Life) Approve(ctx context.Context, by auth.Caller, id, why string) (Record, error) {
	r, err := l.touch(ctx, by, auth.DecideSeal, id)
	if err == nil {
		err = l.apart(ctx, by, "approving", id, r.Applicant)
	}
	if err == nil {
		err = checkWhy(why)
	}
	if err == nil {
		r, err = l.move(ctx, r, Move{To: SealApproved, Approver: by.ID, Event: Event{By: by.ID, Why: why}})
	}
	return done(r, "approving", id, err)
}

// Make makes an approved seal (制作): auth.MakeSeal, and neither who applied nor who approved. The owner's key and certificate are
// made with it.
func (l *Life) Make(ctx context.Context, by auth.Caller, id string) (Record, error) {
	r, err := l.touch(ctx, by, auth.MakeSeal, id)
	if err == nil && r.State != SealApproved {
		err = fmt.Errorf("%w: from %s to %s", ErrTransition, r.State, SealMade)
	}
	if err == nil {
		err = l.apart(ctx, by, "making", id, r.Applicant, r.Approver)
	}
	if err == nil {
		r, err = l.make(context.WithoutCancel(ctx), by, r)
	}
	return done(r, "making", id, err)
}

func (l *Life) make(ctx context.Context, by auth.Caller, r Record) (Record, error) {
	cert, err := l.c.Certify(ctx, r)
	if err != nil {
		return Record{}, fmt.Errorf("certifying its owner: %w", err)
	}
	l.c.OnStep("seal certified")
	picture := r.Look.Picture
	if picture == nil {
		if picture, err = DrawSeal(r.Owner, r.Look.Line); err != nil {
			return Record{}, err
		}
	}
	made, err := l.c.Maker.MakeSeal(ctx, Office{
		Seal: r.ID, Name: r.Owner, Code: r.Office, Title: r.Name, Certificate: cert, Type: r.Look.Type, Size: r.Look.Size,
	}, picture)
	if err != nil {
		return Record{}, err
	}
	l.c.OnStep("seal signed")
	moved, err := l.move(ctx, r, Move{
		To: SealMade, Maker: by.ID, Data: made.Data, Signer: made.Signer, Made: made.Made, NotAfter: made.NotAfter,
		Event: Event{By: by.ID, Detail: serialOf(cert)},
	})
	if errors.Is(err, ErrMoved) {
		err = errors.Join(err, l.giveUp(ctx, r.ID, cert))
	}
	return moved, err
}

// giveUp revokes the certificate of a seal that was cancelled while it was being made.
func (l *Life) giveUp(ctx context.Context, id string, cert []byte) error {
	r, err := l.c.Register.Seal(ctx, id)
	if err != nil || r.State != SealCancelled || r.Signer != nil || l.c.Revoke == nil {
		return err
	}
	return l.c.Revoke(ctx, cert, false)
}

// Record notes that a made seal is on record (备案) under a number: auth.MakeSeal.
func (l *Life) Record(ctx context.Context, by auth.Caller, id, filing string) (Record, error) {
	r, err := l.touch(ctx, by, auth.MakeSeal, id)
	if err == nil && !isText(filing, 1, maxFiling) {
		err = ErrFiling
	}
	if err == nil {
		r, err = l.move(ctx, r, Move{To: SealRecorded, Filing: filing, Event: Event{By: by.ID, Detail: filing}})
	}
	return done(r, "recording", id, err)
}

// Activate takes a recorded seal into use (启用): auth.DecideSeal.
func (l *Life) Activate(ctx context.Context, by auth.Caller, id, why string) (Record, error) {
	r, err := l.touch(ctx, by, auth.DecideSeal, id)
	if err == nil && r.State != SealRecorded {
		err = fmt.Errorf("%w: from %s to %s", ErrTransition, r.State, SealActive)
	}
	if err == nil {
		err = checkWhy(why)
	}
	if err == nil {
		r, err = l.move(ctx, r, Move{To: SealActive, Event: Event{By: by.ID, Why: why}})
	}
	return done(r, "activating", id, err)
}

// Suspend takes an active seal out of use for a time (停用): auth.DecideSeal, or auth.ApplySeal of its own office.
func (l *Life) Suspend(ctx context.Context, by auth.Caller, id, why string) (Record, error) {
	r, err := l.touchOwn(ctx, by, id, why)
	if err == nil {
		r, err = l.move(ctx, r, Move{To: SealSuspended, Event: Event{By: by.ID, Why: why}})
	}
	return done(r, "suspending", id, err)
}

// Resume takes a suspended seal into use again: auth.DecideSeal.
func (l *Life) Resume(ctx context.Context, by auth.Caller, id, why string) (Record, error) {
	r, err := l.touch(ctx, by, auth.DecideSeal, id)
	if err == nil && r.State != SealSuspended {
		err = fmt.Errorf("%w: from %s to %s", ErrTransition, r.State, SealActive)
	}
	if err == nil {
		err = checkWhy(why)
	}
	if err == nil {
		r, err = l.move(ctx, r, Move{To: SealActive, Event: Event{By: by.ID, Why: why}})
	}
	return done(r, "resuming", id, err)
}

// Cancel ends a seal (注销), or refuses an application: auth.DecideSeal; who applied may withdraw what is not approved. The
// certificate is revoked; when the CA cannot be asked now, Sweep asks it.
func (l *Life) Cancel(ctx context.Context, by auth.Caller, id, why string) (Record, error) {
	r, err := l.Seal(ctx, by, id)
	if err == nil && !(r.State == SealApplied && foureyes.SamePerson(by.ID, r.Applicant)) {
		err = by.May(auth.DecideSeal)
	}
	if err == nil {
		err = checkWhy(why)
	}
	if err == nil {
		r, err = l.end(ctx, r, Move{To: SealCancelled, Event: Event{By: by.ID, Why: why}})
	}
	return done(r, "cancelling", id, err)
}

// Lose ends a seal that was lost, or whose key leaked, at once and applies for its remake under a new number, which its
// ReplacedBy names: auth.DecideSeal, or auth.ApplySeal of its own office. One person is enough: it only takes away.
func (l *Life) Lose(ctx context.Context, by auth.Caller, id, why string) (Record, error) {
	r, err := l.touchOwn(ctx, by, id, why)
	for range numbering {
		if err != nil {
			break
		}
		remake := Record{Office: r.Office, Owner: r.Owner, Name: r.Name, Look: r.Look, State: SealApplied, Applicant: by.ID, Replaces: r.ID}
		if remake.ID, err = l.c.Number(ctx); err != nil {
			break
		}
		var after Record
		after, err = l.end(ctx, r, Move{To: SealLost, Remake: &remake, Event: Event{By: by.ID, Why: why, Detail: remake.ID}})
		if errors.Is(err, ErrSealTaken) {
			err = nil
			continue
		}
		r = after
		break
	}
	return done(r, "reporting the loss of", id, err)
}

// end moves a seal into a final state and has its certificate revoked. Once it has moved, a CA that cannot be asked is no error.
func (l *Life) end(ctx context.Context, r Record, m Move) (Record, error) {
	ctx = context.WithoutCancel(ctx)
	r, err := l.move(ctx, r, m)
	if err != nil {
		return Record{}, err
	}
	if err := l.revoke(ctx, r); err != nil {
		return r, l.note(ctx, House, "revocation-waits", r.ID, "the CA could not be asked")
	}
	return l.c.Register.Seal(ctx, r.ID)
}

// touch reads a seal for an act that needs a right.
func (l *Life) touch(ctx context.Context, by auth.Caller, a auth.Action, id string) (Record, error) {
	if err := by.May(a); err != nil {
		return Record{}, err
	}
	return l.Seal(ctx, by, id)
}

// touchOwn reads a seal for an act that its own office may do as well as who decides.
func (l *Life) touchOwn(ctx context.Context, by auth.Caller, id, why string) (Record, error) {
	r, err := l.Seal(ctx, by, id)
	if err != nil {
		return Record{}, err
	}
	if by.May(auth.DecideSeal) != nil && (by.May(auth.ApplySeal) != nil || by.Office != "" && by.Office != r.Office) {
		return Record{}, auth.ErrDenied
	}
	return r, checkWhy(why)
}

func done(r Record, doing, id string, err error) (Record, error) {
	if err != nil {
		return Record{}, fmt.Errorf("%s seal %s: %w", doing, id, err)
	}
	return r, nil
}

// End is when a seal ends: its NotAfter, or what its data say.
func (r Record) End() time.Time {
	if !r.NotAfter.IsZero() || r.Data == nil {
		return r.NotAfter
	}
	return endOf(r)
}
