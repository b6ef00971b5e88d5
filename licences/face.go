package licences

import (
	"fmt"

	"yinzheng/internal/pdf"
	"yinzheng/internal/qr"
	"yinzheng/sealing"
)

// FaceDoc is a licence before its seal: a PDF of one page and where the seal goes on it.
type FaceDoc struct {
	PDF       []byte
	SealPlace sealing.Place
}

// Render makes the face of a licence: one A4 page with its machine-readable data attached as licence.json, and a QR that
// holds check, the address at which anyone can check it. The same licence and address give the same bytes. Render admits
// the licence first, like CheckLicence, so that nothing that a kind refuses is ever drawn; the error is a Refusals for
// what is wrong with the licence, with GLYPH_MISSING naming the character and FIELD_TOO_LONG_FOR_FACE where a value does
// not fit at the smallest legible size.
func (k *Kind) Render(l Licence, check string) (FaceDoc, error) {
	v, err := k.admit(l)
	if err != nil {
		return FaceDoc{}, err
	}
	font, err := pdf.Serif()
	if err != nil {
		return FaceDoc{}, fmt.Errorf("opening the font: %w", err)
	}
	code, err := qr.Encode(check, qr.M)
	if err != nil {
		return FaceDoc{}, fmt.Errorf("drawing the QR: %w", err)
	}
	page, err := k.face(v, font)
	if err != nil {
		return FaceDoc{}, err
	}
	doc, err := page.paint(l, code.Modules())
	if err != nil {
		return FaceDoc{}, fmt.Errorf("rendering %s: %w", l.ID, err)
	}
	place := sealing.Place{Page: 1, X: page.g.sealX - sealSize/2, Y: page.g.sealY - sealSize/2, W: sealSize, H: sealSize}
	return FaceDoc{PDF: doc, SealPlace: place}, nil
}
