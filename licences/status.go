package licences

import (
	"context"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"yinzheng/internal/auth"
	"yinzheng/verify"
)

// maxWhy bounds a reason, in characters.
const maxWhy = 500

// The codes of refusals of a change of status.
const (
	ReasonRequired  = "REASON_REQUIRED"  // no reason given
	ReasonLength    = "REASON_LENGTH"    // params: max, in characters
	ReasonCharacter = "REASON_CHARACTER" // control characters, or not UTF-8
)

// allowed says which legal status leads to which by order of the office. Expiry is no change: time does it (StatusOn).
// 吊销 is final.
func allowed(from, to Status) bool {
	switch from {
	case InForce:
		return to == Suspended || to == Revoked
	case Suspended:
		return to == InForce || to == Revoked
	default:
		return false
	}
}

// StatusOn is the legal effect at a time: past its last day (in Beijing time) a licence in force or suspended is Expired.
func (l Licence) StatusOn(t time.Time) Status {
	if l.ValidTo != "" && (l.Status == InForce || l.Status == Suspended) && today(t) > l.ValidTo {
		return Expired
	}
	return l.Status
}

// Suspend takes a licence out of force for a time (暂扣).
func (s *Service) Suspend(ctx context.Context, by auth.Caller, id, why string) (Licence, error) {
	return s.change(ctx, by, id, Suspended, "licence.suspend", why)
}

// Resume gives a suspended licence its force back (暂扣发还).
func (s *Service) Resume(ctx context.Context, by auth.Caller, id, why string) (Licence, error) {
	return s.change(ctx, by, id, InForce, "licence.resume", why)
}

// Revoke takes a licence out of force for good (吊销).
func (s *Service) Revoke(ctx context.Context, by auth.Caller, id, why string) (Licence, error) {
	return s.change(ctx, by, id, Revoked, "licence.revoke", why)
}

// change records the order, then carries it out by compare-and-swap. A licence that was never acknowledged has no status
// to change (ErrNotThere); a status that does not lead there is ErrTransition, one that moved meanwhile ErrMoved; a reason
// that will not do is Refusals.
func (s *Service) change(ctx context.Context, by auth.Caller, id string, to Status, action, why string) (Licence, error) {
	l, err := s.find(ctx, by, auth.ChangeLicence, id)
	if err != nil {
		return Licence{}, err
	}
	if err := checkWhy(why); err != nil {
		return Licence{}, err
	}
	if l.State == Issuing {
		return Licence{}, fmt.Errorf("changing the status of %s: %w", l.ID, ErrNotThere)
	}
	if !allowed(l.Status, to) {
		return Licence{}, fmt.Errorf("changing the status of %s from %s to %s: %w", l.ID, l.Status, to, ErrTransition)
	}
	if err := s.record(ctx, by.ID, action+".ordered", l.ID, string(l.Status)+">"+string(to)); err != nil {
		return Licence{}, err
	}
	at := s.now()
	if err := s.cfg.Register.SetStatus(ctx, l.ID, l.Status, to, why, at, by.ID); err != nil {
		return Licence{}, fmt.Errorf("changing the status of %s: %w", l.ID, err)
	}
	if err := s.record(ctx, by.ID, action, l.ID, string(to)); err != nil {
		return Licence{}, err
	}
	return s.cfg.Store.Licence(ctx, l.ID)
}

func checkWhy(why string) error {
	var r refusals
	switch {
	case why == "":
		r.add(ReasonRequired, "/why")
	case utf8.RuneCountInString(why) > maxWhy:
		r.add(ReasonLength, "/why", "max", fmt.Sprint(maxWhy))
	case !utf8.ValidString(why):
		r.add(ReasonCharacter, "/why")
	}
	for _, c := range why {
		if unicode.IsControl(c) {
			r.add(ReasonCharacter, "/why")
			break
		}
	}
	return r.err()
}

// today is the date of a moment in Beijing time, YYYY-MM-DD.
func today(t time.Time) string { return t.In(verify.ChinaTime()).Format(time.DateOnly) }
