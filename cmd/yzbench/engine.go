package main

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"yinzheng/ca"
	"yinzheng/internal/midstate"
	"yinzheng/sealing"
)

// engine is a Sealer without the service around it: nothing is stamped, judged or logged. It is what is compared with other
// programs, which do none of that.
type engine struct {
	*sealing.Sealer
	seal sealing.Record
	dir  string
}

func newEngine(ctx context.Context, l *lab) (*engine, *world, error) {
	w, err := l.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp(l.dir, "engine-")
	if err != nil {
		return nil, nil, err
	}
	key, err := w.Keys.Signer(ctx, ca.SealKey(w.seal.ID))
	if err != nil {
		return nil, nil, err
	}
	s, err := sealing.New(sealing.Config{
		Book: noBook{w.seal}, Keys: oneKey{key}, Timestamper: w.TSA, Now: time.Now,
		Judge:  func(context.Context, sealing.File) error { return nil },
		Second: sealing.Second{Every: 1 << 30},
	})
	return &engine{s, w.seal, dir}, w, err
}

// apply seals a document and writes the whole, or of a file what is appended, to a file.
func (e *engine) apply(ctx context.Context, doc []byte, f *sealing.File, place sealing.Place) error {
	sealed, err := e.Seal(ctx, sealing.Request{
		Document: doc, File: f, Seal: e.seal.ID, Places: []sealing.Place{place}, Certify: 1, Level: sealing.LevelB, By: "yzbench", Office: e.seal.Office,
	})
	if err != nil {
		return err
	}
	if f != nil {
		return e.write(sealed.Tail)
	}
	return e.write(sealed.Document)
}

// write is the write of both sides: into a file that is there, not synced.
func (e *engine) write(b []byte) error { return os.WriteFile(e.path(), b, 0o600) }

func (e *engine) path() string { return filepath.Join(e.dir, "sealed.pdf") }

// stored is a document as the store has it, with the state of its hash.
func stored(doc []byte) (*sealing.File, error) {
	h := midstate.NewSM3()
	if _, err := h.Write(doc); err != nil {
		return nil, err
	}
	state, err := h.State()
	if err != nil {
		return nil, fmt.Errorf("hashing a document : %w", err)
	}
	f := sealing.InMemory(doc)
	f.State = state
	return &f, nil
}

type oneKey struct{ key crypto.Signer }

func (k oneKey) Signer(context.Context, string) (crypto.Signer, error) { return k.key, nil }

// noBook knows one seal and lets everybody use it.
type noBook struct{ seal sealing.Record }

func (b noBook) Seal(context.Context, string) (sealing.Record, error)   { return b.seal, nil }
func (b noBook) SealOf(context.Context, string) (sealing.Record, error) { return b.seal, nil }
func (b noBook) PutUse(_ context.Context, u sealing.Use) error {
	if u.Result != sealing.ResultOK {
		return errors.New(u.Result)
	}
	return nil
}

func (b noBook) InForce(context.Context, string, time.Time) ([]sealing.Authorisation, error) {
	return []sealing.Authorisation{{Seal: b.seal.ID, Line: 1, Matter: "*", Office: b.seal.Office}}, nil
}
