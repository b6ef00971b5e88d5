package house_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"yinzheng/internal/auth"
	"yinzheng/internal/house"
	"yinzheng/sealing"
)

const sealCrashDir, sealCrashStep = "YINZHENG_TEST_SEAL_DIR", "YINZHENG_TEST_SEAL_STEP"

// secondOffice has no seal yet when a test begins.
const secondOffice = "11450000MB0000000G"

// lifeSteps are the durable steps of a seal's life, in order.
var lifeSteps = []string{"seal applied", "seal approved", "seal certified", "seal signed", "seal made", "seal recorded", "seal authorised", "seal active",
	"seal suspended", "seal active", "seal lost", "seal certificate revoked", "seal certificate-revoked"}

var (
	sealApplicant = auth.Caller{ID: "a", Actions: []auth.Action{auth.ApplySeal}}
	sealApprover  = auth.Caller{ID: "b", Actions: []auth.Action{auth.DecideSeal}}
	sealMaker     = auth.Caller{ID: "c", Actions: []auth.Action{auth.MakeSeal}}
)

// leadLife leads a seal on from wherever it is to its loss, and tells each state that was acknowledged.
func leadLife(ctx context.Context, h *house.House, told func(state string)) error {
	s, err := h.Seals.Apply(ctx, sealApplicant, sealing.Application{Office: secondOffice, Owner: "广西示例行政审批局", Why: "w", Key: "life"})
	for err == nil {
		if s, err = h.DB.Seal(ctx, s.ID); err != nil {
			return err
		}
		told(string(s.State))
		switch s.State {
		case sealing.SealApplied:
			_, err = h.Seals.Approve(ctx, sealApprover, s.ID, "w")
		case sealing.SealApproved:
			_, err = h.Seals.Make(ctx, sealMaker, s.ID)
		case sealing.SealMade:
			_, err = h.Seals.Record(ctx, sealMaker, s.ID, "f")
		case sealing.SealRecorded:
			_, err = h.Seals.Authorise(ctx, sealApprover, sealing.Authorisation{Seal: s.ID, Matter: "m", Caller: "u", To: s.Made.AddDate(1, 0, 0), Why: "w"}, "g")
			if err == nil {
				_, err = h.Seals.Activate(ctx, sealApprover, s.ID, "w")
			}
		case sealing.SealActive:
			if events, err := h.DB.SealEvents(ctx, s.ID, 0, 100); err != nil || strings.Contains(fmt.Sprint(events), string(sealing.SealSuspended)) {
				_, err = h.Seals.Lose(ctx, sealApprover, s.ID, "w")
				if err != nil {
					return err
				}
				continue
			}
			_, err = h.Seals.Suspend(ctx, sealApprover, s.ID, "w")
		case sealing.SealSuspended:
			_, err = h.Seals.Resume(ctx, sealApprover, s.ID, "w")
		case sealing.SealLost:
			_, err = h.Seals.Sweep(ctx)
			return err
		default:
			return fmt.Errorf("the seal is %s", s.State)
		}
	}
	return err
}

// lifeAndDie leads a seal and kills its own process right after the n-th step.
func lifeAndDie(dir, n string) error {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	c, count := config(dir), 0
	c.OnStep = func(string) {
		if count++; fmt.Sprint(count) == n {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // not one instruction more
		}
	}
	h, err := house.Open(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(leadLife(ctx, h, func(state string) { fmt.Println(state) }), errors.New("it came to its end"))
}

func TestSealWhoseHouseIsKilledAtAnyStepGoesOnWhereItWas(t *testing.T) {
	for n := range lifeSteps {
		if testing.Short() && n%5 != 2 {
			continue
		}
		t.Run(fmt.Sprint(n+1, " ", lifeSteps[n]), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			establish(t, config(dir))
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
			cmd.Env = append(os.Environ(), sealCrashDir+"="+dir, sealCrashStep+"="+fmt.Sprint(n+1))
			var out bytes.Buffer
			cmd.Stdout = &out
			err := cmd.Run()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || !exit.Sys().(syscall.WaitStatus).Signaled() {
				t.Fatalf("the process was not killed: %v, %s", err, &out)
			}
			afterSealCrash(t, dir, strings.Fields(out.String()))
		})
	}
}

