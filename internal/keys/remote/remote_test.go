package remote_test

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
	"yinzheng/internal/keys/keystest"
	"yinzheng/internal/keys/remote"
)

var everything = remote.Allow{Activate: true, Destroy: true, RaiseQuota: true}

func folderAt(t testing.TB, dir string, s keys.Sealing) *keys.Folder {
	t.Helper()
	f, err := keys.OpenFolder(keys.FolderConfig{Dir: dir, Sealing: s, Now: time.Now})
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

func folder(t testing.TB) *keys.Folder {
	t.Helper()
	return folderAt(t, t.TempDir(), keystest.Plain("plain"))
}

func socket(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "s", "keys")
}

// serve runs a server until the test or stop ends it.
func serve(t testing.TB, c remote.ServerConfig, prepare ...func(*remote.Server)) (stop func()) {
	t.Helper()
	server, err := remote.Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range prepare {
		p(server)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func dial(t testing.TB, path string) *remote.Client {
	t.Helper()
	client, err := remote.Dial(remote.ClientConfig{Socket: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// both serves a folder and dials.
func both(t testing.TB, h keys.Holder, allow remote.Allow) *remote.Client {
	t.Helper()
	path := socket(t)
	serve(t, remote.ServerConfig{Socket: path, Holder: h, User: -1, Allow: allow})
	return dial(t, path)
}

func TestClientKeepsTheContract(t *testing.T) {
	keystest.Run(t, func(t *testing.T) (keystest.Holder, string) {
		dir := t.TempDir()
		return both(t, folderAt(t, dir, keystest.Plain("plain")), everything), dir
	})
}

func spec(id string) keys.Spec {
	return keys.Spec{ID: id, Algorithm: keys.Ed25519, Use: "log", Quota: 100}
}

func create(t testing.TB, h keys.Holder, s keys.Spec) {
	t.Helper()
	if _, err := h.Create(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

func signOnce(ctx context.Context, h keys.Holder, id string) error {
	s, err := h.Signer(ctx, id)
	if err != nil {
		return err
	}
	_, err = s.Sign(nil, []byte("message"), crypto.Hash(0))
	return err
}

func ptr[T any](v T) *T { return &v }

func TestClientMayNotUndoOrWidenUnlessAllowed(t *testing.T) {
	f := folder(t)
	c := both(t, f, remote.Allow{})
	create(t, c, spec("a"))
	for name, change := range map[string]keys.Change{
		"destroying": {State: ptr(keys.Destroyed)}, "raising the quota": {Quota: ptr(int64(101))}, "no quota": {Quota: ptr(int64(0))},
		"retiring and raising": {State: ptr(keys.Retired), Quota: ptr(int64(200))},
	} {
		if _, err := c.Change(t.Context(), "a", change); !errors.Is(err, remote.ErrForbidden) {
			t.Errorf("%s: %v, want ErrForbidden", name, err)
		}
	}
	if k, err := c.Change(t.Context(), "a", keys.Change{State: ptr(keys.Active)}); err != nil || k.State != keys.Active || k.Quota != 100 {
		t.Errorf("what is so already: %+v, %v", k, err)
	}
	if k, err := c.Change(t.Context(), "a", keys.Change{State: ptr(keys.Retired), Quota: ptr(int64(99))}); err != nil || k.State != keys.Retired || k.Quota != 99 {
		t.Errorf("retiring, lowering the quota: %+v, %v", k, err)
	}
	if _, err := c.Change(t.Context(), "a", keys.Change{State: ptr(keys.Active)}); !errors.Is(err, remote.ErrForbidden) {
		t.Errorf("activating: %v, want ErrForbidden", err)
	}
	if _, err := c.Change(t.Context(), "b", keys.Change{State: ptr(keys.Active)}); !errors.Is(err, keys.ErrNoKey) {
		t.Errorf("no key: %v", err)
	}
	if k, err := f.Info(t.Context(), "a"); err != nil || k.State != keys.Retired {
		t.Errorf("%+v, %v", k, err)
	}
}

func TestClientMakesAndEnvelopsNothingWhereThatIsForbidden(t *testing.T) {
	f := folder(t)
	create(t, f, keys.Spec{ID: "e", Algorithm: keys.SM2, Use: keys.UseEncryption})
	c := both(t, f, remote.Allow{NoCreate: true, NoEnvelop: true})
	if _, err := c.Create(t.Context(), spec("a")); !errors.Is(err, remote.ErrForbidden) {
		t.Errorf("making: %v", err)
	}
	k, err := c.Info(t.Context(), "e")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Envelop(t.Context(), "e", k.Public); !errors.Is(err, remote.ErrForbidden) {
		t.Errorf("enveloping: %v", err)
	}
}

// plainHolder is a holder with nothing that a holder need not have.
type plainHolder struct{ keys.Holder }

func TestHolderThatFindsAndEnvelopsNothingIsServed(t *testing.T) {
	f := folder(t)
	c := both(t, plainHolder{f}, everything)
	create(t, c, spec("a"))
	if k, err := c.Info(t.Context(), "a"); err != nil || k.ID != "a" {
		t.Errorf("%+v, %v", k, err)
	}
	if _, err := c.Info(t.Context(), "b"); !errors.Is(err, keys.ErrNoKey) {
		t.Errorf("no key: %v", err)
	}
	if _, err := c.Envelop(t.Context(), "a", nil); !errors.Is(err, remote.ErrForbidden) {
		t.Errorf("enveloping: %v", err)
	}
}

func TestLongInventoriesComeInPages(t *testing.T) {
	f := folder(t)
	var made sync.WaitGroup
	for n := range 2*remote.PageSize + 1 {
		made.Go(func() {
			if _, err := f.Create(t.Context(), spec(fmt.Sprintf("key-%d", n))); err != nil {
				t.Error(err)
			}
		})
	}
	made.Wait()
	want, err := f.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := both(t, f, remote.Allow{}).List(t.Context())
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d keys of %d, %v", len(got), len(want), err)
	}
	for i := range want {
		if got[i].ID != want[i].ID {
			t.Errorf("%s where %s is", got[i].ID, want[i].ID)
		}
	}
}

func TestErrorsOfTheHolderCrossTheSocketAsTheyAre(t *testing.T) {
	all := remote.ErrorsThatCross()
	for _, want := range []error{
		keys.ErrNoKey, keys.ErrExists, keys.ErrSpec, keys.ErrState, keys.ErrQuota, keys.ErrOptions, gm.ErrOptions, keys.ErrKeyFile,
		keys.ErrFull, keys.ErrClosed, remote.ErrForbidden,
	} {
		got, err := remote.Crossed(fmt.Errorf("doing something: %w", want))
		if err != nil || !errors.Is(got, want) {
			t.Errorf("%v came as %v, %v", want, got, err)
		}
		for _, other := range all {
			if !errors.Is(want, other) && errors.Is(got, other) {
				t.Errorf("%v came as %v too", want, other)
			}
		}
	}
	if got, err := remote.Crossed(errors.New("anything else")); err != nil || !errors.Is(got, remote.ErrServer) {
		t.Errorf("%v, %v", got, err)
	}
}

// TestSigningOutlivesRestartsOfTheServer restarts server and folder while clients sign, and counts.
func TestSigningOutlivesRestartsOfTheServer(t *testing.T) {
	dir, path := t.TempDir(), socket(t)
	start := func() func() {
		f, err := keys.OpenFolder(keys.FolderConfig{Dir: dir, Sealing: keystest.Plain("plain"), Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		stop := serve(t, remote.ServerConfig{Socket: path, Holder: f, User: -1})
		return func() {
			stop()
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	stop := start()
	c := dial(t, path)
	create(t, c, keys.Spec{ID: "a", Algorithm: keys.Ed25519, Use: "log"})
	key, err := c.Signer(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var signed atomic.Int64
	done := make(chan struct{})
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if _, err := key.Sign(nil, []byte("message"), crypto.Hash(0)); err != nil {
					t.Error(err)
					return
				}
				signed.Add(1)
			}
		})
	}
	for range 3 {
		for before := signed.Load(); signed.Load() < before+20 && !t.Failed(); {
			time.Sleep(time.Millisecond)
		}
		stop()
		stop = start()
	}
	close(done)
	all.Wait()
	k, err := c.Info(t.Context(), "a")
	if err != nil || k.Used < signed.Load() {
		t.Errorf("counted %d, signed %d, %v", k.Used, signed.Load(), err)
	}
	stop()
}

func TestServerThatIsNotThereIsUnreachable(t *testing.T) {
	path := socket(t)
	impatient := remote.ClientConfig{Socket: path, Patience: 50 * time.Millisecond}
	if _, err := remote.Dial(impatient); !errors.Is(err, remote.ErrUnreachable) {
		t.Errorf("dialling: %v", err)
	}
	stop := serve(t, remote.ServerConfig{Socket: path, Holder: folder(t), User: -1})
	c, err := remote.Dial(impatient)
	if err != nil {
		t.Fatal(err)
	}
	create(t, c, spec("a"))
	key, err := c.Signer(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	stop()
	if _, err := key.Sign(nil, []byte("message"), crypto.Hash(0)); !errors.Is(err, remote.ErrUnreachable) {
		t.Errorf("signing: %v", err)
	}
	if _, err := c.Create(t.Context(), spec("b")); !errors.Is(err, remote.ErrUnreachable) {
		t.Errorf("making: %v", err)
	}
	if err := errors.Join(c.Close(), c.Close()); err != nil {
		t.Error(err)
	}
	if _, err := c.List(t.Context()); !errors.Is(err, keys.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}
