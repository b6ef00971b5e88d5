package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"yinzheng/internal/gm"
	"yinzheng/internal/receipt"
	"yinzheng/internal/web/text"
	"yinzheng/verify"
)

type verifyIn struct {
	At      string `query:"at" doc:"judge at this time (RFC 3339); now by default"`
	Lang    string `query:"lang" enum:"zh,en" default:"zh" doc:"language of an HTML or PDF report"`
	Seal    string `query:"seal" maxLength:"64" doc:"of a PDF report: the seal that it gets, by a caller who may use it; the configured one by default"`
	Matter  string `query:"matter" maxLength:"64" doc:"of a PDF report: the matter that the seal is used for"`
	Accept  string `header:"Accept" doc:"application/json (default), text/html for one file to keep, application/pdf for a sealed one"`
	RawBody multipart.Form
}

// ReportBody is a judgement.
type ReportBody struct {
	Verdict    string                   `json:"verdict" enum:"valid,invalid,indeterminate"`
	Kind       string                   `json:"kind,omitempty" enum:"licence,outcome,document,receipt" doc:"what was judged; a document is nobody's licence, however valid"`
	At         time.Time                `json:"at"`
	Document   string                   `json:"document,omitempty" doc:"SM3 of the bytes judged"`
	Subject    *verify.Subject          `json:"subject,omitempty" doc:"what the document says; only when the verdict is valid"`
	Signatures []verify.SignatureReport `json:"signatures,omitempty" doc:"each signature, oldest first; what is said of a signer holds where that signature's verdict is valid"`
	Findings   []FindingBody            `json:"findings" doc:"every step, in order"`
}

// FindingBody is one step of a judgement.
type FindingBody struct {
	Code      string `json:"code"`
	Clause    string `json:"clause,omitempty"`
	Signature string `json:"signature,omitempty" doc:"name of the signature that it is about; none when about the whole"`
	Outcome   string `json:"outcome" enum:"pass,warn,unknown,fail"`
	Text      string `json:"text" doc:"in Chinese"`
	TextEN    string `json:"text_en" doc:"in English"`
}

func (a *API) verifications() {
	op := a.open(http.MethodPost, "/v1/verifications", "verify", "verification", "Judge a document, with or without its receipt")
	op.Description = "multipart/form-data: `document` (the PDF), optionally `receipt` (JSON). Without a receipt the region's own is looked up. The document is not kept. The answer is JSON, or with Accept text/html or application/pdf a report for people; the PDF is sealed."
	op.MaxBodyBytes = MaxUpload
	op.Errors = append(op.Errors, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotAcceptable, http.StatusConflict)
	op.Middlewares = huma.Middlewares{a.whoever}
	op.Responses = a.reportResponses()
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
		Type: "object",
		Properties: map[string]*huma.Schema{
			"document": {Type: "string", Format: "binary", Description: "a sealed PDF"},
			"receipt":  {Type: "string", Format: "binary", Description: "its receipt, JSON"},
		},
	}}}}
	huma.Register(a.huma, op, a.verify)
}

func (a *API) verify(ctx context.Context, in *verifyIn) (*huma.StreamResponse, error) {
	kind := accepted(in.Accept)
	if kind == "" || kind != asJSON && a.cfg.Reports == nil {
		return nil, problem(http.StatusNotAcceptable, "NOT_ACCEPTABLE", nil)
	}
	if err := mayUseSeal(ctx, in.Seal); err != nil {
		return nil, a.answer(ctx, "verification", err)
	}
	select {
	case a.judges <- struct{}{}:
		defer func() { <-a.judges }()
	case <-ctx.Done():
		return nil, a.answer(ctx, "verification", ctx.Err())
	}
	at := a.cfg.Now()
	if in.At != "" {
		parsed, err := time.Parse(time.RFC3339, in.At)
		if err != nil {
			return nil, problem(http.StatusUnprocessableEntity, "DATE_INVALID", nil)
		}
		at = parsed
	}
	document, err := part(in.RawBody, "document", verify.MaxDocument)
	if err != nil {
		return nil, a.answer(ctx, "verification", err)
	}
	proof, err := part(in.RawBody, "receipt", verify.MaxReceipt)
	if err != nil {
		return nil, a.answer(ctx, "verification", err)
	}
	if document == nil && proof == nil {
		return nil, problem(http.StatusUnprocessableEntity, "DOCUMENT_MISSING", nil)
	}
	report, err := a.Judge(ctx, verify.Input{Document: document, Receipt: proof}, at)
	if err != nil {
		return nil, a.answer(ctx, "verification", err)
	}
	return a.reportAs(ctx, in, kind, report, document)
}

// Judge judges with the region's own trust file; a document with no receipt gets the region's own one, if there is one.
func (a *API) Judge(ctx context.Context, in verify.Input, at time.Time) (verify.Report, error) {
	if in.Receipt == nil && in.Document != nil {
		if r, err := a.cfg.Ledger.Receipt(ctx, verify.KindLicence, gm.Sum(in.Document)); err == nil && r.State != receipt.Accepted {
			in.Receipt = r.Encode()
		}
	}
	return a.cfg.Judge(ctx, in, at)
}

// part reads one file of a form, or nil; it refuses more than limit bytes.
func part(form multipart.Form, name string, limit int64) ([]byte, error) {
	files := form.File[name]
	if len(files) == 0 {
		return nil, nil
	}
	if len(files) > 1 || files[0].Size > limit {
		return nil, problem(http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE", nil)
	}
	f, err := files[0].Open()
	if err != nil {
		return nil, fmt.Errorf("opening the uploaded %s: %w", name, err)
	}
	b, err := io.ReadAll(io.LimitReader(f, limit))
	return b, errors.Join(err, f.Close())
}

func reportBody(r verify.Report) ReportBody {
	b := ReportBody{Verdict: r.Verdict.String(), Kind: r.Kind, At: r.At, Signatures: r.Signatures, Findings: []FindingBody{}}
	if !r.Document.IsZero() {
		b.Document = r.Document.String()
	}
	if r.Verdict == verify.Valid {
		b.Subject = r.Subject
	}
	for _, f := range r.Findings {
		zh, en := text.Finding(f.Code, f.Outcome, f.Params)
		b.Findings = append(b.Findings, FindingBody{Code: f.Code, Clause: f.Clause, Signature: f.Signature, Outcome: string(f.Outcome), Text: zh, TextEN: en})
	}
	return b
}
