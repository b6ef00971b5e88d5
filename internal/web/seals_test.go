package web_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/web"
	"yinzheng/sealing"
	"yinzheng/verify"
)

// sealShelf answers for one seal with a history and some uses.
type sealShelf struct{ applied bool }

const shownSeal = "45000000000007"

func (s sealShelf) Seal(_ context.Context, id string) (sealing.Record, error) {
	if id != shownSeal {
		return sealing.Record{}, sealing.ErrNoSeal
	}
	r := sealing.Record{ID: id, Owner: "示例局", Name: "示例局电子证照专用章", Look: sealing.Look{Type: 1, Size: 42}, State: sealing.SealLost, Applicant: "person-a",
		Approver: "person-b", Maker: "person-c", Filing: "示例备案-7", Replaces: "45000000000001", ReplacedBy: "45000000000009", Data: []byte("x"), Made: now,
		NotAfter: now.AddDate(5, 0, 0), Revoked: now, Uses: 23}
	if s.applied {
		r.State, r.Made = sealing.SealApplied, time.Time{}
	}
	return r, nil
}

func (s sealShelf) Seals(ctx context.Context, q sealing.Query) ([]sealing.Record, error) {
	r, err := s.Seal(ctx, shownSeal)
	var out []sealing.Record
	for range q.Limit {
		out = append(out, r)
	}
	return out, err
}

func (sealShelf) SealEvents(context.Context, string, int64, int) ([]sealing.Event, error) {
	var out []sealing.Event
	for n, what := range []string{"applied", "approved", "made", "recorded", "authorised", "active", "suspended", "lost", "certificate-revoked"} {
		out = append(out, sealing.Event{Line: int64(n + 1), At: now, What: what, By: "person-b", Why: "secret reason"})
	}
	return out, nil
}

func (sealShelf) Uses(_ context.Context, _ string, after int64, n int) ([]sealing.Use, error) {
	var out []sealing.Use
	for line := after + 1; line <= after+int64(n) && line <= 23; line++ {
		u := sealing.Use{Line: line, At: now, By: "person-d", Case: "secret-case", Matter: "示例事项-0001", Document: gm.Sum([]byte("secret")), Result: sealing.ResultOK}
		if line == 23 {
			u.Result = "SEAL_NOT_USABLE"
		}
		out = append(out, u)
	}
	return out, nil
}

func (sealShelf) UsesByDay(_ context.Context, _ string, from time.Time, _ *time.Location) ([]sealing.DayCount, error) {
	return []sealing.DayCount{{Day: from, OK: 1}, {Day: from.AddDate(0, 0, 29), OK: 20, Failed: 2}, {Day: from.AddDate(0, 0, 40), OK: 5}}, nil
}

func sealPages(t *testing.T, s sealShelf) http.Handler {
	t.Helper()
	mux := http.NewServeMux()
	_, err := web.New(mux, web.Config{
		Licences: &shelf{}, Seals: s, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
		Judge: func(_ context.Context, in verify.Input, at time.Time) (verify.Report, error) {
			return verify.Judge(in, nil, at), nil
		},
		Numbers: func(context.Context) (web.Numbers, error) { return web.Numbers{}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return web.Secure(mux)
}

func TestPagesOfSealsAreWholeAndTellNothingOfPeopleOrCases(t *testing.T) {
	h := sealPages(t, sealShelf{})
	for _, path := range []string{"/seals", "/seals/" + shownSeal} {
		for lang, state := range map[string]string{"zh": "遗失注销", "en": "Lost"} {
			w := get(t, h, http.MethodGet, path+"?lang="+lang)
			page := w.Body.String()
			if w.Code != http.StatusOK || !strings.Contains(page, state) || !strings.Contains(page, "示例备案-7") || !strings.HasSuffix(strings.TrimSpace(page), "</html>") {
				t.Errorf("%s in %s: %d %.200s", path, lang, w.Code, page)
			}
			for _, wrong := range []string{"person-", "secret", gm.Sum([]byte("secret")).String(), "<no value>", "ZgotmplZ", "seals.", "sealstate.", "sealtype.", " style=", "<script>"} {
				if strings.Contains(page, wrong) {
					t.Errorf("%s in %s has %q", path, lang, wrong)
				}
			}
		}
	}
	page := get(t, h, http.MethodGet, "/seals/"+shownSeal+"?lang=en").Body.String()
	if first, last := strings.Index(page, "<td>23</td>"), strings.Index(page, "<td>4</td>"); first < 0 || last < first || strings.Contains(page, "<td>3</td>") {
		t.Error("the log is not the newest twenty lines, newest first")
	}
	if n := strings.Count(page, "<rect "); n != 3 || !strings.Contains(page, `aria-label="Uses in 30 days: 26; failed: 2"`) {
		t.Errorf("the chart has %d bars, want 3", n)
	}
	if list := get(t, h, http.MethodGet, "/seals?lang=en").Body.String(); !strings.Contains(list, "/seals?after="+shownSeal+"&amp;lang=en") {
		t.Error("the list has no next page, or forgets the language")
	}
}

func TestSealThatWasNotMadeHasNoPage(t *testing.T) {
	h := sealPages(t, sealShelf{applied: true})
	for _, path := range []string{"/seals/" + shownSeal, "/seals/45000000000099", "/seals/x"} {
		if w := get(t, h, http.MethodGet, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if page := get(t, h, http.MethodGet, "/seals?after=%22%3E").Body.String(); strings.Contains(page, "示例局") || !strings.Contains(page, "</html>") {
		t.Error("an application is public")
	}
	if w := get(t, pages(t, &shelf{}), http.MethodGet, "/seals"); w.Code != http.StatusNotFound {
		t.Errorf("pages without a register: %d", w.Code)
	}
}
