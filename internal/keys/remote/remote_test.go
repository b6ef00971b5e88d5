package remote_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"yinzheng/internal/keys"
	"yinzheng/internal/keys/keystest"
	"yinzheng/internal/keys/remote"
)

var (
	secret     = []byte("a passphrase of the tests")
	everything = remote.Allow{Activate: true, Destroy: true, RaiseQuota: true}
)

func folder(t testing.TB) *keys.Folder {
	t.Helper()
	return folderAt(t, t.TempDir())
}

func folderAt(t testing.TB, dir string) *keys.Folder {
	t.Helper()
	f, err := keys.OpenFolder(keys.FolderConfig{Dir: dir, Sealing: keys.Passphrase(secret), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// serve runs a server until the test or stop ends it, and returns a client.
func serve(t testing.TB, c remote.ServerConfig) (client *remote.Client, stop func()) {
	t.Helper()
	if c.Socket == "" {
		c.Socket = filepath.Join(t.TempDir(), "s", "keys")
	}
	server, err := remote.Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	client, err = remote.Dial(remote.ClientConfig{Socket: c.Socket})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client, stop
}

func TestClientKeepsTheContract(t *testing.T) {
	keystest.Run(t, func(t *testing.T) (keystest.Holder, string) {
		dir := t.TempDir()
		client, _ := serve(t, remote.ServerConfig{Holder: folderAt(t, dir), User: -1, Allow: everything})
		return client, dir
	})
}
