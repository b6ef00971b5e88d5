package verify

import (
	"errors"
	"time"

	"yinzheng/internal/gm"
)

func inputChecks() []Check {
	return []Check{
		{Code: "POLICY", Endings: can(Pass).or(Unknown, "none"), applies: always, run: checkPolicy},
		{Code: "INPUT", Endings: can(Pass).or(Unknown, "nothing", "both", "version"), applies: always, run: checkInput},
	}
}

func checkPolicy(j *judgement) ending {
	if j.policy.Name == "" {
		return unknown("none")
	}
	return pass("policy", j.policy.Name)
}

func checkInput(j *judgement) ending {
	switch {
	case j.e.Document == nil && j.e.Receipt == nil && j.e.Outcome == nil:
		return unknown("nothing")
	case j.e.Document != nil && j.e.Outcome != nil:
		return unknown("both")
	case j.e.Version != EvidenceVersion && j.e.Version != firstEvidenceVersion:
		return unknown("version", "version", count(j.e.Version))
	}
	return pass("sm3", j.e.Digest().String())
}

func trustChecks() []Check {
	return []Check{
		{
			Code: "TRUST_FILE", Clause: "ETSI TS 119 612, 5.7",
			Endings: can(Pass).or(Warn, "anchors").or(Unknown, "absent", "format", "signature", "signer"), applies: always, run: checkTrustFile,
		},
		{
			Code: "TRUST_PERIOD", Clause: "ETSI TS 119 612, 5.3.15",
			Endings: can(Pass).or(Unknown, "not_yet", "expired"), applies: byTrustFile, needs: []string{"TRUST_FILE"}, run: checkTrustPeriod,
		},
		{
			Code: "TRUST_ROOT", Clause: "RFC 5280, 6.1.1 (d)",
			Endings: can(Pass).or(Warn, "unpinned").or(Unknown, "mismatch"), applies: byTrustFile, needs: []string{"TRUST_FILE"}, run: checkTrustRoot,
		},
	}
}

// byTrustFile leaves rows about the trust file out where the reader has none, and has roots of his own instead.
func byTrustFile(j *judgement) bool { return j.ended["TRUST_FILE"] != Warn }

func checkTrustFile(j *judgement) ending {
	switch {
	case errors.Is(j.trustErr, ErrTrustSignature):
		return unknown("signature")
	case errors.Is(j.trustErr, ErrTrustSigner):
		return unknown("signer", "detail", j.trustErr.Error())
	case j.trustErr != nil:
		return unknown("format", "detail", j.trustErr.Error())
	case j.trust.signer == nil && j.policy.Anchors != nil && j.kind == KindDocument:
		return warn("anchors", "count", count(len(j.policy.Anchors.list())))
	case j.trust.signer == nil:
		return unknown("absent")
	}
	return pass("region", j.trust.Region, "name", j.trust.Name, "sequence", count(int(j.trust.Sequence)),
		"signer", name(j.trust.signer), "sm3", j.trust.digest.String())
}

func checkTrustPeriod(j *judgement) ending {
	params := []string{"issued", when(j.trust.Issued), "expires", when(j.trust.Expires)}
	switch {
	case j.at.Add(j.policy.Skew).Before(j.trust.Issued):
		return unknown("not_yet", params...)
	case j.at.After(j.trust.Expires):
		return unknown("expired", params...)
	}
	return pass(params...)
}

// checkTrustRoot says which root the trust file hangs on. A file that anybody could have made hangs on a root of its own,
// so the reader must have learned the right root some other way.
func checkTrustRoot(j *judgement) ending {
	path, err := j.trust.path(j.trust.signer, moment{j.trust.Issued, j.trust.Issued}, j.policy.Root)
	if err != nil {
		return unknown("mismatch", "root", j.policy.Root.String())
	}
	if by := j.trust.by; by != nil { // else an old or a false one could leave revocations out
		if _, err := by.path(by.signer, moment{by.Issued, by.Issued}, j.policy.Root); err != nil {
			return unknown("mismatch", "root", j.policy.Root.String())
		}
	}
	root := path[len(path)-1]
	params := []string{"root", gm.Sum(root.Raw).String(), "name", name(root)}
	if j.policy.Root.IsZero() {
		return warn("unpinned", params...)
	}
	return pass(params...)
}

// later reports whether t is after the time judged at by more than clocks may differ.
func (j *judgement) later(t time.Time) bool { return t.After(j.at.Add(j.policy.Skew)) }
