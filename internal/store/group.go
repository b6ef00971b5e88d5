package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"yinzheng/internal/store/sq"
)

// maxGroup is how many callers share one commit at most: enough to hide the cost of one fsync, few enough that the
// first of them waits some milliseconds only.
const maxGroup = 128

// group is one writer: it takes the callers that are waiting, without waiting for more, runs them in one transaction,
// each in a savepoint of its own, and answers them all after the commit.
type group struct {
	db      *sql.DB
	queries *sq.Queries
	dialect dialect
	jobs    chan *job // unbuffered: a job is either taken, and then done, or never was
	stop    chan struct{}
	stopped chan struct{}
	once    sync.Once
}

type job struct {
	row  string // the row that every caller of its kind locks first; "" for none
	fn   func(context.Context, *sq.Queries) error
	err  error
	done chan struct{}
}

func newGroup(db *sql.DB, queries *sq.Queries, d dialect) *group {
	g := &group{db: db, queries: queries, dialect: d, jobs: make(chan *job), stop: make(chan struct{}),
		stopped: make(chan struct{})}
	go g.run()
	return g
}

// do has fn run by the writer and returns when it is durable, or with the error that undid it. A ctx that ends before
// the writer took fn keeps fn from running; one that ends later changes nothing.
func (g *group) do(ctx context.Context, fn func(context.Context, *sq.Queries) error) error {
	return g.doOn(ctx, "", fn)
}

// doOn is do for an fn whose first statement locks a row that others want too, and that row's name. Servers that share one
// PostgreSQL take such rows in the order of their names, so that no two groups wait for each other.
func (g *group) doOn(ctx context.Context, row string, fn func(context.Context, *sq.Queries) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := &job{row: row, fn: fn, done: make(chan struct{})}
	select {
	case g.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-g.stop:
		return ErrClosed
	}
	<-j.done
	return j.err
}

func (g *group) close() {
	g.once.Do(func() { close(g.stop) })
	<-g.stopped
}

func (g *group) run() {
	defer close(g.stopped)
	batch := make([]*job, 0, maxGroup)
	for {
		select {
		case j := <-g.jobs:
			batch = g.collect(append(batch[:0], j))
		case <-g.stop:
			return
		}
		if g.dialect == postgresDialect {
			slices.SortStableFunc(batch, func(a, b *job) int { return strings.Compare(a.row, b.row) })
		}
		if err := g.commit(batch); err != nil {
			for _, j := range batch {
				if j.err == nil {
					j.err = err
				}
			}
		}
		for _, j := range batch {
			close(j.done)
		}
	}
}

// collect adds every caller that is already waiting, up to maxGroup.
func (g *group) collect(batch []*job) []*job {
	for len(batch) < maxGroup {
		select {
		case j := <-g.jobs:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// commit runs one group. Its error is that of the transaction as a whole; errors of single jobs are in the jobs.
func (g *group) commit(batch []*job) error {
	ctx := context.Background()
	if g.dialect == postgresDialect {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, commitTimeout)
		defer cancel()
	}
	tx, err := g.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store: beginning: %w", err)
	}
	queries, kept := g.queries.WithTx(tx), 0
	for _, j := range batch {
		if err := isolate(ctx, tx, queries, j, len(batch) == 1); err != nil {
			return errors.Join(err, tx.Rollback())
		}
		if j.err == nil {
			kept++
		}
	}
	if kept == 0 {
		return tx.Rollback()
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("store: committing: %w", err)
	}
	return nil
}

// isolate runs one job so that its failure undoes its own writes only. A job alone in its transaction needs no savepoint.
// The error it returns, as against j.err, means that the transaction is lost.
func isolate(ctx context.Context, tx *sql.Tx, queries *sq.Queries, j *job, alone bool) error {
	if alone {
		j.err = j.fn(ctx, queries)
		return nil
	}
	if _, err := tx.ExecContext(ctx, "SAVEPOINT caller"); err != nil {
		return fmt.Errorf("store: setting a savepoint: %w", err)
	}
	if j.err = j.fn(ctx, queries); j.err != nil {
		if _, err := tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT caller"); err != nil {
			return fmt.Errorf("store: going back to a savepoint: %w", err)
		}
	}
	if _, err := tx.ExecContext(ctx, "RELEASE SAVEPOINT caller"); err != nil {
		return fmt.Errorf("store: releasing a savepoint: %w", err)
	}
	return nil
}
