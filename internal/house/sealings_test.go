package house_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"yinzheng/internal/auth"
	"yinzheng/internal/midstate"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/increment"
	"yinzheng/verify"
)

func openPDF(t testing.TB, document []byte) *cos.File {
	t.Helper()
	f, err := cos.OpenBytes(document, cos.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestASealRidesOverFivePages(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	status, sealed, _ := w.seal(t, map[string]any{
		"seal": w.sealOf(t, officeCode), "matter": "m1", "marks": []any{map[string]any{"page": 5, "x": 120, "y": 200}}, "ride": map[string]any{"y": 120, "size": 42},
	}, brought(t, 5))
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, sealed)
	}
	r := judgedBy(t, w.House, sealed)
	wantValid(t, "riding", r, verify.SignatureSeal)
	pages := map[int]int{}
	for _, p := range r.Signatures[0].Places {
		pages[p.Page]++
	}
	if len(r.Signatures[0].Places) != 6 || len(pages) != 5 || pages[5] != 2 {
		t.Errorf("it is shown at %v", r.Signatures[0].Places)
	}
}

func TestASealGoesOntoAChineseKeyword(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	stored, seal := w.bring(t, brought(t, 3)), w.sealOf(t, officeCode)
	for nth, page := range map[int]int{0: 3, 2: 2} {
		status, sealed, _ := w.seal(t, map[string]any{
			"document": stored, "seal": seal, "matter": "m1", "marks": []any{map[string]any{"keyword": "（盖章）", "nth": nth}},
		}, nil)
		if status != http.StatusOK {
			t.Fatalf("%d %s", status, sealed)
		}
		r := judgedBy(t, w.House, sealed)
		wantValid(t, "keyword", r, verify.SignatureSeal)
		const mm = 72 / 25.4
		p := r.Signatures[0].Places[0]
		x, y := (p.Rect[0]+p.Rect[2])/2/mm, 297-(p.Rect[1]+p.Rect[3])/2/mm
		// the text begins at 120 mm with four characters of 14 points before the keyword, which has four as well; its line is at 230 mm
		if p.Page != page || x < 138 || x > 152 || y < 224 || y > 234 {
			t.Errorf("occurrence %d: on page %d at %.0f, %.0f mm", nth, p.Page, x, y)
		}
	}
}

