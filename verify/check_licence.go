package verify

import (
	"errors"
	"strings"
	"time"

	"yinzheng/internal/codes"
)

// The checks of a licence's present standing; see Finding.Standing.
const (
	codePeriod = "LICENCE_PERIOD"
	codeStatus = "LICENCE_STATUS"
)

func licenceChecks() []Check {
	about := func(code, clause string, e endings, run func(*judgement) ending, needs ...string) Check {
		return Check{Code: code, Clause: clause, Endings: e, applies: ofLicence, needs: append([]string{"LICENCE_DATA"}, needs...), run: run}
	}
	return []Check{
		{
			Code: "LICENCE_DATA", Clause: "GB/T 36905-2018", Endings: can(Pass).or(Fail, "absent", ProblemSize, ProblemMalformed).or(Unknown, ProblemFault),
			applies: ofLicence, needs: []string{"PDF_FORMAT"}, run: checkData,
		},
		about("LICENCE_IDENTIFIER", "GB/T 36904-2018", can(Pass).or(Fail, "malformed", "kind", "issuer"), checkIdentifier),
		about("LICENCE_ISSUER_CODE", "GB 32100-2015", can(Pass).or(Fail), checkIssuerCode),
		about("LICENCE_ISSUER", "GB/T 38540-2020, 7", can(Pass).or(Fail), checkIssuer),
		about(codePeriod, "GB/T 36903-2018", can(Pass).or(Pass, "no_end").or(Fail, "not_yet", "expired"), checkPeriod),
		about(codeStatus, "GB/T 36903-2018",
			can(Pass).or(Warn, "later").or(Unknown, "stale").or(Fail, "suspended", "withdrawn", "cancelled", "lapsed", "moved", "revoked", "other"),
			checkStatus, "TRUST_FILE"),
	}
}

func checkData(j *judgement) ending {
	d := j.e.Document.Data
	switch {
	case d == nil:
		return fail("absent", "file", DataName)
	case d.Problem != nil && (d.Problem.Kind == ProblemSize || d.Problem.Kind == ProblemMalformed):
		return fail(d.Problem.Kind, "file", DataName, "detail", d.Problem.Detail)
	case d.Problem != nil:
		return unknown(ProblemFault)
	}
	data, err := ParseData(d.Bytes)
	if err != nil {
		return fail(ProblemMalformed, "file", DataName, "detail", err.Error())
	}
	subject := data.Subject()
	subject.Data = d.Bytes
	j.data, j.subject = data, &subject
	return pass("name", subject.Name, "number", subject.Number)
}

func checkIdentifier(j *judgement) ending {
	m := j.data.Metadata
	params := []string{"identifier", m.ZZBS}
	id, err := codes.ParseLicenceID(m.ZZBS)
	switch {
	case err != nil:
		return fail("malformed", params...)
	case id.Type != m.ZZLXDM:
		return fail("kind", params...)
	case id.Issuer != m.ZZBFJGDM:
		return fail("issuer", params...)
	}
	return pass(params...)
}

func checkIssuerCode(j *judgement) ending {
	code := j.data.Metadata.ZZBFJGDM
	if err := codes.CheckUSCC(code); err != nil {
		return fail("", "code", code)
	}
	return pass("code", code)
}

// checkIssuer binds the data to a seal: an organisation that signed is the one that the licence names as its issuer. A seal
// certificate has the office's code and name joined in O. The signer must hang on a root of the trust file: what the reader
// added for documents of others says nothing about who may issue licences. Among several it is the first.
func checkIssuer(j *judgement) ending {
	m, others := j.data.Metadata, []string{}
	for _, s := range j.signatures {
		if s.signer == nil {
			continue
		}
		if signed := organisation(s.signer); signed != m.ZZBFJGDM+m.ZZBFJG || j.policy.Anchors.holds(s.path) {
			others = append(others, signed)
			continue
		}
		j.subject.SealedAt = s.signedAt
		if s.signature != nil {
			j.subject.SealName = s.signature.Seal.Info.Name
		}
		return pass("issuer", m.ZZBFJG)
	}
	if len(others) == 0 {
		return unknown(whyNeeds, "needs", "SIG_FORMAT")
	}
	return fail("", "issuer", m.ZZBFJG, "signer", strings.Join(others, ", "))
}

func checkPeriod(j *judgement) ending {
	m := j.data.Metadata
	params := []string{"from", m.ZZYXQQSRQ, "to", m.ZZYXQJZRQ}
	from, until, err := m.period()
	switch {
	case err != nil:
		return unknown(whyFault) // ParseData has refused such dates
	case j.at.Before(from):
		return fail("not_yet", params...)
	case until.IsZero():
		return ending{Pass, "no_end", pairs(params)}
	case !j.at.Before(until):
		return fail("expired", params...)
	}
	return pass(params...)
}

// statusWhy names the statuses of standards.md 3.4.
func statusWhy(code string) (string, error) {
	names := map[string]string{"02": "suspended", "03": "withdrawn", "04": "cancelled", "05": "lapsed", "06": "moved", "07": "revoked", "99": "other"}
	why, known := names[code]
	if !known {
		return "", errors.New("no such status")
	}
	return why, nil
}

// checkStatus looks the licence up among those that the region says are not in force. The list is complete as of its time;
// the report says how old that makes the answer.
func checkStatus(j *judgement) ending {
	if j.trust.signer == nil {
		return unknown(whyNeeds, "needs", "TRUST_FILE")
	}
	age := max(0, j.at.Sub(j.trust.StatusAsOf)).Truncate(time.Second)
	params := []string{"as_of", when(j.trust.StatusAsOf), "age", age.String()}
	if s, found := j.trust.status(j.data.Metadata.ZZBS); found {
		params = append(params, "since", when(s.At))
		why, err := statusWhy(s.Status)
		if err != nil {
			return unknown(whyFault)
		}
		if s.At.After(j.at) {
			return warn("later", params...)
		}
		return fail(why, params...)
	}
	if j.policy.MaxStatusAge > 0 && age > j.policy.MaxStatusAge {
		return unknown("stale", params...)
	}
	return pass(params...)
}
