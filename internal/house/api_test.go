package house_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"yinzheng/internal/auth"
)

func TestALicenceGoesAllTheWayOverHTTP(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	l := w.issue(t, "k1")
	if l.State != "archived" || l.Package == "" {
		t.Fatalf("the licence is %s in package %q", l.State, l.Package)
	}
	status, document := w.do(t, http.MethodGet, "/v1/licences/"+l.ID+"/document", nil)
	if status != http.StatusOK || !bytes.HasPrefix(document, []byte("%PDF-")) {
		t.Fatalf("document: %d, %.20q", status, document)
	}
	status, proof := w.do(t, http.MethodGet, "/v1/receipts/"+l.Document, nil)
	if status != http.StatusOK || !bytes.Contains(proof, []byte(`"logged"`)) {
		t.Fatalf("receipt: %d, %s", status, proof)
	}
	for name, files := range map[string]map[string][]byte{
		"with its receipt": {"document": document, "receipt": proof}, "alone": {"document": document},
	} {
		status, report := upload(t, w.url+"/v1/verifications", files)
		if status != http.StatusOK || !bytes.Contains(report, []byte(`"verdict":"valid"`)) {
			t.Errorf("%s: %d, %s", name, status, report)
		}
	}
	changed := bytes.Clone(document)
	changed[len(changed)/3] ^= 1
	if _, report := upload(t, w.url+"/v1/verifications", map[string][]byte{"document": changed}); bytes.Contains(report, []byte(`"verdict":"valid"`)) {
		t.Error("a changed document is called valid")
	}
	if status, _ := w.do(t, http.MethodGet, "/v1/licences/"+l.ID+"/history", nil); status != http.StatusOK {
		t.Errorf("history: %d", status)
	}
	if status, content := w.do(t, http.MethodGet, "/v1/archive/packages/"+l.Package+"/content", nil); status != http.StatusOK || !bytes.HasPrefix(content, []byte("PK")) {
		t.Errorf("package: %d", status)
	}
}

func TestTheSameKeyGivesTheSameLicence(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	first := w.issue(t, "k1")
	if again := w.issue(t, "k1"); again.ID != first.ID {
		t.Errorf("a repeat made %s beside %s", again.ID, first.ID)
	}
	other := w.request()
	other["matter"] = "another"
	status, answer := w.do(t, http.MethodPost, "/v1/licences", other, "Idempotency-Key", "k1")
	expect(t, "another body", status, answer, http.StatusUnprocessableEntity, "IDEMPOTENCY_KEY_REUSED")
}

func expect(t *testing.T, what string, status int, answer []byte, wantStatus int, wantCode string) {
	t.Helper()
	var p problem
	if err := json.Unmarshal(answer, &p); err != nil {
		t.Errorf("%s: %d and no problem: %.200s", what, status, answer)
		return
	}
	if status != wantStatus || p.Code != wantCode || p.Status != wantStatus {
		t.Errorf("%s: %d %s (%v), want %d %s", what, status, p.Code, p.Errors, wantStatus, wantCode)
	}
	if p.Detail == "" || p.DetailEN == "" || p.Detail == p.Code {
		t.Errorf("%s: %s has no sentence", what, p.Code)
	}
}

