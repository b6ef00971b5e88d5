package verify

import (
	"fmt"
	"slices"
	"time"

	"yinzheng/internal/chain"
	"yinzheng/internal/gm"
	"yinzheng/internal/receipt"
	"yinzheng/internal/ses"
	"yinzheng/internal/tsp"
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
	ended    map[string]Outcome

	signature *ses.Signature  // by SIG_FORMAT
	signer    *gm.Certificate // by SIG_FORMAT or OUTCOME_FORMAT
	maker     *gm.Certificate // by SEAL_FORMAT
	signedAt  time.Time       // declared; by SIG_FORMAT or OUTCOME_FORMAT, replaced by TIMESTAMP_TIME with the stamped time
	stamped   bool            // signedAt is proved by a timestamp
	token     *tsp.Token      // by TIMESTAMP
	data      Data            // by LICENCE_DATA
	receipt   *receipt.Receipt
	outcome   outcomeHead // by OUTCOME_FORMAT
	subject   *Subject
}

func (p Policy) judge(e Evidence, t *Trust, trustErr error, at time.Time) Report {
	j := &judgement{policy: p, trust: t, trustErr: trustErr, at: at, e: e, ended: map[string]Outcome{}}
	if t == nil || t.signer == nil {
		j.trust = &Trust{pool: chain.New(nil, nil, nil)}
	}
	r := Report{At: at, Document: e.digest(), Findings: []Finding{}}
	for _, c := range Checks() {
		if !c.applies(j) {
			continue
		}
		f := j.run(c)
		j.ended[c.Code] = f.Outcome
		r.Findings = append(r.Findings, f)
	}
	r.Verdict, r.Subject = verdict(r.Findings), j.subject
	if r.Document.IsZero() && j.receipt != nil {
		r.Document = j.receipt.Entry.Digest
	}
	return r
}

// run runs one row. A row whose needs did not hold, or that panics, or that ends in a way its table does not name, is Unknown.
func (j *judgement) run(c Check) (f Finding) {
	defer func() {
		if p := recover(); p != nil {
			f = c.finding(unknown(whyFault))
		}
	}()
	for _, need := range c.needs {
		if o := j.ended[need]; o != Pass && o != Warn {
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
