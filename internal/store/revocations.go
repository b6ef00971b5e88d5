package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"yinzheng/ca"
	"yinzheng/internal/store/sq"
)

// revocations is the name of the counter that every revocation raises.
const revocations = "revocations"

// Revoke implements ca.Revocations. What is only Intended is no certificate; what is Void counts as revoked.
func (db *DB) Revoke(ctx context.Context, authority, serial string, reason int, at time.Time) error {
	if at.IsZero() {
		return fmt.Errorf("store: revoking certificate %s: no time is given", serial)
	}
	return db.group.doOn(ctx, "serials "+revocations, func(ctx context.Context, q *sq.Queries) error {
		if err := raise(ctx, q); err != nil {
			return err
		}
		n, err := q.RevokeCertificate(ctx, sq.RevokeCertificateParams{Authority: authority, Serial: serial,
			RevokedAt: micros(at), Reason: int64(reason)})
		if err != nil {
			return fmt.Errorf("store: revoking certificate %s: %w", serial, err)
		}
		if n == 1 {
			return nil
		}
		row, err := certificateRow(ctx, q, authority, serial)
		if err != nil {
			return err
		}
		if ca.State(row.State) == ca.Intended {
			return ca.ErrNoCertificate
		}
		return ca.ErrRevoked
	})
}

// raise raises the revision in the transaction of what is revoked: who sees the one sees the other, and a refusal undoes it.
// It comes first, because the counter is the row that all who revoke wait for.
func raise(ctx context.Context, q *sq.Queries) error {
	if _, err := q.NextSerial(ctx, revocations); err != nil {
		return fmt.Errorf("store: counting a revocation: %w", err)
	}
	return nil
}

// Revoked implements ca.Revocations, in ascending order of the numbers. Its records hold what a list needs: DER and SANs are
// left out, because there may be a million of them.
func (db *DB) Revoked(ctx context.Context, authority string, at time.Time) ([]ca.Record, error) {
	rows, err := db.reads.RevokedCertificates(ctx, sq.RevokedCertificatesParams{Authority: authority, NotAfter: micros(at)})
	if err != nil {
		return nil, fmt.Errorf("store: reading what is revoked: %w", err)
	}
	records, err := all(rows, func(r sq.RevokedCertificatesRow) (ca.Record, error) {
		return recordOf(sq.Certificate{Authority: r.Authority, Serial: r.Serial, KeySm3: r.KeySm3, Profile: r.Profile,
			Name: r.Name, SansJson: "null", MadeBy: r.MadeBy, At: r.At, NotBefore: r.NotBefore, NotAfter: r.NotAfter,
			State: r.State, RevokedAt: r.RevokedAt, Reason: r.Reason})
	})
	slices.SortFunc(records, func(a, b ca.Record) int { // decimal numbers without leading zeros
		if len(a.Serial) != len(b.Serial) {
			return len(a.Serial) - len(b.Serial)
		}
		return strings.Compare(a.Serial, b.Serial)
	})
	return records, err
}

// Revision implements ca.Revocations: 0 when nothing was ever revoked. Who reads it before Revoked misses nothing.
func (db *DB) Revision(ctx context.Context) (int64, error) {
	n, err := db.reads.SerialValue(ctx, revocations)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("store: reading the revision: %w", err)
	}
	return n, nil
}

// Void implements ca.Revocations. The key of a void intent may be certified again, its serial number never used again. If
// there were any, the revision is raised, because they are listed as revoked.
func (db *DB) Void(ctx context.Context, before, at time.Time) (int, error) {
	if at.IsZero() {
		return 0, errors.New("store: voiding intents: no time is given")
	}
	var n int64
	err := db.group.doOn(ctx, "serials "+revocations, func(ctx context.Context, q *sq.Queries) error {
		err := raise(ctx, q)
		if err != nil {
			return err
		}
		if n, err = q.VoidCertificates(ctx, sq.VoidCertificatesParams{At: micros(before), RevokedAt: micros(at)}); err != nil {
			return fmt.Errorf("store: voiding intents: %w", err)
		}
		if n == 0 {
			return errNothing
		}
		return nil
	})
	if err != nil && !errors.Is(err, errNothing) {
		return 0, err
	}
	return int(n), nil
}

// errNothing undoes what was done for nothing.
var errNothing = errors.New("store: nothing to do")
