package main

import (
	"io"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/web/text"
	"yinzheng/verify"
)

// answer is one element of the JSON output.
type answer struct {
	Files      []string                 `json:"files"`
	Verdict    verify.Verdict           `json:"verdict"`
	Kind       string                   `json:"kind,omitempty"`
	At         time.Time                `json:"at"`
	Document   gm.Digest                `json:"document"`
	Subject    *verify.Subject          `json:"subject,omitempty"`    // only when the verdict is valid
	Signatures []verify.SignatureReport `json:"signatures,omitempty"` // what is said of signers holds where the verdict is valid
	Findings   []step                   `json:"findings"`
}

type step struct {
	verify.Finding
	Text   string `json:"text"` // in Chinese
	TextEN string `json:"text_en"`
}

func printJSON(w io.Writer, results []result) error {
	answers := make([]answer, 0, len(results))
	for _, r := range results {
		a := answer{Files: r.names, Verdict: r.report.Verdict, Kind: r.report.Kind, Signatures: r.report.Signatures, At: r.report.At, Document: r.report.Document, Findings: []step{}}
		if r.report.Verdict == verify.Valid {
			a.Subject = r.report.Subject
		}
		for _, f := range r.report.Findings {
			zh, en := text.Finding(f.Code, f.Outcome, f.Params)
			a.Findings = append(a.Findings, step{f, zh, en})
		}
		answers = append(answers, a)
	}
	b, err := verify.Canonical(answers)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}
