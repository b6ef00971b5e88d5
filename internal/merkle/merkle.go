// Package merkle is the batch tree: shaped as RFC 6962, 2.1, hashed with SM3.
package merkle

import (
	"errors"
	"math/bits"

	"yinzheng/internal/gm"
)

// Domain separation (RFC 6962, 2.1): a leaf can never be taken for a node.
var (
	leafPrefix = []byte{0}
	nodePrefix = []byte{1}
)

// ErrPath means that a path does not have the one length that index and size ask for, or that these do not fit.
var ErrPath = errors.New("merkle: the path does not fit index and size")

// LeafHash is SM3(0x00 ‖ data).
func LeafHash(data []byte) gm.Digest { return gm.Sum(leafPrefix, data) }

func nodeHash(left, right gm.Digest) gm.Digest { return gm.Sum(nodePrefix, left[:], right[:]) }

// Tree is a tree over a fixed list of leaves. It is immutable.
type Tree struct {
	levels [][]gm.Digest // levels[0] are the leaves; an odd last node goes up unchanged
}

// New builds the tree over leaf hashes. It needs about twice their memory.
func New(leaves []gm.Digest) *Tree {
	t := &Tree{levels: [][]gm.Digest{leaves}}
	for level := leaves; len(level) > 1; {
		next := make([]gm.Digest, 0, (len(level)+1)/2)
		for i := 0; i+1 < len(level); i += 2 {
			next = append(next, nodeHash(level[i], level[i+1]))
		}
		if len(level)%2 == 1 {
			next = append(next, level[len(level)-1])
		}
		t.levels = append(t.levels, next)
		level = next
	}
	return t
}

// Size is the number of leaves.
func (t *Tree) Size() int64 { return int64(len(t.levels[0])) }

// Root is the tree's head; for no leaves it is SM3 of nothing (RFC 6962, 2.1).
func (t *Tree) Root() gm.Digest {
	if t.Size() == 0 {
		return gm.Sum()
	}
	return t.levels[len(t.levels)-1][0]
}

// Path is the inclusion path of a leaf, from the leaf upwards (RFC 6962, 2.1.1).
func (t *Tree) Path(index int64) ([]gm.Digest, error) {
	if index < 0 || index >= t.Size() {
		return nil, ErrPath
	}
	path := []gm.Digest{}
	for _, level := range t.levels[:len(t.levels)-1] {
		if sibling := index ^ 1; sibling < int64(len(level)) {
			path = append(path, level[sibling])
		}
		index /= 2
	}
	return path, nil
}

// RootFromPath computes the head that a leaf's path leads to. Index and size decide which side each hash is on and how many there
// are, so each leaf has one path only; ErrPath otherwise.
func RootFromPath(leaf gm.Digest, index, size int64, path []gm.Digest) (gm.Digest, error) {
	if index < 0 || index >= size || len(path) != pathLength(index, size) {
		return gm.Digest{}, ErrPath
	}
	hash, last := leaf, size-1
	for _, sibling := range path {
		// An odd last node has no sibling: it goes up until it is a right child.
		for index == last && index%2 == 0 {
			index, last = index/2, last/2
		}
		if index%2 == 1 {
			hash = nodeHash(sibling, hash)
		} else {
			hash = nodeHash(hash, sibling)
		}
		index, last = index/2, last/2
	}
	return hash, nil
}

// pathLength is the number of hashes between a leaf and the head.
func pathLength(index, size int64) int {
	length := 0
	for last := size - 1; last > 0; index, last = index/2, last/2 {
		if index%2 == 1 || index < last {
			length++
		}
	}
	return length
}

// Depth bounds a path: a tree of size leaves has no longer one.
func Depth(size int64) int { return bits.Len64(uint64(max(size, 1) - 1)) } //nolint:gosec // not negative
