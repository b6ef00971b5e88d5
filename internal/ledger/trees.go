package ledger

import (
	"context"
	"errors"
	"sync"

	"yinzheng/internal/merkle"
	"yinzheng/internal/receipt"
)

// batchTree is a batch's tree with the place of each entry.
type batchTree struct {
	tree  *merkle.Tree
	index map[receipt.Entry]int64
}

// treeCache keeps the newest trees: the receipts of a batch are asked for together. The zero cache is ready.
type treeCache struct {
	mu    sync.Mutex
	trees map[int64]*batchTree
	order []int64
}

// tree returns the tree of a batch, which must lead to the root that was signed.
func (l *Ledger) tree(ctx context.Context, sequence int64) (*batchTree, error) {
	l.trees.mu.Lock()
	defer l.trees.mu.Unlock()
	if t, kept := l.trees.trees[sequence]; kept {
		return t, nil
	}
	b, err := l.cfg.Books.Batch(ctx, sequence)
	if err != nil {
		return nil, err
	}
	t := &batchTree{tree: merkle.New(leafHashes(b.Entries)), index: make(map[receipt.Entry]int64, len(b.Entries))}
	if t.tree.Root() != b.Root.Hash {
		return nil, errors.New("the entries in the books are not those under the signed root")
	}
	for i, e := range b.Entries {
		t.index[e] = int64(i)
	}
	if l.trees.trees == nil {
		l.trees.trees = make(map[int64]*batchTree, treesKept)
	}
	if len(l.trees.order) == treesKept {
		delete(l.trees.trees, l.trees.order[0])
		l.trees.order = l.trees.order[1:]
	}
	l.trees.trees[b.Root.Sequence] = t
	l.trees.order = append(l.trees.order, b.Root.Sequence)
	return t, nil
}
