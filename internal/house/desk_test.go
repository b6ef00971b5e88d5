package house_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/auth"
	"yinzheng/internal/gm"
	"yinzheng/internal/house"
	"yinzheng/internal/pdf"
	"yinzheng/verify"
)

// brought is a document of so many A4 pages, as an office might bring one.
func brought(t testing.TB, pages int) []byte {
	t.Helper()
	b := pdf.New(pdf.Info{Title: "示例批复"})
	for n := range pages {
		b.AddPage(210, 297)
		b.Text(30, 40, 16, fmt.Sprintf("示例批复 第 %d 页", n+1), pdf.TextStyle{})
		b.Text(120, 230, 14, "审批机关（盖章）", pdf.TextStyle{})
	}
	out, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// send posts a body of any kind and returns status, answer and header.
func (w *world) send(t testing.TB, key, path, contentType string, body io.Reader, headers ...string) (int, []byte, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", contentType)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer, resp.Header
}

// bring brings a document and returns its digest.
func (w *world) bring(t testing.TB, document []byte) string {
	t.Helper()
	status, answer, _ := w.send(t, w.key, "/v1/documents", "application/pdf", bytes.NewReader(document))
	var out struct{ Document string }
	if err := json.Unmarshal(answer, &out); err != nil || status != http.StatusCreated || out.Document == "" {
		t.Fatalf("bringing: %d %s", status, answer)
	}
	return out.Document
}

// seal seals a kept document, or one that comes with it.
func (w *world) seal(t testing.TB, request map[string]any, document []byte, headers ...string) (int, []byte, http.Header) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	encoded, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := form.WriteField("request", string(encoded)); err != nil {
		t.Fatal(err)
	}
	if document != nil {
		part, err := form.CreateFormFile("document", "示例.pdf")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(document); err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return w.send(t, w.key, "/v1/sealings", form.FormDataContentType(), &b, headers...)
}

// judgedBy judges a document with the region's trust file alone, as a stranger would.
func judgedBy(t testing.TB, h *house.House, document []byte) verify.Report {
	t.Helper()
	return judgedAfter(t, h, document, verify.DefaultPolicy())
}

func judgedAfter(t testing.TB, h *house.House, document []byte, policy verify.Policy) verify.Report {
	t.Helper()
	file, err := h.Trust(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	trust, err := verify.ParseTrust(file)
	if err != nil {
		t.Fatal(err)
	}
	return policy.Judge(verify.Read(verify.Input{Document: document}), trust, time.Now())
}

// wantValid wants every signature of a document to be valid, of these kinds in this order.
func wantValid(t testing.TB, what string, r verify.Report, kinds ...string) {
	t.Helper()
	var got []string
	for _, s := range r.Signatures {
		got = append(got, s.Kind)
		if s.Verdict != verify.Valid {
			t.Errorf("%s: signature %s (%s) is %s", what, s.Name, s.Kind, s.Verdict)
		}
	}
	if r.Verdict != verify.Valid || strings.Join(got, " ") != strings.Join(kinds, " ") {
		t.Errorf("%s: %s with signatures %v, want valid and %v", what, r.Verdict, got, kinds)
		for _, f := range r.Findings {
			if f.Outcome == verify.Fail || f.Outcome == verify.Unknown {
				t.Logf("%s %s %s %v", f.Outcome, f.Code, f.Signature, f.Params)
			}
		}
	}
}

// sealOf is the seal of an office.
func (w *world) sealOf(t testing.TB, code string) string {
	t.Helper()
	r, err := w.DB.SealOf(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	return r.ID
}

func TestEveryProfileAtEveryLevelIsValid(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	seal := w.sealOf(t, officeCode)
	stored := w.bring(t, brought(t, 2))
	kinds := map[string][]string{
		"seal": {verify.SignatureSeal}, "sm2": {verify.SignatureCMS}, "pades": {verify.SignaturePAdES}, "dual": {verify.SignatureSeal, verify.SignaturePAdES},
	}
	for profile, want := range kinds {
		for _, level := range []string{"B-B", "B-T", "B-LT", "B-LTA"} {
			what := profile + " " + level
			status, answer, header := w.seal(t, map[string]any{
				"document": stored, "seal": seal, "profile": profile, "level": level, "matter": "m1", "reason": "示例",
				"marks": []any{map[string]any{"page": 2, "x": 120, "y": 200}},
			}, nil)
			if status != http.StatusOK || !bytes.HasPrefix(answer, []byte("%PDF-")) || header.Get("Document-Digest") != gm.Sum(answer).String() {
				t.Errorf("%s: %d %.300s", what, status, answer)
				continue
			}
			all := want
			if level == "B-LTA" {
				all = append(all[:len(all):len(all)], verify.SignatureTimestamp)
			}
			policy := verify.DefaultPolicy()
			if level == "B-B" {
				if r := judgedAfter(t, w.House, answer, policy); r.Verdict != verify.Indeterminate {
					t.Errorf("%s: %s where a timestamp is wanted", what, r.Verdict)
				}
				policy.AcceptUnstamped = true
			}
			wantValid(t, what, judgedAfter(t, w.House, answer, policy), all...)
		}
	}
}

func TestARepeatedKeySealsOnce(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	seal := w.sealOf(t, officeCode)
	request := map[string]any{"seal": seal, "matter": "m1", "document": w.bring(t, brought(t, 1))}
	before, err := w.DB.Uses(t.Context(), seal, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	_, first, _ := w.seal(t, request, nil, "Idempotency-Key", "one")
	status, again, _ := w.seal(t, request, nil, "Idempotency-Key", "one")
	if status != http.StatusOK || !bytes.Equal(again, first) {
		t.Errorf("repeated: %d, the same document: %v", status, bytes.Equal(again, first))
	}
	after, err := w.DB.Uses(t.Context(), seal, 0, 100)
	if err != nil || len(after) != len(before)+1 {
		t.Errorf("%d uses after %d, %v", len(after), len(before), err)
	}
	request["matter"] = "m2"
	if status, answer, _ := w.seal(t, request, nil, "Idempotency-Key", "one"); status != http.StatusUnprocessableEntity || !bytes.Contains(answer, []byte("IDEMPOTENCY_KEY_REUSED")) {
		t.Errorf("another request: %d %s", status, answer)
	}
}

func TestOtherNamesInSignatureDictionariesAreConfigurationAndStillJudged(t *testing.T) {
	w := openWorld(t, t.TempDir(), func(c *house.Config) { c.Filter, c.SubFilter, c.SubFilterCMS = "GM.Handler", "GM.eseal", "GM.cms" })
	for profile, want := range map[string]struct{ kind, name string }{"seal": {verify.SignatureSeal, "/GM.eseal"}, "sm2": {verify.SignatureCMS, "/GM.cms"}} {
		status, answer, _ := w.seal(t, map[string]any{"seal": w.sealOf(t, officeCode), "profile": profile, "matter": "m1"}, brought(t, 1))
		if status != http.StatusOK || !bytes.Contains(answer, []byte("/Filter /GM.Handler /SubFilter "+want.name)) {
			t.Fatalf("%s: %d %.300s", profile, status, answer)
		}
		wantValid(t, profile, judgedBy(t, w.House, answer), want.kind)
	}
}

func TestASealedDocumentIsItsOwnersAlone(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	request := map[string]any{"seal": w.sealOf(t, officeCode), "matter": "m1"}
	status, answer, header := w.seal(t, request, brought(t, 1), "Accept", "application/json")
	var out struct{ Document, Origin string }
	if err := json.Unmarshal(answer, &out); err != nil || status != http.StatusOK || header.Get("Document-Digest") != out.Document {
		t.Fatalf("%d %s", status, answer)
	}
	for _, d := range []string{out.Document, out.Origin} {
		if status, content := w.do(t, http.MethodGet, "/v1/documents/"+d, nil); status != http.StatusOK || gm.Sum(content).String() != d {
			t.Errorf("its owner gets %d %.100s", status, content)
		}
	}
	if status, record := w.do(t, http.MethodGet, "/v1/documents/"+out.Document+"/record", nil); status != http.StatusOK || !bytes.Contains(record, []byte(`"what":"sealed"`)) {
		t.Errorf("record: %d %s", status, record)
	}
	mine := w.key
	for id, want := range map[string]int{"another": http.StatusNotFound, "reader": http.StatusForbidden} {
		actions := auth.Actions()
		if id == "reader" {
			actions = []auth.Action{auth.ReadLicence}
		}
		key, _, err := w.AddKey(t.Context(), auth.Caller{}, auth.Caller{ID: id, Office: officeCode, Actions: actions})
		if err != nil {
			t.Fatal(err)
		}
		w.key = key
		if status, answer := w.do(t, http.MethodGet, "/v1/documents/"+out.Document, nil); status != want {
			t.Errorf("%s gets %d %.100s, want %d", id, status, answer, want)
		}
		request["document"] = out.Origin
		if status, answer, _ := w.seal(t, request, nil); status != want {
			t.Errorf("%s seals it: %d %.100s, want %d", id, status, answer, want)
		}
		delete(request, "document")
	}
	w.key = mine
}

func TestAWrongSealingIsRefusedByName(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	stored := w.bring(t, brought(t, 1))
	seal := w.sealOf(t, officeCode)
	for what, c := range map[string]struct {
		change   map[string]any
		document []byte
		status   int
		code     string
	}{
		"another profile":     {map[string]any{"profile": "rsa"}, nil, 422, "REQUEST_INVALID"},
		"an unknown member":   {map[string]any{"colour": "red"}, nil, 422, "REQUEST_INVALID"},
		"no such page":        {map[string]any{"marks": []any{map[string]any{"page": 9, "x": 1, "y": 1}}}, nil, 422, "SEALING_PLACE"},
		"beyond the page":     {map[string]any{"marks": []any{map[string]any{"page": 1, "x": 200, "y": 1}}}, nil, 422, "SEALING_PLACE"},
		"no such field":       {map[string]any{"marks": []any{map[string]any{"field": "没有"}}}, nil, 422, "SEALING_PLACE"},
		"no such keyword":     {map[string]any{"marks": []any{map[string]any{"keyword": "没有这几个字"}}}, nil, 422, "SEALING_KEYWORD"},
		"a ride of one page":  {map[string]any{"ride": map[string]any{"y": 100, "size": 42}}, nil, 422, "SEALING_PLACE"},
		"no document":         {map[string]any{"document": nil}, nil, 422, "DOCUMENT_MISSING"},
		"two documents":       {nil, brought(t, 1), 422, "SEALING_REQUEST"},
		"an unknown document": {map[string]any{"document": gm.Sum(nil).String()}, nil, 404, "DOCUMENT_UNKNOWN"},
		"an unknown seal":     {map[string]any{"seal": "45000000009999"}, nil, 404, "NOT_FOUND"},
		"no PDF":              {map[string]any{"document": nil}, []byte("MZ this is no PDF"), 422, "DOCUMENT_MALFORMED"},
	} {
		request := map[string]any{"document": stored, "seal": seal, "matter": "m1"}
		for k, v := range c.change {
			request[k] = v
			if v == nil {
				delete(request, k)
			}
		}
		status, answer, _ := w.seal(t, request, c.document)
		expect(t, what, status, answer, c.status, c.code)
	}
}
