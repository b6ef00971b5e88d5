package keys_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
)

// signUntilKilled has 16 signers sign until the parent ends the process, and prints every message whose signature came back.
func signUntilKilled(dir string, _ int) error {
	c := keys.FolderConfig{Dir: dir, Sealing: quick("one"), Now: time.Now, JournalSize: 20_000}
	f, err := keys.OpenFolder(c)
	if err != nil {
		return err
	}
	ctx := context.Background()
	_, err = f.Create(ctx, keys.Spec{ID: "log", Algorithm: keys.Ed25519, Use: "log"})
	if err != nil && !errors.Is(err, keys.ErrExists) {
		return err
	}
	failed := make(chan error)
	for w := range 16 {
		go func() {
			s, err := f.Signer(ctx, "log")
			for n := 0; err == nil; n++ {
				message := fmt.Sprintf("%d-%d-%d", os.Getpid(), w, n)
				if _, err = s.Sign(nil, []byte(message), crypto.Hash(0)); err == nil {
					_, err = io.WriteString(os.Stdout, message+"\n") // one write: a line is whole or absent
				}
			}
			failed <- err
		}()
	}
	return <-failed
}

func TestEverySignatureGivenOutIsInTheJournalAfterKills(t *testing.T) {
	dir := t.TempDir()
	given := map[string]bool{}
	for round := range 4 {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
		child.Env = append(os.Environ(), deathOf+"=many", deathIn+"="+dir, deathAt+"=0")
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for before := len(given); lines.Scan(); {
			digest := gm.Sum(lines.Bytes())
			given[hex.EncodeToString(digest[:])] = true
			if len(given) == before+300+7*round {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = child.Wait() // it was killed
	}
	f, err := keys.OpenFolder(keys.FolderConfig{Dir: dir, Sealing: quick("one"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	k, err := f.Info(t.Context(), "log")
	if err = errors.Join(err, f.Close()); err != nil || k.Used < int64(len(given)) {
		t.Errorf("counted %d, given out %d, %v", k.Used, len(given), err)
	}
	report, err := keys.VerifyJournal(dir)
	if err != nil || report.Uses != k.Used {
		t.Errorf("the journal has %d uses, %v; the inventory %d", report.Uses, err, k.Used)
	}
	for _, name := range journalNames(t, dir) {
		for _, l := range readJournal(t, filepath.Join(dir, "journal", name)) {
			delete(given, l.Detail)
		}
	}
	if len(given) > 0 {
		t.Errorf("%d signatures were given out and are not in the journal", len(given))
	}
}

var errFull = fmt.Errorf("writing: %w", syscall.ENOSPC)

// TestFullDiskAtEveryStepLosesNothingAcknowledged is a disk that is full at one step and then has room again.
func TestFullDiskAtEveryStepLosesNothingAcknowledged(t *testing.T) {
	whole := wholeLife(t)
	for at := 1; ; at++ {
		dir := t.TempDir()
		var told bytes.Buffer
		var count atomic.Int64
		err := life{dir: dir, told: &told, step: func(string) error {
			if count.Add(1) == int64(at) {
				return errFull
			}
			return nil
		}}.live(t.Context())
		if count.Load() < int64(at) { // none left
			break
		}
		if err != nil && !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("step %d: %v", at, err)
		}
		intact(t, dir, told.String(), whole)
		if t.Failed() {
			t.Fatalf("step %d after %q", at, told.String())
		}
	}
}

// TestFullDiskIsSurvivedWithoutOpeningAgain goes on in the same folder once there is room.
func TestFullDiskIsSurvivedWithoutOpeningAgain(t *testing.T) {
	full := ""
	f, err := keys.OpenFolderAt(config(t.TempDir()), func(step string) error {
		if step == full {
			return errFull
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	closing(t, f)
	ctx, spec := t.Context(), keys.Spec{ID: "a", Algorithm: keys.Ed25519, Use: "log"}
	retired := keys.Retired
	for _, c := range []struct {
		step string
		do   func() error
	}{
		{"create: start", func() error { _, err := f.Create(ctx, spec); return err }},
		{"sign: start", func() error { return signWith(ctx, f, "a") }},
		{"change: start", func() error { _, err := f.Change(ctx, "a", keys.Change{State: &retired}); return err }},
		{"change: recorded", func() error { _, err := f.Change(ctx, "a", keys.Change{Quota: ptr(int64(3))}); return err }},
		{"backup: start", func() error { return f.Backup(ctx, io.Discard, backupSecret) }},
		{"reseal: start", func() error { return f.Reseal(ctx, quick("two")) }},
		{"reseal: recorded", func() error { return f.Reseal(ctx, quick("two")) }},
	} {
		full = c.step
		if err := c.do(); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: %v", c.step, err)
		}
		full = ""
		if err := c.do(); err != nil {
			t.Errorf("%s, then room: %v", c.step, err)
		}
	}
}

// fillTheDisk signs until the system refuses to make the journal longer, in the middle of a line; then gets room.
func fillTheDisk(dir string, limit int) error {
	signal.Ignore(syscall.SIGXFSZ) // the write then fails with EFBIG, as one on a full disk with ENOSPC
	f, err := keys.OpenFolder(keys.FolderConfig{Dir: dir, Sealing: quick("one"), Now: time.Now})
	if err != nil {
		return err
	}
	ctx := context.Background()
	if _, err := f.Create(ctx, keys.Spec{ID: "log", Algorithm: keys.Ed25519, Use: "log"}); err != nil {
		return err
	}
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: uint64(limit), Max: was.Max}); err != nil {
		return err
	}
	for err = error(nil); err == nil; {
		if err = signWith(ctx, f, "log"); err == nil {
			fmt.Println("sign log")
		}
	}
	if !errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("on a full disk: %w", err)
	}
	if err := signWith(ctx, f, "log"); !errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("on a disk still full: %w", err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		return err
	}
	for range 3 {
		if err := signWith(ctx, f, "log"); err != nil {
			return err
		}
		fmt.Println("sign log")
	}
	return f.Close()
}

func TestLineCutByAFullDiskIsTakenAwayAndSigningGoesOn(t *testing.T) {
	for _, limit := range []int{5000, 5037, 5100, 5150} {
		dir := t.TempDir()
		told, killed := dying(t, "fill", dir, limit)
		signed := int64(strings.Count(told, "\n"))
		if killed || signed < 10 {
			t.Fatalf("killed %t after %d", killed, signed)
		}
		report, err := keys.VerifyJournal(dir)
		if err != nil || report.Uses != signed || len(report.Torn) > 0 {
			t.Errorf("signed %d, the journal has %+v, %v", signed, report, err)
		}
	}
}

func signWith(ctx context.Context, f *keys.Folder, id string) error {
	s, err := f.Signer(ctx, id)
	if err == nil {
		err = signOnce(s)
	}
	return err
}

func ptr[T any](v T) *T { return &v }

func TestBrokenJournalSignsNothingUntilOpenedAgain(t *testing.T) {
	c := config(t.TempDir())
	f := open(t, c)
	create(t, f, "log")
	f.BreakJournal()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := signWith(t.Context(), f, "log"); !errors.Is(err, syscall.EIO) {
				t.Errorf("signing: %v", err)
			}
		})
	}
	all.Wait()
	if _, err := f.Change(t.Context(), "log", keys.Change{State: ptr(keys.Retired)}); !errors.Is(err, syscall.EIO) {
		t.Errorf("retiring: %v", err)
	}
	if err := f.Close(); !errors.Is(err, syscall.EIO) {
		t.Errorf("closing: %v", err)
	}
	again := open(t, c)
	if err := signWith(t.Context(), again, "log"); err != nil {
		t.Errorf("opened again: %v", err)
	}
}

