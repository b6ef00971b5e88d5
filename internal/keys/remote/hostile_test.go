package remote_test

import (
	"bytes"
	"context"
	"crypto"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
	"yinzheng/internal/keys/remote"
)

func connect(t *testing.T, path string) net.Conn {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil { // a test that hangs fails
		t.Fatal(err)
	}
	return conn
}

// dropped reports whether the server closes the connection without an answer.
func dropped(t *testing.T, conn net.Conn) bool {
	t.Helper()
	b, err := io.ReadAll(conn)
	return len(b) == 0 && !errors.Is(err, os.ErrDeadlineExceeded)
}

func TestClientThatSpeaksOtherwiseLosesItsConnectionAndNobodyElseDoes(t *testing.T) {
	path := socket(t)
	serve(t, remote.ServerConfig{Socket: path, Holder: folder(t), User: -1})
	good := dial(t, path)
	create(t, good, spec("a"))
	long := binary.BigEndian.AppendUint32(nil, remote.MaxFrame+1)
	for name, b := range map[string][]byte{
		"noise": bytes.Repeat([]byte{0xa5}, 1000), "HTTP": []byte("GET / HTTP/1.1\r\n\r\n"), "an empty frame": {0, 0, 0, 0}, "a long frame": long,
		"no JSON": remote.Frame(`"x"`), "an unknown operation": remote.Frame(`{"n":1,"op":"export","id":"a"}`),
		"an unknown member": remote.Frame(`{"n":1,"op":"list","more":1}`), "no number": remote.Frame(`{"op":"list"}`),
		"a path": remote.Frame(`{"n":1,"op":"info","id":"../a"}`),
	} {
		conn := connect(t, path)
		if _, err := conn.Write(b); err != nil {
			t.Fatal(err)
		}
		if !dropped(t, conn) {
			t.Errorf("%s: it was answered", name)
		}
	}
	if err := signOnce(t.Context(), good, "a"); err != nil {
		t.Error(err)
	}
}

func TestSlowClientIsNotWaitedForWithoutEnd(t *testing.T) {
	path := socket(t)
	serve(t, remote.ServerConfig{Socket: path, Holder: folder(t), User: -1}, func(s *remote.Server) { s.SetPatience(20 * time.Millisecond) })
	whole := remote.Frame(`{"n":1,"op":"list"}`)
	for n := 1; n < len(whole); n++ {
		conn := connect(t, path)
		if _, err := conn.Write(whole[:n]); err != nil {
			t.Fatal(err)
		}
		if !dropped(t, conn) {
			t.Errorf("the first %d bytes: it was answered", n)
		}
	}
}

// TestClientThatTakesNoAnswersLosesItsConnection asks and asks and never reads.
func TestClientThatTakesNoAnswersLosesItsConnection(t *testing.T) {
	path, f := socket(t), folder(t)
	for n := range 100 {
		create(t, f, spec("a-key-with-a-long-name-to-fill-the-buffers-"+string(rune('a'+n%26))+string(rune('a'+n/26))))
	}
	stop := serve(t, remote.ServerConfig{Socket: path, Holder: f, User: -1}, func(s *remote.Server) { s.SetPatience(50 * time.Millisecond) })
	conn := connect(t, path)
	ask := remote.Frame(`{"n":1,"op":"list"}`)
	for n := 0; ; n++ {
		if _, err := conn.Write(ask); err != nil {
			break // closed at the other end
		}
		if n > 1_000_000 {
			t.Fatal("a million requests were taken")
		}
	}
	if err := signOnce(t.Context(), dial(t, path), "a-key-with-a-long-name-to-fill-the-buffers-aa"); err != nil {
		t.Error(err)
	}
	stop()
}

func TestConnectionsAreBounded(t *testing.T) {
	path := socket(t)
	serve(t, remote.ServerConfig{Socket: path, Holder: folder(t), User: -1})
	open := make([]net.Conn, remote.MaxClients)
	ask := remote.Frame(`{"n":1,"op":"list"}`)
	answered := func(conn net.Conn) bool {
		if _, err := conn.Write(ask); err != nil {
			return false
		}
		_, err := io.ReadFull(conn, make([]byte, 4))
		return err == nil
	}
	for i := range open {
		if open[i] = connect(t, path); !answered(open[i]) {
			t.Fatalf("connection %d is refused", i)
		}
	}
	if answered(connect(t, path)) {
		t.Error("one more is taken")
	}
	if err := open[0].Close(); err != nil {
		t.Fatal(err)
	}
	c := dial(t, path) // tries again until there is room
	if _, err := c.List(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOnlyTheNamedUserAndTheServersOwnAreServed(t *testing.T) {
	own := os.Getuid()
	for name, c := range map[string]struct {
		self, user int
		served     bool
	}{
		"the server's own": {own, -1, true}, "the named one": {own + 1, own, true}, "another": {own + 1, own + 2, false}, "another, none named": {own + 1, -1, false},
	} {
		path := socket(t)
		// as if the server ran as self; the socket is made for the user who runs the test
		serve(t, remote.ServerConfig{Socket: path, Holder: folder(t), User: -1}, func(s *remote.Server) { s.SetSelf(c.self); s.SetUser(c.user) })
		conn := connect(t, path)
		_, err := conn.Write(remote.Frame(`{"n":1,"op":"list"}`))
		if err == nil {
			_, err = io.ReadFull(conn, make([]byte, 4))
		}
		if served := err == nil; served != c.served {
			t.Errorf("%s: served %t, %v", name, served, err)
		}
	}
}

func TestSocketIsForItsUserOnly(t *testing.T) {
	path := socket(t)
	stop := serve(t, remote.ServerConfig{Socket: path, Holder: folder(t), User: os.Getuid()})
	for name, want := range map[string]os.FileMode{path: os.ModeSocket | 0o600, filepath.Dir(path): os.ModeDir | 0o700} {
		if info, err := os.Stat(name); err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v, %v; want %v", filepath.Base(name), info.Mode(), err, want)
		}
	}
	if _, err := remote.Listen(remote.ServerConfig{Socket: path, Holder: folder(t), User: -1}); !errors.Is(err, remote.ErrRunning) {
		t.Errorf("a second server: %v", err)
	}
	stop()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket stays: %v", err)
	}
}

