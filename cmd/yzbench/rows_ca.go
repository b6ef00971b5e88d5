package main

import (
	"context"
	"crypto/rand"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"runtime"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/sync/errgroup"

	"yinzheng/ca"
	"yinzheng/internal/gm"
)

// Certificates of one turn.
const (
	quickCertificates = 100
	fullCertificates  = 400
)

func (l *lab) certificates() int {
	if l.quick {
		return quickCertificates
	}
	return fullCertificates
}

// office orders certificates for offices, each for a new key as the register demands.
type office struct {
	region  *ca.Region
	subject pkix.Name
}

func (l *lab) office(ctx context.Context) (*office, error) {
	w, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	of := w.kind.Examples[0].Issuer
	return &office{w.Region, pkix.Name{Country: []string{"CN"}, Organization: []string{of.Code + of.Name}, CommonName: w.seal.ID}}, nil
}

// one has one certificate issued: linted, stored, signed, verified, stored.
func (o *office) one(ctx context.Context) ([]byte, error) {
	k, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return o.region.IssueSM2(ctx, ca.Order{Profile: ca.ProfileOfficeSeal, Subject: o.subject, Key: k.Public(), By: "yzbench"})
}

// issue has n issued, as many at once as clients.
func (o *office) issue(ctx context.Context, n int) error {
	return atOnce(ctx, n, func(ctx context.Context) error {
		_, err := o.one(ctx)
		return err
	})
}

// atOnce does a piece of work n times, as many at once as clients.
func atOnce(ctx context.Context, n int, one func(context.Context) error) error {
	group, working := errgroup.WithContext(ctx)
	group.SetLimit(clients)
	for range n {
		group.Go(func() error { return one(working) })
	}
	return group.Wait()
}

// certificateRow issues certificates of an office beside one signature and one insert for each.
func certificateRow(ctx context.Context, l *lab) (*pair, error) {
	o, err := l.office(ctx)
	if err != nil {
		return nil, err
	}
	der, err := o.one(ctx)
	if err != nil {
		return nil, err
	}
	cert, err := gm.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	parent, err := gm.ParseCertificate(o.region.Authority().Certificate)
	if err != nil {
		return nil, err
	}
	k, _, err := key()
	if err != nil {
		return nil, err
	}
	issuer, err := gm.PublicKey(parent)
	if err != nil {
		return nil, err
	}
	book, err := newRawBook(ctx, l, "raw-certificates.db", der)
	if err != nil {
		return nil, err
	}
	digest := sm3.Sum(der)
	raw := func() func() ([32]byte, error) {
		return func() ([32]byte, error) { return digest, rawSign(k, cert.RawTBSCertificate) }
	}
	return &pair{
		ours:   o.issue,
		beside: func(ctx context.Context, n int) error { return book.fill(ctx, n, raw) },
		batch:  l.certificates(), rounds: 7,
		notes: func() ([]string, error) {
			opinion := side{work: each(func() error { return gm.CrossCheck(issuer, cert.RawTBSCertificate, cert.Signature) }), length: planFor(l.quick).turn}
			err := errors.Join(opinion.warm(ctx), opinion.turn(ctx), book.close())
			if err != nil {
				return nil, err
			}
			return []string{fmt.Sprintf("the second implementation's opinion takes %s of one core: on %d cores it alone allows %s/s",
				amount(significant(opinion.seconds[0]*1e3), "ms"), runtime.GOMAXPROCS(0), plain(float64(runtime.GOMAXPROCS(0))/opinion.seconds[0]))}, nil
		},
	}, nil
}

// cfsslRow issues the same beside cfssl's own server, which stores, lints and checks nothing.
func cfsslRow(ctx context.Context, l *lab) (*pair, error) {
	o, err := l.office(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := l.folder()
	if err != nil {
		return nil, err
	}
	peer, err := startCFSSL(ctx, dir)
	if err != nil {
		return nil, err
	}
	return &pair{
		ours: o.issue, beside: peer.issue, batch: l.certificates(), rounds: 7,
		notes: func() ([]string, error) { return nil, peer.close() },
	}, nil
}
