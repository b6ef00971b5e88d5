package verify

import (
	"crypto/x509"
	"encoding/asn1"
	"slices"

	"yinzheng/internal/gm"
)

func signerChecks() []Check {
	return []Check{
		{
			Code: "SIG_TIME", Clause: "GB/T 38540-2020, 7; ETSI EN 319 102-1, 5.5",
			Endings: can(Pass, "stamped", BasisDocument, BasisReceipt, BasisDeclared).or(Unknown, "future", "none"), applies: ofSigner, run: checkSignatureTime,
		},
		{
			Code: "SIGNER_CERT_CHAIN", Clause: "GB/T 38540-2020, 7; RFC 5280, 6.1",
			Endings: can(Pass).or(Unknown, pathGaps()...).or(Fail, pathFaults()...),
			applies: ofSigner, needs: []string{"TRUST_FILE", "SIG_TIME"}, run: checkSignerChain,
		},
		{
			Code: "SIGNER_CERT_USAGE", Clause: "GB/T 20518-2018; RFC 5280, 4.2.1.3; RFC 9336",
			Endings: can(Pass).or(Fail), applies: ofSigner, run: checkSignerUsage,
		},
		{
			Code: "SIG_TIME_OUTSIDE_CERT", Clause: "GB/T 38540-2020, 7",
			Endings: can(Pass).or(Warn, "expired_since").or(Fail), applies: ofSigner, run: checkSignerTime,
		},
		{
			Code: "SIGNER_CERT_REVOKED", Clause: "GB/T 38540-2020, 7; RFC 5280, 6.3; RFC 6960",
			Endings: can(Pass).or(Pass, "evidence").or(Warn, "later").or(Unknown, "later_unstamped", "no_crl", "stale").or(Fail),
			applies: ofSigner, needs: []string{"TRUST_FILE"}, run: checkSignerRevoked,
		},
	}
}

func checkSignerChain(j *judgement) ending {
	s := j.s
	if s.signer == nil {
		return j.noSigner()
	}
	path, err := j.path(s.signer, moment{s.signedAt, s.proved}, s.cms == nil || isSM2(s.signer))
	if err != nil {
		return pathEnding(err)
	}
	s.path = path
	return pass("signer", owner(s.signer), "issuer", name(path[1]), "root", name(path[len(path)-1]))
}

// mayAttest reports whether a certificate is for signing what its owner stands by.
func mayAttest(c *gm.Certificate) bool {
	const both = gm.KeyUsageDigitalSignature | gm.KeyUsageContentCommitment
	return !c.IsCA && c.KeyUsage&both == both
}

// maySign is mayAttest as it is for SignedData, where certificates of other countries have one of the two usages, or say
// nothing; an extended key usage must be one for documents or mail (RFC 9336), or any.
func maySign(c *gm.Certificate) bool {
	const either = gm.KeyUsageDigitalSignature | gm.KeyUsageContentCommitment
	if c.IsCA || c.KeyUsage != 0 && c.KeyUsage&either == 0 {
		return false
	}
	if len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 {
		return true
	}
	for _, u := range c.ExtKeyUsage {
		if u == gm.ExtKeyUsageAny || u == gm.ExtKeyUsage(x509.ExtKeyUsageEmailProtection) {
			return true
		}
	}
	for _, u := range c.UnknownExtKeyUsage {
		if slices.ContainsFunc(documentUsages(), u.Equal) {
			return true
		}
	}
	return false
}

// documentUsages are the extended key usages for signing documents: id-kp-documentSigning (RFC 9336) and those of Adobe and
// Microsoft before it.
func documentUsages() []asn1.ObjectIdentifier {
	return []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 36}, {1, 2, 840, 113583, 1, 1, 5}, {1, 3, 6, 1, 4, 1, 311, 10, 3, 12}}
}

func checkSignerUsage(j *judgement) ending {
	s := j.s
	if s.signer == nil {
		return j.noSigner()
	}
	may := mayAttest
	if s.cms != nil {
		may = maySign
	}
	if !may(s.signer) {
		return fail("", "signer", owner(s.signer))
	}
	return pass("signer", owner(s.signer))
}

func checkSignerTime(j *judgement) ending {
	s := j.s
	if s.signer == nil {
		return j.noSigner()
	}
	params := []string{"time", when(s.signedAt), "from", when(s.signer.NotBefore), "to", when(s.signer.NotAfter)}
	switch {
	case !validAt(s.signer, s.signedAt):
		return fail("", params...)
	case j.at.After(s.signer.NotAfter):
		return warn("expired_since", params...)
	}
	return pass(params...)
}

// checkSignerRevoked looks the signer up in what its CA said about it: the lists of the trust file, and what the document
// carries. Revoked before signing is a failure; afterwards it is a note, but only if the time of signing is proved: whoever
// stole the key can declare any time. An old statement will do when it was in force at a proved time of signing, or came
// later; one of just before is as good.
func checkSignerRevoked(j *judgement) ending {
	s := j.s
	if s.signer == nil {
		return j.noSigner()
	}
	r := j.revocation(s.signer, s.path)
	params := []string{"signer", owner(s.signer)}
	if !r.known {
		return unknown("no_crl", params...)
	}
	params = append(params, "updated", when(r.updated), "next", when(r.next))
	if r.revoked {
		params = append(params, "since", when(r.at))
		switch {
		case !r.at.After(s.signedAt):
			return fail("", params...)
		case s.proved.IsZero() || !r.at.After(s.proved):
			return unknown("later_unstamped", params...)
		}
		return warn("later", params...)
	}
	switch {
	case !r.next.IsZero() && !j.at.After(r.next):
		return pass(params...)
	case !s.proved.IsZero() && (!r.updated.Add(j.policy.StampDelay).Before(s.proved) || !s.proved.After(r.next)):
		return ending{Pass, "evidence", pairs(params)}
	}
	return unknown("stale", params...)
}
