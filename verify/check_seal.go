package verify

import "yinzheng/internal/pdf"

func sealChecks() []Check {
	seal := func(code, clause string, e endings, run func(*judgement) ending, needs ...string) Check {
		return Check{Code: code, Clause: clause, Endings: e, applies: ofDocument, needs: append([]string{"SEAL_FORMAT"}, needs...), run: run}
	}
	return []Check{
		{
			Code: "SEAL_FORMAT", Clause: "GB/T 38540-2020, 6", Endings: can(Pass).or(Fail, "certificate", "period"),
			applies: ofDocument, needs: []string{"SIG_FORMAT"}, run: checkSealFormat,
		},
		seal("SEAL_SIGNATURE", "GB/T 38540-2020, 6", can(Pass).or(Fail), checkSealSignature),
		seal("SEAL_MAKER_CERT_CHAIN", "GB/T 38540-2020, 6",
			can(Pass).or(Unknown, "unlisted").or(Unknown, pathGaps()...).or(Fail, pathFaults()...), checkMakerChain, "TRUST_FILE"),
		seal("SEAL_MAKER_CERT_USAGE", "GB/T 20518-2018; RFC 5280, 4.2.1.3", can(Pass).or(Fail), checkMakerUsage),
		seal("SEAL_MAKER_CERT_EXPIRED", "GB/T 38540-2020, 6",
			can(Pass).or(Warn, "expired_since").or(Fail, "made", "used"), checkMakerTime),
		seal("SEAL_MAKER_CERT_REVOKED", "GB/T 38540-2020, 6; RFC 5280, 6.3",
			can(Pass).or(Pass, "listed").or(Warn, "later").or(Fail), checkMakerRevoked, "TRUST_FILE"),
		seal("SEAL_NOT_YET_VALID", "GB/T 38540-2020, 6", can(Pass).or(Fail), checkSealStarted),
		seal("SEAL_EXPIRED", "GB/T 38540-2020, 6", can(Pass).or(Warn, "expired_since"), checkSealEnded),
		seal("SIG_TIME_OUTSIDE_SEAL", "GB/T 38540-2020, 7", can(Pass).or(Fail), checkTimeInSeal),
		seal("SIGNER_NOT_IN_SEAL", "GB/T 38540-2020, 7", can(Pass).or(Fail), checkSignerListed),
		seal("SEAL_PICTURE", "GB/T 38540-2020, 6", can(Pass).or(Warn, "unknown").or(Fail), checkPicture),
	}
}

func checkSealFormat(j *judgement) ending {
	s := j.signature.Seal
	maker, err := parseCertificate(s.MakerCert)
	if err != nil {
		return fail("certificate", "detail", err.Error())
	}
	if !s.Info.NotBefore.Before(s.Info.NotAfter) {
		return fail("period", "from", when(s.Info.NotBefore), "to", when(s.Info.NotAfter))
	}
	j.maker = maker
	return pass("seal", s.Info.Name, "id", s.Info.ID)
}

func checkSealSignature(j *judgement) ending {
	if err := j.signature.Seal.Verify(); err != nil {
		return fail("", "maker", name(j.maker))
	}
	return pass("maker", name(j.maker))
}

func checkMakerChain(j *judgement) ending {
	maker := listed(j.trust.sealMakers, j.maker)
	if maker == nil {
		return unknown("unlisted", "maker", name(j.maker))
	}
	path, err := j.trust.path(maker, moment{j.signedAt, true}, j.policy.Root)
	if err != nil {
		return pathEnding(err)
	}
	return pass("maker", name(j.maker), "issuer", name(path[1]), "root", name(path[len(path)-1]))
}

func checkMakerUsage(j *judgement) ending {
	if !mayAttest(j.maker) {
		return fail("", "maker", name(j.maker))
	}
	return pass("maker", name(j.maker))
}

// checkMakerTime wants the maker's certificate valid when the seal was made and when it was used; expired since is a note.
func checkMakerTime(j *judgement) ending {
	created := j.signature.Seal.Info.Created
	params := []string{"maker", name(j.maker), "to", when(j.maker.NotAfter), "made", when(created), "used", when(j.signedAt)}
	switch {
	case !validAt(j.maker, created):
		return fail("made", params...)
	case !validAt(j.maker, j.signedAt):
		return fail("used", params...)
	case j.at.After(j.maker.NotAfter):
		return warn("expired_since", params...)
	}
	return pass(params...)
}

// checkMakerRevoked: the trust file lists makers by name, which is a statement of its own; a CRL can only take away.
func checkMakerRevoked(j *judgement) ending {
	r := j.trust.revocation(j.maker)
	params := []string{"maker", name(j.maker)}
	switch {
	case r.revoked && !r.at.After(j.signedAt):
		return fail("", append(params, "since", when(r.at))...)
	case r.revoked:
		return warn("later", append(params, "since", when(r.at))...)
	case !r.known:
		return ending{Pass, "listed", pairs(params)}
	}
	return pass(append(params, "updated", when(r.updated))...)
}

func checkSealStarted(j *judgement) ending {
	from := j.signature.Seal.Info.NotBefore
	if j.later(from) {
		return fail("", "from", when(from))
	}
	return pass("from", when(from))
}

// checkSealEnded: what was sealed while the seal was valid stays sealed.
func checkSealEnded(j *judgement) ending {
	to := j.signature.Seal.Info.NotAfter
	if j.at.After(to) {
		return warn("expired_since", "to", when(to))
	}
	return pass("to", when(to))
}

func checkTimeInSeal(j *judgement) ending {
	info := j.signature.Seal.Info
	params := []string{"time", when(j.signedAt), "from", when(info.NotBefore), "to", when(info.NotAfter)}
	if j.signedAt.Before(info.NotBefore) || j.signedAt.After(info.NotAfter) {
		return fail("", params...)
	}
	return pass(params...)
}

func checkSignerListed(j *judgement) ending {
	params := []string{"signer", owner(j.signer), "seal", j.signature.Seal.Info.Name}
	if !j.signature.Seal.Lists(j.signature.SignerCert) {
		return fail("", params...)
	}
	return pass(params...)
}

// checkPicture compares what the page shows with the seal's own picture: a real signature under another office's picture
// would deceive whoever only looks.
func checkPicture(j *judgement) ending {
	shown := j.e.Document.Signatures[0].Picture
	own, err := pdf.PictureDigest(j.signature.Seal.Info.Picture.Data)
	if err != nil || shown.IsZero() {
		return warn("unknown") // a picture of another type (OFD, GIF, …)
	}
	if own != shown {
		return fail("")
	}
	return pass()
}
