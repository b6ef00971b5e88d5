package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"yinzheng/internal/pdf"
	"yinzheng/sealing"
	"yinzheng/verify"
)

// sealRow seals a document of about so many bytes.
func sealRow(size int) func(context.Context, *lab) (*pair, error) {
	return func(ctx context.Context, l *lab) (*pair, error) {
		w, err := l.open(ctx)
		if err != nil {
			return nil, err
		}
		doc, place, err := document(w, size)
		if err != nil {
			return nil, err
		}
		k, m, err := key()
		if err != nil {
			return nil, err
		}
		var sealed *sealing.Sealed
		return &pair{
			ours: each(func() (err error) {
				sealed, err = w.Sealer.Seal(ctx, sealing.Request{Document: doc, Seal: w.seal.ID, Places: []sealing.Place{place}, Certify: 1, By: "yzbench", Office: w.seal.Office})
				return err
			}),
			beside: each(func() error {
				sm3.Sum(doc)
				clone := bytes.Clone(doc)
				if len(clone) != len(doc) {
					return errRaw
				}
				return rawSign(k, m)
			}),
			notes: func() ([]string, error) { return sealNotes(ctx, w, doc, sealed) },
		}, nil
	}
}

// sealNotes judges the last result once more, as a stranger.
func sealNotes(ctx context.Context, w *world, doc []byte, sealed *sealing.Sealed) ([]string, error) {
	trust, err := w.Trust(ctx)
	if err != nil {
		return nil, err
	}
	report := verify.Judge(verify.Input{Document: sealed.Document}, trust, time.Now())
	if report.Verdict != verify.Valid {
		return nil, fmt.Errorf("what was sealed is judged %s", report.Verdict)
	}
	return []string{fmt.Sprintf("%d bytes became %d; the last one is judged %s", len(doc), len(sealed.Document), report.Verdict)}, nil
}

// document is a face of our builder with the licence's data and an annex that cannot be compressed, as JPEG scans cannot.
func document(w *world, size int) ([]byte, sealing.Place, error) {
	l, err := sample(w.kind)
	if err != nil {
		return nil, sealing.Place{}, err
	}
	doc, err := w.kind.Render(l, checkURL+l.CheckCode)
	if err != nil {
		return nil, sealing.Place{}, err
	}
	p, err := readPage(doc.PDF)
	if err != nil {
		return nil, sealing.Place{}, err
	}
	data := w.kind.Data(l).Encode()
	bare, err := p.build(l.Issuer, data, nil)
	if err != nil {
		return nil, sealing.Place{}, err
	}
	annex := make([]byte, max(1, size-len(bare)))
	if _, err := rand.Read(annex); err != nil {
		return nil, sealing.Place{}, err
	}
	whole, err := p.build(l.Issuer, data, annex)
	return whole, doc.SealPlace, err
}

// build sets the page's texts with our builder.
func (p *printed) build(office string, data, annex []byte) ([]byte, error) {
	b := pdf.New(pdf.Info{Title: kindName, Author: office})
	b.AddPage(p.w*pdf.MMPerPoint, p.h*pdf.MMPerPoint)
	for _, r := range p.runs {
		b.Text(r.x*pdf.MMPerPoint, (p.h-r.y)*pdf.MMPerPoint, r.size, r.text, pdf.TextStyle{})
	}
	b.Attach(pdf.Attachment{Name: verify.DataName, MIME: "application/json", Data: data})
	if annex != nil {
		b.Attach(pdf.Attachment{Name: "annex.bin", MIME: "application/octet-stream", Relationship: pdf.RelationSupplement, Data: annex})
	}
	return b.Bytes()
}

// sha256Node is an inner node of a transparency log (RFC 6962, 2.1).
func sha256Node(left, right []byte) []byte {
	d := sha256.Sum256(append(append([]byte{1}, left...), right...))
	return d[:]
}

// sm3Node is the same with SM3.
func sm3Node(left, right []byte) []byte {
	d := sm3.Sum(append(append([]byte{1}, left...), right...))
	return d[:]
}
