package licences

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"yinzheng/archive"
	"yinzheng/internal/audit"
	"yinzheng/internal/auth"
	"yinzheng/internal/gm"
	"yinzheng/sealing"
	"yinzheng/verify"
)

// Errors of Service beside those of its store.
var (
	// ErrFace means that a licence left half-way renders to another face than was fixed before sealing; it stays as it is.
	ErrFace = errors.New("licences: the face is not the one that was to be sealed")
	// ErrOwnSeal means that what the sealer returned is not the face with a valid seal appended; it is not kept.
	ErrOwnSeal = errors.New("licences: our own sealed document does not verify")
	// ErrNotThere means that the licence has not come far enough for what was asked, e.g. it has no receipt yet.
	ErrNotThere = errors.New("licences: not yet")
	// ErrTransition means that a legal status does not lead to the one asked for.
	ErrTransition = errors.New("licences: this status does not change to that one")
)

// Seals finds the seal that an office seals with; *sealing.Life is one.
type Seals interface {
	// Permit reports whether a request may use its seal, or sealing.ErrNotAuthorised; its document is not looked at.
	Permit(ctx context.Context, r sealing.Request) error
	// SealOf returns the active seal of an office (USCC), or sealing.ErrNoSeal.
	SealOf(ctx context.Context, office string) (sealing.Record, error)
}

// Archiver deposits packages; *archive.Archive is one.
type Archiver interface {
	// Deposit is durable on return and idempotent by ID.
	Deposit(ctx context.Context, d archive.Deposit) (archive.Package, error)
	// Package returns the record of a package, or archive.ErrNoPackage.
	Package(ctx context.Context, id string) (archive.Package, error)
}

// Numbers counts. Every number is given at most once; there may be gaps.
type Numbers interface {
	// Next returns 1, 2, 3, … for a series; it is durable on return.
	Next(ctx context.Context, series string) (int64, error)
}

// Config is what the service works with. Every field without a default is required.
type Config struct {
	Kinds         *Catalogue
	Store         Store
	Register      Register
	Presentations Presentations
	Seals         Seals
	Sealer        Sealer
	Ledger        Ledger
	Blobs         archive.Blobs
	Archive       Archiver
	Audit         audit.Log
	// Judge is the same judgement that a stranger makes, with the trust file as of now. A document that it finds Invalid
	// never becomes Sealed; its report on document and receipt goes into the archive package.
	Judge    func(ctx context.Context, in verify.Input, at time.Time) (verify.Report, error)
	Numbers  Numbers // running numbers of 证照编号; nil: a kind that needs one needs it in the request
	CheckURL string  // what the check code on the face is appended to, e.g. "https://host/c/"
	Region   string  // GB/T 2260, for the archive's metadata

	Now    func() time.Time  // default time.Now
	Rand   io.Reader         // default crypto/rand.Reader
	Log    *slog.Logger      // default: nothing is logged
	Life   time.Duration     // of a presentation: DefaultLife when zero, else MinLife to MaxLife
	Sweep  time.Duration     // how often Run looks for what was left half-way: DefaultSweep when zero
	OnStep func(step string) // called after each step of issuing ("1" … "8"); kill tests hang on it; default nothing
}

// Defaults and limits of the running service.
const (
	DefaultLife  = 60 * time.Second  // of a presentation
	MinLife      = 15 * time.Second  // less and a phone camera is too slow
	MaxLife      = 300 * time.Second // more and a photograph of the code is worth something
	DefaultSweep = 5 * time.Second
)

// Service issues licences and answers for them. It is safe for concurrent use, and several services (processes) may work
// on one store: every change of state is a compare-and-swap.
type Service struct {
	cfg   Config
	busy  locks
	queue queue
}

// New returns a service; nothing runs before Run.
func New(c Config) (*Service, error) {
	switch {
	case c.Kinds == nil, c.Store == nil, c.Register == nil, c.Presentations == nil, c.Seals == nil, c.Sealer == nil,
		c.Ledger == nil, c.Blobs == nil, c.Archive == nil, c.Audit == nil, c.Judge == nil:
		return nil, errors.New("licences: a part of the configuration is missing")
	}
	if c.Life == 0 {
		c.Life = DefaultLife
	}
	if c.Life < MinLife || c.Life > MaxLife {
		return nil, fmt.Errorf("licences: a presentation of %v is not between %v and %v", c.Life, MinLife, MaxLife)
	}
	if c.Sweep == 0 {
		c.Sweep = DefaultSweep
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.OnStep == nil {
		c.OnStep = func(string) {}
	}
	return &Service{cfg: c, busy: newLocks(), queue: newQueue()}, nil
}

// now is the time as every store keeps it: UTC, whole microseconds.
func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }

