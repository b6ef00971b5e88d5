package verify

import (
	"fmt"
	"math"
	"slices"
	"time"

	"yinzheng/internal/chain"
	"yinzheng/internal/receipt"
)

// Judge reads the input and the trust file and judges with the default policy. A trust file that cannot be used is a
// finding, and so is no trust file (nil).
func Judge(in Input, trust []byte, at time.Time) Report {
	return DefaultPolicy().JudgeBytes(Read(in), trust, at)
}

// JudgeBytes is Policy.Judge with a trust file that was not read yet.
func (p Policy) JudgeBytes(e Evidence, trust []byte, at time.Time) Report {
	if trust == nil {
		return p.judge(e, nil, nil, at)
	}
	t, err := ParseTrust(trust)
	return p.judge(e, t, err, at)
}

// Judge weighs evidence with a trust file (nil for none) at a time. It never fails and never panics: what cannot be
// decided is a finding with the outcome Unknown. The report has one finding for each row of Checks that applies to what
// was given, in the order of that table.
func (p Policy) Judge(e Evidence, t *Trust, at time.Time) Report { return p.judge(e, t, nil, at) }

// judgement is the state of one run: what is given, and what rows have established for the rows after them. A row may only
// use what the rows that it needs have set.
type judgement struct {
	policy   Policy
	trust    *Trust // never nil: an empty one believes nothing
	trustErr error
	at       time.Time
	e        Evidence
	kind     string
	ended    map[string]Outcome // rows about the whole

	signatures []*signing // oldest first
	s          *signing   // that the row is about
	proofs     []proof    // of existence
	store      *paths     // what the document carries
	data       Data       // by LICENCE_DATA
	receipt    *receipt.Receipt
	subject    *Subject
}

// proof says that everything before a revision existed at a time.
type proof struct {
	time   time.Time
	before int // revisions below this one
	basis  string
}

func (p Policy) judge(e Evidence, t *Trust, trustErr error, at time.Time) Report {
	j := &judgement{policy: p, trust: t, trustErr: trustErr, at: at, e: e.upgraded(), ended: map[string]Outcome{}}
	if t == nil || t.signer == nil {
		j.trust = &Trust{pool: chain.New(nil, nil, nil)}
	}
	j.kind = kindOf(e)
	j.signatures = signaturesOf(j.e)
	r := Report{At: at, Kind: j.kind, Document: e.Digest()}
	r.Findings = slices.Concat(j.rows(beforeSignatures()), j.eachSignature(), j.rows(afterSignatures()))
	r.Verdict, r.Subject = verdict(r.Findings), j.subject
	if r.Document.IsZero() && j.receipt != nil {
		r.Document = j.receipt.Entry.Digest
	}
	r.Signatures = j.reports()
	return r
}

// kindOf says what is judged.
func kindOf(e Evidence) string {
	switch {
	case e.Document != nil && e.Document.Data != nil, e.Document != nil && e.Version == firstEvidenceVersion:
		return KindLicence
	case e.Document != nil:
		return KindDocument
	case e.Outcome != nil:
		return KindOutcome
	case e.Receipt != nil:
		return KindReceipt
	}
	return ""
}

// rows runs rows about the whole.
func (j *judgement) rows(checks []Check) []Finding {
	findings := make([]Finding, 0, len(checks))
	for _, c := range checks {
		if !c.applies(j) {
			continue
		}
		f := j.run(c, j.ended)
		j.ended[c.Code] = f.Outcome
		findings = append(findings, f)
	}
	return findings
}

// eachSignature runs the rows about one signature for each of them, the newest first: what it proves about time helps those
// before it. The findings come back oldest first.
func (j *judgement) eachSignature() []Finding {
	if j.receiptProves() {
		j.proofs = append(j.proofs, proof{j.receipt.Root.Time, math.MaxInt, BasisReceipt})
	}
	rows := signatureRows()
	for _, s := range slices.Backward(j.signatures) {
		j.s = s
		for _, c := range rows {
			if !c.applies(j) {
				continue
			}
			f := j.run(c, s.ended)
			f.Signature = s.name
			s.ended[c.Code] = f.Outcome
			s.findings = append(s.findings, f)
		}
		if s.kind == SignatureTimestamp && s.stamped && verdict(s.findings) == Valid && s.covers() {
			j.proofs = append(j.proofs, proof{s.token.Time, s.evidence.Revision, BasisDocument})
		}
	}
	j.s = nil
	var all []Finding
	for _, s := range j.signatures {
		all = append(all, s.findings...)
	}
	return all
}

// receiptProves reports whether the receipt is a proof that this very document existed.
func (j *judgement) receiptProves() bool {
	return j.ended["RECEIPT_DIGEST"] == Pass && j.ended["RECEIPT_KIND"] == Pass && j.ended["RECEIPT_PROOF"] == Pass && j.receipt.Root != nil
}

// run runs one row. A row whose needs did not hold, or that panics, or that ends in a way its table does not name, is Unknown.
func (j *judgement) run(c Check, ended map[string]Outcome) (f Finding) {
	defer func() {
		if p := recover(); p != nil {
			f = c.finding(unknown(whyFault))
		}
	}()
	for _, need := range c.needs {
		o, ran := ended[need]
		if !ran {
			o = j.ended[need]
		}
		if o != Pass && o != Warn {
			return c.finding(unknown(whyNeeds, "needs", need))
		}
	}
	e := c.run(j)
	shared := e.outcome == Unknown && (e.why == whyNeeds || e.why == whyFault)
	if !shared && !slices.Contains(c.Endings, Ending{e.outcome, e.why}) {
		return c.finding(unknown(whyFault))
	}
	return c.finding(e)
}

// Endings that every row may have beside its own.
const (
	whyNeeds = "needs" // a row before it did not pass
	whyFault = "fault" // the check itself broke: our mistake, never a Pass
)

// ending is how a row ended: an outcome, which ending of several, and parameters for the text.
type ending struct {
	outcome Outcome
	why     string
	params  map[string]string
}

func pass(params ...string) ending                { return ending{Pass, "", pairs(params)} }
func warn(why string, params ...string) ending    { return ending{Warn, why, pairs(params)} }
func unknown(why string, params ...string) ending { return ending{Unknown, why, pairs(params)} }
func fail(why string, params ...string) ending    { return ending{Fail, why, pairs(params)} }

func pairs(params []string) map[string]string {
	m := make(map[string]string, len(params)/2+1)
	for i := 0; i+1 < len(params); i += 2 {
		m[params[i]] = printable(params[i+1])
	}
	return m
}

// maxParam bounds a parameter: names inside a hostile certificate may be long.
const maxParam = 256

// printable cuts a parameter and replaces control characters, which could move a terminal's cursor.
func printable(s string) string {
	var out []rune
	for _, r := range s {
		if len(out) == maxParam {
			return string(out) + "…"
		}
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			r = '\uFFFD'
		}
		out = append(out, r)
	}
	return string(out)
}

func (c Check) finding(e ending) Finding {
	f := Finding{Code: c.Code, Clause: c.Clause, Outcome: e.outcome, Params: e.params}
	if e.why != "" {
		if f.Params == nil {
			f.Params = map[string]string{}
		}
		f.Params["why"] = e.why
	}
	if len(f.Params) == 0 {
		f.Params = nil
	}
	return f
}

// when writes a time for people: China's time to the second.
func when(t time.Time) string { return t.In(ChinaTime()).Format(time.RFC3339) }

func count(n int) string { return fmt.Sprint(n) }
