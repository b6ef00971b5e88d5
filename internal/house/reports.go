package house

import (
	"bytes"
	"context"
	"fmt"

	"yinzheng/internal/auth"
	"yinzheng/internal/httpapi"
	"yinzheng/internal/verdict"
	"yinzheng/internal/web"
	"yinzheng/sealing"
	"yinzheng/verify"
)

// ReportCaller is who uses the configured seal on reports that anybody asks for: an authorisation must name it.
const ReportCaller = "verification-report"

// reports shows judgements to people: the pages' HTML in one file, and paper with a seal.
type reports struct {
	house *House
	pages *web.Pages // set once the pages are there
}

// HTML implements httpapi.Reports.
func (r *reports) HTML(ctx context.Context, report verify.Report, document []byte, lang string) ([]byte, string, error) {
	file, err := r.pages.Standalone(ctx, report, bytes.NewReader(document), int64(len(document)), lang)
	return file, web.StandalonePolicy(), err
}

// PDF implements httpapi.Reports.
func (r *reports) PDF(ctx context.Context, report verify.Report, document []byte, lang string, with httpapi.ReportSeal) ([]byte, error) {
	h := r.house
	if with.Seal == "" {
		if h.cfg.ReportSeal == "" {
			return nil, httpapi.ErrNoReportSeal
		}
		with = httpapi.ReportSeal{Seal: h.cfg.ReportSeal, Matter: h.cfg.ReportMatter, By: auth.Caller{ID: ReportCaller}}
	}
	ask := sealing.Request{
		Seal: with.Seal, Matter: with.Matter, By: with.By.ID, Office: with.By.Office, Certify: 1, Reason: "verification report",
		Places: []sealing.Place{{Page: verdict.SealPage, X: verdict.SealX, Y: verdict.SealY, Centred: true}},
	}
	if _, err := sealing.Permit(ctx, h.DB, ask, h.cfg.Now()); err != nil { // before the work of setting it
		return nil, fmt.Errorf("sealing a report: %w", err)
	}
	sheet := verdict.New(report, int64(len(document)), lang)
	sheet.Draw(ctx, h.Pages, bytes.NewReader(document), report)
	paper, err := sheet.PDF(verdict.Paper{Author: h.Region.Name(), Made: h.cfg.Now().UTC()}, report)
	if err != nil {
		return nil, err
	}
	ask.Document = paper
	sealed, err := h.Sealer.Seal(ctx, ask)
	if err != nil {
		return nil, fmt.Errorf("sealing a report: %w", err)
	}
	return sealed.Document, nil
}
