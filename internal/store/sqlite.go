package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteBusy is how long one process waits for the write lock of another (serve and an operator's command), in
// milliseconds.
const sqliteBusy = "busy_timeout(10000)"

// openSQLite opens a file with one connection for writing and a pool for reading. WAL with synchronous=FULL makes every
// commit one fsync of the log: durable on return.
func openSQLite(c Config) (*DB, error) {
	path, err := filepath.Abs(c.URL)
	if err != nil {
		return nil, fmt.Errorf("store: finding %s: %w", c.URL, err)
	}
	if err := makeFile(path); err != nil {
		return nil, err
	}
	pragmas := []string{sqliteBusy, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"}
	write, err := sql.Open("sqlite", sqliteName(path, "immediate", pragmas))
	if err != nil {
		return nil, fmt.Errorf("store: opening %s: %w", path, err)
	}
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite", sqliteName(path, "deferred", append(pragmas, "query_only(1)")))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: opening %s: %w", path, err), write.Close())
	}
	read.SetMaxOpenConns(c.MaxConns)
	read.SetMaxIdleConns(c.MaxConns)
	return &DB{dialect: sqliteDialect, write: write, read: read}, nil
}

// sqliteName writes the driver's name for a file: a URI, so that '?', '#' and '%' in a path mean themselves.
func sqliteName(path, lock string, pragmas []string) string {
	q := url.Values{"_txlock": {lock}, "_dqs": {"0"}, "_defensive": {"1"}, "_pragma": pragmas}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// makeFile makes the file for its owner alone, and its name durable. SQLite gives the log beside it the same mode.
func makeFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("store: making the file: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("store: making the file: %w", err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err == nil {
		err = errors.Join(dir.Sync(), dir.Close())
	}
	if err != nil {
		return fmt.Errorf("store: making the file durable: %w", err)
	}
	return nil
}

// Check asks the database to check itself: pages, indices and references on SQLite; PostgreSQL's own tools do it there,
// so only the connection is tried. It is part of fsck, as are the checks of audit.Verify.
func (db *DB) Check(ctx context.Context) error {
	if db.dialect == postgresDialect {
		return db.read.PingContext(ctx)
	}
	var found string
	if err := db.read.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&found); err != nil {
		return fmt.Errorf("store: checking: %w", err)
	}
	if found != "ok" {
		return fmt.Errorf("store: checking: %s", found)
	}
	rows, err := db.read.QueryContext(ctx, "PRAGMA foreign_key_check")
	if err != nil {
		return fmt.Errorf("store: checking references: %w", err)
	}
	defer func() { _ = rows.Close() }()
	if rows.Next() {
		return errors.New("store: checking references: a row refers to one that is not there")
	}
	return rows.Err()
}

func isSQLite(err error, code int) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code() == code
}

// Violations as SQLite names them (extended result codes).
const (
	sqliteUnique     = sqlite3.SQLITE_CONSTRAINT_UNIQUE
	sqlitePrimaryKey = sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	sqliteForeignKey = sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
)
