package main

import (
	"context"
	"fmt"
	"os"

	"github.com/emmansun/gmsm/sm3"
)

const (
	smallDocument = 100 << 10
	largeDocument = 20 << 20
)

// engineRow seals a document of about so many bytes and writes it, beside hashing, signing and writing.
func engineRow(size int) func(context.Context, *lab) (*pair, error) {
	return func(ctx context.Context, l *lab) (*pair, error) {
		e, w, err := newEngine(ctx, l)
		if err != nil {
			return nil, err
		}
		doc, place, err := document(w, size)
		if err != nil {
			return nil, err
		}
		k, m, err := key()
		if err != nil {
			return nil, err
		}
		if err := e.apply(ctx, doc, nil, place); err != nil {
			return nil, err
		}
		sealed, err := os.ReadFile(e.path())
		if err != nil {
			return nil, err
		}
		return &pair{
			ours: each(func() error { return e.apply(ctx, doc, nil, place) }),
			beside: each(func() error {
				sm3.Sum(sealed)
				if err := rawSign(k, m); err != nil {
					return err
				}
				return e.write(sealed)
			}),
			notes: func() ([]string, error) {
				return []string{fmt.Sprintf("%d bytes became %d: the seal's picture and certificates, twice as digits", len(doc), len(sealed))}, nil
			},
		}, nil
	}
}

// storedRow seals a large document that is stored, beside a small one at hand.
func storedRow(ctx context.Context, l *lab) (*pair, error) {
	e, w, err := newEngine(ctx, l)
	if err != nil {
		return nil, err
	}
	large, place, err := document(w, largeDocument)
	if err != nil {
		return nil, err
	}
	small, _, err := document(w, smallDocument)
	if err != nil {
		return nil, err
	}
	f, err := stored(large)
	if err != nil {
		return nil, err
	}
	return &pair{
		ours:   each(func() error { return e.apply(ctx, nil, f, place) }),
		beside: each(func() error { return e.apply(ctx, small, nil, place) }),
	}, nil
}

// peerRow signs beside another library: an invisible SM2 signature in CMS on both sides, the hash state known on ours.
func peerRow(size int, peer func(ctx context.Context, l *lab, doc []byte) (func(context.Context, int) error, error)) func(context.Context, *lab) (*pair, error) {
	return func(ctx context.Context, l *lab) (*pair, error) {
		e, w, err := newEngine(ctx, l)
		if err != nil {
			return nil, err
		}
		doc, _, err := document(w, size)
		if err != nil {
			return nil, err
		}
		f, err := stored(doc)
		if err != nil {
			return nil, err
		}
		theirs, err := peer(ctx, l, doc)
		if err != nil {
			return nil, err
		}
		return &pair{
			ours:   each(func() error { return e.sign(ctx, f) }),
			beside: theirs,
			notes: func() ([]string, error) {
				return []string{fmt.Sprintf("%d bytes, of which ours knows the hash state from storing them", len(doc))}, nil
			},
		}, nil
	}
}

func pdfcpuPeer(_ context.Context, _ *lab, doc []byte) (func(context.Context, int) error, error) {
	k, _, err := key()
	if err != nil {
		return nil, err
	}
	return each(func() error {
		_, err := pdfcpuSeal(doc, k)
		return err
	}), nil
}

func pdfBoxPeer(ctx context.Context, l *lab, doc []byte) (func(context.Context, int) error, error) {
	p, err := startPDFBox(ctx, l.dir, doc)
	if err != nil {
		return nil, err
	}
	l.peers = append(l.peers, p.close)
	return p.seal, p.seal(ctx, pdfBoxTurn)
}
