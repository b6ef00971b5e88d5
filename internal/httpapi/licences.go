package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"yinzheng/licences"
)

// HolderBody is 持证主体.
type HolderBody struct {
	Name     string `json:"name" minLength:"1" maxLength:"200" doc:"持证主体"`
	Code     string `json:"code" minLength:"1" maxLength:"64" doc:"持证主体代码"`
	CodeType string `json:"code_type" pattern:"^[0-9]{3}$" doc:"持证主体代码类型代码: 001 统一社会信用代码, 111 公民身份号码, …"`
}

// IssueBody asks for a licence.
type IssueBody struct {
	Kind      string          `json:"kind" minLength:"21" maxLength:"21" doc:"证照类型代码"`
	Number    string          `json:"number,omitempty" maxLength:"128" doc:"证照编号; left out, the service numbers it"`
	Holder    HolderBody      `json:"holder"`
	Fields    json.RawMessage `json:"fields" doc:"the kind's fields, see GET /v1/kinds/{code}"`
	IssuedOn  string          `json:"issued_on,omitempty" validate:"omitempty,isodate" doc:"YYYY-MM-DD, today by default"`
	ValidFrom string          `json:"valid_from,omitempty" validate:"omitempty,isodate"`
	ValidTo   string          `json:"valid_to,omitempty" validate:"omitempty,isodate" doc:"left out, the kind's validity rule decides"`
	Matter    string          `json:"matter,omitempty" maxLength:"64" doc:"事项编码"`
	Case      string          `json:"case,omitempty" maxLength:"64" doc:"办件编号"`
}

type issueIn struct {
	Keyed
	Prefer string `header:"Prefer" doc:"wait=N: answer when the licence is anchored and archived, or after N seconds (at most 30)"`
	Body   IssueBody
}

// LicenceBody is a licence as the API shows it.
type LicenceBody struct {
	ID         string          `json:"id"`
	Identifier string          `json:"identifier" doc:"电子证照标识 (GB/T 36904)"`
	Kind       string          `json:"kind" doc:"证照类型代码"`
	KindName   string          `json:"kind_name"`
	Number     string          `json:"number" doc:"证照编号"`
	Holder     HolderBody      `json:"holder"`
	Issuer     string          `json:"issuer" doc:"证照颁发机构"`
	IssuerCode string          `json:"issuer_code"`
	Fields     json.RawMessage `json:"fields"`
	IssuedOn   string          `json:"issued_on"`
	ValidFrom  string          `json:"valid_from"`
	ValidTo    string          `json:"valid_to,omitempty" doc:"left out for 长期"`
	State      string          `json:"state" enum:"issuing,sealed,anchored,archived" doc:"how far issuing has come; sealed is acknowledged"`
	Status     string          `json:"status" doc:"certState: 01 有效, 02 暂扣, 03 撤销, 04 注销, 05 失效, 07 吊销"`
	StatusAt   time.Time       `json:"status_at"`
	Document   string          `json:"document,omitempty" doc:"SM3 of the sealed PDF"`
	Package    string          `json:"package,omitempty" doc:"archive package"`
	CheckURL   string          `json:"check_url" doc:"what the QR on the face leads to"`
	Created    time.Time       `json:"created"`
	Updated    time.Time       `json:"updated"`
}

type licenceOut struct {
	Body LicenceBody
}

type licenceIn struct {
	ID string `path:"id" maxLength:"64"`
}

type historyOut struct {
	Body struct {
		Events []EventBody `json:"events"`
	}
}

// EventBody is one line of a licence's history.
type EventBody struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
	By   string    `json:"by"`
	Why  string    `json:"why,omitempty"`
}

type statusIn struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Why string `json:"why" minLength:"1" maxLength:"200" doc:"reason, kept in the history"`
	}
}

// Resolve runs the rules that a schema cannot say.
func (b *IssueBody) Resolve(ctx huma.Context) []error {
	r, ok := ctx.Context().Value(rulesKey{}).(*rules)
	if !ok {
		return nil
	}
	return r.check(b)
}

type rulesKey struct{}

// withRules makes the rules known to Resolve.
func (a *API) withRules(ctx huma.Context, next func(huma.Context)) {
	next(huma.WithValue(ctx, rulesKey{}, a.rules))
}

