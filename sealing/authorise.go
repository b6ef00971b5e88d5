package sealing

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"yinzheng/internal/auth"
	"yinzheng/internal/foureyes"
	"yinzheng/internal/gm"
)

const (
	// MaxAuthorisations bounds the authorisations of one seal that hold at the same time: each use looks through them.
	MaxAuthorisations = 256
	// MaxMatter bounds a 事项编码 or its pattern, in characters. National codes have at most 31.
	MaxMatter = 64
	// MaxLease bounds how long one authorisation may hold: what nobody looks at for longer was forgotten.
	MaxLease = 5 * 366 * 24 * time.Hour
	maxUses  = 1_000_000_000 // uses that an authorisation may be limited to
)

// Authorisation lets a caller, or the callers of an office, use one seal for one matter (用印授权).
type Authorisation struct {
	Seal      string
	Line      int64  // 1, 2, 3, … in each seal; set by the book
	Matter    string // 事项编码; with * at its end every code that begins so
	Caller    string // caller ID; "" for every caller of Office
	Office    string // USCC; "" for whatever office Caller acts for
	From, To  time.Time
	Limit     int64 // uses; 0 for no bound
	Used      int64 // of which so many were made
	GrantedBy string
	GrantedAt time.Time
	Why       string

	WithdrawnBy string // "" while it stands
	WithdrawnAt time.Time
}

// Errors about the use of a seal.
var (
	// ErrNotAuthorised means that nothing lets this caller use this seal for this matter now.
	ErrNotAuthorised = errors.New("sealing: the use of the seal is not authorised")
	// ErrGrant means that an authorisation was asked for with wrong properties.
	ErrGrant = errors.New("sealing: authorisation is wrong")
)

// Covers reports whether an authorisation is for this matter, caller and office. Who granted it does not use it.
func (a Authorisation) Covers(matter, caller, office string) bool {
	prefix, open := strings.CutSuffix(a.Matter, "*")
	if matter != a.Matter && !(open && strings.HasPrefix(matter, prefix)) {
		return false
	}
	return (a.Caller == "" || a.Caller == caller) && (a.Office == "" || a.Office == office) && !foureyes.SamePerson(a.GrantedBy, caller)
}

// Permit finds what lets a request use its seal: the oldest authorisation that covers it. Whether it still does is asked once
// more, in one transaction with the line of the use log, before the document leaves. Errors: ErrNotAuthorised.
func Permit(ctx context.Context, b Book, r Request, at time.Time) (Authorisation, error) {
	standing, err := b.InForce(ctx, r.Seal, at)
	if err != nil {
		return Authorisation{}, err
	}
	for _, a := range standing {
		if a.Covers(r.Matter, r.By, r.Office) {
			return a, nil
		}
	}
	return Authorisation{}, fmt.Errorf("%w: for matter %q", ErrNotAuthorised, r.Matter)
}

// check refuses an authorisation that could not be meant.
func (a Authorisation) check(now time.Time) error {
	if !isText(a.Matter, 1, MaxMatter) || strings.Contains(strings.TrimSuffix(a.Matter, "*"), "*") {
		return fmt.Errorf("%w: matter has 1 to %d characters, and * only at its end", ErrGrant, MaxMatter)
	}
	if a.Caller == "" && a.Office == "" {
		return fmt.Errorf("%w: it names neither a caller nor an office", ErrGrant)
	}
	if a.From.IsZero() || !a.From.Before(a.To) || !now.Before(a.To) || a.To.Sub(a.From) > MaxLease {
		return fmt.Errorf("%w: from %s to %s", ErrGrant, a.From.Format(time.RFC3339), a.To.Format(time.RFC3339))
	}
	if a.Limit < 0 || a.Limit > maxUses {
		return fmt.Errorf("%w: limited to %d uses, 0 to %d", ErrGrant, a.Limit, maxUses)
	}
	return nil
}

// isText reports whether a text has so many characters, all of them visible or spaces inside.
func isText(s string, least, most int) bool {
	n := utf8.RuneCountInString(s)
	return utf8.ValidString(s) && n >= least && n <= most && strings.TrimSpace(s) == s && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// Codes of results in the use log.
const (
	resultState    = "SEAL_NOT_USABLE"
	resultGrant    = "SEAL_NOT_AUTHORISED"
	resultSigner   = "SIGNER"
	resultDocument = "DOCUMENT"
	resultJudged   = "JUDGED"
	resultAway     = "CANCELLED" // the caller had gone
	resultInternal = "INTERNAL"
)

// ResultOf names what became of a use, for the use log.
func ResultOf(err error) string {
	if err == nil {
		return ResultOK
	}
	for _, r := range []struct {
		err  error
		code string
	}{
		{ErrSealNotUsable, resultState}, {ErrNotAuthorised, resultGrant}, {ErrSigner, resultSigner}, {ErrJudged, resultJudged},
		{ErrDocument, resultDocument}, {context.Canceled, resultAway}, {context.DeadlineExceeded, resultAway},
	} {
		if errors.Is(err, r.err) {
			return r.code
		}
	}
	return resultInternal
}

// LogFailure writes the line of the use log for a request that came to nothing; document is the SM3 of what was to be sealed. It is
// written even for a caller who has gone, but not for what is tried Again.
func LogFailure(ctx context.Context, b Book, r Request, profile string, document gm.Digest, cause error, at time.Time) error {
	if errors.Is(cause, ErrNoSeal) || r.Again {
		return nil // there is no log for what is not there, and one line for what is tried every few seconds
	}
	u := Use{
		Seal: r.Seal, By: r.By, Office: r.Office, Matter: r.Matter, Case: r.Case, Document: document, Profile: profile, Result: ResultOf(cause), At: at,
	}
	if err := b.PutUse(context.WithoutCancel(ctx), u); err != nil {
		return fmt.Errorf("writing a failure into the use log: %w", err)
	}
	return nil
}

// mayAuthorise lets those pass who decide about seals.
func mayAuthorise(by auth.Caller) error { return by.May(auth.DecideSeal) }
