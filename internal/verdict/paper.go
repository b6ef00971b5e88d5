package verdict

import (
	"fmt"
	"image/color"
	"strings"
	"time"

	"yinzheng/internal/pdf"
	"yinzheng/verify"
)

// Where the seal of who issues the report stands: the middle of it, on the first page, in millimetres from its top left corner.
const (
	SealPage     = 1
	SealX, SealY = paperW - margin - 22, 40.0
)

// Paper says who sets a report.
type Paper struct {
	Author string    // e.g. the region's name
	Made   time.Time // when
}

// PDF sets the sheet as a PDF without signatures, with the judgement as report.json inside. The same sheet gives the same bytes.
func (s *Sheet) PDF(p Paper, r verify.Report) ([]byte, error) {
	font, err := pdf.Serif()
	if err != nil {
		return nil, fmt.Errorf("setting a report: %w", err)
	}
	if r.Verdict != verify.Valid {
		r.Subject = nil
	}
	data, err := verify.Canonical(r)
	if err != nil {
		return nil, fmt.Errorf("setting a report: %w", err)
	}
	f := &flow{font: font, foot: s.foot}
	title := s.T("report.title")
	f.b = pdf.New(pdf.Info{Title: title + " " + s.Document.String(), Author: p.Author, Subject: title, Creator: "yinzheng", Created: p.Made})
	f.turn()
	s.setHead(f, p)
	s.setReasons(f)
	s.setSubject(f)
	s.setSignatures(f)
	s.setCoverage(f)
	if err := s.setPages(f); err != nil {
		return nil, err
	}
	s.setSteps(f)
	f.b.Attach(pdf.Attachment{Name: "report.json", MIME: "application/json", Description: title, Data: data})
	return f.b.Bytes()
}

// foot binds every page to what was judged.
func (s *Sheet) foot(f *flow) {
	f.b.Line(margin, footY-4, paperW-margin, footY-4, 0.15, hair())
	f.b.Text(margin, footY, 7, "SM3 "+s.Document.String(), pdf.TextStyle{Color: soft()})
	f.b.Text(paperW-margin, footY, 7, s.say("report.page", fmt.Sprint(f.page)), pdf.TextStyle{Align: pdf.Right, Color: soft()})
}

func (s *Sheet) setHead(f *flow, p Paper) {
	f.line(margin, f.y, 22, s.T("report.title"), pdf.TextStyle{Bold: true, Color: ink()})
	f.y += lineHeight(22)
	f.line(margin, f.y, normal, p.Author+" · "+s.T("name"), pdf.TextStyle{Color: soft()})
	f.y += lineHeight(normal)
	f.text(margin, measure-50, small, s.T("report.attached"), pdf.TextStyle{Color: soft()})
	f.y = max(f.y, SealY+25)
	ground := paint(s.Verdict)
	const height = 21.0
	f.b.Rect(margin, f.y, measure, height, pdf.Style{Fill: &ground})
	f.line(margin+6, f.y+2.5, 20, s.T("verdict."+s.Verdict.String()), pdf.TextStyle{Bold: true, Color: white()})
	f.line(margin+6, f.y+13.5, normal, s.T(s.Explained()), pdf.TextStyle{Color: white()})
	f.y += height + 4
	if s.Kind != "" {
		f.fact(s.T("report.subject.kind"), s.T("reportkind."+s.Kind), nil, ink())
	}
	f.fact(s.T("report.digest"), s.Document.String(), nil, ink())
	if s.Size > 0 {
		f.fact(s.T("report.size"), Bytes(s.Size)+" "+s.T("report.coverage.bytes"), nil, ink())
	}
	f.fact(s.T("report.at"), Date(s.At)+" "+s.T("beijing"), nil, ink())
	f.text(margin, measure, small, s.T("foot"), pdf.TextStyle{Color: soft()})
}

func (s *Sheet) setReasons(f *flow) {
	if len(s.Reasons) == 0 {
		return
	}
	f.heading(s.T("report.reasons"), 6)
	for _, one := range s.Reasons {
		f.text(margin, measure, normal, one.Name+" — "+one.Text, pdf.TextStyle{Color: outcomePaint(one.Outcome)})
	}
}

