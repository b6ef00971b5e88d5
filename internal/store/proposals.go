package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"yinzheng/internal/foureyes"
	"yinzheng/internal/store/sq"
)

// PutProposal implements foureyes.Store.
func (db *DB) PutProposal(ctx context.Context, p foureyes.Proposal) error {
	return db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		n, err := q.PutProposal(ctx, sq.PutProposalParams{ID: p.ID, Act: p.Act, Detail: notNil(p.Detail), MadeBy: p.By,
			At: micros(p.At), Expires: micros(p.Expires), State: string(p.State), DecidedBy: p.DecidedBy,
			DecidedAt: micros(p.DecidedAt), Outcome: p.Outcome})
		if err != nil {
			return fmt.Errorf("store: storing proposal %s: %w", p.ID, err)
		}
		if n == 0 {
			return fmt.Errorf("store: storing proposal %s: the ID is taken", p.ID)
		}
		return nil
	})
}

// Proposal implements foureyes.Store.
func (db *DB) Proposal(ctx context.Context, id string) (foureyes.Proposal, error) {
	return oneProposal(ctx, db.reads, id)
}

func oneProposal(ctx context.Context, q *sq.Queries, id string) (foureyes.Proposal, error) {
	row, err := q.ProposalByID(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return foureyes.Proposal{}, foureyes.ErrNoProposal
	}
	if err != nil {
		return foureyes.Proposal{}, fmt.Errorf("store: reading proposal %s: %w", id, err)
	}
	return proposalOf(row)
}

// Proposals implements foureyes.Store.
func (db *DB) Proposals(ctx context.Context, state foureyes.State, after string, n int) ([]foureyes.Proposal, error) {
	most := limit(min(n, foureyes.MaxPage))
	var rows []sq.Proposal
	var err error
	if state == "" {
		rows, err = db.reads.ProposalsAfter(ctx, sq.ProposalsAfterParams{ID: after, Limit: most})
	} else {
		rows, err = db.reads.ProposalsInState(ctx, sq.ProposalsInStateParams{State: string(state), ID: after, Limit: most})
	}
	if err != nil {
		return nil, fmt.Errorf("store: reading proposals: %w", err)
	}
	return all(rows, proposalOf)
}

// Decide implements foureyes.Store. One UPDATE decides.
func (db *DB) Decide(ctx context.Context, id string, from, to foureyes.State, by string, at time.Time, outcome string) error {
	return db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		n, err := q.DecideProposal(ctx, sq.DecideProposalParams{ID: id, State: string(from), State_2: string(to),
			DecidedBy: by, DecidedAt: micros(at), Outcome: outcome})
		if err != nil {
			return fmt.Errorf("store: deciding proposal %s: %w", id, err)
		}
		if n == 1 {
			return nil
		}
		if _, err := oneProposal(ctx, q, id); err != nil {
			return err
		}
		return foureyes.ErrMoved
	})
}

func proposalOf(r sq.Proposal) (foureyes.Proposal, error) {
	return foureyes.Proposal{ID: r.ID, Act: r.Act, Detail: orNil(r.Detail), By: r.MadeBy, At: fromMicros(r.At),
		Expires: fromMicros(r.Expires), State: foureyes.State(r.State), DecidedBy: r.DecidedBy,
		DecidedAt: fromMicros(r.DecidedAt), Outcome: r.Outcome}, nil
}
