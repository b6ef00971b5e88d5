package tsa

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"yinzheng/internal/clock"
	"yinzheng/internal/der"
	"yinzheng/internal/tsp"
)

// What refusals say, in the reply that anybody can read: what the asker can do about it, and nothing of this machine.
const (
	textClock  = "the time is not available: the clock of this authority is not synchronised"
	textBack   = "the time is not available: the clock of this authority stands before a timestamp that was given out"
	textSystem = "the timestamp could not be made"
)

// Respond answers a TimeStampReq in DER. The reply is always a TimeStampResp in DER, granted or refused; an error says, for the
// log only, why it was refused: those of tsp.ParseQuery and Timestamp, and tsp.ErrPolicy.
func (a *Authority) Respond(ctx context.Context, query []byte) (reply []byte, err error) {
	reply, err = a.respond(ctx, query)
	if err == nil {
		return reply, nil
	}
	err = fmt.Errorf("answering a timestamp query: %w", err)
	switch {
	case errors.Is(err, clock.ErrUnsynchronised), errors.Is(err, clock.ErrUnknown):
		return tsp.Refused(tsp.TimeNotAvailable, textClock), err
	case errors.Is(err, clock.ErrBackwards):
		return tsp.Refused(tsp.TimeNotAvailable, textBack), err
	}
	failure := tsp.Failure(err)
	if failure == tsp.SystemFailure {
		return tsp.Refused(failure, textSystem), err
	}
	return tsp.Refused(failure, err.Error()), err
}

func (a *Authority) respond(ctx context.Context, query []byte) ([]byte, error) {
	q, err := tsp.ParseQuery(query)
	if err != nil {
		return nil, err
	}
	if err := q.CheckPolicy(); err != nil {
		return nil, err
	}
	token, err := a.answer(ctx, q)
	if err != nil {
		return nil, err
	}
	return tsp.Granted(token.DER)
}

// TimestampSHA256 stamps a digest of SHA-256 with the present time under the ECDSA identity, for the service's own signatures that
// are for readers who know no SM2; the token holds its signer's certificate. Errors: as Timestamp, and tsp.ErrHash without that
// identity.
func (a *Authority) TimestampSHA256(ctx context.Context, digest [sha256.Size]byte) (*tsp.Token, error) {
	token, err := a.answer(ctx, &tsp.Query{Hash: der.SHA256, Imprint: digest[:], CertReq: true})
	if err != nil {
		return nil, fmt.Errorf("stamping: %w", err)
	}
	return token, nil
}

// answer makes the token for a query.
func (a *Authority) answer(ctx context.Context, q *tsp.Query) (*tsp.Token, error) {
	id := a.cfg.ECDSA
	if q.ForSM2() {
		id = a.cfg.SM2
	}
	if id.none() {
		return nil, fmt.Errorf("nothing here signs for it: %w", tsp.ErrHash)
	}
	at, serial, err := a.next(ctx)
	if err != nil {
		return nil, err
	}
	token, err := tsp.Answer(q, tsp.Stamp{Serial: serial, Time: at, Accuracy: Accuracy}, id.Certificate, id.Key)
	if err != nil {
		return nil, err
	}
	if q.ForSM2() {
		if err := a.secondOpinion(ctx, token); err != nil {
			return nil, err
		}
	}
	return token, nil
}
