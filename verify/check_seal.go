package verify

func sealChecks() []Check {
	seal := func(code, clause string, e endings, run func(*judgement) ending, needs ...string) Check {
		return Check{Code: code, Clause: clause, Endings: e, applies: ofSeal, needs: append([]string{"SEAL_FORMAT"}, needs...), run: run}
	}
	return []Check{
		{
			Code: "SEAL_FORMAT", Clause: "GB/T 38540-2020, 6", Endings: can(Pass).or(Fail, "certificate", "period"),
			applies: ofSeal, needs: []string{"SIG_FORMAT"}, run: checkSealFormat,
		},
		seal("SEAL_SIGNATURE", "GB/T 38540-2020, 6", can(Pass).or(Fail), checkSealSignature),
		seal("SEAL_MAKER_CERT_CHAIN", "GB/T 38540-2020, 6",
			can(Pass).or(Unknown, "unlisted").or(Unknown, pathGaps()...).or(Fail, pathFaults()...), checkMakerChain, "TRUST_FILE"),
		seal("SEAL_MAKER_CERT_USAGE", "GB/T 20518-2018; RFC 5280, 4.2.1.3", can(Pass).or(Fail), checkMakerUsage),
		seal("SEAL_MAKER_CERT_EXPIRED", "GB/T 38540-2020, 6",
			can(Pass).or(Warn, "expired_since").or(Fail, "made", "used"), checkMakerTime),
		seal("SEAL_MAKER_CERT_REVOKED", "GB/T 38540-2020, 6; RFC 5280, 6.3",
			can(Pass).or(Pass, "listed").or(Warn, "later").or(Fail), checkMakerRevoked, "TRUST_FILE"),
		{
			Code: "SEAL_TIMESTAMP", Clause: "GM/T 0031-2025, 7",
			Endings: can(Pass).or(Warn, "absent").or(Unknown, "unlisted").or(Unknown, pathGaps()...).or(Fail, pathFaults()...).
				or(Fail, "malformed", "value", "created"),
			applies: ofSeal5, needs: []string{"SEAL_FORMAT", "TRUST_FILE"}, run: checkSealStamp,
		},
		seal("SEAL_NOT_YET_VALID", "GB/T 38540-2020, 6", can(Pass).or(Fail), checkSealStarted),
		seal("SEAL_EXPIRED", "GB/T 38540-2020, 6", can(Pass).or(Warn, "expired_since"), checkSealEnded),
		seal("SIG_TIME_OUTSIDE_SEAL", "GB/T 38540-2020, 7", can(Pass).or(Fail), checkTimeInSeal),
		seal("SIGNER_NOT_IN_SEAL", "GB/T 38540-2020, 7", can(Pass).or(Fail), checkSignerListed),
		seal("SEAL_PICTURE", "GB/T 38540-2020, 6", can(Pass).or(Pass, "invisible").or(Warn, "unknown", "size").or(Fail), checkPicture),
	}
}

// sealVersion5 is the version of a seal of GM/T 0031-2025.
const sealVersion5 = 5

func checkSealFormat(j *judgement) ending {
	s := j.s.signature.Seal
	maker, err := j.certificate(s.MakerCert)
	if err != nil {
		return fail("certificate", "detail", err.Error())
	}
	if !s.Info.NotBefore.Before(s.Info.NotAfter) {
		return fail("period", "from", when(s.Info.NotBefore), "to", when(s.Info.NotAfter))
	}
	j.s.maker = maker
	return pass("seal", s.Info.Name, "id", s.Info.ID)
}

func checkSealSignature(j *judgement) ending {
	if err := j.trust.memo.seal(j.s.signature.Seal); err != nil {
		return fail("", "maker", name(j.s.maker))
	}
	return pass("maker", name(j.s.maker))
}

func checkMakerChain(j *judgement) ending {
	maker := listed(j.trust.sealMakers, j.s.maker)
	if maker == nil {
		return unknown("unlisted", "maker", name(j.s.maker))
	}
	path, err := j.trust.path(maker, moment{j.s.signedAt, j.s.signedAt}, j.policy.Root)
	if err != nil {
		return pathEnding(err)
	}
	return pass("maker", name(j.s.maker), "issuer", name(path[1]), "root", name(path[len(path)-1]))
}

func checkMakerUsage(j *judgement) ending {
	if !mayAttest(j.s.maker) {
		return fail("", "maker", name(j.s.maker))
	}
	return pass("maker", name(j.s.maker))
}

// checkMakerTime wants the maker's certificate valid when the seal was made and when it was used; expired since is a note.
// GM/T 0031-2025 (version 5) asks for no more than validity when the seal was made.
func checkMakerTime(j *judgement) ending {
	created := j.s.signature.Seal.Info.Created
	params := []string{"maker", name(j.s.maker), "to", when(j.s.maker.NotAfter), "made", when(created), "used", when(j.s.signedAt)}
	switch {
	case !validAt(j.s.maker, created):
		return fail("made", params...)
	case !validAt(j.s.maker, j.s.signedAt) && j.s.signature.Seal.Version < sealVersion5:
		return fail("used", params...)
	case j.at.After(j.s.maker.NotAfter):
		return warn("expired_since", params...)
	}
	return pass(params...)
}

