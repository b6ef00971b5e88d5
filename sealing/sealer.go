package sealing

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/pdf/increment"
	"yinzheng/internal/ses"
)

// Names of the signature dictionary's handlers (practice of GM/T 0112-2021, whose table of names we have not read:
// hence configurable).
const (
	DefaultFilter       = "GM.PKILite"
	DefaultSubFilter    = "GM.sm2seal"
	DefaultSubFilterCMS = "GM.sm2cms.detached"
)

const (
	// reserveBeyond is the room in /Contents beyond seal and certificate: a timestamp token with its certificate (about
	// 1.5 KB), the signature value and the DER around them, with as much again to spare.
	reserveBeyond = 4096
	// signedPart is propertyInfo of TBS_Sign: what was protected. In a PDF it is the vendor's to define.
	signedPart = "/ByteRange"
)

// How a use of a seal is called in the use log, for each profile.
const (
	useSES     = "ses-v4"        // SES_Signature of GB/T 38540-2020
	useTwoStep = "ses-v4-remote" // the same over a document that stayed where it is
	useSM2     = "sm2-cms"
	usePAdES   = "pades"
	useDual    = "ses-v4+pades"
)

// Foreign is the identity beside a seal for readers who know no SM2.
type Foreign struct {
	Certificate []byte   // DER
	Chain       [][]byte // authorities above it, without the root
	Key         crypto.Signer
}

// Evidence is what a signature can be judged with when nobody can be asked: DER.
type Evidence struct {
	Certificates [][]byte
	Lists        [][]byte // CRLs
	Statuses     [][]byte // OCSP responses
}

// Config is what a Sealer needs. Filter, SubFilter, SubFilterCMS and Second have defaults; what is said to be for a profile may be
// missing, and the profile is then refused; everything else is required.
type Config struct {
	Book         Book
	Keys         Keys
	Timestamper  Timestamper
	Judge        func(ctx context.Context, f File) error // our own verifier over the result: nil error means that it may leave
	Now          func() time.Time
	Filter       string // "" for DefaultFilter
	SubFilter    string // "" for DefaultSubFilter
	SubFilterCMS string // "" for DefaultSubFilterCMS
	Second       Second // asked about each document, or some

	Chain    func(seal *gm.Certificate) ([][]byte, error)                     // authorities of a seal's certificate: for ProfileSM2
	Foreign  func(ctx context.Context, seal *gm.Certificate) (Foreign, error) // for ProfilePAdES and ProfileDual
	Stamp    func(ctx context.Context, sha256 [32]byte) ([]byte, error)       // timestamps for readers who know no SM3, likewise
	Evidence func(ctx context.Context) (Evidence, error)                      // for LevelLT and LevelLTA
	Drafts   Drafts                                                           // for sealing in two steps
}

// Sealer applies seals. It is safe for concurrent use.
type Sealer struct {
	c         Config
	documents counter
	tools     toolbox
}

// New refuses a Config in which something is missing: neither the judgement nor the use log can be left out.
func New(c Config) (*Sealer, error) {
	if c.Book == nil || c.Keys == nil || c.Timestamper == nil || c.Judge == nil || c.Now == nil {
		return nil, errors.New("sealing: a sealer needs a book, keys, a timestamper, a judge and a clock")
	}
	for _, d := range []struct {
		name  *string
		value string
	}{{&c.Filter, DefaultFilter}, {&c.SubFilter, DefaultSubFilter}, {&c.SubFilterCMS, DefaultSubFilterCMS}} {
		if *d.name == "" {
			*d.name = d.value
		}
	}
	return &Sealer{c: c}, nil
}

