package httpapi

import (
	"bytes"
	"context"
	"errors"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"yinzheng/internal/auth"
	"yinzheng/verify"
)

// Media types of a judgement.
const (
	asJSON = "application/json"
	asHTML = "text/html"
	asPDF  = "application/pdf"
)

// Reports shows judgements to people. Document is what was judged, nil for none; lang is "en", otherwise Chinese.
type Reports interface {
	// HTML is one file that needs nothing beside it, and the Content-Security-Policy that it may be shown under.
	HTML(ctx context.Context, r verify.Report, document []byte, lang string) (file []byte, policy string, err error)
	// PDF is a file sealed as ReportSeal says. Errors: ErrNoReportSeal, or those of sealing.
	PDF(ctx context.Context, r verify.Report, document []byte, lang string, with ReportSeal) ([]byte, error)
}

// ReportSeal says which seal a report gets, for which matter, and who asks. The zero value means the one that is configured.
type ReportSeal struct {
	Seal, Matter string
	By           auth.Caller
}

// ErrNoReportSeal means that a sealed report was asked for without naming a seal, and that none is configured for it.
var ErrNoReportSeal = errors.New("httpapi: no seal is configured for reports")

// accepted is the media type that an Accept header likes best of those that there are; "" when it takes none of them. Anything at
// all is JSON.
func accepted(header string) string {
	best, weight := "", 0.0
	for one := range strings.SplitSeq(header, ",") {
		name, params, err := mime.ParseMediaType(one)
		if err != nil {
			continue
		}
		q := 1.0
		if said, err := strconv.ParseFloat(params["q"], 64); err == nil {
			q = said
		}
		switch name {
		case "*/*", "application/*":
			name = asJSON
		case "text/*":
			name = asHTML
		case asJSON, asHTML, asPDF:
		default:
			continue
		}
		if q > weight {
			best, weight = name, q
		}
	}
	if strings.TrimSpace(header) == "" {
		return asJSON
	}
	return best
}

// reportAs answers with a judgement in the form that was asked for.
func (a *API) reportAs(ctx context.Context, in *verifyIn, kind string, r verify.Report, document []byte) (*huma.StreamResponse, error) {
	var body []byte
	var policy, name string
	var err error
	switch kind {
	case asHTML:
		name = "report.html"
		body, policy, err = a.cfg.Reports.HTML(ctx, r, document, in.Lang)
	case asPDF:
		name = "report.pdf"
		body, err = a.cfg.Reports.PDF(ctx, r, document, in.Lang, ReportSeal{Seal: in.Seal, Matter: in.Matter, By: callerFrom(ctx)})
	default:
		var b bytes.Buffer
		err = a.huma.Marshal(&b, asJSON, reportBody(r))
		body = b.Bytes()
	}
	if err != nil {
		return nil, a.answer(ctx, "report", err)
	}
	return &huma.StreamResponse{Body: func(out huma.Context) {
		out.SetHeader("Vary", "Accept, Authorization")
		switch kind {
		case asHTML:
			out.SetHeader("Content-Type", "text/html; charset=utf-8")
			out.SetHeader("Content-Security-Policy", policy)
		default:
			out.SetHeader("Content-Type", kind)
		}
		if name != "" {
			out.SetHeader("Content-Disposition", `attachment; filename="`+name+`"`)
		}
		_, _ = out.BodyWriter().Write(body)
	}}, nil
}

// reportResponses describes the three forms of a judgement.
func (a *API) reportResponses() map[string]*huma.Response {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[ReportBody](), true, "ReportBody")
	file := &huma.Schema{Type: "string", Format: "binary"}
	return map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
		asJSON: {Schema: schema}, asHTML: {Schema: &huma.Schema{Type: "string"}}, asPDF: {Schema: file},
	}}}
}

// whoever lets everyone in, but a caller who says who they are must be who they say.
func (a *API) whoever(ctx huma.Context, next func(huma.Context)) {
	if ctx.Header("Authorization") == "" && ctx.TLS() == nil {
		next(ctx)
		return
	}
	if state := ctx.TLS(); ctx.Header("Authorization") == "" && len(state.VerifiedChains) == 0 {
		next(ctx)
		return
	}
	a.authenticate(ctx, next)
}

// mayUseSeal refuses to put a named seal on a report for whoever may not ask for one.
func mayUseSeal(ctx context.Context, seal string) error {
	if seal == "" {
		return nil
	}
	by := callerFrom(ctx)
	if by.ID == "" {
		return problem(http.StatusUnauthorized, "UNAUTHENTICATED", nil)
	}
	return by.May(auth.UseSeal)
}
