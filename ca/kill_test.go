package ca_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"yinzheng/ca"
	"yinzheng/internal/gm"
)

// The child process establishes a region in killDir and kills itself after the step counted by killAt. The first step of
// every run, the folders, does not count.
const (
	killAt  = "YINZHENG_CA_TEST_KILL_AT"
	killDir = "YINZHENG_CA_TEST_DIR"
)

func establishAndDie() {
	n, err := strconv.Atoi(os.Getenv(killAt))
	if err != nil {
		os.Exit(3)
	}
	s := spec()
	s.OnStep = func(step string) {
		if step == "folders" {
			return
		}
		if n--; n == 0 {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	if _, err := ca.Establish(context.Background(), os.Getenv(killDir), passphrase, s); err != nil {
		os.Exit(2)
	}
	os.Exit(0)
}

// TestEstablishKilledAfterEveryStepStillComesToItsEnd kills run after run in one folder, each after the first thing that
// it made, until one finds nothing left to do. Nothing that is there is ever written again, and from a state in each
// part of the work one undisturbed run completes the region.
func TestEstablishKilledAfterEveryStepStillComesToItsEnd(t *testing.T) {
	const made = 1 + 8 + 6 + 1 + 1 // region.json, keys, SM2 certificates, TLS certificate, log verifier
	dir := t.TempDir()
	before := map[string]string{}
	for run := 1; ; run++ {
		child := exec.Command(os.Args[0], "-test.run=^$")
		child.Env = append(os.Environ(), killAt+"=1", killDir+"="+dir)
		err := child.Run()
		after := contents(t, dir)
		for name, b := range before {
			if after[name] != b {
				t.Fatalf("run %d: %s was overwritten", run, name)
			}
		}
		before = after
		if err == nil {
			if run != made+1 || len(after) != made {
				t.Errorf("finished in run %d with %d files, want run %d with %d", run, len(after), made+1, made)
			}
			break
		}
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("run %d: child ended with %v", run, err)
		}
		if run == 1 || run == 5 || run == 12 || run == 16 {
			copied := t.TempDir()
			if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			establish(t, copied, spec())
		}
	}
	if _, err := ca.Open(dir, passphrase, ca.Sources{Now: clock}); err != nil {
		t.Error(err)
	}
}

func TestHalfWrittenFilesAreRemovedByTheNextRun(t *testing.T) {
	dir := copied(t)
	for _, d := range []string{"", "keys", "certs"} {
		if err := os.WriteFile(filepath.Join(dir, d, ".tmp-left"), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	establish(t, dir, spec())
	for name := range contents(t, dir) {
		if strings.Contains(name, ".tmp-") {
			t.Errorf("%s is still there", name)
		}
	}
}

func TestEstablishWithAnotherPassphraseMakesNoSecondKeys(t *testing.T) {
	dir := copied(t)
	before := len(contents(t, dir))
	if err := os.Remove(filepath.Join(dir, "keys", "ledger.key")); err != nil {
		t.Fatal(err)
	}
	if _, err := ca.Establish(context.Background(), dir, []byte("another"), spec()); !errors.Is(err, gm.ErrPassphrase) {
		t.Errorf("got %v", err)
	}
	if got := len(contents(t, dir)); got != before-1 {
		t.Errorf("%d files, want %d", got, before-1)
	}
}

func TestLostKeyOfACertificateIsNotPaperedOver(t *testing.T) {
	dir := copied(t)
	if err := os.Remove(filepath.Join(dir, "keys", "ledger.key")); err != nil {
		t.Fatal(err)
	}
	if _, err := ca.Establish(context.Background(), dir, passphrase, spec()); !errors.Is(err, ca.ErrMismatch) {
		t.Errorf("got %v", err)
	}
}
