package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yinzheng/archive"
	"yinzheng/internal/blob"
	"yinzheng/internal/blob/blobtest"
	"yinzheng/internal/gm"
)

func open(t *testing.T) (*blob.Dir, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "blobs")
	d, err := blob.OpenDir(path)
	if err != nil {
		t.Fatal(err)
	}
	return d, path
}

func TestDirKeepsTheContract(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) archive.Blobs {
		d, _ := open(t)
		return d
	})
}

func put(t *testing.T, d *blob.Dir, content string) (gm.Digest, string) {
	t.Helper()
	digest, _, err := d.Put(t.Context(), strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	h := digest.String()
	return digest, filepath.Join("sm3", h[:2], h[2:4], h)
}

func TestContentLiesUnderItsDigestForItsOwnerAlone(t *testing.T) {
	d, root := open(t)
	_, rel := put(t, d, "abc")
	// SM3("abc"), GB/T 32905-2016, A.1
	const want = "sm3/66/c7/66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
	if rel != want {
		t.Errorf("lies at %s, want %s", rel, want)
	}
	for _, p := range []string{root, filepath.Join(root, rel)} {
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			t.Errorf("%s has mode %o", p, mode)
		}
	}
}

func TestAnyChangeOnDiskIsErrDamagedAtTheEnd(t *testing.T) {
	const content = "证照正文 0123456789"
	changes := map[string]func([]byte) []byte{
		"one bit":  func(b []byte) []byte { b[3] ^= 1; return b },
		"cut":      func(b []byte) []byte { return b[:len(b)-1] },
		"longer":   func(b []byte) []byte { return append(b, 0) },
		"emptied":  func([]byte) []byte { return nil },
		"replaced": func([]byte) []byte { return []byte("another") },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			d, root := open(t)
			digest, rel := put(t, d, content)
			if err := os.WriteFile(filepath.Join(root, rel), change([]byte(content)), 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := d.Open(t.Context(), digest)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			for range 2 { // and it stays so
				if _, err := io.ReadAll(r); !errors.Is(err, archive.ErrDamaged) {
					t.Errorf("reading = %v, want ErrDamaged", err)
				}
			}
			if b, err := blob.ReadAll(t.Context(), d, digest, 1000); !errors.Is(err, archive.ErrDamaged) || b != nil {
				t.Errorf("ReadAll = %q, %v; want nothing and ErrDamaged", b, err)
			}
			put(t, d, content)
			if b, err := blob.ReadAll(t.Context(), d, digest, 1000); err != nil || string(b) != content {
				t.Errorf("after putting it again: %q, %v", b, err)
			}
		})
	}
}

func TestReadAllTakesExactlyItsLimit(t *testing.T) {
	d, _ := open(t)
	digest, _ := put(t, d, "12345")
	if b, err := blob.ReadAll(t.Context(), d, digest, 5); err != nil || string(b) != "12345" {
		t.Errorf("limit 5: %q, %v", b, err)
	}
	if b, err := blob.ReadAll(t.Context(), d, digest, 4); !errors.Is(err, blob.ErrTooLarge) || b != nil {
		t.Errorf("limit 4: %q, %v; want ErrTooLarge", b, err)
	}
	if b, err := blob.ReadAll(t.Context(), d, digest, math.MaxInt64); err != nil || string(b) != "12345" {
		t.Errorf("no limit: %q, %v", b, err)
	}
	if _, err := blob.ReadAll(t.Context(), d, gm.Digest{}, 4); !errors.Is(err, archive.ErrNoBlob) {
		t.Errorf("unknown: %v, want ErrNoBlob", err)
	}
}

func TestEachNamesEverythingOnceInOrder(t *testing.T) {
	d, _ := open(t)
	var want []string
	for i := range 40 {
		digest, _ := put(t, d, strings.Repeat("x", i))
		want = append(want, digest.String())
	}
	slices.Sort(want)
	var got []string
	if err := d.Each(t.Context(), func(g gm.Digest) error { got = append(got, g.String()); return nil }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("Each named %d, want %d", len(got), len(want))
	}
	enough := errors.New("enough")
	if err := d.Each(t.Context(), func(gm.Digest) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("Each = %v, want the caller's error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.Each(ctx, func(gm.Digest) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("Each = %v, want context.Canceled", err)
	}
}

func TestStraysAreNamedAfterEverythingElse(t *testing.T) {
	d, root := open(t)
	_, rel := put(t, d, "abc")
	inside := filepath.Join(root, rel)
	moved := filepath.Join(root, "sm3", "66", filepath.Base(rel))
	for _, p := range []string{inside + ".bak", moved, filepath.Join(root, "sm3", "note.txt")} {
		if err := os.WriteFile(p, []byte("abc"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(root, "sm3", "odd", "ly"), 0o700); err != nil {
		t.Fatal(err)
	}
	count := 0
	err := d.Each(t.Context(), func(gm.Digest) error { count++; return nil })
	if !errors.Is(err, blob.ErrStray) || count != 1 {
		t.Fatalf("Each named %d and returned %v", count, err)
	}
	for _, want := range []string{".bak", "66/66c7f0", "note.txt", "odd"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not named in %v", want, err)
		}
	}
}

func TestFailedPutLeavesNothingBehind(t *testing.T) {
	d, root := open(t)
	broken := errors.New("the line broke")
	if _, _, err := d.Put(t.Context(), io.MultiReader(bytes.NewReader(make([]byte, 1000)), brokenReader{broken})); err == nil {
		t.Fatal("Put of a broken reader succeeded")
	}
	left, err := os.ReadDir(filepath.Join(root, "tmp"))
	if err != nil || len(left) != 0 {
		t.Errorf("%d files left, %v", len(left), err)
	}
}

func TestSweepTakesOnlyWhatIsOld(t *testing.T) {
	d, root := open(t)
	old, young := filepath.Join(root, "tmp", "put-old"), filepath.Join(root, "tmp", "put-young")
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for p, at := range map[string]time.Time{old: day.Add(-time.Second), young: day} {
		if err := os.WriteFile(p, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(p, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := d.Sweep(day); n != 1 || err != nil {
		t.Errorf("Sweep = %d, %v; want 1", n, err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("a young file was swept: %v", err)
	}
}

type brokenReader struct{ err error }

func (b brokenReader) Read([]byte) (int, error) { return 0, b.err }
