package web

import (
	"slices"
	"time"

	"yinzheng/internal/web/text"
	"yinzheng/licences"
	"yinzheng/verify"
)

// step is one line of a report.
type step struct {
	Outcome verify.Outcome
	Name    string // of the check
	Text    string // in the page's language
	Second  string // in the other
	Code    string
	Clause  string
}

// stage is the steps that belong together, with the worst of their outcomes.
type stage struct {
	Name  string
	Worst verify.Outcome
	Steps []step
}

// Passed counts the steps of the stage that passed.
func (s stage) Passed() int {
	n := 0
	for _, one := range s.Steps {
		if one.Outcome == verify.Pass {
			n++
		}
	}
	return n
}

// Open reports whether there is something to look at.
func (s stage) Open() bool { return s.Worst == verify.Unknown || s.Worst == verify.Fail }

type reportPage struct {
	Verdict  string
	Subject  *verify.Subject
	Document string
	At       time.Time
	Proof    []line
	Stages   []stage
}

func reportView(r verify.Report, lang string) reportPage {
	page := reportPage{Verdict: r.Verdict.String(), Document: r.Document.String(), At: r.At, Proof: proofOf(r.Findings)}
	if r.Verdict == verify.Valid {
		page.Subject = r.Subject
	}
	for _, f := range r.Findings {
		name, s := stepOf(f, lang)
		i := slices.IndexFunc(page.Stages, func(one stage) bool { return one.Name == name })
		if i < 0 {
			i = len(page.Stages)
			page.Stages = append(page.Stages, stage{Name: name, Worst: verify.Pass})
		}
		page.Stages[i].Steps = append(page.Stages[i].Steps, s)
		page.Stages[i].Worst = worse(page.Stages[i].Worst, f.Outcome)
	}
	return page
}

func stepOf(f verify.Finding, lang string) (stageName string, s step) {
	stageZH, stageEN := text.Stage(f.Code)
	nameZH, nameEN := text.Check(f.Code)
	zh, en := text.Finding(f.Code, f.Outcome, f.Params)
	s = step{Outcome: f.Outcome, Name: nameZH, Text: zh, Second: en, Code: f.Code, Clause: f.Clause}
	if lang == "en" {
		s.Name, s.Text, s.Second = nameEN, en, zh
		return stageEN, s
	}
	return stageZH, s
}

// worse returns the outcome that weighs more; no outcome weighs least.
func worse(a, b verify.Outcome) verify.Outcome {
	order := []verify.Outcome{"", verify.Pass, verify.Warn, verify.Unknown, verify.Fail}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

// state says in one class and one text how a licence stands.
type state struct {
	Class string // "good", "wait", "bad"
	Text  string
}

func stateOf(status licences.Status, inForce bool, lang string) state {
	s := state{Class: "bad", Text: text.Page("status."+string(status), lang)}
	switch {
	case status == licences.InForce && inForce:
		s.Class = "good"
	case status == licences.InForce:
		s.Text = text.Page("status.notyet", lang)
	case status == licences.Suspended:
		s.Class = "wait"
	}
	return s
}

type shownPage struct {
	licences.Shown
	Standing state
}

func shownView(s licences.Shown, lang string) shownPage {
	return shownPage{Shown: s, Standing: stateOf(s.Status, s.InForce, lang)}
}

type checkedPage struct {
	licences.Checked
	Standing state
}

func checkedView(c licences.Checked, lang string) checkedPage {
	return checkedPage{Checked: c, Standing: stateOf(c.Status, c.InForce, lang)}
}
