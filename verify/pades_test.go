package verify_test

import (
	"slices"
	"testing"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/ocsp"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/increment"
	"yinzheng/internal/pdf/pdftest"
	"yinzheng/internal/pdf/signature"
	"yinzheng/verify"
)

// letter is a foreign document that the PKI's signer signed, stamped or not.
func (c *court) letter(stamped bool) []byte {
	o := pdftest.Options{CRLs: [][]byte{c.pki.List}}
	if stamped {
		o.Stamp = func(v []byte) []byte { return c.pki.TSA.Token(v, c.pki.Now, nil) }
	}
	return pdftest.Sign(pdftest.Classic(), pdftest.Seal{Field: "Office", Rect: placeOne, Look: border, Sign: func(covered []byte) []byte {
		return c.pki.P256.Sign(covered, o)
	}})
}

func TestLevelOfPAdESIsStated(t *testing.T) {
	c := newCourt(t)
	c.policy.AcceptUnstamped = true
	store := func(file []byte) []byte {
		return pdftest.WithEvidence(file, [][]byte{c.pki.Root.Cert}, [][]byte{c.pki.List})
	}
	stamp := func(file []byte) []byte {
		return pdftest.DocTimestamp(file, func(b []byte) []byte { return c.pki.TSA.Token(b, c.pki.Now, nil) })
	}
	for want, file := range map[string][]byte{
		"B-B":   c.letter(false),
		"B-T":   c.letter(true),
		"B-LT":  store(c.letter(true)),
		"B-LTA": stamp(store(c.letter(true))),
	} {
		r := c.judge(file)
		if r.Verdict != verify.Valid || r.Kind != verify.KindDocument || r.Signatures[0].Level != want {
			t.Errorf("%s: %s %s %+v:%s", want, r.Verdict, r.Kind, r.Signatures, describe(r))
		}
	}
	if r := c.judge(stamp(c.letter(false))); r.Signatures[0].Level != "B-T" || r.Signatures[0].TimeBasis != verify.BasisDocument {
		t.Errorf("a document timestamp is a proof of time: %+v", r.Signatures[0])
	}
}

func TestSignatureWithoutAProofOfTimeSaysSo(t *testing.T) {
	c := newCourt(t)
	r := c.judge(c.letter(false))
	expect(t, r, verify.Indeterminate, "TIMESTAMP", verify.Unknown, "absent")
	if r.Signatures[0].TimeBasis != verify.BasisDeclared {
		t.Errorf("%+v", r.Signatures[0])
	}
}

func TestForeignSignatureNeedsARootThatIsBelieved(t *testing.T) {
	c := newCourt(t)
	file := c.letter(true)
	e := verify.Read(verify.Input{Document: file})
	expect(t, verify.DefaultPolicy().Judge(e, c.trust, c.w.Now), verify.Indeterminate, "TIMESTAMP_AUTHORITY", verify.Unknown, "unlisted")

	// The trust file's signer vouches for other roots than SM2's, even where that one is pinned.
	policy := verify.DefaultPolicy()
	policy.Root = gm.Sum(c.w.Root.DER())
	trust := c.w.TrustFile(func(f *verify.Trust) {
		f.Roots, f.Timestampers = append(f.Roots, c.pki.Root.Cert), append(f.Timestampers, c.pki.TSA.Cert)
		f.CRLs = append(f.CRLs, c.pki.List)
	})
	r := policy.JudgeBytes(e, trust, c.w.Now)
	expect(t, r, verify.Valid, "SIGNER_CERT_CHAIN", verify.Pass, "")

	// A reader may have nothing but roots of his own.
	policy = verify.DefaultPolicy()
	policy.Anchors = c.policy.Anchors
	r = policy.Judge(e, nil, c.w.Now)
	expect(t, r, verify.Valid, "TRUST_FILE", verify.Warn, "anchors")
	expect(t, r, verify.Valid, "TIMESTAMP_AUTHORITY", verify.Pass, "anchored")
}

func TestRootThatTheReaderAddedMakesNobodyAnIssuer(t *testing.T) {
	c := newCourt(t)
	face := c.w.Face(c.w.Data().Encode())
	file := pdftest.Sign(face, c.ecdsa(pdftest.Seal{Field: "Office", Rect: placeOne, Look: border}))
	r := c.judge(file)
	if r.Kind != verify.KindLicence || r.Verdict != verify.Invalid {
		t.Errorf("%s %s:%s", r.Kind, r.Verdict, describe(r))
	}
}

func TestAnswerOfTheAuthorityInTheDocumentCounts(t *testing.T) {
	c := newCourt(t)
	root, err := gm.ParseCertificate(c.pki.Root.Cert)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := gm.ParseCertificate(c.pki.P256.Cert)
	if err != nil {
		t.Fatal(err)
	}
	letter := pdftest.Sign(pdftest.Classic(), pdftest.Seal{Field: "Office", Sign: func(covered []byte) []byte {
		return c.pki.P256.Sign(covered, pdftest.Options{Stamp: func(v []byte) []byte { return c.pki.TSA.Token(v, c.pki.Now, nil) }})
	}})
	expect(t, c.judge(letter), verify.Indeterminate, "SIGNER_CERT_REVOKED", verify.Unknown, "no_crl")
	answered := func(single ocsp.Single) []byte {
		id, err := ocsp.ID(der.SHA256, root, signer.SerialNumber)
		if err != nil {
			t.Fatal(err)
		}
		single.ID, single.ThisUpdate, single.NextUpdate = id, c.pki.Now, c.pki.Now.AddDate(0, 0, 1)
		answer, err := ocsp.Respond([]ocsp.Single{single}, nil, c.pki.Now, c.pki.Root.Cert, c.pki.Root.Key)
		if err != nil {
			t.Fatal(err)
		}
		file, err := cos.OpenBytes(letter, cos.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		tail, err := increment.WithEvidence(file, signature.DSS{OCSPs: [][]byte{answer}})
		if err != nil {
			t.Fatal(err)
		}
		return slices.Concat(letter, tail)
	}
	good := c.judge(answered(ocsp.Single{Status: ocsp.Good}))
	expect(t, good, verify.Valid, "SIGNER_CERT_REVOKED", verify.Pass, "")
	if good.Signatures[0].Level != "B-LT" {
		t.Errorf("level %s", good.Signatures[0].Level)
	}
	expect(t, c.judge(answered(ocsp.Single{Status: ocsp.Revoked, RevokedAt: c.pki.Now.AddDate(0, 0, -1)})), verify.Invalid, "SIGNER_CERT_REVOKED", verify.Fail, "")
}
