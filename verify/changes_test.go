package verify_test

import (
	"testing"

	"yinzheng/verify"
	"yinzheng/verify/verifytest"
)

// facts is the evidence of a sealed document of one signature, after a change of the facts alone.
func facts(t *testing.T, w *verifytest.World, own bool, change func(*verify.DocumentEvidence)) verify.Evidence {
	t.Helper()
	e := verify.Read(verify.Input{Document: w.Document(func(s *verifytest.Sealing) {
		if !own {
			s.Data = []byte{}
		}
	})})
	e.Document.Own = own
	for i := range e.Document.Signatures {
		e.Document.Signatures[i].Permission = 0
	}
	change(e.Document)
	return e
}

// after adds a revision behind the signature.
func after(level string, changes ...verify.ChangeEvidence) func(*verify.DocumentEvidence) {
	return func(d *verify.DocumentEvidence) {
		s := &d.Signatures[0]
		s.CoversFile, s.CoversRevision = false, true
		d.Revisions++
		step := verify.StepEvidence{Revision: s.Revision + 1, Level: level, Changes: changes}
		if level == verify.LevelFilling {
			step.Filled = []string{changes[0].Field}
		}
		d.Steps = append(d.Steps, step)
	}
}

func explained(level, field string) verify.ChangeEvidence {
	return verify.ChangeEvidence{Object: "9 0", Rule: "example", Level: level, Field: field}
}

func unexplained() verify.ChangeEvidence {
	return verify.ChangeEvidence{Object: "4 0", Path: "/Root/Pages", Level: verify.LevelOther, What: "written again"}
}

func TestWhatCameAfterASignatureIsHeldAgainstItsPermission(t *testing.T) {
	w := verifytest.New(t)
	trust := w.TrustFile()
	permit := func(p int, f func(*verify.DocumentEvidence)) func(*verify.DocumentEvidence) {
		return func(d *verify.DocumentEvidence) { d.Signatures[0].Permission = p; f(d) }
	}
	lock := func(l verify.LockEvidence, f func(*verify.DocumentEvidence)) func(*verify.DocumentEvidence) {
		return func(d *verify.DocumentEvidence) { d.Signatures[0].Lock = &l; f(d) }
	}
	filling := after(verify.LevelFilling, explained(verify.LevelFilling, "form.holder"))
	signing := after(verify.LevelSigning, explained(verify.LevelSigning, "Second"))
	evidence := after(verify.LevelEvidence, explained(verify.LevelEvidence, ""))
	rewritten := func(d *verify.DocumentEvidence) {
		after(verify.LevelOther, unexplained())(d)
		d.Steps[len(d.Steps)-1].Rewritten = true
	}
	for name, c := range map[string]struct {
		own     bool
		change  func(*verify.DocumentEvidence)
		outcome verify.Outcome
		why     string
		verdict verify.Verdict
	}{
		"nothing":                                {true, func(*verify.DocumentEvidence) {}, verify.Pass, "", verify.Valid},
		"evidence":                               {true, evidence, verify.Pass, "evidence", verify.Valid},
		"evidence under P=1":                     {true, permit(1, evidence), verify.Pass, "evidence", verify.Valid},
		"a signature":                            {true, signing, verify.Pass, "signing", verify.Valid},
		"a signature under P=1":                  {true, permit(1, signing), verify.Fail, "permission", verify.Invalid},
		"forms, in our own document":             {true, permit(2, filling), verify.Fail, "level", verify.Invalid},
		"anything unexplained":                   {true, after(verify.LevelEvidence, explained(verify.LevelEvidence, ""), unexplained()), verify.Fail, "unexplained", verify.Invalid},
		"our own document written anew":          {true, rewritten, verify.Fail, "unexplained", verify.Invalid},
		"a level not known":                      {true, after("sideways", explained("sideways", "")), verify.Fail, "level", verify.Invalid},
		"forms":                                  {false, filling, verify.Unknown, "filling", verify.Indeterminate},
		"forms under P=2":                        {false, permit(2, filling), verify.Warn, "filling", verify.Valid},
		"forms under P=1":                        {false, permit(1, filling), verify.Fail, "permission", verify.Invalid},
		"a document of others written anew":      {false, rewritten, verify.Unknown, "rewritten", verify.Indeterminate},
		"unexplained in a document of others":    {false, after(verify.LevelOther, unexplained()), verify.Fail, "unexplained", verify.Invalid},
		"a locked field":                         {false, permit(2, lock(verify.LockEvidence{Action: "Include", Fields: []string{"form"}}, filling)), verify.Fail, "locked", verify.Invalid},
		"a field that is not locked":             {false, permit(2, lock(verify.LockEvidence{Action: "Include", Fields: []string{"for"}}, filling)), verify.Warn, "filling", verify.Valid},
		"all but one field locked":               {false, permit(2, lock(verify.LockEvidence{Action: "Exclude", Fields: []string{"form.holder"}}, filling)), verify.Warn, "filling", verify.Valid},
		"a lock that permits nothing but itself": {false, lock(verify.LockEvidence{Action: "Include", P: 1}, signing), verify.Fail, "permission", verify.Invalid},
	} {
		r := verify.DefaultPolicy().JudgeBytes(facts(t, w, c.own, c.change), trust, w.Now)
		if f, _ := find(r, "SIG_CHANGES"); f.Outcome != c.outcome || f.Params["why"] != c.why || r.Verdict != c.verdict {
			t.Errorf("%s: %s %q, %s; want %s %q, %s:%s", name, f.Outcome, f.Params["why"], r.Verdict, c.outcome, c.why, c.verdict, describe(r))
		}
		if got := r.Signatures[0].Verdict; got != c.verdict {
			t.Errorf("%s: the signature is %s, want %s", name, got, c.verdict)
		}
	}
}

