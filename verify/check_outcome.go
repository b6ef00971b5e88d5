package verify

import (
	"encoding/json"
	"strings"
	"time"
)

// OutcomeLabel goes before the payload of a signed case outcome (see SignedMessage).
const OutcomeLabel = "yinzheng outcome 1"

// outcomeHead is the part of a case outcome that is judged here; verify/completion reads the whole.
type outcomeHead struct {
	Office string    `json:"office"` // USCC of the office that signs
	Case   string    `json:"case"`
	Result string    `json:"result"`
	At     time.Time `json:"at"`
}

func outcomeChecks() []Check {
	return []Check{
		{
			Code: "OUTCOME_FORMAT", Endings: can(Pass).or(Fail, ProblemSize, ProblemMalformed, "certificate"),
			applies: ofOutcome, run: checkOutcomeFormat,
		},
		{
			Code: "OUTCOME_SIGNATURE", Clause: "GB/T 32918.2", Endings: can(Pass).or(Fail),
			applies: ofOutcome, needs: []string{"OUTCOME_FORMAT"}, run: checkOutcomeSignature,
		},
		{
			Code: "OUTCOME_OFFICE", Clause: "GB 32100-2015", Endings: can(Pass).or(Fail),
			applies: ofOutcome, needs: []string{"OUTCOME_FORMAT"}, run: checkOutcomeOffice,
		},
	}
}

func checkOutcomeFormat(j *judgement) ending {
	if p := j.e.Outcome.Problem; p != nil {
		return fail(ProblemSize)
	}
	s, err := ParseSigned(j.e.Outcome.Bytes, MaxOutcome)
	if err != nil {
		return fail(ProblemMalformed, "detail", err.Error())
	}
	var head outcomeHead
	if err := json.Unmarshal(s.Payload, &head); err != nil {
		return fail(ProblemMalformed, "detail", err.Error())
	}
	if head.Office == "" || head.Case == "" || head.Result == "" || head.At.IsZero() {
		return fail(ProblemMalformed, "detail", "office, case, result or at is missing")
	}
	cert, err := parseCertificate(s.Certificate)
	if err != nil {
		return fail("certificate", "detail", err.Error())
	}
	j.s.signer, j.s.declared, j.s.outcome = cert, head.At, head
	return pass("case", head.Case, "result", head.Result)
}

func checkOutcomeSignature(j *judgement) ending {
	s, err := ParseSigned(j.e.Outcome.Bytes, MaxOutcome)
	if err != nil {
		return fail("")
	}
	if _, err := s.Verify(OutcomeLabel); err != nil {
		return fail("")
	}
	return pass("signer", owner(j.s.signer))
}

func checkOutcomeOffice(j *judgement) ending {
	signed := organisation(j.s.signer)
	if !strings.HasPrefix(signed, j.s.outcome.Office) {
		return fail("", "office", j.s.outcome.Office, "signer", signed)
	}
	return pass("office", signed)
}
