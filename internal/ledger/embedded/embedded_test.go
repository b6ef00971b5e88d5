package embedded_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"yinzheng/internal/ledger/embedded"
)

const origin = "yinzheng.test/450000"

func key(t testing.TB) string {
	t.Helper()
	signer, verifier, err := note.GenerateKey(nil, origin)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := embedded.VerifierKey(signer); err != nil || got != verifier {
		t.Fatalf("derived %q, %v; want %q", got, err, verifier)
	}
	return signer
}

func open(t testing.TB, dir, signer string, must bool) *embedded.Log {
	t.Helper()
	l, err := embedded.Open(t.Context(), embedded.Config{Dir: dir, Origin: origin, Signer: signer, MustExist: must})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestALostLogIsNoFreshLog(t *testing.T) {
	_, err := embedded.Open(t.Context(), embedded.Config{Dir: t.TempDir(), Origin: origin, Signer: key(t), MustExist: true})
	if !errors.Is(err, embedded.ErrLost) {
		t.Errorf("opened, %v; want ErrLost", err)
	}
}

func TestOneProcessWritesTheLog(t *testing.T) {
	dir, signer := t.TempDir(), key(t)
	l := open(t, dir, signer, false)
	if _, err := embedded.Open(t.Context(), embedded.Config{Dir: dir, Origin: origin, Signer: signer}); !errors.Is(err, embedded.ErrLocked) {
		t.Errorf("a second writer: %v, want ErrLocked", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir, signer, false).Close(); err != nil {
		t.Fatal(err)
	}
}

func TestADamagedLogIsFound(t *testing.T) {
	dir, signer := t.TempDir(), key(t)
	l := open(t, dir, signer, false)
	for n := range 3 {
		if _, err := l.Publish(t.Context(), fmt.Appendf(nil, "record %d", n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Check(t.Context(), func(int64, []byte) error { return nil }); err != nil {
		t.Fatalf("a sound log: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	damaged := 0
	err := filepath.WalkDir(filepath.Join(dir, "tile", "entries"), func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		b[len(b)-1] ^= 1
		damaged++
		return os.WriteFile(name, b, 0o600)
	})
	if err != nil || damaged == 0 {
		t.Fatalf("damaged %d files, %v", damaged, err)
	}
	l = open(t, dir, signer, true)
	defer func() { _ = l.Close() }()
	if err := l.Check(t.Context(), func(int64, []byte) error { return nil }); err == nil {
		t.Error("a changed record was not found")
	}
}

func TestHandlerServesTheLogAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, key(t), false)
	defer func() { _ = l.Close() }()
	if _, err := l.Publish(t.Context(), []byte("record")); err != nil {
		t.Fatal(err)
	}
	get := func(path string) int {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/log/checkpoint", nil)
		r.URL.Path = path
		l.Handler().ServeHTTP(w, r)
		return w.Code
	}
	for path, want := range map[string]int{
		"/log/checkpoint": 200, "/log/tile/0/000.p/1": 200, "/log/tile/entries/000.p/1": 200,
		"/log/.lock": 404, "/log/.state/treeState": 404, "/log/../secrets": 404, "/log/tile/0/000.p/../../../../x": 404, "/log/": 404,
	} {
		if got := get(path); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
}

const childDir, childKey = "YINZHENG_TEST_LOG", "YINZHENG_TEST_KEY"

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		write(dir, os.Getenv(childKey))
	}
	os.Exit(m.Run())
}

func write(dir, signer string) {
	ctx := context.Background()
	l, err := embedded.Open(ctx, embedded.Config{Dir: dir, Origin: origin, Signer: signer})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	for n := 0; ; n++ {
		p, err := l.Publish(ctx, fmt.Appendf(nil, "record %d %d", os.Getpid(), n))
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Printf("record %d %d=%d\n", os.Getpid(), n, p.Index)
	}
}

func TestWhatWasPublishedSurvivesKills(t *testing.T) {
	dir, signer := t.TempDir(), key(t)
	published := map[string]string{}
	for round := range 4 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), childDir+"="+dir, childKey+"="+signer)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; n < 2+round && lines.Scan(); n++ {
			record, index, found := strings.Cut(lines.Text(), "=")
			if !found {
				t.Fatalf("the writer says %q", lines.Text())
			}
			published[index] = record
		}
		time.Sleep(time.Duration(round*17) * time.Millisecond) // somewhere in the middle of the next one
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	l := open(t, dir, signer, true)
	defer func() { _ = l.Close() }()
	if _, err := l.Publish(t.Context(), []byte("one more")); err != nil {
		t.Fatalf("publishing after the kills: %v", err)
	}
	found := 0
	err := l.Check(t.Context(), func(index int64, record []byte) error {
		if want, was := published[fmt.Sprint(index)]; was {
			found++
			if string(record) != want {
				t.Errorf("record %d is %q, published was %q", index, record, want)
			}
		}
		return nil
	})
	if err != nil || found != len(published) || found == 0 {
		t.Errorf("found %d of %d published records, %v", found, len(published), err)
	}
}