// TestNothingIsGivenOutBeforeItsRecordIsOnDisk has a disk that takes what is written and fails to keep it.
func TestNothingIsGivenOutBeforeItsRecordIsOnDisk(t *testing.T) {
	for name, do := range map[string]func(context.Context, *keys.Folder) error{
		"a signature": func(ctx context.Context, f *keys.Folder) error { return signWith(ctx, f, "log") },
		"an envelope": func(ctx context.Context, f *keys.Folder) error { _, err := f.Envelop(ctx, "e", recipient); return err },
		"a key": func(ctx context.Context, f *keys.Folder) error {
			_, err := f.Create(ctx, keys.Spec{ID: "b", Algorithm: keys.Ed25519, Use: "log"})
			return err
		},
		"a change": func(ctx context.Context, f *keys.Folder) error {
			_, err := f.Change(ctx, "log", keys.Change{State: ptr(keys.Retired)})
			return err
		},
		"a destruction": func(ctx context.Context, f *keys.Folder) error {
			_, err := f.Change(ctx, "log", keys.Change{State: ptr(keys.Destroyed)})
			return err
		},
		"a back-up":       func(ctx context.Context, f *keys.Folder) error { return f.Backup(ctx, io.Discard, backupSecret) },
		"another sealing": func(ctx context.Context, f *keys.Folder) error { return f.Reseal(ctx, quick("two")) },
	} {
		c := config(t.TempDir())
		f, err := keys.OpenFolder(c)
		if err != nil {
			t.Fatal(err)
		}
		create(t, f, "log")
		if _, err := f.Create(t.Context(), keys.Spec{ID: "e", Algorithm: keys.SM2, Use: keys.UseEncryption}); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Signer(t.Context(), "log"); err != nil {
			t.Fatal(err)
		}
		if err := f.LoseDisk(); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if err := do(t.Context(), f); err == nil {
					t.Errorf("%s was given out", name)
				}
			})
		}
		all.Wait()
		if err := f.Close(); err == nil {
			t.Error("the journal is said to be whole")
		}
		again := open(t, c)
		if all, err := again.List(t.Context()); err != nil || len(all) != 2 || all[0].State != keys.Active || all[1].State != keys.Active ||
			all[1].Protected != "one" {
			t.Errorf("after %s: %+v, %v", name, all, err)
		}
		if left, err := keys.Leftovers(c.Dir); err != nil || len(left) > 0 {
			t.Errorf("after %s: left %v, %v", name, left, err)
		}
	}
}
