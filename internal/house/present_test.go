package house_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"yinzheng/internal/house"
)

func eventually(ok func() bool) bool {
	for range 100 {
		if ok() {
			return true
		}
		time.Sleep(50 * time.Millisecond)
	}
	return false
}

func (w *world) present(t *testing.T, l licence, fields ...string) string {
	t.Helper()
	status, answer := w.do(t, http.MethodPost, "/v1/presentations", map[string]any{"licence": l.ID, "fields": fields})
	if status != http.StatusCreated {
		t.Fatalf("presenting: %d %s", status, answer)
	}
	var p struct{ Token string }
	if err := json.Unmarshal(answer, &p); err != nil || p.Token == "" {
		t.Fatalf("no token in %s", answer)
	}
	return p.Token
}

func TestACodeShowsOnceAndOnlyWhatWasChosen(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	l := w.issue(t, "k1")
	chosen := w.kind.Presentable()[0]
	token := w.present(t, l, chosen)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, w.url+"/v/"+token, nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(r); err != nil || resp.StatusCode != http.StatusOK { // looking ahead uses nothing
		t.Fatalf("HEAD: %v", err)
	}
	status, page := w.do(t, http.MethodGet, "/v/"+token, nil)
	if status != http.StatusOK || !bytes.Contains(page, []byte("食品经营许可证")) || !bytes.Contains(page, []byte("有效")) {
		t.Fatalf("the page: %d %s", status, page)
	}
	s := w.kind.Examples[0]
	if bytes.Contains(page, []byte(s.Holder.Code)) || bytes.Contains(page, []byte(s.Number)) {
		t.Error("the page shows what was not chosen")
	}
	if status, _ := w.do(t, http.MethodGet, "/v/"+token, nil); status != http.StatusGone {
		t.Errorf("the page again: %d, want 410", status)
	}
	status, answer := w.do(t, http.MethodGet, "/v1/presentations/"+token, nil)
	expect(t, "the API after the page", status, answer, http.StatusGone, "TOKEN_USED")
	status, answer = w.do(t, http.MethodGet, "/v1/presentations/"+strings.Repeat("A", 43), nil)
	expect(t, "a stolen guess", status, answer, http.StatusNotFound, "TOKEN_UNKNOWN")
}

func TestACodeIsOverAfterAMinute(t *testing.T) {
	var ahead atomic.Int64
	w := openWorld(t, t.TempDir(), func(c *house.Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	token := w.present(t, w.issue(t, "k1"))
	ahead.Store(int64(61 * time.Second))
	status, answer := w.do(t, http.MethodGet, "/v1/presentations/"+token, nil)
	expect(t, "after 61 seconds", status, answer, http.StatusGone, "TOKEN_EXPIRED")
}

func TestThePrintedCodeShowsStateAndNoSecrets(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	l := w.issue(t, "k1")
	path := l.CheckURL[strings.Index(l.CheckURL, "/c/"):]
	status, page := w.do(t, http.MethodGet, path, nil)
	if status != http.StatusOK || !bytes.Contains(page, []byte("食品经营许可证")) {
		t.Fatalf("%d %s", status, page)
	}
	s := w.kind.Examples[0]
	for _, secret := range []string{s.Holder.Code, s.Number, l.Identifier} {
		if bytes.Contains(page, []byte(secret)) {
			t.Errorf("the page shows %s", secret)
		}
	}
	if status, _ := w.do(t, http.MethodGet, "/c/aaaaaaaaaaaaaaaaaaaaaaaaaa", nil); status != http.StatusNotFound {
		t.Errorf("a code of none: %d, want 404", status)
	}
}
