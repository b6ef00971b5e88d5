package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"yinzheng/internal/verdict"
	"yinzheng/verify"
)

// reportPage is a judgement as the pages show it.
type reportPage struct {
	*verdict.Sheet
	Proof []line
	Shots []shot
	// of the standalone file only
	Style  template.CSS
	Policy string
}

// shot is a signed page with its marks.
type shot struct {
	URL           template.URL // data:, "" when it could not be drawn
	Alt, Caption  string
	Marked        []int
	Width, Height int
}

// Class is that of the verdict.
func (p reportPage) Class() string { return classOf(p.Sheet.Verdict) }

func classOf(v verify.Verdict) string {
	switch v {
	case verify.Valid:
		return "good"
	case verify.Invalid:
		return "bad"
	case verify.Indeterminate:
	}
	return "wait"
}

// reportView lays a judgement out, with the pages of the document that was judged (nil for none).
func reportView(ctx context.Context, r verify.Report, document io.ReadSeeker, size int64, painter verdict.Painter, lang string) (reportPage, error) {
	page := reportPage{Sheet: verdict.New(r, size, lang), Proof: proofOf(r.Findings)}
	page.Draw(ctx, painter, document, r)
	for _, one := range page.Pages {
		url, err := one.DataURL()
		if err != nil {
			return page, err
		}
		caption := strings.ReplaceAll(page.T("pages.no"), "{a}", fmt.Sprint(one.Number))
		page.Shots = append(page.Shots, shot{template.URL(url), one.Alt, caption, one.Marked, one.Width(), one.Height()}) //nolint:gosec // our own picture, in base 64
	}
	return page, nil
}

// Standalone is a judgement as one HTML file that needs nothing beside it. Document is what was judged, nil for none.
func (p *Pages) Standalone(ctx context.Context, r verify.Report, document io.ReadSeeker, size int64, lang string) ([]byte, error) {
	if lang != "en" {
		lang = "zh-CN"
	}
	page, err := reportView(ctx, r, document, size, p.cfg.Painter, lang)
	if err != nil {
		return nil, err
	}
	style, err := staticFiles.ReadFile("static/app.css")
	if err != nil {
		return nil, err
	}
	page.Style, page.Policy = template.CSS(style), StandalonePolicy() //nolint:gosec // our own sheet
	v := view{Lang: lang, Region: p.cfg.Region, Data: page}
	v.Title = v.T("verdict."+r.Verdict.String()) + " · " + v.T("report.title") + " · " + v.T("name")
	var out bytes.Buffer
	if err := p.templates.ExecuteTemplate(&out, "standalone.html", v); err != nil {
		return nil, fmt.Errorf("writing the report: %w", err)
	}
	return out.Bytes(), nil
}

// StandalonePolicy is the Content-Security-Policy of what Standalone makes: its own style sheet, its own pictures, nothing else.
func StandalonePolicy() string {
	style, _ := staticFiles.ReadFile("static/app.css") // it is embedded
	sum := sha256.Sum256(style)
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src data:; base-uri 'none'; form-action 'none'"
}

// With is the same view of a part of the page.
func (v view) With(data any) view {
	v.Data = data
	return v
}

// ClassOf is the class of a verdict.
func (v view) ClassOf(one verify.Verdict) string { return classOf(one) }

// ClassOfCard is the class of the signature of that number, on a report.
func (v view) ClassOfCard(n int) string {
	page, is := v.Data.(reportPage)
	if !is || n < 1 || n > len(page.Signatures) {
		return ""
	}
	return classOf(page.Signatures[n-1].Verdict)
}

// Bytes writes a size for people.
func (v view) Bytes(n int64) string { return verdict.Bytes(n) }
