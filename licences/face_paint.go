package licences

import (
	"math"
	"time"

	"yinzheng/internal/pdf"
	"yinzheng/verify"
)

const (
	quietZone   = 4 // modules around a QR (ISO/IEC 18004, 6.3.8)
	dataMIME    = "application/json"
	dataMeaning = "GB/T 36903 metadata and fields of this licence"
	programName = "yinzheng"
)

// paint writes the sheet, the QR and the machine-readable data as a PDF.
func (l *layout) paint(lic Licence, modules [][]bool) ([]byte, error) {
	b := pdf.New(pdf.Info{
		Title: l.kind.TypeName, Author: lic.Issuer, Subject: lic.Identifier, Creator: programName, Created: issueTime(lic.IssuedOn),
	})
	ornament, err := l.kind.ornament()
	if err != nil {
		return nil, err
	}
	b.AddPage(l.g.w, l.g.h)
	b.Drawing(ornament)
	for _, m := range l.under {
		paintPath(b, m)
	}
	module := qrSize / float64(len(modules)+2*quietZone)
	b.Modules(l.g.qrX+quietZone*module, l.g.qrY+quietZone*module, qrSize-2*quietZone*module, modules, rgb(colour{}))
	for _, t := range l.texts {
		b.Text(t.x, t.y, t.size, t.s, pdf.TextStyle{Spacing: t.spacing, Color: rgb(t.c), Bold: t.bold})
	}
	b.Attach(pdf.Attachment{
		Name: verify.DataName, MIME: dataMIME, Description: dataMeaning, Relationship: "Data",
		Data: l.kind.Data(lic).Encode(), Modified: issueTime(lic.IssuedOn),
	})
	return b.Bytes()
}

func paintPath(b *pdf.Builder, m pathMark) {
	var p pdf.Path
	for _, s := range m.path {
		switch s.op {
		case 'M':
			p.MoveTo(grid(s.p[0].x), grid(s.p[0].y))
		case 'L':
			p.LineTo(grid(s.p[0].x), grid(s.p[0].y))
		case 'C':
			p.CurveTo(grid(s.p[0].x), grid(s.p[0].y), grid(s.p[1].x), grid(s.p[1].y), grid(s.p[2].x), grid(s.p[2].y))
		default:
			p.Close()
		}
	}
	c := rgb(m.c)
	if m.width == 0 {
		b.Path(&p, pdf.Style{Fill: &c})
		return
	}
	b.Path(&p, pdf.Style{Stroke: &c, Width: m.width})
}

// grid rounds a measure to a tenth of a point (0.035 mm), less than the width of the finest line: half of a face's bytes
// are its ornament, and they get fewer.
func grid(mm float64) float64 { return math.Round(mm/mmPerPoint*10) / 10 * mmPerPoint }

// rgb gives a colour eight bits for each part.
func rgb(c colour) pdf.Color {
	part := func(v float64) uint8 { return uint8(math.Round(255 * min(1, max(0, v)))) }
	return pdf.Color{R: part(c[0]), G: part(c[1]), B: part(c[2])}
}

// issueTime is the first moment of the day of issue in China: the only time that the document carries before its seal.
func issueTime(day string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, day, verify.ChinaTime())
	if err != nil {
		return time.Time{}
	}
	return t
}
