package verify_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/verify"
	"yinzheng/verify/verifytest"
)

func TestTrustFileRoundTrips(t *testing.T) {
	w := verifytest.New(t)
	w.Statuses = []verify.Status{
		{Identifier: gm.Sum([]byte("b")), Status: "02", At: w.Now}, {Identifier: gm.Sum([]byte("a")), Status: "07", At: w.Now},
		{Identifier: gm.Sum([]byte("c")), Status: "04", At: w.Now},
	}
	b := w.TrustFile()
	trust, err := verify.ParseTrust(b)
	if err != nil {
		t.Fatal(err)
	}
	if trust.Region != verifytest.Region || trust.Sequence != 7 || len(trust.Statuses) != 3 || trust.Digest() != gm.Sum(b) {
		t.Errorf("read back %+v", trust)
	}
}

func TestTrustFileSignedByASealCertificateIsRefused(t *testing.T) {
	w := verifytest.New(t)
	_, err := verify.EncodeTrust(w.Trust(), w.Office.DER(), w.Office.Key)
	if !errors.Is(err, verify.ErrTrustSigner) {
		t.Errorf("got %v, want ErrTrustSigner", err)
	}
}

func TestTrustFileSignedOutsideItsRootsIsRefused(t *testing.T) {
	w := verifytest.New(t)
	stranger := verifytest.New(t)
	_, err := verify.EncodeTrust(w.Trust(), stranger.TrustSigner.DER(), stranger.TrustSigner.Key)
	if !errors.Is(err, verify.ErrTrustSigner) {
		t.Errorf("got %v, want ErrTrustSigner", err)
	}
}

func TestTrustFileOfARevokedSignerIsRefused(t *testing.T) {
	w := verifytest.New(t)
	w.Revoke(w.TrustSigner, w.Now.AddDate(0, 0, -2))
	if _, err := verify.EncodeTrust(w.Trust(), w.TrustSigner.DER(), w.TrustSigner.Key); !errors.Is(err, verify.ErrTrustSigner) {
		t.Errorf("got %v, want ErrTrustSigner", err)
	}
}

func TestTrustFileWithAnotherKeysSignatureIsRefused(t *testing.T) {
	w := verifytest.New(t)
	if _, err := verify.EncodeTrust(w.Trust(), w.TrustSigner.DER(), w.Office.Key); !errors.Is(err, verify.ErrTrustSignature) {
		t.Errorf("got %v, want ErrTrustSignature", err)
	}
}

func TestTrustFileWithBadContentIsRefused(t *testing.T) {
	w := verifytest.New(t)
	other := verifytest.New(t)
	for name, change := range map[string]func(*verify.Trust){
		"other version":              func(f *verify.Trust) { f.Version = 2 },
		"no region":                  func(f *verify.Trust) { f.Region = "" },
		"expires before it is made":  func(f *verify.Trust) { f.Expires = f.Issued.Add(-time.Second) },
		"status of the future":       func(f *verify.Trust) { f.StatusAsOf = f.Issued.Add(time.Second) },
		"no root":                    func(f *verify.Trust) { f.Roots = nil },
		"root that is not one":       func(f *verify.Trust) { f.Roots = append(f.Roots, w.Authority.DER()) },
		"broken certificate":         func(f *verify.Trust) { f.SealMakers = [][]byte{{0x30, 0}} },
		"certificate with a tail":    func(f *verify.Trust) { f.Timestampers = [][]byte{append(bytes.Clone(w.Stamper.DER()), 0)} },
		"broken ledger key":          func(f *verify.Trust) { f.LedgerKeys = [][]byte{{1}} },
		"CRL of a stranger":          func(f *verify.Trust) { f.CRLs = [][]byte{other.CRL()} },
		"status code nobody knows":   func(f *verify.Trust) { f.Statuses = []verify.Status{{Status: "01"}} },
		"two statuses for one":       func(f *verify.Trust) { f.Statuses = []verify.Status{{Status: "02"}, {Status: "07"}} },
		"more certificates than fit": func(f *verify.Trust) { f.SealMakers = make([][]byte, 300) },
	} {
		file := w.Trust()
		change(&file)
		if _, err := verify.EncodeTrust(file, w.TrustSigner.DER(), w.TrustSigner.Key); !errors.Is(err, verify.ErrTrustFormat) {
			t.Errorf("%s: got %v, want ErrTrustFormat", name, err)
		}
	}
}

func TestTrustFileHasOneSpelling(t *testing.T) {
	b := verifytest.New(t).TrustFile()
	var compact bytes.Buffer
	if err := json.Compact(&compact, b); err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string][]byte{
		"compact":       compact.Bytes(),
		"with a tail":   append(bytes.Clone(b), '\n'),
		"without end":   bytes.TrimSuffix(b, []byte("\n")),
		"escaped":       bytes.Replace(b, []byte(`"region"`), []byte(`"\u0072egion"`), 1),
		"other letters": bytes.Replace(b, []byte(`"region"`), []byte(`"Region"`), 1),
		"twice the key": bytes.Replace(b, []byte(`"version": 1,`), []byte(`"version": 1, "version": 1,`), 1),
		"empty":         {},
		"null":          []byte("null\n"),
	} {
		if bytes.Equal(other, b) {
			t.Errorf("%s: nothing was changed", name)
		}
		if _, err := verify.ParseTrust(other); !errors.Is(err, verify.ErrTrustFormat) {
			t.Errorf("%s: got %v, want ErrTrustFormat", name, err)
		}
	}
}

func TestTrustFileWithAnyByteChangedIsRefused(t *testing.T) {
	b := verifytest.New(t).TrustFile()
	step := 1
	if testing.Short() {
		step = 7
	}
	flip(t, b, every(b, step), func(changed []byte) bool {
		_, err := verify.ParseTrust(changed)
		return err != nil
	})
}
