package completion

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/verify"
)

// Codes of the findings that checking a commitment adds to those of verify.
const (
	codeEvidence = "COMMITMENT_EVIDENCE" // the licence's document is at hand and authentic
	codeLicence  = "COMMITMENT_LICENCE"  // it is the licence that was named
	codeHolder   = "COMMITMENT_HOLDER"   // its holder is the applicant
	codeKind     = "COMMITMENT_KIND"     // it is of the kind that proves the item
	codeFact     = "COMMITMENT_FACT"     // a declared fact is what the licence says
)

// Endings returns every way in which the findings of this package can end: code, outcome, and Params["why"].
func Endings() map[string][]verify.Ending {
	return map[string][]verify.Ending{
		codeEvidence: {{Outcome: verify.Pass}, {Outcome: verify.Unknown, Why: "absent"}, {Outcome: verify.Unknown, Why: "doubtful"}, {Outcome: verify.Fail}},
		codeLicence:  {{Outcome: verify.Pass}, {Outcome: verify.Unknown}},
		codeHolder:   {{Outcome: verify.Pass}, {Outcome: verify.Fail}},
		codeKind:     {{Outcome: verify.Pass}, {Outcome: verify.Fail}},
		codeFact:     {{Outcome: verify.Pass}, {Outcome: verify.Unknown}, {Outcome: verify.Fail}},
	}
}

// gathered is what one check was made on.
type gathered struct {
	check Check
	input verify.Input
}

// checkAll checks every commitment of a case with one trust file at one time.
func (s *Service) checkAll(ctx context.Context, c Case, trust []byte, at time.Time) ([]gathered, error) {
	all := make([]gathered, 0, len(c.Commitments))
	for _, m := range c.Commitments {
		in, err := s.cfg.Licences.Evidence(ctx, m.Licence)
		absent := errors.Is(err, ErrNoEvidence)
		if err != nil && !absent {
			return nil, fmt.Errorf("fetching the evidence for commitment %s of case %s: %w", m.ID, c.ID, err)
		}
		if absent || in.Document == nil {
			all = append(all, gathered{check: Check{
				Commitment: m.ID, Result: Unverifiable, Licence: m.Licence, At: at,
				Findings: []verify.Finding{finding(codeEvidence, verify.Unknown, "why", "absent")},
			}})
			continue
		}
		report := s.cfg.Policy.JudgeBytes(verify.Read(in), trust, at)
		check := weigh(c.Applicant, m, report)
		check.Document = gm.Sum(in.Document)
		all = append(all, gathered{check: check, input: in})
	}
	return all, nil
}

// weigh compares a commitment with the judgement of the licence that it names. What is false must be proved as well as what is
// true: only an authentic document can show a commitment to be false.
func weigh(applicant Party, m Commitment, r verify.Report) Check {
	check := Check{Commitment: m.ID, Result: Unverifiable, Licence: m.Licence, At: r.At, Findings: slices.Clone(r.Findings)}
	add := func(f verify.Finding) verify.Outcome {
		check.Findings = append(check.Findings, f)
		return f.Outcome
	}
	if r.Kind != verify.KindLicence || r.Subject == nil || !authentic(r) {
		add(finding(codeEvidence, verify.Unknown, "why", "doubtful"))
		return check
	}
	data, err := verify.ParseData(r.Subject.Data)
	if err != nil {
		add(finding(codeEvidence, verify.Unknown, "why", "doubtful"))
		return check
	}
	if r.Subject.Identifier != m.Licence {
		add(finding(codeLicence, verify.Unknown))
		return check
	}
	add(finding(codeLicence, verify.Pass))
	inForce := add(finding(codeEvidence, passOr(r.Verdict == verify.Valid, verify.Fail)))
	holder := add(finding(codeHolder, passOr(holds(applicant, data), verify.Fail)))
	kind := add(finding(codeKind, passOr(r.Subject.Kind == m.Kind, verify.Fail)))
	var right, wrong, missing int
	for _, name := range slices.Sorted(maps.Keys(m.Facts)) {
		switch add(compare(data, name, m.Facts[name])) {
		case verify.Pass:
			right++
		case verify.Fail:
			wrong++
		case verify.Unknown, verify.Warn:
			missing++
		}
	}
	switch {
	case inForce == verify.Fail || holder == verify.Fail || kind == verify.Fail:
		check.Result = False
	case wrong > 0 && right == 0:
		check.Result = False
	case wrong > 0:
		check.Result = Partial
	case missing == 0:
		check.Result = True
	}
	return check
}

// authentic reports whether everything about the document is proved but, perhaps, that it is in force.
func authentic(r verify.Report) bool {
	for _, f := range r.Findings {
		if f.Outcome == verify.Pass || f.Outcome == verify.Warn {
			continue
		}
		if f.Outcome == verify.Fail && f.Standing() {
			continue
		}
		return false
	}
	return len(r.Findings) > 0
}

func holds(p Party, d verify.Data) bool {
	return p.Code != "" && p.Code == d.Metadata.CZZTDM && p.CodeType == d.Metadata.CZZTDMLXDM
}

// compare is exact, character for character. The finding names the field and never holds a value.
func compare(d verify.Data, name, declared string) verify.Finding {
	says, known := d.Field(name)
	if !known {
		return finding(codeFact, verify.Unknown, "field", name)
	}
	return finding(codeFact, passOr(says == declared, verify.Fail), "field", name)
}

func passOr(ok bool, other verify.Outcome) verify.Outcome {
	if ok {
		return verify.Pass
	}
	return other
}

func finding(code string, outcome verify.Outcome, params ...string) verify.Finding {
	f := verify.Finding{Code: code, Outcome: outcome}
	if len(params) == 2 {
		f.Params = map[string]string{params[0]: params[1]}
	}
	return f
}
