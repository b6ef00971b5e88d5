package web

import (
	"slices"

	"yinzheng/internal/verdict"
	"yinzheng/verify"
)

// link is one link of the proof that a reader sees at a glance: the checks that make it, and the worst of their outcomes.
type link struct {
	Key     string // of its text, after "link."
	Outcome verify.Outcome
	codes   []string
}

// line is a question about a licence and the links that answer it, each resting on the next.
type line struct {
	Key   string // of its text, after "proof."
	Links []link
}

// proofLines is the proof as it is drawn. Every check but the policy and the input is in a link; the content digest, where file and
// signature meet, is in both.
func proofLines() []line {
	return []line{
		{"who", []link{
			{Key: "document", codes: []string{"PDF_FORMAT", "PDF_STRICT", "SIG_COUNT", "SIG_COVERAGE", "SIG_CHANGES", "SIG_OVERLAP", "CONTENT_HASH", "OUTCOME_FORMAT"}},
			{Key: "signature", codes: []string{"SIG_DICTIONARY", "SIG_FORMAT", "CONTENT_HASH", "SIG_VALUE", "OUTCOME_SIGNATURE", "OUTCOME_OFFICE"}},
			{Key: "seal", codes: []string{
				"SEAL_FORMAT", "SEAL_SIGNATURE", "SEAL_MAKER_CERT_CHAIN", "SEAL_MAKER_CERT_USAGE", "SEAL_MAKER_CERT_EXPIRED", "SEAL_MAKER_CERT_REVOKED",
				"SEAL_TIMESTAMP", "SEAL_NOT_YET_VALID", "SEAL_EXPIRED", "SIG_TIME_OUTSIDE_SEAL", "SIGNER_NOT_IN_SEAL", "SEAL_PICTURE",
			}},
			{Key: "certificate", codes: []string{"SIGNER_CERT_CHAIN", "SIGNER_CERT_USAGE", "SIG_TIME_OUTSIDE_CERT", "SIGNER_CERT_REVOKED"}},
			{Key: "root", codes: []string{"TRUST_FILE", "TRUST_PERIOD", "TRUST_ROOT"}},
		}},
		{"when", []link{
			{Key: "time", codes: []string{"SIG_TIME", "TIMESTAMP_TIME", "SIG_LEVEL"}},
			{Key: "timestamp", codes: []string{"TIMESTAMP"}},
			{Key: "authority", codes: []string{"TIMESTAMP_AUTHORITY"}},
		}},
		{"now", []link{
			{Key: "data", codes: []string{"LICENCE_DATA", "LICENCE_IDENTIFIER"}},
			{Key: "office", codes: []string{"LICENCE_ISSUER_CODE", "LICENCE_ISSUER"}},
			{Key: "period", codes: []string{"LICENCE_PERIOD"}},
			{Key: "status", codes: []string{"LICENCE_STATUS"}},
		}},
		{"recorded", []link{
			{Key: "receipt", codes: []string{"RECEIPT_FORMAT", "RECEIPT_KIND"}},
			{Key: "digest", codes: []string{"RECEIPT_DIGEST"}},
			{Key: "log", codes: []string{"RECEIPT_PROOF"}},
		}},
	}
}

// proofOf gives each link the worst outcome of its checks. A link or line that the report says nothing about is left out.
func proofOf(findings []verify.Finding) []line {
	lines := proofLines()
	for i := range lines {
		for j := range lines[i].Links {
			one := &lines[i].Links[j]
			for _, f := range findings {
				if slices.Contains(one.codes, f.Code) {
					one.Outcome = verdict.Worse(one.Outcome, f.Outcome)
				}
			}
		}
		lines[i].Links = slices.DeleteFunc(lines[i].Links, func(l link) bool { return l.Outcome == "" })
	}
	return slices.DeleteFunc(lines, func(l line) bool { return len(l.Links) == 0 })
}
