package verify_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yinzheng/internal/gm"
	"yinzheng/internal/web/text"
	"yinzheng/verify"
	"yinzheng/verify/verifytest"
)

// scene is one judgement that tests can make wrong.
type scene struct {
	w       *verifytest.World
	sealing []func(*verifytest.Sealing)
	trust   []func(*verify.Trust)
	input   []func(*verify.Input)
	receipt []byte // nil for the logged receipt of the document
	policy  verify.Policy
	at      time.Time
}

func newScene(t *testing.T) *scene {
	t.Helper()
	w := verifytest.New(t)
	return &scene{w: w, policy: verify.DefaultPolicy(), at: w.Now}
}

func (s *scene) data(change func(*verify.Data)) {
	s.sealing = append(s.sealing, func(o *verifytest.Sealing) { o.Data = s.w.Data(change).Encode() })
}

func (s *scene) seal(change func(*verifytest.Sealing)) { s.sealing = append(s.sealing, change) }

func (s *scene) withoutReceipt() {
	s.input = append(s.input, func(in *verify.Input) { in.Receipt = nil })
}

// signedBy replaces the office by an identity that the seal lists.
func (s *scene) signedBy(i verifytest.Identity) {
	s.w.Office = i
	s.w.Seal = s.w.MakeSeal(nil)
}

func (s *scene) evidence() (verify.Evidence, []byte) {
	document := s.w.Document(s.sealing...)
	in := verify.Input{Document: document, Receipt: s.receipt}
	if in.Receipt == nil {
		in.Receipt = s.w.Receipt(verify.KindLicence, gm.Sum(document))
	}
	for _, f := range s.input {
		f(&in)
	}
	return verify.Read(in), s.w.TrustFile(s.trust...)
}

func (s *scene) judge() verify.Report {
	e, trust := s.evidence()
	return s.policy.JudgeBytes(e, trust, s.at)
}

func find(r verify.Report, code string) (verify.Finding, bool) {
	i := slices.IndexFunc(r.Findings, func(f verify.Finding) bool { return f.Code == code })
	if i < 0 {
		return verify.Finding{}, false
	}
	return r.Findings[i], true
}

func describe(r verify.Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		if f.Outcome != verify.Pass {
			b.WriteString("\n  " + f.Code + " " + string(f.Outcome) + " " + f.Params["why"] + " " + f.Params["detail"])
		}
	}
	return b.String()
}

func TestSealedLicenceIsValid(t *testing.T) {
	s := newScene(t)
	r := s.judge()
	if r.Verdict != verify.Valid {
		t.Fatalf("%s:%s", r.Verdict, describe(r))
	}
	want := &verify.Subject{
		Identifier: s.w.Data().Metadata.ZZBS, Kind: s.w.KindCode, Name: "示例许可证", Number: "EX00000001", Holder: verifytest.HolderName,
		HolderCode: s.w.Holder(), Issuer: verifytest.OfficeName, IssuerCode: s.w.OfficeCode, ValidFrom: "2026-03-02", ValidTo: "2031-03-01",
		SealedAt: s.w.Now, SealName: verifytest.OfficeName, Data: s.w.Data().Encode(),
	}
	if diff := cmp.Diff(want, r.Subject); diff != "" {
		t.Errorf("subject (-want +got):\n%s", diff)
	}
}

func TestZeroPolicyIsNeverValid(t *testing.T) {
	s := newScene(t)
	s.policy = verify.Policy{}
	if r := s.judge(); r.Verdict == verify.Valid {
		t.Error("the zero policy says valid")
	}
}

func TestNothingAtAllIsIndeterminate(t *testing.T) {
	w := verifytest.New(t)
	for name, r := range map[string]verify.Report{
		"no input":       verify.Judge(verify.Input{}, w.TrustFile(), w.Now),
		"nothing at all": verify.Judge(verify.Input{}, nil, time.Time{}),
		"zero evidence":  verify.DefaultPolicy().Judge(verify.Evidence{}, nil, w.Now),
		"trust by hand":  verify.DefaultPolicy().Judge(verify.Evidence{}, &verify.Trust{Region: "450000"}, w.Now),
	} {
		if r.Verdict != verify.Indeterminate {
			t.Errorf("%s is %s", name, r.Verdict)
		}
	}
}

func TestTrustNotMadeByParseTrustIsNotBelieved(t *testing.T) {
	s := newScene(t)
	e, _ := s.evidence()
	byHand := s.w.Trust()
	if r := s.policy.Judge(e, &byHand, s.at); r.Verdict != verify.Indeterminate {
		t.Errorf("%s:%s", r.Verdict, describe(r))
	}
}

