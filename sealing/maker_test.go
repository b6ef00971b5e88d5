package sealing_test

import (
	"bytes"
	"context"
	"encoding/asn1"
	"errors"
	"image"
	"image/png"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/ses"
	"yinzheng/sealing"
)

func mustParse(t testing.TB, der []byte) *gm.Certificate {
	t.Helper()
	c, err := gm.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// tbs cuts the signed part, the first element, out of an SES_Signature or SESeal.
func tbs(t testing.TB, der []byte) []byte {
	t.Helper()
	var outer []asn1.RawValue
	if _, err := asn1.Unmarshal(der, &outer); err != nil {
		t.Fatal(err)
	}
	return outer[0].FullBytes
}

func TestMadeSealHasTheFormOfGovernmentSeals(t *testing.T) {
	b := newBench(t)
	record := b.makeSeal(t)
	s, err := ses.ParseSeal(record.Data)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(); err != nil {
		t.Error(err)
	}
	i := s.Info
	if i.Version != 4 || i.VendorID != "yinzheng" || i.ID != sealNumber || i.Type != 1 || i.Name != officeName+lineText {
		t.Errorf("version %d, vendor %s, number %s, type %d, name %s", i.Version, i.VendorID, i.ID, i.Type, i.Name)
	}
	if len(i.Certs) != 1 || !bytes.Equal(i.Certs[0], b.office.Certificate) || len(i.CertDigests) != 0 {
		t.Errorf("lists %d certificates, %d digests", len(i.Certs), len(i.CertDigests))
	}
	owner := mustParse(t, b.office.Certificate)
	if i.NotBefore.Before(owner.NotBefore) || i.NotAfter.After(owner.NotAfter) || !i.Created.Equal(start) {
		t.Errorf("valid %v to %v, made %v", i.NotBefore, i.NotAfter, i.Created)
	}
	if i.Picture.Type != "png" || i.Picture.Width != 42 || i.Picture.Height != 42 {
		t.Errorf("picture %s %d x %d", i.Picture.Type, i.Picture.Width, i.Picture.Height)
	}
	if !bytes.Equal(s.MakerCert, b.region.SealMaker().Certificate) {
		t.Error("another maker")
	}
	if record.Look.Type != 1 || record.Look.Size != 42 || !record.NotAfter.Equal(i.NotAfter) || !record.Made.Equal(start) {
		t.Errorf("record says %+v, made %s, until %s", record.Look, record.Made, record.NotAfter)
	}
	if record.Office != officeCode || record.Owner != officeName {
		t.Errorf("record %s %s", record.Office, record.Owner)
	}
}

func TestMakerRefuses(t *testing.T) {
	good, err := sealing.DrawSeal(officeName, "")
	if err != nil {
		t.Fatal(err)
	}
	var wide bytes.Buffer
	if err := png.Encode(&wide, image.NewGray(image.Rect(0, 0, 20, 10))); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change  func(b *bench, o *sealing.Office)
		picture []byte
		want    error
	}{
		"a number of another form":     {func(_ *bench, o *sealing.Office) { o.Seal = "../../x" }, good, sealing.ErrSpec},
		"another number":               {func(_ *bench, o *sealing.Office) { o.Seal = "45000000000002" }, good, sealing.ErrSpec},
		"another owner's name":         {func(_ *bench, o *sealing.Office) { o.Name = "示例市公安局" }, good, sealing.ErrSpec},
		"another owner's code":         {func(_ *bench, o *sealing.Office) { o.Code = "11450100007565432B" }, good, sealing.ErrSpec},
		"another owner's certificate":  {func(b *bench, o *sealing.Office) { o.Certificate = b.other.Certificate }, good, sealing.ErrSpec},
		"a certificate that is none":   {func(_ *bench, o *sealing.Office) { o.Certificate = []byte("x") }, good, sealing.ErrSpec},
		"a very long title":            {func(_ *bench, o *sealing.Office) { o.Title = strings.Repeat("章", 101) }, good, sealing.ErrSpec},
		"no picture":                   {nil, nil, sealing.ErrSpec},
		"a picture that is cut":        {nil, good[:len(good)/2], sealing.ErrSpec},
		"a picture that is not square": {nil, wide.Bytes(), sealing.ErrSpec},
		"a type beyond the list":       {func(_ *bench, o *sealing.Office) { o.Type = 100 }, good, sealing.ErrSpec},
		"a size that no seal has":      {func(_ *bench, o *sealing.Office) { o.Size = 61 }, good, sealing.ErrSpec},
		"a large picture":              {nil, make([]byte, 300<<10), sealing.ErrSpec},
	} {
		b := newBench(t)
		o := b.wanted()
		if c.change != nil {
			c.change(b, &o)
		}
		if _, err := b.maker(t).MakeSeal(context.Background(), o, c.picture); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMakerNeedsItsOwnKey(t *testing.T) {
	b := newBench(t)
	_, err := sealing.NewMaker(sealing.MakerConfig{Certificate: b.region.SealMaker().Certificate, Key: b.office.Key,
		Now: func() time.Time { return start }})
	if !errors.Is(err, sealing.ErrSigner) {
		t.Errorf("got %v", err)
	}
}
