package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"

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
	book    *rawBook
	key     *sm2.PrivateKey
	message []byte
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
	r.book, err = newRawBook(ctx, l, "raw-licences.db", r.record)
	return r, err
}

func (r *raw) close() error { return r.book.close() }

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
	s, err := w.Sealer.Seal(ctx, sealing.Request{Document: unsealed, Seal: w.seal.ID, Places: []sealing.Place{doc.SealPlace}, Certify: 1, By: "yzbench", Office: w.seal.Office})
	if err != nil {
		return nil, err
	}
	return s.Document, nil
}

// issue does the parts n times on all cores; one writer commits what is there.
func (r *raw) issue(ctx context.Context, n int) error {
	return r.book.fill(ctx, n, func() func() ([32]byte, error) {
		deflate := newDeflater().work(r.streams)
		return func() ([32]byte, error) { return r.one(deflate) }
	})
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
		{fmt.Sprintf("insert (%d to a commit)", clients), clients, func() error { return r.book.insert(ctx, group) }},
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