func TestUnsafePlaceIsRefusedAndADeadSocketReplaced(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "keys")
	for _, mode := range []os.FileMode{0o770, 0o707, 0o777} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := remote.Listen(remote.ServerConfig{Socket: path, Holder: folder(t), User: -1}); !errors.Is(err, remote.ErrFolder) {
			t.Errorf("in a folder of mode %v: %v", mode, err)
		}
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := remote.Listen(remote.ServerConfig{Socket: path, Holder: folder(t), User: -1}); !errors.Is(err, remote.ErrFolder) {
		t.Errorf("over a file: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	serve(t, remote.ServerConfig{Socket: path, Holder: folder(t), User: -1})
	if _, err := dial(t, path).List(t.Context()); err != nil {
		t.Error(err)
	}
}

// falseServer answers every connection as it likes.
func falseServer(t *testing.T, answer func(net.Conn)) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "keys")
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { answer(conn); _ = conn.Close() })
		}
	})
	return path
}

func TestServerThatSpeaksOtherwiseIsAnErrorAndNothingElse(t *testing.T) {
	take := func(conn net.Conn) error {
		head := make([]byte, 4)
		if _, err := io.ReadFull(conn, head); err != nil {
			return err
		}
		_, err := io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(head)))
		return err
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "noise": bytes.Repeat([]byte{0xff}, 100), "another member": remote.Frame(`{"n":1,"key":"x"}`),
		"no key": remote.Frame(`{"n":1}`), "another key": remote.Frame(`{"n":1,"keys":[{"id":"b","algorithm":"Ed25519","use":"x","state":"active","public":"","created":"2026-11-22T08:30:00Z","changed":"2026-11-22T08:30:00Z","protected":"x"}]}`),
		"an endless list": remote.Frame(`{"n":1,"more":true,"keys":[{"id":"","algorithm":"","use":"","state":"","public":"","created":"2026-11-22T08:30:00Z","changed":"2026-11-22T08:30:00Z","protected":""}]}`),
	} {
		path := falseServer(t, func(conn net.Conn) {
			if take(conn) == nil {
				_, _ = conn.Write(b)
			}
		})
		c, err := remote.Dial(remote.ClientConfig{Socket: path, Patience: 50 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		_, signerErr := c.Signer(t.Context(), "a")
		_, createErr := c.Create(t.Context(), spec("a"))
		for what, err := range map[string]error{"signer": signerErr, "create": createErr} {
			if !errors.Is(err, remote.ErrUnreachable) && !errors.Is(err, remote.ErrFrame) && name != "another key" {
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
		if signerErr == nil {
			t.Errorf("%s: it was taken for a key", name)
		}
		if _, err := c.List(t.Context()); name == "an endless list" && !errors.Is(err, remote.ErrFrame) {
			t.Errorf("%s: %v", name, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestForgedSignatureIsNotPassedOn is a false server that knows the public key.
func TestForgedSignatureIsNotPassedOn(t *testing.T) {
	f := folder(t)
	create(t, f, keys.Spec{ID: "a", Algorithm: keys.SM2, Use: "office-seal"})
	path := socket(t)
	serve(t, remote.ServerConfig{Socket: path, Holder: forging{f}, User: -1})
	key, err := dial(t, path).Signer(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := key.Sign(nil, make([]byte, 32), gm.HashedWithZ{}); !errors.Is(err, gm.ErrSignature) {
		t.Errorf("got %v", err)
	}
}

type forging struct{ *keys.Folder }

func (f forging) Signer(ctx context.Context, id string) (crypto.Signer, error) {
	s, err := f.Folder.Signer(ctx, id)
	return forger{s}, err
}

type forger struct{ crypto.Signer }

func (f forger) Sign(r io.Reader, _ []byte, opts crypto.SignerOpts) ([]byte, error) {
	return f.Signer.Sign(r, bytes.Repeat([]byte{1}, 32), opts) // of something else
}

func TestCallEndsWithItsContext(t *testing.T) {
	path := falseServer(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	c := dial(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := c.List(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}
