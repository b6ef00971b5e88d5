package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"yinzheng/internal/auth"
	"yinzheng/internal/house"
	"yinzheng/internal/web"
	"yinzheng/internal/web/text"
	"yinzheng/licences"
	"yinzheng/verify"
)

const (
	demoKind  = "食品经营许可证" // its example is issued, by the office that the example names
	demoWait  = "wait=30"
	maxAnswer = 128 << 20 // bytes of one answer of our own service
)

// demo tells the story over HTTP, as an approval system would live it.
type demo struct {
	*story
	house   *house.House
	url     string
	program *program
	dir     string
	key     string
	licence struct {
		ID, Identifier, Kind string
		KindName             string `json:"kind_name"`
		Number, Document     string
		Issuer               string
		IssuerCode           string `json:"issuer_code"`
		State                string
		Holder               struct{ Name, Code string }
		CheckURL             string `json:"check_url"`
		Package              string
		ValidTo              string `json:"valid_to"`
	}
}

// tell runs every step; the first that fails ends it.
func (d *demo) tell(ctx context.Context) error {
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"office", d.office}, {"issue", d.issue}, {"verify", d.verifyOffline}, {"present", d.present}, {"case", d.complete}, {"archive", d.archived}, {"fsck", d.inspect},
	} {
		started := d.program.now()
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		d.seconds(step.name, started)
	}
	return nil
}

func (d *demo) office(ctx context.Context) error {
	root := d.house.Region.Root().Certificate
	d.say("一、信任：建立区域、根证书与签发机构，密钥加密存放", "1. Trust: a region with its root and authorities; keys rest encrypted",
		d.house.Region.Code()+" "+d.house.Region.Name(), "SM2 root, SM3 "+digestOf(root))
	_, sample, err := d.sample()
	if err != nil {
		return err
	}
	record, err := d.house.MakeSeal(ctx, sample.Issuer.Code, sample.Issuer.Name)
	if err != nil {
		return err
	}
	d.key, _, err = d.house.AddKey(ctx, auth.Caller{}, auth.Caller{ID: "demo", Office: sample.Issuer.Code, Actions: auth.Actions()})
	if err != nil {
		return err
	}
	d.say("二、机构与电子印章（GB/T 38540）", "2. An office and its electronic seal", record.ID+" "+record.Name)
	return nil
}

// sample is the kind of the story and its own example.
func (d *demo) sample() (*licences.Kind, licences.Example, error) {
	for _, k := range d.house.Kinds.All() {
		if k.Name == demoKind && len(k.Examples) > 0 {
			return k, k.Examples[0], nil
		}
	}
	return nil, licences.Example{}, fmt.Errorf("the catalogue has no example of %s", demoKind)
}

// issue asks for a licence with the kind's own example and waits until it is archived.
func (d *demo) issue(ctx context.Context) error {
	kind, sample, err := d.sample()
	if err != nil {
		return err
	}
	body := map[string]any{
		"kind": kind.Code, "holder": map[string]string{"name": sample.Holder.Name, "code": sample.Holder.Code, "code_type": sample.Holder.CodeType},
		"fields": sample.Fields, "matter": "示例事项-0001", "case": "示例办件-0001",
	}
	key := fmt.Sprintf("demo-%d", d.program.now().UnixNano())
	answer, err := d.call(ctx, http.MethodPost, "/v1/licences", body, "Idempotency-Key", key, "Prefer", demoWait)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, &d.licence); err != nil {
		return err
	}
	if d.licence.State != string(licences.Archived) {
		return fmt.Errorf("the licence is %s after %s", d.licence.State, demoWait)
	}
	d.result.Licence = answer
	for _, f := range []struct {
		path, name string
		to         *string
	}{
		{"/v1/licences/" + d.licence.ID + "/document", "licence.pdf", &d.result.Document},
		{"/v1/receipts/" + d.licence.Document, "receipt.json", &d.result.Receipt},
		{"/v1/trust-bundle", "trust.json", &d.result.Trust},
	} {
		content, err := d.call(ctx, http.MethodGet, f.path, nil)
		if err != nil {
			return err
		}
		if *f.to, err = d.keep(f.name, content); err != nil {
			return err
		}
	}
	d.say("三、签发：证面、二维码、印章、签章、存证、归档", "3. Issued: face, QR, seal, anchored, archived",
		d.licence.KindName+" "+d.licence.Number, d.licence.Identifier, d.result.Document, d.licence.CheckURL)
	return nil
}

// verifyOffline judges the three files alone, as a stranger would, then shows that one changed byte is found.
func (d *demo) verifyOffline(context.Context) error {
	in, trust, err := readEvidence(d.result.Document, d.result.Receipt, d.result.Trust)
	if err != nil {
		return err
	}
	report := verify.Judge(in, trust, d.program.now())
	if d.result.Verification, err = json.Marshal(report); err != nil {
		return err
	}
	lines := make([]any, 0, len(report.Findings)+1)
	for _, f := range report.Findings {
		zh, en := text.Finding(f.Code, f.Outcome, f.Params)
		lines = append(lines, fmt.Sprintf("%-7s %s  %s", f.Outcome, zh, en))
	}
	lines = append(lines, fmt.Sprintf("yzverify --trust %s %s %s", d.result.Trust, d.result.Document, d.result.Receipt))
	d.say("四、离线核验："+text.Page("verdict."+report.Verdict.String(), "zh"), "4. Verified offline: "+report.Verdict.String(), lines...)
	if report.Verdict != verify.Valid {
		return fmt.Errorf("our own licence is %s", report.Verdict)
	}
	tampered := bytes.Clone(in.Document)
	tampered[len(tampered)/2] ^= 1
	if v := verify.Judge(verify.Input{Document: tampered, Receipt: in.Receipt}, trust, d.program.now()).Verdict; v == verify.Valid {
		return errors.New("a changed document is called valid")
	}
	return nil
}

