package web

import (
	"yinzheng/internal/web/text"
	"yinzheng/licences"
)

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
