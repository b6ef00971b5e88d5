package main

import (
	"context"
	"crypto"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"yinzheng/ca"
	"yinzheng/internal/gm"
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
	key, err := gm.GenerateKey()
	if err != nil {
		return nil, nil, err
	}
	seal, err := sealFor(ctx, w, key)
	if err != nil {
		return nil, nil, fmt.Errorf("making a seal : %w", err)
	}
	s, err := sealing.New(sealing.Config{
		Book: noBook{seal}, Keys: oneKey{key}, Timestamper: w.TSA, Now: time.Now,
		Judge:  func(context.Context, sealing.File) error { return nil },
		Second: sealing.Second{Every: 1 << 30},
		Chain:  func(*gm.Certificate) ([][]byte, error) { return nil, nil },
	})
	return &engine{s, seal, dir}, w, err
}

// sealFor makes a seal of the service's seal maker for a key that is at hand: a key that the service holds writes a durable record
// of each use, which the peers do not.
func sealFor(ctx context.Context, w *world, key crypto.Signer) (sealing.Record, error) {
	record := w.seal
	record.ID = regionCode + "99999999"
	subject := pkix.Name{Country: []string{"CN"}, Organization: []string{record.Office + record.Owner}, CommonName: record.ID}
	cert, err := w.Region.IssueSM2(ctx, ca.Order{Profile: ca.ProfileOfficeSeal, Subject: subject, Key: key.Public(), By: "yzbench"})
	if err != nil {
		return record, err
	}
	maker, err := sealing.NewMaker(sealing.MakerConfig{Certificate: w.Region.SealMaker().Certificate, Key: w.Region.SealMaker().Key, Now: time.Now})
	if err != nil {
		return record, err
	}
	picture, err := sealing.DrawSeal(record.Owner, record.Look.Line)
	if err != nil {
		return record, err
	}
	made, err := maker.MakeSeal(ctx, sealing.Office{Seal: record.ID, Name: record.Owner, Code: record.Office, Certificate: cert}, picture)
	if err != nil {
		return record, err
	}
	record.Data, record.Signer = made.Data, cert
	return record, nil
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

// sign appends an invisible SM2 signature without the seal, as the peers do.
func (e *engine) sign(ctx context.Context, f *sealing.File) error {
	_, err := e.Seal(ctx, sealing.Request{
		File: f, Seal: e.seal.ID, Profile: sealing.ProfileSM2, Level: sealing.LevelB, By: "yzbench", Office: e.seal.Office,
	})
	return err
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
