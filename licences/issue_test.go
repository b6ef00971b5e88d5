package licences_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yinzheng/internal/auth"
	"yinzheng/internal/codes"
	"yinzheng/internal/gm"
	"yinzheng/internal/receipt"
	"yinzheng/licences"
	"yinzheng/licences/licencestest"
	"yinzheng/sealing"
)

func TestIssueAcknowledgesWhatIsSealedAndAcceptedAndRunFinishesIt(t *testing.T) {
	h := newHouse(t)
	h.ledger.Eager = false
	l := h.issue(t, "one")
	stored, err := h.store.Licence(t.Context(), l.ID)
	if err != nil || cmp.Diff(stored, l) != "" || l.State != licences.Sealed {
		t.Fatalf("%v, stored and returned differ:\n%s", err, cmp.Diff(stored, l))
	}
	if r, err := h.ledger.Receipt(t.Context(), "licence", l.Document); err != nil || r.State != receipt.Accepted {
		t.Fatalf("receipt %+v, %v", r, err)
	}
	id, err := codes.ParseLicenceID(l.Identifier)
	if err != nil || id.Type != h.kind.Code || id.Issuer != h.by.Office || len(id.Serial) != 20 {
		t.Errorf("identifier %+v, %v", id, err)
	}
	run(t, h.Service)
	h.ledger.Log()
	l = h.reaches(t, l.ID, licences.Archived)
	c, p, err := h.archive.Read(t.Context(), l.Package)
	if err != nil {
		t.Fatal(err)
	}
	if p.Kind != "licence" || p.Subject != l.ID || len(c.Files) != 5 || gm.Sum(c.File(licences.DocumentFile).Data) != l.Document {
		t.Errorf("package %+v of %d files", p, len(c.Files))
	}
	if !bytes.Equal(c.File(licences.DataFile).Data, h.kind.Data(l).Encode()) {
		t.Error("licence.json differs from the data")
	}
	want := []string{"licence.issue.requested", "licence.issued"}
	if got := h.audit.Actions(l.ID); !slices.Equal(got, want) {
		t.Errorf("audit %v, want %v", got, want)
	}
	events, err := h.History(t.Context(), h.by, l.ID)
	if err != nil || len(events) != 4 {
		t.Errorf("history %v, %v", events, err)
	}
}

func TestRunHearsOfALicenceAtOnce(t *testing.T) {
	h := newHouse(t, func(c *licences.Config) { c.Sweep = time.Hour })
	run(t, h.Service)
	for n := range 5 {
		h.reaches(t, h.issue(t, fmt.Sprint(n)).ID, licences.Archived)
	}
}

func TestSameKeyMakesOneLicence(t *testing.T) {
	h := newHouse(t)
	first := h.issue(t, "one")
	r := h.request("one")
	var fields map[string]any
	if err := json.Unmarshal(r.Fields, &fields); err != nil {
		t.Fatal(err)
	}
	r.Fields, _ = json.MarshalIndent(fields, "", "\t") // names in another order
	again, err := h.Issue(t.Context(), h.by, r)
	if err != nil || cmp.Diff(first, again) != "" {
		t.Errorf("again: %v\n%s", err, cmp.Diff(first, again))
	}
	r.Matter = "另一事项"
	if _, err := h.Issue(t.Context(), h.by, r); !errors.Is(err, licences.ErrKeyReused) {
		t.Errorf("another request: %v", err)
	}
	other := h.by
	other.ID = "another-system"
	if l, err := h.Issue(t.Context(), other, h.request("one")); err != nil || l.ID == first.ID {
		t.Errorf("another caller: %v, %v", l.ID == first.ID, err)
	}
	if n := len(h.all(t)); n != 2 || h.sealer.Count() != 2 || h.ledger.Count() != 2 {
		t.Errorf("%d licences, %d sealed, %d accepted", n, h.sealer.Count(), h.ledger.Count())
	}
}

func TestManyAtOnceWithOneKeyMakeOneLicence(t *testing.T) {
	h := newHouse(t)
	services := []*licences.Service{h.Service, h.another(t)}
	run(t, services[0])
	run(t, services[1])
	var group sync.WaitGroup
	ids := make([]string, 12)
	for i := range ids {
		group.Go(func() {
			l, err := services[i%2].Issue(context.Background(), h.by, h.request("one"))
			if err != nil || l.State == licences.Issuing {
				t.Errorf("%v in state %s", err, l.State)
			}
			ids[i] = l.ID
		})
	}
	group.Wait()
	if slices.Sort(ids); ids[0] != ids[len(ids)-1] {
		t.Errorf("several licences: %v", ids)
	}
	h.reaches(t, ids[0], licences.Archived)
	if len(h.all(t)) != 1 || h.ledger.Count() != 1 {
		t.Errorf("%d licences, %d accepted", len(h.all(t)), h.ledger.Count())
	}
}

