package verifytest

import (
	"encoding/json"
	"math/big"
	"slices"
	"time"

	"yinzheng/internal/codes"
	"yinzheng/internal/gm"
	"yinzheng/internal/midstate"
	"yinzheng/internal/pdf"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/increment"
	"yinzheng/internal/pdf/signature"
	"yinzheng/internal/ses"
	"yinzheng/internal/tsp"
	"yinzheng/verify"
)

// The applicant that licences of the example world are issued to.
const (
	HolderName = "示例食品有限公司"
	HolderCode = "91450100000000000" // 17 characters: Holder completes it
)

// reserve is what a signature with its seal, certificates and timestamp needs, and a little more.
const reserve = 8 << 10

// Holder is the USCC of the holder.
func (w *World) Holder() string {
	w.tb.Helper()
	return usccOf(w.tb, HolderCode)
}

// Data is a licence in force, after changes.
func (w *World) Data(change ...func(*verify.Data)) verify.Data {
	w.tb.Helper()
	id := codes.LicenceID{Type: w.KindCode, Issuer: w.OfficeCode, Serial: "EX00000001", Version: 1}
	d := verify.Data{
		Version: verify.DataVersion,
		Metadata: verify.Metadata{
			ZZBS: id.String(), ZZMC: "示例许可证", ZZLXMC: "示例许可证", ZZLXDM: w.KindCode, ZZBH: "EX00000001", ZZBFJG: OfficeName,
			ZZBFJGDM: w.OfficeCode, ZZBFRQ: "2026-03-02", CZZT: HolderName, CZZTDM: w.Holder(), CZZTDMLX: "统一社会信用代码",
			CZZTDMLXDM: "001", ZZYXQQSRQ: "2026-03-02", ZZYXQJZRQ: "2031-03-01",
		},
		Fields: json.RawMessage(`{"address":"示例路 1 号","business":"热食类食品制售"}`),
	}
	for _, f := range change {
		f(&d)
	}
	return d
}

// Sealing says how a document is sealed; Document fills in what is left out.
type Sealing struct {
	Data      []byte    // licence.json; nil for the world's licence, empty for none
	Time      time.Time // timeInfo; zero for now
	Stamp     time.Time // of the timestamp; zero for Time
	Unstamped bool
	Signer    *Identity // nil for the office
	Stamper   *Identity // nil for the world's
	Seal      *ses.Seal // nil for the world's
	Picture   []byte    // shown on the page; nil for the seal's own
	SubFilter string    // "" for GM.sm2seal
	DataHash  gm.Digest // zero for the right one
	MoreSeals bool      // the document allows further seals
	// Signed changes the finished signature's bytes.
	Signed func([]byte) []byte
}

// Document makes a sealed licence.
func (w *World) Document(change ...func(*Sealing)) []byte {
	w.tb.Helper()
	s := Sealing{Time: w.Now, Signer: &w.Office, Stamper: &w.Stamper, Seal: w.Seal, SubFilter: "GM.sm2seal"}
	for _, f := range change {
		f(&s)
	}
	if s.Data == nil {
		s.Data = w.Data().Encode()
	}
	return w.SealPage(w.Face(s.Data), s)
}

// Face makes an unsealed page that carries licence.json (none for empty data).
func (w *World) Face(data []byte) []byte {
	w.tb.Helper()
	b := pdf.New(pdf.Info{Title: "示例许可证", Author: OfficeName, Created: w.Now})
	b.AddPage(210, 297)
	b.Text(20, 30, 24, "示例许可证", pdf.TextStyle{})
	b.Text(20, 50, 12, HolderName, pdf.TextStyle{})
	if len(data) > 0 {
		b.Attach(pdf.Attachment{Name: verify.DataName, MIME: "application/json", Description: "licence data", Data: data})
	}
	face, err := b.Bytes()
	w.must("drawing a face", err)
	return face
}

// SealPage seals a PDF.
func (w *World) SealPage(base []byte, s Sealing) []byte {
	w.tb.Helper()
	picture := s.Picture
	if picture == nil && s.Seal.Info.Picture.Type == "png" {
		picture = s.Seal.Info.Picture.Data
	} else if picture == nil {
		picture = Picture(w.tb)
	}
	certify := 1
	if s.MoreSeals {
		certify = 2
	}
	return w.seal(base, increment.Seal{
		Places: []increment.Place{place("Seal1", 140, 220)}, Filter: "GM.PKILite", SubFilter: s.SubFilter, Time: s.Time, Certify: certify,
	}, picture, func(covered gm.Digest) []byte {
		if !s.DataHash.IsZero() {
			covered = s.DataHash
		}
		contents := w.Sign(covered, s)
		if s.Signed != nil {
			contents = s.Signed(contents)
		}
		return contents
	})
}

// place is a new field of 42 mm whose top left corner is x, y millimetres from that of an A4 page.
func place(field string, x, y float64) increment.Place {
	const side, height, point = 42, 297, 72 / 25.4
	return increment.Place{Field: field, Page: 1, Rect: [4]float64{x * point, (height - y - side) * point, (x + side) * point, (height - y) * point}}
}

// seal appends a seal whose contents sign makes of the SM3 of what it covers.
func (w *World) seal(base []byte, s increment.Seal, picture []byte, sign func(covered gm.Digest) []byte) []byte {
	w.tb.Helper()
	file, err := cos.OpenBytes(base, cos.Limits{})
	w.must("opening a page", err)
	s.SignerName, s.Reserve = OfficeName, reserve
	s.Picture, err = increment.NewPicture(picture)
	w.must("reading the picture", err)
	prepared, err := increment.Prepare(file, s)
	w.must("preparing the seal", err)
	digest, err := prepared.Digest(signature.SM3, midstate.State{})
	w.must("hashing what is sealed", err)
	tail, err := prepared.Complete(sign(gm.Digest(digest)))
	w.must("completing the seal", err)
	return slices.Concat(base, tail)
}

// Sign makes the SES_Signature over a digest.
func (w *World) Sign(digest gm.Digest, s Sealing) []byte {
	w.tb.Helper()
	stamp := func(imprint gm.Digest) ([]byte, error) {
		at := s.Stamp
		if at.IsZero() {
			at = s.Time
		}
		token, err := tsp.Issue(imprint, big.NewInt(w.serial+1), at, s.Stamper.DER(), s.Stamper.Key)
		if err != nil {
			return nil, err
		}
		return token.DER, nil
	}
	if s.Unstamped {
		stamp = nil
	}
	signature, err := ses.Sign(ses.ToSign{Seal: s.Seal, Time: s.Time, DataHash: digest, Property: "/ByteRange"}, s.Signer.DER(), s.Signer.Key, stamp)
	w.must("signing", err)
	return signature.Raw
}

// SealAgain puts a second seal of the office beside the first.
func (w *World) SealAgain(document []byte) []byte {
	w.tb.Helper()
	return w.seal(document, increment.Seal{
		Places: []increment.Place{place("Seal2", 60, 220)}, Filter: "GM.PKILite", SubFilter: "GM.sm2seal", Time: w.Now,
	}, w.Seal.Info.Picture.Data, func(covered gm.Digest) []byte {
		return w.Sign(covered, Sealing{Time: w.Now, Signer: &w.Office, Stamper: &w.Stamper, Seal: w.Seal})
	})
}