// Seal applies a seal in the order of GB/T 38540-2020 (签章生成): signer's certificate, seal, certList, hash, TBS,
// signature, timestamp, packing; other profiles likewise. The document is read once, or not at all where its State is known. The
// result has been judged by our own verifier and stands in the use log before it is returned; a failure stands there too. Errors:
// ErrNoSeal, ErrSealNotUsable, ErrNotAuthorised, ErrSigner, ErrProfile, ErrPlace, ErrDocument, ErrJudged, or what Book, Keys and
// Timestamper return.
func (s *Sealer) Seal(ctx context.Context, r Request) (*Sealed, error) {
	out, err := s.apply(ctx, r)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sealing with %s: %w", r.Seal, err),
			LogFailure(ctx, s.c.Book, r, r.Profile.orDefault().use(), digestOf(ctx, r.file()), err, s.c.Now().UTC()))
	}
	return out, nil
}

func (s *Sealer) apply(ctx context.Context, r Request) (*Sealed, error) {
	r.Profile, r.Level = r.Profile.orDefault(), r.Level.orDefault()
	if err := errors.Join(r.Profile.check(), r.Level.check()); err != nil {
		return nil, err
	}
	// 1. may this be signed at all, with this seal, for this matter, now?
	if err := s.c.Second.working(); err != nil {
		return nil, err
	}
	at := s.c.Now().UTC().Truncate(time.Second) // timeInfo has whole seconds
	t, err := s.ready(ctx, r.Seal, at)
	if err != nil {
		return nil, err
	}
	allowed, err := Permit(ctx, s.c.Book, r, at)
	if err != nil {
		return nil, err
	}
	// 2. sign: each signature is a revision behind the one before
	w, err := begin(ctx, r.file(), r.Profile.foreign())
	if err != nil {
		return nil, err
	}
	before, err := w.hash.State()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	j := &job{Sealer: s, t: t, r: r, at: at, work: w}
	if err := j.sign(ctx); err != nil {
		return nil, err
	}
	// 3. judge the result as a stranger would
	whole, err := w.file()
	if err != nil {
		return nil, err
	}
	whole.State, whole.Unstamped = before, !r.Level.stamped() // from there on, past the gaps, what was signed is hashed again
	if err := s.c.Judge(ctx, whole); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJudged, err)
	}
	// 4. write the use log; then it may leave
	out := &Sealed{Tail: w.tail, Digest: w.hash.SM3(), ContentHash: j.content, Time: at}
	if r.File == nil {
		out.Document = slices.Concat(r.Document, w.tail)
	}
	use := s.use(t, r, r.Profile.use(), allowed, at)
	use.Content, use.Document = j.content, out.Digest
	if err := s.c.Book.PutUse(ctx, use); err != nil {
		return nil, fmt.Errorf("writing the use log: %w", err)
	}
	return out, nil
}

// use is the line of the use log for a use that succeeded.
func (s *Sealer) use(t *tool, r Request, profile string, allowed Authorisation, at time.Time) Use {
	return Use{
		Seal: t.record.ID, By: r.By, Office: r.Office, Matter: r.Matter, Case: r.Case, Certificate: fmt.Sprintf("%x", t.cert.SerialNumber),
		Profile: profile, Authorisation: allowed.Line, Result: ResultOK, At: at,
	}
}

// digestOf is what is said about a document that was not sealed: its SM3 if that is known at no cost or it is small.
func digestOf(ctx context.Context, f File) gm.Digest {
	const small = 1 << 20
	if f.State.IsZero() && f.Size > small {
		return gm.Digest{}
	}
	w, err := begin(ctx, f, false)
	if err != nil {
		return gm.Digest{}
	}
	return w.hash.SM3()
}

func (p Profile) use() string {
	switch p {
	case ProfileSM2:
		return useSM2
	case ProfilePAdES:
		return usePAdES
	case ProfileDual:
		return useDual
	case ProfileSeal:
	}
	return useSES
}

// tool is a seal ready for use: everything that GB/T 38540 wants verified before signing has been.
type tool struct {
	record  Record
	seal    *ses.Seal
	ready   *ses.Ready
	cert    *gm.Certificate
	key     crypto.Signer
	picture *increment.Picture
}
