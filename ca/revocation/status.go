package revocation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"yinzheng/ca"
	"yinzheng/internal/gm"
	"yinzheng/internal/ocsp"
)

// ErrResponder means that no answer can be signed for an authority now: it has no responder, or the responder's certificate
// is over or not the authority's.
var ErrResponder = errors.New("revocation: the authority has no responder for status answers")

// OCSP answers one OCSPRequest of at most ocsp.MaxRequest bytes. The response is always the DER of an OCSPResponse and must
// not be changed; maxAge is how long others may keep it, 0 not at all. An error comes with the response that says it and is
// for the log only: malformedRequest; unauthorized when no authority of ours issued any of the certificates, when its answers
// cannot be signed, or for a kind of request that we do not serve; tryLater when the register cannot be read: never "good"
// from memory when nobody knows.
//
// A serial number that the authority never gave out, or has not finished giving out, is answered "unknown" and not "revoked"
// with the extended-revoke extension (RFC 6960, 2.2 allows both): the answer to a certificate in the making would otherwise
// say "revoked" and be kept by others after it is good; and a certificate that we never made but that bears our signature is an alarm,
// which "revoked" would hide. Void certificates are revoked: nobody can prove that none exists.
//
// Answers about one certificate without nonce come from memory, signed before. With a nonce, or about several certificates,
// they are signed now; the first authority of ours that is asked about answers, and certificates of others are unknown to its
// responder.
func (p *Publisher) OCSP(ctx context.Context, request []byte) (response []byte, maxAge time.Duration, err error) {
	if now := p.c.Now(); p.isCurrent(now) {
		if kept := p.answers.get(request); kept != nil && kept.epoch == p.epoch.Load() && now.Before(kept.old) {
			return kept.der, min(CacheFor, kept.old.Sub(now)), nil
		}
	}
	response, maxAge, err = p.answer(ctx, request)
	if err != nil {
		return ocsp.Failure(failureOf(err)), 0, fmt.Errorf("answering for the status of a certificate: %w", err)
	}
	return response, maxAge, nil
}

// OnECDSA reports whether a request is about a certificate of an ECDSA authority of ours.
func (p *Publisher) OnECDSA(r *ocsp.Request) bool {
	a, err := p.asked(r)
	return err == nil && !gm.IsSM2(a.cert.PublicKey)
}

// failureOf chooses the reason that an asker is told. What is not the asker's fault and not for ever is tryLater.
func failureOf(err error) int {
	switch {
	case errors.Is(err, ocsp.ErrRequest):
		return ocsp.MalformedRequest
	case errors.Is(err, ErrAuthority), errors.Is(err, ErrResponder), errors.Is(err, ocsp.ErrUnsupported):
		return ocsp.Unauthorized
	case errors.Is(err, ErrRecord), errors.Is(err, ErrNames):
		return ocsp.InternalError
	default:
		return ocsp.TryLater
	}
}

func (p *Publisher) answer(ctx context.Context, request []byte) ([]byte, time.Duration, error) {
	r, err := ocsp.ParseRequest(request)
	if err != nil {
		return nil, 0, err
	}
	a, err := p.asked(r)
	if err != nil {
		return nil, 0, err
	}
	if err := p.current(ctx); err != nil {
		return nil, 0, err
	}
	if len(r.IDs) == 1 && r.Nonce == nil {
		return p.single(ctx, a, r)
	}
	now := p.c.Now()
	singles := make([]ocsp.Single, 0, len(r.IDs))
	for _, id := range r.IDs {
		s, err := p.status(ctx, a, id)
		if err != nil {
			return nil, 0, err
		}
		singles = append(singles, s)
	}
	der, _, err := p.signAnswer(a, singles, r.Nonce, now)
	return der, 0, err
}

// asked returns the first authority of ours that a request asks about, able to answer. Errors: ErrAuthority, ErrResponder,
// ErrNames.
func (p *Publisher) asked(r *ocsp.Request) (*authority, error) {
	all, err := p.authorities()
	if err != nil {
		return nil, err
	}
	for _, id := range r.IDs {
		for _, a := range all {
			if !id.Issued(a.cert) {
				continue
			}
			if a.noSigner != nil {
				return nil, fmt.Errorf("for %q: %w: %w", a.Name, ErrResponder, a.noSigner)
			}
			return a, nil
		}
	}
	return nil, fmt.Errorf("asked about an issuer that is not ours: %w", ErrAuthority)
}

