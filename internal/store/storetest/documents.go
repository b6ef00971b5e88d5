package storetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yinzheng/internal/gm"
	"yinzheng/sealing"
	"yinzheng/sealing/desk"
)

// DeskBook is what the desk and sealing in two steps keep.
type DeskBook interface {
	desk.Papers
	desk.Joints
	sealing.Drafts
	DocumentsAfter(ctx context.Context, after gm.Digest, n int) ([]gm.Digest, error)
}

// Desk runs the contracts of desk.Papers, desk.Joints and sealing.Drafts; open returns empty ones.
func Desk(t *testing.T, open func(t *testing.T) DeskBook) {
	for name, claim := range map[string]func(*testing.T, DeskBook){
		"PaperComesBackToItsOwnerOnly": paperComesBack,
		"FirstPaperStays":              paperStays,
		"KeyMakesOneSealing":           keyMakesOne,
		"JointComesBack":               jointComesBack,
		"OneOfManyChangesAJoint":       jointRace,
		"DraftIsTakenOnce":             draftOnce,
		"DraftIsItsCallersAndEnds":     draftEnds,
		"OneOfManyTakesADraft":         draftRace,
	} {
		t.Run(name, func(t *testing.T) { claim(t, open(t)) })
	}
}

func keyMakesOne(t *testing.T, b DeskBook) {
	ctx, first := t.Context(), filled[desk.Done](t)
	k := sealing.Idempotency{Caller: "c", Key: "k", Request: gm.Sum([]byte("request"))}
	if _, err := b.DoneBy(ctx, k); !errors.Is(err, desk.ErrNoDocument) {
		t.Errorf("before: %v", err)
	}
	second := first
	second.Document = gm.Sum([]byte("second"))
	for _, d := range []desk.Done{first, second} {
		if got, err := b.PutDone(ctx, k, d); err != nil || !cmp.Equal(got, first) {
			t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(first, got))
		}
	}
	other := k
	other.Request = gm.Sum([]byte("another"))
	if _, err := b.DoneBy(ctx, other); !errors.Is(err, sealing.ErrKeyReused) {
		t.Errorf("another request: %v", err)
	}
	other.Caller = "another"
	if _, err := b.DoneBy(ctx, other); !errors.Is(err, desk.ErrNoDocument) {
		t.Errorf("another caller: %v", err)
	}
}

func paperComesBack(t *testing.T, b DeskBook) {
	ctx, want := t.Context(), filled[desk.Paper](t)
	if err := b.PutPaper(ctx, want); err != nil {
		t.Fatal(err)
	}
	if got, err := b.PaperFor(ctx, want.Digest, want.Caller, ""); err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(want, got))
	}
	for _, who := range [][2]string{{"another", want.Office}, {"", want.Office}, {"", ""}, {want.Office, ""}, {"another", "another"}} {
		if _, err := b.PaperFor(ctx, want.Digest, who[0], who[1]); !errors.Is(err, desk.ErrNoDocument) {
			t.Errorf("PaperFor(%q) = %v, want ErrNoDocument", who, err)
		}
	}
	if _, err := b.PaperFor(ctx, gm.Sum([]byte("another")), want.Caller, want.Office); !errors.Is(err, desk.ErrNoDocument) {
		t.Errorf("of another document: %v", err)
	}
	shared := want
	shared.Caller = ""
	if err := b.PutPaper(ctx, shared); err != nil {
		t.Fatal(err)
	}
	if got, err := b.PaperFor(ctx, want.Digest, "another", want.Office); err != nil || !cmp.Equal(got, shared) {
		t.Errorf("shared with the office: %v (-want +got):\n%s", err, cmp.Diff(shared, got))
	}
	if got, err := b.PaperFor(ctx, want.Digest, want.Caller, want.Office); err != nil || got.Caller != want.Caller {
		t.Errorf("the caller's own is not preferred: %+v, %v", got, err)
	}
}

func paperStays(t *testing.T, b DeskBook) {
	ctx, want := t.Context(), filled[desk.Paper](t)
	again := want
	again.What, again.At, again.Report = "other", want.At.Add(time.Hour), nil
	for _, p := range []desk.Paper{want, again} {
		if err := b.PutPaper(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := b.PaperFor(ctx, want.Digest, want.Caller, want.Office); err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(want, got))
	}
	again.Caller = "another"
	if err := b.PutPaper(ctx, again); err != nil {
		t.Fatal(err)
	}
	if all, err := b.DocumentsAfter(ctx, gm.Digest{}, 10); err != nil || len(all) != 1 || all[0] != want.Digest {
		t.Errorf("a document of two callers is listed as %v, %v", all, err)
	}
	if rest, err := b.DocumentsAfter(ctx, want.Digest, 10); err != nil || len(rest) != 0 {
		t.Errorf("after the last: %v, %v", rest, err)
	}
}

