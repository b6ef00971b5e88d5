package licences

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"yinzheng/archive"
	"yinzheng/verify"
)

// The files of a licence's package.
const (
	DocumentFile = "电子证照.pdf"          // the sealed PDF
	DataFile     = "licence.json"      // what it says, for machines
	HistoryFile  = "history.json"      // its history until it was archived
	ReceiptFile  = "receipt.json"      // the ledger's receipt
	ReportFile   = "verification.json" // our judgement on document and receipt, with the time that it was made at
)

// category is 门类代码 of case files of government services in the practice (WS, 文书).
const category = "WS"

// packageID is the 电子文件号 of a licence's package: one for each licence, and ordered by time like its ID.
func packageID(l Licence) string { return "L" + l.ID }

// caseFile gathers what is archived of an anchored licence.
func (s *Service) caseFile(ctx context.Context, l Licence) (archive.Deposit, error) {
	kind, err := s.kind(l.Kind)
	if err != nil {
		return archive.Deposit{}, err
	}
	document, err := s.document(ctx, l)
	if err != nil {
		return archive.Deposit{}, err
	}
	proof, err := s.receipt(ctx, l)
	if err != nil {
		return archive.Deposit{}, err
	}
	events, err := s.cfg.Register.History(ctx, l.ID)
	if err != nil {
		return archive.Deposit{}, err
	}
	history, err := indented(events)
	if err != nil {
		return archive.Deposit{}, err
	}
	report, judged, err := s.report(ctx, verify.Input{Document: document, Receipt: proof})
	if err != nil {
		return archive.Deposit{}, err
	}
	sealed := l.Updated
	for _, e := range events {
		if e.What == string(Sealed) {
			sealed = e.At
		}
	}
	return archive.Deposit{
		ID: packageID(l), Kind: entryKind, Subject: l.ID, Title: l.KindName + " " + l.Number,
		Metadata: archive.Metadata{
			Region: s.cfg.Region, Office: l.IssuerCode, OfficeName: l.Issuer, Fonds: l.IssuerCode, Category: category,
			Retention: string(kind.Retention), Matter: l.Matter, Case: l.Case, Identifier: l.Identifier, Finished: l.Updated,
			Process: process(events),
		},
		Files: []archive.File{
			{Folder: archive.FolderResults, Name: DocumentFile, Title: l.KindName, MIME: "application/pdf", Created: sealed, Data: document},
			{Folder: archive.FolderResults, Name: DataFile, Title: "证照数据", MIME: "application/json", Created: sealed, Data: kind.Data(l).Encode()},
			{Folder: archive.FolderProcess, Name: HistoryFile, Title: "办理过程信息", MIME: "application/json", Created: judged, Data: history},
			{Folder: archive.FolderProofs, Name: ReceiptFile, Title: "存证回执", MIME: "application/json", Created: l.Updated, Data: proof},
			{Folder: archive.FolderProofs, Name: ReportFile, Title: "验证报告", MIME: "application/json", Created: judged, Data: report},
		},
	}, nil
}

// report judges what is archived; see ownFaults for what keeps it from being archived.
func (s *Service) report(ctx context.Context, in verify.Input) ([]byte, time.Time, error) {
	at := s.now()
	report, err := s.cfg.Judge(ctx, in, at)
	if err != nil {
		return nil, at, fmt.Errorf("judging: %w", err)
	}
	if err := ownFaults(report); err != nil {
		return nil, at, err
	}
	b, err := indented(report)
	return b, at, err
}

// process writes the history as 办理过程.
func process(events []Event) []archive.Step {
	names := map[string]string{string(Issuing): "制证", string(Sealed): "签章", string(Anchored): "存证"}
	steps := make([]archive.Step, 0, len(events))
	for _, e := range events {
		name, ok := names[e.What]
		if !ok {
			name = e.What
		}
		steps = append(steps, archive.Step{At: e.At, Name: name, By: e.By, Note: strings.ToValidUTF8(e.Why, "?")})
	}
	return steps
}

func indented(v any) ([]byte, error) {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(b, '\n'), nil
}
