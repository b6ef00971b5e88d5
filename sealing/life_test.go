package sealing_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yinzheng/ca"
	"yinzheng/internal/auth"
	"yinzheng/internal/ses"
	"yinzheng/internal/store"
	"yinzheng/sealing"
)

var (
	applicant = auth.Caller{ID: "applicant", Office: officeCode, Actions: []auth.Action{auth.ApplySeal}}
	approver  = auth.Caller{ID: "approver", Actions: []auth.Action{auth.DecideSeal}}
	maker     = auth.Caller{ID: "maker", Actions: []auth.Action{auth.MakeSeal}}
	user      = auth.Caller{ID: "user", Office: officeCode, Actions: []auth.Action{auth.UseSeal}}
	all       = []auth.Action{auth.ApplySeal, auth.DecideSeal, auth.MakeSeal, auth.UseSeal}
)

var numbers atomic.Int64 // the region is shared: no number comes twice

// register is a life over a real register, with a CA that can be down.
type register struct {
	*sealing.Life
	t       *testing.T
	db      *store.DB
	now     time.Time
	down    error // of the CA
	revoked map[string]bool
}

func newRegister(t *testing.T) *register {
	t.Helper()
	h, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), store.Config{URL: filepath.Join(t.TempDir(), "books.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	r := &register{t: t, db: db, now: start.Add(time.Hour), revoked: map[string]bool{}}
	clock := func() time.Time { return r.now }
	id := h.region.SealMaker()
	m, err := sealing.NewMaker(sealing.MakerConfig{Certificate: id.Certificate, Key: id.Key, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	r.Life, err = sealing.NewLife(sealing.LifeConfig{
		Register: db, Audit: db, Maker: m, Now: clock,
		Number: func(context.Context) (string, error) { return h.region.SealNumber(int(1000 + numbers.Add(1))) },
		Certify: func(ctx context.Context, s sealing.Record) ([]byte, error) {
			identity, err := h.region.Enrol(ctx, ca.Office{Name: s.Owner, Code: s.Office, Seal: s.ID})
			return identity.Certificate, err
		},
		Revoke: func(_ context.Context, cert []byte, compromised bool) error {
			if r.down == nil {
				r.revoked[string(cert)] = compromised
			}
			return r.down
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// picture is drawn once for the many seals of these tests.
var picture = sync.OnceValues(func() ([]byte, error) { return sealing.DrawSeal(officeName, lineText) })

func (r *register) apply() string {
	r.t.Helper()
	drawn, err := picture()
	if err != nil {
		r.t.Fatal(err)
	}
	s, err := r.Apply(r.t.Context(), applicant, sealing.Application{Office: officeCode, Owner: officeName, Look: sealing.Look{Line: lineText, Picture: drawn}, Why: "needed"})
	if err != nil {
		r.t.Fatal(err)
	}
	return s.ID
}

// acts are what moves a seal, each by who may.
func (r *register) acts(id string) map[sealing.SealState]func() (sealing.Record, error) {
	ctx := r.t.Context()
	return map[sealing.SealState]func() (sealing.Record, error){
		sealing.SealApproved:  func() (sealing.Record, error) { return r.Approve(ctx, approver, id, "w") },
		sealing.SealMade:      func() (sealing.Record, error) { return r.Make(ctx, maker, id) },
		sealing.SealRecorded:  func() (sealing.Record, error) { return r.Record(ctx, maker, id, "f"+id) },
		sealing.SealActive:    func() (sealing.Record, error) { return r.Activate(ctx, approver, id, "w") },
		sealing.SealSuspended: func() (sealing.Record, error) { return r.Suspend(ctx, approver, id, "w") },
		sealing.SealCancelled: func() (sealing.Record, error) { return r.Cancel(ctx, approver, id, "w") },
		sealing.SealLost:      func() (sealing.Record, error) { return r.Lose(ctx, approver, id, "w") },
	}
}

// road is how each state is reached from an application.
func road(to sealing.SealState) []sealing.SealState {
	forward := []sealing.SealState{sealing.SealApproved, sealing.SealMade, sealing.SealRecorded, sealing.SealActive}
	for i, s := range forward {
		if s == to {
			return forward[:i+1]
		}
	}
	if to == sealing.SealApplied {
		return nil
	}
	if to == sealing.SealExpired {
		return forward
	}
	return append(forward, to)
}

// at brings a new seal to a state.
func (r *register) at(to sealing.SealState) sealing.Record {
	r.t.Helper()
	id := r.apply()
	for _, s := range road(to) {
		if got, err := r.acts(id)[s](); err != nil || got.State != s {
			r.t.Fatalf("on the way to %s: %s, %v", to, got.State, err)
		}
	}
	if to == sealing.SealExpired {
		before := r.now
		r.now = r.now.AddDate(20, 0, 0)
		if _, err := r.Sweep(r.t.Context()); err != nil {
			r.t.Fatal(err)
		}
		r.now = before
	}
	s, err := r.db.Seal(r.t.Context(), id)
	if err != nil || s.State != to {
		r.t.Fatalf("at %s, want %s: %v", s.State, to, err)
	}
	return s
}

func TestOnlyTheTransitionsOfTheTableHappen(t *testing.T) {
	r := newRegister(t)
	allowed := map[sealing.SealState]string{ // written out: a slip in the code's own table is seen
		sealing.SealApplied: "approved cancelled", sealing.SealApproved: "made cancelled", sealing.SealMade: "recorded cancelled lost",
		sealing.SealRecorded: "active cancelled lost", sealing.SealActive: "suspended cancelled lost", sealing.SealSuspended: "cancelled lost",
		sealing.SealCancelled: "", sealing.SealLost: "", sealing.SealExpired: "",
	}
	for _, from := range sealing.States() {
		for to := range r.acts("") {
			s := r.at(from)
			history, err := r.db.SealEvents(t.Context(), s.ID, 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.acts(s.ID)[to]()
			after, err2 := r.db.Seal(t.Context(), s.ID)
			lines, err3 := r.db.SealEvents(t.Context(), s.ID, 0, 100)
			if errors.Join(err2, err3) != nil {
				t.Fatal(errors.Join(err2, err3))
			}
			if bytes.Contains([]byte(" "+allowed[from]+" "), []byte(" "+string(to)+" ")) {
				if err != nil || got.State != to || after.State != to || len(lines) <= len(history) {
					t.Errorf("from %s to %s: %s, %v", from, to, after.State, err)
				}
				continue
			}
			if !errors.Is(err, sealing.ErrTransition) || after.State != from || len(lines) != len(history) {
				t.Errorf("from %s to %s: %s, %d lines more, %v; want ErrTransition and nothing changed", from, to, after.State, len(lines)-len(history), err)
			}
		}
		s := r.at(from)
		if _, err := r.Resume(t.Context(), approver, s.ID, "w"); (err == nil) != (from == sealing.SealSuspended) {
			t.Errorf("resuming from %s: %v", from, err)
		}
	}
	for _, from := range sealing.States() {
		for _, to := range sealing.States() {
			want := bytes.Contains([]byte(" "+allowed[from]+" "), []byte(" "+string(to)+" ")) ||
				from == sealing.SealSuspended && to == sealing.SealActive ||
				to == sealing.SealExpired && (from == sealing.SealMade || from == sealing.SealRecorded || from == sealing.SealActive || from == sealing.SealSuspended)
			if sealing.Leads(from, to) != want {
				t.Errorf("Leads(%s, %s) = %v", from, to, !want)
			}
		}
	}
}

func TestApplicantApproverAndMakerAreThreePeople(t *testing.T) {
	r := newRegister(t)
	everybody := func(id string) auth.Caller { return auth.Caller{ID: id, Actions: all} }
	for _, twin := range []string{"applicant", "Applicant", " applicant "} {
		id := r.apply()
		if _, err := r.Approve(t.Context(), everybody(twin), id, "w"); !errors.Is(err, sealing.ErrSamePerson) {
			t.Errorf("%q approves their own application: %v", twin, err)
		}
		if _, err := r.Approve(t.Context(), approver, id, "w"); err != nil {
			t.Fatal(err)
		}
		for _, who := range []string{twin, "approver", "APPROVER"} {
			if _, err := r.Make(t.Context(), everybody(who), id); !errors.Is(err, sealing.ErrSamePerson) {
				t.Errorf("%q makes it: %v", who, err)
			}
		}
		if s, err := r.Make(t.Context(), maker, id); err != nil || s.Applicant != "applicant" || s.Approver != "approver" || s.Maker != "maker" {
			t.Errorf("%+v, %v", s, err)
		}
	}
	entries, err := r.db.Entries(t.Context(), 0, 1000)
	refused := 0
	for _, e := range entries {
		if e.Action == "seal.refused" {
			refused++
		}
	}
	if err != nil || refused != 12 {
		t.Errorf("%d tries on record, %v; want 12", refused, err)
	}
}

func TestEveryActNeedsItsRight(t *testing.T) {
	r := newRegister(t)
	ctx := t.Context()
	rights := map[string]auth.Action{"approve": auth.DecideSeal, "make": auth.MakeSeal, "record": auth.MakeSeal, "activate": auth.DecideSeal,
		"resume": auth.DecideSeal, "cancel": auth.DecideSeal, "authorise": auth.DecideSeal, "withdraw": auth.DecideSeal, "apply": auth.ApplySeal}
	s := r.at(sealing.SealActive)
	for name, right := range rights {
		var but []auth.Action
		for _, a := range auth.Actions() {
			if a != right {
				but = append(but, a)
			}
		}
		by := auth.Caller{ID: "x", Actions: but}
		var err error
		switch name {
		case "approve":
			_, err = r.Approve(ctx, by, s.ID, "w")
		case "make":
			_, err = r.Make(ctx, by, s.ID)
		case "record":
			_, err = r.Record(ctx, by, s.ID, "f")
		case "activate":
			_, err = r.Activate(ctx, by, s.ID, "w")
		case "resume":
			_, err = r.Resume(ctx, by, s.ID, "w")
		case "cancel":
			_, err = r.Cancel(ctx, by, s.ID, "w")
		case "authorise":
			_, err = r.Authorise(ctx, by, sealing.Authorisation{Seal: s.ID, Matter: "*", Office: officeCode, To: r.now.Add(time.Hour), Why: "w"}, "")
		case "withdraw":
			err = r.Withdraw(ctx, by, s.ID, 1, "w")
		case "apply":
			_, err = r.Apply(ctx, by, sealing.Application{Office: officeCode, Owner: officeName, Why: "w"})
		}
		if !errors.Is(err, auth.ErrDenied) {
			t.Errorf("%s without %s: %v", name, right, err)
		}
	}
	stranger := auth.Caller{ID: "y", Office: "11450100007565432B", Actions: []auth.Action{auth.ApplySeal, auth.UseSeal}}
	_, suspend := r.Suspend(ctx, stranger, s.ID, "w")
	_, lose := r.Lose(ctx, stranger, s.ID, "w")
	_, read := r.Seal(ctx, stranger, s.ID)
	if !errors.Is(suspend, sealing.ErrNoSeal) || !errors.Is(lose, sealing.ErrNoSeal) || !errors.Is(read, sealing.ErrNoSeal) {
		t.Errorf("another office: %v, %v, %v; want ErrNoSeal", suspend, lose, read)
	}
	if page, err := r.Seals(ctx, stranger, sealing.Query{}); err != nil || len(page) != 0 {
		t.Errorf("another office sees %d seals, %v", len(page), err)
	}
	if _, err := r.Apply(ctx, stranger, sealing.Application{Office: officeCode, Owner: officeName, Why: "w"}); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("an application for another office: %v", err)
	}
	if _, err := r.Suspend(ctx, applicant, s.ID, "w"); err != nil {
		t.Errorf("its own office suspends it: %v", err)
	}
}

func TestMadeSealIsVersion4WithItsOwnNumberTypeAndSize(t *testing.T) {
	r := newRegister(t)
	s, err := r.Apply(t.Context(), applicant, sealing.Application{
		Office: officeCode, Owner: officeName, Name: officeName + "合同专用章", Look: sealing.Look{Type: sealing.TypeContract, Size: 45, Line: "合同专用章"}, Why: "w",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []sealing.SealState{sealing.SealApproved, sealing.SealMade} {
		if s, err = r.acts(s.ID)[to](); err != nil {
			t.Fatal(err)
		}
	}
	seal, err := ses.ParseSeal(s.Data)
	if err != nil || seal.Verify() != nil {
		t.Fatal(err)
	}
	i := seal.Info
	if i.Version != 4 || i.ID != s.ID || i.Type != 4 || i.Picture.Width != 45 || i.Picture.Height != 45 || i.Name != officeName+"合同专用章" {
		t.Errorf("version %d, number %s, type %d, %d mm, %s", i.Version, i.ID, i.Type, i.Picture.Width, i.Name)
	}
	if c := mustParse(t, s.Signer); c.Subject.CommonName != s.ID || !s.End().Equal(i.NotAfter) {
		t.Errorf("certificate of %s, until %s", c.Subject.CommonName, s.End())
	}
}

func TestLostSealIsRevokedAndItsRemakeHasAnotherNumber(t *testing.T) {
	r := newRegister(t)
	s := r.at(sealing.SealActive)
	lost, err := r.Lose(t.Context(), applicant, s.ID, "the token is gone")
	if err != nil || lost.State != sealing.SealLost || lost.Revoked.IsZero() || lost.ReplacedBy == "" {
		t.Fatalf("%+v, %v", lost, err)
	}
	if compromised, asked := r.revoked[string(s.Signer)]; !asked || !compromised {
		t.Errorf("the CA was asked: %v, for a leak: %v", asked, compromised)
	}
	remake, err := r.db.Seal(t.Context(), lost.ReplacedBy)
	if err != nil || remake.ID == s.ID || remake.Replaces != s.ID || remake.State != sealing.SealApplied || remake.Look.Line != lineText {
		t.Errorf("%+v, %v", remake, err)
	}
	for _, to := range road(sealing.SealActive) {
		if remake, err = r.acts(remake.ID)[to](); err != nil {
			t.Fatal(err)
		}
	}
	if bytes.Equal(remake.Signer, s.Signer) {
		t.Error("the remake has the lost seal's certificate")
	}
}

func TestCAThatIsDownKeepsNoSealAliveAndIsAskedAgain(t *testing.T) {
	r := newRegister(t)
	s := r.at(sealing.SealActive)
	r.down = errors.New("down")
	got, err := r.Cancel(t.Context(), approver, s.ID, "w")
	if err != nil || got.State != sealing.SealCancelled || !got.Revoked.IsZero() {
		t.Fatalf("%+v, %v", got, err)
	}
	if n, err := r.Sweep(t.Context()); n != 0 || !errors.Is(err, r.down) {
		t.Errorf("swept %d, %v", n, err)
	}
	r.down = nil
	for _, want := range []int{1, 0} {
		if n, err := r.Sweep(t.Context()); n != want || err != nil {
			t.Errorf("swept %d, %v; want %d", n, err, want)
		}
	}
	if compromised, asked := r.revoked[string(s.Signer)]; !asked || compromised {
		t.Errorf("the CA was asked: %v, for a leak: %v", asked, compromised)
	}
}

func TestExpiryIsSaidOnceAndOpenly(t *testing.T) {
	r := newRegister(t)
	active, suspended, made := r.at(sealing.SealActive), r.at(sealing.SealSuspended), r.at(sealing.SealMade)
	applied := r.apply()
	if n, err := r.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("swept %d, %v before anything ended", n, err)
	}
	r.now = active.End()
	if _, err := r.Suspend(t.Context(), approver, active.ID, "w"); !errors.Is(err, sealing.ErrTransition) {
		t.Errorf("suspending what has ended: %v", err)
	}
	if n, err := r.Sweep(t.Context()); n != 2 || err != nil {
		t.Errorf("swept %d, %v; want the other two", n, err)
	}
	for _, id := range []string{active.ID, suspended.ID, made.ID} {
		history, err := r.db.SealEvents(t.Context(), id, 0, 100)
		if err != nil || history[len(history)-1].To != sealing.SealExpired || history[len(history)-1].By != sealing.House {
			t.Errorf("%s: %+v, %v", id, history, err)
		}
	}
	if s, err := r.db.Seal(t.Context(), applied); err != nil || s.State != sealing.SealApplied {
		t.Errorf("what was never made is %s, %v", s.State, err)
	}
	next, err := r.Apply(t.Context(), applicant, sealing.Application{Office: officeCode, Owner: officeName, Why: "w", Replaces: active.ID})
	if err != nil || next.Replaces != active.ID {
		t.Errorf("its remake: %+v, %v", next, err)
	}
	if _, err := r.Apply(t.Context(), applicant, sealing.Application{Office: officeCode, Owner: officeName, Why: "w", Replaces: active.ID}); !errors.Is(err, sealing.ErrTransition) {
		t.Errorf("a second remake: %v", err)
	}
}

func TestApplicationIsJudgedBeforeAnybodyDecides(t *testing.T) {
	r := newRegister(t)
	good := sealing.Application{Office: officeCode, Owner: officeName, Why: "w"}
	for name, c := range map[string]struct {
		change func(a *sealing.Application)
		want   error
	}{
		"no such code":            {func(a *sealing.Application) { a.Office = "1145" }, sealing.ErrSpec},
		"no owner":                {func(a *sealing.Application) { a.Owner = "" }, sealing.ErrSpec},
		"a name with a new line":  {func(a *sealing.Application) { a.Name = "甲\n乙" }, sealing.ErrSpec},
		"a type beyond the list":  {func(a *sealing.Application) { a.Look.Type = 100 }, sealing.ErrSpec},
		"a size beyond all seals": {func(a *sealing.Application) { a.Look.Size = 1000 }, sealing.ErrSpec},
		"a picture that is none":  {func(a *sealing.Application) { a.Look.Picture = []byte("x") }, sealing.ErrSpec},
		"a line that is too long": {func(a *sealing.Application) { a.Look.Line = "十三个字的一行放不下在章里面" }, sealing.ErrSpec},
		"what cannot be drawn":    {func(a *sealing.Application) { a.Owner = "示例🙂局" }, sealing.ErrText},
		"no reason":               {func(a *sealing.Application) { a.Why = "" }, sealing.ErrWhy},
		"a remake of nothing":     {func(a *sealing.Application) { a.Replaces = "45000099999999" }, sealing.ErrNoSeal},
	} {
		a := good
		c.change(&a)
		by := auth.Caller{ID: "a", Actions: all}
		if _, err := r.Apply(t.Context(), by, a); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := r.Record(t.Context(), maker, r.at(sealing.SealMade).ID, " "); !errors.Is(err, sealing.ErrFiling) {
		t.Errorf("a record without a number: %v", err)
	}
}

func TestSameKeyAppliesOnce(t *testing.T) {
	r := newRegister(t)
	a := sealing.Application{Office: officeCode, Owner: officeName, Why: "w", Key: "k"}
	first, err := r.Apply(t.Context(), applicant, a)
	again, err2 := r.Apply(t.Context(), applicant, a)
	if errors.Join(err, err2) != nil || first.ID != again.ID {
		t.Errorf("%s and %s, %v", first.ID, again.ID, errors.Join(err, err2))
	}
	a.Why = "another"
	if _, err := r.Apply(t.Context(), applicant, a); !errors.Is(err, sealing.ErrKeyReused) {
		t.Errorf("another request under it: %v", err)
	}
}

func TestHistoryOfASealCanBeReadAsOneLine(t *testing.T) {
	r := newRegister(t)
	s := r.at(sealing.SealActive)
	history, err := r.Events(t.Context(), user, s.ID, 0, 100)
	var got []string
	for _, e := range history {
		got = append(got, fmt.Sprintf("%d %s>%s %s", e.Line, e.From, e.To, e.By))
	}
	want := []string{"1 >applied applicant", "2 applied>approved approver", "3 approved>made maker", "4 made>recorded maker", "5 recorded>active approver"}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	if serial := fmt.Sprintf("%x", mustParse(t, s.Signer).SerialNumber); history[2].Detail != serial || history[3].Detail != "f"+s.ID {
		t.Errorf("details are %q and %q", history[2].Detail, history[3].Detail)
	}
}