// checkMakerRevoked: the trust file lists makers by name, which is a statement of its own; a CRL can only take away.
func checkMakerRevoked(j *judgement) ending {
	r := j.trust.revocation(j.s.maker)
	params := []string{"maker", name(j.s.maker)}
	switch {
	case r.revoked && !r.at.After(j.s.signedAt):
		return fail("", append(params, "since", when(r.at))...)
	case r.revoked:
		return warn("later", append(params, "since", when(r.at))...)
	case !r.known:
		return ending{Pass, "listed", pairs(params)}
	}
	return pass(append(params, "updated", when(r.updated))...)
}

// ofSeal5 is for seals of version 5, which have a timestamp of their own.
func ofSeal5(j *judgement) bool {
	return ofSeal(j) && j.s.signature != nil && j.s.signature.Seal.Version == sealVersion5
}

// checkSealStamp: a seal of version 5 was made no later than its timestamp says, by an authority that is believed.
func checkSealStamp(j *judgement) ending {
	s := j.s.signature.Seal
	if len(s.Timestamp) == 0 {
		return warn("absent", "made", when(s.Info.Created))
	}
	token, _, err := parseToken(s.Timestamp, j.trust.timestampers)
	if err != nil {
		return fail("malformed", "detail", err.Error())
	}
	if err := token.VerifyDigest(token.Sum(s.Signature)); err != nil {
		return fail("value", "detail", err.Error())
	}
	params := []string{"authority", name(token.Signer), "made", when(s.Info.Created), "stamped", when(token.Time)}
	path, ending := j.authority(token.Signer, token.Time, params)
	switch {
	case path == nil:
		return ending
	case s.Info.Created.After(token.Time):
		return fail("created", params...)
	}
	return pass(params...)
}

func checkSealStarted(j *judgement) ending {
	from := j.s.signature.Seal.Info.NotBefore
	if j.later(from) {
		return fail("", "from", when(from))
	}
	return pass("from", when(from))
}

// checkSealEnded: what was sealed while the seal was valid stays sealed.
func checkSealEnded(j *judgement) ending {
	to := j.s.signature.Seal.Info.NotAfter
	if j.at.After(to) {
		return warn("expired_since", "to", when(to))
	}
	return pass("to", when(to))
}

func checkTimeInSeal(j *judgement) ending {
	info := j.s.signature.Seal.Info
	params := []string{"time", when(j.s.signedAt), "from", when(info.NotBefore), "to", when(info.NotAfter)}
	if j.s.signedAt.Before(info.NotBefore) || j.s.signedAt.After(info.NotAfter) {
		return fail("", params...)
	}
	return pass(params...)
}

func checkSignerListed(j *judgement) ending {
	params := []string{"signer", owner(j.s.signer), "seal", j.s.signature.Seal.Info.Name}
	if !j.s.signature.Seal.Lists(j.s.signature.SignerCert) {
		return fail("", params...)
	}
	return pass(params...)
}

// checkPicture compares what the pages show with the seal's own picture: a real signature under another office's picture
// would deceive whoever only looks. A seal across pages shows a part of it on each.
func checkPicture(j *judgement) ending {
	picture := j.s.signature.Seal.Info.Picture
	own, err := j.trust.memo.picture(picture.Data)
	shown := 0
	for _, f := range j.s.evidence.Fields {
		switch {
		case f.invisible():
		case err != nil:
			return warn("unknown") // a picture of another type (OFD, GIF, …)
		case f.Picture.IsZero() && !j.e.Document.Own:
			return warn("unknown")
		case f.Picture != own:
			return fail("", "field", f.Name, "page", count(f.Page))
		default:
			shown++
		}
	}
	if shown == 0 {
		return ending{Pass, "invisible", nil}
	}
	for _, f := range j.s.evidence.Fields {
		if !f.invisible() && f.larger(picture.Width, picture.Height) {
			return warn("size", "field", f.Name, "page", count(f.Page))
		}
	}
	return pass("places", count(shown))
}

// maxStretch is how far a seal may be shown larger than it says it is: vendors differ a little (standards.md 9, 15).
const maxStretch = 1.5

// larger reports whether a place is far larger than millimetres of the seal. A place that is not known is not.
func (f FieldEvidence) larger(width, height int) bool {
	w, h := f.Rect[2]-f.Rect[0], f.Rect[3]-f.Rect[1]
	return w > maxStretch*points(width) && width > 0 || h > maxStretch*points(height) && height > 0
}

// points are millimetres in points.
func points(mm int) float64 { return float64(mm) * 72 / 25.4 }

// invisible reports whether a field shows nothing.
func (f FieldEvidence) invisible() bool {
	return f.Empty || f.Page != 0 && (f.Rect[0] >= f.Rect[2] || f.Rect[1] >= f.Rect[3])
}
