package storetest

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yinzheng/internal/gm"
	"yinzheng/licences"
)

func licenceStatus(t *testing.T, b LicenceBook) {
	ctx := t.Context()
	for _, n := range []int{3, 2, 1} {
		create(t, b, n)
	}
	l, at := sample(2), noon().Add(time.Hour)
	if err := b.SetStatus(ctx, l.ID, licences.Suspended, licences.Revoked, "", at, "x"); !errors.Is(err, licences.ErrMoved) {
		t.Errorf("from another status = %v, want ErrMoved", err)
	}
	if err := b.SetStatus(ctx, l.ID, licences.InForce, licences.Suspended, "事由 1", at, "officer"); err != nil {
		t.Fatal(err)
	}
	want := l
	want.Status, want.StatusAt, want.StatusWhy, want.Updated = licences.Suspended, at, "事由 1", at
	if got, err := b.Licence(ctx, l.ID); err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(want, got))
	}
	if err := b.SetStatus(ctx, sample(1).ID, licences.InForce, licences.Revoked, "", at, "officer"); err != nil {
		t.Fatal(err)
	}
	out, err := b.OutOfForce(ctx)
	if err != nil || !slices.Equal(idsOf(out), ids(1, 2)) {
		t.Errorf("OutOfForce = %v, %v; want 1 and 2", idsOf(out), err)
	}
	if err := b.SetStatus(ctx, l.ID, licences.Suspended, licences.InForce, "", at, "officer"); err != nil {
		t.Fatal(err)
	}
	if out, err := b.OutOfForce(ctx); err != nil || !slices.Equal(idsOf(out), ids(1)) {
		t.Errorf("OutOfForce after resuming = %v, %v; want 1", idsOf(out), err)
	}
}

func licenceHistory(t *testing.T, b LicenceBook) {
	ctx, l := t.Context(), create(t, b, 1)
	at := noon().Add(time.Hour)
	advance(t, b, l.ID, licences.Patch{Document: gm.Sum([]byte("doc")), Package: "p", At: at},
		licences.Issuing, licences.Sealed, licences.Anchored)
	if err := b.SetStatus(ctx, l.ID, licences.InForce, licences.Revoked, "事由", at.Add(time.Hour), "officer"); err != nil {
		t.Fatal(err)
	}
	_ = b.SetStatus(ctx, l.ID, licences.InForce, licences.Revoked, "twice", at, "officer") // refused: leaves no line
	want := []licences.Event{
		{At: l.Created, What: "issuing", By: l.Caller},
		{At: at, What: "sealed", By: l.Caller},
		{At: at, What: "anchored", By: l.Caller},
		{At: at.Add(time.Hour), What: "status:07", By: "officer", Why: "事由"},
	}
	got, err := b.History(ctx, l.ID)
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(want, got))
	}
}

func licencePages(t *testing.T, b LicenceBook) {
	var want []string
	for n := range 11 {
		create(t, b, n)
		want = append(want, sample(n).ID)
	}
	var got []string
	after := ""
	for {
		page, err := b.Licences(t.Context(), after, 4)
		if err != nil || len(page) > 4 {
			t.Fatalf("a page of %d, %v", len(page), err)
		}
		if len(page) == 0 {
			break
		}
		got = append(got, idsOf(page)...)
		after = page[len(page)-1].ID
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages have %v, want %v", got, want)
	}
	if page, err := b.Licences(t.Context(), "", -1); err != nil || len(page) != 0 {
		t.Errorf("a page of -1 has %d, %v", len(page), err)
	}
}

func licenceKeyRace(t *testing.T, b LicenceBook) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	made, seen := 0, map[string]bool{}
	for n := range 16 {
		wg.Go(func() {
			l := sample(n)
			l.Key, l.RequestSM3 = "one", gm.Sum([]byte("one"))
			got, err := b.Create(t.Context(), l)
			mu.Lock()
			defer mu.Unlock()
			seen[got.ID] = true
			if err == nil {
				made++
			} else if !errors.Is(err, licences.ErrExists) {
				t.Errorf("Create: %v", err)
			}
		})
	}
	wg.Wait()
	if made != 1 || len(seen) != 1 {
		t.Errorf("%d made, %d different licences answered; want one", made, len(seen))
	}
}

func licenceManyAtOnce(t *testing.T, b LicenceBook) {
	const callers, each = 32, 4
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := range each {
				n := c*each + i
				if _, err := b.Create(t.Context(), sample(n)); err != nil {
					t.Errorf("Create %d: %v", n, err)
				}
				if n%3 == 0 { // failing neighbours must not undo anybody else
					if _, err := b.Create(t.Context(), sample(n)); !errors.Is(err, licences.ErrExists) {
						t.Errorf("Create %d again: %v", n, err)
					}
					l := sample(n)
					l.Key = ""
					if _, err := b.Create(t.Context(), l); !errors.Is(err, licences.ErrTaken) {
						t.Errorf("Create %d without its key: %v", n, err)
					}
				}
			}
		})
	}
	wg.Wait()
	all, err := b.Licences(t.Context(), "", 1000)
	if err != nil || len(all) != callers*each {
		t.Errorf("%d licences, %v; want %d", len(all), err, callers*each)
	}
	for _, l := range all {
		if events, err := b.History(t.Context(), l.ID); err != nil || len(events) != 1 {
			t.Errorf("history of %s has %d lines, %v; want 1", l.ID, len(events), err)
		}
	}
}
