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
	"yinzheng/licences"
)

// LicenceBook is everything a store of licences does.
type LicenceBook interface {
	licences.Store
	licences.Register
	licences.Lists
}

// Licences runs the contract of licences.Store, Register and Lists; open returns an empty book.
func Licences(t *testing.T, open func(t *testing.T) LicenceBook) {
	for name, claim := range map[string]func(*testing.T, LicenceBook){
		"EveryFieldComesBack":             licenceComesBack,
		"UnknownIsErrNoLicence":           licenceUnknown,
		"SameKeyMakesOneLicence":          licenceKey,
		"NoKeyNeverCollides":              licenceNoKey,
		"TakenIdentifierIsErrTaken":       licenceTaken,
		"AdvanceWalksForwardOnly":         licenceAdvance,
		"AdvanceHasExactlyOneWinner":      licenceOneWinner,
		"PendingIsOldestFirst":            licencePending,
		"StatusIsComparedAndSwapped":      licenceStatus,
		"HistoryIsWrittenByEveryChange":   licenceHistory,
		"PagesCoverEverythingInOrder":     licencePages,
		"ManyCreateAtOnceWithOneKey":      licenceKeyRace,
		"ManyCreateAtOnceAndAllAreStored": licenceManyAtOnce,
	} {
		t.Run(name, func(t *testing.T) { claim(t, open(t)) })
	}
}

// sample returns the n-th licence of a series whose IDs are in order.
func sample(n int) licences.Licence {
	return licences.Licence{ID: fmt.Sprintf("lic%06d", n), Identifier: fmt.Sprintf("1.2.156.3005.2.%d", n),
		CheckCode: fmt.Sprintf("check%d", n), Kind: "20", Number: fmt.Sprintf("JY%08d", n), Caller: "approval-system",
		Key: fmt.Sprintf("key-%d", n), RequestSM3: gm.Sum([]byte{byte(n), byte(n >> 8)}), Face: gm.Sum([]byte("face")),
		Holder: licences.Holder{Name: "南宁示例食品有限公司"}, Fields: []byte(`{"a":1}`), State: licences.Issuing,
		Status: licences.InForce, StatusAt: noon(), Created: noon().Add(time.Duration(n) * time.Second),
		Updated: noon().Add(time.Duration(n) * time.Second)}
}

func create(t *testing.T, b licences.Store, n int) licences.Licence {
	t.Helper()
	l, err := b.Create(t.Context(), sample(n))
	if err != nil {
		t.Fatalf("Create: %v", err)
	}
	return l
}

