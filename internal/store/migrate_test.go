package store

import (
	"database/sql"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"yinzheng/sealing"
)

// TestSealThatIsOlderThanAuthorisationsGoesOn lays out the tables as they were, puts a seal into them, and opens the books.
func TestSealThatIsOlderThanAuthorisationsGoesOn(t *testing.T) {
	ctx, file := t.Context(), filepath.Join(t.TempDir(), "books.db")
	old, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, old, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(ctx, 2); err != nil {
		t.Fatal(err)
	}
	made := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for _, statement := range []string{
		`INSERT INTO seals VALUES ('45000000000001', 'o', 'owner', 'name', x'01', x'02', 'active', $1, 1)`,
		`INSERT INTO seal_uses VALUES ('45000000000001', 1, $1, 'by', 'm', 'c', '', '', '0a')`,
		`INSERT INTO seals VALUES ('45000000000002', 'o', 'owner', 'name', x'01', x'02', 'cancelled', $1, 0)`,
	} {
		if _, err := old.ExecContext(ctx, statement, micros(made)); err != nil {
			t.Fatal(err)
		}
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := Open(ctx, Config{URL: file})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	r, err := db.SealOf(ctx, "o")
	if err != nil || r.ID != "45000000000001" || r.Look.Type != 1 || r.Look.Size != 42 || r.Uses != 1 || r.Look.Picture != nil {
		t.Errorf("%+v, %v", r, err)
	}
	standing, err := db.InForce(ctx, r.ID, made.AddDate(10, 0, 0))
	if err != nil || len(standing) != 1 || !standing[0].Covers("any", "clerk", "o") || standing[0].Covers("any", "clerk", "another") {
		t.Errorf("%+v, %v", standing, err)
	}
	u := sealing.Use{Seal: r.ID, Authorisation: 1, Result: sealing.ResultOK, At: made.AddDate(1, 0, 0)}
	err2 := db.PutUse(ctx, u)
	uses, err := db.Uses(ctx, r.ID, 0, 10)
	if errors.Join(err, err2) != nil || len(uses) != 2 || uses[0].Result != sealing.ResultOK || uses[1].Line != 2 {
		t.Errorf("%+v, %v", uses, errors.Join(err, err2))
	}
	if none, err := db.InForce(ctx, "45000000000002", made); err != nil || len(none) != 0 {
		t.Errorf("a cancelled seal may be used: %+v, %v", none, err)
	}
	a, err := db.AddAuthorisation(ctx, sealing.Authorisation{Seal: r.ID, Matter: "m", From: made, To: made.AddDate(1, 0, 0)}, sealing.Event{At: made, What: sealing.DidAuthorise}, sealing.Idempotency{})
	if err != nil || a.Line != 2 {
		t.Errorf("the next authorisation is line %d, %v", a.Line, err)
	}
}

func TestMigrationsGoDownAgain(t *testing.T) {
	old, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "books.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = old.Close() }()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, old, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := p.Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := p.DownTo(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
	}
}
