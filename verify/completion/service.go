package completion

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"yinzheng/internal/audit"
	"yinzheng/internal/auth"
	"yinzheng/internal/gm"
	"yinzheng/verify"
)

// Limits of a case.
const (
	MaxText        = 4000 // characters of a committed statement: a printed page
	MaxName        = 200  // characters of any other text
	MaxCommitments = 64   // of a case: the proofs of one matter are a handful
	MaxFacts       = 64   // declared facts of one commitment
	MaxEvidence    = 256  // documents handed in with one case
	MaxPage        = 200  // cases returned at once
)

// Config is what a Service works with. NewID and Policy may be left out.
type Config struct {
	Store    Store
	Licences Licences
	Signer   Signer
	Ledger   Ledger
	Audit    audit.Log
	Archive  Archive
	Trust    func(context.Context) ([]byte, error) // the trust file that licences are judged with
	Now      func() time.Time
	NewID    func() (string, error) // unique; nil for a time-ordered random one
	Policy   verify.Policy          // zero for verify.DefaultPolicy
}

// Service handles cases. It is safe for concurrent use.
type Service struct{ cfg Config }

// New returns a service, or an error that names what is missing.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Licences == nil || c.Signer == nil || c.Ledger == nil || c.Audit == nil || c.Archive == nil || c.Trust == nil || c.Now == nil {
		return nil, errors.New("completion: the configuration is not complete")
	}
	if c.NewID == nil {
		c.NewID = func() (string, error) { return newID(c.Now(), rand.Reader) }
	}
	if c.Policy == (verify.Policy{}) {
		c.Policy = verify.DefaultPolicy()
	}
	return &Service{cfg: c}, nil
}

// newID is 12 hexadecimal digits of milliseconds and 20 of randomness.
func newID(now time.Time, random io.Reader) (string, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(random, b[6:]); err != nil {
		return "", fmt.Errorf("making an ID: %w", err)
	}
	ms := now.UnixMilli()
	for i := range 6 {
		b[i] = byte(ms >> (8 * (5 - i)))
	}
	return hex.EncodeToString(b), nil
}

// now is the clock in whole seconds of UTC: what stores and signed files keep.
func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Second) }

// OpenRequest opens a case.
type OpenRequest struct {
	Number    string    `json:"number"` // 办件编号
	Matter    string    `json:"matter"` // 事项编码
	Title     string    `json:"title"`
	Applicant Party     `json:"applicant"`
	Due       time.Time `json:"due"` // when the check is due; zero for no date
	Key       string    `json:"-"`   // Idempotency-Key of the caller
}

// Open takes a case in for the caller's office. The same key with the same request returns the case first opened; with
// another request it is ErrKeyReused. Errors: auth.ErrDenied, *RequestError.
func (s *Service) Open(ctx context.Context, by auth.Caller, r OpenRequest) (Case, error) {
	if err := by.May(auth.HandleCase); err != nil || by.Office == "" {
		return Case{}, auth.ErrDenied
	}
	if err := r.check(); err != nil {
		return Case{}, err
	}
	request, err := verify.Compact(r)
	if err != nil {
		return Case{}, fmt.Errorf("opening a case: %w", err)
	}
	id, err := s.cfg.NewID()
	if err != nil {
		return Case{}, fmt.Errorf("opening a case: %w", err)
	}
	now := s.now()
	c := Case{
		ID: id, Number: r.Number, Matter: r.Matter, Title: r.Title, Office: by.Office, Applicant: r.Applicant, State: Opened,
		Commitments: []Commitment{}, Evidence: []Evidence{}, Opened: now, Due: r.Due.UTC().Truncate(time.Second), Updated: now,
		Caller: by.ID, Key: r.Key, RequestSM3: gm.Sum(request),
	}
	if err := s.record(ctx, by, "case.open", id, ""); err != nil {
		return Case{}, err
	}
	c, err = s.cfg.Store.CreateCase(ctx, c)
	if err != nil && !errors.Is(err, ErrExists) {
		return Case{}, fmt.Errorf("opening a case: %w", err)
	}
	return c, nil
}

