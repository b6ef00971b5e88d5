package completion_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/verify"
	"yinzheng/verify/completion"
	"yinzheng/verify/verifytest"
)

func withData(d verify.Data) func(*verifytest.Sealing) {
	return func(s *verifytest.Sealing) { s.Data = d.Encode() }
}

func TestSameKeyOpensOneCase(t *testing.T) {
	h := newHouse(t)
	s := h.service()
	r := completion.OpenRequest{
		Number: "1", Title: "t", Applicant: completion.Party{Name: "a", Code: "b", CodeType: "001"}, Key: "k",
	}
	first, err := s.Open(t.Context(), h.clerk(), r)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Open(t.Context(), h.clerk(), r)
	if err != nil || again.ID != first.ID || len(h.cases) != 1 {
		t.Errorf("got %q, %v; want the first case %q", again.ID, err, first.ID)
	}
	r.Title = "other"
	if _, err := s.Open(t.Context(), h.clerk(), r); !errors.Is(err, completion.ErrKeyReused) {
		t.Errorf("another request: %v, want ErrKeyReused", err)
	}
}

func TestRequestsOutOfBoundsAreRefusedAndSayWhere(t *testing.T) {
	h := newHouse(t)
	s := h.service()
	c := h.open(s)
	good := h.commitment("x")
	for name, test := range map[string]struct {
		change func(*completion.Commitment)
		want   completion.RequestError
	}{
		"no item":        {func(m *completion.Commitment) { m.Item = "" }, completion.RequestError{Code: "REQUIRED", Pointer: "/item"}},
		"no licence":     {func(m *completion.Commitment) { m.Licence = "" }, completion.RequestError{Code: "REQUIRED", Pointer: "/licence"}},
		"long statement": {func(m *completion.Commitment) { m.Statement = strings.Repeat("诺", 4001) }, completion.RequestError{Code: "TOO_LONG", Pointer: "/statement"}},
	} {
		m := good
		test.change(&m)
		var got *completion.RequestError
		if _, err := s.Commit(t.Context(), h.clerk(), c.ID, m); !errors.As(err, &got) || *got != test.want || !errors.Is(err, completion.ErrRequest) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
	if _, err := s.Open(t.Context(), h.clerk(), completion.OpenRequest{}); !errors.Is(err, completion.ErrRequest) {
		t.Errorf("an empty request: %v", err)
	}
}

func TestOneCommitmentStandsForAnItem(t *testing.T) {
	h := newHouse(t)
	s := h.service()
	c := h.open(s)
	m := h.commitment("x")
	for range 2 {
		got, err := s.Commit(t.Context(), h.clerk(), c.ID, m)
		if err != nil || len(got.Commitments) != 1 || got.State != completion.Committed {
			t.Fatalf("%v: %+v", err, got)
		}
	}
	m.Licence = "y"
	if _, err := s.Commit(t.Context(), h.clerk(), c.ID, m); !errors.Is(err, completion.ErrItemTaken) {
		t.Errorf("another commitment for the item: %v, want ErrItemTaken", err)
	}
}

func TestEvidenceIsKeptOnceByDigest(t *testing.T) {
	h := newHouse(t)
	s := h.service()
	c := h.open(s)
	for range 2 {
		got, err := s.AddEvidence(t.Context(), h.clerk(), c.ID, "申请表.pdf", "application/pdf", strings.NewReader("form"))
		if err != nil || len(got.Evidence) != 1 || got.Evidence[0].Size != 4 || string(h.blobs[got.Evidence[0].Digest]) != "form" {
			t.Fatalf("%v: %+v", err, got.Evidence)
		}
	}
}

func TestCompletedCaseTakesNothingMore(t *testing.T) {
	h := newHouse(t)
	c := h.complete(h.commitment(h.keepLicence()))
	s := h.service()
	m := h.commitment("x")
	m.Item = "another"
	if _, err := s.Commit(t.Context(), h.clerk(), c.ID, m); !errors.Is(err, completion.ErrClosed) {
		t.Errorf("commit: %v, want ErrClosed", err)
	}
	if _, err := s.AddEvidence(t.Context(), h.clerk(), c.ID, "a", "b/c", strings.NewReader("x")); !errors.Is(err, completion.ErrClosed) {
		t.Errorf("evidence: %v, want ErrClosed", err)
	}
	again, err := s.Complete(t.Context(), h.clerk(), c.ID)
	if err != nil || again.Revision != c.Revision || string(again.Outcome.Signed) != string(c.Outcome.Signed) {
		t.Errorf("completing again: %v, revision %d, want the stored case of revision %d", err, again.Revision, c.Revision)
	}
}

func TestCaseFileHoldsAllThatTheVerdictRestsOn(t *testing.T) {
	h := newHouse(t)
	c := h.complete(h.commitment(h.keepLicence()))
	var roles []completion.Role
	for _, e := range c.Evidence {
		roles = append(roles, e.Role)
		if _, ok := h.blobs[e.Digest]; !ok {
			t.Errorf("%s is not kept", e.Name)
		}
	}
	want := []completion.Role{completion.TrustRole, completion.LicenceRole, completion.ReceiptRole, completion.OutcomeRole, completion.OutcomeReceipt}
	if !slices.Equal(roles, want) {
		t.Errorf("got %q, want %q", roles, want)
	}
}

// TestCompletionResumesAfterACrashAtEveryStep dies before and after each effect, and then runs again: one outcome, one
// package, whatever happened.
func TestCompletionResumesAfterACrashAtEveryStep(t *testing.T) {
	probe := newHouse(t)
	probe.complete(probe.commitment(probe.keepLicence()))
	steps := slices.Compact(slices.Sorted(slices.Values(probe.steps)))
	for _, place := range steps {
		if strings.HasPrefix(place, "record case.open") || strings.HasPrefix(place, "record case.commit") || place == "update committed" {
			continue // before completion
		}
		for _, when := range []string{"before ", "after "} {
			t.Run(when+place, func(t *testing.T) {
				h := newHouse(t)
				s := h.service()
				c := h.open(s)
				if _, err := s.Commit(t.Context(), h.clerk(), c.ID, h.commitment(h.keepLicence())); err != nil {
					t.Fatal(err)
				}
				h.crash = when + place
				if _, err := s.Complete(t.Context(), h.clerk(), c.ID); !errors.Is(err, errCrash) {
					t.Fatalf("got %v, want the crash", err)
				}
				signed := h.cases[c.ID].Outcome
				h.crash = ""
				if _, err := h.service().Resume(t.Context()); err != nil {
					t.Fatal(err)
				}
				got, err := h.service().Complete(t.Context(), h.clerk(), c.ID)
				if err != nil || got.State != completion.Completed || got.Outcome.Result != completion.True {
					t.Fatalf("%v: %+v", err, got)
				}
				if signed != nil && string(signed.Signed) != string(got.Outcome.Signed) {
					t.Error("a stored outcome was replaced")
				}
				if len(h.packages) != 1 || len(h.receipts) != 1 && place != "append" {
					t.Errorf("%d packages, %d receipts", len(h.packages), len(h.receipts))
				}
			})
		}
	}
	if len(steps) < 8 {
		t.Errorf("only %d steps were seen: %q", len(steps), steps)
	}
}

func TestCommitmentThatComesInWhileJudgingIsNotJudgedAway(t *testing.T) {
	h := newHouse(t)
	s := h.service()
	c := h.open(s)
	if _, err := s.Commit(t.Context(), h.clerk(), c.ID, h.commitment(h.keepLicence())); err != nil {
		t.Fatal(err)
	}
	late := h.commitment("nothing")
	late.Item = "late"
	h.beforeUpdate = func() {
		if _, err := s.Commit(context.Background(), h.clerk(), c.ID, late); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Complete(t.Context(), h.clerk(), c.ID); !errors.Is(err, completion.ErrMoved) {
		t.Fatalf("got %v, want ErrMoved", err)
	}
	got, err := s.Complete(t.Context(), h.clerk(), c.ID)
	if err != nil || len(got.Outcome.Checks) != 2 || got.Outcome.Result != completion.Unverifiable {
		t.Errorf("%v: %+v", err, got.Outcome)
	}
}

func TestTwoWhoCompleteAtOnceAgree(t *testing.T) {
	h := newHouse(t)
	s := h.service()
	c := h.open(s)
	if _, err := s.Commit(t.Context(), h.clerk(), c.ID, h.commitment(h.keepLicence())); err != nil {
		t.Fatal(err)
	}
	var other completion.Case
	h.beforeUpdate = func() {
		var err error
		if other, err = s.Complete(context.Background(), h.clerk(), c.ID); err != nil {
			t.Error(err)
		}
	}
	mine, err := s.Complete(t.Context(), h.clerk(), c.ID)
	if err != nil || string(mine.Outcome.Signed) != string(other.Outcome.Signed) || mine.State != completion.Completed {
		t.Errorf("%v: %s and %s differ", err, mine.State, other.State)
	}
}

func TestCasesListsOnlyTheOfficesOwn(t *testing.T) {
	h := newHouse(t)
	s := h.service()
	for i := range 5 {
		by := h.clerk()
		if i%2 == 1 {
			by.Office = h.w.Holder()
		}
		r := completion.OpenRequest{Number: "1", Title: "t", Applicant: completion.Party{Name: "a", Code: "b", CodeType: "001"}}
		if _, err := s.Open(t.Context(), by, r); err != nil {
			t.Fatal(err)
		}
	}
	var seen []string
	for after, pages := "", 0; pages < 10; pages++ {
		page, next, err := s.Cases(t.Context(), h.clerk(), time.Time{}, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page {
			seen = append(seen, c.ID)
		}
		if after = next; next == "" {
			break
		}
	}
	if len(seen) != 3 || len(slices.Compact(slices.Sorted(slices.Values(seen)))) != 3 {
		t.Errorf("saw %q, want three cases once each", seen)
	}
}

func FuzzParseOutcome(f *testing.F) {
	seed := sampleOutcome(f)
	if _, err := completion.ParseOutcome(seed); err != nil {
		f.Fatalf("the seed is no outcome: %v", err)
	}
	f.Add(seed)
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := completion.ParseOutcome(b)
		if err != nil {
			return
		}
		if _, err := s.Message(); err != nil {
			t.Errorf("what was parsed cannot be encoded: %v", err)
		}
	})
}

// sampleOutcome is a signed outcome of one true check.
func sampleOutcome(tb testing.TB) []byte {
	tb.Helper()
	w := verifytest.New(tb)
	s := completion.Statement{
		Version: completion.OutcomeVersion, Office: w.OfficeCode, Case: "case", Result: completion.True, At: w.Now, By: "clerk",
		Checks: []completion.Check{{Commitment: "c1", Result: completion.True, Licence: "x", At: w.Now, Findings: []verify.Finding{}}},
	}
	message, err := s.Message()
	if err != nil {
		tb.Fatal(err)
	}
	signature, err := gm.Sign(w.Office.Key, message)
	if err != nil {
		tb.Fatal(err)
	}
	b, err := completion.EncodeOutcome(s, signature, w.Office.DER())
	if err != nil {
		tb.Fatal(err)
	}
	return b
}
