package web_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/web"
	"yinzheng/licences"
	"yinzheng/verify"
)

func TestALanguageOnceChosenIsKept(t *testing.T) {
	h := pages(t, &shelf{status: licences.InForce})
	for path, links := range map[string][]string{
		"/":        {`class="brand" href="/?lang=en"`, `action="/verify?lang=en"`, `href="/wallet?lang=en"`, `href="/?lang=zh"`},
		"/c/good":  {`class="brand" href="/?lang=en"`, `href="/c/good?lang=zh"`},
		"/nowhere": {`href="/?lang=en"`},
	} {
		page := get(t, h, http.MethodGet, path+"?lang=en", "Accept-Language", "zh-CN").Body.String()
		for _, link := range links {
			if !strings.Contains(page, link) {
				t.Errorf("%s has no %s", path, link)
			}
		}
	}
	if w := get(t, h, http.MethodGet, "/verify?lang=en"); w.Header().Get("Location") != "/?lang=en" {
		t.Errorf("verify leads to %q", w.Header().Get("Location"))
	}
	if page := get(t, h, http.MethodGet, "/").Body.String(); !strings.Contains(page, `action="/verify"`) {
		t.Error("a language is forced on one who chose none")
	}
}

// A link to the other language would use the token again, or lose the report.
func TestWhatCannotBeAskedForAgainOffersNoOtherLanguage(t *testing.T) {
	h := pages(t, &shelf{status: licences.InForce})
	for name, page := range map[string]string{
		"shown": get(t, h, http.MethodGet, "/v/good").Body.String(), "report": post(t, h, map[string]string{"document": "x"}).Body.String(),
	} {
		if strings.Contains(page, `rel="alternate"`) || !strings.Contains(page, "</html>") {
			t.Errorf("%s links to itself", name)
		}
	}
}

func TestAnUploadBeyondTheLimitIsRefused(t *testing.T) {
	const head = "--b\r\nContent-Disposition: form-data; name=\"document\"; filename=\"d\"\r\n\r\n"
	size := int64(verify.MaxDocument + verify.MaxReceipt + 2<<20)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/verify", io.MultiReader(strings.NewReader(head), io.LimitReader(zeros{}, size)))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	w := httptest.NewRecorder()
	pages(t, &shelf{}).ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge || !strings.Contains(w.Body.String(), "BODY_TOO_LARGE") {
		t.Errorf("%d %.200s", w.Code, w.Body.String())
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestNumbersThatAreNotKnownAreNotShown(t *testing.T) {
	mux := http.NewServeMux()
	_, err := web.New(mux, web.Config{
		Licences: &shelf{}, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
		Numbers: func(context.Context) (web.Numbers, error) { return web.Numbers{}, errors.New("down") },
	})
	if err != nil {
		t.Fatal(err)
	}
	w := get(t, mux, http.MethodGet, "/?lang=en")
	if page := w.Body.String(); w.Code != http.StatusOK || strings.Contains(page, "00000000") || strings.Contains(page, "numbers") || !strings.Contains(page, "</html>") {
		t.Errorf("%d %.300s", w.Code, page)
	}
	if w := get(t, mux, http.MethodGet, "/wallet"); w.Code != http.StatusNotFound {
		t.Errorf("a wallet without a citizen: %d", w.Code)
	}
}
