package httpapi

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"yinzheng/internal/web/text"
	"yinzheng/verify/completion"
)

type openCaseIn struct {
	Keyed
	Body struct {
		Number    string     `json:"number" minLength:"1" maxLength:"200" doc:"办件编号"`
		Matter    string     `json:"matter,omitempty" maxLength:"200" doc:"事项编码"`
		Title     string     `json:"title" minLength:"1" maxLength:"200"`
		Applicant HolderBody `json:"applicant" doc:"申请人"`
		Due       time.Time  `json:"due,omitzero" doc:"when the check is due"`
	}
}

type caseIn struct {
	ID string `path:"id" maxLength:"64"`
}

type commitIn struct {
	ID   string `path:"id" maxLength:"64"`
	Body CommitmentBody
}

// CommitmentBody is what the applicant promises instead of handing in proof.
type CommitmentBody struct {
	Item      string            `json:"item" minLength:"1" maxLength:"200" doc:"the proof replaced"`
	Kind      string            `json:"kind" minLength:"21" maxLength:"21" doc:"证照类型代码 that proves it"`
	Licence   string            `json:"licence" maxLength:"128" doc:"电子证照标识 named by the applicant"`
	Statement string            `json:"statement" minLength:"1" maxLength:"4000" doc:"承诺内容"`
	Facts     map[string]string `json:"facts,omitempty" doc:"declared facts: field of the licence and its value"`
}

