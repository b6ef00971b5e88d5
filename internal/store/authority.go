package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"yinzheng/ca"
	"yinzheng/internal/store/sq"
)

// Errors of the register that mean a fault in the caller.
var (
	ErrIntent  = errors.New("store: not the intent of a certificate")
	ErrSettled = errors.New("store: the intent is settled with another certificate, or void")
)

// Limits of a certificate in the register.
const (
	maxSerial      = 49       // decimal digits of 20 octets (RFC 5280, 4.1.2.2)
	maxCertificate = 64 << 10 // bytes of DER; ours have about one thousand
)

// positions is the name of the counter that intents lock, so that servers give positions one after the other.
const positions = "certificates"

// Intend implements ca.Register. A position is taken in the order of commits, so that who pages through the register misses
// nothing. Also ErrIntent.
func (db *DB) Intend(ctx context.Context, i ca.Intent) error {
	if err := checkIntent(i); err != nil {
		return err
	}
	sans, err := encode(i.SANs)
	if err != nil {
		return err
	}
	row := sq.IntendCertificateParams{Authority: i.Authority, Serial: i.Serial, KeySm3: i.Key.String(), Profile: i.Profile,
		Name: i.Name, SansJson: sans, MadeBy: i.By, At: micros(i.At), NotBefore: micros(i.NotBefore),
		NotAfter: micros(i.NotAfter), Der: []byte{}}
	return db.group.doOn(ctx, "serials "+positions, func(ctx context.Context, q *sq.Queries) error {
		if db.dialect == postgresDialect { // SQLite has one writer
			if _, err := q.NextSerial(ctx, positions); err != nil {
				return fmt.Errorf("store: waiting for the register: %w", err)
			}
		}
		made, err := q.IntendCertificate(ctx, row)
		if err != nil {
			return fmt.Errorf("store: keeping the intent of certificate %s: %w", i.Serial, err)
		}
		if made == 1 {
			return nil
		}
		return whyNotIntended(ctx, q, row)
	})
}

// checkIntent refuses what is not in its one form: a serial number written in two ways would be used twice.
func checkIntent(i ca.Intent) error {
	switch {
	case i.Authority == "" || strings.Trim(i.Authority, "0123456789abcdef") != "":
		return fmt.Errorf("%w: the authority is no lower-case hexadecimal number", ErrIntent)
	case i.Serial == "" || i.Serial[0] == '0' || len(i.Serial) > maxSerial || strings.Trim(i.Serial, "0123456789") != "":
		return fmt.Errorf("%w: the serial number is no decimal number from 1 to 20 octets", ErrIntent)
	case i.Key.IsZero():
		return fmt.Errorf("%w: it has no key", ErrIntent)
	case i.At.IsZero() || i.NotAfter.IsZero():
		return fmt.Errorf("%w: it has no time", ErrIntent)
	}
	return nil
}

// whyNotIntended says what stands in the way of an intent.
func whyNotIntended(ctx context.Context, q *sq.Queries, row sq.IntendCertificateParams) error {
	_, err := q.CertificateBySerial(ctx, sq.CertificateBySerialParams{Authority: row.Authority, Serial: row.Serial})
	if err == nil {
		return ca.ErrSerialUsed
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("store: reading certificate %s: %w", row.Serial, err)
	}
	n, err := q.KeyIsCertified(ctx, row.KeySm3)
	if err != nil {
		return fmt.Errorf("store: looking for a key: %w", err)
	}
	if n == 0 {
		return fmt.Errorf("store: keeping the intent of certificate %s: its position is taken", row.Serial)
	}
	return ca.ErrKeyUsed
}

