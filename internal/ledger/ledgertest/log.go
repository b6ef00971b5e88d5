package ledgertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"
	"golang.org/x/mod/sumdb/note"

	"yinzheng/internal/receipt"
)

// Log is a driver that forgets with the process; it keeps the contract otherwise.
type Log struct {
	Verifier string                    // note verifier key
	Fail     func(record []byte) error // when set and not nil for a record, that record is refused

	origin string
	signer note.Signer

	mu      sync.Mutex
	tree    *testonly.Tree
	records [][]byte
}

// NewLog returns an empty log with a key of its own.
func NewLog(origin string) (*Log, error) {
	secret, verifier, err := note.GenerateKey(nil, origin)
	if err != nil {
		return nil, fmt.Errorf("making a log key: %w", err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return nil, fmt.Errorf("making a log key: %w", err)
	}
	return &Log{Verifier: verifier, origin: origin, signer: signer, tree: testonly.New(rfc6962.DefaultHasher)}, nil
}

// Publish implements ledger.Driver.
func (l *Log) Publish(ctx context.Context, record []byte) (*receipt.LogProof, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(record) == 0 {
		return nil, errors.New("nothing is no record")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.Fail != nil {
		if err := l.Fail(record); err != nil {
			return nil, err
		}
	}
	l.records = append(l.records, bytes.Clone(record))
	l.tree.AppendData(record)
	size := l.tree.Size()
	path, err := l.tree.InclusionProof(size-1, size)
	if err != nil {
		return nil, fmt.Errorf("proving: %w", err)
	}
	text := log.Checkpoint{Origin: l.origin, Size: size, Hash: l.tree.Hash()}.Marshal()
	signed, err := note.Sign(&note.Note{Text: string(text)}, l.signer)
	if err != nil {
		return nil, fmt.Errorf("signing a checkpoint: %w", err)
	}
	return &receipt.LogProof{Origin: l.origin, Index: int64(size - 1), Checkpoint: string(signed), Path: path}, nil //nolint:gosec // small
}

// Records returns what was published, in order.
func (l *Log) Records() [][]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.records)
}
