package web_test

import (
	"bytes"
	"context"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/web"
	"yinzheng/licences"
	"yinzheng/verify"
)

var now = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)

// shelf answers for licences; each token works once.
type shelf struct {
	used   int
	holder string
	status licences.Status
}

func (s *shelf) Show(_ context.Context, token string) (licences.Shown, error) {
	switch token {
	case "good":
		if s.used++; s.used > 1 {
			return licences.Shown{}, licences.ErrUsed
		}
	case "late":
		return licences.Shown{}, licences.ErrTokenExpired
	default:
		return licences.Shown{}, licences.ErrNoPresentation
	}
	return licences.Shown{
		KindName: "食品经营许可证", Issuer: "示例行政审批局", Holder: s.holder, Status: s.status, InForce: s.status == licences.InForce,
		ValidTo: "2031-11-22", At: now, Fields: []licences.Item{{Name: "premises", Label: "经营场所", LabelEN: "Premises", Value: "示例大道1号"}},
	}, nil
}

func (s *shelf) CheckByCode(_ context.Context, code string) (licences.Checked, error) {
	if code != "good" {
		return licences.Checked{}, licences.ErrNoLicence
	}
	return licences.Checked{KindName: "食品经营许可证", Issuer: "示例行政审批局", Holder: s.holder, Status: s.status, InForce: s.status == licences.InForce, At: now}, nil
}

func pages(t testing.TB, s *shelf) http.Handler {
	t.Helper()
	mux := http.NewServeMux()
	_, err := web.New(mux, web.Config{
		Licences: s, Region: "广西壮族自治区", Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
		Judge: func(_ context.Context, in verify.Input, at time.Time) (verify.Report, error) {
			return verify.Judge(in, nil, at), nil
		},
		Wallet: func(context.Context) (web.Card, error) {
			return web.Card{KindName: "食品经营许可证", Issuer: "示例行政审批局", Holder: s.holder, URL: "http://127.0.0.1/v/" + strings.Repeat("aZ9_", 10), Expires: now.Add(time.Minute)}, nil
		},
		Numbers: func(context.Context) (web.Numbers, error) {
			return web.Numbers{Recorded: 12, Logged: 3, Kinds: 5, Root: gm.Sum([]byte("root"))}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return web.Secure(mux)
}

func get(t testing.TB, h http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestEveryPageIsWholeInBothLanguages(t *testing.T) {
	for path, status := range map[string]int{
		"/": 200, "/v/good": 200, "/v/late": 410, "/v/none": 404, "/c/good": 200, "/c/none": 404, "/wallet": 200, "/nowhere": 404,
	} {
		for lang, mark := range map[string]string{"zh": `<html lang="zh-CN">`, "en": `<html lang="en">`} {
			w := get(t, pages(t, &shelf{holder: "示例公司", status: licences.InForce}), http.MethodGet, path+"?lang="+lang)
			page := w.Body.String()
			if w.Code != status || !strings.Contains(page, mark) || !strings.HasSuffix(strings.TrimSpace(page), "</html>") {
				t.Errorf("%s in %s: %d, want %d; %.80q", path, lang, w.Code, status, page)
			}
			for _, wrong := range []string{"<no value>", "ZgotmplZ", "title.", "{{"} {
				if strings.Contains(page, wrong) {
					t.Errorf("%s in %s has %q", path, lang, wrong)
				}
			}
			if strings.Contains(page, "<script>") || strings.Contains(page, " style=") || strings.Contains(page, " onclick=") {
				t.Errorf("%s has script or style that its own policy forbids", path)
			}
		}
	}
}

func TestPagesCarryTheirPolicy(t *testing.T) {
	w := get(t, pages(t, &shelf{}), http.MethodGet, "/")
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Robots-Tag": "noindex",
	} {
		if got := w.Header().Get(name); !strings.Contains(got, want) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, path := range []string{"/v/good", "/c/good", "/wallet"} {
		if got := get(t, pages(t, &shelf{}), http.MethodGet, path).Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s may be kept: %q", path, got)
		}
	}
}

func TestLookingAheadUsesNoToken(t *testing.T) {
	s := &shelf{status: licences.InForce}
	h := pages(t, s)
	get(t, h, http.MethodHead, "/v/good")
	get(t, h, http.MethodGet, "/v/good", "Sec-Purpose", "prefetch;prerender")
	get(t, h, http.MethodGet, "/v/good", "Purpose", "prefetch")
	if s.used != 0 {
		t.Fatalf("used %d times", s.used)
	}
	if w := get(t, h, http.MethodGet, "/v/good"); w.Code != http.StatusOK {
		t.Errorf("a person gets %d", w.Code)
	}
	if w := get(t, h, http.MethodGet, "/v/good"); w.Code != http.StatusGone || !strings.Contains(w.Body.String(), "TOKEN_USED") {
		t.Errorf("again: %d", w.Code)
	}
}

func TestWhatHoldersAreCalledIsTextAndNothingElse(t *testing.T) {
	for _, path := range []string{"/v/good", "/c/good", "/wallet"} {
		page := get(t, pages(t, &shelf{holder: `<script>alert(1)</script>"'&`}), http.MethodGet, path).Body.String()
		if strings.Contains(page, "<script>alert") || !strings.Contains(page, "&lt;script&gt;") {
			t.Errorf("%s does not escape", path)
		}
	}
}

func TestAStatusIsNeverShownAsBetterThanItIs(t *testing.T) {
	for status, want := range map[licences.Status]string{
		licences.InForce: "slip good", licences.Suspended: "slip wait", licences.Revoked: "slip bad", licences.Expired: "slip bad", "42": "slip bad", "": "slip bad",
	} {
		if page := get(t, pages(t, &shelf{status: status}), http.MethodGet, "/c/good").Body.String(); !strings.Contains(page, `class="`+want+`"`) {
			t.Errorf("status %q is not shown as %q", status, want)
		}
	}
}

func post(t *testing.T, h http.Handler, parts map[string]string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for name, content := range parts {
		w, err := form.CreateFormFile(name, name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/verify", &b)
	r.Header.Set("Content-Type", form.FormDataContentType())
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAnUploadIsJudgedAndNeverPraisedWithoutProof(t *testing.T) {
	h := pages(t, &shelf{})
	w := post(t, h, map[string]string{"document": "%PDF-1.7 not a licence"})
	if page := w.Body.String(); w.Code != http.StatusOK || strings.Contains(page, `class="verdict good"`) || !strings.Contains(page, "PDF_FORMAT") {
		t.Errorf("%d %.300s", w.Code, page)
	}
	if w := post(t, h, map[string]string{"other": "x"}); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "DOCUMENT_MISSING") {
		t.Errorf("nothing to judge: %d", w.Code)
	}
	if w := post(t, h, map[string]string{"document": "x"}, "Sec-Fetch-Site", "cross-site"); w.Code != http.StatusForbidden {
		t.Errorf("a form of another site: %d", w.Code)
	}
	if w := get(t, h, http.MethodPost, "/verify"); w.Code != http.StatusBadRequest {
		t.Errorf("no form: %d", w.Code)
	}
}
