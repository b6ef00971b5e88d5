package licences_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/auth"
	"yinzheng/licences"
	"yinzheng/licences/licencestest"
)

func TestStatusMovesAsTheTableSays(t *testing.T) {
	type step struct {
		do   string
		want licences.Status // "" for ErrTransition
	}
	for name, steps := range map[string][]step{
		"suspend, resume, revoke": {{"suspend", licences.Suspended}, {"resume", licences.InForce}, {"revoke", licences.Revoked}},
		"revoked is final":        {{"revoke", licences.Revoked}, {"resume", ""}, {"suspend", ""}, {"revoke", ""}},
		"suspended twice":         {{"suspend", licences.Suspended}, {"suspend", ""}},
		"suspended, revoked":      {{"suspend", licences.Suspended}, {"revoke", licences.Revoked}},
		"in force, resumed":       {{"resume", ""}},
	} {
		h := newHouse(t)
		l := h.issue(t, "one")
		do := map[string]func(auth.Caller) (licences.Licence, error){
			"suspend": func(by auth.Caller) (licences.Licence, error) {
				return h.Suspend(t.Context(), by, l.ID, "示例原因")
			},
			"resume": func(by auth.Caller) (licences.Licence, error) { return h.Resume(t.Context(), by, l.ID, "示例原因") },
			"revoke": func(by auth.Caller) (licences.Licence, error) { return h.Revoke(t.Context(), by, l.ID, "示例原因") },
		}
		for i, s := range steps {
			got, err := do[s.do](h.by)
			if s.want == "" {
				if !errors.Is(err, licences.ErrTransition) {
					t.Errorf("%s, step %d: %v", name, i, err)
				}
			} else if err != nil || got.Status != s.want {
				t.Errorf("%s, step %d: %s, %v", name, i, got.Status, err)
			}
		}
		if _, err := do["revoke"](auth.Caller{ID: "x", Office: h.by.Office, Actions: []auth.Action{auth.ReadLicence}}); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("%s: not allowed: %v", name, err)
		}
	}
}

func TestStatusChangeIsInHistoryAndAudit(t *testing.T) {
	h := newHouse(t)
	l := h.issue(t, "one")
	if _, err := h.Revoke(t.Context(), h.by, l.ID, "示例原因"); err != nil {
		t.Fatal(err)
	}
	events, err := h.History(t.Context(), h.by, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	if last := events[len(events)-1]; last.What != "status:07" || last.By != h.by.ID || last.Why != "示例原因" {
		t.Errorf("history ends with %+v", last)
	}
	if got := strings.Join(h.audit.Actions(l.ID), " "); got != "licence.issue.requested licence.revoke.ordered licence.revoke" {
		t.Errorf("audit %s", got)
	}
}

func TestReasonThatWillNotDoIsRefused(t *testing.T) {
	h := newHouse(t)
	l := h.issue(t, "one")
	for why, want := range map[string]string{"": licences.ReasonRequired, strings.Repeat("长", 501): licences.ReasonLength, "a\nb": licences.ReasonCharacter, "\xff": licences.ReasonCharacter} {
		var refused licences.Refusals
		if _, err := h.Suspend(t.Context(), h.by, l.ID, why); !errors.As(err, &refused) || refused[0].Code != want {
			t.Errorf("%.10q: %v", why, err)
		}
	}
}

func TestLicenceNeverAcknowledgedHasNoStatusToChange(t *testing.T) {
	h := faulty(t, &licencestest.Fault{Point: "seal"})
	_, _ = h.Issue(t.Context(), h.by, h.request("one"))
	l := h.all(t)[0]
	if _, err := h.Revoke(t.Context(), h.by, l.ID, "示例原因"); !errors.Is(err, licences.ErrNotThere) {
		t.Errorf("revoking: %v", err)
	}
	if _, err := h.CheckByCode(t.Context(), l.CheckCode); !errors.Is(err, licences.ErrNoLicence) {
		t.Errorf("checking: %v", err)
	}
	if _, _, err := h.Present(t.Context(), h.by, licences.PresentRequest{Licence: l.ID}); !errors.Is(err, licences.ErrNotThere) {
		t.Errorf("presenting: %v", err)
	}
	if _, _, err := h.Document(t.Context(), h.by, l.ID); !errors.Is(err, licences.ErrNotThere) {
		t.Errorf("its document: %v", err)
	}
}

func TestLicencePastItsLastDayShowsAsExpired(t *testing.T) {
	last := time.Date(2026, 12, 31, 0, 0, 0, 0, time.FixedZone("CST", 8*60*60))
	for _, c := range []struct {
		status licences.Status
		at     time.Time
		want   licences.Status
	}{
		{licences.InForce, last.Add(23 * time.Hour), licences.InForce},
		{licences.InForce, last.Add(24 * time.Hour), licences.Expired},
		{licences.Suspended, last.Add(24 * time.Hour), licences.Expired},
		{licences.Revoked, last.Add(24 * time.Hour), licences.Revoked},
	} {
		if got := (licences.Licence{ValidTo: "2026-12-31", Status: c.status}).StatusOn(c.at.UTC()); got != c.want {
			t.Errorf("%s at %v: %s, want %s", c.status, c.at, got, c.want)
		}
	}
	if got := (licences.Licence{Status: licences.InForce}).StatusOn(last.AddDate(100, 0, 0)); got != licences.InForce {
		t.Errorf("without an end: %s", got)
	}
}

func TestRevokedBeforeItWasArchivedIsArchivedAllTheSame(t *testing.T) {
	h := newHouse(t)
	l := h.issue(t, "one")
	if _, err := h.Revoke(t.Context(), h.by, l.ID, "示例原因"); err != nil {
		t.Fatal(err)
	}
	l, err := h.Settle(t.Context(), l.ID)
	if err != nil || l.State != licences.Archived || l.Status != licences.Revoked {
		t.Fatalf("%s, %s, %v", l.State, l.Status, err)
	}
	c, _, err := h.archive.Read(t.Context(), l.Package)
	if err != nil || !strings.Contains(string(c.File(licences.HistoryFile).Data), "status:07") {
		t.Errorf("the package's history: %v", err)
	}
}
