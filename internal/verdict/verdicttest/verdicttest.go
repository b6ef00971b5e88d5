// Package verdicttest makes a document and a judgement of it for tests of how judgements are shown.
package verdicttest

import (
	"strings"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/pdf"
	"yinzheng/verify"
)

// Document is a PDF of two pages with room for seals.
func Document() ([]byte, error) {
	b := pdf.New(pdf.Info{Title: "示例文件"})
	for _, heading := range []string{"关于示例事项的批复", "附件：示例清单"} {
		b.AddPage(210, 297)
		b.Text(105, 40, 24, heading, pdf.TextStyle{Align: pdf.Center, Bold: true})
		for i := range 12 {
			b.Text(30, 65+10*float64(i), 12, "示例正文，用来看清印章压在什么文字之上，以及页面画面是否清楚。", pdf.TextStyle{})
		}
	}
	return b.Bytes()
}

// Report is a judgement of a Document of size bytes with a good seal, a signature that nobody believes, and one that was broken.
func Report(now time.Time, size int64) verify.Report {
	ago := func(d time.Duration) *time.Time {
		t := now.Add(-d)
		return &t
	}
	r := verify.Report{Verdict: verify.Invalid, Kind: verify.KindDocument, At: now, Document: gm.Sum([]byte("paper")), Signatures: []verify.SignatureReport{
		{
			Name: "Seal1", Kind: verify.SignatureSeal, Verdict: verify.Valid, Format: "GB/T 38540-2020", Algorithm: "SM2 / SM3", Signer: "示例行政审批局",
			Authority: "示例电子认证服务机构", Seal: "示例行政审批局电子证照专用章", Time: ago(time.Hour), TimeBasis: verify.BasisTimestamp, Proved: ago(time.Hour - time.Second),
			Bytes: size / 2, Places: []verify.Place{{Field: "Seal1", Page: 1, Rect: [4]float64{380, 500, 500, 620}}, {Field: "Seal1", Page: 2, Rect: [4]float64{560, 300, 595, 420}}},
			After: []verify.Change{
				{Revision: 1, Level: verify.LevelSigning, Explained: true, Signatures: []string{"Approval"}, Rules: []string{"signature"}},
				{Revision: 2, Level: verify.LevelSigning, Explained: true, Signatures: []string{"Seal2"}, Rules: []string{"signature"}},
			},
		},
		{
			Name: "Approval", Kind: verify.SignaturePAdES, Verdict: verify.Indeterminate, Format: "ETSI EN 319 142-1", Algorithm: "ECDSA P-256 / SHA-256", Level: "B-B",
			Signer: "Example Office", Time: ago(30 * time.Minute), TimeBasis: verify.BasisDeclared, Revision: 1, Bytes: size - size/4,
			Places: []verify.Place{{Field: "Approval", Page: 2, Rect: [4]float64{90, 120, 260, 180}}},
			After:  []verify.Change{{Revision: 2, Level: verify.LevelSigning, Explained: true, Signatures: []string{"Seal2"}}},
		},
		{
			Name: "Seal2", Kind: verify.SignatureSeal, Verdict: verify.Invalid, Format: "GB/T 38540-2020", Dialects: []string{"raw-rs"}, Algorithm: "SM2 / SM3", Signer: "<b>示例局</b>",
			Time: ago(20 * time.Minute), TimeBasis: verify.BasisDocument, Proved: ago(10 * time.Minute), Revision: 2, Bytes: size - 200,
			Places: []verify.Place{{Field: "Seal2", Page: 1, Rect: [4]float64{440, 460, 560, 580}, Overlap: []verify.Overlap{{Signature: "Seal1", Field: "Seal1", Area: 4000}}}},
			After:  []verify.Change{{Revision: 3, Level: verify.LevelOther, Unexplained: []string{"7 0 R /Contents replaced"}}},
		},
	}}
	r.Findings = findings(r.Signatures)
	return r
}

// findings are a few steps about the whole and about each signature.
func findings(signatures []verify.SignatureReport) (all []verify.Finding) {
	add := func(signature, code string, o verify.Outcome, clause string, params map[string]string) {
		all = append(all, verify.Finding{Code: code, Signature: signature, Outcome: o, Clause: clause, Params: params})
	}
	add("", "POLICY", verify.Pass, "", nil)
	add("", "PDF_FORMAT", verify.Pass, "ISO 32000-1, 7.5", nil)
	needs := map[string]string{"why": "needs", "needs": "SIGNER_CERT_CHAIN"}
	for i, s := range signatures {
		add(s.Name, "SIG_FORMAT", verify.Pass, "GB/T 38540-2020, 7", nil)
		add(s.Name, "CONTENT_HASH", []verify.Outcome{verify.Pass, verify.Pass, verify.Fail}[i], "GB/T 38540-2020, 7.3", map[string]string{"says": strings.Repeat("0a", 32), "is": strings.Repeat("0b", 32)})
		add(s.Name, "SIG_TIME", []verify.Outcome{verify.Pass, verify.Unknown, verify.Pass}[i], "", needs)
		add(s.Name, "SIGNER_CERT_CHAIN", []verify.Outcome{verify.Pass, verify.Unknown, verify.Pass}[i], "GB/T 20518-2018", needs)
	}
	return all
}
