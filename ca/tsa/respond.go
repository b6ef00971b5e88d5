package tsa

import (
	"context"
	"errors"
	"fmt"

	"yinzheng/internal/clock"
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
	return tsp.Granted(token.DER)
}
