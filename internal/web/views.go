package web

import (
	"time"

	"yinzheng/internal/web/text"
	"yinzheng/licences"
	"yinzheng/verify"
)

// step is one line of a report's timeline.
type step struct {
	Outcome verify.Outcome
	Text    string // in the page's language
	Second  string // in the other
	Code    string
	Clause  string
}

type reportPage struct {
	Verdict  string
	Subject  *verify.Subject
	Document string
	At       time.Time
	Steps    []step
	Counts   map[verify.Outcome]int
}

func reportView(r verify.Report, lang string) reportPage {
	page := reportPage{Verdict: r.Verdict.String(), Document: r.Document.String(), At: r.At, Counts: map[verify.Outcome]int{}}
	if r.Verdict == verify.Valid {
		page.Subject = r.Subject
	}
	for _, f := range r.Findings {
		zh, en := text.Finding(f.Code, f.Outcome, f.Params)
		s := step{Outcome: f.Outcome, Text: zh, Second: en, Code: f.Code, Clause: f.Clause}
		if lang == "en" {
			s.Text, s.Second = en, zh
		}
		page.Counts[f.Outcome]++
		page.Steps = append(page.Steps, s)
	}
	return page
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
