package verify

import (
	"slices"
	"strings"
)

// afterChecks are about what stands beside a signature in the file: the evidence for it, and what came after it.
func afterChecks() []Check {
	return []Check{
		{
			Code: "SIG_LEVEL", Clause: "ETSI EN 319 142-1, 6",
			Endings: can(Pass, "b_b", "b_t", "b_lt", "b_lta"), applies: ofPAdES, needs: []string{"SIG_FORMAT"}, run: checkLevel,
		},
		{
			Code: "SIG_CHANGES", Clause: "ISO 32000-2, 12.8.2; ETSI EN 319 142-1, 5.5",
			Endings: can(Pass).or(Pass, LevelEvidence, LevelSigning).or(Warn, LevelFilling).
				or(Unknown, "rewritten", LevelFilling, LevelOther).or(Fail, "unexplained", "level", "permission", "locked"),
			applies: ofDocument, needs: []string{"SIG_COVERAGE"}, run: checkChanges,
		},
		{
			Code: "SIG_OVERLAP", Clause: "ISO 32000-2, 12.7.5.5",
			Endings: can(Pass).or(Pass, "first").or(Warn, "seal").or(Unknown, "stranger"),
			applies: ofDocument, needs: []string{"SIG_FORMAT"}, run: checkOverlap,
		},
	}
}

// checkLevel states how far the signature carries by itself: B-B, with a time (B-T), with what its certificates were worth
// then (B-LT), under a document timestamp over all that (B-LTA). It says nothing for or against the signature.
func checkLevel(j *judgement) ending {
	s := j.s
	level := "b_b"
	store := j.e.Document.DSS
	switch {
	case s.basis != BasisTimestamp && s.basis != BasisDocument || s.proved.IsZero():
	case store == nil || len(store.CRLs)+len(store.OCSPs) == 0 || !j.carried().statement(s.signer, s.issuer()).known:
		level = "b_t"
	case !j.stampedAfter(store.Revision):
		level = "b_lt"
	default:
		level = "b_lta"
	}
	s.level = strings.ToUpper(strings.ReplaceAll(level, "_", "-"))
	return ending{Pass, level, nil}
}

// stampedAfter reports whether a believed document timestamp covers a revision.
func (j *judgement) stampedAfter(revision int) bool {
	return slices.ContainsFunc(j.proofs, func(p proof) bool { return p.basis == BasisDocument && revision < p.before })
}

// checkChanges holds every revision after the signature against what may come after one.
//
// Each change must be explained by a rule of package changes. In a document of our own nothing else is ever allowed, and of
// what is explained only evidence and further signatures: our licences have no forms. In a document of others a revision that
// only looks written anew by some program decides nothing; any other change that no rule explains was made to deceive. A
// certification says what is permitted: with P = 1 evidence alone, with P = 2 or 3 forms may be filled in as well. Without one,
// filled in forms after a signature decide nothing. What a signature locked must not change.
func checkChanges(j *judgement) ending {
	steps, e := j.stepsAfter(j.s), j.s.evidence
	if !e.CoversFile && len(steps) < j.e.Document.Revisions-1-e.Revision {
		return unknown(whyFault) // facts are missing
	}
	if len(steps) == 0 {
		return pass()
	}
	worst := pass()
	for _, step := range steps {
		e := j.weighStep(step)
		if rank(e.outcome) > rank(worst.outcome) || rank(e.outcome) == rank(worst.outcome) && levelRank(e.why) > levelRank(worst.why) {
			worst = e
		}
	}
	return worst
}

// stepsAfter are the revisions after a signature.
func (j *judgement) stepsAfter(s *signing) []StepEvidence {
	var after []StepEvidence
	for _, step := range j.e.Document.Steps {
		if step.Revision > s.evidence.Revision {
			after = append(after, step)
		}
	}
	return after
}

func (j *judgement) weighStep(step StepEvidence) ending {
	own, permitted := j.e.Document.Own, j.permission()
	params := []string{"revision", count(step.Revision + 1), "level", step.Level}
	if i := slices.IndexFunc(step.Changes, func(c ChangeEvidence) bool { return c.Rule == "" }); i >= 0 {
		c := step.Changes[i]
		params = append(params, "object", c.Object, "path", c.Path, "detail", c.What)
		if step.Rewritten && !own {
			return unknown("rewritten", params...)
		}
		return fail("unexplained", params...)
	}
	if locked := j.lockedBy(step); locked != "" {
		return fail("locked", append(params, "field", locked)...)
	}
	switch step.Level {
	case LevelNone, LevelEvidence:
		return ending{Pass, LevelEvidence, pairs(params)}
	case LevelSigning:
		if permitted == 1 {
			return fail("permission", append(params, "permission", count(permitted))...)
		}
		return ending{Pass, LevelSigning, pairs(params)}
	case LevelFilling:
		switch {
		case own:
			return fail("level", params...)
		case permitted == 1:
			return fail("permission", append(params, "permission", count(permitted))...)
		case permitted > 1:
			return warn(LevelFilling, params...)
		}
		return unknown(LevelFilling, params...)
	}
	if own {
		return fail("level", params...)
	}
	return unknown(LevelOther, params...)
}

// permission is what the certification in force permits after the signature in turn: its own, or that of an older one; 0
// when there is none.
func (j *judgement) permission() int {
	permitted := 0
	for _, s := range j.signatures {
		for _, p := range []int{s.evidence.Permission, s.evidence.Lock.permission()} {
			if p != 0 && (permitted == 0 || p < permitted) {
				permitted = p
			}
		}
		if s == j.s {
			break
		}
	}
	return permitted
}

// lockedBy names a field that a step changed although the signature in turn locked it, or "".
func (j *judgement) lockedBy(step StepEvidence) string {
	lock := j.s.evidence.Lock
	if lock == nil {
		return ""
	}
	for _, field := range step.Filled {
		if lock.locks(field) {
			return field
		}
	}
	return ""
}

// permission is the P of a lock (ISO 32000-2, 12.7.5.5), 0 for none.
func (l *LockEvidence) permission() int {
	if l == nil {
		return 0
	}
	return l.P
}

// locks reports whether a field is locked: by its own name, or by that of a field above it.
func (l *LockEvidence) locks(field string) bool {
	named := slices.ContainsFunc(l.Fields, func(f string) bool { return field == f || strings.HasPrefix(field, f+".") })
	switch l.Action {
	case "Include":
		return named
	case "Exclude":
		return !named
	}
	return true // All, and what is not known
}

// levelRank orders levels, the least first; what is none of them is least.
func levelRank(level string) int {
	return slices.Index([]string{LevelNone, LevelEvidence, LevelSigning, LevelFilling, LevelOther}, level)
}

// checkOverlap: a later signature is also a picture, put over what is there already. Whose signer hangs on no root that is
// believed may have painted over anything, so a document with such a one is not called valid, and how much it covers is said.
// A seal over another's edge is usual among offices that seal together, and noted.
func checkOverlap(j *judgement) ending {
	s := j.s
	if s.invisible() {
		return pass()
	}
	page, area := s.largest()
	params := []string{"page", count(page), "area", squareMillimetres(area)}
	over, covered := j.overlaps(s)
	if covered > 0 {
		params = append(params, "over", over.name, "covered", squareMillimetres(covered))
	}
	switch {
	case s == j.signatures[0]:
		return ending{Pass, "first", pairs(params)}
	case s.path == nil && !s.stampedItself():
		return unknown("stranger", params...)
	case covered > 0:
		return warn("seal", params...)
	}
	return pass(params...)
}