func (d *demo) present(ctx context.Context) error {
	answer, err := d.call(ctx, http.MethodPost, "/v1/presentations", map[string]any{"licence": d.licence.ID, "fields": d.shownFields()})
	if err != nil {
		return err
	}
	var p struct{ Token, URL string }
	if err := json.Unmarshal(answer, &p); err != nil {
		return err
	}
	page, err := d.call(ctx, http.MethodGet, "/v/"+p.Token, nil)
	if err != nil {
		return err
	}
	if !bytes.Contains(page, []byte(d.licence.KindName)) {
		return errors.New("the phone page does not show the licence")
	}
	var refused *refusal
	if _, err = d.call(ctx, http.MethodGet, "/v1/presentations/"+p.Token, nil); !errors.As(err, &refused) || refused.Code != "TOKEN_USED" {
		return fmt.Errorf("a used code was not refused: %w", err)
	}
	d.say("五、亮证：一次性二维码，六十秒内有效，只出示所选内容", "5. Shown by QR: once, within 60 s, only what its holder chose", "used again: "+refused.Code)
	return nil
}

// shownFields is the first of what the kind lets be shown.
func (d *demo) shownFields() []string {
	kind, known := d.house.Kinds.Kind(d.licence.Kind)
	if !known {
		return nil
	}
	fields := kind.Presentable()
	return fields[:min(2, len(fields))]
}

// complete lives one case: accepted on a commitment, checked against the licence when it is completed.
func (d *demo) complete(ctx context.Context) error {
	var c struct {
		ID      string
		State   string
		Package string
		Outcome struct{ Result string }
	}
	open := map[string]any{
		"number": "示例办件-0002", "matter": "示例事项-0002", "title": "示例：食品小作坊登记",
		"applicant": map[string]string{"name": d.licence.Holder.Name, "code": d.licence.Holder.Code, "code_type": "001"},
	}
	answer, err := d.call(ctx, http.MethodPost, "/v1/cases", open, "Idempotency-Key", "case-"+d.licence.ID)
	if err == nil {
		err = json.Unmarshal(answer, &c)
	}
	if err != nil {
		return err
	}
	commit := map[string]any{
		"item": d.licence.KindName, "kind": d.licence.Kind, "licence": d.licence.Identifier,
		"statement": "本单位承诺已取得上述许可，所述属实，愿承担不实承诺的法律责任。", "facts": map[string]string{},
	}
	if _, err := d.call(ctx, http.MethodPost, "/v1/cases/"+c.ID+"/commitments", commit, "Idempotency-Key", "commit-"+d.licence.ID); err != nil {
		return err
	}
	answer, err = d.call(ctx, http.MethodPost, "/v1/cases/"+c.ID+"/complete", map[string]any{})
	if err == nil {
		err = json.Unmarshal(answer, &c)
	}
	if err != nil {
		return err
	}
	d.result.Case = answer
	d.licence.Package = c.Package
	d.say("六、信任在先、办结核验："+text.Page("result."+c.Outcome.Result, "zh"), "6. Accepted on trust, checked at completion: "+c.Outcome.Result, c.ID)
	if c.Outcome.Result != "true" {
		return fmt.Errorf("an honest commitment came out %q", c.Outcome.Result)
	}
	return nil
}

func (d *demo) archived(ctx context.Context) error {
	content, err := d.call(ctx, http.MethodGet, "/v1/archive/packages/"+d.licence.Package+"/content", nil)
	if err != nil {
		return err
	}
	if d.result.Package, err = d.keep("package.zip", content); err != nil {
		return err
	}
	d.say("七、归档：案卷一包，可用通用工具核对", "7. Archived: the case file as one package that common tools can check", d.result.Package)
	return nil
}

func (d *demo) inspect(ctx context.Context) error {
	found, err := d.house.Inspect(ctx)
	if err != nil {
		return err
	}
	var b strings.Builder
	printInspection(&b, found)
	d.say("八、全库复核", "8. Everything re-derived", strings.TrimSpace(b.String()))
	if len(found.Faults) > 0 {
		return errUnclean
	}
	return nil
}

// wallet is the demonstration's citizen: each look makes a new code for the licence of the story.
func (d *demo) wallet(ctx context.Context) (web.Card, error) {
	if d.licence.ID == "" {
		return web.Card{}, licences.ErrNotThere
	}
	by := auth.Caller{ID: "demo-citizen", Office: d.licence.IssuerCode, Actions: []auth.Action{auth.PresentOwn}}
	token, p, err := d.house.Licences.Present(ctx, by, licences.PresentRequest{Licence: d.licence.ID, Fields: d.shownFields()})
	if err != nil {
		return web.Card{}, err
	}
	return web.Card{
		KindName: d.licence.KindName, Issuer: d.licence.Issuer, Holder: d.licence.Holder.Name,
		URL: d.url + "/v/" + token, Expires: p.Expires,
	}, nil
}

// refusal is a problem answered by the service.
type refusal struct {
	Status   int
	Code     string
	DetailEN string `json:"detail_en"`
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.Status, r.Code, r.DetailEN) }

// call asks the service; headers are names and values in turn.
func (d *demo) call(ctx context.Context, method, path string, body any, headers ...string) ([]byte, error) {
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(b)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, d.url+path, content)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+d.key)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		r := &refusal{Status: resp.StatusCode}
		_ = json.Unmarshal(answer, r)
		return nil, fmt.Errorf("%s %s: %w", method, path, r)
	}
	return answer, nil
}