// afterSealCrash goes on, and demands one life without a gap, nothing acknowledged lost, nothing done twice.
func afterSealCrash(t *testing.T, dir string, acknowledged []string) {
	h, err := house.Open(t.Context(), config(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = h.Close() }()
	if err := leadLife(t.Context(), h, func(string) {}); err != nil {
		t.Fatalf("going on: %v", err)
	}
	all, err := h.DB.Seals(t.Context(), sealing.Query{Office: secondOffice})
	if err != nil || len(all) != 2 || all[0].State != sealing.SealLost || all[0].ReplacedBy != all[1].ID || all[0].Revoked.IsZero() {
		t.Fatalf("%+v, %v; want the lost seal, revoked, and its remake", all, err)
	}
	history, err := h.DB.SealEvents(t.Context(), all[0].ID, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var life []string
	for _, e := range history {
		life = append(life, e.What)
	}
	if got, want := strings.Join(life, " "), "applied approved made recorded authorised active suspended active lost certificate-revoked"; got != want {
		t.Errorf("its life was %s, want %s", got, want)
	}
	at := 0
	for _, state := range acknowledged {
		for at < len(life) && life[at] != state {
			at++
		}
		if at == len(life) {
			t.Errorf("acknowledged %v, kept %v", acknowledged, life)
			break
		}
	}
	found, err := h.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found.Faults {
		t.Errorf("%s: %s", f.Where, f.What)
	}
	if found.Seals["lost"] != 1 || found.Seals["applied"] != 1 {
		t.Errorf("fsck counted %v", found.Seals)
	}
}

func TestHouseMakesTheFirstSealWithThreeRolesAndFinishesWhatItBegan(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	first, err := w.DB.SealOf(t.Context(), officeCode)
	if err != nil || first.Applicant == first.Approver || first.Approver == first.Maker || first.Maker == first.Applicant || first.Filing == "" {
		t.Fatalf("%+v, %v", first, err)
	}
	if again, err := w.MakeSeal(t.Context(), officeCode, office); err != nil || again.ID != first.ID {
		t.Errorf("again it is %s, %v", again.ID, err)
	}
	if _, err := w.Seals.Lose(t.Context(), sealApprover, first.ID, "w"); err != nil {
		t.Fatal(err)
	}
	next, err := w.MakeSeal(t.Context(), officeCode, office)
	if err != nil || next.ID == first.ID || next.State != sealing.SealActive {
		t.Errorf("after a loss: %+v, %v", next, err)
	}
	w.issue(t, "after a loss") // the new seal is authorised as well
	uses, err := w.DB.Uses(t.Context(), next.ID, 0, 10)
	if err != nil || len(uses) != 1 || uses[0].Result != sealing.ResultOK || uses[0].By != "test" || uses[0].Office != officeCode || uses[0].Authorisation != 1 {
		t.Errorf("%+v, %v", uses, err)
	}
}

func TestSuspendedSealIssuesNothingAndTheTryIsLogged(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	seal, err := w.DB.SealOf(t.Context(), officeCode)
	if err != nil {
		t.Fatal(err)
	}
	status, answer := w.do(t, http.MethodPost, "/v1/seals/"+seal.ID+"/suspend", map[string]any{"why": "w"})
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	status, answer = w.do(t, http.MethodPost, "/v1/licences", w.request(), "Idempotency-Key", "k")
	expect(t, "issuing", status, answer, http.StatusConflict, "NO_SEAL")
	_, err = w.Sealer.Seal(t.Context(), sealing.Request{Document: []byte("x"), Seal: seal.ID, By: "test", Office: officeCode, Matter: "m", Case: "c"})
	if !errors.Is(err, sealing.ErrSealNotUsable) || !strings.Contains(err.Error(), "suspended") {
		t.Errorf("sealing: %v; want ErrSealNotUsable with the state", err)
	}
	var page struct {
		Lines []struct {
			Line                         int64
			Result, Matter, Case, By, At string
		}
	}
	_, answer = w.do(t, http.MethodGet, "/v1/seals/"+seal.ID+"/uses", nil)
	if err := json.Unmarshal(answer, &page); err != nil || len(page.Lines) != 1 || page.Lines[0].Result != "SEAL_NOT_USABLE" || page.Lines[0].Matter != "m" || page.Lines[0].Case != "c" {
		t.Errorf("the use log is %s", answer)
	}
}

func TestMatterThatNobodyAuthorisedIsRefusedBeforeAnythingIsBegun(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	seal, err := w.DB.SealOf(t.Context(), officeCode)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Seals.Withdraw(t.Context(), sealApprover, seal.ID, 1, "w"); err != nil {
		t.Fatal(err)
	}
	_, err = w.Seals.Authorise(t.Context(), sealApprover, sealing.Authorisation{Seal: seal.ID, Matter: "m-*", Caller: "test", To: seal.NotAfter.AddDate(-1, 0, 0), Limit: 1, Why: "w"}, "")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(key, matter string) (int, []byte) {
		r := w.request()
		r["matter"] = matter
		return w.do(t, http.MethodPost, "/v1/licences", r, "Idempotency-Key", key)
	}
	status, answer := ask("1", "n-1")
	expect(t, "another matter", status, answer, http.StatusForbidden, "SEAL_NOT_AUTHORISED")
	if all, err := w.DB.Licences(t.Context(), "", 10); err != nil || len(all) != 0 {
		t.Errorf("%d licences were begun, %v", len(all), err)
	}
	if status, answer := ask("2", "m-1"); status != http.StatusCreated {
		t.Errorf("its own matter: %d %s", status, answer)
	}
	status, answer = ask("3", "m-1")
	expect(t, "once more than allowed", status, answer, http.StatusForbidden, "SEAL_NOT_AUTHORISED")
	uses, err := w.DB.Uses(t.Context(), seal.ID, 0, 10)
	var results []string
	for _, u := range uses {
		results = append(results, u.Matter+" "+u.Result)
	}
	if got, want := strings.Join(results, ", "), "n-1 SEAL_NOT_AUTHORISED, m-1 ok, m-1 SEAL_NOT_AUTHORISED"; err != nil || got != want {
		t.Errorf("the use log has %s, %v; want %s", got, err, want)
	}
}

func TestCertificateOfALostSealIsRevokedForKeyCompromise(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	seal, err := w.DB.SealOf(t.Context(), officeCode)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Seals.Lose(t.Context(), sealApprover, seal.ID, "leaked"); err != nil {
		t.Fatal(err)
	}
	record, err := w.Region.Recorded(t.Context(), seal.Signer)
	if err != nil || record.State != "revoked" || record.Reason != 1 {
		t.Errorf("the register says %s for reason %d, %v; want revoked for 1, key compromise", record.State, record.Reason, err)
	}
	if n, err := w.Seals.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("a sweep finds %d left to do, %v", n, err)
	}
}

func TestSealsOverHTTP(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	people := map[string]string{}
	for id, may := range map[string]auth.Action{"applicant": auth.ApplySeal, "approver": auth.DecideSeal, "maker": auth.MakeSeal, "reader": auth.ReadLicence} {
		key, _, err := w.AddKey(t.Context(), auth.Caller{}, auth.Caller{ID: id, Actions: []auth.Action{may}})
		if err != nil {
			t.Fatal(err)
		}
		people[id] = key
	}
	as := func(who, method, path string, body any, headers ...string) (int, []byte) {
		t.Helper()
		w.key = people[who]
		return w.do(t, method, path, body, headers...)
	}
	why, apply := map[string]any{"why": "w"}, map[string]any{"office": secondOffice, "owner": "广西示例行政审批局", "line": "电子证照专用章", "why": "w"}
	status, answer := as("applicant", http.MethodPost, "/v1/seals", apply, "Idempotency-Key", "k")
	var seal struct{ ID, State, Name string }
	if err := json.Unmarshal(answer, &seal); err != nil || status != http.StatusCreated || seal.State != "applied" {
		t.Fatalf("%d %s", status, answer)
	}
	path := "/v1/seals/" + seal.ID
	for _, c := range []struct {
		what, who, method, path string
		body                    any
		status                  int
		code                    string
	}{
		{"another right", "reader", http.MethodGet, path, nil, 403, "DENIED"},
		{"no such seal", "approver", http.MethodGet, "/v1/seals/45000099999999", nil, 404, "NOT_FOUND"},
		{"no seal number", "approver", http.MethodGet, "/v1/seals/x", nil, 422, "REQUEST_INVALID"},
		{"its own application", "applicant", http.MethodPost, path + "/approve", why, 403, "DENIED"},
		{"too early", "maker", http.MethodPost, path + "/make", nil, 409, "SEAL_TRANSITION"},
		{"no reason", "approver", http.MethodPost, path + "/approve", map[string]any{}, 422, "REQUEST_INVALID"},
		{"more than is known", "approver", http.MethodPost, path + "/approve", map[string]any{"why": "w", "x": 1}, 422, "REQUEST_INVALID"},
		{"a bad check character", "applicant", http.MethodPost, "/v1/seals", map[string]any{"office": "11450000MB0000000H", "owner": "示例局", "why": "w"}, 422, "USCC_CHECK"},
		{"the key again", "applicant", http.MethodPost, "/v1/seals", map[string]any{"office": secondOffice, "owner": "示例局", "why": "w"}, 422, "IDEMPOTENCY_KEY_REUSED"},
		{"themselves", "approver", http.MethodPost, path + "/authorisations", map[string]any{"matter": "*", "caller": "approver", "to": time.Now().Add(time.Hour), "why": "w"}, 403, "SEAL_SAME_PERSON"},
		{"nobody", "approver", http.MethodPost, path + "/authorisations", map[string]any{"matter": "*", "to": time.Now().Add(time.Hour), "why": "w"}, 422, "SEAL_AUTHORISATION"},
		{"what is not there", "approver", http.MethodPost, path + "/authorisations/7/withdraw", why, 404, "NOT_FOUND"},
		{"what cannot be drawn", "applicant", http.MethodPost, "/v1/seals", map[string]any{"office": secondOffice, "owner": "示例🙂局", "why": "w"}, 422, "SEAL_TEXT"},
	} {
		status, answer := as(c.who, c.method, c.path, c.body, "Idempotency-Key", "k")
		expect(t, c.what, status, answer, c.status, c.code)
	}
	for _, c := range []struct {
		who, act, state string
		body            any
	}{
		{"approver", "approve", "approved", why}, {"maker", "make", "made", nil}, {"maker", "record", "recorded", map[string]any{"filing": "f"}},
		{"approver", "activate", "active", why}, {"approver", "suspend", "suspended", why}, {"approver", "resume", "active", why}, {"approver", "cancel", "cancelled", why},
	} {
		status, answer := as(c.who, http.MethodPost, path+"/"+c.act, c.body)
		if status != http.StatusOK || !bytes.Contains(answer, []byte(`"state":"`+c.state+`"`)) {
			t.Fatalf("%s: %d %s", c.act, status, answer)
		}
	}
	status, answer = as("maker", http.MethodGet, path, nil)
	var whole struct {
		Events      []struct{ What, By string }
		Data        []byte
		Certificate string
		Revoked     string `json:"certificate_revoked_at"`
	}
	if err := json.Unmarshal(answer, &whole); err != nil || status != http.StatusOK || len(whole.Events) != 9 || len(whole.Data) == 0 || !strings.Contains(whole.Certificate, "BEGIN CERTIFICATE") || whole.Revoked == "" {
		t.Errorf("%d %s", status, answer)
	}
	pageThroughSealLines(t, path, as)
}

// pageThroughSealLines reads a history in pages of two: no line comes twice or is left out.
func pageThroughSealLines(t *testing.T, path string, as func(who, method, path string, body any, headers ...string) (int, []byte)) {
	t.Helper()
	var lines []int64
	for cursor := int64(0); ; {
		var page struct {
			Lines  []struct{ Line int64 }
			Cursor int64
		}
		status, answer := as("maker", http.MethodGet, fmt.Sprintf("%s/events?limit=2&cursor=%d", path, cursor), nil)
		if err := json.Unmarshal(answer, &page); err != nil || status != http.StatusOK || len(page.Lines) > 2 {
			t.Fatalf("%d %s", status, answer)
		}
		for _, l := range page.Lines {
			lines = append(lines, l.Line)
		}
		if cursor = page.Cursor; cursor == 0 {
			break
		}
	}
	if got, want := fmt.Sprint(lines), "[1 2 3 4 5 6 7 8 9]"; got != want {
		t.Errorf("lines %s, want %s", got, want)
	}
}
