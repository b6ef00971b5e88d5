// Package store keeps the services' books in SQLite or PostgreSQL: one SQL text for both (queries/, typed by sqlc into
// package sq), one set of migrations, and on SQLite one writer that commits its callers in groups.
//
// A *DB implements licences.Store, licences.Register, licences.Lists, licences.Presentations, ledger.Store, ledger.Books,
// archive.Index, completion.Store, audit.Log, sealing.Register, sealing.Drafts, desk.Papers, desk.Joints, auth.Credentials,
// ca.Register, ca.Revocations, ca.Tokens and foureyes.Store. Times are UTC, kept to the microsecond at least.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"yinzheng/internal/store/sq"
)

//go:generate sqlc generate

// Config says where the books are.
type Config struct {
	// URL is a file path (SQLite, made with mode 0600 if it is not there) or a postgres:// URL.
	URL string
	// MaxConns bounds the connections: readers on SQLite, all of them on PostgreSQL. 0 means DefaultMaxConns.
	MaxConns int
}

// DefaultMaxConns is a quarter of what PostgreSQL allows by default, so that several servers share one.
const DefaultMaxConns = 24

// commitTimeout bounds one transaction on PostgreSQL, whose caller may have gone: a dead network must not hold a
// connection for ever. On SQLite nothing but the disk can make a commit wait.
const commitTimeout = 30 * time.Second

// ErrURL means that Config.URL names neither a file nor a PostgreSQL database.
var ErrURL = errors.New("store: neither a file path nor a postgres:// URL")

// ErrClosed means that the books are closed.
var ErrClosed = errors.New("store: closed")

// DB is the open books. It is safe for concurrent use.
type DB struct {
	dialect dialect
	write   *sql.DB // one connection on SQLite
	read    *sql.DB // == write on PostgreSQL
	writes  *sq.Queries
	reads   *sq.Queries
	group   *group // every write on SQLite; on PostgreSQL those that lock a row which all callers want
}

type dialect int

const (
	sqliteDialect dialect = iota
	postgresDialect
)

// Open opens the books and brings their tables up to date.
func Open(ctx context.Context, c Config) (*DB, error) {
	if c.MaxConns <= 0 {
		c.MaxConns = DefaultMaxConns
	}
	db, err := connect(c)
	if err != nil {
		return nil, err
	}
	if err := db.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.closePools())
	}
	if db.writes, err = sq.Prepare(ctx, db.write); err != nil {
		return nil, errors.Join(fmt.Errorf("store: preparing statements: %w", err), db.closePools())
	}
	db.reads = db.writes
	if db.read != db.write {
		if db.reads, err = sq.Prepare(ctx, db.read); err != nil {
			return nil, errors.Join(fmt.Errorf("store: preparing statements: %w", err), db.closePools())
		}
	}
	db.group = newGroup(db.write, db.writes, db.dialect)
	return db, nil
}

func connect(c Config) (*DB, error) {
	switch {
	case strings.HasPrefix(c.URL, "postgres://"), strings.HasPrefix(c.URL, "postgresql://"):
		return openPostgres(c)
	case c.URL == "", strings.Contains(c.URL, "://"), strings.HasPrefix(c.URL, ":memory:"):
		return nil, ErrURL // the URL may hold a password: it is not repeated
	}
	return openSQLite(c)
}

// Close ends the writer after what it has taken is committed, and closes the connections.
func (db *DB) Close() error {
	db.group.close()
	return db.closePools()
}

func (db *DB) closePools() error {
	err := db.write.Close()
	if db.read != db.write {
		err = errors.Join(err, db.read.Close())
	}
	return err
}

// update runs fn in a transaction that is durable when update returns nil. Once fn has started, ctx no longer matters:
// the caller always learns what became of it.
func (db *DB) update(ctx context.Context, fn func(context.Context, *sq.Queries) error) error {
	if db.dialect == sqliteDialect {
		return db.group.do(ctx, fn)
	}
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("store: connecting: %w", err)
	}
	defer func() { _ = conn.Close() }() // back to the pool
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store: beginning: %w", err)
	}
	if err := fn(ctx, db.writes.WithTx(tx)); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("store: committing: %w", err)
	}
	return nil
}