type evidenceIn struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"200"`
		MIME string `json:"mime" minLength:"1" maxLength:"200"`
		Data []byte `json:"data" doc:"base64"`
	}
}

// CaseBody is a case as the API shows it.
type CaseBody struct {
	ID          string         `json:"id"`
	Number      string         `json:"number"`
	Matter      string         `json:"matter,omitempty"`
	Title       string         `json:"title"`
	State       string         `json:"state"`
	Applicant   HolderBody     `json:"applicant"`
	Commitments []CommittedOut `json:"commitments"`
	Evidence    []EvidenceOut  `json:"evidence"`
	Outcome     *OutcomeOut    `json:"outcome,omitempty" doc:"the signed result, once completed"`
	Package     string         `json:"package,omitempty"`
	Opened      time.Time      `json:"opened"`
	Due         time.Time      `json:"due,omitzero"`
	Updated     time.Time      `json:"updated"`
}

// CommittedOut is a commitment that was made.
type CommittedOut struct {
	ID string `json:"id"`
	CommitmentBody
	At time.Time `json:"at"`
}

// EvidenceOut is a document that was handed in.
type EvidenceOut struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	MIME   string    `json:"mime"`
	Digest string    `json:"digest" doc:"SM3"`
	Size   int64     `json:"size"`
	At     time.Time `json:"at"`
}

// OutcomeOut is the end of a case.
type OutcomeOut struct {
	Result string     `json:"result" enum:"true,false,partial,unverifiable" doc:"属实, 不属实, 部分不一致, 无法核实: the worst of the checks"`
	Checks []CheckOut `json:"checks"`
	At     time.Time  `json:"at"`
	Signed []byte     `json:"signed" doc:"the signed outcome file, base64"`
}

// CheckOut is the result for one commitment.
type CheckOut struct {
	Commitment string        `json:"commitment"`
	Result     string        `json:"result"`
	Licence    string        `json:"licence"`
	Document   string        `json:"document,omitempty" doc:"SM3 of the licence document judged"`
	Findings   []FindingBody `json:"findings"`
}

type caseOut struct {
	Body CaseBody
}

type casesOut struct {
	Body struct {
		Cases []CaseBody `json:"cases"`
		Next  string     `json:"next,omitempty" doc:"give it as after to go on; left out on the last page"`
	}
}

func (a *API) cases() {
	open := a.operation(http.MethodPost, "/v1/cases", "openCase", "completion", "Open a case (办件)")
	open.DefaultStatus = http.StatusCreated
	huma.Register(a.huma, open, func(ctx context.Context, in *openCaseIn) (*caseOut, error) {
		c, err := a.cfg.Cases.Open(ctx, callerFrom(ctx), completion.OpenRequest{
			Number: in.Body.Number, Matter: in.Body.Matter, Title: in.Body.Title, Applicant: completion.Party(in.Body.Applicant),
			Due: in.Body.Due, Key: in.IdempotencyKey,
		})
		return a.caseOut(ctx, c, err)
	})
	get := a.operation(http.MethodGet, "/v1/cases/{id}", "getCase", "completion", "Read a case")
	huma.Register(a.huma, get, func(ctx context.Context, in *caseIn) (*caseOut, error) {
		c, err := a.cfg.Cases.Case(ctx, callerFrom(ctx), in.ID)
		return a.caseOut(ctx, c, err)
	})
	list := a.operation(http.MethodGet, "/v1/cases", "listCases", "completion", "List open cases by when they are due")
	huma.Register(a.huma, list, a.listCases)

	commit := a.operation(http.MethodPost, "/v1/cases/{id}/commitments", "commit", "completion", "Accept the case on a commitment (信任在先)")
	commit.Description = "One commitment stands for one item: the same one again changes nothing, another one for that item is refused."
	huma.Register(a.huma, commit, func(ctx context.Context, in *commitIn) (*caseOut, error) {
		c, err := a.cfg.Cases.Commit(ctx, callerFrom(ctx), in.ID, completion.Commitment{
			Item: in.Body.Item, Kind: in.Body.Kind, Licence: in.Body.Licence, Statement: in.Body.Statement, Facts: in.Body.Facts,
		})
		return a.caseOut(ctx, c, err)
	})
	evidence := a.operation(http.MethodPost, "/v1/cases/{id}/evidence", "addEvidence", "completion", "Hand in a document")
	evidence.MaxBodyBytes = MaxUpload
	evidence.Description = "The same name with the same content again changes nothing."
	huma.Register(a.huma, evidence, func(ctx context.Context, in *evidenceIn) (*caseOut, error) {
		c, err := a.cfg.Cases.AddEvidence(ctx, callerFrom(ctx), in.ID, in.Body.Name, in.Body.MIME, bytes.NewReader(in.Body.Data))
		return a.caseOut(ctx, c, err)
	})
	complete := a.operation(http.MethodPost, "/v1/cases/{id}/complete", "completeCase", "completion", "Check every commitment and sign the outcome (办结核验)")
	complete.Description = "A completed case answers with the outcome it has."
	huma.Register(a.huma, complete, func(ctx context.Context, in *caseIn) (*caseOut, error) {
		c, err := a.cfg.Cases.Complete(ctx, callerFrom(ctx), in.ID)
		return a.caseOut(ctx, c, err)
	})
}

func (a *API) listCases(ctx context.Context, in *struct {
	DueBefore time.Time `query:"due_before" doc:"RFC 3339; all open cases by default"`
	After     string    `query:"after" maxLength:"64"`
	Limit     int       `query:"limit" minimum:"1" maximum:"200" default:"50"`
}) (*casesOut, error) {
	found, next, err := a.cfg.Cases.Cases(ctx, callerFrom(ctx), in.DueBefore, in.After, in.Limit)
	if err != nil {
		return nil, a.answer(ctx, "cases", err)
	}
	out := &casesOut{}
	out.Body.Next = next
	out.Body.Cases = make([]CaseBody, len(found))
	for i, c := range found {
		out.Body.Cases[i] = caseBody(c)
	}
	return out, nil
}

func (a *API) caseOut(ctx context.Context, c completion.Case, err error) (*caseOut, error) {
	var wrong *completion.RequestError
	if errors.As(err, &wrong) {
		code := map[string]string{"REQUIRED": "FIELD_REQUIRED", "TOO_LONG": "FIELD_LENGTH", "TOO_MANY": "FIELD_TOO_MANY"}[wrong.Code]
		p := problem(http.StatusUnprocessableEntity, code, nil)
		p.Errors = []ProblemItem{{Code: code, Pointer: wrong.Pointer, Detail: p.Detail, DetailEN: p.DetailEN}}
		return nil, p
	}
	if err != nil {
		return nil, a.answer(ctx, "case", err)
	}
	return &caseOut{Body: caseBody(c)}, nil
}

func caseBody(c completion.Case) CaseBody {
	b := CaseBody{
		ID: c.ID, Number: c.Number, Matter: c.Matter, Title: c.Title, State: string(c.State), Applicant: HolderBody(c.Applicant), Package: c.Package,
		Opened: c.Opened, Due: c.Due, Updated: c.Updated, Commitments: []CommittedOut{}, Evidence: []EvidenceOut{},
	}
	for _, m := range c.Commitments {
		b.Commitments = append(b.Commitments, CommittedOut{
			ID: m.ID, At: m.At,
			CommitmentBody: CommitmentBody{Item: m.Item, Kind: m.Kind, Licence: m.Licence, Statement: m.Statement, Facts: m.Facts},
		})
	}
	for _, e := range c.Evidence {
		b.Evidence = append(b.Evidence, EvidenceOut{ID: e.ID, Name: e.Name, MIME: e.MIME, Digest: e.Digest.String(), Size: e.Size, At: e.At})
	}
	if c.Outcome != nil {
		b.Outcome = outcomeBody(*c.Outcome)
	}
	return b
}

func outcomeBody(o completion.Outcome) *OutcomeOut {
	out := &OutcomeOut{Result: string(o.Result), At: o.At, Signed: o.Signed, Checks: []CheckOut{}}
	for _, c := range o.Checks {
		check := CheckOut{Commitment: c.Commitment, Result: string(c.Result), Licence: c.Licence, Findings: []FindingBody{}}
		if !c.Document.IsZero() {
			check.Document = c.Document.String()
		}
		for _, f := range c.Findings {
			zh, en := text.Finding(f.Code, f.Outcome, f.Params)
			check.Findings = append(check.Findings, FindingBody{Code: f.Code, Clause: f.Clause, Outcome: string(f.Outcome), Text: zh, TextEN: en})
		}
		out.Checks = append(out.Checks, check)
	}
	return out
}
