package ses_test

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
	"yinzheng/internal/ses"
	"yinzheng/internal/tsp"
)

var signingTime = time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)

// house is what a seal needs: an authority, a maker, a signer and a timestamp authority.
type house struct {
	ca                 *gmtest.CA
	maker, signer, tsa gmtest.Leaf
}

func newHouse(t testing.TB) house {
	t.Helper()
	ca := gmtest.NewCA(t, "示例根")
	return house{ca, ca.Seal(t, "示例制章者"), ca.Seal(t, "45010000000001"), ca.Timestamper(t, "示例时间戳")}
}

func (h house) info() ses.SealInfo {
	return ses.SealInfo{
		Version: ses.Version, VendorID: "YINZHENG", ID: "45010000000001", Name: "示例市市场监督管理局", Type: 1,
		Certs: [][]byte{h.signer.DER}, Created: signingTime.Add(-time.Hour),
		NotBefore: gmtest.NotBefore, NotAfter: gmtest.NotAfter,
		Picture: ses.Picture{Type: "png", Data: []byte("not a picture, but bytes"), Width: 42, Height: 42},
	}
}

func (h house) seal(t testing.TB, info ses.SealInfo) *ses.Seal {
	t.Helper()
	seal, err := ses.MakeSeal(info, h.maker.DER, h.maker.Key)
	if err != nil {
		t.Fatal(err)
	}
	return seal
}

func (h house) toSign(t testing.TB) ses.ToSign {
	t.Helper()
	return ses.ToSign{Seal: h.seal(t, h.info()), Time: signingTime, DataHash: gm.Sum([]byte("document")), Property: "/ByteRange"}
}

