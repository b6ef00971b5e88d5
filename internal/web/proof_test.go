package web

import (
	"html/template"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"yinzheng/internal/web/text"
	"yinzheng/verify"
)

func TestEveryCheckIsALinkOfTheProof(t *testing.T) {
	drawn := map[string]bool{"POLICY": true, "INPUT": true}
	keys := text.PageKeys()
	for _, l := range proofLines() {
		if !slices.Contains(keys, "proof."+l.Key) {
			t.Errorf("line %s has no text", l.Key)
		}
		for _, one := range l.Links {
			if !slices.Contains(keys, "link."+one.Key) {
				t.Errorf("link %s has no text", one.Key)
			}
			for _, code := range one.codes {
				drawn[code] = true
			}
		}
	}
	for _, c := range verify.Checks() {
		if !drawn[c.Code] {
			t.Errorf("%s is in no link", c.Code)
		}
		delete(drawn, c.Code)
	}
	for code := range drawn {
		t.Errorf("%s is in a link and no check", code)
	}
}

func TestALinkIsAsGoodAsTheWorstOfItsChecks(t *testing.T) {
	lines := proofOf([]verify.Finding{
		{Code: "SEAL_FORMAT", Outcome: verify.Pass}, {Code: "SEAL_EXPIRED", Outcome: verify.Fail}, {Code: "SEAL_PICTURE", Outcome: verify.Warn},
		{Code: "TIMESTAMP", Outcome: verify.Unknown}, {Code: "LICENCE_STATUS", Outcome: verify.Pass},
	})
	got := map[string]verify.Outcome{}
	for _, l := range lines {
		for _, one := range l.Links {
			got[l.Key+"."+one.Key] = one.Outcome
		}
	}
	if len(got) != 3 || got["who.seal"] != verify.Fail || got["when.timestamp"] != verify.Unknown || got["now.status"] != verify.Pass {
		t.Errorf("%v", got)
	}
}

func TestABrokenTemplateGivesNoHalfPage(t *testing.T) {
	p := &Pages{cfg: Config{Log: slog.New(slog.DiscardHandler)}, templates: template.Must(template.New("bad.html").Parse(`<p>half {{.Data.Nothing}}`))}
	w := httptest.NewRecorder()
	p.render(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), http.StatusOK, "bad", struct{}{})
	if body := w.Body.String(); w.Code != http.StatusInternalServerError || strings.Contains(body, "half") {
		t.Errorf("%d %q", w.Code, body)
	}
}
