//go:build tools

package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"yinzheng/ca"
	"yinzheng/internal/audit"
	"yinzheng/internal/gm"
	"yinzheng/internal/store"
	"yinzheng/internal/store/storetest"
	"yinzheng/sealing"
)

func TestPostgreSQLKeepsTheContracts(t *testing.T) {
	server := storetest.StartPostgres(t)
	var schemas atomic.Int64
	keepsTheContracts(t, func(t *testing.T) *store.DB {
		return openAt(t, newSchema(t, server, fmt.Sprintf("s%d", schemas.Add(1))))
	})
}

// newSchema makes an empty schema, cheaper than a database, and returns the URL whose tables are in it.
func newSchema(t testing.TB, server, name string) string {
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

// BenchmarkIntendSettlePostgreSQL is BenchmarkIntendSettle on a server of the test's own.
func BenchmarkIntendSettlePostgreSQL(b *testing.B) {
	db, err := store.Open(b.Context(), store.Config{URL: newSchema(b, storetest.StartPostgres(b), "bench")})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	benchIntendSettle(b, db)
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

// TestServersShareOneRegister has servers issue at once into one PostgreSQL: each position is given once, in the order of
// commits, and of each key that all of them ask for one has the certificate.
func TestServersShareOneRegister(t *testing.T) {
	url := newSchema(t, storetest.StartPostgres(t), "shared")
	const servers, callers, each = 3, 8, 12
	failed := make(chan error, servers)
	for s := range servers {
		go func() { failed <- issueMany(url, s, callers, each) }()
	}
	for range servers {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	db := openAt(t, url)
	page, last, err := db.Certificates(t.Context(), ca.Query{State: ca.Good})
	if want := servers*callers*each + each; err != nil || len(page) != want || last != int64(want) {
		t.Errorf("%d certificates to position %d, %v; want %d", len(page), last, err, want)
	}
}

// issueMany issues by several callers; each also asks for certificates of keys that every caller of every server asks for.
func issueMany(url string, server, callers, each int) error {
	ctx := context.Background()
	db, err := store.Open(ctx, store.Config{URL: url, MaxConns: 8})
	if err != nil {
		return err
	}
	defer db.Close()
	at, failed := time.Unix(1772452800, 0), make(chan error, callers)
	one := func(id, key string) error {
		err := db.Intend(ctx, ca.Intent{Authority: crashAuthority, Serial: serialOf(id), Key: gm.Sum([]byte(key)), At: at, NotAfter: at})
		if err != nil {
			return err
		}
		return db.Settle(ctx, crashAuthority, serialOf(id), []byte(id))
	}
	for c := range callers {
		go func() {
			var errs []error
			for n := range each {
				id := fmt.Sprintf("%d-%d-%d", server, c, n)
				errs = append(errs, one(id, id))
				if err := one("wanted "+id, fmt.Sprint("wanted ", n)); err != nil && !errors.Is(err, ca.ErrKeyUsed) {
					errs = append(errs, err)
				}
			}
			failed <- errors.Join(errs...)
		}()
	}
	var errs []error
	for range callers {
		errs = append(errs, <-failed)
	}
	return errors.Join(errs...)
}

// TestServersThatDoEverythingAtOnceNeverWaitForEachOther has servers whose groups lock every row that callers share, in
// whatever order the callers come: a deadlock would undo a group.
func TestServersThatDoEverythingAtOnceNeverWaitForEachOther(t *testing.T) {
	url := newSchema(t, storetest.StartPostgres(t), "shared")
	ctx, at := t.Context(), time.Unix(1772452800, 0)
	const servers, callers, each = 3, 6, 8
	dbs := make([]*store.DB, servers)
	for s := range dbs {
		dbs[s] = openAt(t, url)
	}
	for _, id := range []string{"s1", "s2"} {
		if _, err := dbs[0].AddSeal(ctx, sealing.Record{ID: id, State: sealing.SealActive}, sealing.Event{At: at}, sealing.Idempotency{}); err != nil {
			t.Fatal(err)
		}
	}
	work := func(db *store.DB, id string) map[string]error {
		_, appended := db.Append(ctx, audit.Entry{At: at, Caller: id})
		_, first := db.NextSerial(ctx, "first")
		_, second := db.NextSerial(ctx, "second")
		return map[string]error{"Append": appended, "NextSerial": errors.Join(first, second),
			"Intend": db.Intend(ctx, ca.Intent{Authority: crashAuthority, Serial: serialOf(id), Key: gm.Sum([]byte(id)), At: at, NotAfter: at}),
			"Settle": db.Settle(ctx, crashAuthority, serialOf(id), []byte(id)),
			"Revoke": db.Revoke(ctx, crashAuthority, serialOf(id), 1, at),
			"PutUse": errors.Join(db.PutUse(ctx, sealing.Use{Seal: "s1"}), db.PutUse(ctx, sealing.Use{Seal: "s2"}))}
	}
	var wg sync.WaitGroup
	for s := range dbs {
		for c := range callers {
			wg.Go(func() {
				for n := range each {
					for step, err := range work(dbs[s], fmt.Sprintf("%d-%d-%d", s, c, n)) {
						if err != nil {
							t.Errorf("%s: %v", step, err)
						}
					}
				}
			})
		}
	}
	wg.Wait()
	if n, err := dbs[0].Revision(ctx); n != servers*callers*each || err != nil {
		t.Errorf("revision %d, %v; want %d", n, err, servers*callers*each)
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
