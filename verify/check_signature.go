package verify

import (
	"bytes"
	"errors"

	"yinzheng/internal/cms"
	"yinzheng/internal/pdf/signature"
	"yinzheng/internal/ses"
)

func signatureChecks() []Check {
	return []Check{
		{
			Code: "SIG_DICTIONARY", Clause: "ISO 32000-2, 12.8.1; GM/T 0112-2021", Endings: can(Pass).or(Unknown, "ber", "usage").or(Fail),
			applies: ofDocument, needs: []string{"SIG_COUNT"}, run: checkDictionary,
		},
		{
			Code: "SIG_COVERAGE", Clause: "ISO 32000-1, 12.8.1", Endings: can(Pass).or(Pass, "revision").or(Fail),
			applies: ofDocument, needs: []string{"SIG_COUNT"}, run: checkCoverage,
		},
		{
			Code: "SIG_FORMAT", Clause: "GB/T 38540-2020, 7; GB/T 35275-2017; ETSI EN 319 142-1",
			Endings: can(Pass).or(Warn, "dialect").or(Fail, "malformed", "certificate", "weak").or(Unknown, "sub_filter", "version", "extension", "algorithm", "dialect"),
			applies: ofDocument, needs: []string{"SIG_COUNT"}, run: checkSignatureFormat,
		},
		{
			Code: "CONTENT_HASH", Clause: "GB/T 38540-2020, 7; RFC 5652, 11.2", Endings: can(Pass).or(Unknown, "hash").or(Fail),
			applies: ofDocument, needs: []string{"SIG_FORMAT"}, run: checkContentHash,
		},
		{
			Code: "SIG_VALUE", Clause: "GB/T 38540-2020, 7; GB/T 32918.2; RFC 5652, 5.4", Endings: can(Pass).or(Unknown, "hash").or(Fail),
			applies: ofDocument, needs: []string{"SIG_FORMAT"}, run: checkSignatureValue,
		},
	}
}

// checkDictionary: a signature whose dictionary or field is not exactly as it must be shows something to some reader that
// nobody signed. Two kinds may be honest in documents of others: an encoding that is not DER, and usage rights of old readers.
func checkDictionary(j *judgement) ending {
	problems := j.s.evidence.Problems
	worst := ending{outcome: Pass}
	for _, p := range problems {
		params := []string{"problem", p.Code, "detail", p.Detail, "offset", count(int(p.Offset))}
		if j.e.Document.Own || p.Code != signature.CodeBER && p.Code != signature.CodeUsage {
			return fail("", params...)
		}
		worst = unknown(p.Code, params...)
	}
	if worst.outcome != Pass {
		return worst
	}
	return pass("places", count(len(j.s.evidence.Fields)))
}

// checkCoverage wants every byte of the file as it was then under the signature: a gap other than its own value would show
// something that nobody sealed. What came afterwards is for SIG_CHANGES.
func checkCoverage(j *judgement) ending {
	switch e := j.s.evidence; {
	case e.CoversFile:
		return pass()
	case e.CoversRevision && j.e.Version != firstEvidenceVersion:
		return ending{Pass, "revision", pairs([]string{"revision", count(e.Revision + 1), "revisions", count(j.e.Document.Revisions)})}
	}
	return fail("")
}

func checkSignatureFormat(j *judgement) ending {
	switch j.s.kind {
	case SignatureSeal:
		return j.readSeal()
	case SignatureTimestamp:
		return j.readToken()
	case SignatureCMS, SignaturePAdES:
		return j.readCMS()
	}
	return unknown("sub_filter", "sub_filter", j.s.evidence.SubFilter)
}

func (j *judgement) readSeal() ending {
	s := j.s
	signature, err := ses.ParseSignature(s.evidence.Contents)
	switch {
	case errors.Is(err, ses.ErrVersion):
		return unknown("version", "detail", err.Error())
	case errors.Is(err, ses.ErrExtension):
		return unknown("extension", "detail", err.Error())
	case errors.Is(err, ses.ErrAlgorithm):
		return unknown("algorithm", "detail", err.Error())
	case err != nil:
		return fail("malformed", "detail", err.Error())
	}
	cert, err := j.certificate(signature.SignerCert)
	if err != nil {
		return fail("certificate", "detail", err.Error())
	}
	s.signature, s.signer, s.declared, s.value = signature, cert, signature.Time, signature.Value
	return s.formatEnding(j.e.Document.Own)
}

func (j *judgement) readToken() ending {
	s := j.s
	token, ours, err := parseToken(s.evidence.Contents, j.trust.timestampers)
	if err != nil {
		return fail("malformed", "detail", err.Error())
	}
	if !ours && j.e.Document.Own {
		return unknown("dialect", "dialect", joined(append([]string{"foreign"}, token.Dialect...)))
	}
	s.token, s.odd = token, append(s.odd, token.Dialect...)
	return s.formatEnding(false)
}

// readCMS reads SignedData. That something else stands under such a name is not known to be wrong.
func (j *judgement) readCMS() ending {
	s := j.s
	d, err := cms.ParseDetached(s.evidence.Contents)
	switch {
	case errors.Is(err, cms.ErrWeak):
		return fail("weak", "detail", err.Error())
	case errors.Is(err, cms.ErrAlgorithm):
		return unknown("algorithm", "detail", err.Error())
	case err != nil:
		if _, err := ses.ParseSignature(s.evidence.Contents); err == nil {
			return unknown("sub_filter", "sub_filter", s.evidence.SubFilter)
		}
		return fail("malformed", "detail", err.Error())
	}
	cert, err := j.certificate(d.Signer)
	if err != nil {
		return fail("certificate", "detail", err.Error())
	}
	s.cms, s.signer, s.declared, s.value = d, cert, d.SigningTime, d.Value
	if s.declared.IsZero() {
		s.declared = dateOf(s.evidence.Date)
	}
	return s.formatEnding(j.e.Document.Own)
}

// formatEnding names the form, and the dialect when it is not the standard's own. In documents of our own there is none: we
// write the standard's form alone.
func (s *signing) formatEnding(own bool) ending {
	params := []string{"signer", s.signerName(), "format", s.format()}
	if d := s.dialect(); own && len(d) > 0 {
		return fail("malformed", "detail", joined(d))
	}
	if d := s.dialects(); len(d) > 0 {
		return warn("dialect", append(params, "dialect", joined(d))...)
	}
	return pass(params...)
}

func checkContentHash(j *judgement) ending {
	s := j.s
	is, name, ok := s.sum()
	if !ok {
		return unknown("hash", "hash", name)
	}
	says := is
	switch {
	case s.signature != nil:
		says = s.signature.DataHash[:]
	case s.kind == SignatureTimestamp:
		says = s.token.Digest
	case errors.Is(s.verifyCMS(is), cms.ErrDigest):
		return fail("", "is", hexOf(is), "says", "–")
	}
	if !bytes.Equal(is, says) {
		return fail("", "is", hexOf(is), "says", hexOf(says))
	}
	return pass("sm3", hexOf(is), "hash", name)
}

func checkSignatureValue(j *judgement) ending {
	s := j.s
	is, name, ok := s.sum()
	var err error
	switch {
	case s.signature != nil:
		err = s.signature.Verify()
	case s.kind == SignatureTimestamp:
		err = s.token.VerifyDigest(s.token.Digest)
	case !ok:
		return unknown("hash", "hash", name)
	default:
		err = s.verifyCMS(is)
	}
	if err != nil {
		return fail("", "signer", s.signerName(), "detail", err.Error())
	}
	return pass("signer", s.signerName(), "algorithm", s.algorithm())
}
