//go:build tools

package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"sync/atomic"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"yinzheng/internal/audit"
	"yinzheng/internal/store"
	"yinzheng/internal/store/storetest"
)

func TestPostgreSQLKeepsTheContracts(t *testing.T) {
	server := storetest.StartPostgres(t)
	var schemas atomic.Int64
	keepsTheContracts(t, func(t *testing.T) *store.DB {
		return openAt(t, newSchema(t, server, fmt.Sprintf("s%d", schemas.Add(1))))
	})
}

// newSchema makes an empty schema, cheaper than a database, and returns the URL whose tables are in it.
func newSchema(t *testing.T, server, name string) string {
	t.Helper()
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE SCHEMA "+name); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

func TestServersShareOnePostgreSQL(t *testing.T) {
	url := newSchema(t, storetest.StartPostgres(t), "shared")
	const servers, each = 4, 25
	failed := make(chan error, servers)
	for s := range servers { // all migrate at once, and append to one chain
		go func() { failed <- appendMany(url, s, each) }()
	}
	for range servers {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	db := openAt(t, url)
	if err := audit.Verify(t.Context(), db); err != nil {
		t.Error(err)
	}
	if n, _, err := db.AuditHead(t.Context()); n != servers*each || err != nil {
		t.Errorf("%d entries, %v; want %d", n, err, servers*each)
	}
	if n, err := db.NextSerial(t.Context(), "shared"); n != servers*each+1 || err != nil {
		t.Errorf("NextSerial = %d, %v; want %d", n, err, servers*each+1)
	}
}

func appendMany(url string, server, n int) error {
	ctx := context.Background()
	db, err := store.Open(ctx, store.Config{URL: url, MaxConns: 4})
	if err != nil {
		return err
	}
	defer db.Close()
	for range n {
		if _, err := db.Append(ctx, audit.Entry{Caller: fmt.Sprint("server ", server)}); err != nil {
			return err
		}
		if _, err := db.NextSerial(ctx, "shared"); err != nil {
			return err
		}
	}
	return nil
}
