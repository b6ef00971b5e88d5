package store

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// openPostgres opens one pool. Each caller has a transaction of its own, as PostgreSQL commits concurrent ones together;
// only what locks one row that all callers want (the audit head, a serial number, a seal's count of uses), and would make them
// wait for each other's fsync, goes through a group.
func openPostgres(c Config) (*DB, error) {
	config, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return nil, ErrURL // the cause would repeat the URL, which may hold a password
	}
	// Durable on return, and compare-and-swap by the row as it is now: whatever the server's defaults are.
	config.RuntimeParams["synchronous_commit"] = "on"
	config.RuntimeParams["default_transaction_isolation"] = "read committed"
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "yinzheng"
	}
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(c.MaxConns)
	pool.SetMaxIdleConns(c.MaxConns)
	return &DB{dialect: postgresDialect, write: pool, read: pool}, nil
}

// Violations as PostgreSQL names them (appendix A, class 23).
const (
	postgresUnique     = "23505"
	postgresForeignKey = "23503"
)

func isPostgres(err error, code string) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == code
}

// isUnique reports whether err says that a row with that key is there.
func isUnique(err error) bool {
	return isPostgres(err, postgresUnique) || isSQLite(err, sqliteUnique) || isSQLite(err, sqlitePrimaryKey)
}

// isForeignKey reports whether err says that the row referred to is not there.
func isForeignKey(err error) bool {
	return isPostgres(err, postgresForeignKey) || isSQLite(err, sqliteForeignKey)
}

// errDamaged wraps what is wrong with a stored row.
func errDamaged(what, id string, err error) error {
	return fmt.Errorf("store: reading %s %s: %w", what, id, err)
}
