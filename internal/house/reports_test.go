package house_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	_ "image/jpeg" // of pages with photographs
	_ "image/png"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"yinzheng/internal/house"
	"yinzheng/internal/httpapi"
	"yinzheng/sealing"
)

// judge posts a document and returns what the service answers in a form.
func (w *world) judge(t testing.TB, query, accept string, document []byte, key string) (status int, header http.Header, answer []byte) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("document", "d.pdf")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(document); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/v1/verifications?"+query, &b)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Accept", accept)
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if answer, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, answer
}

// body reads a judgement in JSON.
func body(t testing.TB, status int, answer []byte) (b httpapi.ReportBody) {
	t.Helper()
	if err := json.Unmarshal(answer, &b); err != nil || status != http.StatusOK {
		t.Fatalf("%d %v %.300s", status, err, answer)
	}
	return b
}

// document is a sealed licence.
func (w *world) document(t testing.TB) []byte {
	t.Helper()
	l := w.issue(t, "report")
	status, content := w.do(t, http.MethodGet, "/v1/licences/"+l.ID+"/document", nil)
	if status != http.StatusOK {
		t.Fatalf("%d %.200s", status, content)
	}
	return content
}

func TestJudgementComesAsDataAsAPageAndAsSealedPaperThatIsItselfValid(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	seal, err := w.MakeSeal(t.Context(), officeCode, office)
	if err != nil {
		t.Fatal(err)
	}
	document := w.document(t)
	status, header, answer := w.judge(t, "", "", document, "")
	b := body(t, status, answer)
	if b.Verdict != "valid" || b.Kind != "licence" || len(b.Signatures) != 1 || b.Signatures[0].Signer != office || header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %s %+v %v", b.Verdict, b.Kind, b.Signatures, header)
	}
	status, header, answer = w.judge(t, "lang=en", "text/html", document, "")
	page := string(answer)
	if status != http.StatusOK || !strings.Contains(header.Get("Content-Security-Policy"), "style-src 'sha256-") || !strings.Contains(page, `src="data:image/`) ||
		!strings.Contains(page, `class="card signature good"`) || !strings.Contains(page, office) || strings.Contains(page, "<script") {
		t.Errorf("%d %v %.300s", status, header, page)
	}
	if n := red(t, page); n < 500 {
		t.Errorf("the picture of the page has %d red pixels: the seal is not on it", n)
	}
	status, header, answer = w.judge(t, "matter=report&seal="+seal.ID, "application/pdf", document, w.key)
	if status != http.StatusOK || header.Get("Content-Type") != "application/pdf" || !bytes.HasPrefix(answer, []byte("%PDF-")) {
		t.Fatalf("%d %v %.300s", status, header, answer)
	}
	status, _, answer = w.judge(t, "", "application/json", answer, "")
	if b := body(t, status, answer); b.Verdict != "valid" || b.Kind != "document" || len(b.Signatures) != 1 || b.Signatures[0].Seal == "" || len(b.Signatures[0].Places) != 1 || b.Subject != nil {
		t.Errorf("the report itself is %s: %+v", b.Verdict, b)
	}
	uses, err := w.DB.Uses(t.Context(), seal.ID, 0, 10)
	if err != nil || len(uses) != 2 || uses[1].Matter != "report" || uses[1].By != "test" {
		t.Errorf("%+v, %v; want the licence's and the report's", uses, err)
	}
}

// red counts the pixels of a page's first picture that have the colour of a seal.
func red(t testing.TB, html string) (n int) {
	t.Helper()
	_, rest, _ := strings.Cut(html, `src="data:image/`)
	_, rest, _ = strings.Cut(rest, ";base64,")
	encoded, _, _ := strings.Cut(rest, `"`)
	b, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(encoded, "&#43;", "+"))
	if err != nil {
		t.Fatal(err)
	}
	picture, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			if r, g, b, _ := picture.At(x, y).RGBA(); r > 2*g && r > 2*b {
				n++
			}
		}
	}
	return n
}

func TestReportThatMayNotBeSealedIsRefusedWithACode(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	for _, c := range []struct {
		what, query, accept, key string
		status                   int
		code                     string
	}{
		{"no seal", "", "application/pdf", "", http.StatusConflict, "REPORT_SEAL"},
		{"a seal by nobody", "seal=x&matter=m", "application/pdf", "", http.StatusUnauthorized, "UNAUTHENTICATED"},
		{"a seal that there is not", "seal=x&matter=m", "application/pdf", w.key, http.StatusForbidden, "SEAL_NOT_AUTHORISED"},
		{"a wrong key", "", "", "yz_x", http.StatusUnauthorized, "UNAUTHENTICATED"},
		{"a form that there is not", "", "image/png", "", http.StatusNotAcceptable, "NOT_ACCEPTABLE"},
	} {
		status, _, answer := w.judge(t, c.query, c.accept, []byte("%PDF-1.7 nothing"), c.key)
		expect(t, c.what, status, answer, c.status, c.code)
	}
}

func TestConfiguredSealIsUsedOnlyWhileItsCallerIsAuthorised(t *testing.T) {
	first := openWorld(t, t.TempDir(), nil)
	seal, err := first.MakeSeal(t.Context(), officeCode, office)
	if err != nil {
		t.Fatal(err)
	}
	w := openWorld(t, t.TempDir(), func(c *house.Config) { c.ReportSeal, c.ReportMatter = seal.ID, "reports" })
	status, _, answer := w.judge(t, "", "application/pdf", []byte("nothing"), "")
	expect(t, "not authorised", status, answer, http.StatusForbidden, "SEAL_NOT_AUTHORISED")
	record, err := w.DB.Seal(t.Context(), seal.ID)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Seals.Authorise(t.Context(), sealApprover, sealing.Authorisation{Seal: seal.ID, Matter: "reports", Caller: house.ReportCaller, To: record.Made.AddDate(1, 0, 0), Why: "w"}, "g")
	if err != nil {
		t.Fatal(err)
	}
	status, _, answer = w.judge(t, "", "application/pdf", []byte("nothing"), "")
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	status, _, answer = w.judge(t, "", "", answer, "")
	if b := body(t, status, answer); b.Verdict != "valid" {
		t.Errorf("the report of an invalid document is %s itself", b.Verdict)
	}
}
