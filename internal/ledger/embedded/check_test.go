package embedded_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"yinzheng/internal/ledger/embedded"
)

// TestADamagedLogIsFound damages one file at a time of a log that fills two tiles of the lowest level and begins a third.
func TestADamagedLogIsFound(t *testing.T) {
	const records = 2*256 + 9
	dir, signer := t.TempDir(), key(t)
	l := open(t, dir, signer, false)
	var wg sync.WaitGroup
	for n := range records {
		wg.Go(func() {
			if _, err := l.Publish(t.Context(), fmt.Appendf(nil, "record %d", n)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	defer func() { _ = l.Close() }()
	count := func() error {
		next := int64(0)
		return l.Check(t.Context(), func(index int64, _ []byte) error {
			if index != next {
				return fmt.Errorf("record %d comes as number %d", index, next)
			}
			next++
			return nil
		})
	}
	if err := count(); err != nil {
		t.Fatalf("a sound log: %v", err)
	}
	for _, name := range []string{
		"tile/entries/000", "tile/entries/001", "tile/entries/002.p/9", "tile/0/000", "tile/0/001", "tile/0/002.p/9", "tile/1/000.p/2",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		sound, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		flipped := append([]byte{}, sound...)
		flipped[len(flipped)/2] ^= 1
		for what, damaged := range map[string][]byte{"flipped": flipped, "cut": sound[:len(sound)/2], "empty": {}, "gone": nil} {
			err := os.WriteFile(file, damaged, 0o600)
			if damaged == nil {
				err = os.Remove(file)
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := count(); !errors.Is(err, embedded.ErrDamaged) {
				t.Errorf("%s %s: %v, want ErrDamaged", name, what, err)
			}
		}
		// Cut where one record ends: what is left reads well.
		if end := 2 + len("record 0"); name == "tile/entries/000" {
			if err := os.WriteFile(file, sound[:end], 0o600); err != nil {
				t.Fatal(err)
			}
			if err := count(); !errors.Is(err, embedded.ErrDamaged) {
				t.Errorf("%s with one record: %v, want ErrDamaged", name, err)
			}
		}
		if err := os.WriteFile(file, sound, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := count(); err != nil {
		t.Errorf("a mended log: %v", err)
	}
	stop := errors.New("stop")
	if err := l.Check(t.Context(), func(int64, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("an error of the caller's: %v", err)
	}
}

func TestAFreshLogIsSound(t *testing.T) {
	l := open(t, t.TempDir(), key(t), false)
	defer func() { _ = l.Close() }()
	if err := l.Check(t.Context(), func(int64, []byte) error { return fs.ErrInvalid }); err != nil {
		t.Error(err)
	}
}
