package licences_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"yinzheng/archive"
	"yinzheng/internal/auth"
	"yinzheng/licences"
	"yinzheng/licences/licencestest"
)

// house is a service with everything in memory.
type house struct {
	*licences.Service
	config  licences.Config
	store   *licencestest.Store
	sealer  *licencestest.Sealer
	ledger  *licencestest.Ledger
	content *licencestest.Content
	archive *archive.Archive
	audit   *licencestest.Audit
	clock   *clock
	kind    *licences.Kind
	by      auth.Caller
}

// clock stands still until it is set.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = t
}

// food is 食品经营许可证 among the built-in kinds.
const food = "食品经营许可证"

func kindNamed(t testing.TB, kinds *licences.Catalogue, name string) *licences.Kind {
	t.Helper()
	for _, k := range kinds.All() {
		if k.Name == name {
			return k
		}
	}
	t.Fatalf("no kind %s", name)
	return nil
}

// newHouse builds a service over fakes; change may change its configuration.
func newHouse(t testing.TB, change ...func(*licences.Config)) *house {
	t.Helper()
	kinds, err := licences.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	h := &house{
		store: licencestest.NewStore(), ledger: licencestest.NewLedger(true), content: licencestest.NewContent(),
		audit: &licencestest.Audit{}, clock: &clock{t: time.Date(2026, 11, 22, 1, 2, 3, 456789000, time.UTC)}, kind: kindNamed(t, kinds, food),
	}
	office := h.kind.Examples[0].Issuer
	h.sealer = &licencestest.Sealer{Owner: office.Name, Now: h.clock.now}
	h.archive = archive.New(archive.Config{Blobs: h.content, Index: h.content, Now: h.clock.now})
	h.by = auth.Caller{ID: "example-system", Office: office.Code, Actions: []auth.Action{auth.IssueLicence, auth.ReadLicence, auth.ChangeLicence, auth.PresentOwn}}
	h.config = licences.Config{
		Kinds: kinds, Store: h.store, Register: h.store, Presentations: h.store, Numbers: h.store, Seals: h.sealer, Sealer: h.sealer,
		Ledger: h.ledger, Blobs: h.content, Archive: h.archive, Audit: h.audit, Judge: licencestest.Judge,
		CheckURL: "https://example.test/c/", Region: "450000", Now: h.clock.now, Sweep: 20 * time.Millisecond,
	}
	for _, c := range change {
		c(&h.config)
	}
	h.Service = h.another(t)
	return h
}

// another is a second service on the same parts, as another process would be.
func (h *house) another(t testing.TB) *licences.Service {
	t.Helper()
	s, err := licences.New(h.config)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// request asks for the kind's example under a key.
func (h *house) request(key string) licences.Request {
	e := h.kind.Examples[0]
	return licences.Request{
		Kind: h.kind.Code, Number: e.Number, Holder: e.Holder, Fields: append(json.RawMessage(nil), e.Fields...), IssuedOn: e.IssuedOn,
		ValidFrom: e.ValidFrom, ValidTo: e.ValidTo, Matter: "示例事项", Case: "示例办件", Key: key,
	}
}

// run runs a service until the test ends.
func run(t testing.TB, s *licences.Service) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func (h *house) issue(t testing.TB, key string) licences.Licence {
	t.Helper()
	l, err := h.Issue(t.Context(), h.by, h.request(key))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// all returns every licence there is.
func (h *house) all(t testing.TB) []licences.Licence {
	t.Helper()
	all, err := h.store.Licences(t.Context(), "", 10_000)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// reaches waits until the licence has come to a state.
func (h *house) reaches(t testing.TB, id string, state licences.State) licences.Licence {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for ; ctx.Err() == nil; time.Sleep(time.Millisecond) {
		l, err := h.store.Licence(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if l.State == state {
			return l
		}
	}
	t.Fatalf("%s has not become %s", id, state)
	return licences.Licence{}
}
