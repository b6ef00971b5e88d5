package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/store/sq"
	"yinzheng/licences"
)

// PutPresentation implements licences.Presentations; a licence that is not there is licences.ErrNoLicence.
func (db *DB) PutPresentation(ctx context.Context, p licences.Presentation) error {
	fields, err := encode(p.Fields)
	if err != nil {
		return err
	}
	return db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		err := q.PutPresentation(ctx, sq.PutPresentationParams{Token: p.Token.String(), Licence: p.Licence,
			FieldsJson: fields, Created: micros(p.Created), Expires: micros(p.Expires), Used: micros(p.Used),
			Caller: p.Caller, IdemKey: p.Key})
		if isForeignKey(err) {
			return licences.ErrNoLicence
		}
		if err != nil {
			return fmt.Errorf("store: storing a presentation: %w", err)
		}
		return nil
	})
}

// UsePresentation implements licences.Presentations. One UPDATE decides, so of any number of callers one wins.
func (db *DB) UsePresentation(ctx context.Context, token gm.Digest, at time.Time) (licences.Presentation, error) {
	var p licences.Presentation
	err := db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		row, err := q.UsePresentation(ctx, sq.UsePresentationParams{Token: token.String(), Used: micros(at)})
		if errors.Is(err, sql.ErrNoRows) {
			return whyUnused(ctx, q, token)
		}
		if err != nil {
			return fmt.Errorf("store: using a presentation: %w", err)
		}
		p, err = presentationOf(row)
		return err
	})
	return p, err
}

// whyUnused says why a token could not be used.
func whyUnused(ctx context.Context, q *sq.Queries, token gm.Digest) error {
	row, err := q.PresentationByToken(ctx, token.String())
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return licences.ErrNoPresentation
	case err != nil:
		return fmt.Errorf("store: reading a presentation: %w", err)
	case row.Used != 0:
		return licences.ErrUsed
	}
	return licences.ErrTokenExpired
}

func presentationOf(r sq.Presentation) (licences.Presentation, error) {
	p := licences.Presentation{Licence: r.Licence, Created: fromMicros(r.Created), Expires: fromMicros(r.Expires),
		Used: fromMicros(r.Used), Caller: r.Caller, Key: r.IdemKey}
	token, err := fromHex(r.Token)
	if err := errors.Join(err, decode(r.FieldsJson, &p.Fields)); err != nil {
		return licences.Presentation{}, errDamaged("presentation of licence", r.Licence, err)
	}
	p.Token = token
	return p, nil
}
