package verify

import (
	"yinzheng/internal/gm"
	"yinzheng/internal/tsp"
)

func timestampChecks() []Check {
	return []Check{
		{
			Code: "TIMESTAMP", Clause: "GB/T 20520; RFC 3161, 2.4.2",
			Endings: can(Pass).or(Warn, "absent").or(Unknown, "absent").or(Fail, "malformed", "value"),
			applies: ofDocument, needs: []string{"SIG_FORMAT"}, run: checkTimestamp,
		},
		{
			Code: "TIMESTAMP_AUTHORITY", Clause: "RFC 3161, 2.3",
			Endings: can(Pass).or(Warn, "expired_since").or(Unknown, "unlisted").or(Unknown, pathGaps()...).or(Fail, pathFaults()...).or(Fail, "time", "revoked"),
			applies: ofStamp, needs: []string{"TIMESTAMP", "TRUST_FILE"}, run: checkTimestampAuthority,
		},
		{
			Code: "TIMESTAMP_TIME", Clause: "GB/T 38540-2020, 7",
			Endings: can(Pass).or(Fail), applies: ofStamp, needs: []string{"TIMESTAMP_AUTHORITY"}, run: checkTimestampTime,
		},
	}
}

// ofStamp leaves the rows about a timestamp out once it is known that there is none; the row TIMESTAMP says so.
func ofStamp(j *judgement) bool {
	return ofDocument(j) && (j.signature == nil || len(j.signature.Timestamp) > 0)
}

func checkTimestamp(j *judgement) ending {
	if len(j.signature.Timestamp) == 0 {
		if j.policy.AcceptUnstamped {
			return warn("absent", "time", when(j.signature.Time))
		}
		return unknown("absent", "time", when(j.signature.Time))
	}
	token, err := tsp.Parse(j.signature.Timestamp)
	if err != nil || token.Signer == nil {
		return fail("malformed")
	}
	if err := token.Verify(gm.Sum(j.signature.Value)); err != nil {
		return fail("value", "detail", err.Error())
	}
	j.token = token
	return pass("time", when(token.Time))
}

func checkTimestampAuthority(j *judgement) ending {
	params := []string{"authority", name(j.token.Signer)}
	cert := listed(j.trust.timestampers, j.token.Signer)
	if cert == nil {
		return unknown("unlisted", params...)
	}
	if _, err := j.trust.path(cert, moment{j.token.Time, true}, j.policy.Root); err != nil {
		return pathEnding(err)
	}
	if !validAt(cert, j.token.Time) {
		return fail("time", params...)
	}
	if r := j.trust.revocation(cert); r.revoked && !r.at.After(j.token.Time) {
		return fail("revoked", append(params, "since", when(r.at))...)
	}
	if j.at.After(cert.NotAfter) {
		return warn("expired_since", append(params, "since", when(cert.NotAfter))...)
	}
	return pass(params...)
}

func checkTimestampTime(j *judgement) ending {
	declared, stamped := j.signature.Time, j.token.Time
	params := []string{"declared", when(declared), "stamped", when(stamped)}
	if stamped.Sub(declared).Abs() > j.policy.StampDelay {
		return fail("", params...)
	}
	j.signedAt, j.stamped = stamped, true
	return pass(params...)
}

// checkSignatureTime states the time that everything after it is judged at.
func checkSignatureTime(j *judgement) ending {
	switch {
	case j.signer == nil:
		return j.noSigner()
	case j.later(j.signedAt):
		return unknown("future", "time", when(j.signedAt))
	case j.stamped:
		return ending{Pass, "stamped", pairs([]string{"time", when(j.signedAt)})}
	}
	return ending{Pass, "declared", pairs([]string{"time", when(j.signedAt)})}
}

// noSigner is the ending of a row that needs the signer's certificate when it was not read.
func (j *judgement) noSigner() ending {
	if j.e.Outcome != nil {
		return unknown(whyNeeds, "needs", "OUTCOME_FORMAT")
	}
	return unknown(whyNeeds, "needs", "SIG_FORMAT")
}
