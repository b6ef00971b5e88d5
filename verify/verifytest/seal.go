package verifytest

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"image"
	"image/color"
	"image/png"
	"testing"

	"yinzheng/internal/codes"
	"yinzheng/internal/gm"
	"yinzheng/internal/ses"
)

// template is the part that every certificate has.
func (w *World) template(name, organisation string) *gm.Certificate {
	c := &gm.Certificate{
		SerialNumber: w.nextSerial(), Subject: pkix.Name{CommonName: name, Country: []string{"CN"}}, BasicConstraintsValid: true,
	}
	if organisation != "" {
		c.Subject.Organization = []string{organisation}
	}
	return c
}

// stampingOnly is the critical extended key usage of RFC 3161, 2.3.
func stampingOnly() pkix.Extension {
	value, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		panic(err) // a constant
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: value}
}

// usccOf completes 17 characters with the check character that fits.
func usccOf(tb testing.TB, s string) string {
	tb.Helper()
	for _, c := range "0123456789ABCDEFGHJKLMNPQRTUWXY" {
		if codes.CheckUSCC(s+string(c)) == nil {
			return s + string(c)
		}
	}
	tb.Fatalf("verifytest: no check character fits %s", s)
	return ""
}

// MakeSeal makes the office's seal after a change (nil for none).
func (w *World) MakeSeal(change func(*ses.SealInfo)) *ses.Seal {
	w.tb.Helper()
	return w.MakeSealBy(w.Maker, change)
}

// MakeSealBy lets somebody else make the seal.
func (w *World) MakeSealBy(maker Identity, change func(*ses.SealInfo)) *ses.Seal {
	w.tb.Helper()
	info := ses.SealInfo{
		VendorID: "YINZHENG", ID: SealID, Name: OfficeName, Type: 1, Certs: [][]byte{w.Office.DER()},
		Created: w.Now.AddDate(0, -6, 0), NotBefore: w.Now.AddDate(0, -6, 0), NotAfter: w.Now.AddDate(3, 0, 0),
		Picture: ses.Picture{Type: "png", Data: Picture(w.tb), Width: 42, Height: 42},
	}
	if change != nil {
		change(&info)
	}
	seal, err := ses.MakeSeal(info, maker.DER(), maker.Key)
	w.must("making the seal", err)
	return seal
}

// Picture is a small red square with a hole, as PNG: enough to stand for a seal.
func Picture(tb testing.TB) []byte {
	tb.Helper()
	return drawn(tb, 2)
}

// OtherPicture differs from Picture.
func OtherPicture(tb testing.TB) []byte {
	tb.Helper()
	return drawn(tb, 3)
}

func drawn(tb testing.TB, border int) []byte {
	tb.Helper()
	const side = 16
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			if x < border || y < border || x >= side-border || y >= side-border {
				img.SetNRGBA(x, y, color.NRGBA{R: 0xd0, A: 0xff})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		tb.Fatalf("verifytest: drawing the seal: %v", err)
	}
	return b.Bytes()
}

// UnknownCritical is a critical extension that nobody knows.
func UnknownCritical() pkix.Extension {
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 25, 4711}, Critical: true, Value: []byte{5, 0}}
}

// Excluding is the critical nameConstraints of a CA that may certify nobody whose name begins like this one (RFC 5280,
// 4.2.1.10).
func Excluding(name pkix.Name) pkix.Extension {
	type subtree struct {
		Base pkix.RDNSequence `asn1:"explicit,tag:4"`
	}
	value, err := asn1.Marshal(struct {
		Excluded []subtree `asn1:"tag:1"`
	}{[]subtree{{name.ToRDNSequence()}}})
	if err != nil {
		panic(err) // a name of the tests
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 30}, Critical: true, Value: value}
}
