package embedded_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"yinzheng/internal/ledger/embedded"
)

// filled makes a closed log of some records.
func filled(t *testing.T, dir, signer string, records int) {
	t.Helper()
	l := open(t, dir, signer, false)
	for n := range records {
		if _, err := l.Publish(t.Context(), fmt.Appendf(nil, "record %d", n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestALostLogIsNoFreshLog(t *testing.T) {
	for name, c := range map[string]embedded.Config{
		"an empty folder":         {Dir: t.TempDir(), MustExist: true},
		"no folder":               {Dir: filepath.Join(t.TempDir(), "log"), MustExist: true},
		"no folder, one at least": {Dir: filepath.Join(t.TempDir(), "log"), Least: 1},
	} {
		c.Origin, c.Key = origin, embedded.SecretKey(key(t))
		if _, err := embedded.Open(t.Context(), c); !errors.Is(err, embedded.ErrLost) {
			t.Errorf("%s: %v, want ErrLost", name, err)
		}
		if left, err := os.ReadDir(c.Dir); err == nil && len(left) > 0 {
			t.Errorf("%s: refusing left %v", name, left)
		}
	}
}

// TestAPartlyLostLogIsNotWrittenOver takes away or sets back what Tessera alone would begin again from.
func TestAPartlyLostLogIsNotWrittenOver(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, dir, older string) error{
		"no state folder": func(_ *testing.T, dir, _ string) error { return os.RemoveAll(filepath.Join(dir, ".state")) },
		"no tree state":   func(_ *testing.T, dir, _ string) error { return os.Remove(filepath.Join(dir, ".state", "treeState")) },
		"an older tree state": func(t *testing.T, dir, older string) error {
			b, err := os.ReadFile(filepath.Join(older, ".state", "treeState"))
			if err != nil {
				t.Fatal(err)
			}
			return os.WriteFile(filepath.Join(dir, ".state", "treeState"), b, 0o600)
		},
		"a broken tree state": func(_ *testing.T, dir, _ string) error {
			return os.WriteFile(filepath.Join(dir, ".state", "treeState"), []byte("{"), 0o600)
		},
		"another tree of that size": func(_ *testing.T, dir, _ string) error {
			return os.WriteFile(filepath.Join(dir, ".state", "treeState"), []byte(`{"size":3,"root":"AAAA"}`), 0o600)
		},
	} {
		dir, older, signer := t.TempDir(), t.TempDir(), key(t)
		filled(t, dir, signer, 3)
		filled(t, older, signer, 1)
		before, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
		if err != nil {
			t.Fatal(err)
		}
		if err := damage(t, dir, older); err != nil {
			t.Fatal(err)
		}
		for _, must := range []bool{true, false} {
			_, err := embedded.Open(t.Context(), embedded.Config{Dir: dir, Origin: origin, Key: embedded.SecretKey(signer), MustExist: must})
			if !errors.Is(err, embedded.ErrLost) {
				t.Errorf("%s: %v, want ErrLost", name, err)
			}
		}
		after, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
		if err != nil || string(after) != string(before) {
			t.Errorf("%s: the checkpoint was written over: %q, %v", name, after, err)
		}
	}
}

func TestAnOlderCopyOfTheLogIsRefused(t *testing.T) {
	dir, signer := t.TempDir(), key(t)
	filled(t, dir, signer, 2)
	c := embedded.Config{Dir: dir, Origin: origin, Key: embedded.SecretKey(signer), Least: 3}
	if _, err := embedded.Open(t.Context(), c); !errors.Is(err, embedded.ErrLost) {
		t.Errorf("a log of 2 records where 3 were published: %v, want ErrLost", err)
	}
	c.Least = 2
	l, err := embedded.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestALogOfAnotherKeyIsRefused(t *testing.T) {
	dir := t.TempDir()
	filled(t, dir, key(t), 1)
	if _, err := embedded.Open(t.Context(), embedded.Config{Dir: dir, Origin: origin, Key: embedded.SecretKey(key(t))}); !errors.Is(err, embedded.ErrForeign) {
		t.Errorf("opened with another key: %v, want ErrForeign", err)
	}
}
