package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"yinzheng/archive"
	"yinzheng/internal/store/sq"
)

func openFile(t *testing.T) *DB {
	t.Helper()
	db, err := Open(t.Context(), Config{URL: filepath.Join(t.TempDir(), "g.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// hold has the writer wait inside a job until release is called, so that the callers that come meanwhile share a commit.
func hold(t *testing.T, db *DB) (release func()) {
	t.Helper()
	inside, leave, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- db.group.do(context.Background(), func(context.Context, *sq.Queries) error {
			close(inside)
			<-leave
			return nil
		})
	}()
	<-inside
	return func() {
		close(leave)
		if err := <-done; err != nil {
			t.Errorf("the holding job: %v", err)
		}
	}
}

func write(id string, fail error) func(context.Context, *sq.Queries) error {
	return func(ctx context.Context, q *sq.Queries) error {
		if _, err := q.PutPackage(ctx, sq.PutPackageParams{ID: id, Content: hexOf([32]byte{1})}); err != nil {
			return err
		}
		return fail
	}
}

func TestFailureInAGroupUndoesItsOwnWritesOnly(t *testing.T) {
	db := openFile(t)
	refused := errors.New("refused")
	release := hold(t, db)
	errs := make([]error, 30)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			var fail error
			if i%3 == 0 {
				fail = refused
			}
			errs[i] = db.group.do(context.Background(), write(fmt.Sprintf("p%02d", i), fail))
		})
	}
	release()
	wg.Wait()
	for i, err := range errs {
		_, got := db.Package(t.Context(), fmt.Sprintf("p%02d", i))
		if i%3 == 0 {
			if !errors.Is(err, refused) || !errors.Is(got, archive.ErrNoPackage) {
				t.Errorf("failing job %d = %v, its write = %v; want it refused and gone", i, err, got)
			}
		} else if err != nil || got != nil {
			t.Errorf("job %d = %v, its write = %v; want it kept", i, err, got)
		}
	}
}

func TestSQLErrorInAGroupUndoesItsOwnWritesOnly(t *testing.T) {
	db := openFile(t)
	batch := []*job{
		{fn: write("a", nil), done: make(chan struct{})},
		{fn: func(ctx context.Context, q *sq.Queries) error {
			if err := write("b", nil)(ctx, q); err != nil {
				return err
			}
			_, err := q.ExecRows(ctx, "INSERT INTO no_such_table VALUES (1)")
			return err
		}, done: make(chan struct{})},
		{fn: write("c", nil), done: make(chan struct{})},
	}
	if err := db.group.commit(batch); err != nil {
		t.Fatal(err)
	}
	if batch[0].err != nil || batch[1].err == nil || batch[2].err != nil {
		t.Errorf("jobs ended with %v, %v, %v", batch[0].err, batch[1].err, batch[2].err)
	}
	for id, want := range map[string]error{"a": nil, "b": archive.ErrNoPackage, "c": nil} {
		if _, err := db.Package(t.Context(), id); !errors.Is(err, want) {
			t.Errorf("package %s: %v, want %v", id, err, want)
		}
	}
}

func TestContextEndingAfterTheJobJoinedDoesNotUndoIt(t *testing.T) {
	db := openFile(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := db.group.do(ctx, func(inner context.Context, q *sq.Queries) error {
		cancel()
		return write("late", nil)(inner, q)
	})
	if err != nil {
		t.Errorf("do = %v, want nil: the caller learns what became of it", err)
	}
	if _, err := db.Package(t.Context(), "late"); err != nil {
		t.Errorf("the write is gone: %v", err)
	}
}

func TestContextEndingBeforeTheJobJoinedKeepsItFromRunning(t *testing.T) {
	db := openFile(t)
	release := hold(t, db)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- db.group.do(ctx, write("never", nil)) }()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) { // returns though the writer is busy
		t.Errorf("do = %v, want context.Canceled", err)
	}
	release()
	if _, err := db.Package(t.Context(), "never"); !errors.Is(err, archive.ErrNoPackage) {
		t.Errorf("the write is there: %v", err)
	}
}

func TestClosingCommitsWhatWasTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "g.db")
	db, err := Open(t.Context(), Config{URL: path})
	if err != nil {
		t.Fatal(err)
	}
	kept := make([]error, 20)
	var wg sync.WaitGroup
	for i := range kept {
		wg.Go(func() { kept[i] = db.group.do(context.Background(), write(fmt.Sprint("p", i), nil)) })
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if db, err = Open(t.Context(), Config{URL: path}); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i, err := range kept {
		_, got := db.Package(t.Context(), fmt.Sprint("p", i))
		if (err == nil) != (got == nil) || err != nil && !errors.Is(err, ErrClosed) {
			t.Errorf("job %d = %v, its write = %v", i, err, got)
		}
	}
}

func TestReadersCannotWrite(t *testing.T) {
	db := openFile(t)
	if _, err := db.reads.PutPackage(t.Context(), sq.PutPackageParams{ID: "x"}); err == nil {
		t.Error("the read pool wrote")
	}
}
