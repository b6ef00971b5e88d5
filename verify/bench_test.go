package verify_test

import (
	"fmt"
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/internal/pdf/pdftest"
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

// BenchmarkRead takes the same document apart; BenchmarkWeigh judges what Read found.
func BenchmarkRead(b *testing.B) {
	document := verifytest.New(b).Document()
	b.ReportAllocs()
	for b.Loop() {
		if e := verify.Read(verify.Input{Document: document}); e.Document.Problem != nil {
			b.Fatal(e.Document.Problem)
		}
	}
}

// BenchmarkWeigh is the other half of BenchmarkJudge: three SM2 signatures, of the seal's user, of its CA and of the timestamp.
func BenchmarkWeigh(b *testing.B) {
	w := verifytest.New(b)
	e := verify.Read(verify.Input{Document: w.Document()})
	trust, err := verify.ParseTrust(w.TrustFile())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if verify.DefaultPolicy().Judge(e, trust, w.Now).Verdict != verify.Valid {
			b.Fatal("not valid")
		}
	}
}

// BenchmarkTwenty judges twenty seals in one file.
func BenchmarkTwenty(b *testing.B) {
	c := newCourt(b)
	file := pdftest.Classic()
	for i := range 20 {
		file = pdftest.Sign(file, c.sealed(pdftest.Seal{Field: fmt.Sprintf("Seal %d", i), Rect: placeOne}))
	}
	b.ReportAllocs()
	for b.Loop() {
		if r := c.judge(file); len(r.Signatures) != 20 || r.Verdict != verify.Valid {
			b.Fatal(r.Verdict)
		}
	}
}
