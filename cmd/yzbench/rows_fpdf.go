package main

import (
	"bytes"
	"context"
	"fmt"

	"codeberg.org/go-pdf/fpdf"
)

// fpdfRow sets the texts of the same page with fpdf, which reads the font anew for each document.
func fpdfRow(context.Context, *lab) (*pair, error) {
	kind, l, doc, err := face()
	if err != nil {
		return nil, err
	}
	p, err := readPage(doc)
	if err != nil {
		return nil, err
	}
	ttf, err := findFont()
	if err != nil {
		return nil, err
	}
	theirs, err := p.fpdf(ttf)
	if err != nil {
		return nil, err
	}
	return &pair{
		ours: each(func() error { return render(kind, l) }),
		beside: each(func() error {
			_, err := p.fpdf(ttf)
			return err
		}),
		notes: func() ([]string, error) {
			return []string{fmt.Sprintf("%d texts of %d characters; files of %d and %d bytes", len(p.runs), p.characters(), len(doc), len(theirs))}, nil
		},
	}, nil
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
