package verify

import (
	"errors"

	"yinzheng/internal/ses"
)

// sealSubFilter is the signature encoding that is judged: an SES_Signature (GM/T 0112-2021).
const sealSubFilter = "GM.sm2seal"

func documentChecks() []Check {
	return []Check{
		{
			Code: "PDF_FORMAT", Clause: "ISO 32000-1, 7.5",
			Endings: can(Pass).or(Fail, ProblemSize, ProblemMalformed).or(Unknown, ProblemUnsupported, ProblemFault),
			applies: ofDocument, run: checkPDF,
		},
		{
			Code: "SIG_COUNT", Clause: "ISO 32000-1, 12.8",
			Endings: can(Pass).or(Fail, "none").or(Unknown, "several"), applies: ofDocument, needs: []string{"PDF_FORMAT"}, run: checkSignatureCount,
		},
		{
			Code: "SIG_COVERAGE", Clause: "ISO 32000-1, 12.8.1",
			Endings: can(Pass).or(Fail), applies: ofDocument, needs: []string{"PDF_FORMAT"}, run: checkCoverage,
		},
	}
}

func checkPDF(j *judgement) ending {
	d := j.e.Document
	if p := d.Problem; p != nil {
		params := []string{"detail", p.Detail, "offset", count(int(p.Offset)), "limit", count(MaxDocument >> 20)}
		switch p.Kind {
		case ProblemSize, ProblemMalformed:
			return fail(p.Kind, params...)
		case ProblemUnsupported:
			return unknown(p.Kind, params...)
		}
		return unknown(ProblemFault)
	}
	return pass("size", count(int(d.Size)), "revisions", count(d.Revisions))
}

func checkSignatureCount(j *judgement) ending {
	switch n := len(j.e.Document.Signatures); n {
	case 0:
		return fail("none")
	case 1:
		return pass()
	default:
		return unknown("several", "count", count(n))
	}
}

// checkCoverage wants every byte of the file under the signature: a revision after it, or a gap other than its own value,
// would show something that nobody sealed.
func checkCoverage(j *judgement) ending {
	if len(j.e.Document.Signatures) == 0 {
		return unknown(whyNeeds, "needs", "SIG_COUNT")
	}
	for _, s := range j.e.Document.Signatures {
		if s.CoversFile {
			return pass()
		}
	}
	return fail("")
}

func signatureChecks() []Check {
	return []Check{
		{
			Code: "SIG_FORMAT", Clause: "GB/T 38540-2020, 7",
			Endings: can(Pass).or(Fail, "malformed", "certificate").or(Unknown, "sub_filter", "version", "extension"),
			applies: ofDocument, needs: []string{"SIG_COUNT"}, run: checkSignatureFormat,
		},
		{
			Code: "CONTENT_HASH", Clause: "GB/T 38540-2020, 7", Endings: can(Pass).or(Fail),
			applies: ofDocument, needs: []string{"SIG_FORMAT"}, run: checkContentHash,
		},
		{
			Code: "SIG_VALUE", Clause: "GB/T 38540-2020, 7; GB/T 32918.2", Endings: can(Pass).or(Fail),
			applies: ofDocument, needs: []string{"SIG_FORMAT"}, run: checkSignatureValue,
		},
	}
}

func checkSignatureFormat(j *judgement) ending {
	s := j.e.Document.Signatures[0]
	if s.SubFilter != sealSubFilter {
		return unknown("sub_filter", "sub_filter", s.SubFilter)
	}
	signature, err := ses.ParseSignature(s.Contents)
	switch {
	case errors.Is(err, ses.ErrVersion):
		return unknown("version", "detail", err.Error())
	case errors.Is(err, ses.ErrExtension):
		return unknown("extension", "detail", err.Error())
	case err != nil:
		return fail("malformed", "detail", err.Error())
	}
	cert, err := parseCertificate(signature.SignerCert)
	if err != nil {
		return fail("certificate", "detail", err.Error())
	}
	j.signature, j.signer, j.signedAt = signature, cert, signature.Time
	return pass("signer", owner(cert))
}

func checkContentHash(j *judgement) ending {
	is, says := j.e.Document.Signatures[0].Digest, j.signature.DataHash
	if is.IsZero() || is != says {
		return fail("", "is", is.String(), "says", says.String())
	}
	return pass("sm3", is.String())
}

func checkSignatureValue(j *judgement) ending {
	if err := j.signature.Verify(); err != nil {
		return fail("")
	}
	return pass("signer", owner(j.signer))
}
