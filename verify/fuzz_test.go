package verify_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"yinzheng/verify"
)

func FuzzParseTrust(f *testing.F) {
	seed := first(f, "trust.json")
	if _, err := verify.ParseTrust(seed); err != nil {
		f.Fatalf("the seed is no trust file: %v", err)
	}
	f.Add(seed)
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		trust, err := verify.ParseTrust(b)
		if (err == nil) != (trust != nil) {
			t.Errorf("%v with %v", trust, err)
		}
		if err == nil && !bytes.Equal(b, seed) {
			t.Error("another file is a trust file too")
		}
	})
}

func FuzzParseData(f *testing.F) {
	seed := first(f, "licence.json")
	if _, err := verify.ParseData(seed); err != nil {
		f.Fatalf("the seed is no licence data: %v", err)
	}
	f.Add(seed)
	f.Add(bytes.Replace(seed, []byte("2031-03-01"), []byte(verify.NoEnd), 1))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := verify.ParseData(b)
		if err != nil {
			return
		}
		if !bytes.Equal(d.Encode(), b) {
			t.Error("what was parsed encodes to other bytes")
		}
		d.Subject()
		d.Field("ZZBS")
	})
}

func FuzzRead(f *testing.F) {
	document, receipt := first(f, "licence.pdf"), first(f, "receipt.json")
	trust, err := verify.ParseTrust(first(f, "trust.json"))
	if err != nil {
		f.Fatal(err)
	}
	judge := func(in verify.Input) verify.Verdict {
		return verify.DefaultPolicy().Judge(verify.Read(in), trust, firstDay()).Verdict
	}
	if judge(verify.Input{Document: document, Receipt: receipt}) != verify.Valid {
		f.Fatal("the seed is not valid")
	}
	f.Add(document, receipt)
	f.Add(document[:len(document)/2], receipt[:len(receipt)/2])
	f.Add([]byte("%PDF-1.7\n"), []byte("{}"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if judge(verify.Input{Document: a, Receipt: b}) == verify.Valid && (!bytes.Equal(a, document) || !bytes.Equal(b, receipt)) {
			t.Error("something else is valid too")
		}
		if judge(verify.Input{Outcome: a, Receipt: b}) == verify.Valid {
			t.Error("an outcome that nobody signed is valid")
		}
	})
}

// FuzzEvidence judges evidence that was kept somewhere and came back as something else: never a crash, whatever it states.
func FuzzEvidence(f *testing.F) {
	in := verify.Input{Document: first(f, "licence.pdf"), Receipt: first(f, "receipt.json")}
	trust, err := verify.ParseTrust(first(f, "trust.json"))
	if err != nil {
		f.Fatal(err)
	}
	e := verify.Read(in)
	seed, err := json.Marshal(e)
	if err != nil {
		f.Fatal(err)
	}
	if verify.DefaultPolicy().Judge(e, trust, firstDay()).Verdict != verify.Valid {
		f.Fatal("the seed is not valid")
	}
	f.Add(seed)
	f.Add(bytes.Replace(seed, []byte(`"version":2`), []byte(`"version":1`), 1))
	f.Add(bytes.Replace(seed, []byte(`"signatures":[`), []byte(`"signatures":[{"sub_filter":"ETSI.RFC3161"},{"sub_filter":"ETSI.CAdES.detached"},`), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		var e verify.Evidence
		if json.Unmarshal(b, &e) != nil {
			return
		}
		r := verify.DefaultPolicy().Judge(e, trust, firstDay())
		if r.Verdict == verify.Valid && e.Document == nil && e.Receipt == nil && e.Outcome == nil {
			t.Error("nothing is valid")
		}
		for _, s := range r.Signatures {
			if r.Verdict == verify.Valid && s.Verdict != verify.Valid {
				t.Errorf("valid, and %s is %s", s.Name, s.Verdict)
			}
		}
	})
}