// Settle implements ca.Register. Also ca.ErrNoCertificate without an intent, and ErrSettled.
func (db *DB) Settle(ctx context.Context, authority, serial string, der []byte) error {
	if len(der) == 0 || len(der) > maxCertificate {
		return fmt.Errorf("store: settling certificate %s: %d bytes, from 1 to %d are kept", serial, len(der), maxCertificate)
	}
	return db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		n, err := q.SettleCertificate(ctx, sq.SettleCertificateParams{Authority: authority, Serial: serial, Der: der})
		if err != nil {
			return fmt.Errorf("store: settling certificate %s: %w", serial, err)
		}
		if n == 1 {
			return nil
		}
		row, err := certificateRow(ctx, q, authority, serial)
		if err != nil {
			return err
		}
		if !bytes.Equal(row.Der, der) {
			return fmt.Errorf("settling certificate %s: %w", serial, ErrSettled)
		}
		return nil
	})
}

// certificateRow reads one row, or ca.ErrNoCertificate.
func certificateRow(ctx context.Context, q *sq.Queries, authority, serial string) (sq.Certificate, error) {
	row, err := q.CertificateBySerial(ctx, sq.CertificateBySerialParams{Authority: authority, Serial: serial})
	if errors.Is(err, sql.ErrNoRows) {
		return row, ca.ErrNoCertificate
	}
	if err != nil {
		return row, fmt.Errorf("store: reading certificate %s: %w", serial, err)
	}
	return row, nil
}

// Certificate implements ca.Register.
func (db *DB) Certificate(ctx context.Context, authority, serial string) (ca.Record, error) {
	row, err := certificateRow(ctx, db.reads, authority, serial)
	if err != nil {
		return ca.Record{}, err
	}
	return recordOf(row)
}

// Certificates implements ca.Register. A limit that is not from 1 to ca.MaxPage is ca.MaxPage; without records, the position is
// that of the query. Name is looked up; the other conditions are tried on one record after the other.
func (db *DB) Certificates(ctx context.Context, q ca.Query) ([]ca.Record, int64, error) {
	n := int32(ca.MaxPage)
	if q.Limit > 0 && q.Limit < ca.MaxPage {
		n = int32(q.Limit)
	}
	before := int64(math.MaxInt64)
	if !q.ExpiresBefore.IsZero() {
		before = micros(q.ExpiresBefore)
	}
	var rows []sq.Certificate
	var err error
	if q.Name != "" {
		rows, err = db.reads.CertificatesOfName(ctx, sq.CertificatesOfNameParams{Name: q.Name, Position: q.After,
			Authority: q.Authority, State: string(q.State), Profile: q.Profile, NotAfter: before, Limit: n})
	} else {
		rows, err = db.reads.CertificatesAfter(ctx, sq.CertificatesAfterParams{Position: q.After, Authority: q.Authority,
			State: string(q.State), Profile: q.Profile, NotAfter: before, Limit: n})
	}
	if err != nil {
		return nil, 0, fmt.Errorf("store: reading the register: %w", err)
	}
	records, err := all(rows, recordOf)
	if err != nil || len(rows) == 0 {
		return nil, q.After, err
	}
	return records, rows[len(rows)-1].Position, nil
}

// LatestIssue returns the greatest time of any intent, zero without one: no clock that stands before it is right.
func (db *DB) LatestIssue(ctx context.Context) (time.Time, error) {
	at, err := db.reads.LatestIssue(ctx)
	if err != nil {
		return time.Time{}, fmt.Errorf("store: reading when a certificate was issued last: %w", err)
	}
	return fromMicros(at), nil
}

func recordOf(r sq.Certificate) (ca.Record, error) {
	c := ca.Record{Intent: ca.Intent{Authority: r.Authority, Serial: r.Serial, Profile: r.Profile, Name: r.Name, By: r.MadeBy,
		At: fromMicros(r.At), NotBefore: fromMicros(r.NotBefore), NotAfter: fromMicros(r.NotAfter)},
		State: ca.State(r.State), DER: orNil(r.Der), RevokedAt: fromMicros(r.RevokedAt), Reason: int(r.Reason)}
	key, err := fromHex(r.KeySm3)
	if err := errors.Join(err, decode(r.SansJson, &c.SANs)); err != nil {
		return ca.Record{}, errDamaged("certificate", r.Serial, err)
	}
	c.Key = key
	return c, nil
}
