package keys_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"yinzheng/internal/keys"
)

// The child process does one of deaths in a folder and kills itself at a step.
const (
	deathOf = "YINZHENG_KEYS_TEST_DEATH"
	deathIn = "YINZHENG_KEYS_TEST_DIR"
	deathAt = "YINZHENG_KEYS_TEST_STEP"
)

func TestMain(m *testing.M) {
	if what := os.Getenv(deathOf); what != "" {
		at, err := strconv.Atoi(os.Getenv(deathAt))
		if err == nil {
			err = deaths()[what](os.Getenv(deathIn), at)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func deaths() map[string]func(dir string, at int) error {
	return map[string]func(string, int) error{
		"life": func(dir string, at int) error {
			return life{dir: dir, step: dieAt(at), told: os.Stdout}.live(context.Background())
		},
		"opening": func(dir string, at int) error {
			f, err := life{dir: dir, step: dieAt(at), told: os.Stdout}.open("two")
			if err != nil {
				return err
			}
			return f.Close()
		},
		"backup":  backupAndDie,
		"restore": restoreAndDie,
		"many":    signUntilKilled,
		"fill":    fillTheDisk,
	}
}

// dieAt kills the process at the n-th step, counted from 1.
func dieAt(n int) func(string) error {
	var count atomic.Int64
	return func(string) error {
		if count.Add(1) == int64(n) {
			if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
				return err
			}
			select {}
		}
		return nil
	}
}

// dying runs a child; killed is false when it came to its end.
func dying(t *testing.T, what, dir string, at int) (told string, killed bool) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	child.Env = append(os.Environ(), deathOf+"="+what, deathIn+"="+dir, deathAt+"="+strconv.Itoa(at))
	out, err := child.Output()
	if err == nil {
		return string(out), false
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("step %d: the child ended with %v: %s", at, err, exit.Stderr)
	}
	return string(out), true
}

func TestNothingAcknowledgedIsLostWhenKilledAtEveryStep(t *testing.T) {
	at, whole := 1, wholeLife(t)
	for ; ; at++ {
		dir := t.TempDir()
		told, killed := dying(t, "life", dir, at)
		intact(t, dir, told, whole)
		if t.Failed() {
			t.Fatalf("killed at step %d, after %q", at, told)
		}
		if !killed {
			break
		}
	}
	if at < 50 {
		t.Errorf("only %d steps", at)
	}
}

// TestOpeningKilledAtEveryStepIsDoneByTheNext kills the opening that completes an interrupted encrypting anew.
func TestOpeningKilledAtEveryStepIsDoneByTheNext(t *testing.T) {
	decided, whole := 0, wholeLife(t)
	for at := 1; decided == 0; at++ {
		dir := t.TempDir()
		if _, killed := dying(t, "life", dir, at); !killed {
			t.Fatal("nothing was ever decided")
		}
		if _, err := os.Stat(filepath.Join(dir, ".reseal")); err == nil {
			decided = at
		}
	}
	for at := 1; ; at++ {
		dir := t.TempDir()
		told, _ := dying(t, "life", dir, decided)
		_, killed := dying(t, "opening", dir, at)
		intact(t, dir, told, whole)
		if t.Failed() {
			t.Fatalf("killed at step %d of the opening", at)
		}
		if !killed {
			break
		}
	}
}

var backupSecret = []byte("a passphrase of a back-up")

// backupAndDie makes a key once, and writes a back-up beside the folder.
func backupAndDie(dir string, at int) error {
	l := life{dir: filepath.Join(dir, "keys"), step: dieAt(at), told: os.Stdout}
	f, err := l.open("one")
	if err != nil {
		return err
	}
	ctx := context.Background()
	if _, err := f.Create(ctx, keys.Spec{ID: "a", Algorithm: keys.SM2, Use: "office-seal"}); err != nil && !errors.Is(err, keys.ErrExists) {
		return err
	}
	if err := l.tell("create a", nil); err != nil {
		return err
	}
	if err := l.sign(ctx, f, "a"); err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(dir, "backup"))
	if err != nil {
		return err
	}
	if err := l.tell("backup", errors.Join(f.Backup(ctx, out, backupSecret), out.Close())); err != nil {
		return err
	}
	return f.Close()
}

func restoreAndDie(dir string, at int) error {
	in, err := os.Open(filepath.Join(dir, "backup"))
	if err != nil {
		return err
	}
	c := keys.RestoreConfig{Dir: filepath.Join(dir, "restored"), Backup: backupSecret, Sealing: quick("two"), Now: time.Now}
	err = keys.RestoreAt(context.Background(), in, c, dieAt(at))
	return errors.Join(life{told: os.Stdout}.tell("restore", err), in.Close())
}

func TestBackupKilledAtEveryStepHarmsNoKeyAndHalfOnesRestoreNothing(t *testing.T) {
	for at := 1; ; at++ {
		dir := t.TempDir()
		told, killed := dying(t, "backup", dir, at)
		backedUp := strings.HasSuffix(told, "backup\n")
		intact(t, filepath.Join(dir, "keys"), told, "create a\nsign a\nbackup\n")
		b, err := os.ReadFile(filepath.Join(dir, "backup"))
		if err == nil {
			c := keys.RestoreConfig{Dir: filepath.Join(dir, "restored"), Backup: backupSecret, Sealing: quick("two"), Now: time.Now}
			err = keys.Restore(t.Context(), bytes.NewReader(b), c)
			if backedUp && err != nil || err != nil && !errors.Is(err, keys.ErrBackup) {
				t.Errorf("restoring what step %d left: %v", at, err)
			}
		}
		if t.Failed() || !killed {
			break
		}
	}
}

func TestRestoreKilledAtEveryStepIsThereEntirelyOrNotAtAll(t *testing.T) {
	made := t.TempDir()
	if _, killed := dying(t, "backup", made, 0); killed {
		t.Fatal("no back-up")
	}
	backup, err := os.ReadFile(filepath.Join(made, "backup"))
	if err != nil {
		t.Fatal(err)
	}
	at := 1
	for ; ; at++ {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "backup"), backup, 0o600); err != nil {
			t.Fatal(err)
		}
		told, killed := dying(t, "restore", dir, at)
		_, err := os.Stat(filepath.Join(dir, "restored"))
		if err != nil && told != "" {
			t.Errorf("killed at step %d: it was acknowledged and is not there", at)
		}
		if err != nil {
			if told, killed := dying(t, "restore", dir, 0); killed || told == "" {
				t.Errorf("again after step %d: killed %t, told %q", at, killed, told)
			}
		}
		f, err := keys.OpenFolder(keys.FolderConfig{Dir: filepath.Join(dir, "restored"), Sealing: quick("two"), Now: time.Now})
		if err != nil {
			t.Fatalf("after step %d: %v", at, err)
		}
		k, err := f.Info(t.Context(), "a")
		if err != nil || k.Used != 1 || k.Protected != "two" {
			t.Errorf("after step %d: %+v, %v", at, k, err)
		}
		works(t, f, k)
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if names, err := os.ReadDir(dir); err != nil || len(names) != 2 {
			t.Errorf("after step %d: %v, %v", at, names, err)
		}
		if t.Failed() || !killed {
			break
		}
	}
	if at < 4 {
		t.Errorf("only %d steps", at)
	}
}
