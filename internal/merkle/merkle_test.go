package merkle_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/transparency-dev/merkle/proof"

	"yinzheng/internal/gm"
	"yinzheng/internal/merkle"
)

func leaves(n int) []gm.Digest {
	out := make([]gm.Digest, n)
	for i := range out {
		out[i] = merkle.LeafHash(fmt.Appendf(nil, "leaf %d", i))
	}
	return out
}

// head is the definition of RFC 6962, 2.1, word for word.
func head(l []gm.Digest) gm.Digest {
	if len(l) == 1 {
		return l[0]
	}
	k := 1
	for k*2 < len(l) {
		k *= 2
	}
	left, right := head(l[:k]), head(l[k:])
	return gm.Sum([]byte{1}, left[:], right[:])
}

func TestEveryPathOfEverySizeLeadsToTheRoot(t *testing.T) {
	for size := 1; size <= 130; size++ {
		l := leaves(size)
		tree := merkle.New(l)
		if want := head(l); tree.Root() != want {
			t.Fatalf("size %d: root %v, want %v", size, tree.Root(), want)
		}
		for i := range l {
			path, err := tree.Path(int64(i))
			if err != nil {
				t.Fatal(err)
			}
			got, err := merkle.RootFromPath(l[i], int64(i), int64(size), path)
			if err != nil || got != tree.Root() {
				t.Fatalf("size %d leaf %d: root %v, %v", size, i, got, err)
			}
			if len(path) > merkle.Depth(int64(size)) {
				t.Fatalf("size %d leaf %d: %d hashes, deeper than %d", size, i, len(path), merkle.Depth(int64(size)))
			}
		}
	}
}

// sm3Hasher lets another implementation of the same shape use our hash.
type sm3Hasher struct{}

func (sm3Hasher) EmptyRoot() []byte               { d := gm.Sum(); return d[:] }
func (sm3Hasher) HashLeaf(leaf []byte) []byte     { d := merkle.LeafHash(leaf); return d[:] }
func (sm3Hasher) HashChildren(l, r []byte) []byte { d := gm.Sum([]byte{1}, l, r); return d[:] }
func (sm3Hasher) Size() int                       { return gm.DigestSize }

func TestAnotherImplementationAcceptsOurPaths(t *testing.T) {
	for _, size := range []int{1, 2, 3, 7, 8, 100, 129} {
		l := leaves(size)
		tree := merkle.New(l)
		for i := range l {
			path, err := tree.Path(int64(i))
			if err != nil {
				t.Fatal(err)
			}
			raw := make([][]byte, len(path))
			for j := range path {
				raw[j] = path[j][:]
			}
			root := tree.Root()
			if err := proof.VerifyInclusion(sm3Hasher{}, uint64(i), uint64(size), l[i][:], raw, root[:]); err != nil {
				t.Fatalf("size %d leaf %d: %v", size, i, err)
			}
		}
	}
}

func TestAPathProvesOneIndexOnly(t *testing.T) {
	const size = 21
	l := leaves(size)
	tree := merkle.New(l)
	for i := range int64(size) {
		path, err := tree.Path(i)
		if err != nil {
			t.Fatal(err)
		}
		for other := range int64(size + 3) {
			got, err := merkle.RootFromPath(l[i], other, size, path)
			if other != i && err == nil && got == tree.Root() {
				t.Errorf("leaf %d is proved at %d too", i, other)
			}
		}
	}
}

func TestWrongPathsAreRefused(t *testing.T) {
	tree := merkle.New(leaves(5))
	path, err := tree.Path(2)
	if err != nil {
		t.Fatal(err)
	}
	leaf := leaves(5)[2]
	for name, bad := range map[string]struct {
		index, size int64
		path        []gm.Digest
	}{
		"too long":       {2, 5, append(slices.Clone(path), gm.Digest{})},
		"too short":      {2, 5, path[:len(path)-1]},
		"negative index": {-1, 5, path},
		"beyond size":    {5, 5, path},
		"no leaves":      {0, 0, nil},
	} {
		if _, err := merkle.RootFromPath(leaf, bad.index, bad.size, bad.path); !errors.Is(err, merkle.ErrPath) {
			t.Errorf("%s: %v, want ErrPath", name, err)
		}
	}
	if _, err := tree.Path(5); !errors.Is(err, merkle.ErrPath) {
		t.Errorf("path beyond the leaves: %v", err)
	}
}

func FuzzRootFromPath(f *testing.F) {
	seeds := []struct {
		index, size int64
		hashes      int
	}{{2, 5, 3}, {0, 1, 0}, {4, 5, 1}, {1 << 62, 1<<62 + 1, 1}, {-1, -1, 0}, {0, 1<<63 - 1, 63}}
	for _, s := range seeds {
		f.Add(s.index, s.size, make([]byte, s.hashes*gm.DigestSize))
	}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	f.Fuzz(func(t *testing.T, index, size int64, raw []byte) {
		path := make([]gm.Digest, len(raw)/gm.DigestSize)
		for i := range path {
			copy(path[i][:], raw[i*gm.DigestSize:])
		}
		root, err := merkle.RootFromPath(gm.Digest{}, index, size, path)
		if err != nil {
			return
		}
		if len(path) > merkle.Depth(size) {
			t.Errorf("a path of %d hashes in a tree of depth %d", len(path), merkle.Depth(size))
		}
		if _, err := merkle.RootFromPath(gm.Digest{}, index, size, slices.Concat(path, []gm.Digest{{}})); !errors.Is(err, merkle.ErrPath) {
			t.Errorf("a longer path is taken too: %v", err)
		}
		raws := make([][]byte, len(path))
		for i := range path {
			raws[i] = path[i][:]
		}
		if err := proof.VerifyInclusion(sm3Hasher{}, uint64(index), uint64(size), make([]byte, gm.DigestSize), raws, root[:]); err != nil {
			t.Errorf("another implementation disagrees: %v", err)
		}
	})
}

func BenchmarkTree(b *testing.B) {
	l := leaves(1000)
	for b.Loop() {
		merkle.New(l).Root()
	}
}
