// Package verdict lays a judgement out for people: one card for each signature, what its bytes cover, the signed pages with their
// places marked, every step with its code and clause. The pages and the standalone file show a Sheet as HTML, PDF sets it on paper.
package verdict

import (
	"slices"
	"strings"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/web/text"
	"yinzheng/verify"
)

// Sheet is a judgement in one language.
type Sheet struct {
	Lang       string // "en", otherwise Chinese
	Verdict    verify.Verdict
	Kind       string    // verify.Kind constants, "" when nothing was given
	At         time.Time // judged at
	Document   gm.Digest
	Size       int64           // bytes of the document; 0 when there is none
	Subject    *verify.Subject // only when the verdict is Valid
	Reasons    []Step          // what stands in the way of Valid: failures, else what could not be decided
	Signatures []Card          // oldest first
	Coverage   *Coverage       // nil when there is nothing to show
	Parts      []Part          // every step
	Pages      []Page          // set by Draw
	Unshown    int             // signed pages that are not among Pages because there are too many
}

// Step is one finding in words.
type Step struct {
	Outcome verify.Outcome
	Name    string // of the check
	Text    string
	Second  string // Text in the other language
	Code    string
	Clause  string
}

// Stage is the steps of a part that belong together, with the worst of their outcomes.
type Stage struct {
	Name  string
	Worst verify.Outcome
	Steps []Step
}

// Passed counts the steps of the stage that passed.
func (s Stage) Passed() int {
	n := 0
	for _, one := range s.Steps {
		if one.Outcome == verify.Pass {
			n++
		}
	}
	return n
}

// Open reports whether there is something to look at.
func (s Stage) Open() bool { return s.Worst == verify.Unknown || s.Worst == verify.Fail }

// Part is the stages about the whole (Signature 0) or about one signature, counted from 1.
type Part struct {
	Signature int
	Title     string
	Stages    []Stage
}

// New lays out a judgement of a document of size bytes (0 for none) in a language: "en", otherwise Chinese.
func New(r verify.Report, size int64, lang string) *Sheet {
	s := &Sheet{Lang: lang, Verdict: r.Verdict, Kind: r.Kind, At: r.At, Document: r.Document, Size: size}
	if r.Verdict == verify.Valid {
		s.Subject = r.Subject
	}
	for i, one := range r.Signatures {
		s.Signatures = append(s.Signatures, s.card(i+1, one))
	}
	s.Coverage = coverage(r.Signatures, size)
	s.parts(r)
	s.reasons(r)
	return s
}

// parts groups the steps: about the whole, about each signature in turn.
func (s *Sheet) parts(r verify.Report) {
	for _, f := range r.Findings {
		n := 1 + slices.IndexFunc(r.Signatures, func(one verify.SignatureReport) bool { return one.Name == f.Signature && f.Signature != "" })
		i := slices.IndexFunc(s.Parts, func(p Part) bool { return p.Signature == n })
		if i < 0 {
			i = len(s.Parts)
			p := Part{Signature: n, Title: s.T("part.whole")}
			if n > 0 {
				p.Title = s.Signatures[n-1].Title()
			}
			s.Parts = append(s.Parts, p)
		}
		s.Parts[i].add(s.pick(text.Stage(f.Code)), s.step(f))
	}
	slices.SortStableFunc(s.Parts, func(a, b Part) int { return a.Signature - b.Signature })
}

func (p *Part) add(name string, one Step) {
	i := slices.IndexFunc(p.Stages, func(s Stage) bool { return s.Name == name })
	if i < 0 {
		i = len(p.Stages)
		p.Stages = append(p.Stages, Stage{Name: name})
	}
	p.Stages[i].Steps = append(p.Stages[i].Steps, one)
	p.Stages[i].Worst = Worse(p.Stages[i].Worst, one.Outcome)
}

// reasons are the failures; without any, what could not be decided for a reason of its own.
func (s *Sheet) reasons(r verify.Report) {
	for _, want := range []verify.Outcome{verify.Fail, verify.Unknown} {
		for _, f := range r.Findings {
			if f.Outcome == want && f.Params["why"] != "needs" {
				s.Reasons = append(s.Reasons, s.step(f))
			}
		}
		if len(s.Reasons) > 0 {
			return
		}
	}
}

func (s *Sheet) step(f verify.Finding) Step {
	zh, en := text.Finding(f.Code, f.Outcome, f.Params)
	one := Step{Outcome: f.Outcome, Name: s.pick(text.Check(f.Code)), Text: zh, Second: en, Code: f.Code, Clause: f.Clause}
	if s.english() {
		one.Text, one.Second = en, zh
	}
	return one
}

// Worse returns the outcome that weighs more; no outcome weighs least.
func Worse(a, b verify.Outcome) verify.Outcome {
	order := []verify.Outcome{"", verify.Pass, verify.Warn, verify.Unknown, verify.Fail}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

// Explained is the key of the sentence that says what the verdict means.
func (s *Sheet) Explained() string {
	if s.Verdict == verify.Valid && s.Kind == verify.KindDocument {
		return "explain.document"
	}
	return "explain." + s.Verdict.String()
}

// T returns a fixed text in the sheet's language.
func (s *Sheet) T(key string) string { return text.Page(key, s.Lang) }

func (s *Sheet) english() bool { return strings.HasPrefix(s.Lang, "en") }

func (s *Sheet) pick(zh, en string) string {
	if s.english() {
		return en
	}
	return zh
}

// say fills a fixed text: {a}, {b} … stand for the values in turn.
func (s *Sheet) say(key string, values ...string) string {
	pairs := make([]string, 0, 2*len(values))
	for i, v := range values {
		pairs = append(pairs, "{"+string(rune('a'+i))+"}", v)
	}
	return strings.NewReplacer(pairs...).Replace(s.T(key))
}

// Date writes a time for people, in Beijing's time.
func Date(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return t.In(verify.ChinaTime()).Format(time.DateTime)
}