// single answers about one certificate without nonce, and keeps the answer. One that is kept already is only compared with
// the register.
func (p *Publisher) single(ctx context.Context, a *authority, r *ocsp.Request) ([]byte, time.Duration, error) {
	key, err := (&ocsp.Request{IDs: r.IDs}).Encode() // one spelling for all who ask the same
	if err != nil {
		return nil, 0, err
	}
	now, epoch := p.c.Now(), p.epoch.Load() // before reading: a revocation after it makes this old
	kept := p.answers.get(key)
	isYoung := kept != nil && now.Before(kept.old) && !now.Before(kept.about.ThisUpdate)
	if isYoung && kept.epoch == epoch {
		return kept.der, min(CacheFor, kept.old.Sub(now)), nil
	}
	about, err := p.status(ctx, a, r.IDs[0])
	if err != nil {
		return nil, 0, err
	}
	if isYoung && sameStatus(kept.about, about) {
		p.answers.put(key, &answer{der: kept.der, epoch: epoch, old: kept.old, about: kept.about})
		return kept.der, min(CacheFor, kept.old.Sub(now)), nil
	}
	singles := []ocsp.Single{about}
	der, old, err := p.signAnswer(a, singles, nil, now)
	if err != nil {
		return nil, 0, err
	}
	if about.Status == ocsp.Unknown {
		return der, 0, nil // it may be good in a moment, and nobody would tell us; nor shall guesses fill the memory
	}
	p.answers.put(key, &answer{der: der, epoch: epoch, old: old, about: singles[0]})
	return der, min(CacheFor, old.Sub(now)), nil
}

func sameStatus(a, b ocsp.Single) bool {
	return a.Status == b.Status && a.Reason == b.Reason && a.RevokedAt.Equal(b.RevokedAt)
}

// status asks the register about one certificate. Errors: ErrRecord, those of the Book.
func (p *Publisher) status(ctx context.Context, a *authority, id ocsp.CertID) (ocsp.Single, error) {
	s := ocsp.Single{ID: id, Status: ocsp.Unknown}
	if !id.Issued(a.cert) {
		return s, nil
	}
	record, err := p.c.Book.Certificate(ctx, a.id, id.Serial.String())
	if errors.Is(err, ca.ErrNoCertificate) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("reading the register about %s of %q: %w", id.Serial, a.Name, err)
	}
	switch record.State {
	case ca.Good:
		s.Status = ocsp.Good
	case ca.Revoked, ca.Void:
		s.Status, s.RevokedAt, s.Reason = ocsp.Revoked, revokedAt(record), reason(record)
	case ca.Intended:
	default:
		return s, fmt.Errorf("%s of %q is in state %q: %w", id.Serial, a.Name, record.State, ErrRecord)
	}
	return s, nil
}

// signAnswer sets the times of the answers and signs the response; old is when half its life is over. The life ends with the
// responder's certificate. The first response of a responder is judged as an asker does, beside the signer's own check of
// every signature. Errors: ErrResponder, those of the key.
func (p *Publisher) signAnswer(a *authority, singles []ocsp.Single, nonce []byte, now time.Time) (der []byte, old time.Time, err error) {
	now = now.UTC().Truncate(time.Second)
	life := min(AnswerLife, a.responder.NotAfter.Sub(now))
	if life <= 0 || now.Before(a.responder.NotBefore) {
		return nil, time.Time{}, fmt.Errorf("for %q: its certificate is of %v to %v: %w", a.Name, a.responder.NotBefore, a.responder.NotAfter, ErrResponder)
	}
	for i := range singles {
		singles[i].ThisUpdate, singles[i].NextUpdate = now, now.Add(life)
	}
	if der, err = a.signer.Respond(singles, nonce, now); err != nil {
		return nil, time.Time{}, fmt.Errorf("for %q: %w", a.Name, err)
	}
	if !a.proved.Load() {
		read, err := ocsp.Parse(der)
		if err == nil {
			err = read.Verify(a.cert, now)
		}
		if err != nil {
			return nil, time.Time{}, fmt.Errorf("for %q: judging our own answer: %w: %w", a.Name, ErrResponder, err)
		}
		a.proved.Store(true)
	}
	return der, now.Add(life / 2), nil
}