func TestRefusedRequestsHaveACodeAndChangeNothing(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	with := func(change func(r map[string]any)) map[string]any {
		r := w.request()
		change(r)
		return r
	}
	fields := func(change func(f map[string]any)) map[string]any {
		return with(func(r map[string]any) {
			var f map[string]any
			if err := json.Unmarshal(w.kind.Examples[0].Fields, &f); err != nil {
				t.Fatal(err)
			}
			change(f)
			r["fields"] = f
		})
	}
	holder := func(name, value string) map[string]any {
		return with(func(r map[string]any) {
			h := r["holder"].(map[string]any)
			h[name] = value
		})
	}
	for what, c := range map[string]struct {
		body   any
		status int
		code   string
	}{
		"broken JSON":               {`{"kind": `, http.StatusBadRequest, "BODY_BROKEN"},
		"another document":          {`[]`, http.StatusUnprocessableEntity, "REQUEST_INVALID"},
		"an unknown member":         {with(func(r map[string]any) { r["colour"] = "red" }), http.StatusUnprocessableEntity, "REQUEST_INVALID"},
		"too large":                 {with(func(r map[string]any) { r["matter"] = strings.Repeat("x", 2<<20) }), http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE"},
		"an unknown kind":           {with(func(r map[string]any) { r["kind"] = "11100000000013338W999" }), http.StatusUnprocessableEntity, "KIND_UNKNOWN"},
		"a wrong check character":   {holder("code", "91450000MA00000000"), http.StatusUnprocessableEntity, "USCC_CHECK"},
		"a character without glyph": {holder("name", "示例\U000323AF公司"), http.StatusUnprocessableEntity, "GLYPH_MISSING"},
		"an unknown field":          {fields(func(f map[string]any) { f["colour"] = "red" }), http.StatusUnprocessableEntity, "FIELD_UNKNOWN"},
		"a field of another type":   {fields(func(f map[string]any) { f[anyKey(f)] = 12 }), http.StatusUnprocessableEntity, "FIELD_TYPE"},
		"no fields":                 {with(func(r map[string]any) { r["fields"] = map[string]any{} }), http.StatusUnprocessableEntity, "FIELD_REQUIRED"},
		"a day that is not":         {with(func(r map[string]any) { r["issued_on"] = "2026-02-30" }), http.StatusUnprocessableEntity, "DATE_INVALID"},
	} {
		status, answer := w.do(t, http.MethodPost, "/v1/licences", c.body, "Idempotency-Key", "bad "+what)
		expect(t, what, status, answer, c.status, c.code)
		if bytes.Contains(answer, []byte("91450000MA00000000")) {
			t.Errorf("%s: the answer repeats the value", what)
		}
	}
	status, answer := w.do(t, http.MethodPost, "/v1/licences", w.request())
	if status != http.StatusUnprocessableEntity {
		t.Errorf("no Idempotency-Key: %d %s", status, answer)
	}
	if made, err := w.DB.Licences(t.Context(), "", 10); err != nil || len(made) != 0 {
		t.Errorf("refused requests left %d licences, %v", len(made), err)
	}
}

func anyKey(m map[string]any) string {
	for k, v := range m {
		if _, isText := v.(string); isText {
			return k
		}
	}
	return ""
}

func TestOnlyCallersWithAKeyAreServedAndSeeTheirOwn(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	l := w.issue(t, "k1")
	paths := []string{"/v1/licences/" + l.ID, "/v1/licences/" + l.ID + "/document", "/v1/licences/" + l.ID + "/history"}
	own := w.key
	for _, key := range []string{"", "yz_wrong"} {
		w.key = key
		for _, p := range paths {
			status, answer := w.do(t, http.MethodGet, p, nil)
			expect(t, p+" with key "+key, status, answer, http.StatusUnauthorized, "UNAUTHENTICATED")
		}
	}
	stranger, _, err := w.AddKey(t.Context(), auth.Caller{}, auth.Caller{ID: "other", Office: "11450000000000000B", Actions: []auth.Action{auth.ReadLicence}})
	if err != nil {
		t.Fatal(err)
	}
	w.key = stranger
	for _, p := range append(paths, "/v1/licences/no-such-licence") {
		status, answer := w.do(t, http.MethodGet, p, nil)
		expect(t, p+" of another office", status, answer, http.StatusNotFound, "NOT_FOUND")
	}
	status, answer := w.do(t, http.MethodPost, "/v1/licences", w.request(), "Idempotency-Key", "k2")
	expect(t, "issuing without the right", status, answer, http.StatusForbidden, "DENIED")
	w.key = own
	status, answer = w.do(t, http.MethodGet, "/v1/nowhere", nil)
	expect(t, "no such path", status, answer, http.StatusNotFound, "NO_SUCH_PATH")
}

func TestEveryCreatingRequestIsMadeOncePerKey(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	file := map[string]any{"folder": "申请材料", "name": "a.txt", "title": "示例", "mime": "text/plain", "data": []byte("text")}
	s := w.kind.Examples[0]
	for path, body := range map[string]map[string]any{
		"/v1/archive/packages": {"title": "示例案卷", "subject": "示例办件-1", "files": []any{file}},
		"/v1/cases":            {"number": "示例办件-1", "title": "示例", "applicant": map[string]any{"name": s.Holder.Name, "code": s.Holder.Code, "code_type": "001"}},
	} {
		var ids []string
		for range 2 {
			status, answer := w.do(t, http.MethodPost, path, body, "Idempotency-Key", "k1")
			var made struct{ ID string }
			if err := json.Unmarshal(answer, &made); err != nil || status != http.StatusCreated {
				t.Fatalf("%s: %d %s", path, status, answer)
			}
			ids = append(ids, made.ID)
		}
		if ids[0] != ids[1] || ids[0] == "" {
			t.Errorf("%s made %v", path, ids)
		}
		body["title"] = "另一示例"
		status, answer := w.do(t, http.MethodPost, path, body, "Idempotency-Key", "k1")
		expect(t, path+" with another body", status, answer, http.StatusUnprocessableEntity, "IDEMPOTENCY_KEY_REUSED")
	}
	found, err := w.Inspect(t.Context())
	if err != nil || len(found.Faults) != 0 {
		t.Errorf("after the deposits: %+v, %v", found, err)
	}
}

func TestFilesThatAreNoLicenceAreNeverValid(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	l := w.issue(t, "k1")
	_, document := w.do(t, http.MethodGet, "/v1/licences/"+l.ID+"/document", nil)
	for what, content := range map[string][]byte{
		"a text": []byte("not a PDF"), "the half": document[:len(document)/2], "all but the last byte": document[:len(document)-1],
		"something after": append(bytes.Clone(document), "x"...), "a header alone": []byte("%PDF-1.7\n"), "zeros": make([]byte, 1000),
	} {
		status, report := upload(t, w.url+"/v1/verifications", map[string][]byte{"document": content})
		if status != http.StatusOK || bytes.Contains(report, []byte(`"verdict":"valid"`)) {
			t.Errorf("%s: %d %s", what, status, report)
		}
	}
	status, answer := upload(t, w.url+"/v1/verifications", map[string][]byte{"other": []byte("x")})
	expect(t, "no document", status, answer, http.StatusUnprocessableEntity, "DOCUMENT_MISSING")
}

func TestARevokedLicenceIsNoLongerValid(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	l := w.issue(t, "k1")
	_, document := w.do(t, http.MethodGet, "/v1/licences/"+l.ID+"/document", nil)
	if status, answer := w.do(t, http.MethodPost, "/v1/licences/"+l.ID+"/revoke", map[string]any{"why": "示例理由"}); status != http.StatusOK {
		t.Fatalf("revoking: %d %s", status, answer)
	}
	if !eventually(func() bool {
		_, report := upload(t, w.url+"/v1/verifications", map[string][]byte{"document": document})
		return bytes.Contains(report, []byte(`"verdict":"invalid"`))
	}) {
		t.Error("a revoked licence is still valid")
	}
	status, answer := w.do(t, http.MethodPost, "/v1/licences/"+l.ID+"/resume", map[string]any{"why": "示例理由"})
	expect(t, "resuming what is revoked", status, answer, http.StatusConflict, "STATUS_TRANSITION")
}

func TestAnUploadBeyondTheLimitIsRefusedAndNoneIsLeftOnDisk(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	w := openWorld(t, t.TempDir(), nil)
	for path, ok := range map[string]int{"/v1/verifications": http.StatusOK, "/verify": http.StatusOK} {
		for size, want := range map[int]int{20 << 20: ok, 70 << 20: http.StatusRequestEntityTooLarge, 90 << 20: http.StatusRequestEntityTooLarge} {
			if path == "/verify" && size == 70<<20 {
				continue // the page's form ends between the two
			}
			status, answer := upload(t, w.url+path, map[string][]byte{"document": make([]byte, size)})
			if status != want {
				t.Errorf("%s with %d bytes: %d %.300s, want %d", path, size, status, answer, want)
			}
		}
	}
	if !eventually(func() bool {
		left, err := os.ReadDir(os.Getenv("TMPDIR"))
		for _, f := range left {
			if strings.HasPrefix(f.Name(), "multipart-") {
				return false
			}
		}
		return err == nil
	}) {
		t.Error("an upload was left on disk")
	}
}