func TestADocumentIsSealedInTwoStepsWithoutLeaving(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	seal, document := w.sealOf(t, officeCode), brought(t, 1)
	var look struct {
		Owner, Filter string
		SubFilter     string `json:"sub_filter"`
		Picture       []byte
		Reserve       int
	}
	status, answer := w.do(t, http.MethodGet, "/v1/seals/"+seal+"/appearance", nil)
	if err := json.Unmarshal(answer, &look); err != nil || status != http.StatusOK || look.Owner != office {
		t.Fatalf("appearance: %d %s", status, answer)
	}
	picture, err := increment.NewPicture(look.Picture)
	if err != nil {
		t.Fatal(err)
	}
	prepared, err := increment.Prepare(openPDF(t, document), increment.Seal{
		Places: []increment.Place{{Field: "Seal1", Page: 1, Rect: [4]float64{300, 100, 420, 220}}}, Picture: picture, Filter: look.Filter, SubFilter: look.SubFilter,
		Time: time.Now(), SignerName: look.Owner, Reserve: look.Reserve,
	})
	if err != nil {
		t.Fatal(err)
	}
	hash := midstate.NewSM3()
	if _, err := hash.Write(document); err != nil {
		t.Fatal(err)
	}
	state, err := hash.State()
	if err != nil {
		t.Fatal(err)
	}
	request := map[string]any{
		"seal": seal, "matter": "m1", "state": map[string]any{"length": state.Length, "sm3": state.SM3}, "tail": prepared.Tail(), "gap": prepared.Gap(),
	}
	var draft struct {
		ID     string
		ToSign []byte `json:"to_sign"`
	}
	status, answer = w.do(t, http.MethodPost, "/v1/sealings/prepare", request)
	if err := json.Unmarshal(answer, &draft); err != nil || status != http.StatusCreated || len(draft.ToSign) == 0 {
		t.Fatalf("preparing: %d %s", status, answer)
	}
	var done struct{ Contents []byte }
	status, answer = w.do(t, http.MethodPost, "/v1/sealings/complete", map[string]any{"id": draft.ID})
	if err := json.Unmarshal(answer, &done); err != nil || status != http.StatusOK {
		t.Fatalf("completing: %d %s", status, answer)
	}
	tail, err := prepared.Complete(done.Contents)
	if err != nil {
		t.Fatal(err)
	}
	wantValid(t, "two steps", judgedBy(t, w.House, append(bytes.Clone(document), tail...)), verify.SignatureSeal)

	status, answer = w.do(t, http.MethodPost, "/v1/sealings/complete", map[string]any{"id": draft.ID})
	expect(t, "completing again", status, answer, http.StatusConflict, "SEALING_COMPLETED")
	status, answer = w.do(t, http.MethodPost, "/v1/sealings/complete", map[string]any{"id": "nothing"})
	expect(t, "completing nothing", status, answer, http.StatusNotFound, "SEALING_UNPREPARED")
	request["gap"] = []int{0, 100}
	status, answer = w.do(t, http.MethodPost, "/v1/sealings/prepare", request)
	expect(t, "another gap", status, answer, http.StatusUnprocessableEntity, "SEALING_REMOTE")
	uses, err := w.DB.Uses(t.Context(), seal, 0, 10)
	if err != nil || len(uses) != 1 || uses[0].Profile != "ses-v4-remote" || uses[0].Result != "ok" {
		t.Errorf("use log: %+v, %v", uses, err)
	}
}

// offices of a joint sealing beside the first.
var jointOffices = []struct{ code, name string }{
	{officeCode, office}, {"11450100MB0000001Q", "南宁示例市场监督管理局"}, {"11450200MB00000021", "柳州示例卫生健康局"},
}

type jointAnswer struct {
	ID, State, Document string
	Parties             []struct{ Field, By, Document string }
}

