package tsp_test

import (
	"bytes"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/pkcs7"

	"yinzheng/internal/cms"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
	"yinzheng/internal/tsp"
)

var (
	at      = time.Date(2026, 11, 22, 1, 2, 3, 456, time.UTC)
	imprint = gm.Sum([]byte("示例"))
)

func issue(t testing.TB) (*tsp.Token, gmtest.Leaf) {
	t.Helper()
	tsa := gmtest.NewCA(t, "示例根").Timestamper(t, "示例时间戳")
	token, err := tsp.Issue(imprint, big.NewInt(7), at, tsa.DER, tsa.Key)
	if err != nil {
		t.Fatal(err)
	}
	return token, tsa
}

func judge(b []byte) error {
	token, err := tsp.Parse(b)
	if err != nil {
		return err
	}
	return token.Verify(imprint)
}

func TestTokenReadsBackAndVerifies(t *testing.T) {
	issued, tsa := issue(t)
	token, err := tsp.Parse(issued.DER)
	if err != nil {
		t.Fatal(err)
	}
	if err := token.Verify(imprint); err != nil {
		t.Fatal(err)
	}
	if want := at.Truncate(time.Second); !token.Time.Equal(want) || token.Time.Location() != time.UTC {
		t.Errorf("time %v, want %v", token.Time, want)
	}
	if token.Serial.Int64() != 7 || token.Imprint != imprint || token.Accuracy != tsp.IssuedAccuracy || token.Nonce != nil || !token.Policy.Equal(der.AnyPolicy) {
		t.Errorf("read back %+v", token)
	}
	if !bytes.Equal(token.Signer.Raw, tsa.DER) {
		t.Error("another signer")
	}
}

func TestAnotherLibraryVerifiesTheToken(t *testing.T) {
	token, _ := issue(t)
	theirs, err := pkcs7.Parse(token.DER)
	if err != nil {
		t.Fatal(err)
	}
	if err := theirs.Verify(); err != nil {
		t.Error(err)
	}
}

func TestTokenForAnotherDigestIsRefused(t *testing.T) {
	token, _ := issue(t)
	if err := token.Verify(gm.Sum([]byte("another"))); !errors.Is(err, tsp.ErrImprint) {
		t.Errorf("got %v, want ErrImprint", err)
	}
}

func TestChangedFieldsDoNotChangeTheVerdict(t *testing.T) {
	token, _ := issue(t)
	other := gm.Sum([]byte("another"))
	token.Imprint = other
	if err := token.Verify(other); !errors.Is(err, tsp.ErrImprint) {
		t.Errorf("got %v, want ErrImprint", err)
	}
}

func TestEveryChangedByteOfATokenIsRefused(t *testing.T) {
	token, _ := issue(t)
	for i := range token.DER {
		for _, flip := range []byte{0x01, 0x20, 0x80} {
			changed := bytes.Clone(token.DER)
			changed[i] ^= flip
			if judge(changed) == nil {
				t.Errorf("byte %d ^ %#x verifies", i, flip)
			}
		}
	}
	if judge(append(bytes.Clone(token.DER), 0)) == nil {
		t.Error("a trailing byte verifies")
	}
}

// TestOnlyTimestampingCertificatesStamp covers RFC 3161, 2.3: the purpose alone, critical, and the time within validity.
func TestOnlyTimestampingCertificatesStamp(t *testing.T) {
	ca := gmtest.NewCA(t, "示例根")
	notCritical := gmtest.TimestampingOnly(t)
	notCritical.Critical = false
	name := pkix.Name{CommonName: "示例时间戳"}
	for what, template := range map[string]*gm.Certificate{
		"seal certificate": {Subject: name, KeyUsage: gm.KeyUsageDigitalSignature},
		"not critical":     {Subject: name, KeyUsage: gm.KeyUsageDigitalSignature, ExtraExtensions: []pkix.Extension{notCritical}},
		"two purposes": {Subject: name, KeyUsage: gm.KeyUsageDigitalSignature,
			ExtKeyUsage: []gm.ExtKeyUsage{gm.ExtKeyUsageTimeStamping, gm.ExtKeyUsageClientAuth}},
		"also encrypts": {Subject: name, KeyUsage: gm.KeyUsageDigitalSignature | gm.KeyUsageKeyEncipherment,
			ExtraExtensions: []pkix.Extension{gmtest.TimestampingOnly(t)}},
		"no key usage": {Subject: name, ExtraExtensions: []pkix.Extension{gmtest.TimestampingOnly(t)}},
		"not yet valid": {Subject: name, KeyUsage: gm.KeyUsageDigitalSignature, NotBefore: at.Add(time.Hour),
			ExtraExtensions: []pkix.Extension{gmtest.TimestampingOnly(t)}},
		"expired": {Subject: name, KeyUsage: gm.KeyUsageDigitalSignature, NotAfter: at.Add(-time.Hour),
			ExtraExtensions: []pkix.Extension{gmtest.TimestampingOnly(t)}},
	} {
		leaf := ca.Issue(t, template)
		if _, err := tsp.Issue(imprint, big.NewInt(1), at, leaf.DER, leaf.Key); !errors.Is(err, tsp.ErrSigner) {
			t.Errorf("%s: got %v, want ErrSigner", what, err)
		}
	}
}