func (s *Sheet) setSubject(f *flow) {
	if s.Subject == nil {
		return
	}
	until := s.Subject.ValidTo
	if until == "" {
		until = s.T("longterm")
	}
	f.heading(s.T("report.subject"), 30)
	for _, row := range [][2]string{
		{"kind", s.Subject.Name}, {"number", s.Subject.Number}, {"holder", s.Subject.Holder}, {"issuer", s.Subject.Issuer},
		{"validfrom", s.Subject.ValidFrom}, {"validto", until}, {"sealedat", Date(s.Subject.SealedAt) + " " + s.T("beijing")}, {"seal", s.Subject.SealName}, {"id", s.Subject.Identifier},
	} {
		f.fact(s.T(row[0]), row[1], nil, ink())
	}
}

func (s *Sheet) setSignatures(f *flow) {
	if len(s.Signatures) == 0 {
		return
	}
	f.heading(s.T("report.signatures"), 30)
	for i, c := range s.Signatures {
		f.need(24)
		if i > 0 {
			f.y += 3
		}
		colour := paint(c.Verdict)
		f.line(margin, f.y, 11, c.Title()+" · "+s.T("verdict."+c.Verdict.String()), pdf.TextStyle{Bold: true, Color: colour})
		f.y += lineHeight(11) + 0.8
		for _, row := range c.Rows {
			shade := ink()
			if row.Doubt {
				shade = paint(verify.Indeterminate)
				if c.Verdict == verify.Invalid {
					shade = colour
				}
			}
			f.fact(row.Label, strings.TrimSpace(row.Value+" "+row.Unit), row.Notes, shade)
		}
		s.setAfter(f, c)
	}
}

func (s *Sheet) setAfter(f *flow, c Card) {
	if len(c.After) == 0 {
		said := s.T("card.unknown")
		if c.Last {
			said = s.T("card.nothing")
		}
		f.fact(s.T("card.after"), said, nil, ink())
	}
	label := s.T("card.after")
	for _, a := range c.After {
		shade := ink()
		if a.Doubt {
			shade = paint(verify.Invalid)
		}
		f.fact(label, a.Text, a.What, shade)
		label = ""
	}
}

func (s *Sheet) setCoverage(f *flow) {
	if s.Coverage == nil {
		return
	}
	f.heading(s.T("report.coverage"), 14+8*float64(len(s.Coverage.Rows)))
	f.text(margin, measure, small, s.T("report.coverage.how"), pdf.TextStyle{Color: soft()})
	f.y += 1
	segments := s.Coverage.Segments
	signed := 0
	for _, one := range segments {
		if one.Signed {
			signed++
		}
	}
	s.setBar(f, s.T("report.coverage.file"), signed, soft(), Bytes(s.Size))
	for _, row := range s.Coverage.Rows {
		said := s.T("card.unknown")
		if row.Segments > 0 {
			said = "0–" + Bytes(segments[row.Segments-1].End)
		}
		s.setBar(f, fmt.Sprint(row.Number), row.Segments, paint(row.Verdict), said)
	}
}

// setBar draws the file with its first n segments in a colour.
func (s *Sheet) setBar(f *flow, label string, n int, colour pdf.Color, said string) {
	const left, width, height, gap = 16.0, 118.0, 3.6, 0.4
	f.need(6)
	f.line(margin, f.y, normal, label, pdf.TextStyle{Color: soft()})
	for i, one := range s.Coverage.Segments {
		shade := hair()
		if i < n {
			shade = colour
		}
		f.b.Rect(margin+left+one.From*width, f.y+0.9, (one.To-one.From)*width-gap, height, pdf.Style{Fill: &shade})
	}
	f.line(paperW-margin, f.y, small, said, pdf.TextStyle{Align: pdf.Right, Color: soft()})
	f.y += 6.2
}

func paint(v verify.Verdict) pdf.Color { return opaque(Colour(v)) }

func outcomePaint(o verify.Outcome) pdf.Color {
	switch o {
	case verify.Pass:
		return paint(verify.Valid)
	case verify.Fail:
		return paint(verify.Invalid)
	case verify.Warn, verify.Unknown:
	}
	return paint(verify.Indeterminate)
}

func opaque(c color.NRGBA) pdf.Color { return pdf.Color{R: c.R, G: c.G, B: c.B} }