func TestEvidenceRoundTripsThroughJSONAndJudgesTheSame(t *testing.T) {
	s := newScene(t)
	e, trust := s.evidence()
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var again verify.Evidence
	if err := json.Unmarshal(b, &again); err != nil {
		t.Fatal(err)
	}
	want, got := s.policy.JudgeBytes(e, trust, s.at), s.policy.JudgeBytes(again, trust, s.at)
	if diff := cmp.Diff(want, got); diff != "" || got.Verdict != verify.Valid {
		t.Errorf("judged otherwise (-before +after):\n%s", diff)
	}
}

func TestHostileEvidenceIsJudgedWithoutACrash(t *testing.T) {
	s := newScene(t)
	good, trust := s.evidence()
	for name, change := range map[string]func(*verify.Evidence){
		"another version":    func(e *verify.Evidence) { e.Version = 99 },
		"empty document":     func(e *verify.Evidence) { e.Document = &verify.DocumentEvidence{} },
		"no signature bytes": func(e *verify.Evidence) { e.Document.Signatures[0].Contents = nil },
		"no data":            func(e *verify.Evidence) { e.Document.Data = &verify.BytesEvidence{} },
		"unknown problem":    func(e *verify.Evidence) { e.Document.Problem = &verify.Problem{Kind: "?"} },
		"empty receipt":      func(e *verify.Evidence) { e.Receipt = &verify.BytesEvidence{} },
		"empty outcome":      func(e *verify.Evidence) { e.Document, e.Outcome = nil, &verify.BytesEvidence{} },
	} {
		b, err := json.Marshal(good)
		if err != nil {
			t.Fatal(err)
		}
		var e verify.Evidence
		if err := json.Unmarshal(b, &e); err != nil {
			t.Fatal(err)
		}
		change(&e)
		if r := s.policy.JudgeBytes(e, trust, s.at); r.Verdict == verify.Valid {
			t.Errorf("%s is valid", name)
		}
	}
}

func TestEveryFindingIsInTheTableInItsOrderAndHasItsTexts(t *testing.T) {
	s := newScene(t)
	r := s.judge()
	place := -1
	for _, f := range r.Findings {
		next := slices.IndexFunc(verify.Checks(), func(c verify.Check) bool { return c.Code == f.Code })
		if next <= place {
			t.Errorf("%s is out of order", f.Code)
		}
		place = next
		zh, en := text.Finding(f.Code, f.Outcome, f.Params)
		if strings.ContainsAny(zh+en, "{}") {
			t.Errorf("%s leaves a parameter open: %q, %q", f.Code, zh, en)
		}
	}
}

func TestReceiptAloneIsJudgedByItself(t *testing.T) {
	w := verifytest.New(t)
	d := gm.Sum([]byte("a package"))
	r := verify.Judge(verify.Input{Receipt: w.Receipt("package", d)}, w.TrustFile(), w.Now)
	if r.Verdict != verify.Valid || r.Document != d {
		t.Errorf("%s, %s:%s", r.Verdict, r.Document, describe(r))
	}
}

func TestJudgementAtAnotherTimeAsksForTheTrustFileOfThatTime(t *testing.T) {
	s := newScene(t)
	e, _ := s.evidence()
	later := s.w.Now.AddDate(1, 0, 0)
	trust := s.w.TrustFile(func(f *verify.Trust) {
		f.Issued, f.Expires, f.StatusAsOf = later.Add(-time.Hour), later.AddDate(0, 0, 7), later.Add(-time.Hour)
		f.CRLs = [][]byte{s.w.CRL(func(c *gm.CRL) { c.ThisUpdate, c.NextUpdate = later.AddDate(0, 0, -1), later.AddDate(0, 1, 0) })}
	})
	if r := s.policy.JudgeBytes(e, trust, later); r.Verdict != verify.Valid {
		t.Errorf("a year later: %s:%s", r.Verdict, describe(r))
	}
	if r := s.policy.JudgeBytes(e, trust, s.w.Now); r.Verdict != verify.Indeterminate {
		t.Errorf("now with the trust file of next year: %s:%s", r.Verdict, describe(r))
	}
}

func TestVerdictHasThreeWordsAndReadsThemBack(t *testing.T) {
	for v, word := range map[verify.Verdict]string{verify.Indeterminate: "indeterminate", verify.Valid: "valid", verify.Invalid: "invalid"} {
		var back verify.Verdict
		if v.String() != word || back.UnmarshalText([]byte(word)) != nil || back != v {
			t.Errorf("%d is %q and reads back as %d", v, v, back)
		}
	}
	var v verify.Verdict
	if v.UnmarshalText([]byte("Valid")) == nil || verify.Verdict(7).String() != "indeterminate" {
		t.Error("an unknown word or number is taken")
	}
}
