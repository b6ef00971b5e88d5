package verify

import "time"

func timestampChecks() []Check {
	return []Check{
		{
			Code: "TIMESTAMP", Clause: "GB/T 20520; RFC 3161, 2.4.2",
			Endings: can(Pass).or(Pass, BasisReceipt, BasisDocument).or(Warn, "absent").or(Unknown, "absent", "dialect").or(Fail, "malformed", "value"),
			applies: ofDocument, needs: []string{"SIG_FORMAT"}, run: checkTimestamp,
		},
		{
			Code: "TIMESTAMP_AUTHORITY", Clause: "RFC 3161, 2.3",
			Endings: can(Pass).or(Pass, "anchored").or(Warn, "expired_since", "later").or(Unknown, "unlisted", "later").
				or(Unknown, pathGaps()...).or(Fail, pathFaults()...).or(Fail, "time", "revoked"),
			applies: ofStamp, needs: []string{"TIMESTAMP", "SIG_VALUE", "TRUST_FILE"}, run: checkTimestampAuthority,
		},
		{
			Code: "TIMESTAMP_TIME", Clause: "GB/T 38540-2020, 7",
			Endings: can(Pass).or(Warn, "apart").or(Fail).or(Unknown, "future"), applies: ofStamp, needs: []string{"TIMESTAMP_AUTHORITY"}, run: checkTimestampTime,
		},
	}
}

// ofStamp leaves the rows about a timestamp out once it is known that there is none; the row TIMESTAMP says so.
func ofStamp(j *judgement) bool {
	return ofDocument(j) && (j.s.ended["SIG_FORMAT"] != Pass && j.s.ended["SIG_FORMAT"] != Warn || len(j.s.timestamp()) > 0 || j.s.kind == SignatureTimestamp)
}

// checkTimestamp looks at the signature's own timestamp. Without one its time is proved by what is known from elsewhere to
// have existed: the receipt, or a document timestamp behind it.
func checkTimestamp(j *judgement) ending {
	s := j.s
	if s.kind == SignatureTimestamp { // it is one
		return pass("time", when(s.token.Time))
	}
	if len(s.timestamp()) == 0 {
		j.fixTime()
		declared := []string{"time", when(s.signedAt)}
		switch {
		case !s.proved.IsZero():
			return ending{Pass, s.basis, pairs([]string{"time", when(s.proved)})}
		case j.policy.AcceptUnstamped:
			return warn("absent", declared...)
		}
		return unknown("absent", declared...)
	}
	token, ours, err := parseToken(s.timestamp(), j.trust.timestampers)
	if err != nil {
		return fail("malformed", "detail", err.Error())
	}
	if err := token.VerifyDigest(token.Sum(s.value)); err != nil {
		return fail("value", "detail", err.Error())
	}
	if !ours && j.e.Document.Own {
		return unknown("dialect", "dialect", joined(append([]string{"foreign"}, token.Dialect...))) // whoever stamps our documents writes the standard's form
	}
	s.token = token
	for _, d := range token.Dialect {
		s.odd = append(s.odd, "timestamp-"+d)
	}
	return pass("time", when(token.Time))
}

// checkTimestampAuthority believes an authority that the trust file lists, or that hangs on a root which the reader added. Its
// certificate is judged at the time of the token; what happened to it since matters only when nothing proves that the token
// was there before.
func checkTimestampAuthority(j *judgement) ending {
	s := j.s
	token := s.token
	params := []string{"authority", name(token.Signer), "time", when(token.Time)}
	path, ending := j.authority(token.Signer, token.Time, params)
	if path == nil {
		return ending
	}
	cert := path[0]
	if !validAt(cert, token.Time) {
		return fail("time", params...)
	}
	known := j.knownSince(s)
	if r := j.revocation(cert, path); r.revoked {
		params := append(params, "since", when(r.at))
		switch {
		case !r.at.After(token.Time):
			return fail("revoked", params...)
		case known.IsZero() || !known.Before(r.at):
			return unknown("later", params...)
		}
		s.stamped = true
		return warn("later", params...)
	}
	s.stamped = true
	if j.at.After(cert.NotAfter) && (known.IsZero() || known.After(cert.NotAfter)) {
		return warn("expired_since", append(params, "since", when(cert.NotAfter))...)
	}
	return ending
}

// knownSince is when something newer proves that this signature, and the timestamp in it, was there; zero when nothing does.
func (j *judgement) knownSince(s *signing) time.Time {
	if s.evidence == nil {
		return time.Time{}
	}
	best, _ := j.proofOf(s.evidence.Revision)
	return best.time
}

func checkTimestampTime(j *judgement) ending {
	s := j.s
	stamped := s.token.Time
	if s.kind == SignatureTimestamp {
		s.signedAt, s.proved, s.basis = stamped, stamped, BasisTimestamp
		return j.notLater(stamped, "stamped", when(stamped), "declared", when(stamped))
	}
	params := []string{"declared", when(s.declared), "stamped", when(stamped)}
	apart := !s.declared.IsZero() && stamped.Sub(s.declared).Abs() > j.policy.StampDelay
	switch {
	case apart && s.kind == SignatureSeal:
		return fail("", params...)
	case apart: // SignedData declares no time that it signs; a timestamp may be added later
		return warn("apart", params...)
	}
	return pass(params...)
}

// notLater is a pass unless a time is after the one judged at.
func (j *judgement) notLater(t time.Time, params ...string) ending {
	if j.later(t) {
		return unknown("future", params...)
	}
	return pass(params...)
}

// checkSignatureTime states the time that everything after it is judged at, and what it rests on.
func checkSignatureTime(j *judgement) ending {
	s := j.s
	if s.signer == nil {
		return j.noSigner()
	}
	if o := s.ended["TIMESTAMP_TIME"]; o != Pass && o != Warn {
		s.stamped = false
	}
	j.fixTime()
	switch {
	case s.signedAt.IsZero():
		return unknown("none")
	case j.later(s.signedAt):
		return unknown("future", "time", when(s.signedAt))
	case s.basis == BasisTimestamp:
		return ending{Pass, "stamped", pairs([]string{"time", when(s.signedAt)})}
	case s.basis == BasisDeclared:
		return ending{Pass, BasisDeclared, pairs([]string{"time", when(s.signedAt)})}
	}
	return ending{Pass, s.basis, pairs([]string{"time", when(s.signedAt), "proved", when(s.proved)})}
}

// noSigner is the ending of a row that needs the signer's certificate when it was not read.
func (j *judgement) noSigner() ending {
	if j.e.Outcome != nil {
		return unknown(whyNeeds, "needs", "OUTCOME_FORMAT")
	}
	return unknown(whyNeeds, "needs", "SIG_FORMAT")
}
