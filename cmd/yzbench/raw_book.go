package main

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"
	_ "modernc.org/sqlite" // the driver of the raw insert
)

// rawBook is SQLite as durable as ours (WAL, synchronous=FULL), where whatever waits shares a commit, and nothing of ours.
type rawBook struct {
	db     *sql.DB
	record []byte // in every row
	next   int64
}

func newRawBook(ctx context.Context, l *lab, name string, record []byte) (*rawBook, error) {
	dir, err := l.folder()
	if err != nil {
		return nil, err
	}
	q := url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)"}, "_txlock": {"immediate"}}
	file := url.URL{Scheme: "file", Path: filepath.Join(dir, name), RawQuery: q.Encode()}
	b := &rawBook{record: record}
	if b.db, err = sql.Open("sqlite", file.String()); err != nil {
		return nil, err
	}
	b.db.SetMaxOpenConns(1)
	_, err = b.db.ExecContext(ctx, "CREATE TABLE made (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, record BLOB NOT NULL)")
	if err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

func (b *rawBook) close() error { return b.db.Close() }

// fill has n made on all cores, each core with a maker of its own, while one writer commits what is there.
func (b *rawBook) fill(ctx context.Context, n int, maker func() func() ([32]byte, error)) error {
	done := make(chan [32]byte, clients)
	var makers errgroup.Group
	cores := runtime.GOMAXPROCS(0)
	for core := range cores {
		makers.Go(func() error {
			one := maker()
			for i := core; i < n; i += cores {
				digest, err := one()
				if err != nil {
					return err
				}
				done <- digest
			}
			return nil
		})
	}
	var failed error
	go func() {
		failed = makers.Wait()
		close(done)
	}()
	err := b.write(ctx, done)
	for range done {
		continue // what a failed writer left
	}
	return errors.Join(err, failed)
}

// write stores digests until there are no more, as many in one commit as wait.
func (b *rawBook) write(ctx context.Context, done <-chan [32]byte) error {
	for digest := range done {
		group := [][32]byte{digest}
		for waiting := len(done); waiting > 0; waiting-- {
			group = append(group, <-done)
		}
		if err := b.insert(ctx, group); err != nil {
			return err
		}
	}
	return nil
}

func (b *rawBook) insert(ctx context.Context, group [][32]byte) error {
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, digest := range group {
		b.next++
		for i := range 8 {
			digest[i] = byte(b.next >> (8 * i)) // every row is another one
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO made VALUES (?, ?, ?)", b.next, digest[:], b.record); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}
