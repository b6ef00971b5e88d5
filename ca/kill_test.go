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

// The child process establishes a region in killDir and kills itself after the step counted by killAt.
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
	s.OnStep = func(string) {
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

// steps counts the steps of one undisturbed run.
func steps(t *testing.T) int {
	t.Helper()
	n := 0
	s := spec()
	s.OnStep = func(string) { n++ }
	establish(t, t.TempDir(), s)
	if n < 16 {
		t.Fatalf("only %d steps", n)
	}
	return n
}

func TestEstablishKilledAfterAnyStepIsCompletedByTheNextRun(t *testing.T) {
	total := steps(t)
	for at := 1; at <= total; at++ {
		dir := t.TempDir()
		child := exec.Command(os.Args[0], "-test.run=^$")
		child.Env = append(os.Environ(), killAt+"="+strconv.Itoa(at), killDir+"="+dir)
		err := child.Run()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("step %d: child ended with %v", at, err)
		}
		left := contents(t, dir)
		establish(t, dir, spec())
		for name, b := range contents(t, dir) {
			if old, was := left[name]; was && old != b {
				t.Errorf("step %d: %s was overwritten", at, name)
			}
		}
		if _, err := ca.Open(dir, passphrase, ca.Sources{Now: clock}); err != nil {
			t.Errorf("step %d: %v", at, err)
		}
	}
}

func TestHalfWrittenFilesAreRemovedByTheNextRun(t *testing.T) {
	_, dir := region(t)
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
	_, dir := region(t)
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
	_, dir := region(t)
	if err := os.Remove(filepath.Join(dir, "keys", "ledger.key")); err != nil {
		t.Fatal(err)
	}
	if _, err := ca.Establish(context.Background(), dir, passphrase, spec()); !errors.Is(err, ca.ErrMismatch) {
		t.Errorf("got %v", err)
	}
}