func TestWhoMayNotIssueIsDenied(t *testing.T) {
	h := newHouse(t)
	for name, spoil := range map[string]func(*auth.Caller){
		"nobody":       func(c *auth.Caller) { *c = auth.Caller{} },
		"not allowed":  func(c *auth.Caller) { c.Actions = []auth.Action{auth.ReadLicence} },
		"other kinds":  func(c *auth.Caller) { c.Kinds = []string{"another"} },
		"no office":    func(c *auth.Caller) { c.Office = "" },
		"no such kind": nil,
	} {
		by, r := h.by, h.request("one")
		if spoil != nil {
			spoil(&by)
		}
		if name == "no such kind" {
			by.Kinds, r.Kind = []string{h.kind.Code}, "11450000000000000X001"
		}
		if _, err := h.Issue(t.Context(), by, r); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(h.all(t)) != 0 {
		t.Error("something was stored")
	}
}

func TestRequestThatWillNotDoIsRefusedAndChangesNothing(t *testing.T) {
	h := newHouse(t)
	for want, spoil := range map[string]func(*licences.Request){
		licences.KeyRequired:   func(r *licences.Request) { r.Key = "" },
		licences.KeyLength:     func(r *licences.Request) { r.Key = strings.Repeat("k", 256) },
		licences.KindUnknown:   func(r *licences.Request) { r.Kind = "11450000000000000X001" },
		licences.FieldsNotJSON: func(r *licences.Request) { r.Fields = json.RawMessage(`{"a":`) },
		licences.FieldUnknown: func(r *licences.Request) {
			r.Fields = json.RawMessage(strings.Replace(string(r.Fields), "{", `{"no_such_field":1,`, 1))
		},
		licences.DateInvalid:  func(r *licences.Request) { r.ValidFrom = "2026-02-30" },
		licences.DateOrder:    func(r *licences.Request) { r.ValidFrom, r.ValidTo = "2026-02-28", "2025-02-28" },
		licences.HolderType:   func(r *licences.Request) { r.Holder.CodeType = "118" },
		licences.GlyphMissing: func(r *licences.Request) { r.Holder.Name = "示例ก食品有限公司" },
	} {
		r := h.request("one")
		spoil(&r)
		_, err := h.Issue(t.Context(), h.by, r)
		var refused licences.Refusals
		if !errors.As(err, &refused) || !slices.ContainsFunc(refused, func(one licences.Refusal) bool { return one.Code == want }) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if len(h.all(t)) != 0 || h.sealer.Count() != 0 || h.ledger.Count() != 0 {
		t.Error("something was stored")
	}
}

func TestServiceNumbersWhatTheRequestDoesNot(t *testing.T) {
	h := newHouse(t)
	seen := map[string]bool{}
	for i := range 3 {
		r := h.request(fmt.Sprint(i))
		r.Number = ""
		l, err := h.Issue(t.Context(), h.by, r)
		if err != nil {
			t.Fatal(err)
		}
		if l.Number == "" || seen[l.Number] {
			t.Errorf("number %q", l.Number)
		}
		seen[l.Number] = true
	}
}

// lying is a sealer that returns another document than it was given.
type lying struct{ licences.Sealer }

func (s lying) Seal(ctx context.Context, r sealing.Request) (*sealing.Sealed, error) {
	r.Document = append([]byte("%"), r.Document...)
	return s.Sealer.Seal(ctx, r)
}

// unsealing is a sealer that appends something that is no seal.
type unsealing struct{}

func (unsealing) Seal(_ context.Context, r sealing.Request) (*sealing.Sealed, error) {
	b := append(bytes.Clone(r.Document), "nothing"...)
	return &sealing.Sealed{Document: b, Digest: gm.Sum(b)}, nil
}

func TestSealThatDoesNotVerifyIsNeverKept(t *testing.T) {
	for name, sealer := range map[string]licences.Sealer{"another document": lying{&licencestest.Sealer{Now: new(clock).now}}, "no seal": unsealing{}} {
		h := newHouse(t, func(c *licences.Config) { c.Sealer = sealer })
		if _, err := h.Issue(t.Context(), h.by, h.request("one")); !errors.Is(err, licences.ErrOwnSeal) {
			t.Errorf("%s: %v", name, err)
		}
		if all := h.all(t); len(all) != 1 || all[0].State != licences.Issuing || !all[0].Document.IsZero() || h.ledger.Count() != 0 {
			t.Errorf("%s: %+v", name, all)
		}
	}
}

func TestFaceThatIsNoLongerTheSameIsNotSealed(t *testing.T) {
	fault := &licencestest.Fault{Point: "seal"}
	h := newHouse(t)
	h.config.Sealer = licencestest.FaultySealer{Sealer: h.sealer, Fault: fault}
	if _, err := h.another(t).Issue(t.Context(), h.by, h.request("one")); !errors.Is(err, licencestest.ErrFault) {
		t.Fatal(err)
	}
	h.config.CheckURL = "https://elsewhere.test/c/"
	if _, err := h.another(t).Issue(t.Context(), h.by, h.request("one")); !errors.Is(err, licences.ErrFace) {
		t.Errorf("elsewhere: %v", err)
	}
	if h.sealer.Count() != 0 {
		t.Error("it was sealed")
	}
	if l := h.issue(t, "one"); l.State != licences.Sealed { // the first service has the right address
		t.Errorf("state %s", l.State)
	}
}
