package verdict

import (
	"fmt"

	"yinzheng/internal/pdf"
)

// alone is the width of the only picture, in millimetres.
const alone = 125.0

// setPages shows the marked pages, two beside each other.
func (s *Sheet) setPages(f *flow) error {
	if len(s.Pages) == 0 {
		return nil
	}
	const gap, caption, most = 6.0, 6.0, 165.0
	width := (measure - gap) / 2
	if len(s.Pages) == 1 {
		width = alone
	}
	_, first := fit(s.Pages[0], width, most)
	f.heading(s.T("report.pages"), first+20)
	f.text(margin, measure, small, s.T("report.pages.how"), pdf.TextStyle{Color: soft()})
	f.y += 1
	for i := 0; i < len(s.Pages); i += 2 {
		row := s.Pages[i:min(i+2, len(s.Pages))]
		height := 0.0
		for _, one := range row {
			_, h := fit(one, width, most)
			height = max(height, h)
		}
		f.need(height + caption)
		for j, one := range row {
			if err := s.setPage(f, one, margin+float64(j)*(width+gap), width, most); err != nil {
				return err
			}
		}
		f.y += height + caption
	}
	if s.Unshown > 0 {
		f.text(margin, measure, small, s.T("report.pages.more")+fmt.Sprint(s.Unshown), pdf.TextStyle{Color: soft()})
	}
	return nil
}

// fit is the size of a page's picture that is at most so wide and so high.
func fit(p Page, width, most float64) (w, h float64) {
	if p.Picture == nil {
		return width, 20
	}
	w, h = width, width*float64(p.Height())/float64(p.Width())
	if h > most {
		w, h = w*most/h, most
	}
	return w, h
}

func (s *Sheet) setPage(f *flow, p Page, x, width, most float64) error {
	w, h := fit(p, width, most)
	if p.Picture == nil {
		f.line(x+3, f.y+6, normal, s.T("report.pages.none"), pdf.TextStyle{Color: soft()})
	} else {
		b, err := p.PNG()
		if err != nil {
			return err
		}
		f.b.Image(x, f.y, w, h, b)
	}
	line := hair()
	f.b.Rect(x, f.y, w, h, pdf.Style{Stroke: &line, Width: 0.15})
	said := s.say("pages.no", fmt.Sprint(p.Number)) + " · "
	for i, n := range p.Marked {
		if i > 0 {
			said += ", "
		}
		said += fmt.Sprint(n)
	}
	f.line(x, f.y+h+0.5, small, said, pdf.TextStyle{Color: soft()})
	return nil
}

// setSteps lists every step with its code and clause.
func (s *Sheet) setSteps(f *flow) {
	const indent = 24.0
	f.heading(s.T("report.steps"), 20)
	for _, part := range s.Parts {
		f.need(20)
		f.y += 2
		f.text(margin, measure, 11, part.Title, pdf.TextStyle{Bold: true, Color: ink()})
		f.y += 0.8
		for _, stage := range part.Stages {
			f.need(14)
			f.line(margin, f.y, small, stage.Name, pdf.TextStyle{Color: soft(), Bold: true})
			f.y += lineHeight(small)
			for _, one := range stage.Steps {
				f.need(lineHeight(normal) + 2*lineHeight(small))
				f.line(margin, f.y, normal, s.T("outcome."+string(one.Outcome)), pdf.TextStyle{Color: outcomePaint(one.Outcome)})
				f.text(margin+indent, measure-indent, normal, one.Name+" — "+one.Text, pdf.TextStyle{Color: ink()})
				f.text(margin+indent, measure-indent, small, one.Second, pdf.TextStyle{Color: soft()})
				code := one.Code
				if one.Clause != "" {
					code += " · " + one.Clause
				}
				f.text(margin+indent, measure-indent, 7, code, pdf.TextStyle{Color: soft()})
				f.y += 0.8
			}
		}
	}
}