func TestThreeOfficesSealInTheirOrder(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	keys := map[string]string{officeCode: w.key}
	var parties []any
	for i, o := range jointOffices {
		r, err := w.MakeSeal(t.Context(), o.code, o.name)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			if keys[o.code], _, err = w.AddKey(t.Context(), auth.Caller{}, auth.Caller{ID: "clerk of " + o.code, Office: o.code, Actions: []auth.Action{auth.UseSeal}}); err != nil {
				t.Fatal(err)
			}
		}
		parties = append(parties, map[string]any{"office": o.code, "seal": r.ID, "page": 1, "x": 20 + 55*i, "y": 200, "w": 42, "h": 42})
	}
	stranger, _, err := w.AddKey(t.Context(), auth.Caller{}, auth.Caller{ID: "stranger", Office: "11450300MB00000039", Actions: []auth.Action{auth.UseSeal}})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(key, method, path string, in any) (jointAnswer, int, []byte) {
		w.key = key
		status, answer := w.do(t, method, path, in)
		var j jointAnswer
		_ = json.Unmarshal(answer, &j)
		return j, status, answer
	}
	mine := w.key
	j, status, answer := ask(mine, http.MethodPost, "/v1/sealings/joint", map[string]any{
		"document": w.bring(t, brought(t, 1)), "ordered": true, "parties": parties, "matter": "m1",
	})
	if status != http.StatusCreated || j.State != "open" {
		t.Fatalf("opening: %d %s", status, answer)
	}
	path := "/v1/sealings/joint/" + j.ID
	for _, act := range []struct{ method, path string }{{http.MethodGet, ""}, {http.MethodPost, "/seal"}, {http.MethodPost, "/give-up"}} {
		_, status, answer = ask(stranger, act.method, path+act.path, nil)
		expect(t, "a stranger "+act.path, status, answer, http.StatusNotFound, "NOT_FOUND")
	}
	for i, o := range jointOffices {
		for _, other := range jointOffices[i+1:] {
			_, status, answer = ask(keys[other.code], http.MethodPost, path+"/seal", nil)
			expect(t, other.name+" before its turn", status, answer, http.StatusConflict, "JOINT_TURN")
		}
		if _, status, _ := ask(keys[o.code], http.MethodGet, "/v1/documents/"+j.Document, nil); status != http.StatusOK {
			t.Errorf("%s cannot read what it is to seal: %d", o.name, status)
		}
		if j, status, answer = ask(keys[o.code], http.MethodPost, path+"/seal", nil); status != http.StatusOK || j.Parties[i].By == "" {
			t.Fatalf("%s: %d %s", o.name, status, answer)
		}
		if i == 0 {
			_, status, answer = ask(mine, http.MethodPost, path+"/seal", nil)
			expect(t, "twice", status, answer, http.StatusConflict, "JOINT_TURN")
		}
	}
	if j.State != "complete" {
		t.Errorf("it is %s", j.State)
	}
	_, status, answer = ask(mine, http.MethodPost, path+"/give-up", nil)
	expect(t, "given up when complete", status, answer, http.StatusConflict, "JOINT_CLOSED")
	if _, status, _ = ask(stranger, http.MethodGet, "/v1/documents/"+j.Document, nil); status != http.StatusNotFound {
		t.Errorf("a stranger reads the document: %d", status)
	}
	w.key = mine
	status, document := w.do(t, http.MethodGet, "/v1/documents/"+j.Document, nil)
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, document)
	}
	wantValid(t, "joint", judgedBy(t, w.House, document), verify.SignatureSeal, verify.SignatureSeal, verify.SignatureSeal)
	report, err := w.Inspect(t.Context())
	if err != nil || len(report.Faults) != 0 || report.Documents != 5 { // as it came, with fields, and after each seal
		t.Errorf("fsck: %+v, %v", report, err)
	}
}

func TestWhatIsMadeOfADocumentCanBeSealed(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	stored := w.bring(t, brought(t, 2))
	made := func(what, path string, in any) string {
		status, answer := w.do(t, http.MethodPost, path, in)
		var out struct {
			Document, What string
			Pages          int
		}
		if err := json.Unmarshal(answer, &out); err != nil || status != http.StatusCreated || out.What != what {
			t.Fatalf("%s: %d %s", path, status, answer)
		}
		return out.Document
	}
	marked := made("copy", "/v1/documents/"+stored+"/copies", map[string]any{"text": "副本\n仅供办理示例事项使用"})
	merged := made("merged", "/v1/documents/merge", map[string]any{"documents": []string{stored, marked}})
	status, sealed, _ := w.seal(t, map[string]any{"document": merged, "seal": w.sealOf(t, officeCode), "matter": "m1", "ride": map[string]any{"y": 100, "size": 42}}, nil)
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, sealed)
	}
	r := judgedBy(t, w.House, sealed)
	wantValid(t, "merged", r, verify.SignatureSeal)
	if len(r.Signatures[0].Places) != 4 {
		t.Errorf("shown %d times, want once on each of 4 pages", len(r.Signatures[0].Places))
	}
	status, answer, _ := w.send(t, w.key, "/v1/documents", "application/pdf", bytes.NewReader(sealed))
	if status != http.StatusCreated || !bytes.Contains(answer, []byte(`"what":"signed"`)) {
		t.Errorf("a signed document is brought: %d %s", status, answer)
	}
	status, answer = w.do(t, http.MethodPost, "/v1/documents/merge", map[string]any{"documents": []string{json.Number("0").String()}})
	expect(t, "no digest", status, answer, http.StatusNotFound, "DOCUMENT_UNKNOWN")
}