func (a *API) licences() {
	issue := a.operation(http.MethodPost, "/v1/licences", "issueLicence", "licences", "Issue a licence")
	issue.DefaultStatus = http.StatusCreated
	issue.Middlewares = append(issue.Middlewares, a.withRules)
	issue.Description = "Answers when the licence is sealed, durable and promised to the ledger; anchoring and archiving follow, or are waited for with Prefer: wait=N."
	huma.Register(a.huma, issue, a.issue)

	get := a.operation(http.MethodGet, "/v1/licences/{id}", "getLicence", "licences", "Read a licence")
	huma.Register(a.huma, get, func(ctx context.Context, in *licenceIn) (*licenceOut, error) {
		l, err := a.cfg.Licences.Licence(ctx, callerFrom(ctx), in.ID)
		return a.licenceOut(ctx, l, err)
	})
	doc := a.operation(http.MethodGet, "/v1/licences/{id}/document", "getLicenceDocument", "licences", "Read the sealed PDF")
	doc.Responses = binary("application/pdf")
	huma.Register(a.huma, doc, a.licenceDocument)

	history := a.operation(http.MethodGet, "/v1/licences/{id}/history", "getLicenceHistory", "licences", "Read what happened to a licence")
	huma.Register(a.huma, history, a.licenceHistory)

	for _, change := range []struct {
		verb, id, summary string
		do                func(context.Context, *statusIn) (licences.Licence, error)
	}{
		{"suspend", "suspendLicence", "Suspend a licence (暂扣)", func(ctx context.Context, in *statusIn) (licences.Licence, error) {
			return a.cfg.Licences.Suspend(ctx, callerFrom(ctx), in.ID, in.Body.Why)
		}},
		{"resume", "resumeLicence", "Give a suspended licence back (发还)", func(ctx context.Context, in *statusIn) (licences.Licence, error) {
			return a.cfg.Licences.Resume(ctx, callerFrom(ctx), in.ID, in.Body.Why)
		}},
		{"revoke", "revokeLicence", "Revoke a licence (吊销); final", func(ctx context.Context, in *statusIn) (licences.Licence, error) {
			return a.cfg.Licences.Revoke(ctx, callerFrom(ctx), in.ID, in.Body.Why)
		}},
	} {
		op := a.operation(http.MethodPost, "/v1/licences/{id}/"+change.verb, change.id, "licences", change.summary)
		huma.Register(a.huma, op, func(ctx context.Context, in *statusIn) (*licenceOut, error) {
			l, err := change.do(ctx, in)
			return a.licenceOut(ctx, l, err)
		})
	}
}

func (a *API) issue(ctx context.Context, in *issueIn) (*licenceOut, error) {
	b := in.Body
	l, err := a.cfg.Licences.Issue(ctx, callerFrom(ctx), licences.Request{
		Kind: b.Kind, Number: b.Number, Holder: licences.Holder(b.Holder), Fields: b.Fields,
		IssuedOn: b.IssuedOn, ValidFrom: b.ValidFrom, ValidTo: b.ValidTo, Matter: b.Matter, Case: b.Case, Key: in.IdempotencyKey,
	})
	if wait := preferredWait(in.Prefer); err == nil && wait > 0 {
		settled, cancel := context.WithTimeout(ctx, wait)
		defer cancel()
		if done, waitErr := a.cfg.Licences.Settle(settled, l.ID); waitErr == nil {
			l = done
		}
	}
	return a.licenceOut(ctx, l, err)
}

// preferredWait reads "wait=N" (RFC 7240); anything else is no wait.
func preferredWait(prefer string) time.Duration {
	for part := range strings.SplitSeq(prefer, ",") {
		if n, found := strings.CutPrefix(strings.TrimSpace(part), "wait="); found {
			seconds, err := strconv.Atoi(n)
			if err == nil && seconds > 0 {
				return min(time.Duration(seconds)*time.Second, MaxWait)
			}
		}
	}
	return 0
}

func (a *API) licenceOut(ctx context.Context, l licences.Licence, err error) (*licenceOut, error) {
	if err != nil {
		return nil, a.answer(ctx, "licence", err)
	}
	return &licenceOut{Body: a.licenceBody(l)}, nil
}

func (a *API) licenceBody(l licences.Licence) LicenceBody {
	b := LicenceBody{
		ID: l.ID, Identifier: l.Identifier, Kind: l.Kind, KindName: l.KindName, Number: l.Number, Holder: HolderBody(l.Holder),
		Issuer: l.Issuer, IssuerCode: l.IssuerCode, Fields: l.Fields, IssuedOn: l.IssuedOn, ValidFrom: l.ValidFrom, ValidTo: l.ValidTo,
		State: string(l.State), Status: string(l.Status), StatusAt: l.StatusAt, Package: l.Package,
		CheckURL: a.cfg.BaseURL + "/c/" + l.CheckCode, Created: l.Created, Updated: l.Updated,
	}
	if !l.Document.IsZero() {
		b.Document = l.Document.String()
	}
	return b
}

func (a *API) licenceDocument(ctx context.Context, in *licenceIn) (*huma.StreamResponse, error) {
	content, l, err := a.cfg.Licences.Document(ctx, callerFrom(ctx), in.ID)
	if err != nil {
		return nil, a.answer(ctx, "licence document", err)
	}
	return a.stream(content, "application/pdf", l.Identifier+".pdf"), nil
}

// stream sends stored content. Its digest is checked while it is read: damage found on the way breaks the connection off,
// so that half a document is never taken for one.
func (a *API) stream(content io.ReadCloser, mediaType, name string) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer func() { _ = content.Close() }()
		ctx.SetHeader("Content-Type", mediaType)
		ctx.SetHeader("Content-Disposition", `attachment; filename="`+name+`"`)
		ctx.SetHeader("X-Content-Type-Options", "nosniff")
		if _, err := io.Copy(ctx.BodyWriter(), content); err != nil {
			a.log.ErrorContext(ctx.Context(), "streaming content", "err", err)
			panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's own way to break a connection off
		}
	}}
}

func (a *API) licenceHistory(ctx context.Context, in *licenceIn) (*historyOut, error) {
	events, err := a.cfg.Licences.History(ctx, callerFrom(ctx), in.ID)
	if err != nil {
		return nil, a.answer(ctx, "licence history", err)
	}
	out := &historyOut{}
	out.Body.Events = make([]EventBody, len(events))
	for i, e := range events {
		out.Body.Events[i] = EventBody(e)
	}
	return out, nil
}

// binary describes an answer that is a file.
func binary(mediaType string) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {
		Description: "OK",
		Content:     map[string]*huma.MediaType{mediaType: {Schema: &huma.Schema{Type: "string", Format: "binary"}}},
	}}
}
