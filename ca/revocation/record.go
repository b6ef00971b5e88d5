package revocation

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"time"

	"yinzheng/ca"
	"yinzheng/internal/gm"
)

// entries reads what an authority's complete list has to say, by serial number. Invalidity dates stay out: the register
// knows when a certificate was revoked, not since when its key was in other hands. Errors: ErrRecord, those of the Book.
func (p *Publisher) entries(ctx context.Context, a *authority, now time.Time) ([]gm.CRLEntry, error) {
	records, err := p.c.Book.Revoked(ctx, a.id, now.Add(-KeepExpired))
	if err != nil {
		return nil, fmt.Errorf("reading what %q revoked: %w", a.Name, err)
	}
	out := make([]gm.CRLEntry, 0, len(records))
	for _, r := range records {
		serial, ok := new(big.Int).SetString(r.Serial, 10)
		if !ok || serial.Sign() < 0 || r.State != ca.Revoked && r.State != ca.Void {
			return nil, fmt.Errorf("reading what %q revoked: serial %q, state %q: %w", a.Name, r.Serial, r.State, ErrRecord)
		}
		out = append(out, gm.CRLEntry{SerialNumber: serial, RevocationTime: revokedAt(r), ReasonCode: reason(r)})
	}
	slices.SortFunc(out, func(a, b gm.CRLEntry) int { return a.SerialNumber.Cmp(b.SerialNumber) })
	for i := 1; i < len(out); i++ {
		if out[i].SerialNumber.Cmp(out[i-1].SerialNumber) == 0 {
			return nil, fmt.Errorf("reading what %q revoked: serial %s twice: %w", a.Name, out[i].SerialNumber, ErrRecord)
		}
	}
	return out, nil
}

// revokedAt is in whole seconds, as lists and answers state it. A record without the time counts from its intent, the
// earliest it can be: a revocation is never kept back for a detail.
func revokedAt(r ca.Record) time.Time {
	at := r.RevokedAt
	if at.IsZero() {
		at = r.At
	}
	return at.UTC().Truncate(time.Second)
}

// reason is the record's when it may stand in a list or an answer, otherwise unspecified (RFC 5280, 5.3.1): 7 is not used,
// and 8, removeFromCRL, would take the certificate off.
func reason(r ca.Record) int {
	if slices.Contains([]int{1, 2, 3, 4, 5, 6, 9, 10}, r.Reason) {
		return r.Reason
	}
	return 0
}
