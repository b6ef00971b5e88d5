package sealing

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/midstate"
	"yinzheng/internal/ses"
)

const (
	// MaxTail bounds the revision that a system sends whose document stays with it: pictures of a hundred pages.
	MaxTail = 8 << 20
	// DraftLife is how long what was prepared can be completed: a person may have to agree in between.
	DraftLife  = 15 * time.Minute
	draftBytes = 18 // of randomness in a draft's number
)

// Errors of sealing in two steps.
var (
	// ErrNoDraft means that nothing was prepared under this number, by this caller, or that it is too late.
	ErrNoDraft = errors.New("sealing: nothing was prepared under this number")
	// ErrTaken means that what was prepared has been completed.
	ErrTaken = errors.New("sealing: this was completed before")
	// ErrRemote means that a hash state and a revision do not fit each other or are no seal of ours.
	ErrRemote = errors.New("sealing: not the state of a document and the revision to seal it")
)

// Remote is a document that stays where it is: the state of its hash, and the revision with an empty signature that its
// system will append. The document's own content is never seen here; that it is what it should be is on its system.
type Remote struct {
	Base midstate.State // SM3 after all of the document
	Tail []byte         // what will be appended
	Gap  [2]int         // of the /Contents token in Tail
}

// Draft is a seal signature that waits to be completed.
type Draft struct {
	ID      string
	Seal    string
	By      string
	Office  string
	Matter  string
	Case    string
	At      time.Time // timeInfo
	Expires time.Time
	Content gm.Digest // dataHash
	Remote  Remote
}

// Drafts keeps what was prepared. Every method is durable on return.
type Drafts interface {
	PutDraft(ctx context.Context, d Draft) error
	// TakeDraft returns a draft of this caller that has not expired and marks it as completed, once: ErrNoDraft, or ErrTaken ever
	// after.
	TakeDraft(ctx context.Context, id, by string, at time.Time) (Draft, error)
}

// Prepare takes the state of a document that does not leave its system and keeps what is to be signed. What it returns is the
// number under which Complete gives the signature, and TBS_Sign, the very bytes that will be signed. Errors: ErrRemote, and
// those of Seal.
func (s *Sealer) Prepare(ctx context.Context, r Request, remote Remote) (Draft, []byte, error) {
	d, tbs, err := s.prepare(ctx, r, remote)
	if err != nil {
		return Draft{}, nil, fmt.Errorf("preparing seal %s: %w", r.Seal, err)
	}
	return d, tbs, nil
}

func (s *Sealer) prepare(ctx context.Context, r Request, remote Remote) (Draft, []byte, error) {
	if s.c.Drafts == nil {
		return Draft{}, nil, fmt.Errorf("%w: in two steps", ErrProfile)
	}
	if err := s.c.Second.working(); err != nil {
		return Draft{}, nil, err
	}
	at := s.c.Now().UTC().Truncate(time.Second)
	t, err := s.ready(ctx, r.Seal, at)
	if err != nil {
		return Draft{}, nil, err
	}
	if _, err := Permit(ctx, s.c.Book, r, at); err != nil {
		return Draft{}, nil, err
	}
	content, err := remote.content(s.c.Filter, s.c.SubFilter, s.reserve(t))
	if err != nil {
		return Draft{}, nil, err
	}
	id := make([]byte, draftBytes)
	if _, err := rand.Read(id); err != nil {
		return Draft{}, nil, fmt.Errorf("drawing a number: %w", err)
	}
	d := Draft{
		ID: base64.RawURLEncoding.EncodeToString(id), Seal: r.Seal, By: r.By, Office: r.Office, Matter: r.Matter, Case: r.Case,
		At: at, Expires: at.Add(DraftLife), Content: content, Remote: remote,
	}
	tbs, err := ses.TBS(d.toSign(t))
	if err != nil {
		return Draft{}, nil, err
	}
	return d, tbs, s.c.Drafts.PutDraft(ctx, d)
}

func (d Draft) toSign(t *tool) ses.ToSign {
	return ses.ToSign{Seal: t.seal, Time: d.At, DataHash: d.Content, Property: signedPart}
}