func (r OpenRequest) check() error {
	for _, f := range []struct{ pointer, value string }{
		{"/number", r.Number}, {"/title", r.Title}, {"/applicant/name", r.Applicant.Name},
		{"/applicant/code", r.Applicant.Code}, {"/applicant/code_type", r.Applicant.CodeType},
	} {
		if err := text(f.pointer, f.value, MaxName, true); err != nil {
			return err
		}
	}
	return text("/matter", r.Matter, MaxName, false)
}

// text checks one text of a request.
func text(pointer, value string, limit int, required bool) error {
	switch {
	case required && value == "":
		return &RequestError{"REQUIRED", pointer}
	case utf8.RuneCountInString(value) > limit:
		return &RequestError{"TOO_LONG", pointer}
	}
	return nil
}

// Case returns a case of the caller's office; any other is ErrNoCase, whether it exists or not.
func (s *Service) Case(ctx context.Context, by auth.Caller, id string) (Case, error) {
	if err := by.May(auth.HandleCase); err != nil || by.Office == "" {
		return Case{}, auth.ErrDenied
	}
	c, err := s.cfg.Store.Case(ctx, id)
	if err != nil {
		return Case{}, fmt.Errorf("reading a case: %w", err)
	}
	if c.Office != by.Office {
		return Case{}, fmt.Errorf("reading a case: %w", ErrNoCase)
	}
	return c, nil
}

// Cases returns up to n (at most MaxPage) cases of the caller's office that are not completed and due before a time (zero for
// all), soonest first, after the case named (empty for the first page). The second result names the case to go on after; it
// is empty when there are no more.
func (s *Service) Cases(ctx context.Context, by auth.Caller, dueBefore time.Time, after string, n int) ([]Case, string, error) {
	if err := by.May(auth.HandleCase); err != nil || by.Office == "" {
		return nil, "", auth.ErrDenied
	}
	if n <= 0 || n > MaxPage {
		n = MaxPage
	}
	found := []Case{}
	for {
		page, err := s.cfg.Store.Cases(ctx, dueBefore, after, MaxPage)
		if err != nil {
			return nil, "", fmt.Errorf("listing cases: %w", err)
		}
		for _, c := range page {
			after = c.ID
			if c.Office != by.Office {
				continue
			}
			if found = append(found, c); len(found) == n {
				return found, after, nil
			}
		}
		if len(page) < MaxPage {
			return found, "", nil
		}
	}
}

// record writes one line of the audit log; what cannot be recorded does not happen.
func (s *Service) record(ctx context.Context, by auth.Caller, action, object, detail string) error {
	_, err := s.cfg.Audit.Append(ctx, audit.Entry{At: s.now(), Caller: by.ID, Action: action, Object: object, Detail: detail})
	if err != nil {
		return fmt.Errorf("recording %s of case %s: %w", action, object, err)
	}
	return nil
}

// maxTries bounds how often a change is tried again when somebody else changed the case at the same moment.
const maxTries = 8

// change applies f to the case and stores it, again from the start when it was changed meanwhile. f reports whether there
// is anything to store.
func (s *Service) change(ctx context.Context, by auth.Caller, id string, f func(*Case) (bool, error)) (Case, error) {
	var err error
	for range maxTries {
		var c Case
		if c, err = s.Case(ctx, by, id); err != nil {
			return Case{}, err
		}
		changed, refused := f(&c)
		if refused != nil || !changed {
			return c, refused
		}
		c.Updated = s.now()
		if c, err = s.cfg.Store.UpdateCase(ctx, c); err == nil {
			return c, nil
		}
		if !errors.Is(err, ErrMoved) {
			break
		}
	}
	return Case{}, fmt.Errorf("changing case %s: %w", id, err)
}
