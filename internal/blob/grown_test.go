package blob_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"yinzheng/archive"
	"yinzheng/internal/blob"
	"yinzheng/internal/gm"
)

func lies(root, dir string, d gm.Digest) string {
	h := d.String()
	return filepath.Join(root, dir, h[:2], h[2:4], h)
}

func TestGrownContentReadsAsIfItWereWhole(t *testing.T) {
	d, root := open(t)
	whole := []byte("the first revision\n")
	digest, _ := put(t, d, string(whole))
	for _, tail := range []string{"a seal\n", "", "another seal\n"} {
		next, size, err := d.Grow(t.Context(), digest, []byte(tail))
		if err != nil {
			t.Fatal(err)
		}
		whole = append(whole, tail...)
		if next != gm.Sum(whole) || size != int64(len(whole)) {
			t.Fatalf("grown by %q: %s of %d bytes", tail, next, size)
		}
		digest = next
		if b, err := blob.ReadAll(t.Context(), d, digest, 1000); err != nil || !bytes.Equal(b, whole) {
			t.Errorf("reads as %q, %v", b, err)
		}
	}
	if _, err := os.Stat(lies(root, "sm3", digest)); err == nil {
		t.Error("it was stored whole")
	}
	s, err := d.OpenAt(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Size() != int64(len(whole)) || s.State().Length != s.Size() {
		t.Errorf("size %d, state of %d bytes, want %d", s.Size(), s.State().Length, len(whole))
	}
	for at := range whole {
		for end := at; end <= len(whole); end++ {
			b := make([]byte, end-at)
			if n, err := s.ReadAt(b, int64(at)); err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(b[:n], whole[at:end]) {
				t.Fatalf("bytes %d to %d: %q, %v", at, end, b[:n], err)
			}
		}
	}
	if n, err := s.ReadAt(make([]byte, 5), s.Size()-2); n != 2 || !errors.Is(err, io.EOF) {
		t.Errorf("reading over the end: %d, %v", n, err)
	}
}

func TestAStateThatIsMissingOrAnothersIsNotUsed(t *testing.T) {
	for name, spoil := range map[string]func(path, other string) error{
		"missing":  func(path, _ string) error { return os.Remove(path) },
		"another":  func(path, other string) error { return os.Rename(other, path) },
		"no state": func(path, _ string) error { return os.WriteFile(path, []byte("{}"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			d, root := open(t)
			base, _ := put(t, d, "0123456789")
			other, _ := put(t, d, "9876543210")
			if err := spoil(lies(root, "state", base), lies(root, "state", other)); err != nil {
				t.Fatal(err)
			}
			s, err := d.OpenAt(t.Context(), base)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if !s.State().IsZero() {
				t.Error("a state is told")
			}
			if got, _, err := d.Grow(t.Context(), base, []byte("tail")); err != nil || got != gm.Sum([]byte("0123456789tail")) {
				t.Errorf("grown all the same: %s, %v", got, err)
			}
		})
	}
}

func TestDamageToGrownContentIsFound(t *testing.T) {
	spoil := map[string]func(base, grown string) error{
		"base gone":       func(base, _ string) error { return os.Remove(base) },
		"base shorter":    func(base, _ string) error { return os.Truncate(base, 3) },
		"base changed":    func(base, _ string) error { return os.WriteFile(base, []byte("012345678X"), 0o600) },
		"tail shorter":    func(_, grown string) error { return os.Truncate(grown, 100) },
		"head is no head": func(_, grown string) error { return os.WriteFile(grown, []byte("{}\n0123"), 0o600) },
		"no head":         func(_, grown string) error { return os.WriteFile(grown, bytes.Repeat([]byte("x"), 4096), 0o600) },
	}
	for name, spoil := range spoil {
		t.Run(name, func(t *testing.T) {
			d, root := open(t)
			base, _ := put(t, d, "0123456789")
			grown, _, err := d.Grow(t.Context(), base, []byte("tail"))
			if err != nil {
				t.Fatal(err)
			}
			if err := spoil(lies(root, "sm3", base), lies(root, "grown", grown)); err != nil {
				t.Fatal(err)
			}
			b, err := blob.ReadAll(t.Context(), d, grown, 1000)
			if b != nil || !errors.Is(err, archive.ErrDamaged) && !errors.Is(err, archive.ErrNoBlob) {
				t.Errorf("reads as %q, %v", b, err)
			}
		})
	}
}

func TestEachNamesGrownContentToo(t *testing.T) {
	d, root := open(t)
	base, _ := put(t, d, "0123456789")
	grown, _, err := d.Grow(t.Context(), base, []byte("tail"))
	if err != nil {
		t.Fatal(err)
	}
	var got []gm.Digest
	if err := d.Each(t.Context(), func(g gm.Digest) error { got = append(got, g); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0] != base || got[1] != grown {
		t.Errorf("Each named %v", got)
	}
	if err := os.WriteFile(lies(root, "grown", grown)+".bak", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Each(t.Context(), func(gm.Digest) error { return nil }); !errors.Is(err, blob.ErrStray) {
		t.Errorf("a stray is %v", err)
	}
}

func TestContentThatGrewTooOftenIsStoredWhole(t *testing.T) {
	d, root := open(t)
	digest, _ := put(t, d, "0")
	whole := "0"
	for range 70 {
		next, _, err := d.Grow(t.Context(), digest, []byte("1"))
		if err != nil {
			t.Fatal(err)
		}
		digest, whole = next, whole+"1"
	}
	if b, err := blob.ReadAll(t.Context(), d, digest, 1000); err != nil || string(b) != whole {
		t.Errorf("reads as %q, %v", b, err)
	}
	if _, err := os.Stat(lies(root, "sm3", gm.Sum([]byte(whole[:65])))); err != nil {
		t.Errorf("after 64 growths: %v", err)
	}
}

func TestGrowingNothingIsErrNoBlob(t *testing.T) {
	d, _ := open(t)
	if _, _, err := d.Grow(t.Context(), gm.Sum([]byte("nothing")), []byte("tail")); !errors.Is(err, archive.ErrNoBlob) {
		t.Errorf("%v, want ErrNoBlob", err)
	}
}
