package house_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"yinzheng/internal/house"
	"yinzheng/internal/keys/remote"
)

// The test binary is the signer process when these are set.
const signerDir, signerSocket = "YINZHENG_TEST_SIGNER_DIR", "YINZHENG_TEST_SIGNER_SOCKET"

// signUntilStopped is what yinzheng signer does.
func signUntilStopped(dir, socket string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	holder, closeKeys, err := house.OpenKeys(dir, house.KeysConfig{Passphrase: []byte(passphrase)}, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	server, err := remote.Listen(remote.ServerConfig{Socket: socket, Holder: holder, User: -1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	fmt.Println("listening")
	if err := server.Run(ctx); err != nil {
		return err
	}
	return closeKeys()
}

// startSigner starts the signer process and returns what stops it.
func startSigner(t *testing.T, dir, socket string) (stop func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), signerDir+"="+dir, signerSocket+"="+socket)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 64)
	if n, err := out.Read(line); err != nil || !strings.HasPrefix(string(line[:n]), "listening") {
		t.Fatalf("the signer says %q, %v, %s", line[:n], err, &complaints)
	}
	return func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the signer ended with %v: %s", err, &complaints)
		}
	}
}

// TestServiceIssuesWithoutAnyPrivateKeyOfItsOwn has keys and passphrase in another process, in another folder.
func TestServiceIssuesWithoutAnyPrivateKeyOfItsOwn(t *testing.T) {
	if testing.Short() {
		t.Skip("a region's keys take seconds to make; the whole test run has it")
	}
	keysDir, web := filepath.Join(t.TempDir(), "signer"), filepath.Join(t.TempDir(), "web")
	if err := os.MkdirAll(keysDir, 0o700); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(keysDir, "s") // short: a Unix socket's path has 107 bytes
	outer := t
	stop := startSigner(outer, keysDir, socket)
	c := config(web)
	c.Keys = house.KeysConfig{Socket: socket}
	if err := house.Establish(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	t.Run("issues", func(t *testing.T) {
		w := openWorld(t, web, func(c *house.Config) { c.Keys = house.KeysConfig{Socket: socket} })
		if l := w.issue(t, "k1"); l.State != "archived" {
			t.Errorf("the licence is %s", l.State)
		}
		found, err := w.Inspect(t.Context())
		if err != nil || len(found.Faults) != 0 {
			t.Errorf("%v, %v", found.Faults, err)
		}
		all, err := w.Keys.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		used := int64(0)
		for _, k := range all {
			used += k.Used
		}
		if used < 10 {
			t.Errorf("%d signatures were counted", used)
		}
		// the signer goes away: what needs a key is refused, and comes back with it
		stop()
		if status, answer := w.do(t, http.MethodPost, "/v1/licences", w.request(), "Idempotency-Key", "k2"); status < http.StatusInternalServerError {
			t.Errorf("issuing without a signer: %d %s", status, answer)
		}
		stop = startSigner(outer, keysDir, socket)
		w.issue(t, "k2")
	})
	stop()
	report, err := house.VerifyKeyJournal(keysDir)
	if err != nil || report.Uses < 20 {
		t.Errorf("the signer's record has %d uses: %v", report.Uses, err)
	}
	// nothing in the service's folder is a private key
	err = filepath.WalkDir(web, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if filepath.Ext(path) == ".key" || bytes.Contains(b, []byte("PRIVATE KEY")) || bytes.Contains(b, []byte(passphrase)) {
			t.Errorf("%s holds a secret", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
