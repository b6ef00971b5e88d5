package house_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"yinzheng/ca/catest"
	"yinzheng/internal/auth"
	"yinzheng/internal/clock"
	"yinzheng/internal/house"
	"yinzheng/licences"
)

const (
	office     = "广西示例行政审批局"
	officeCode = "11450000MB0000000G"
	passphrase = "a passphrase for tests that is long enough to be one"
)

func config(dir string) house.Config {
	return house.Config{
		Data: dir, Region: "450000", RegionName: "广西壮族自治区", Keys: house.KeysConfig{Passphrase: []byte(passphrase)},
		Ceremony: dir + "-root", Clock: clock.Unchecked(), URL: "http://127.0.0.1:8080", Version: "test",
		Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}
}

// world is a running house with an office, its seal, a caller's key and a server on loopback.
type world struct {
	*house.House
	url, key string
	kind     *licences.Kind
}

func openWorld(t testing.TB, dir string, adjust func(*house.Config)) *world {
	t.Helper()
	c := config(dir)
	if adjust != nil {
		adjust(&c)
	}
	establish(t, c)
	h, err := house.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- h.Run(ctx) }()
	handler, err := h.Handler()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.Close()
		stop()
		if err := <-ran; err != nil {
			t.Errorf("the workers ended with %v", err)
		}
		if err := h.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	w := &world{House: h, url: server.URL}
	if _, err := h.MakeSeal(t.Context(), officeCode, office); err != nil {
		t.Fatal(err)
	}
	if w.key, _, err = h.AddKey(t.Context(), auth.Caller{}, auth.Caller{ID: "test", Office: officeCode, Actions: auth.Actions()}); err != nil {
		t.Fatal(err)
	}
	w.kind = foodKind(h)
	return w
}

// template is a region made once: making one takes seconds of key derivation by design.
var template = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "yinzheng-house-test-")
	if err != nil {
		return "", err
	}
	return dir, house.Establish(context.Background(), config(filepath.Join(dir, "data")))
})

// establish gives a data folder a copy of the template's region, unless it has one.
func establish(t testing.TB, c house.Config) {
	t.Helper()
	dir, err := template()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(c.Data, "region")); err == nil {
		return
	}
	if err := catest.CopyTree(c.Data, filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
}

// foodKind is the kind that the tests issue.
func foodKind(h *house.House) *licences.Kind {
	for _, k := range h.Kinds.All() {
		if k.Name == "食品经营许可证" {
			return k
		}
	}
	return nil
}

// request is the kind's own example as the API takes it.
func (w *world) request() map[string]any {
	s := w.kind.Examples[0]
	return map[string]any{
		"kind": w.kind.Code, "number": s.Number, "fields": s.Fields,
		"holder": map[string]any{"name": s.Holder.Name, "code": s.Holder.Code, "code_type": s.Holder.CodeType},
	}
}

type problem struct {
	Status   int
	Code     string
	Detail   string
	DetailEN string `json:"detail_en"`
	Errors   []struct{ Code, Pointer string }
}

// do asks the API and returns status and body.
func (w *world) do(t testing.TB, method, path string, body any, headers ...string) (int, []byte) {
	t.Helper()
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		content = bytes.NewReader([]byte(b))
	default:
		encoded, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		content = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, w.url+path, content)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.key)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}

// issue issues the example and waits until it is archived.
func (w *world) issue(t testing.TB, key string) licence {
	t.Helper()
	status, answer := w.do(t, http.MethodPost, "/v1/licences", w.request(), "Idempotency-Key", key, "Prefer", "wait=20")
	if status != http.StatusCreated {
		t.Fatalf("issuing: %d %s", status, answer)
	}
	var l licence
	if err := json.Unmarshal(answer, &l); err != nil {
		t.Fatal(err)
	}
	return l
}

type licence struct {
	ID, Identifier, Document, State, Package string
	CheckURL                                 string `json:"check_url"`
}

// upload posts files as a form.
func upload(t testing.TB, url string, files map[string][]byte) (int, []byte) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for name, content := range files {
		part, err := form.CreateFormFile(name, name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, &b)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}
