package verify_test

import (
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/verify"
	"yinzheng/verify/verifytest"
)

// These tests change one byte at a time of everything that a stranger is given, and want that no change goes unnoticed.

func TestPDFWithAnyByteChangedIsNeverValid(t *testing.T) {
	w := verifytest.New(t)
	document := w.Document()
	receipt := w.Receipt(verify.KindLicence, gm.Sum(document))
	trust, err := verify.ParseTrust(w.TrustFile())
	if err != nil {
		t.Fatal(err)
	}
	policy := verify.DefaultPolicy()
	if r := policy.Judge(verify.Read(verify.Input{Document: document, Receipt: receipt}), trust, w.Now); r.Verdict != verify.Valid {
		t.Fatalf("unchanged it is %s:%s", r.Verdict, describe(r))
	}
	places := structure(document, 7)
	if testing.Short() {
		places = every(document, 17)
	}
	t.Logf("%d of %d bytes", len(places), len(document))
	flip(t, document, places, func(changed []byte) bool {
		// Without the receipt, which would notice any change by the digest of the whole: the seal alone must hold.
		return policy.Judge(verify.Read(verify.Input{Document: changed}), trust, w.Now).Verdict != verify.Valid
	})
}

func TestReceiptWithAnyByteChangedIsNeverValid(t *testing.T) {
	w := verifytest.New(t)
	digest := gm.Sum([]byte("document"))
	trust, err := verify.ParseTrust(w.TrustFile())
	if err != nil {
		t.Fatal(err)
	}
	for name, receipt := range map[string][]byte{"logged": w.Receipt(verify.KindLicence, digest), "accepted": w.Accepted(verify.KindLicence, digest)} {
		t.Run(name, func(t *testing.T) {
			flip(t, receipt, every(receipt, 1), func(changed []byte) bool {
				return verify.DefaultPolicy().Judge(verify.Read(verify.Input{Receipt: changed}), trust, w.Now).Verdict != verify.Valid
			})
		})
	}
}

func TestTrustFileWithAnyByteChangedIsNeverValid(t *testing.T) {
	w := verifytest.New(t)
	document := w.Document()
	e := verify.Read(verify.Input{Document: document})
	// That ParseTrust refuses every change is shown beside it, byte by byte; here it is that a refused file is not believed.
	trust := w.TrustFile()
	flip(t, trust, every(trust, 13), func(changed []byte) bool {
		return verify.DefaultPolicy().JudgeBytes(e, changed, w.Now).Verdict != verify.Valid
	})
}

func TestPDFCutAnywhereIsNeverValid(t *testing.T) {
	w := verifytest.New(t)
	document := w.Document()
	trust, err := verify.ParseTrust(w.TrustFile())
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(document); n += 1 + n/64 {
		if verify.DefaultPolicy().Judge(verify.Read(verify.Input{Document: document[:n]}), trust, w.Now).Verdict == verify.Valid {
			t.Errorf("the first %d bytes are valid", n)
		}
	}
}
