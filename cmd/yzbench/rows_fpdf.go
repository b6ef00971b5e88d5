package main

import (
	"bytes"
	"context"

	"codeberg.org/go-pdf/fpdf"
)

// fpdfRow sets the texts of the same page with fpdf, which reads the font anew for each document.
func fpdfRow(context.Context, *lab) (*pair, error) {
	return facePeer(func(p *printed, ttf []byte) (func() ([]byte, error), error) {
		return func() ([]byte, error) { return p.fpdf(ttf) }, nil
	})
}

// fpdf sets the texts with fpdf.
func (p *printed) fpdf(ttf []byte) ([]byte, error) {
	f := fpdf.NewCustom(&fpdf.InitType{UnitStr: "pt", Size: fpdf.SizeType{Wd: p.w, Ht: p.h}})
	f.AddUTF8FontFromBytes("serif", "", ttf)
	f.AddPage()
	size := 0.0
	for _, r := range p.runs {
		if r.size != size {
			size = r.size
			f.SetFont("serif", "", size)
		}
		f.Text(r.x, p.h-r.y, r.text)
	}
	var out bytes.Buffer
	err := f.Output(&out)
	return out.Bytes(), err
}