// Complete signs what was prepared, once, and returns the SES_Signature that goes into the gap. The use stands in the log before
// it is returned. A failure after the draft was taken, or an answer that is lost, wants a new Prepare: nothing is signed twice.
// Errors: ErrNoDraft (also of another caller's), ErrTaken, and those of Seal.
func (s *Sealer) Complete(ctx context.Context, id, by string) ([]byte, error) {
	if s.c.Drafts == nil {
		return nil, fmt.Errorf("completing a seal: %w: in two steps", ErrProfile)
	}
	d, err := s.c.Drafts.TakeDraft(ctx, id, by, s.c.Now())
	if err != nil {
		return nil, fmt.Errorf("completing a seal: %w", err)
	}
	r := Request{Seal: d.Seal, By: d.By, Office: d.Office, Matter: d.Matter, Case: d.Case}
	contents, err := s.complete(ctx, d, r)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("completing seal %s: %w", d.Seal, err),
			LogFailure(ctx, s.c.Book, r, useTwoStep, d.Content, err, s.c.Now().UTC()))
	}
	return contents, nil
}

func (s *Sealer) complete(ctx context.Context, d Draft, r Request) ([]byte, error) {
	now := s.c.Now()
	t, err := s.ready(ctx, d.Seal, now)
	if err != nil {
		return nil, err
	}
	allowed, err := Permit(ctx, s.c.Book, r, now)
	if err != nil {
		return nil, err
	}
	signature, err := s.signSES(ctx, t, d.At, d.Content, true)
	if err != nil {
		return nil, err
	}
	document, err := d.Remote.sealed(signature.Raw)
	if err != nil {
		return nil, err
	}
	if err := s.agree(ctx, t, signature); err != nil {
		return nil, err
	}
	use := s.use(t, r, useTwoStep, allowed, d.At)
	use.Content, use.Document = d.Content, document
	if err := s.c.Book.PutUse(ctx, use); err != nil {
		return nil, fmt.Errorf("writing the use log: %w", err)
	}
	return signature.Raw, nil
}

// content is the digest to be signed. It wants the revision to hold, right before the gap, our handlers and the ranges that
// belong to this very state: a signature for another place in another file would be of no use, but why give it.
func (r Remote) content(filter, subFilter string, reserve int) (gm.Digest, error) {
	start, end := r.Gap[0], r.Gap[1]
	if len(r.Tail) > MaxTail || start < 0 || end > len(r.Tail) || end-start != 2*reserve+2 {
		return gm.Digest{}, fmt.Errorf("%w: a gap from %d to %d in %d bytes; it takes %d", ErrRemote, start, end, len(r.Tail), 2*reserve+2)
	}
	token := r.Tail[start:end]
	if token[0] != '<' || token[len(token)-1] != '>' || len(bytes.Trim(token[1:len(token)-1], "0")) != 0 {
		return gm.Digest{}, fmt.Errorf("%w: the gap is not an empty signature", ErrRemote)
	}
	ranges := fmt.Sprintf("/ByteRange [0 %d %d %d]", r.Base.Length+int64(start), r.Base.Length+int64(end), len(r.Tail)-end)
	for _, want := range []string{ranges, "/Filter /" + filter, "/SubFilter /" + subFilter} {
		if !bytes.Contains(r.Tail[:start], []byte(want)) {
			return gm.Digest{}, fmt.Errorf("%w: %s does not stand before the gap", ErrRemote, want)
		}
	}
	h, err := midstate.Resume(r.Base)
	if err != nil || h.Length() == 0 {
		return gm.Digest{}, fmt.Errorf("%w: %w", ErrRemote, errors.Join(err, midstate.ErrState))
	}
	if _, err := h.Write(r.Tail[:start]); err != nil {
		return gm.Digest{}, err
	}
	if _, err := h.Write(r.Tail[end:]); err != nil {
		return gm.Digest{}, err
	}
	return h.SM3(), nil
}

// sealed is the SM3 of the document once the signature is in its gap.
func (r Remote) sealed(contents []byte) (gm.Digest, error) {
	h, err := midstate.Resume(r.Base)
	if err != nil {
		return gm.Digest{}, fmt.Errorf("%w: %w", ErrRemote, err)
	}
	tail := bytes.Clone(r.Tail)
	token := tail[r.Gap[0]+1 : r.Gap[1]-1]
	if 2*len(contents) > len(token) {
		return gm.Digest{}, fmt.Errorf("%w: the signature has %d bytes", ErrRemote, len(contents))
	}
	const digits = "0123456789abcdef"
	for i, c := range contents {
		token[2*i], token[2*i+1] = digits[c>>4], digits[c&15]
	}
	if _, err := h.Write(tail); err != nil {
		return gm.Digest{}, err
	}
	return h.SM3(), nil
}
