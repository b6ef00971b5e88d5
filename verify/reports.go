package verify

import (
	"fmt"
	"slices"
	"time"
)

// maxNamed bounds the objects that are named in the report of one revision.
const maxNamed = 8

// reports tells about each signature of the document.
func (j *judgement) reports() []SignatureReport {
	var all []SignatureReport
	for _, s := range j.signatures {
		if s.evidence != nil {
			all = append(all, j.report(s))
		}
	}
	return all
}

func (j *judgement) report(s *signing) SignatureReport {
	e := s.evidence
	r := SignatureReport{
		Name: s.name, Kind: s.kind, Verdict: j.verdictOf(s), Format: s.format(), Dialects: s.dialects(), Algorithm: s.algorithm(), Level: s.level,
		Signer: printable(s.signerName()), Revision: e.Revision, Bytes: e.ByteRange[2] + e.ByteRange[3], CoversFile: e.CoversFile,
		Permission: e.Permission, After: j.after(s), TimeBasis: s.basis,
	}
	if s.signature != nil {
		r.Seal = printable(s.signature.Seal.Info.Name)
	}
	if len(s.path) > 1 {
		r.Authority = printable(name(s.path[1]))
	}
	r.Time, r.Proved = known(s.signedAt), known(s.proved)
	for _, f := range e.Fields {
		if f.Page == 0 || f.invisible() {
			continue
		}
		r.Places = append(r.Places, Place{Field: printable(f.Name), Page: f.Page, Rect: f.Rect, Overlap: j.overlapsOf(s, f)})
	}
	return r
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// verdictOf is the verdict on one signature by itself: of the rows about it, and of those that it stands on.
func (j *judgement) verdictOf(s *signing) Verdict {
	v := verdict(s.findings)
	for _, code := range []string{"TRUST_FILE", "TRUST_PERIOD", "TRUST_ROOT", "POLICY", "PDF_FORMAT", "PDF_STRICT"} {
		switch o := j.ended[code]; {
		case o == Fail:
			return Invalid
		case o == Unknown && v == Valid:
			v = Indeterminate
		}
	}
	return v
}

func (j *judgement) overlapsOf(s *signing, f FieldEvidence) []Overlap {
	var all []Overlap
	for _, older := range j.signatures {
		if older == s {
			break
		}
		for _, g := range older.evidence.Fields {
			if area := f.over(g); area > 0 {
				all = append(all, Overlap{Signature: older.name, Field: printable(g.Name), Area: area})
			}
		}
	}
	return all
}

// after tells what came after a signature.
func (j *judgement) after(s *signing) []Change {
	var all []Change
	for _, step := range j.stepsAfter(s) {
		c := Change{Revision: step.Revision, Level: step.Level, Explained: true, Rewritten: step.Rewritten}
		for _, o := range j.signatures {
			if o.evidence != nil && o.evidence.Revision == step.Revision {
				c.Signatures = append(c.Signatures, o.name)
			}
		}
		for _, one := range step.Changes {
			if one.Rule == "" {
				c.Explained = false
				if len(c.Unexplained) < maxNamed {
					c.Unexplained = append(c.Unexplained, printable(fmt.Sprintf("%s %s %s", one.Object, one.Path, one.What)))
				}
			} else if !slices.Contains(c.Rules, one.Rule) {
				c.Rules = append(c.Rules, one.Rule)
			}
		}
		all = append(all, c)
	}
	return all
}
