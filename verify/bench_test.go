package verify_test

import (
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/verify"
	"yinzheng/verify/verifytest"
)

// BenchmarkJudge judges one small sealed licence with its receipt; ParseTrust is not in it.
func BenchmarkJudge(b *testing.B) {
	w := verifytest.New(b)
	document := w.Document()
	in := verify.Input{Document: document, Receipt: w.Receipt(verify.KindLicence, gm.Sum(document))}
	trust, err := verify.ParseTrust(w.TrustFile())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if verify.DefaultPolicy().Judge(verify.Read(in), trust, w.Now).Verdict != verify.Valid {
			b.Fatal("not valid")
		}
	}
}