func (h house) sign(t testing.TB, stamped bool) *ses.Signature {
	t.Helper()
	stamp := h.stamp(t)
	if !stamped {
		stamp = nil
	}
	s, err := ses.Sign(h.toSign(t), h.signer.DER, h.signer.Key, stamp)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSealReadsBackAndVerifies(t *testing.T) {
	h := newHouse(t)
	digests := h.info()
	digests.Certs, digests.CertDigests = nil, []gm.Digest{gm.Sum(h.signer.DER), gm.Sum([]byte("another"))}
	extended := h.info()
	extended.Extensions = []ses.Extension{{ID: asn1.ObjectIdentifier{1, 2, 3}, Value: []byte{1}}}
	for name, info := range map[string]ses.SealInfo{"certificates": h.info(), "digests": digests, "extension": extended} {
		made := h.seal(t, info)
		seal, err := ses.ParseSeal(made.Raw)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := seal.Verify(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(info, seal.Info); diff != "" {
			t.Errorf("%s: read back otherwise (-made +read):\n%s", name, diff)
		}
		if !seal.Lists(h.signer.DER) || seal.Lists(h.maker.DER) || seal.Lists(nil) {
			t.Errorf("%s: lists the wrong certificates", name)
		}
		if maker, err := seal.Maker(); err != nil || !bytes.Equal(maker.Raw, h.maker.DER) {
			t.Errorf("%s: maker %v", name, err)
		}
	}
}

func TestSignatureReadsBackAndVerifies(t *testing.T) {
	h := newHouse(t)
	for _, stamped := range []bool{false, true} {
		made := h.sign(t, stamped)
		s, err := ses.ParseSignature(made.Raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := judge(s.Raw, stamped); err != nil {
			t.Error(err)
		}
		if !s.Time.Equal(signingTime) || s.DataHash != gm.Sum([]byte("document")) || s.Property != "/ByteRange" || (s.Timestamp != nil) != stamped {
			t.Errorf("read back %v, %v, %q, %d bytes of timestamp", s.Time, s.DataHash, s.Property, len(s.Timestamp))
		}
		if signer, err := s.Signer(); err != nil || !bytes.Equal(signer.Raw, h.signer.DER) {
			t.Errorf("signer %v", err)
		}
	}
}

func TestTimeIsCutToWholeSeconds(t *testing.T) {
	h := newHouse(t)
	toSign := h.toSign(t)
	toSign.Time = signingTime.Add(999 * time.Millisecond).In(time.FixedZone("CST", 8*3600))
	s, err := ses.Sign(toSign, h.signer.DER, h.signer.Key, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Time.Equal(signingTime) || s.Time.Location() != time.UTC {
		t.Errorf("time %v, want %v", s.Time, signingTime)
	}
}

func TestSignerThatIsNotListedCannotSeal(t *testing.T) {
	h := newHouse(t)
	other := h.ca.Seal(t, "45010000000002")
	if _, err := ses.Sign(h.toSign(t), other.DER, other.Key, nil); !errors.Is(err, ses.ErrNotListed) {
		t.Errorf("got %v, want ErrNotListed", err)
	}
	if _, err := ses.Sign(h.toSign(t), h.signer.DER, other.Key, nil); !errors.Is(err, ses.ErrCertificate) {
		t.Errorf("another key: got %v, want ErrCertificate", err)
	}
}

func TestSealIsMadeWithTheKeyOfTheMakersCertificateOnly(t *testing.T) {
	h := newHouse(t)
	if _, err := ses.MakeSeal(h.info(), h.maker.DER, h.signer.Key); !errors.Is(err, ses.ErrCertificate) {
		t.Errorf("another key: got %v, want ErrCertificate", err)
	}
}

func TestFailureOfTheTimestampAuthorityIsReported(t *testing.T) {
	h := newHouse(t)
	down := errors.New("down")
	fails := func(gm.Digest) ([]byte, error) { return nil, down }
	if _, err := ses.Sign(h.toSign(t), h.signer.DER, h.signer.Key, fails); !errors.Is(err, down) {
		t.Errorf("got %v", err)
	}
	nothing := func(gm.Digest) ([]byte, error) { return nil, nil }
	if _, err := ses.Sign(h.toSign(t), h.signer.DER, h.signer.Key, nothing); !errors.Is(err, ses.ErrFormat) {
		t.Errorf("got %v, want ErrFormat", err)
	}
}

func TestWrongPropertiesMakeNoSeal(t *testing.T) {
	h := newHouse(t)
	for name, change := range map[string]func(*ses.SealInfo){
		"no ID":               func(i *ses.SealInfo) { i.ID = "" },
		"Chinese ID":          func(i *ses.SealInfo) { i.ID = "印" },
		"Chinese vendor":      func(i *ses.SealInfo) { i.VendorID = "证" },
		"no name":             func(i *ses.SealInfo) { i.Name = "" },
		"broken name":         func(i *ses.SealInfo) { i.Name = "\xff" },
		"long name":           func(i *ses.SealInfo) { i.Name = strings.Repeat("印", ses.MaxText) },
		"negative type":       func(i *ses.SealInfo) { i.Type = -1 },
		"no signer":           func(i *ses.SealInfo) { i.Certs = nil },
		"both lists":          func(i *ses.SealInfo) { i.CertDigests = []gm.Digest{{1}} },
		"too many signers":    func(i *ses.SealInfo) { i.Certs = make([][]byte, ses.MaxSigners+1) },
		"fraction of second":  func(i *ses.SealInfo) { i.Created = i.Created.Add(1) },
		"no time":             func(i *ses.SealInfo) { i.NotBefore = time.Time{} },
		"ends before start":   func(i *ses.SealInfo) { i.NotAfter = i.NotBefore.Add(-time.Second) },
		"no picture":          func(i *ses.SealInfo) { i.Picture.Data = nil },
		"large picture":       func(i *ses.SealInfo) { i.Picture.Data = make([]byte, ses.MaxPicture+1) },
		"no width":            func(i *ses.SealInfo) { i.Picture.Width = 0 },
		"endless height":      func(i *ses.SealInfo) { i.Picture.Height = ses.MaxMillimetres + 1 },
		"broken picture type": func(i *ses.SealInfo) { i.Picture.Type = "图" },
	} {
		info := h.info()
		change(&info)
		if _, err := ses.MakeSeal(info, h.maker.DER, h.maker.Key); !errors.Is(err, ses.ErrInfo) {
			t.Errorf("%s: got %v, want ErrInfo", name, err)
		}
	}
	info := h.info()
	info.Version = 5
	if _, err := ses.MakeSeal(info, h.maker.DER, h.maker.Key); !errors.Is(err, ses.ErrVersion) {
		t.Errorf("version 5: got %v, want ErrVersion", err)
	}
	info = h.info()
	info.Extensions = []ses.Extension{{ID: asn1.ObjectIdentifier{1, 2, 3}, Critical: true}}
	if _, err := ses.MakeSeal(info, h.maker.DER, h.maker.Key); !errors.Is(err, ses.ErrExtension) {
		t.Errorf("critical extension: got %v, want ErrExtension", err)
	}
}

func TestLargestPictureIsRead(t *testing.T) {
	h := newHouse(t)
	info := h.info()
	info.Picture.Data = make([]byte, ses.MaxPicture)
	for range ses.MaxSigners - 1 {
		info.Certs = append(info.Certs, bytes.Repeat([]byte{1}, ses.MaxCertificate))
	}
	h.seal(t, info)
}

func TestZeroValuesDoNotVerify(t *testing.T) {
	var noSeal *ses.Seal
	var none *ses.Signature
	for _, err := range []error{noSeal.Verify(), (&ses.Seal{}).Verify(), none.Verify(), (&ses.Signature{}).Verify()} {
		if !errors.Is(err, ses.ErrFormat) {
			t.Errorf("got %v, want ErrFormat", err)
		}
	}
	if noSeal.Lists([]byte{1}) {
		t.Error("no seal lists something")
	}
	if _, err := ses.Sign(ses.ToSign{}, nil, nil, nil); err == nil {
		t.Error("signs without a seal")
	}
}

// judge is everything that pins bytes without a chain: both signatures, the list, and the token.
func judge(b []byte, stamped bool) error {
	s, err := ses.ParseSignature(b)
	if err != nil {
		return err
	}
	if err := s.Verify(); err != nil {
		return err
	}
	if err := s.Seal.Verify(); err != nil {
		return err
	}
	if !s.Seal.Lists(s.SignerCert) {
		return ses.ErrNotListed
	}
	if !stamped {
		return nil
	}
	token, err := tsp.Parse(s.Timestamp)
	if err != nil {
		return err
	}
	return token.Verify(gm.Sum(s.Value))
}

func BenchmarkSign(b *testing.B) {
	h := newHouse(b)
	toSign := h.toSign(b)
	for b.Loop() {
		if _, err := ses.Sign(toSign, h.signer.DER, h.signer.Key, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	s := newHouse(b).sign(b, true)
	b.ReportMetric(float64(len(s.Raw)), "bytes")
	for b.Loop() {
		if err := judge(s.Raw, true); err != nil {
			b.Fatal(err)
		}
	}
}
