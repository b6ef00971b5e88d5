package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"yinzheng/internal/store/sq"
	"yinzheng/licences"
)

// next returns the one state that may follow another, "" for none.
func next(s licences.State) licences.State {
	switch s {
	case licences.Issuing:
		return licences.Sealed
	case licences.Sealed:
		return licences.Anchored
	case licences.Anchored:
		return licences.Archived
	case licences.Archived:
	}
	return ""
}

// Licence implements licences.Store.
func (db *DB) Licence(ctx context.Context, id string) (licences.Licence, error) {
	row, err := db.reads.LicenceByID(ctx, id)
	return oneLicence(row, err)
}

// Create implements licences.Store. An empty Key is no key: such licences never collide by key.
func (db *DB) Create(ctx context.Context, l licences.Licence) (licences.Licence, error) {
	if l.State != "" && l.State != licences.Issuing {
		return licences.Licence{}, fmt.Errorf("store: creating licence %s in state %q", l.ID, l.State)
	}
	l.State = licences.Issuing
	params, err := licenceParams(l)
	if err != nil {
		return licences.Licence{}, err
	}
	var stored licences.Licence
	err = db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		made, err := q.CreateLicence(ctx, params)
		if err != nil {
			return fmt.Errorf("store: creating licence %s: %w", l.ID, err)
		}
		if made == 0 {
			stored, err = collision(ctx, q, l)
			return err
		}
		if stored, err = oneLicence(sq.Licence(params), nil); err != nil {
			return err
		}
		return addEvent(ctx, q, l.ID, l.Created, string(licences.Issuing), l.Caller, "")
	})
	return stored, err
}

// collision says why a licence could not be created: its key was used, or else its identifier (or ID, or check code).
func collision(ctx context.Context, q *sq.Queries, l licences.Licence) (licences.Licence, error) {
	first, err := oneLicence(q.LicenceByKey(ctx, sq.LicenceByKeyParams{Caller: l.Caller, IdemKey: l.Key}))
	switch {
	case errors.Is(err, licences.ErrNoLicence):
		return licences.Licence{}, licences.ErrTaken
	case err != nil:
		return licences.Licence{}, err
	case first.RequestSM3 != l.RequestSM3:
		return licences.Licence{}, licences.ErrKeyReused
	}
	return first, licences.ErrExists
}

// Advance implements licences.Store. The patch must hold what the new state means: a document for Sealed, a package for
// Archived; an unknown ID is ErrNoLicence.
func (db *DB) Advance(ctx context.Context, id string, from, to licences.State, p licences.Patch) error {
	if to == "" || next(from) != to {
		return fmt.Errorf("store: advancing licence %s from %q to %q, which does not follow it", id, from, to)
	}
	if (to == licences.Sealed && p.Document.IsZero()) || (to == licences.Archived && p.Package == "") {
		return fmt.Errorf("store: advancing licence %s to %q without what that means", id, to)
	}
	return db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		caller, err := q.AdvanceLicence(ctx, sq.AdvanceLicenceParams{
			ID: id, State: string(from), State_2: string(to), Updated: micros(p.At)})
		if errors.Is(err, sql.ErrNoRows) {
			return moved(ctx, q, id)
		}
		switch {
		case err != nil:
		case to == licences.Sealed:
			err = q.SetLicenceDocument(ctx, sq.SetLicenceDocumentParams{ID: id, Document: hexOf(p.Document)})
		case to == licences.Archived:
			err = q.SetLicencePackage(ctx, sq.SetLicencePackageParams{ID: id, Package: p.Package})
		}
		if err != nil {
			return fmt.Errorf("store: advancing licence %s: %w", id, err)
		}
		return addEvent(ctx, q, id, p.At, string(to), caller, "")
	})
}

// moved tells a licence that is elsewhere from one that is not there.
func moved(ctx context.Context, q *sq.Queries, id string) error {
	if _, err := oneLicence(q.LicenceByID(ctx, id)); err != nil {
		return err
	}
	return licences.ErrMoved
}

// Pending implements licences.Store.
func (db *DB) Pending(ctx context.Context, n int) ([]licences.Licence, error) {
	rows, err := db.reads.PendingLicences(ctx, limit(n))
	return manyLicences(rows, err)
}

// ByIdentifier implements licences.Register; ErrNoLicence.
func (db *DB) ByIdentifier(ctx context.Context, identifier string) (licences.Licence, error) {
	row, err := db.reads.LicenceByIdentifier(ctx, identifier)
	return oneLicence(row, err)
}

// ByCheckCode implements licences.Register; ErrNoLicence.
func (db *DB) ByCheckCode(ctx context.Context, code string) (licences.Licence, error) {
	row, err := db.reads.LicenceByCheckCode(ctx, code)
	return oneLicence(row, err)
}

// SetStatus implements licences.Register; an unknown ID is ErrNoLicence.
func (db *DB) SetStatus(ctx context.Context, id string, from, to licences.Status, why string, at time.Time, by string) error {
	return db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		set, err := q.SetLicenceStatus(ctx, sq.SetLicenceStatusParams{
			ID: id, Status: string(from), Status_2: string(to), StatusAt: micros(at), StatusWhy: why})
		if err != nil {
			return fmt.Errorf("store: setting the status of licence %s: %w", id, err)
		}
		if set == 0 {
			return moved(ctx, q, id)
		}
		return addEvent(ctx, q, id, at, "status:"+string(to), by, why)
	})
}

// History implements licences.Register: oldest first; ErrNoLicence.
func (db *DB) History(ctx context.Context, id string) ([]licences.Event, error) {
	rows, err := db.reads.LicenceEvents(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("store: reading the history of licence %s: %w", id, err)
	}
	if len(rows) == 0 {
		return nil, licences.ErrNoLicence // every licence has its first line
	}
	events := make([]licences.Event, 0, len(rows))
	for _, r := range rows {
		events = append(events, licences.Event{At: fromMicros(r.At), What: r.What, By: r.By, Why: r.Why})
	}
	return events, nil
}

func addEvent(ctx context.Context, q *sq.Queries, id string, at time.Time, what, by, why string) error {
	err := q.AddLicenceEvent(ctx, sq.AddLicenceEventParams{Licence: id, At: micros(at), What: what, By: by, Why: why})
	if err != nil {
		return fmt.Errorf("store: writing the history of licence %s: %w", id, err)
	}
	return nil
}

// OutOfForce implements licences.Lists.
func (db *DB) OutOfForce(ctx context.Context) ([]licences.Licence, error) {
	rows, err := db.reads.LicencesOutOfForce(ctx)
	return manyLicences(rows, err)
}

// Licences implements licences.Lists.
func (db *DB) Licences(ctx context.Context, after string, n int) ([]licences.Licence, error) {
	rows, err := db.reads.LicencesAfter(ctx, sq.LicencesAfterParams{ID: after, Limit: limit(n)})
	return manyLicences(rows, err)
}
