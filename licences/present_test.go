package licences_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yinzheng/internal/auth"
	"yinzheng/licences"
)

func TestPresentationShowsChosenFieldsOnceAndNothingElse(t *testing.T) {
	h := newHouse(t)
	l := h.issue(t, "one")
	asked := h.kind.Presentable()[:2]
	token, p, err := h.Present(t.Context(), h.by, licences.PresentRequest{Licence: l.ID, Fields: asked})
	if err != nil {
		t.Fatal(err)
	}
	if len(token) != 43 || p.Expires.Sub(p.Created) != 60*time.Second || strings.Contains(p.Token.String(), token) {
		t.Errorf("token of %d characters, %v", len(token), p.Expires.Sub(p.Created))
	}
	s, err := h.Show(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if s.KindName != food || s.Issuer != l.Issuer || s.Status != licences.InForce || !s.InForce || len(s.Fields) != 2 {
		t.Errorf("shown %+v", s)
	}
	for _, f := range s.Fields {
		if f.Label == "" || f.LabelEN == "" || f.Value == "" {
			t.Errorf("field %+v", f)
		}
	}
	if _, err := h.Show(t.Context(), token); !errors.Is(err, licences.ErrUsed) {
		t.Errorf("shown twice: %v", err)
	}
	want := []string{"licence.issue.requested", "licence.present", "licence.present.shown"}
	if got := h.audit.Actions(l.ID); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("audit %v", got)
	}
	if got := h.audit.Actions(p.Token.String()); len(got) != 1 || got[0] != "licence.present.refused" {
		t.Errorf("audit of the replay %v", got)
	}
}

func TestTokenIsUsedByOneOfMany(t *testing.T) {
	h := newHouse(t)
	token, _, err := h.Present(t.Context(), h.by, licences.PresentRequest{Licence: h.issue(t, "one").ID})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	var shown atomic.Int64
	for range 16 {
		group.Go(func() {
			if _, err := h.Show(t.Context(), token); err == nil {
				shown.Add(1)
			}
		})
	}
	group.Wait()
	if shown.Load() != 1 {
		t.Errorf("shown %d times", shown.Load())
	}
}

func TestTokenEndsAfterItsLife(t *testing.T) {
	h := newHouse(t)
	token, p, err := h.Present(t.Context(), h.by, licences.PresentRequest{Licence: h.issue(t, "one").ID})
	if err != nil {
		t.Fatal(err)
	}
	h.clock.set(p.Expires.Add(time.Microsecond))
	if _, err := h.Show(t.Context(), token); !errors.Is(err, licences.ErrTokenExpired) {
		t.Errorf("after its life: %v", err)
	}
}

func TestOtherTokensAreUnknown(t *testing.T) {
	h := newHouse(t)
	token, _, err := h.Present(t.Context(), h.by, licences.PresentRequest{Licence: h.issue(t, "one").ID})
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"", "x", token + "A", token[:42], strings.Repeat("A", 43), token + "=", strings.Repeat("A", 1<<20)} {
		if _, err := h.Show(t.Context(), other); !errors.Is(err, licences.ErrNoPresentation) {
			t.Errorf("%.50q: %v", other, err)
		}
	}
	if _, err := h.Show(t.Context(), token); err != nil {
		t.Errorf("the right one after that: %v", err)
	}
}

func TestFieldThatMayNotBeShownIsRefused(t *testing.T) {
	h := newHouse(t)
	l := h.issue(t, "one")
	var refused licences.Refusals
	_, _, err := h.Present(t.Context(), h.by, licences.PresentRequest{Licence: l.ID, Fields: []string{"no_such_field"}})
	if !errors.As(err, &refused) || refused[0].Code != licences.NotPresentable || refused[0].Pointer != "/fields/0" {
		t.Errorf("refused: %v", err)
	}
}

func TestSomeoneElsesLicenceIsLikeNone(t *testing.T) {
	h := newHouse(t)
	l := h.issue(t, "one")
	other := h.by
	other.Office = "11450100000000000X"
	_, present := errorOf(h.Present(t.Context(), other, licences.PresentRequest{Licence: l.ID}))
	_, none := errorOf(h.Present(t.Context(), other, licences.PresentRequest{Licence: "none"}))
	if !errors.Is(present, licences.ErrNoLicence) || present.Error() != none.Error() {
		t.Errorf("%v, none: %v", present, none)
	}
	if _, err := h.Licence(t.Context(), other, l.ID); !errors.Is(err, licences.ErrNoLicence) {
		t.Errorf("reading: %v", err)
	}
	if _, _, err := h.Document(t.Context(), other, l.ID); !errors.Is(err, licences.ErrNoLicence) {
		t.Errorf("its document: %v", err)
	}
	if _, err := h.Revoke(t.Context(), other, l.ID, "示例"); !errors.Is(err, licences.ErrNoLicence) {
		t.Errorf("revoking: %v", err)
	}
	other.Actions = []auth.Action{auth.Operate, auth.ReadLicence}
	if _, err := h.Licence(t.Context(), other, l.ID); err != nil {
		t.Errorf("an operator: %v", err)
	}
}

func errorOf(token string, _ licences.Presentation, err error) (string, error) { return token, err }

func TestCodeOnTheFaceLeadsToTheState(t *testing.T) {
	h := newHouse(t)
	l := h.issue(t, "one")
	c, err := h.CheckByCode(t.Context(), l.CheckCode)
	if err != nil || c.KindName != food || c.Issuer != l.Issuer || !c.InForce || c.IssuedOn != l.IssuedOn {
		t.Errorf("%+v, %v", c, err)
	}
	for _, other := range []string{"", strings.ToLower(l.CheckCode), l.CheckCode[:25], strings.Repeat("A", 26), l.Identifier} {
		if _, err := h.CheckByCode(t.Context(), other); !errors.Is(err, licences.ErrNoLicence) {
			t.Errorf("%q: %v", other, err)
		}
	}
}

func TestPersonsAreMaskedAndOrganisationsAreNot(t *testing.T) {
	for _, c := range []struct{ name, codeType, want string }{
		{"示例人", licences.CodeTypeCitizen, "示**"},
		{"示例", "414", "示*"},
		{"南宁示例食品有限公司", licences.CodeTypeUSCC, "南宁示例食品有限公司"},
	} {
		if got := licences.MaskName(licences.Holder{Name: c.name, CodeType: c.codeType}); got != c.want {
			t.Errorf("%s: %s, want %s", c.codeType, got, c.want)
		}
	}
}

func TestLifeOutsideItsRangeIsRefused(t *testing.T) {
	h := newHouse(t)
	for _, life := range []time.Duration{time.Second, 14 * time.Second, 301 * time.Second, -1} {
		c := h.config
		c.Life = life
		if _, err := licences.New(c); err == nil {
			t.Errorf("%v was taken", life)
		}
	}
}
