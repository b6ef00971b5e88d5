package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yinzheng/archive"
	"yinzheng/ca"
	"yinzheng/internal/audit"
	"yinzheng/internal/foureyes"
	"yinzheng/internal/ledger"
	"yinzheng/internal/ledger/ledgertest"
	"yinzheng/internal/store"
	"yinzheng/internal/store/storetest"
	"yinzheng/licences"
	"yinzheng/sealing"
	"yinzheng/verify/completion"
)

// A *DB is what every service keeps its books in.
var (
	_ storetest.LicenceBook      = (*store.DB)(nil)
	_ storetest.PresentationBook = (*store.DB)(nil)
	_ ledger.Store               = (*store.DB)(nil)
	_ ledger.Books               = (*store.DB)(nil)
	_ archive.Index              = (*store.DB)(nil)
	_ completion.Store           = (*store.DB)(nil)
	_ audit.Log                  = (*store.DB)(nil)
	_ audit.Header               = (*store.DB)(nil)
	_ sealing.Register           = (*store.DB)(nil)
	_ storetest.CallerBook       = (*store.DB)(nil)
	_ licences.Lists             = (*store.DB)(nil)
	_ storetest.AuthorityBook    = (*store.DB)(nil)
	_ ca.Tokens                  = (*store.DB)(nil)
	_ foureyes.Store             = (*store.DB)(nil)
	_ storetest.DeskBook         = (*store.DB)(nil)
)

// openFile opens new books in a file of the test's own.
func openFile(t *testing.T) *store.DB {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "yinzheng.db"))
}

func openAt(t *testing.T, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{URL: url})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return db
}

func TestSQLiteKeepsTheContracts(t *testing.T) { keepsTheContracts(t, openFile) }

// keepsTheContracts runs every contract against one driver.
func keepsTheContracts(t *testing.T, open func(t *testing.T) *store.DB) {
	t.Run("Licences", func(t *testing.T) {
		storetest.Licences(t, func(t *testing.T) storetest.LicenceBook { return open(t) })
	})
	t.Run("Presentations", func(t *testing.T) {
		storetest.Presentations(t, func(t *testing.T) storetest.PresentationBook { return open(t) })
	})
	t.Run("Cases", func(t *testing.T) {
		storetest.Cases(t, func(t *testing.T) completion.Store { return open(t) })
	})
	t.Run("Archive", func(t *testing.T) { storetest.Archive(t, func(t *testing.T) archive.Index { return open(t) }) })
	t.Run("Audit", func(t *testing.T) { storetest.Audit(t, func(t *testing.T) audit.Log { return open(t) }) })
	t.Run("Seals", func(t *testing.T) { storetest.Seals(t, func(t *testing.T) sealing.Register { return open(t) }) })
	t.Run("Credentials", func(t *testing.T) {
		storetest.Credentials(t, func(t *testing.T) storetest.CallerBook { return open(t) })
	})
	t.Run("Authority", func(t *testing.T) {
		storetest.Authority(t, func(t *testing.T) storetest.AuthorityBook { return open(t) })
	})
	t.Run("Tokens", func(t *testing.T) { storetest.Tokens(t, func(t *testing.T) ca.Tokens { return open(t) }) })
	t.Run("Proposals", func(t *testing.T) {
		storetest.Proposals(t, func(t *testing.T) foureyes.Store { return open(t) })
	})
	t.Run("Desk", func(t *testing.T) { storetest.Desk(t, func(t *testing.T) storetest.DeskBook { return open(t) }) })
	t.Run("Ledger", func(t *testing.T) {
		ledgertest.Store(t, func(t *testing.T) ledgertest.StoreAndBooks { return open(t) })
	})
	t.Run("Books", func(t *testing.T) { ledgerBooks(t, open) })
	t.Run("Serials", func(t *testing.T) { serialsAreNeverGivenTwice(t, open(t)) })
	t.Run("Contexts", func(t *testing.T) { endedContextWritesNothing(t, open(t)) })
}

func TestWhatIsNoDatabaseIsErrURL(t *testing.T) {
	for _, url := range []string{"", "mysql://root:secret@db/x", ":memory:", "https://example.org", "postgres://%zz:secret@/"} {
		_, err := store.Open(t.Context(), store.Config{URL: url})
		if !errors.Is(err, store.ErrURL) {
			t.Errorf("Open(%q) = %v, want ErrURL", url, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error shows a password: %v", err)
		}
	}
	if _, err := store.Open(t.Context(), store.Config{URL: filepath.Join(t.TempDir(), "no", "folder")}); err == nil {
		t.Error("opened a file in a folder that is not there")
	}
	notADatabase := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(notADatabase, []byte(strings.Repeat("this is no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), store.Config{URL: notADatabase}); err == nil {
		t.Error("opened a text file as a database")
	}
}

func TestFileIsForItsOwnerAloneWhateverItsName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "数据 100% a?b#c&mode=memory")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "印证.db")
	db := openAt(t, path)
	if _, err := db.NextSerial(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) < 2 {
		t.Fatalf("%d files in the folder, %v; want the database and its log", len(entries), err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o, want 600", e.Name(), info.Mode().Perm())
		}
	}
}

func TestBooksComeBackAfterClosing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "books.db")
	for want := int64(1); want <= 3; want++ {
		db, err := store.Open(t.Context(), store.Config{URL: path})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := db.NextSerial(t.Context(), "tsa"); got != want || err != nil {
			t.Errorf("NextSerial = %d, %v; want %d", got, err, want)
		}
		if err := db.Check(t.Context()); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if _, err := db.NextSerial(t.Context(), "tsa"); !errors.Is(err, store.ErrClosed) {
			t.Errorf("after closing: %v, want ErrClosed", err)
		}
	}
}

func endedContextWritesNothing(t *testing.T, db *store.DB) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.NextSerial(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("NextSerial = %v, want context.Canceled", err)
	}
	if err := db.PutPackage(ctx, archive.Package{ID: "p"}); !errors.Is(err, context.Canceled) {
		t.Errorf("PutPackage = %v, want context.Canceled", err)
	}
	if n, err := db.NextSerial(t.Context(), "x"); n != 1 || err != nil {
		t.Errorf("NextSerial = %d, %v; want 1", n, err)
	}
	if _, err := db.Package(t.Context(), "p"); !errors.Is(err, archive.ErrNoPackage) {
		t.Errorf("Package = %v, want ErrNoPackage", err)
	}
}
