package embedded_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHandlerServesTheLogAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, key(t), false)
	defer func() { _ = l.Close() }()
	if _, err := l.Publish(t.Context(), []byte("record")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	serve := func(method, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), method, "/log/checkpoint", nil)
		r.URL.Path = path
		l.Handler().ServeHTTP(w, r)
		return w
	}
	for path, want := range map[string]int{
		"/log/checkpoint": 200, "/log/tile/0/000.p/1": 200, "/log/tile/entries/000.p/1": 200,
		"/log/tile/0/000": 404, "/log/tile/0/000.p": 404, "/log/tile/0/000.p/2": 404, "/log/tile/00/000.p/1": 404, "/log/tile/64/000": 404,
		"/log/secret": 404, "/log/.lock": 404, "/log/.state/treeState": 404, "/log/../secret": 404, "/log/tile/../secret": 404,
		"/log/tile/0/000.p/../../../../x": 404, "/log/checkpoint\n": 404, "/log/checkpoint/": 404, "/log/": 404, "/log": 404, "/": 404,
		"/log/tile/0" + strings.Repeat("/x001", 1000) + "/000": 404,
	} {
		if got := serve(http.MethodGet, path).Code; got != want {
			t.Errorf("%.60s: %d, want %d", path, got, want)
		}
	}
	if got := serve(http.MethodPost, "/log/checkpoint"); got.Code != http.StatusMethodNotAllowed || got.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d, %v", got.Code, got.Header())
	}
	if got := serve(http.MethodHead, "/log/checkpoint"); got.Code != 200 || got.Body.Len() != 0 {
		t.Errorf("HEAD: %d with %d bytes", got.Code, got.Body.Len())
	}
	checkpoint := serve(http.MethodGet, "/log/checkpoint")
	want, err := l.Checkpoint(t.Context())
	if err != nil || checkpoint.Body.String() != string(want) || !strings.HasPrefix(string(want), origin+"\n1\n") {
		t.Errorf("served %q, the checkpoint is %q, %v", checkpoint.Body, want, err)
	}
	for path, header := range map[string]map[string]string{
		"/log/checkpoint":     {"Cache-Control": "no-cache", "Content-Type": "text/plain; charset=utf-8", "Last-Modified": ""},
		"/log/tile/0/000.p/1": {"Cache-Control": "public, max-age=31536000, immutable", "Content-Type": "application/octet-stream"},
	} {
		got := serve(http.MethodGet, path).Header()
		for name, want := range header {
			if got.Get(name) != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got.Get(name), want)
			}
		}
	}
	if got := fmt.Sprint(serve(http.MethodGet, "/log/secret").Body); strings.Contains(got, dir) {
		t.Errorf("the answer names the folder: %q", got)
	}
}
