package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/sync/errgroup"
	_ "modernc.org/sqlite" // the driver of the raw insert

	"yinzheng/licences"
	"yinzheng/sealing"
)

// signatures is how many SM2 signatures a licence cannot do without: the seal's, the timestamp's, the ledger's promise.
const signatures = 3

// raw does for each licence what no service can leave out, and nothing else: deflate the face's streams, SM3 over the sealed
// document, three SM2 signatures, and one row in SQLite as durable as ours (WAL, synchronous=FULL), where whatever waits
// shares a commit.
type raw struct {
	streams [][]byte
	doc     []byte
	record  []byte
	db      *sql.DB
	key     *sm2.PrivateKey
	message []byte
	next    int64
}

func newRaw(ctx context.Context, l *lab) (*raw, error) {
	_, example, unsealed, err := face()
	if err != nil {
		return nil, err
	}
	r := &raw{record: example.Fields}
	if r.streams, err = inflated(unsealed); err != nil {
		return nil, err
	}
	if r.doc, err = l.sealed(ctx, example, unsealed); err != nil {
		return nil, err
	}
	if r.key, r.message, err = key(); err != nil {
		return nil, err
	}
	dir, err := l.folder()
	if err != nil {
		return nil, err
	}
	q := url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)"}, "_txlock": {"immediate"}}
	file := url.URL{Scheme: "file", Path: filepath.Join(dir, "raw.db"), RawQuery: q.Encode()}
	if r.db, err = sql.Open("sqlite", file.String()); err != nil {
		return nil, err
	}
	r.db.SetMaxOpenConns(1)
	_, err = r.db.ExecContext(ctx, "CREATE TABLE licence (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, record BLOB NOT NULL)")
	if err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

func (r *raw) close() error { return r.db.Close() }

// sealed is the document that the raw parts work on: the sample's face with its seal.
func (l *lab) sealed(ctx context.Context, example licences.Licence, unsealed []byte) ([]byte, error) {
	w, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	doc, err := w.kind.Render(example, checkURL+example.CheckCode)
	if err != nil {
		return nil, err
	}
	s, err := w.Sealer.Seal(ctx, sealing.Request{Document: unsealed, Seal: w.seal.ID, Place: doc.SealPlace, By: "yzbench"})
	if err != nil {
		return nil, err
	}
	return s.Document, nil
}

// issue does the parts n times on all cores; one writer commits what is there.
func (r *raw) issue(ctx context.Context, n int) error {
	done := make(chan [32]byte, clients)
	var makers errgroup.Group
	cores := runtime.GOMAXPROCS(0)
	for core := range cores {
		makers.Go(func() error {
			deflate := newDeflater().work(r.streams)
			for i := core; i < n; i += cores {
				digest, err := r.one(deflate)
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
	err := r.write(ctx, done)
	for range done {
		continue // what a failed writer left
	}
	return errors.Join(err, failed)
}

// one is the part of a licence that any core can do.
func (r *raw) one(deflate func() error) ([32]byte, error) {
	if err := deflate(); err != nil {
		return [32]byte{}, err
	}
	digest := sm3.Sum(r.doc)
	return digest, r.sign()
}

func (r *raw) sign() error {
	for range signatures {
		if err := rawSign(r.key, r.message); err != nil {
			return err
		}
	}
	return nil
}

// write stores digests until there are no more, as many in one commit as wait.
func (r *raw) write(ctx context.Context, done <-chan [32]byte) error {
	for digest := range done {
		group := [][32]byte{digest}
		for waiting := len(done); waiting > 0; waiting-- {
			group = append(group, <-done)
		}
		if err := r.insert(ctx, group); err != nil {
			return err
		}
	}
	return nil
}

func (r *raw) insert(ctx context.Context, group [][32]byte) error {
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, digest := range group {
		r.next++
		for i := range 8 {
			digest[i] = byte(r.next >> (8 * i)) // every document is another one
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO licence VALUES (?, ?, ?)", r.next, digest[:], r.record); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

// parts measures each part alone.
func (r *raw) parts(ctx context.Context, turn time.Duration) (string, error) {
	text, sum := "raw parts of one licence:", 0.0
	group := make([][32]byte, clients)
	for _, part := range []struct {
		name  string
		times int // licences in one piece of work
		work  func() error
	}{
		{"deflate", 1, newDeflater().work(r.streams)},
		{"SM3", 1, func() error { sm3.Sum(r.doc); return nil }},
		{fmt.Sprintf("%d × SM2", signatures), 1, r.sign},
		{fmt.Sprintf("insert (%d to a commit)", clients), clients, func() error { return r.insert(ctx, group) }},
	} {
		s := side{work: each(part.work), length: turn}
		if err := s.warm(ctx); err != nil {
			return "", err
		}
		if err := s.turn(ctx); err != nil {
			return "", err
		}
		ms := s.seconds[0] * 1e3 / float64(part.times)
		sum += ms
		text += fmt.Sprintf(" %s %s,", part.name, amount(significant(ms), "ms"))
	}
	return fmt.Sprintf("%s together %s: %s/s on %d cores", text, amount(significant(sum), "ms"), plain(float64(runtime.GOMAXPROCS(0))*1e3/sum), runtime.GOMAXPROCS(0)), nil
}