// record appends to the audit log; an operation whose entry cannot be appended fails.
func (s *Service) record(ctx context.Context, by, action, object, detail string) error {
	_, err := s.cfg.Audit.Append(ctx, audit.Entry{At: s.now(), Caller: by, Action: action, Object: object, Detail: detail})
	if err != nil {
		return fmt.Errorf("recording %s: %w", action, err)
	}
	return nil
}

// find returns a licence that by may touch with an action. Someone else's licence is ErrNoLicence, like one that is not
// there: the answer says nothing about it.
func (s *Service) find(ctx context.Context, by auth.Caller, a auth.Action, id string) (Licence, error) {
	if err := by.May(a); err != nil {
		return Licence{}, err
	}
	l, err := s.cfg.Store.Licence(ctx, id)
	if err != nil {
		return Licence{}, fmt.Errorf("finding licence: %w", err)
	}
	if l.IssuerCode != by.Office && by.May(auth.Operate) != nil {
		return Licence{}, fmt.Errorf("finding licence: %w", ErrNoLicence)
	}
	return l, nil
}

// Licence returns a licence of the caller's office (or any, to an operator). Its Status is the stored one; see StatusOn.
func (s *Service) Licence(ctx context.Context, by auth.Caller, id string) (Licence, error) {
	return s.find(ctx, by, auth.ReadLicence, id)
}

// History returns what happened to a licence, oldest first.
func (s *Service) History(ctx context.Context, by auth.Caller, id string) ([]Event, error) {
	l, err := s.find(ctx, by, auth.ReadLicence, id)
	if err != nil {
		return nil, err
	}
	return s.cfg.Register.History(ctx, l.ID)
}

// Document returns the sealed PDF, whose digest is checked while it is read, and the licence; ErrNotThere before it is
// sealed. No document leaves before the ledger has accepted its digest.
func (s *Service) Document(ctx context.Context, by auth.Caller, id string) (io.ReadCloser, Licence, error) {
	l, err := s.find(ctx, by, auth.ReadLicence, id)
	if err != nil {
		return nil, Licence{}, err
	}
	if err := s.accepted(ctx, l); err != nil {
		return nil, Licence{}, err
	}
	r, err := s.cfg.Blobs.Open(ctx, l.Document)
	if err != nil {
		return nil, Licence{}, fmt.Errorf("opening the document of %s: %w", l.ID, err)
	}
	return r, l, nil
}

// Receipt returns the receipt's JSON as far as the licence has come; ErrNotThere before it is sealed.
func (s *Service) Receipt(ctx context.Context, by auth.Caller, id string) ([]byte, Licence, error) {
	l, err := s.find(ctx, by, auth.ReadLicence, id)
	if err != nil {
		return nil, Licence{}, err
	}
	b, err := s.receipt(ctx, l)
	return b, l, err
}

// Files returns document and receipt of a licence by its 电子证照标识, for judging inside the service (completion); no
// caller is asked here. ErrNoLicence if there is none, ErrNotThere before it is sealed.
func (s *Service) Files(ctx context.Context, identifier string) (verify.Input, error) {
	l, err := s.cfg.Register.ByIdentifier(ctx, identifier)
	if err != nil {
		return verify.Input{}, fmt.Errorf("finding licence: %w", err)
	}
	var in verify.Input
	if in.Receipt, err = s.receipt(ctx, l); err != nil {
		return verify.Input{}, err
	}
	if in.Document, err = s.document(ctx, l); err != nil {
		return verify.Input{}, err
	}
	return in, nil
}

func (s *Service) receipt(ctx context.Context, l Licence) ([]byte, error) {
	if err := s.accepted(ctx, l); err != nil {
		return nil, err
	}
	r, err := s.cfg.Ledger.Receipt(ctx, entryKind, l.Document)
	if err != nil {
		return nil, fmt.Errorf("reading the receipt of %s: %w", l.ID, err)
	}
	return r.Encode(), nil
}

// document reads the sealed PDF of a licence that has one.
func (s *Service) document(ctx context.Context, l Licence) ([]byte, error) {
	r, err := s.cfg.Blobs.Open(ctx, l.Document)
	if err != nil {
		return nil, fmt.Errorf("opening the document of %s: %w", l.ID, err)
	}
	defer func() { _ = r.Close() }()
	b, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("reading the document of %s: %w", l.ID, err)
	}
	if gm.Sum(b) != l.Document {
		return nil, fmt.Errorf("reading the document of %s: %w", l.ID, archive.ErrDamaged)
	}
	return b, nil
}

// maxDocument bounds a sealed licence: a one-page face of ours has some hundred kilobytes.
const maxDocument = 32 << 20
