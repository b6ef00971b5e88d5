package ca_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"yinzheng/ca"
	"yinzheng/ca/catest"
	"yinzheng/internal/keys"
)

// The child process establishes a region in killDir and kills itself after the first durable step that is not in killDone.
const (
	killAt  = "YINZHENG_CA_TEST_KILL"
	killDir = "YINZHENG_CA_TEST_DIR"
)

func establishAndDie() {
	done := strings.Split(os.Getenv(killAt), ",")
	w, err := catest.Open(context.Background(), os.Getenv(killDir), catest.Start)
	if err != nil {
		os.Exit(3)
	}
	w.Config.OnStep = func(step string) {
		for _, d := range done {
			if d == step {
				return
			}
		}
		os.Stdout.WriteString(step + "\n")
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	if _, err := ca.Establish(context.Background(), w.Config, w.Spec()); err != nil {
		os.Stderr.WriteString(err.Error())
		os.Exit(2)
	}
	os.Exit(0)
}

// TestEstablishKilledAfterEveryStepStillComesToItsEnd kills run after run in one folder, each after the first step that no run
// before it has come past, until one finds nothing left to do. Nothing that is there is ever written again, and no serial
// number is used twice.
func TestEstablishKilledAfterEveryStepStillComesToItsEnd(t *testing.T) {
	dir := t.TempDir()
	done, before := []string{"folders"}, map[string]string{}
	for {
		child := exec.Command(os.Args[0], "-test.run=^$")
		child.Env = append(os.Environ(), killAt+"="+strings.Join(done, ","), killDir+"="+dir)
		out, err := child.Output()
		after := contents(t, filepath.Join(dir, "server", "region"))
		for name, b := range before {
			if after[name] != b {
				t.Fatalf("after %v: %s was overwritten", done, name)
			}
		}
		before = after
		if err == nil {
			break
		}
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("after %v: child ended with %v: %s", done, err, exit.Stderr)
		}
		step := strings.TrimSpace(string(out))
		if len(done) > 40 || step == "" {
			t.Fatalf("no end after %v", done)
		}
		done = append(done, step)
	}
	if want := 1 + 1 + 1 + 1 + 1 + 4 + 7; len(done) != want { // folders, region, keys, verifier, ceremony, certificates
		t.Errorf("%d steps, want %d: %v", len(done), want, done)
	}
	_, w := reopened(t, dir, catest.Start)
	serials := map[string]bool{}
	for _, c := range registered(t, w, ca.Query{}) {
		if serials[c.Authority+c.Serial] {
			t.Errorf("serial number %s was used twice", c.Serial)
		}
		serials[c.Authority+c.Serial] = true
	}
}

func TestHalfWrittenFilesAreRemovedByTheNextRun(t *testing.T) {
	dir := copied(t)
	for _, d := range []string{"", "certs"} {
		if err := os.WriteFile(filepath.Join(dir, "server", "region", d, ".tmp-left"), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, w := reopened(t, dir, catest.Start)
	if _, err := ca.Establish(context.Background(), w.Config, w.Spec()); err != nil {
		t.Fatal(err)
	}
	for name := range contents(t, filepath.Join(dir, "server", "region")) {
		if strings.Contains(name, ".tmp-") {
			t.Errorf("%s is still there", name)
		}
	}
}

func TestLostKeyOfACertificateIsNotPaperedOver(t *testing.T) {
	dir := copied(t)
	for _, suffix := range []string{".key", ".json"} {
		if err := os.Remove(filepath.Join(dir, "server", "keys", "ledger"+suffix)); err != nil {
			t.Fatal(err)
		}
	}
	w, err := catest.Open(context.Background(), dir, catest.Start)
	if err != nil {
		return // the holder itself noticed
	}
	if _, err := ca.Establish(context.Background(), w.Config, w.Spec()); !errors.Is(err, ca.ErrMismatch) && !errors.Is(err, keys.ErrNoKey) {
		t.Errorf("got %v", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}
