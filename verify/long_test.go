package verify_test

import (
	"math/big"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/pdf/pdftest"
	"yinzheng/internal/tsp"
	"yinzheng/verify"
	"yinzheng/verify/verifytest"
)

// stampedFile puts a document timestamp of the world behind a file.
func stampedFile(t *testing.T, w *verifytest.World, file []byte, by verifytest.Identity, at time.Time) []byte {
	t.Helper()
	return pdftest.DocTimestamp(file, func(covered []byte) []byte {
		token, err := tsp.Issue(gm.Sum(covered), big.NewInt(at.Unix()), at, by.DER(), by.Key)
		if err != nil {
			t.Fatal(err)
		}
		return token.DER
	})
}

// allowing is a sealed licence that permits more seals; so evidence and timestamps may follow.
func allowing(w *verifytest.World, change func(*verifytest.Sealing)) []byte {
	return w.Document(func(s *verifytest.Sealing) {
		s.MoreSeals = true
		change(s)
	})
}

func expect(t *testing.T, r verify.Report, v verify.Verdict, code string, o verify.Outcome, why string) {
	t.Helper()
	if f, _ := find(r, code); f.Outcome != o || f.Params["why"] != why || r.Verdict != v {
		t.Errorf("%s %s %q, %s; want %s %q, %s:%s", code, f.Outcome, f.Params["why"], r.Verdict, o, why, v, describe(r))
	}
}

func TestDocumentTimestampProvesTheTimeOfASealWithoutOne(t *testing.T) {
	w := verifytest.New(t)
	unstamped := allowing(w, func(s *verifytest.Sealing) { s.Unstamped = true })
	trust := w.TrustFile()
	expect(t, verify.Judge(verify.Input{Document: unstamped}, trust, w.Now), verify.Indeterminate, "TIMESTAMP", verify.Unknown, "absent")
	stamped := stampedFile(t, w, unstamped, w.Stamper, w.Now.Add(time.Minute))
	r := verify.Judge(verify.Input{Document: stamped}, trust, w.Now.Add(time.Hour))
	expect(t, r, verify.Valid, "SIG_TIME", verify.Pass, "document")
	if len(r.Signatures) != 2 || r.Signatures[0].TimeBasis != verify.BasisDocument || r.Signatures[1].Kind != verify.SignatureTimestamp {
		t.Errorf("%+v", r.Signatures)
	}
	stranger := w.Leaf(verifytest.Leaf{Name: "另一时间戳服务", Stamps: true})
	r = verify.Judge(verify.Input{Document: stampedFile(t, w, unstamped, stranger, w.Now)}, trust, w.Now)
	expect(t, r, verify.Indeterminate, "TIMESTAMP", verify.Unknown, "absent")
}

func TestRevokedTimestampAuthorityNeedsAProofOfBefore(t *testing.T) {
	w := verifytest.New(t)
	document := w.Document()
	w.Revoke(w.Stamper, w.Now.Add(time.Hour))
	later := w.Now.Add(2 * time.Hour)
	in := verify.Input{Document: document}
	expect(t, verify.Judge(in, w.TrustFile(), later), verify.Indeterminate, "TIMESTAMP_AUTHORITY", verify.Unknown, "later")
	in.Receipt = w.Receipt(verify.KindLicence, gm.Sum(document))
	expect(t, verify.Judge(in, w.TrustFile(), later), verify.Valid, "TIMESTAMP_AUTHORITY", verify.Warn, "later")
}

func TestOldSealIsJudgedByTheEvidenceThatTheDocumentCarries(t *testing.T) {
	w := verifytest.New(t)
	w.Office = w.Leaf(verifytest.Leaf{
		Name: verifytest.SealID, Organisation: w.OfficeCode + verifytest.OfficeName,
		Change: func(c *gm.Certificate) { c.NotAfter = w.Now.AddDate(1, 0, 0) },
	})
	w.Seal = w.MakeSeal(nil)
	document := pdftest.WithEvidence(allowing(w, func(*verifytest.Sealing) {}), [][]byte{w.Authority.DER()}, [][]byte{w.CRL()})
	document = stampedFile(t, w, document, w.Stamper, w.Now.Add(time.Minute))
	at := w.Now.AddDate(2, 0, 0)
	trust := w.TrustFile(func(f *verify.Trust) {
		f.Issued, f.Expires, f.StatusAsOf, f.CRLs = at.Add(-time.Hour), at.AddDate(0, 0, 7), at.Add(-time.Hour), nil
	})
	r := verify.Judge(verify.Input{Document: document}, trust, at)
	expect(t, r, verify.Valid, "SIGNER_CERT_REVOKED", verify.Pass, "evidence")
	expect(t, r, verify.Valid, "SIG_TIME_OUTSIDE_CERT", verify.Warn, "expired_since")
	expect(t, r, verify.Valid, "SIG_CHANGES", verify.Pass, "evidence")
}

func TestRevocationInTheDocumentsEvidenceCounts(t *testing.T) {
	w := verifytest.New(t)
	trust := w.TrustFile()
	w.Revoke(w.Office, w.Now.Add(-time.Minute))
	document := pdftest.WithEvidence(allowing(w, func(*verifytest.Sealing) {}), nil, [][]byte{w.CRL()})
	expect(t, verify.Judge(verify.Input{Document: document}, trust, w.Now), verify.Invalid, "SIGNER_CERT_REVOKED", verify.Fail, "")
}

func TestOfficesThatSealTogetherAreJudgedOneByOne(t *testing.T) {
	w := verifytest.New(t)
	document := w.SealAgain(allowing(w, func(*verifytest.Sealing) {}))
	r := verify.Judge(verify.Input{Document: document}, w.TrustFile(), w.Now)
	if r.Verdict != verify.Valid || len(r.Signatures) != 2 || r.Subject == nil || r.Subject.SealedAt != w.Now {
		t.Fatalf("%s %+v:%s", r.Verdict, r.Signatures, describe(r))
	}
	if after := r.Signatures[0].After; len(after) != 1 || after[0].Level != verify.LevelSigning || !after[0].Explained ||
		len(after[0].Signatures) != 1 || after[0].Signatures[0] != r.Signatures[1].Name {
		t.Errorf("after the first: %+v", after)
	}
	for _, f := range r.Findings {
		if (f.Code == "SIG_VALUE") != (f.Signature != "") && f.Code == "SIG_VALUE" {
			t.Errorf("%s names no signature", f.Code)
		}
	}
}