func licenceComesBack(t *testing.T, b LicenceBook) {
	want := filled[licences.Licence](t)
	want.State = licences.Issuing
	made, err := b.Create(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("Create returned another licence (-want +got):\n%s", diff)
	}
	for name, read := range map[string]func() (licences.Licence, error){
		"Licence":      func() (licences.Licence, error) { return b.Licence(t.Context(), want.ID) },
		"ByIdentifier": func() (licences.Licence, error) { return b.ByIdentifier(t.Context(), want.Identifier) },
		"ByCheckCode":  func() (licences.Licence, error) { return b.ByCheckCode(t.Context(), want.CheckCode) },
	} {
		got, err := read()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	least := licences.Licence{ID: "least", Identifier: "least", CheckCode: "least", State: licences.Issuing}
	if _, err := b.Create(t.Context(), least); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Licence(t.Context(), "least"); err != nil || !cmp.Equal(got, least) {
		t.Errorf("an almost empty licence came back so: %v\n%s", err, cmp.Diff(least, got))
	}
}

func licenceUnknown(t *testing.T, b LicenceBook) {
	create(t, b, 1)
	ctx := t.Context()
	_, byID := b.Licence(ctx, "nobody")
	_, byIdentifier := b.ByIdentifier(ctx, "")
	_, byCode := b.ByCheckCode(ctx, "check1 ")
	_, history := b.History(ctx, "nobody")
	for name, err := range map[string]error{"Licence": byID, "ByIdentifier": byIdentifier, "ByCheckCode": byCode,
		"History":   history,
		"Advance":   b.Advance(ctx, "nobody", licences.Sealed, licences.Anchored, licences.Patch{At: noon()}),
		"SetStatus": b.SetStatus(ctx, "nobody", licences.InForce, licences.Revoked, "", noon(), "x")} {
		if !errors.Is(err, licences.ErrNoLicence) {
			t.Errorf("%s = %v, want ErrNoLicence", name, err)
		}
	}
}

func licenceKey(t *testing.T, b LicenceBook) {
	first := create(t, b, 1)
	again := sample(2)
	again.Key, again.RequestSM3 = first.Key, first.RequestSM3
	got, err := b.Create(t.Context(), again)
	if !errors.Is(err, licences.ErrExists) || got.ID != first.ID {
		t.Errorf("the same request again = %s, %v; want the first with ErrExists", got.ID, err)
	}
	again.RequestSM3 = gm.Sum([]byte("other"))
	if got, err := b.Create(t.Context(), again); !errors.Is(err, licences.ErrKeyReused) || got.ID != "" {
		t.Errorf("another request with the key = %q, %v; want ErrKeyReused and no licence", got.ID, err)
	}
	again.Identifier, again.CheckCode = first.Identifier, first.CheckCode
	if _, err := b.Create(t.Context(), again); !errors.Is(err, licences.ErrKeyReused) {
		t.Errorf("a used key and a taken identifier = %v, want ErrKeyReused", err)
	}
	again = sample(2)
	again.Key, again.Caller = first.Key, "another-system"
	if _, err := b.Create(t.Context(), again); err != nil {
		t.Errorf("the key of another caller: %v", err)
	}
	if err := b.Advance(t.Context(), first.ID, licences.Issuing, licences.Sealed,
		licences.Patch{Document: gm.Sum([]byte("doc")), At: noon()}); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Create(t.Context(), sample(1)); !errors.Is(err, licences.ErrExists) || got.State != licences.Sealed {
		t.Errorf("the same request after sealing = %s, %v; want the licence as it is now", got.State, err)
	}
}

func licenceNoKey(t *testing.T, b LicenceBook) {
	for n := range 3 {
		l := sample(n)
		l.Key = ""
		if _, err := b.Create(t.Context(), l); err != nil {
			t.Errorf("licence %d without a key: %v", n, err)
		}
	}
}

func licenceTaken(t *testing.T, b LicenceBook) {
	first := create(t, b, 1)
	for name, take := range map[string]func(*licences.Licence){
		"identifier": func(l *licences.Licence) { l.Identifier = first.Identifier },
		"check code": func(l *licences.Licence) { l.CheckCode = first.CheckCode },
		"ID":         func(l *licences.Licence) { l.ID = first.ID },
	} {
		l := sample(2)
		take(&l)
		if _, err := b.Create(t.Context(), l); !errors.Is(err, licences.ErrTaken) {
			t.Errorf("a taken %s = %v, want ErrTaken", name, err)
		}
	}
	if _, err := b.Licence(t.Context(), sample(2).ID); !errors.Is(err, licences.ErrNoLicence) {
		t.Errorf("a refused licence is there: %v", err)
	}
	if got, err := b.Licence(t.Context(), first.ID); err != nil || !cmp.Equal(got, first) {
		t.Errorf("the first licence changed: %v\n%s", err, cmp.Diff(first, got))
	}
}

func licenceAdvance(t *testing.T, b LicenceBook) {
	l, ctx := create(t, b, 1), t.Context()
	doc, at := gm.Sum([]byte("doc")), noon().Add(time.Hour)
	patch := licences.Patch{Document: doc, Package: "pkg-1", At: at}
	order := []licences.State{licences.Issuing, licences.Sealed, licences.Anchored, licences.Archived}
	for i, from := range order {
		for j, to := range order {
			if j == i+1 {
				continue
			}
			if err := b.Advance(ctx, l.ID, from, to, patch); err == nil {
				t.Errorf("advanced from %s to %s", from, to)
			}
		}
	}
	if err := b.Advance(ctx, l.ID, licences.Issuing, licences.Sealed, licences.Patch{At: at}); err == nil {
		t.Error("sealed without a document")
	}
	for i, from := range order[:3] {
		to := order[i+1]
		if err := b.Advance(ctx, l.ID, from, to, patch); err != nil {
			t.Fatalf("from %s to %s: %v", from, to, err)
		}
		if err := b.Advance(ctx, l.ID, from, to, patch); !errors.Is(err, licences.ErrMoved) {
			t.Errorf("from %s to %s again = %v, want ErrMoved", from, to, err)
		}
		want := l
		want.State, want.Updated, want.Document = to, at, doc
		if to == licences.Archived {
			want.Package = "pkg-1"
		}
		if got, err := b.Licence(ctx, l.ID); err != nil || !cmp.Equal(got, want) {
			t.Errorf("after %s: %v (-want +got):\n%s", to, err, cmp.Diff(want, got))
		}
	}
}

func licenceOneWinner(t *testing.T, b LicenceBook) {
	const rounds, callers = 5, 16
	for n := range rounds {
		l := create(t, b, n)
		var won, lost atomic.Int32
		var wg sync.WaitGroup
		for c := range callers {
			wg.Go(func() {
				err := b.Advance(t.Context(), l.ID, licences.Issuing, licences.Sealed,
					licences.Patch{Document: gm.Sum([]byte{byte(c)}), At: noon()})
				switch {
				case err == nil:
					won.Add(1)
				case errors.Is(err, licences.ErrMoved):
					lost.Add(1)
				default:
					t.Errorf("Advance: %v", err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || lost.Load() != callers-1 {
			t.Errorf("%d won and %d lost of %d", won.Load(), lost.Load(), callers)
		}
		if events, err := b.History(t.Context(), l.ID); err != nil || len(events) != 2 {
			t.Errorf("history has %d lines, %v; want 2", len(events), err)
		}
	}
}

func licencePending(t *testing.T, b LicenceBook) {
	for _, n := range []int{3, 1, 2, 5, 4} {
		create(t, b, n)
	}
	patch := licences.Patch{Document: gm.Sum([]byte("doc")), Package: "p", At: noon()}
	advance(t, b, sample(2).ID, patch, licences.Issuing, licences.Sealed, licences.Anchored, licences.Archived)
	advance(t, b, sample(3).ID, patch, licences.Issuing, licences.Sealed, licences.Anchored)
	for n, want := range map[int][]string{10: ids(1, 3, 4, 5), 2: ids(1, 3), 0: nil} {
		got, err := b.Pending(t.Context(), n)
		if err != nil || !slices.Equal(idsOf(got), want) {
			t.Errorf("Pending(%d) = %v, %v; want %v", n, idsOf(got), err, want)
		}
	}
}

func advance(t *testing.T, b licences.Store, id string, p licences.Patch, path ...licences.State) {
	t.Helper()
	for i := range len(path) - 1 {
		if err := b.Advance(t.Context(), id, path[i], path[i+1], p); err != nil {
			t.Fatal(err)
		}
	}
}

func ids(numbers ...int) []string {
	var out []string
	for _, n := range numbers {
		out = append(out, sample(n).ID)
	}
	return out
}

func idsOf(ls []licences.Licence) []string {
	var out []string
	for _, l := range ls {
		out = append(out, l.ID)
	}
	return out
}
