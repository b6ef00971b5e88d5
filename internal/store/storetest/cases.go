package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yinzheng/internal/gm"
	"yinzheng/verify/completion"
)

// Cases runs the contract of completion.Store; open returns an empty one.
func Cases(t *testing.T, open func(t *testing.T) completion.Store) {
	for name, claim := range map[string]func(*testing.T, completion.Store){
		"EveryFieldComesBack":       caseComesBack,
		"SameKeyOpensOneCase":       caseKey,
		"RevisionIsCompared":        caseRevision,
		"OneOfManyUpdatesWins":      caseRace,
		"DueCasesComeSoonestFirst":  caseDue,
		"PagesCoverEverythingByDue": casePages,
	} {
		t.Run(name, func(t *testing.T) { claim(t, open(t)) })
	}
}

func sampleCase(n int) completion.Case {
	return completion.Case{ID: fmt.Sprintf("case%04d", n), Number: "450100-1", Matter: "m", State: completion.Committed,
		Opened: noon(), Updated: noon(), Due: noon().Add(time.Duration(n) * time.Hour), Caller: "window",
		Key: fmt.Sprintf("key-%d", n), RequestSM3: gm.Sum([]byte{byte(n)})}
}

func openCase(t *testing.T, s completion.Store, c completion.Case) completion.Case {
	t.Helper()
	got, err := s.CreateCase(t.Context(), c)
	if err != nil {
		t.Fatalf("CreateCase: %v", err)
	}
	return got
}

func caseComesBack(t *testing.T, s completion.Store) {
	want := filled[completion.Case](t)
	made := openCase(t, s, want)
	if made.Revision == 0 {
		t.Error("a stored case has revision 0")
	}
	want.Revision = made.Revision
	got, err := s.Case(t.Context(), want.ID)
	if err != nil || !cmp.Equal(got, want) || !cmp.Equal(made, want) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(want, got))
	}
	if _, err := s.Case(t.Context(), "nobody"); !errors.Is(err, completion.ErrNoCase) {
		t.Errorf("unknown = %v, want ErrNoCase", err)
	}
	least := openCase(t, s, completion.Case{ID: "least"})
	if got, err := s.Case(t.Context(), "least"); err != nil || !cmp.Equal(got, least) || !got.Due.IsZero() {
		t.Errorf("an almost empty case came back so: %v\n%s", err, cmp.Diff(least, got))
	}
}

func caseKey(t *testing.T, s completion.Store) {
	first := openCase(t, s, sampleCase(1))
	again := sampleCase(2)
	again.Key, again.RequestSM3 = first.Key, first.RequestSM3
	if got, err := s.CreateCase(t.Context(), again); !errors.Is(err, completion.ErrExists) || got.ID != first.ID {
		t.Errorf("the same request again = %s, %v; want the first with ErrExists", got.ID, err)
	}
	again.RequestSM3 = gm.Sum([]byte("other"))
	if _, err := s.CreateCase(t.Context(), again); !errors.Is(err, completion.ErrKeyReused) {
		t.Errorf("another request with the key = %v, want ErrKeyReused", err)
	}
	again.Key = ""
	openCase(t, s, again)
	again.ID = "case-without-key"
	openCase(t, s, again)
	if _, err := s.CreateCase(t.Context(), again); err == nil {
		t.Error("an ID was taken twice")
	}
}

func caseRevision(t *testing.T, s completion.Store) {
	c := openCase(t, s, sampleCase(1))
	stale := c
	c.State, c.Title = completion.Completed, "changed"
	c.Outcome = &completion.Outcome{Case: c.ID, Result: completion.True, At: noon(), Signed: []byte(`{ "exact" : 1 }`)}
	c.Caller, c.Key = "somebody else", "another key"
	updated, err := s.UpdateCase(t.Context(), c)
	if err != nil || updated.Revision != c.Revision+1 {
		t.Fatalf("UpdateCase = revision %d, %v; want %d", updated.Revision, err, c.Revision+1)
	}
	c.Revision++
	c.Caller, c.Key = stale.Caller, stale.Key // who opened it never changes
	if got, err := s.Case(t.Context(), c.ID); err != nil || !cmp.Equal(got, c) || !cmp.Equal(updated, c) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(c, got))
	}
	if _, err := s.UpdateCase(t.Context(), stale); !errors.Is(err, completion.ErrMoved) {
		t.Errorf("a stale update = %v, want ErrMoved", err)
	}
	if _, err := s.UpdateCase(t.Context(), sampleCase(9)); !errors.Is(err, completion.ErrNoCase) {
		t.Errorf("an update of nothing = %v, want ErrNoCase", err)
	}
}

func caseRace(t *testing.T, s completion.Store) {
	const callers = 16
	c := openCase(t, s, sampleCase(1))
	var won, lost atomic.Int32
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			switch _, err := s.UpdateCase(t.Context(), c); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, completion.ErrMoved):
				lost.Add(1)
			default:
				t.Errorf("UpdateCase: %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || lost.Load() != callers-1 {
		t.Errorf("%d won and %d lost of %d", won.Load(), lost.Load(), callers)
	}
}

func caseDue(t *testing.T, s completion.Store) {
	for _, n := range []int{3, 1, 2} {
		openCase(t, s, sampleCase(n))
	}
	done, never := sampleCase(0), sampleCase(7)
	done.State, never.Due = completion.Completed, time.Time{}
	openCase(t, s, done)
	openCase(t, s, never)
	for name, c := range map[string]struct {
		before time.Time
		want   []string
	}{
		"before the third": {sampleCase(3).Due, []string{"case0001", "case0002"}},
		"before the first": {sampleCase(1).Due, nil},
		"all":              {time.Time{}, []string{"case0001", "case0002", "case0003", "case0007"}},
		"far":              {noon().AddDate(100, 0, 0), []string{"case0001", "case0002", "case0003"}},
	} {
		got, err := s.Cases(t.Context(), c.before, "", 10)
		if err != nil || !slices.Equal(caseIDs(got), c.want) {
			t.Errorf("%s: %v, %v; want %v", name, caseIDs(got), err, c.want)
		}
	}
}

func casePages(t *testing.T, s completion.Store) {
	var want []string
	for n := range 9 {
		c := sampleCase(n)
		c.Due = noon().Add(-time.Duration(n/3) * time.Hour) // three at a time, later ones sooner
		openCase(t, s, c)
	}
	for _, n := range []int{6, 7, 8, 3, 4, 5, 0, 1, 2} {
		want = append(want, sampleCase(n).ID)
	}
	var got []string
	after := ""
	for {
		page, err := s.Cases(t.Context(), time.Time{}, after, 2)
		if err != nil || len(page) > 2 {
			t.Fatalf("a page of %d, %v", len(page), err)
		}
		if len(page) == 0 {
			break
		}
		got = append(got, caseIDs(page)...)
		after = page[len(page)-1].ID
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages have %v, want %v", got, want)
	}
}

func caseIDs(cs []completion.Case) []string {
	var out []string
	for _, c := range cs {
		out = append(out, c.ID)
	}
	return out
}
