package verdict

import (
	"fmt"
	"slices"
	"strings"

	"yinzheng/internal/web/text"
	"yinzheng/verify"
)

// Card is one signature in words.
type Card struct {
	Number  int    // from 1, oldest first: as its places are marked
	Name    string // of its field
	Verdict verify.Verdict
	Kind    string // in words
	Rows    []Row
	After   []After // what came after it, oldest first
	Last    bool    // nothing came after it
}

// Title names a card: number, kind and field.
func (c Card) Title() string { return fmt.Sprintf("%d · %s · %s", c.Number, c.Kind, c.Name) }

// Row is one fact about a signature.
type Row struct {
	Key   string // stable: "signer", "seal", "authority", "time", "format", "covers", "shown", "certifies"
	Label string
	Value string
	Unit  string // of Value, "" for none
	Notes []string
	Doubt bool // what it rests on is only the signer's word, or it is not in order
}

// After is one revision that came after a signature, in words.
type After struct {
	Text  string
	Doubt bool     // not explained
	What  []string // of what is not explained
}

func (s *Sheet) card(n int, r verify.SignatureReport) Card {
	c := Card{Number: n, Name: r.Name, Verdict: r.Verdict, Kind: s.pick(text.SignatureKind(r.Kind)), Last: r.CoversFile}
	row := func(key, value string, notes ...string) *Row {
		c.Rows = append(c.Rows, Row{Key: key, Label: s.T("card." + key), Value: value, Notes: slices.DeleteFunc(notes, empty)})
		return &c.Rows[len(c.Rows)-1]
	}
	if r.Signer != "" {
		who := row("signer", r.Signer)
		if r.Verdict != verify.Valid {
			who.Notes, who.Doubt = append(who.Notes, s.T("card.claimed")), true
		}
	}
	if r.Seal != "" {
		row("seal", r.Seal)
	}
	if r.Authority != "" {
		row("authority", r.Authority)
	}
	s.timeRow(r, row)
	if how := slices.DeleteFunc([]string{r.Format, r.Algorithm, r.Level}, empty); len(how) > 0 {
		notes := []string{}
		if len(r.Dialects) > 0 {
			notes = append(notes, s.say("card.dialects", strings.Join(r.Dialects, ", ")))
		}
		row("format", strings.Join(how, " · "), notes...)
	}
	s.coversRow(r, row)
	s.shownRow(r, row)
	if r.Permission > 0 {
		row("certifies", s.T(fmt.Sprint("card.certifies.", min(r.Permission, 3))))
	}
	for _, one := range r.After {
		c.After = append(c.After, s.after(one))
	}
	return c
}

func empty(v string) bool { return v == "" }

// timeRow says plainly what the time rests on.
func (s *Sheet) timeRow(r verify.SignatureReport, row func(key, value string, notes ...string) *Row) {
	if r.Time == nil && r.Proved == nil {
		row("time", s.T("card.notime")).Doubt = true
		return
	}
	at := r.Time
	if at == nil {
		at = r.Proved
	}
	basis := r.TimeBasis
	if basis == "" || r.Proved == nil {
		basis = verify.BasisDeclared
	}
	one := row("time", Date(*at), s.T("basis."+basis))
	one.Unit, one.Doubt = s.T("beijing"), basis == verify.BasisDeclared
	if r.Proved != nil && r.Time != nil && !r.Proved.Equal(*r.Time) {
		one.Notes = append(one.Notes, s.say("card.proved", Date(*r.Proved)))
	}
}

func (s *Sheet) coversRow(r verify.SignatureReport, row func(key, value string, notes ...string) *Row) {
	if r.CoversFile {
		row("covers", s.say("card.whole", Bytes(r.Bytes)))
		return
	}
	share := ""
	if s.Size > 0 {
		share = fmt.Sprintf("%.0f", 100*float64(r.Bytes)/float64(s.Size))
	}
	row("covers", s.say("card.part", Bytes(r.Bytes), share), s.say("card.revision", fmt.Sprint(r.Revision+1)))
}

func (s *Sheet) shownRow(r verify.SignatureReport, row func(key, value string, notes ...string) *Row) {
	if len(r.Places) == 0 {
		row("shown", s.T("card.invisible"))
		return
	}
	var pages []int
	var notes []string
	for _, p := range r.Places {
		if !slices.Contains(pages, p.Page) {
			pages = append(pages, p.Page)
		}
		for _, o := range p.Overlap {
			notes = append(notes, s.say("card.overlap", o.Signature, fmt.Sprint(p.Page)))
		}
	}
	slices.Sort(pages)
	row("shown", s.say("card.pages", spans(pages)), notes...).Doubt = len(notes) > 0
}

// spans writes ascending numbers: 1, 3–7, 9.
func spans(numbers []int) string {
	var out []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		switch {
		case j > i+1:
			out = append(out, fmt.Sprintf("%d–%d", numbers[i], numbers[j]))
		case j > i:
			out = append(out, fmt.Sprint(numbers[i]), fmt.Sprint(numbers[j]))
		default:
			out = append(out, fmt.Sprint(numbers[i]))
		}
		i = j + 1
	}
	return strings.Join(out, ", ")
}

func (s *Sheet) after(c verify.Change) After {
	a := After{Doubt: !c.Explained, What: c.Unexplained}
	what := s.pick(text.Level(c.Level))
	if len(c.Signatures) > 0 {
		what += s.say("after.signed", strings.Join(c.Signatures, ", "))
	}
	switch {
	case !c.Explained:
		a.Text = s.say("after.unexplained", fmt.Sprint(c.Revision+1), what)
	case c.Rewritten:
		a.Text = s.say("after.rewritten", fmt.Sprint(c.Revision+1), what)
	default:
		a.Text = s.say("after.explained", fmt.Sprint(c.Revision+1), what)
	}
	return a
}

// Bytes writes a size with commas between thousands.
func Bytes(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
