package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yinzheng/archive"
	"yinzheng/internal/audit"
	"yinzheng/internal/auth"
	"yinzheng/internal/gm"
)

// Archive runs the contract of archive.Index; open returns an empty one.
func Archive(t *testing.T, open func(t *testing.T) archive.Index) {
	t.Run("PackageIsRecordedOnce", func(t *testing.T) { packageOnce(t, open(t)) })
	t.Run("PagesCoverEverythingInOrder", func(t *testing.T) { packagePages(t, open(t)) })
}

func packageOnce(t *testing.T, x archive.Index) {
	ctx, want := t.Context(), filled[archive.Package](t)
	for range 2 {
		if err := x.PutPackage(ctx, want); err != nil {
			t.Fatal(err)
		}
	}
	other := want
	other.Content = gm.Sum([]byte("other"))
	if err := x.PutPackage(ctx, other); !errors.Is(err, archive.ErrConflict) {
		t.Errorf("other content = %v, want ErrConflict", err)
	}
	if got, err := x.Package(ctx, want.ID); err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(want, got))
	}
	if _, err := x.Package(ctx, "nothing"); !errors.Is(err, archive.ErrNoPackage) {
		t.Errorf("unknown = %v, want ErrNoPackage", err)
	}
}

func packagePages(t *testing.T, x archive.Index) {
	var want, got []string
	for n := range 7 {
		p := archive.Package{ID: fmt.Sprintf("pkg%03d", (n*3)%7), Content: gm.Sum([]byte{byte(n)}), Deposited: noon()}
		if err := x.PutPackage(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		want = append(want, p.ID)
	}
	slices.Sort(want)
	for after := ""; ; after = got[len(got)-1] {
		page, err := x.Packages(t.Context(), after, 3)
		if err != nil || len(page) > 3 {
			t.Fatalf("a page of %d, %v", len(page), err)
		}
		if len(page) == 0 {
			break
		}
		for _, p := range page {
			got = append(got, p.ID)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages have %v, want %v", got, want)
	}
}

// Audit runs the contract of audit.Log; open returns an empty one.
func Audit(t *testing.T, open func(t *testing.T) audit.Log) {
	t.Run("EntriesAreChainedAndComeBack", func(t *testing.T) { auditChained(t, open(t)) })
	t.Run("ManyAppendAtOnceWithoutAGap", func(t *testing.T) { auditRace(t, open(t)) })
}

func auditChained(t *testing.T, log audit.Log) {
	ctx := t.Context()
	var previous gm.Digest
	var want []audit.Entry
	if err := audit.Verify(ctx, log); err != nil {
		t.Errorf("an empty record: %v", err)
	}
	for n := range int64(5) {
		e := filled[audit.Entry](t)
		e.Object = fmt.Sprint("object ", n)
		e.At = e.At.Add(999 * time.Nanosecond).In(time.FixedZone("UTC+8", 8*3600)) // finer than is kept, and not UTC
		got, err := log.Append(ctx, e)
		if err != nil {
			t.Fatal(err)
		}
		if got.Sequence != n+1 || got.Hash != got.Chain(previous) {
			t.Errorf("entry %d is not chained: %+v", n+1, got)
		}
		if got.At.Location() != time.UTC || !got.At.Equal(e.At.Truncate(time.Microsecond)) {
			t.Errorf("entry %d is of %s, want %s", n+1, got.At, e.At)
		}
		previous, want = got.Hash, append(want, got)
	}
	if err := audit.Verify(ctx, log); err != nil {
		t.Error(err)
	}
	for after, length := range map[int64]int{0: 3, 3: 2, 5: 0} {
		got, err := log.Entries(ctx, after, 3)
		if err != nil || len(got) != length || length > 0 && !cmp.Equal(got, want[after:int(after)+length]) {
			t.Errorf("Entries(%d, 3) = %d entries, %v", after, len(got), err)
		}
	}
}

func auditRace(t *testing.T, log audit.Log) {
	const callers, each = 16, 8
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := range each {
				e := audit.Entry{At: noon(), Caller: fmt.Sprint(c), Action: "a", Object: fmt.Sprint(i)}
				if _, err := log.Append(context.WithoutCancel(t.Context()), e); err != nil {
					t.Errorf("Append: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if err := audit.Verify(t.Context(), log); err != nil {
		t.Error(err)
	}
	if all, err := log.Entries(t.Context(), 0, 1000); err != nil || len(all) != callers*each {
		t.Errorf("%d entries, %v; want %d", len(all), err, callers*each)
	}
}

// CallerBook is a book of credentials that can be read as a whole.
type CallerBook interface {
	auth.Credentials
	// Callers returns every caller by ID and then by credential, once for each credential.
	Callers(ctx context.Context) ([]auth.Caller, error)
}

// Credentials runs the contract of auth.Credentials and of its list; open returns an empty one.
func Credentials(t *testing.T, open func(t *testing.T) CallerBook) {
	t.Run("CallersAreListedOnceForEachCredential", func(t *testing.T) {
		ctx, b := t.Context(), open(t)
		if got, err := b.Callers(ctx); err != nil || len(got) != 0 {
			t.Errorf("an empty book lists %v, %v", got, err)
		}
		first := filled[auth.Caller](t)
		first.ID = "a"
		put := func(key string, c auth.Caller) {
			t.Helper()
			if err := b.PutCaller(ctx, gm.Sum([]byte(key)), c); err != nil {
				t.Fatal(err)
			}
		}
		put("3", auth.Caller{ID: "c"})
		put("1", auth.Caller{ID: "replaced"})
		put("1", first)
		put("2", auth.Caller{ID: "c"})
		want := []auth.Caller{first, {ID: "c"}, {ID: "c"}}
		if got, err := b.Callers(ctx); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(want, got))
		}
	})
	t.Run("CallerIsFoundByTheDigestOfItsKey", func(t *testing.T) {
		ctx, b, key := t.Context(), open(t), gm.Sum([]byte("key"))
		if _, err := b.CallerOf(ctx, key); !errors.Is(err, auth.ErrNoCaller) {
			t.Errorf("unknown = %v, want ErrNoCaller", err)
		}
		for _, want := range []auth.Caller{filled[auth.Caller](t), {ID: "another"}} {
			if err := b.PutCaller(ctx, key, want); err != nil {
				t.Fatal(err)
			}
			if got, err := b.CallerOf(ctx, key); err != nil || !cmp.Equal(got, want) {
				t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(want, got))
			}
		}
	})
	t.Run("NobodyHasNoKey", func(t *testing.T) {
		ctx, b := t.Context(), open(t)
		if err := b.PutCaller(ctx, gm.Digest{}, auth.Caller{ID: "x"}); err == nil {
			t.Error("a caller was stored without a key")
		}
		if err := b.PutCaller(ctx, gm.Sum(nil), auth.Caller{}); err == nil {
			t.Error("a caller was stored without an ID")
		}
		if _, err := b.CallerOf(ctx, gm.Digest{}); !errors.Is(err, auth.ErrNoCaller) {
			t.Errorf("no key = %v, want ErrNoCaller", err)
		}
	})
}
