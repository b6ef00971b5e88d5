package sealing_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"yinzheng/internal/auth"
	"yinzheng/sealing"
)

func TestAuthorisationCoversItsMatterCallerAndOfficeOnly(t *testing.T) {
	for name, c := range map[string]struct {
		grant                  sealing.Authorisation
		matter, caller, office string
		want                   bool
	}{
		"the matter":              {sealing.Authorisation{Matter: "m1", Caller: "u"}, "m1", "u", "o", true},
		"another matter":          {sealing.Authorisation{Matter: "m1", Caller: "u"}, "m12", "u", "o", false},
		"a pattern":               {sealing.Authorisation{Matter: "m1*", Caller: "u"}, "m12", "u", "o", true},
		"beside the pattern":      {sealing.Authorisation{Matter: "m1*", Caller: "u"}, "m2", "u", "o", false},
		"everything, no matter":   {sealing.Authorisation{Matter: "*", Caller: "u"}, "", "u", "o", true},
		"no matter":               {sealing.Authorisation{Matter: "m1", Caller: "u"}, "", "u", "o", false},
		"a star that is asked":    {sealing.Authorisation{Matter: "m1", Caller: "u"}, "*", "u", "o", false},
		"another caller":          {sealing.Authorisation{Matter: "*", Caller: "u"}, "m", "v", "o", false},
		"a caller of the office":  {sealing.Authorisation{Matter: "*", Office: "o"}, "m", "v", "o", true},
		"another office":          {sealing.Authorisation{Matter: "*", Office: "o"}, "m", "v", "p", false},
		"no office":               {sealing.Authorisation{Matter: "*", Office: "o"}, "m", "v", "", false},
		"the caller elsewhere":    {sealing.Authorisation{Matter: "*", Caller: "u", Office: "o"}, "m", "u", "p", false},
		"who granted it":          {sealing.Authorisation{Matter: "*", Office: "o", GrantedBy: "g"}, "m", "g", "o", false},
		"who granted it, shouted": {sealing.Authorisation{Matter: "*", Office: "o", GrantedBy: "g"}, "m", "G ", "o", false},
	} {
		if got := c.grant.Covers(c.matter, c.caller, c.office); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestUseWithoutAnAuthorisationIsRefusedAndLogged(t *testing.T) {
	b := newBench(t)
	b.makeSeal(t)
	b.book.grants = []sealing.Authorisation{
		{Line: 1, Matter: "示例事项", Caller: "tester", From: start, To: b.now, GrantedBy: "g"}, // over
		{Line: 2, Matter: "别的事项", Caller: "tester", From: start, To: b.now.Add(time.Hour), GrantedBy: "g"},
		{Line: 3, Matter: "示例事项", Caller: "another", From: start, To: b.now.Add(time.Hour), GrantedBy: "g"},
	}
	asked := request(document(t, 0))
	out, err := b.sealer(t).Seal(t.Context(), asked)
	if !errors.Is(err, sealing.ErrNotAuthorised) || out != nil {
		t.Fatalf("got %v, want ErrNotAuthorised", err)
	}
	if len(b.book.uses) != 1 || b.book.uses[0].Result != "SEAL_NOT_AUTHORISED" || b.book.uses[0].By != "tester" || b.book.uses[0].Matter != "示例事项" {
		t.Errorf("logged are %+v", b.book.uses)
	}
	b.book.grants = append(b.book.grants, sealing.Authorisation{Line: 4, Matter: "示例*", Caller: "tester", From: start, To: b.now.Add(time.Hour), GrantedBy: "g"})
	if _, err := b.sealer(t).Seal(t.Context(), asked); err != nil {
		t.Fatal(err)
	}
	if done := b.book.done(); len(done) != 1 || done[0].Authorisation != 4 || done[0].Line != 2 {
		t.Errorf("logged are %+v", b.book.uses)
	}
}

func TestNobodyAuthorisesThemselvesOrWhatCannotBeMeant(t *testing.T) {
	r := newRegister(t)
	s := r.at(sealing.SealActive)
	good := sealing.Authorisation{Seal: s.ID, Matter: "m", Caller: "user", To: r.now.Add(time.Hour), Why: "w"}
	for name, c := range map[string]struct {
		change func(a *sealing.Authorisation)
		want   error
	}{
		"themselves":           {func(a *sealing.Authorisation) { a.Caller = "Approver" }, sealing.ErrSamePerson},
		"nobody":               {func(a *sealing.Authorisation) { a.Caller = "" }, sealing.ErrGrant},
		"no matter":            {func(a *sealing.Authorisation) { a.Matter = "" }, sealing.ErrGrant},
		"a star in the middle": {func(a *sealing.Authorisation) { a.Matter = "a*b" }, sealing.ErrGrant},
		"the past":             {func(a *sealing.Authorisation) { a.From, a.To = r.now.Add(-2*time.Hour), r.now.Add(-time.Hour) }, sealing.ErrGrant},
		"backwards":            {func(a *sealing.Authorisation) { a.From, a.To = r.now.Add(2*time.Hour), r.now.Add(time.Hour) }, sealing.ErrGrant},
		"for ever":             {func(a *sealing.Authorisation) { a.To = r.now.AddDate(50, 0, 0) }, sealing.ErrGrant},
		"fewer than no uses":   {func(a *sealing.Authorisation) { a.Limit = -1 }, sealing.ErrGrant},
		"no reason":            {func(a *sealing.Authorisation) { a.Why = "" }, sealing.ErrWhy},
		"no seal":              {func(a *sealing.Authorisation) { a.Seal = "45000099999999" }, sealing.ErrNoSeal},
	} {
		a := good
		c.change(&a)
		if _, err := r.Authorise(t.Context(), approver, a, ""); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if grants, err := r.Authorisations(t.Context(), user, s.ID, 0, 10); err != nil || len(grants) != 0 {
		t.Errorf("%v, %v were granted", grants, err)
	}
	first, err := r.Authorise(t.Context(), approver, good, "k")
	again, err2 := r.Authorise(t.Context(), approver, good, "k")
	if errors.Join(err, err2) != nil || first != again || first.Line != 1 {
		t.Errorf("%+v and %+v, %v", first, again, errors.Join(err, err2))
	}
	cancelled := r.at(sealing.SealCancelled)
	good.Seal = cancelled.ID
	if _, err := r.Authorise(t.Context(), approver, good, ""); !errors.Is(err, sealing.ErrTransition) {
		t.Errorf("of a seal that is cancelled: %v", err)
	}
	if err := r.Withdraw(t.Context(), auth.Caller{ID: "z", Actions: []auth.Action{auth.DecideSeal}}, s.ID, 1, "w"); err != nil {
		t.Error(err)
	}
}

func TestResultsOfUsesHaveStableNames(t *testing.T) {
	for err, want := range map[error]string{
		nil: "ok", sealing.ErrSealNotUsable: "SEAL_NOT_USABLE", sealing.ErrNotAuthorised: "SEAL_NOT_AUTHORISED", sealing.ErrSigner: "SIGNER",
		sealing.ErrDocument: "DOCUMENT", sealing.ErrJudged: "JUDGED", context.Canceled: "CANCELLED", errors.New("x"): "INTERNAL",
	} {
		if got := sealing.ResultOf(err); got != want {
			t.Errorf("ResultOf(%v) = %s, want %s", err, got, want)
		}
	}
}