// TestOptionalFieldsOfOthersAreRead gives TSTInfo every field that we do not write: accuracy in parts, ordering, nonce, tsa.
func TestOptionalFieldsOfOthersAreRead(t *testing.T) {
	token, tsa := issue(t)
	signed, err := cms.Parse(token.DER)
	if err != nil {
		t.Fatal(err)
	}
	head := bytes.TrimSuffix(signed.Content[2:], []byte{0x30, 0x03, 0x02, 0x01, 0x01}) // without the accuracy of one second
	cut := bytes.LastIndexByte(head, 'Z')
	wrap := func(tail string) []byte {
		body := append(bytes.Clone(head[:cut+1]), tail...)
		return append([]byte{0x30, byte(len(body))}, body...)
	}
	for name, c := range map[string]struct {
		tail     string
		good     bool
		accuracy time.Duration
		nonce    int64
	}{
		"nothing":            {tail: "", good: true},
		"all":                {tail: "\x30\x09\x02\x01\x02\x80\x01\x03\x81\x01\x04\x01\x01\xff\x02\x01\x09\xa0\x04\xa4\x02\x30\x00", good: true, accuracy: 2*time.Second + 3*time.Millisecond + 4*time.Microsecond, nonce: 9},
		"empty accuracy":     {tail: "\x30\x00"},
		"zero seconds":       {tail: "\x30\x03\x02\x01\x00"},
		"negative seconds":   {tail: "\x30\x03\x02\x01\xff"},
		"1000 milliseconds":  {tail: "\x30\x04\x80\x02\x03\xe8"},
		"ordering false":     {tail: "\x01\x01\x00"},
		"extensions":         {tail: "\xa1\x00"},
		"nonce before order": {tail: "\x02\x01\x09\x01\x01\xff"},
	} {
		forged, err := cms.Sign(wrap(c.tail), tsa.DER, tsa.Key, cms.Options{ContentType: der.TSTInfo, SigningTime: at})
		if err != nil {
			t.Fatal(err)
		}
		read, err := tsp.Parse(forged)
		if !c.good {
			if !errors.Is(err, tsp.ErrFormat) {
				t.Errorf("%s: got %v, want ErrFormat", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if read.Accuracy != c.accuracy || (read.Nonce == nil) != (c.nonce == 0) || read.Nonce != nil && read.Nonce.Int64() != c.nonce {
			t.Errorf("%s: read %v, nonce %v", name, read.Accuracy, read.Nonce)
		}
		if err := read.Verify(imprint); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestForgedTokenOfASealKeyIsRefused signs a good TSTInfo with a certificate that may not stamp.
func TestForgedTokenOfASealKeyIsRefused(t *testing.T) {
	token, _ := issue(t)
	signed, err := cms.Parse(token.DER)
	if err != nil {
		t.Fatal(err)
	}
	leaf := gmtest.NewCA(t, "示例根").Seal(t, "示例签章人")
	forged, err := cms.Sign(signed.Content, leaf.DER, leaf.Key, cms.Options{ContentType: der.TSTInfo, SigningTime: at})
	if err != nil {
		t.Fatal(err)
	}
	if err := judge(forged); !errors.Is(err, tsp.ErrSigner) {
		t.Errorf("got %v, want ErrSigner", err)
	}
}

func TestSerialNumbersArePositiveAndBounded(t *testing.T) {
	tsa := gmtest.NewCA(t, "示例根").Timestamper(t, "示例时间戳")
	for _, serial := range []*big.Int{nil, big.NewInt(0), big.NewInt(-1), new(big.Int).Lsh(big.NewInt(1), tsp.MaxSerial)} {
		if _, err := tsp.Issue(imprint, serial, at, tsa.DER, tsa.Key); err == nil {
			t.Errorf("serial number %v is issued", serial)
		}
	}
}

func FuzzParse(f *testing.F) {
	token, _ := issue(f)
	seeds := [][]byte{token.DER, token.DER[:len(token.DER)-1], nil, {0x30, 0x82}, bytes.Repeat([]byte{0x30, 0x80}, 200)}
	by := signers(f)
	for _, q := range queries() {
		if q.CheckPolicy() == nil {
			seeds = append(seeds, answer(f, &q, by).DER)
		}
	}
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) < 9 {
		f.Fatalf("only %d seeds", len(seeds))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		general, err := tsp.ParseAny(b)
		if err == nil {
			_ = general.VerifyAnswer(&tsp.Query{Hash: general.Hash, Imprint: general.Imprint[:], Nonce: general.Nonce})
		}
		token, strictErr := tsp.Parse(b)
		if strictErr != nil {
			return
		}
		if err != nil || general.Signer == nil {
			t.Fatalf("the strict parser accepts more: %v", err)
		}
		if !bytes.Equal(token.DER, b) || token.Serial.Sign() <= 0 || token.Signer == nil {
			t.Fatalf("accepted %+v", token)
		}
		_ = token.Verify(imprint)
	})
}
