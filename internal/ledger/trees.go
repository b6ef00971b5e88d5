package ledger

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"yinzheng/internal/gm"
	"yinzheng/internal/merkle"
	"yinzheng/internal/receipt"
)

// leavesKept bounds the trees that are kept for receipts by their leaves, of some 300 bytes each: 40 MB. The last one used is kept
// whatever its size.
const leavesKept = 1 << 17

// errBooks means that what was stored is not what was signed.
var errBooks = errors.New("ledger: the books have other entries than those under the signed root")

// batchTree is a batch with its tree and the place of each entry.
type batchTree struct {
	batch Batch
	tree  *merkle.Tree
	index map[receipt.Entry]int64
}

// plant builds the tree over entries in their order.
func plant(entries []receipt.Entry) *batchTree {
	leaves := make([]gm.Digest, len(entries))
	index := make(map[receipt.Entry]int64, len(entries))
	for i, e := range entries {
		leaves[i] = merkle.LeafHash(e.LeafBytes())
		index[e] = int64(i)
	}
	return &batchTree{batch: Batch{Entries: entries}, tree: merkle.New(leaves), index: index}
}

// grow builds the tree of a stored batch, which must lead to the root that was signed.
func grow(b Batch) (*batchTree, error) {
	t := plant(b.Entries)
	t.batch = b
	if int64(len(b.Entries)) != b.Root.Count || t.tree.Root() != b.Root.Hash {
		return nil, fmt.Errorf("batch %d: %w", b.Root.Sequence, errBooks)
	}
	return t, nil
}

// receipt proves one entry of a logged batch. Root and proof were verified when the tree came in; the path is checked here.
func (t *batchTree) receipt(e receipt.Entry) (*receipt.Receipt, error) {
	index, there := t.index[e]
	if !there {
		return nil, fmt.Errorf("batch %d: %w", t.batch.Root.Sequence, errBooks)
	}
	path, err := t.tree.Path(index)
	if err != nil {
		return nil, err
	}
	root, err := merkle.RootFromPath(merkle.LeafHash(e.LeafBytes()), index, t.batch.Root.Count, path)
	if err != nil || root != t.batch.Root.Hash {
		return nil, fmt.Errorf("batch %d, entry %d: %w", t.batch.Root.Sequence, index, receipt.ErrPath)
	}
	if len(path) == 0 {
		path = nil
	}
	signed, proof := t.batch.Root, *t.batch.Proof // copies: a caller may change what it was given
	proof.Path = slices.Clone(proof.Path)
	return &receipt.Receipt{
		Version: receipt.Version, State: receipt.Logged, Entry: e,
		Index: index, Path: path, Root: &signed, Signature: slices.Clone(t.batch.Signature), Proof: &proof,
	}, nil
}

// verify checks a batch's signature and proof as a stranger would, by the receipt of its first entry.
func (l *Ledger) verify(t *batchTree) error {
	if len(t.batch.Entries) == 0 || t.batch.Proof == nil {
		return fmt.Errorf("batch %d: %w", t.batch.Root.Sequence, errBooks)
	}
	r, err := t.receipt(t.batch.Entries[0])
	if err != nil {
		return err
	}
	_, err = r.Verify(l.keys)
	if errors.Is(err, receipt.ErrCheckpoint) && len(l.keys.LogVerifiers) == 0 {
		return nil // everything before the checkpoint verified, and there is no key for more
	}
	return err
}

// tree returns the tree of a logged batch, kept or made from the books.
func (l *Ledger) tree(ctx context.Context, sequence int64) (*batchTree, error) {
	if t := l.trees.find(sequence); t != nil {
		return t, nil
	}
	l.trees.loading.Lock() // one at a time: a load takes as much memory as the largest batch
	defer l.trees.loading.Unlock()
	if t := l.trees.find(sequence); t != nil {
		return t, nil
	}
	b, err := l.cfg.Books.Batch(ctx, sequence)
	if err != nil {
		return nil, err
	}
	t, err := grow(*b)
	if err != nil {
		return nil, err
	}
	if err := l.verify(t); err != nil {
		return nil, fmt.Errorf("batch %d: %w", sequence, err)
	}
	l.trees.keep(t)
	return t, nil
}

// trees are the trees last used: the receipts of a batch are asked for together. The zero value is ready.
type trees struct {
	loading sync.Mutex

	mu     sync.Mutex
	at     map[int64]*list.Element
	used   list.List // of *batchTree, last used first
	leaves int64
}

func (s *trees) find(sequence int64) *batchTree {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, kept := s.at[sequence]
	if !kept {
		return nil
	}
	s.used.MoveToFront(e)
	return e.Value.(*batchTree)
}

func (s *trees) keep(t *batchTree) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == nil {
		s.at = map[int64]*list.Element{}
	}
	if _, kept := s.at[t.batch.Root.Sequence]; kept {
		return
	}
	s.at[t.batch.Root.Sequence] = s.used.PushFront(t)
	s.leaves += t.batch.Root.Count
	for s.leaves > leavesKept && s.used.Len() > 1 {
		oldest := s.used.Remove(s.used.Back()).(*batchTree)
		delete(s.at, oldest.batch.Root.Sequence)
		s.leaves -= oldest.batch.Root.Count
	}
}