func TestWhatReadersCouldReadDifferentlyIsInvalidInOurOwnDocument(t *testing.T) {
	w := verifytest.New(t)
	odd := func(d *verify.DocumentEvidence) {
		d.Oddities = []verify.OddityEvidence{{Code: "duplicate_key", Offset: 99, Object: "4 0", What: "a key twice"}}
	}
	for own, want := range map[bool]verify.Verdict{true: verify.Invalid, false: verify.Indeterminate} {
		r := verify.DefaultPolicy().JudgeBytes(facts(t, w, own, odd), w.TrustFile(), w.Now)
		if f, _ := find(r, "PDF_STRICT"); f.Params["oddity"] != "duplicate_key" || r.Verdict != want {
			t.Errorf("own %v: %s, want %s:%s", own, r.Verdict, want, describe(r))
		}
	}
}

func TestWhatLooksLikeASignatureAndIsNoneIsInvalid(t *testing.T) {
	w := verifytest.New(t)
	for name, change := range map[string]func(*verify.DocumentEvidence){
		"a field without a signature":   func(d *verify.DocumentEvidence) { d.Problems = []verify.FieldProblem{{Code: "field"}} },
		"a signature with a broken gap": func(d *verify.DocumentEvidence) { d.Signatures[0].Problems = []verify.FieldProblem{{Code: "gap"}} },
		"a second certification": func(d *verify.DocumentEvidence) {
			d.Signatures = append(d.Signatures, d.Signatures[0])
			d.Signatures[1].Permission = 2
		},
		"a signature that covers no whole revision": func(d *verify.DocumentEvidence) {
			d.Signatures[0].CoversFile, d.Signatures[0].CoversRevision = false, false
		},
	} {
		for _, own := range []bool{true, false} {
			r := verify.DefaultPolicy().JudgeBytes(facts(t, w, own, change), w.TrustFile(), w.Now)
			if r.Verdict != verify.Invalid {
				t.Errorf("%s, own %v: %s:%s", name, own, r.Verdict, describe(r))
			}
		}
	}
}

func TestEvidenceOfTheFirstVersionIsStillJudged(t *testing.T) {
	in := verify.Input{Document: first(t, "licence.pdf"), Receipt: first(t, "receipt.json")}
	e := verify.Read(in)
	now := e.Document.Signatures[0]
	e.Version = 1
	e.Document = &verify.DocumentEvidence{
		Digest: e.Document.Digest, Size: e.Document.Size, Revisions: e.Document.Revisions, Data: e.Document.Data,
		Signatures: []verify.SignatureEvidence{{
			Field: now.Field, Filter: now.Filter, SubFilter: now.SubFilter, ByteRange: now.ByteRange, CoversFile: true, Digest: now.Digest,
			Contents: now.Contents, Picture: now.Picture,
		}},
	}
	r := verify.DefaultPolicy().JudgeBytes(e, first(t, "trust.json"), firstDay())
	if r.Verdict != verify.Valid || r.Kind != verify.KindLicence {
		t.Errorf("%s %s:%s", r.Verdict, r.Kind, describe(r))
	}
	e.Document.Signatures[0].CoversFile = false
	if r := verify.DefaultPolicy().JudgeBytes(e, first(t, "trust.json"), firstDay()); r.Verdict != verify.Invalid {
		t.Errorf("with something after the seal: %s:%s", r.Verdict, describe(r))
	}
	e.Document.Signatures = append(e.Document.Signatures, e.Document.Signatures[0])
	if r := verify.DefaultPolicy().JudgeBytes(e, first(t, "trust.json"), firstDay()); r.Verdict == verify.Valid {
		t.Errorf("with two signatures: %s:%s", r.Verdict, describe(r))
	}
}
