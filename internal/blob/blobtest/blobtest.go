// Package blobtest is the contract of archive.Blobs, for every driver and every fake.
package blobtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"sync"
	"testing"

	"yinzheng/archive"
	"yinzheng/internal/gm"
)

// Run runs the contract; open returns an empty store.
func Run(t *testing.T, open func(t *testing.T) archive.Blobs) {
	t.Run("PutContentComesBackUnderItsSM3", func(t *testing.T) { comesBack(t, open(t)) })
	t.Run("PutAgainIsHarmless", func(t *testing.T) { putAgain(t, open(t)) })
	t.Run("UnknownDigestIsErrNoBlob", func(t *testing.T) { unknown(t, open(t)) })
	t.Run("FailingReaderStoresNothing", func(t *testing.T) { failing(t, open(t)) })
	t.Run("EndedContextStoresNothing", func(t *testing.T) { ended(t, open(t)) })
	t.Run("ManyPutTheSameAtOnce", func(t *testing.T) { manyAtOnce(t, open(t)) })
	t.Run("SmallReadsSeeTheWhole", func(t *testing.T) { smallReads(t, open(t)) })
}

func put(t *testing.T, b archive.Blobs, content []byte) gm.Digest {
	t.Helper()
	d, size, err := b.Put(t.Context(), bytes.NewReader(content))
	if err != nil {
		t.Fatalf("Put: %v", err)
	}
	if want := gm.Sum(content); d != want || size != int64(len(content)) {
		t.Fatalf("Put = %s, %d bytes; want %s, %d", d, size, want, len(content))
	}
	return d
}

func get(t *testing.T, b archive.Blobs, d gm.Digest) []byte {
	t.Helper()
	r, err := b.Open(t.Context(), d)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	content, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatalf("reading: %v", err)
	}
	return content
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}

func comesBack(t *testing.T, b archive.Blobs) {
	for _, n := range []int{0, 1, 4096, 1<<20 + 7} {
		content := random(n)
		if got := get(t, b, put(t, b, content)); !bytes.Equal(got, content) {
			t.Errorf("%d bytes came back as %d others", n, len(got))
		}
	}
}

func putAgain(t *testing.T, b archive.Blobs) {
	content := random(5000)
	first := put(t, b, content)
	r, err := b.Open(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	put(t, b, content)
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, content) {
		t.Errorf("a reader that was open saw %d bytes, %v", len(got), err)
	}
	if got := get(t, b, first); !bytes.Equal(got, content) {
		t.Error("content changed when it was put again")
	}
}

func unknown(t *testing.T, b archive.Blobs) {
	for _, d := range []gm.Digest{{}, gm.Sum([]byte("never stored"))} {
		if _, err := b.Open(t.Context(), d); !errors.Is(err, archive.ErrNoBlob) {
			t.Errorf("Open(%s) = %v, want ErrNoBlob", d, err)
		}
	}
}

func failing(t *testing.T, b archive.Blobs) {
	content, broken := random(300<<10), errors.New("the line broke")
	_, _, err := b.Put(t.Context(), io.MultiReader(bytes.NewReader(content), errorReader{broken}))
	if !errors.Is(err, broken) {
		t.Errorf("Put = %v, want the reader's error", err)
	}
	if _, err := b.Open(t.Context(), gm.Sum(content)); !errors.Is(err, archive.ErrNoBlob) {
		t.Errorf("half of what was put can be opened: %v", err)
	}
}

func ended(t *testing.T, b archive.Blobs) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := b.Put(ctx, bytes.NewReader([]byte("late"))); !errors.Is(err, context.Canceled) {
		t.Errorf("Put = %v, want context.Canceled", err)
	}
	if _, err := b.Open(t.Context(), gm.Sum([]byte("late"))); !errors.Is(err, archive.ErrNoBlob) {
		t.Errorf("Open = %v, want ErrNoBlob", err)
	}
}

func manyAtOnce(t *testing.T, b archive.Blobs) {
	content := random(100 << 10)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if d, _, err := b.Put(t.Context(), bytes.NewReader(content)); err != nil || d != gm.Sum(content) {
				t.Errorf("Put = %s, %v", d, err)
			}
		})
	}
	wg.Wait()
	if got := get(t, b, gm.Sum(content)); !bytes.Equal(got, content) {
		t.Error("content differs")
	}
}

func smallReads(t *testing.T, b archive.Blobs) {
	content := random(1000)
	r, err := b.Open(t.Context(), put(t, b, content))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	var got []byte
	one := make([]byte, 1)
	for {
		n, err := r.Read(one)
		got = append(got, one[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if n, err := r.Read(one); n != 0 || err != io.EOF {
		t.Errorf("Read after the end = %d, %v", n, err)
	}
	if !bytes.Equal(got, content) {
		t.Error("content differs")
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }
