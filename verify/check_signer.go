package verify

import "yinzheng/internal/gm"

func signerChecks() []Check {
	return []Check{
		{
			Code: "SIG_TIME", Clause: "GB/T 38540-2020, 7",
			Endings: can(Pass, "stamped", "declared").or(Unknown, "future"), applies: ofSigned, run: checkSignatureTime,
		},
		{
			Code: "SIGNER_CERT_CHAIN", Clause: "GB/T 38540-2020, 7; RFC 5280, 6.1",
			Endings: can(Pass).or(Unknown, pathGaps()...).or(Unknown, whyIssuerLater).or(Fail, pathFaults()...),
			applies: ofSigned, needs: []string{"TRUST_FILE"}, run: checkSignerChain,
		},
		{
			Code: "SIGNER_CERT_USAGE", Clause: "GB/T 20518-2018; RFC 5280, 4.2.1.3",
			Endings: can(Pass).or(Fail), applies: ofSigned, run: checkSignerUsage,
		},
		{
			Code: "SIG_TIME_OUTSIDE_CERT", Clause: "GB/T 38540-2020, 7",
			Endings: can(Pass).or(Warn, "expired_since").or(Fail), applies: ofSigned, run: checkSignerTime,
		},
		{
			Code: "SIGNER_CERT_REVOKED", Clause: "GB/T 38540-2020, 7; RFC 5280, 6.3",
			Endings: can(Pass).or(Warn, "later").or(Unknown, "later_unstamped", "no_crl", "stale").or(Fail),
			applies: ofSigned, needs: []string{"TRUST_FILE"}, run: checkSignerRevoked,
		},
	}
}

func checkSignerChain(j *judgement) ending {
	if j.signer == nil {
		return j.noSigner()
	}
	path, err := j.trust.path(j.signer, moment{j.signedAt, j.stamped}, j.policy.Root)
	if err != nil {
		return pathEnding(err)
	}
	return pass("signer", owner(j.signer), "issuer", name(path[1]), "root", name(path[len(path)-1]))
}

// mayAttest reports whether a certificate is for signing what its owner stands by.
func mayAttest(c *gm.Certificate) bool {
	const both = gm.KeyUsageDigitalSignature | gm.KeyUsageContentCommitment
	return !c.IsCA && c.KeyUsage&both == both
}

func checkSignerUsage(j *judgement) ending {
	if j.signer == nil {
		return j.noSigner()
	}
	if !mayAttest(j.signer) {
		return fail("", "signer", owner(j.signer))
	}
	return pass("signer", owner(j.signer))
}

func checkSignerTime(j *judgement) ending {
	if j.signer == nil {
		return j.noSigner()
	}
	params := []string{"time", when(j.signedAt), "from", when(j.signer.NotBefore), "to", when(j.signer.NotAfter)}
	switch {
	case !validAt(j.signer, j.signedAt):
		return fail("", params...)
	case j.at.After(j.signer.NotAfter):
		return warn("expired_since", params...)
	}
	return pass(params...)
}

// checkSignerRevoked looks the signer up in its CA's list. Revoked before signing is a failure; afterwards it is a note, but
// only if the time of signing is proved: whoever stole the key can declare any time.
func checkSignerRevoked(j *judgement) ending {
	if j.signer == nil {
		return j.noSigner()
	}
	r := j.trust.revocation(j.signer)
	params := []string{"signer", owner(j.signer)}
	if !r.known {
		return unknown("no_crl", params...)
	}
	params = append(params, "updated", when(r.updated), "next", when(r.next))
	if r.revoked {
		params = append(params, "since", when(r.at))
		switch {
		case !r.at.After(j.signedAt):
			return fail("", params...)
		case !j.stamped:
			return unknown("later_unstamped", params...)
		}
		return warn("later", params...)
	}
	if r.next.IsZero() || j.at.After(r.next) {
		return unknown("stale", params...)
	}
	return pass(params...)
}
