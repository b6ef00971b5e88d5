package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yinzheng/internal/foureyes"
)

// Proposals runs the contract of foureyes.Store; open returns an empty one.
func Proposals(t *testing.T, open func(t *testing.T) foureyes.Store) {
	for name, claim := range map[string]func(*testing.T, foureyes.Store){
		"EveryFieldComesBack":          proposalComesBack,
		"DecidingComparesTheState":     proposalDecided,
		"OneOfManyDecides":             proposalRace,
		"PagesCoverEverythingByState":  proposalPages,
		"DecidingChangesNothingOfWhat": proposalKept,
	} {
		t.Run(name, func(t *testing.T) { claim(t, open(t)) })
	}
}

func propose(t *testing.T, s foureyes.Store, n int) foureyes.Proposal {
	t.Helper()
	p := foureyes.Proposal{ID: fmt.Sprintf("20260302-120000-%04d", n), Act: "act", Detail: []byte(`{}`), By: "one", At: noon(),
		Expires: noon().Add(foureyes.Life), State: foureyes.Proposed}
	if err := s.PutProposal(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	return p
}

func proposalComesBack(t *testing.T, s foureyes.Store) {
	want := filled[foureyes.Proposal](t)
	if err := s.PutProposal(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Proposal(t.Context(), want.ID); err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(want, got))
	}
	other := want
	other.Act = "another"
	if err := s.PutProposal(t.Context(), other); err == nil {
		t.Error("an ID was taken twice")
	}
	if got, err := s.Proposal(t.Context(), want.ID); err != nil || got.Act != want.Act {
		t.Errorf("the first is now %q, %v", got.Act, err)
	}
	if _, err := s.Proposal(t.Context(), "nothing"); !errors.Is(err, foureyes.ErrNoProposal) {
		t.Errorf("unknown = %v, want ErrNoProposal", err)
	}
}

func proposalDecided(t *testing.T, s foureyes.Store) {
	ctx, p := t.Context(), propose(t, s, 1)
	if err := s.Decide(ctx, "nothing", foureyes.Proposed, foureyes.Approved, "two", noon(), ""); !errors.Is(err, foureyes.ErrNoProposal) {
		t.Errorf("unknown = %v, want ErrNoProposal", err)
	}
	if err := s.Decide(ctx, p.ID, foureyes.Approved, foureyes.Done, "two", noon(), ""); !errors.Is(err, foureyes.ErrMoved) {
		t.Errorf("from another state = %v, want ErrMoved", err)
	}
	at := noon().Add(time.Hour)
	for _, step := range [][2]foureyes.State{{foureyes.Proposed, foureyes.Approved}, {foureyes.Approved, foureyes.Done}} {
		if err := s.Decide(ctx, p.ID, step[0], step[1], "two", at, "made "+string(step[1])); err != nil {
			t.Fatal(err)
		}
		if err := s.Decide(ctx, p.ID, step[0], step[1], "two", at, ""); !errors.Is(err, foureyes.ErrMoved) {
			t.Errorf("%s again = %v, want ErrMoved", step[1], err)
		}
	}
	p.State, p.DecidedBy, p.DecidedAt, p.Outcome = foureyes.Done, "two", at, "made done"
	if got, err := s.Proposal(ctx, p.ID); err != nil || !cmp.Equal(got, p) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(p, got))
	}
}

func proposalRace(t *testing.T, s foureyes.Store) {
	p := propose(t, s, 1)
	n := oneWins(t, foureyes.ErrMoved, func(n int) error {
		return s.Decide(t.Context(), p.ID, foureyes.Proposed, foureyes.Approved, fmt.Sprint(n), noon(), "")
	})
	if got, err := s.Proposal(t.Context(), p.ID); err != nil || got.DecidedBy != fmt.Sprint(n) {
		t.Errorf("decided by %s, %v; want %d", got.DecidedBy, err, n)
	}
}

func proposalPages(t *testing.T, s foureyes.Store) {
	for n := range 9 {
		p := propose(t, s, n)
		if n%3 == 0 {
			if err := s.Decide(t.Context(), p.ID, foureyes.Proposed, foureyes.Approved, "two", noon(), ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	for state, want := range map[foureyes.State]string{"": "012345678", foureyes.Approved: "036", foureyes.Proposed: "124578",
		foureyes.Done: ""} {
		got := ""
		for after := ""; ; {
			page, err := s.Proposals(t.Context(), state, after, 2)
			if err != nil || len(page) > 2 {
				t.Fatalf("a page of %d, %v", len(page), err)
			}
			if len(page) == 0 {
				break
			}
			for _, p := range page {
				got, after = got+p.ID[len(p.ID)-1:], p.ID
			}
		}
		if got != want {
			t.Errorf("proposals in state %q are %s, want %s", state, got, want)
		}
	}
	if page, err := s.Proposals(t.Context(), "", "", -1); err != nil || len(page) != 0 {
		t.Errorf("a page of -1 has %d, %v", len(page), err)
	}
}

func proposalKept(t *testing.T, s foureyes.Store) {
	p := filled[foureyes.Proposal](t)
	p.State = foureyes.Proposed
	if err := s.PutProposal(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if err := s.Decide(t.Context(), p.ID, foureyes.Proposed, foureyes.Rejected, "two", noon(), "no"); err != nil {
		t.Fatal(err)
	}
	p.State, p.DecidedBy, p.DecidedAt, p.Outcome = foureyes.Rejected, "two", noon(), "no"
	if got, err := s.Proposal(t.Context(), p.ID); err != nil || !cmp.Equal(got, p) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(p, got))
	}
}
