package verify

import "slices"

// Check is one row of the table of checks. The table runs the judgement and prints the documentation of codes.
type Check struct {
	Code    string   // stable
	Clause  string   // where the rule stands
	Endings []Ending // every way it can end, beside Unknown "needs" and Unknown "fault"

	applies func(*judgement) bool
	needs   []string // codes of rows before it that must have passed or warned
	run     func(*judgement) ending
}

// Ending is one way in which a check can end.
type Ending struct {
	Outcome Outcome
	Why     string // "" for the only ending of that outcome
}

// Severity is the worst outcome that the check can have.
func (c Check) Severity() Outcome {
	worst := Pass
	for _, e := range c.Endings {
		if rank(e.Outcome) > rank(worst) {
			worst = e.Outcome
		}
	}
	return worst
}

func rank(o Outcome) int { return slices.Index([]Outcome{Pass, Warn, Unknown, Fail}, o) }

// Checks returns every check in the order in which they stand in a report: about the whole, then about each signature in
// turn, then about the licence.
func Checks() []Check { return slices.Concat(beforeSignatures(), signatureRows(), afterSignatures()) }

// beforeSignatures are about the whole. The receipt is among them because it proves a time for the signatures.
func beforeSignatures() []Check {
	return slices.Concat(inputChecks(), trustChecks(), documentChecks(), receiptChecks())
}

// signatureRows run once for each signature, or once for the outcome.
func signatureRows() []Check {
	return slices.Concat(outcomeChecks(), signatureChecks(), timestampChecks(), signerChecks(), sealChecks(), afterChecks())
}

func afterSignatures() []Check { return licenceChecks() }

// can lists endings: can(Pass).or(Fail, "a", "b").
type endings []Ending

func can(o Outcome, whys ...string) endings { return endings(nil).or(o, whys...) }

func (e endings) or(o Outcome, whys ...string) endings {
	if len(whys) == 0 {
		return append(e, Ending{o, ""})
	}
	for _, w := range whys {
		e = append(e, Ending{o, w})
	}
	return e
}

// What a row applies to.
func always(*judgement) bool       { return true }
func ofDocument(j *judgement) bool { return j.e.Document != nil }
func ofOutcome(j *judgement) bool  { return j.e.Outcome != nil }
func ofReceipt(j *judgement) bool  { return j.e.Receipt != nil }
func ofLicence(j *judgement) bool  { return j.kind == KindLicence }

// ofSigner is for what has a signer of its own: all but document timestamps.
func ofSigner(j *judgement) bool {
	return ofOutcome(j) || ofDocument(j) && j.s.kind != SignatureTimestamp
}

// ofSeal is for seals, and for what could not be read as anything else.
func ofSeal(j *judgement) bool {
	return ofDocument(j) && (j.s.kind == SignatureSeal || j.s.kind == "")
}

func ofPAdES(j *judgement) bool { return ofDocument(j) && j.s.kind == SignaturePAdES }
