package enrol_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"yinzheng/ca/catest"
	"yinzheng/ca/enrol"
	"yinzheng/ca/operate"
	"yinzheng/internal/auth"
	"yinzheng/internal/clock"
	"yinzheng/internal/house"
)

const system = "approval-system-1"

func TestMain(m *testing.M) {
	if os.Getenv(childDir) != "" {
		exchangeAndDie()
	}
	code := m.Run()
	if err := os.RemoveAll(template.dir); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// hands is a clock that is moved by hand.
type hands struct {
	mu  sync.Mutex
	now time.Time
}

func (h *hands) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hands) move(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// set moves the clock to a moment that is not before the present one.
func (h *hands) set(at time.Time) { h.move(at.Sub(h.Now())) }

func houseAt(dir string, now func() time.Time) house.Config {
	return house.Config{
		Data: dir, Region: catest.Code, RegionName: catest.Name, Keys: house.KeysConfig{Passphrase: []byte(catest.Passphrase)},
		Ceremony: dir + "-root", Clock: clock.Unchecked(), URL: "http://127.0.0.1:8080", Version: "test", Now: now, Log: slog.New(slog.DiscardHandler),
	}
}

// template is a region made once, when the first test wants it: encrypting its keys takes a while by design.
var template struct {
	once sync.Once
	dir  string
	err  error
}

func makeTemplate() {
	if template.dir, template.err = os.MkdirTemp("", "yinzheng-enrol-test-"); template.err == nil {
		template.err = house.Establish(context.Background(), houseAt(filepath.Join(template.dir, "data"), catest.Start))
	}
}

// world is a house that serves by TLS on loopback, with a clock of its own.
type world struct {
	*house.House
	*hands
	url   string
	root  []byte // PEM
	mu    sync.Mutex
	seen  []string                  // serial number of the client certificate of each request, "" for none
	gate  func(path, stage string)  // "before" and "after" the house has worked on a request, before it answers
	shape func(r *http.Request) int // a status to answer instead of the house; 0 for the house
}

var operator = auth.Caller{ID: "operator-1", Actions: []auth.Action{auth.OperateCA}}

func open(t *testing.T) *world {
	t.Helper()
	if template.once.Do(makeTemplate); template.err != nil {
		t.Fatal(template.err)
	}
	dir := filepath.Join(t.TempDir(), "data")
	err := catest.CopyTree(dir, filepath.Join(template.dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{hands: &hands{now: catest.Start()}}
	if w.House, err = house.Open(t.Context(), houseAt(dir, w.Now)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	w.root = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.Region.TLSRoot().Certificate})
	w.serve(t)
	return w
}

// serve serves by TLS as yinzheng serve does.
func (w *world) serve(t *testing.T) {
	t.Helper()
	identity, err := w.Server(t.Context(), []string{"localhost", "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	settings, err := identity.Config()
	if err != nil {
		t.Fatal(err)
	}
	settings.Time = w.Now
	handler, err := w.Handler()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: w.watched(handler), TLSConfig: settings, ReadHeaderTimeout: time.Minute, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	go func() { _ = server.ServeTLS(listener, "", "") }() // ends with Close
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	w.url = "https://" + listener.Addr().String()
}

// watched notes who comes, and lets a test cut in before an answer leaves.
func (w *world) watched(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		serial := ""
		if len(r.TLS.PeerCertificates) > 0 {
			serial = r.TLS.PeerCertificates[0].SerialNumber.String()
		}
		w.mu.Lock()
		w.seen = append(w.seen, serial)
		gate, shape := w.gate, w.shape
		w.mu.Unlock()
		if shape != nil {
			if status := shape(r); status != 0 {
				http.Error(rw, "not the house", status)
				return
			}
		}
		if gate != nil {
			gate(r.URL.Path, "before")
		}
		answer := httptest.NewRecorder()
		inner.ServeHTTP(answer, r)
		if gate != nil {
			gate(r.URL.Path, "after")
		}
		for name, values := range answer.Header() {
			rw.Header()[name] = values
		}
		rw.WriteHeader(answer.Code)
		_, _ = io.Copy(rw, answer.Body)
	})
}

// with sets what a test cuts in with.
func (w *world) with(gate func(path, stage string), shape func(r *http.Request) int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gate, w.shape = gate, shape
}

// last is the serial number of the client certificate of the last request.
func (w *world) last() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.seen) == 0 {
		return "none"
	}
	return w.seen[len(w.seen)-1]
}

func (w *world) token(t *testing.T) (string, time.Time) {
	t.Helper()
	token, expires, err := w.Operate.NewToken(t.Context(), operator, auth.Caller{ID: system, Actions: []auth.Action{auth.ReadLicence}})
	if err != nil {
		t.Fatal(err)
	}
	return token, expires
}

func (w *world) config(dir string) enrol.Config {
	return enrol.Config{Server: w.url, Roots: w.root, Dir: dir, Now: w.Now}
}

func (w *world) transport(t *testing.T, dir string) *enrol.Transport {
	t.Helper()
	tr, err := enrol.New(w.config(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// enrolled is a system with its first certificate.
func (w *world) enrolled(t *testing.T, dir string) *enrol.Transport {
	t.Helper()
	tr := w.transport(t, dir)
	token, _ := w.token(t)
	if err := tr.Enrol(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	return tr
}

// call asks for a licence that is not there: 404 for whoever may ask, 401 for whom the house does not know.
func (w *world) call(t *testing.T, tr *enrol.Transport) int {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/v1/licences/none", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := (&http.Client{Transport: tr}).Do(q)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	if err := answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode
}

// revoke has the present certificate of a system revoked.
func (w *world) revoke(t *testing.T, c *x509.Certificate) {
	t.Helper()
	err := w.Operate.Revoke(t.Context(), operator, operate.Revoke{Authority: fmt.Sprintf("%x", c.AuthorityKeyId), Serial: c.SerialNumber.String(), Reason: 1})
	if err != nil {
		t.Fatal(err)
	}
}
