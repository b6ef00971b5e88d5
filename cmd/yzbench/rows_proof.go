package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/sync/errgroup"

	"yinzheng/internal/gm"
	"yinzheng/internal/receipt"
)

const (
	entries  = 256 // digests anchored for the receipt that is verified
	at       = 16  // at once
	settling = time.Minute
)

func receiptRow(ctx context.Context, l *lab) (*pair, error) {
	w, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	r, err := w.longestReceipt(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := w.receiptKeys()
	if err != nil {
		return nil, err
	}
	raw, err := rawReceipt(r, keys)
	if err != nil {
		return nil, err
	}
	return &pair{
		ours: each(func() error {
			proved, err := r.Verify(keys)
			if err == nil && proved != receipt.Logged {
				err = fmt.Errorf("proves %s", proved)
			}
			return err
		}),
		beside: each(raw),
		notes: func() ([]string, error) {
			return []string{fmt.Sprintf("entry %d of %d: %d SM3 and %d SHA-256 path hashes", r.Index, r.Root.Count, len(r.Path), len(r.Proof.Path))}, nil
		},
	}, nil
}

// longestReceipt anchors many digests and returns the receipt with the longest path.
func (w *world) longestReceipt(ctx context.Context) (*receipt.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, settling)
	defer cancel()
	var group errgroup.Group
	group.SetLimit(at)
	digests := make([]gm.Digest, entries)
	for i := range digests {
		if _, err := rand.Read(digests[i][:]); err != nil {
			return nil, err
		}
		group.Go(func() error {
			_, err := w.Ledger.Accept(ctx, "licence", digests[i])
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var longest *receipt.Receipt
	for _, d := range digests {
		r, err := w.Ledger.Await(ctx, "licence", d)
		if err != nil {
			return nil, err
		}
		if longest == nil || len(r.Path) > len(longest.Path) {
			longest = r
		}
	}
	return longest, nil
}

func (w *world) receiptKeys() (receipt.Keys, error) {
	pub, isEC := w.Region.Ledger().Key.Public().(*ecdsa.PublicKey)
	if !isEC {
		return receipt.Keys{}, errors.New("the ledger has no SM2 key")
	}
	verifier, err := w.Region.LogVerifier()
	return receipt.Keys{Region: w.Region.Code(), Ledger: []*ecdsa.PublicKey{pub}, LogVerifiers: []string{verifier}}, err
}

// rawReceipt is the cryptography of a receipt on the same bytes: as many path hashes, and both signatures.
func rawReceipt(r *receipt.Receipt, k receipt.Keys) (func() error, error) {
	leaf := append([]byte{0}, r.Entry.LeafBytes()...)
	record := append([]byte{0}, receipt.Record(*r.Root, r.Signature)...)
	root := signed{"batch root", k.Ledger[0], r.Root.Bytes(), r.Signature}
	text, lines, found := strings.Cut(r.Proof.Checkpoint, "\n\n")
	fields := strings.Fields(lines)
	if !found || len(fields) != 3 {
		return nil, errors.New("the checkpoint has no signature")
	}
	note := []byte(text + "\n")
	signature, err := base64.StdEncoding.DecodeString(fields[2])
	if err != nil {
		return nil, err
	}
	parts := strings.SplitN(k.LogVerifiers[0], "+", 3) // name, key hash, key
	public, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil {
		return nil, err
	}
	const keyHash, algorithm = 4, 1 // bytes before the signature, and before the key (C2SP signed-note)
	return func() error {
		batch, log := sm3.Sum(leaf), sha256.Sum256(record)
		node := batch[:]
		for _, p := range r.Path {
			node = sm3Node(node, p[:])
		}
		node = log[:]
		for _, p := range r.Proof.Path {
			node = sha256Node(node, p)
		}
		if !ed25519.Verify(public[algorithm:], note, signature[keyHash:]) || len(node) == 0 {
			return errRaw
		}
		return root.verify()
	}, nil
}
