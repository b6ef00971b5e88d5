package completion_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"

	"yinzheng/internal/auth"
	"yinzheng/internal/gm"
	"yinzheng/verify"
	"yinzheng/verify/completion"
)

// keep puts a licence of the world into the register and returns its identifier.
func (h *house) keepLicence(change ...func(*verify.Data)) string {
	h.t.Helper()
	d := h.w.Data(change...)
	document := h.w.Document(withData(d))
	h.inputs[d.Metadata.ZZBS] = verify.Input{Document: document, Receipt: h.w.Receipt(verify.KindLicence, gm.Sum(document))}
	return d.Metadata.ZZBS
}

func (h *house) open(s *completion.Service) completion.Case {
	h.t.Helper()
	c, err := s.Open(context.Background(), h.clerk(), completion.OpenRequest{
		Number: "4501002026030001", Matter: "450100-01", Title: "示例事项",
		Applicant: completion.Party{Name: "示例食品有限公司", Code: h.w.Holder(), CodeType: "001"},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

func (h *house) commitment(identifier string) completion.Commitment {
	return completion.Commitment{
		Item: "示例许可证", Kind: h.w.KindCode, Statement: "本单位持有有效的示例许可证", Licence: identifier,
		Facts: map[string]string{"address": "示例路 1 号", "business": "热食类食品制售"},
	}
}

// complete runs a case with one commitment to its end.
func (h *house) complete(m completion.Commitment) completion.Case {
	h.t.Helper()
	s := h.service()
	c := h.open(s)
	if _, err := s.Commit(context.Background(), h.clerk(), c.ID, m); err != nil {
		h.t.Fatal(err)
	}
	c, err := s.Complete(context.Background(), h.clerk(), c.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

func TestCommitmentThatTheLicenceBearsOutIsTrue(t *testing.T) {
	h := newHouse(t)
	c := h.complete(h.commitment(h.keepLicence()))
	if c.State != completion.Completed || c.Outcome.Result != completion.True || c.Package == "" {
		t.Errorf("%s, %s, package %q: %+v", c.State, c.Outcome.Result, c.Package, c.Outcome.Checks)
	}
}

func TestResultsOfOneCommitment(t *testing.T) {
	for name, test := range map[string]struct {
		licence func(*verify.Data)
		promise func(*house, *completion.Commitment)
		want    completion.Result
	}{
		"no licence of that name": {nil, func(_ *house, m *completion.Commitment) { m.Licence += "X" }, completion.Unverifiable},
		"another holder":          {func(d *verify.Data) { d.Metadata.CZZTDM = d.Metadata.ZZBFJGDM }, nil, completion.False},
		"another kind":            {nil, func(_ *house, m *completion.Commitment) { m.Kind += "X" }, completion.False},
		"expired":                 {func(d *verify.Data) { d.Metadata.ZZYXQQSRQ, d.Metadata.ZZYXQJZRQ = "2020-01-01", "2025-12-31" }, nil, completion.False},
		"one fact of two wrong":   {nil, func(_ *house, m *completion.Commitment) { m.Facts["address"] = "示例路 2 号" }, completion.Partial},
		"every fact wrong": {nil, func(_ *house, m *completion.Commitment) {
			m.Facts = map[string]string{"address": "示例路 2 号"}
		}, completion.False},
		"a fact that the licence does not state": {nil, func(_ *house, m *completion.Commitment) { m.Facts["seats"] = "12" }, completion.Unverifiable},
		"no facts at all":                        {nil, func(_ *house, m *completion.Commitment) { m.Facts = nil }, completion.True},
		"a changed document": {nil, func(h *house, m *completion.Commitment) {
			in := h.inputs[m.Licence]
			in.Document[len(in.Document)/2] ^= 1
		}, completion.Unverifiable},
		"another licence under the name": {nil, func(h *house, m *completion.Commitment) {
			h.inputs["other"] = h.inputs[m.Licence]
			m.Licence = "other"
		}, completion.Unverifiable},
		"a receipt of another file": {nil, func(h *house, m *completion.Commitment) {
			in := h.inputs[m.Licence]
			in.Receipt = h.w.Receipt(verify.KindLicence, gm.Sum([]byte("other")))
			h.inputs[m.Licence] = in
		}, completion.Unverifiable},
		"no trust file": {nil, func(h *house, _ *completion.Commitment) { h.trust = nil }, completion.Unverifiable},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			var change []func(*verify.Data)
			if test.licence != nil {
				change = append(change, test.licence)
			}
			m := h.commitment(h.keepLicence(change...))
			if test.promise != nil {
				test.promise(h, &m)
			}
			if c := h.complete(m); c.Outcome.Result != test.want {
				t.Errorf("got %s, want %s: %+v", c.Outcome.Result, test.want, c.Outcome.Checks)
			}
		})
	}
}

func TestRevokedLicenceMakesACommitmentFalse(t *testing.T) {
	h := newHouse(t)
	id := h.keepLicence()
	h.w.Statuses = []verify.Status{{Identifier: gm.Sum([]byte(id)), Status: "07", At: h.w.Now.AddDate(0, 0, -1)}}
	h.trust = h.w.TrustFile()
	if c := h.complete(h.commitment(id)); c.Outcome.Result != completion.False {
		t.Errorf("got %s: %+v", c.Outcome.Result, c.Outcome.Checks)
	}
}

func TestOutcomeIsTheWorstOfTheChecks(t *testing.T) {
	h := newHouse(t)
	s := h.service()
	c := h.open(s)
	good := h.commitment(h.keepLicence())
	absent := h.commitment("nothing")
	absent.Item = "another"
	for _, m := range []completion.Commitment{good, absent} {
		if _, err := s.Commit(t.Context(), h.clerk(), c.ID, m); err != nil {
			t.Fatal(err)
		}
	}
	c, err := s.Complete(t.Context(), h.clerk(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if c.Outcome.Result != completion.Unverifiable || c.Outcome.Checks[0].Result != completion.True {
		t.Errorf("got %s of %+v", c.Outcome.Result, c.Outcome.Checks)
	}
}

func TestCaseWithoutCommitmentIsNotCompleted(t *testing.T) {
	h := newHouse(t)
	s := h.service()
	c := h.open(s)
	if _, err := s.Complete(t.Context(), h.clerk(), c.ID); !errors.Is(err, completion.ErrNoCommitment) {
		t.Errorf("got %v, want ErrNoCommitment", err)
	}
}

func TestFindingsOfFactsHoldNoValues(t *testing.T) {
	h := newHouse(t)
	m := h.commitment(h.keepLicence())
	m.Facts["address"] = "a secret address"
	c := h.complete(m)
	for _, f := range c.Outcome.Checks[0].Findings {
		for v := range maps.Values(f.Params) {
			if strings.HasPrefix(f.Code, "COMMITMENT_") && (strings.Contains(v, "secret") || strings.Contains(v, "示例路")) {
				t.Errorf("%s holds the value %q", f.Code, v)
			}
		}
	}
}

func TestOutcomeFileVerifiesOfflineAndHasNoFreeByte(t *testing.T) {
	h := newHouse(t)
	c := h.complete(h.commitment(h.keepLicence()))
	signed := c.Outcome.Signed
	statement, err := completion.ParseOutcome(signed)
	if err != nil || statement.Result != completion.True || statement.Office != h.w.OfficeCode || statement.Number != c.Number {
		t.Fatalf("%v: %+v", err, statement)
	}
	in := verify.Input{Outcome: signed, Receipt: h.receipts[gm.Sum(signed)].Encode()}
	if r := verify.Judge(in, h.trust, h.w.Now); r.Verdict != verify.Valid {
		t.Fatalf("%s: %+v", r.Verdict, r.Findings)
	}
	step := 1
	if testing.Short() {
		step = 11
	}
	trust, err := verify.ParseTrust(h.trust)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(signed); i += step {
		changed := append([]byte(nil), signed...)
		changed[i] ^= 1
		if _, err := completion.ParseOutcome(changed); err == nil {
			r := verify.DefaultPolicy().Judge(verify.Read(verify.Input{Outcome: changed}), trust, h.w.Now)
			if r.Verdict == verify.Valid {
				t.Errorf("byte %d changed was not noticed", i)
			}
		}
	}
}

func TestOutcomeSignedByAnotherOfficeIsInvalid(t *testing.T) {
	h := newHouse(t)
	c := h.complete(h.commitment(h.keepLicence()))
	statement, err := completion.ParseOutcome(c.Outcome.Signed)
	if err != nil {
		t.Fatal(err)
	}
	statement.Office = h.w.Holder()
	message, err := statement.Message()
	if err != nil {
		t.Fatal(err)
	}
	signature, err := gm.Sign(h.w.Office.Key, message)
	if err != nil {
		t.Fatal(err)
	}
	b, err := completion.EncodeOutcome(statement, signature, h.w.Office.DER())
	if err != nil {
		t.Fatal(err)
	}
	if r := verify.Judge(verify.Input{Outcome: b}, h.trust, h.w.Now); r.Verdict != verify.Invalid {
		t.Errorf("%s: %+v", r.Verdict, r.Findings)
	}
}

func TestOnlyTheOfficeOfTheCaseMayTouchIt(t *testing.T) {
	h := newHouse(t)
	s := h.service()
	c := h.open(s)
	stranger := h.clerk()
	stranger.Office = h.w.Holder()
	nobody := auth.Caller{ID: "nobody", Office: h.w.OfficeCode}
	m := h.commitment("x")
	for name, try := range map[string]func(auth.Caller) error{
		"read":   func(by auth.Caller) error { _, err := s.Case(t.Context(), by, c.ID); return err },
		"commit": func(by auth.Caller) error { _, err := s.Commit(t.Context(), by, c.ID, m); return err },
		"evidence": func(by auth.Caller) error {
			_, err := s.AddEvidence(t.Context(), by, c.ID, "a", "b/c", strings.NewReader("x"))
			return err
		},
		"complete": func(by auth.Caller) error { _, err := s.Complete(t.Context(), by, c.ID); return err },
	} {
		if err := try(stranger); !errors.Is(err, completion.ErrNoCase) {
			t.Errorf("%s by another office: %v, want ErrNoCase", name, err)
		}
		if err := try(nobody); !errors.Is(err, auth.ErrDenied) {
			t.Errorf("%s without the right: %v, want ErrDenied", name, err)
		}
	}
	if len(h.lines) != 1 {
		t.Errorf("%d audit lines, want the opening alone: a refusal changes nothing", len(h.lines))
	}
}
