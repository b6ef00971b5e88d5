package keystest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"yinzheng/internal/keys"
)

// busy lets everything happen at the same time; every signature that came back must be counted.
func busy(t *testing.T, h Holder) {
	create(t, h, spec("shared", keys.SM2))
	var all sync.WaitGroup
	var signed atomic.Int64
	for n := range 4 {
		all.Go(func() {
			own := fmt.Sprintf("own-%d", n)
			if _, err := h.Create(t.Context(), spec(own, keys.P256)); err != nil {
				t.Error(err)
				return
			}
			for range 5 {
				for _, id := range []string{"shared", own} {
					s, err := h.Signer(t.Context(), id)
					if err == nil {
						err = sign(s)
					}
					if err != nil {
						t.Error(err)
						return
					}
					signed.Add(1)
				}
				if _, err := h.List(t.Context()); err != nil {
					t.Error(err)
				}
				if _, err := h.Change(t.Context(), own, keys.Change{Quota: ptr(int64(100))}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	var used int64
	for _, k := range list(t, h) {
		used += k.Used
	}
	if used != signed.Load() || used != 40 {
		t.Errorf("counted %d of %d signatures, want 40", used, signed.Load())
	}
}

func destroyedWhileSigning(t *testing.T, h Holder) {
	create(t, h, spec("a", keys.Ed25519))
	s := signer(t, h, "a")
	var all sync.WaitGroup
	started := make(chan struct{})
	var once sync.Once
	var signed atomic.Int64
	for range 4 {
		all.Go(func() {
			for {
				err := sign(s)
				if errors.Is(err, keys.ErrState) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				signed.Add(1)
				once.Do(func() { close(started) })
			}
		})
	}
	<-started
	change(t, h, "a", keys.Change{State: ptr(keys.Destroyed)})
	if err := sign(s); !errors.Is(err, keys.ErrState) {
		t.Errorf("after the destruction: %v, want ErrState", err)
	}
	all.Wait()
	if got := list(t, h)[0].Used; got != signed.Load() {
		t.Errorf("counted %d, signed %d", got, signed.Load())
	}
}

// gone checks the folder itself: no file of the destroyed key but its line of the inventory, and nowhere what the file held.
func gone(t *testing.T, h Holder, dir string) {
	create(t, h, spec("a", keys.SM2))
	create(t, h, spec("b", keys.SM2))
	private, err := os.ReadFile(filepath.Join(dir, "a.key"))
	if err != nil || len(private) == 0 {
		t.Fatalf("the key's file: %d bytes, %v", len(private), err)
	}
	change(t, h, "a", keys.Change{State: ptr(keys.Destroyed)})
	change(t, h, "a", keys.Change{State: ptr(keys.Destroyed)}) // again, as after a crash of who asked
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.HasPrefix(d.Name(), "a.") && d.Name() != "a.json" {
			t.Errorf("%s is there", d.Name())
		}
		b, err := os.ReadFile(path)
		if strings.Contains(string(b), string(private[len(private)/2:len(private)/2+32])) {
			t.Errorf("%s holds what the destroyed key's file held", d.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := sign(signer(t, h, "b")); err != nil {
		t.Errorf("another key: %v", err)
	}
}