func jointComesBack(t *testing.T, b DeskBook) {
	ctx, want := t.Context(), joint(t)
	if err := b.AddJoint(ctx, want); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Joint(ctx, want.ID); err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(want, got))
	}
	if err := b.AddJoint(ctx, want); err == nil {
		t.Error("a number was taken twice")
	}
	if _, err := b.Joint(ctx, "nothing"); !errors.Is(err, desk.ErrNoJoint) {
		t.Errorf("unknown = %v, want ErrNoJoint", err)
	}
	changed := want
	changed.Version, changed.State = want.Version+1, desk.JointGivenUp
	if err := b.ChangeJoint(ctx, changed); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Joint(ctx, want.ID); err != nil || !cmp.Equal(got, changed) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(changed, got))
	}
	for _, version := range []int64{want.Version, changed.Version, changed.Version + 2} {
		stale := want
		stale.Version = version
		if err := b.ChangeJoint(ctx, stale); !errors.Is(err, desk.ErrRaced) {
			t.Errorf("version %d after %d = %v, want ErrRaced", version, changed.Version, err)
		}
	}
	changed.ID = "nothing"
	if err := b.ChangeJoint(ctx, changed); !errors.Is(err, desk.ErrNoJoint) {
		t.Errorf("changing what is not there = %v, want ErrNoJoint", err)
	}
}

func joint(t *testing.T) desk.Joint {
	t.Helper()
	j := filled[desk.Joint](t)
	j.Version = 1
	return j
}

func jointRace(t *testing.T, b DeskBook) {
	ctx, j := t.Context(), joint(t)
	if err := b.AddJoint(ctx, j); err != nil {
		t.Fatal(err)
	}
	j.Version++
	if won := race(t, func() error { return b.ChangeJoint(ctx, j) }, desk.ErrRaced); won != 1 {
		t.Errorf("%d of 16 changed it, want 1", won)
	}
}

// race has 16 do the same at the same time; each wins or loses by name.
func race(t *testing.T, do func() error, lost error) int64 {
	t.Helper()
	var won atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			switch err := do(); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, lost):
				t.Errorf("the loser gets %v, want %v", err, lost)
			}
		})
	}
	all.Wait()
	return won.Load()
}

func draft(t *testing.T, b DeskBook) sealing.Draft {
	t.Helper()
	d := filled[sealing.Draft](t)
	d.Expires = d.At.Add(sealing.DraftLife)
	d.Remote.Base.Length = 1 << 40
	if err := b.PutDraft(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	return d
}

func draftOnce(t *testing.T, b DeskBook) {
	ctx, want := t.Context(), draft(t, b)
	if err := b.PutDraft(ctx, want); err == nil {
		t.Error("a number was taken twice")
	}
	if got, err := b.TakeDraft(ctx, want.ID, want.By, want.Expires); err != nil || !cmp.Equal(got, want) {
		t.Fatalf("%v (-want +got):\n%s", err, cmp.Diff(want, got))
	}
	for range 2 {
		if got, err := b.TakeDraft(ctx, want.ID, want.By, want.At); !errors.Is(err, sealing.ErrTaken) || got.ID != "" {
			t.Errorf("again = %v, %v, want ErrTaken", got.ID, err)
		}
	}
	later := want
	later.ID, later.At, later.Expires = "later", want.Expires.Add(time.Hour), want.Expires.Add(2*time.Hour)
	if err := b.PutDraft(ctx, later); err != nil {
		t.Fatal(err)
	}
	if _, err := b.TakeDraft(ctx, want.ID, want.By, later.At); !errors.Is(err, sealing.ErrTaken) {
		t.Errorf("long after = %v, want ErrTaken", err)
	}
}

func draftEnds(t *testing.T, b DeskBook) {
	ctx, d := t.Context(), draft(t, b)
	if _, err := b.TakeDraft(ctx, d.ID, "another", d.At); !errors.Is(err, sealing.ErrNoDraft) {
		t.Errorf("another caller = %v, want ErrNoDraft", err)
	}
	if _, err := b.TakeDraft(ctx, "nothing", d.By, d.At); !errors.Is(err, sealing.ErrNoDraft) {
		t.Errorf("unknown = %v, want ErrNoDraft", err)
	}
	if _, err := b.TakeDraft(ctx, d.ID, d.By, d.Expires.Add(time.Microsecond)); !errors.Is(err, sealing.ErrNoDraft) {
		t.Errorf("too late = %v, want ErrNoDraft", err)
	}
	if _, err := b.TakeDraft(ctx, d.ID, d.By, d.Expires); err != nil {
		t.Errorf("at its last moment, after others tried in vain: %v", err)
	}
}

func draftRace(t *testing.T, b DeskBook) {
	ctx, d := t.Context(), draft(t, b)
	won := race(t, func() error {
		_, err := b.TakeDraft(ctx, d.ID, d.By, d.At)
		return err
	}, sealing.ErrTaken)
	if won != 1 {
		t.Errorf("%d of 16 took it, want 1", won)
	}
}
