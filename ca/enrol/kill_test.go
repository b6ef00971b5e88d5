package enrol_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"yinzheng/ca/enrol"
)

// What a child process finds in its environment.
const (
	childDir    = "ENROL_TEST_DIR"
	childServer = "ENROL_TEST_SERVER"
	childRoots  = "ENROL_TEST_ROOTS"
	childToken  = "ENROL_TEST_TOKEN" // "" to renew
	childNow    = "ENROL_TEST_NOW"
)

// exchangeAndDie enrols or renews in a process that is killed meanwhile.
func exchangeAndDie() {
	now, err := time.Parse(time.RFC3339, os.Getenv(childNow))
	if err == nil {
		var tr *enrol.Transport
		tr, err = enrol.New(enrol.Config{
			Server: os.Getenv(childServer), Roots: []byte(os.Getenv(childRoots)), Dir: os.Getenv(childDir), Now: func() time.Time { return now },
		})
		switch token := os.Getenv(childToken); {
		case err != nil:
		case token != "":
			err = tr.Enrol(context.Background(), token)
		default:
			err = tr.Renew(context.Background())
		}
	}
	fmt.Println("not killed:", err)
	os.Exit(1)
}

// killedAt runs an exchange in a process that is killed with SIGKILL when its request is at a stage in the house.
func (w *world) killedAt(t *testing.T, dir, token, stage string) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childDir+"="+dir, childServer+"="+w.url, childRoots+"="+string(w.root), childToken+"="+token, childNow+"="+w.Now().Format(time.RFC3339))
	arrived, dead := make(chan struct{}), make(chan struct{})
	w.with(func(_, at string) {
		if at != stage {
			return
		}
		close(arrived)
		<-dead
		if stage == "before" {
			panic(http.ErrAbortHandler) // the house never heard of it
		}
	}, nil)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-arrived:
	case <-t.Context().Done():
	}
	if err := child.Process.Kill(); err != nil {
		t.Error(err)
	}
	err := child.Wait()
	close(dead)
	w.with(nil, nil)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child ended with %v", err)
	}
}

func TestKilledBeforeTheTokenIsRedeemedEnrolsWithTheSameToken(t *testing.T) {
	w, dir := open(t), t.TempDir()
	token, _ := w.token(t)
	w.killedAt(t, dir, token, "before")
	key := read(t, dir, "pending.pem")
	if err := w.transport(t, dir).Enrol(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	if got := read(t, dir, "identity.pem"); keyOf(got) != keyOf(key) {
		t.Error("the certificate is not for the key that was on the disk")
	}
}

func TestKilledAfterTheTokenWasRedeemedEnrolsWithTheSameToken(t *testing.T) {
	w, dir := open(t), t.TempDir()
	token, _ := w.token(t)
	w.killedAt(t, dir, token, "after")
	key := read(t, dir, "pending.pem")
	if err := w.transport(t, t.TempDir()).Enrol(t.Context(), token); !errors.Is(err, enrol.ErrToken) {
		t.Errorf("the redeemed token for another key: %v", err)
	}
	tr := w.transport(t, dir)
	if err := tr.Enrol(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	if got := read(t, dir, "identity.pem"); keyOf(got) != keyOf(key) {
		t.Error("the certificate is not for the key that was on the disk")
	}
	if status := w.call(t, tr); status != http.StatusNotFound {
		t.Errorf("a call: %d", status)
	}
}

func TestKilledWhileRenewingGetsTheCertificateOfTheKeyThatWasOnTheDisk(t *testing.T) {
	for _, stage := range []string{"before", "after"} {
		t.Run(stage+" the house worked", func(t *testing.T) {
			w, dir := open(t), t.TempDir()
			first := w.enrolled(t, dir).Certificate()
			w.killedAt(t, dir, "", stage)
			key := read(t, dir, "pending.pem")
			tr := w.transport(t, dir)
			if !tr.Certificate().Equal(first) {
				t.Error("the identity was lost")
			}
			if err := tr.Renew(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := read(t, dir, "identity.pem"); keyOf(got) != keyOf(key) || tr.Certificate().Equal(first) {
				t.Error("the certificate is not for the key that was on the disk")
			}
			if status := w.call(t, tr); status != http.StatusNotFound || w.last() != tr.Certificate().SerialNumber.String() {
				t.Errorf("a call: %d under %s", status, w.last())
			}
			if _, err := os.Stat(filepath.Join(dir, "pending.pem")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a key still waits: %v", err)
			}
		})
	}
}

func TestKilledBetweenStoringAndClearingUpRenewsForANewKey(t *testing.T) {
	w, dir := open(t), t.TempDir()
	first := w.enrolled(t, dir).Certificate()
	identity := read(t, dir, "identity.pem")
	left := identity[:strings.Index(identity, "-----BEGIN CERTIFICATE")] // the waiting key, as it was for a renewal
	write(t, dir, "pending.pem", left)
	tr := w.transport(t, dir)
	if err := tr.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if tr.Certificate().Equal(first) || keyOf(read(t, dir, "identity.pem")) == keyOf(identity) {
		t.Error("the key was certified again")
	}
}

func TestWaitingKeyThatIsWornOutIsReplaced(t *testing.T) {
	for what, wear := range map[string]func(t *testing.T, w *world, dir string){
		"its certificate was revoked": func(t *testing.T, w *world, dir string) {
			scrap := filepath.Join(t.TempDir(), "copy")
			if err := os.CopyFS(scrap, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			tr := w.transport(t, scrap)
			if err := tr.Renew(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.revoke(t, tr.Certificate())
		},
		"the file is damaged": func(t *testing.T, _ *world, dir string) { write(t, dir, "pending.pem", "nonsense") },
	} {
		t.Run(what, func(t *testing.T) {
			w, dir := open(t), t.TempDir()
			first := w.enrolled(t, dir).Certificate()
			w.killedAt(t, dir, "", "before")
			wear(t, w, dir)
			tr := w.transport(t, dir)
			if err := tr.Renew(t.Context()); err != nil || tr.Certificate().Equal(first) {
				t.Fatal(err)
			}
			if status := w.call(t, tr); status != http.StatusNotFound {
				t.Errorf("a call: %d", status)
			}
		})
	}
}

func TestDamagedIdentityIsNamedAndNotOverwritten(t *testing.T) {
	w, dir := open(t), t.TempDir()
	w.enrolled(t, dir)
	text := read(t, dir, "identity.pem")
	write(t, dir, "identity.pem", text[:len(text)-40])
	if _, err := enrol.New(w.config(dir)); !errors.Is(err, enrol.ErrIdentity) {
		t.Errorf("a cut file: %v", err)
	}
	if got := read(t, dir, "identity.pem"); got != text[:len(text)-40] {
		t.Error("the file was changed")
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// keyOf is the private key at the head of a file.
func keyOf(text string) string {
	block, _ := pem.Decode([]byte(text))
	return string(block.Bytes)
}
