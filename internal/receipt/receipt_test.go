package receipt_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/receipt"
)

func accepted() *receipt.Receipt {
	return &receipt.Receipt{
		Version: 1, State: receipt.Accepted, Entry: receipt.Entry{Kind: "licence", Digest: gm.Sum([]byte("d")), Salt: gm.Sum([]byte("s"))},
		Promise: &receipt.Promise{Region: "450000", Time: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), Signature: []byte{1}},
	}
}

func root() receipt.Root {
	return receipt.Root{Region: "450000", Sequence: 3, Count: 2, Time: time.Unix(1795334400, 0).UTC(), Previous: gm.Sum([]byte("p")), Hash: gm.Sum([]byte("h"))}
}

func TestAReceiptHasOneSpelling(t *testing.T) {
	good := accepted().Encode()
	if _, err := receipt.Parse(good); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"a space":          bytes.Replace(good, []byte(`": "`), []byte(`":  "`), 1),
		"no line feed":     bytes.TrimSuffix(good, []byte("\n")),
		"something after":  append(bytes.Clone(good), '\n'),
		"another member":   bytes.Replace(good, []byte(`"version": 1,`), []byte(`"version": 1, "x": 1,`), 1),
		"another offset":   bytes.Replace(good, []byte("08:00:00Z"), []byte("08:00:00+00:00"), 1),
		"parts of seconds": bytes.Replace(good, []byte("08:00:00Z"), []byte("08:00:00.5Z"), 1),
		"upper case hex":   bytes.Replace(good, []byte(gm.Sum([]byte("d")).String()), []byte(strings.ToUpper(gm.Sum([]byte("d")).String())), 1),
		"another version":  bytes.Replace(good, []byte(`"version": 1`), []byte(`"version": 2`), 1),
		"a wrong kind":     bytes.Replace(good, []byte(`"licence"`), []byte(`"Licence"`), 1),
		"nothing":          nil,
		"too much":         bytes.Repeat([]byte(" "), receipt.MaxSize+1),
	} {
		if _, err := receipt.Parse(bad); !errors.Is(err, receipt.ErrFormat) {
			t.Errorf("%s: %v, want ErrFormat", name, err)
		}
	}
}

func TestAStateMustNotClaimMoreThanIsThere(t *testing.T) {
	for _, state := range []receipt.State{receipt.Logged, receipt.OnChain} {
		r := accepted()
		r.State = state
		if _, err := receipt.Parse(r.Encode()); !errors.Is(err, receipt.ErrOverclaim) {
			t.Errorf("%s with a promise only: %v, want ErrOverclaim", state, err)
		}
	}
}

func TestARecordComesBackAndHasOneSpelling(t *testing.T) {
	b := receipt.Record(root(), []byte("signature"))
	r, signature, err := receipt.ParseRecord(b)
	if err != nil || r != root() || string(signature) != "signature" {
		t.Fatalf("came back as %+v %q, %v", r, signature, err)
	}
	for i := range b {
		for _, mask := range []byte{0x01, 0x20, 0x80} {
			changed := bytes.Clone(b)
			changed[i] ^= mask
			r, s, err := receipt.ParseRecord(changed)
			if err == nil && r == root() && string(s) == "signature" {
				t.Errorf("byte %d is free to change", i)
			}
		}
	}
}

func TestARootComesBackAndHasOneSpelling(t *testing.T) {
	b := root().Bytes()
	if want := "yinzheng-root/v1\n450000\n3\n2\n1795334400\n" + root().Previous.String() + "\n" + root().Hash.String() + "\n"; string(b) != want {
		t.Errorf("a root is written %q, want %q", b, want)
	}
	if r, err := receipt.ParseRoot(b); err != nil || r != root() {
		t.Fatalf("came back as %+v, %v", r, err)
	}
	for name, bad := range map[string]string{
		"nothing":           "",
		"no line feed":      strings.TrimSuffix(string(b), "\n"),
		"a line more":       string(b) + "\n",
		"a sign":            strings.Replace(string(b), "\n3\n", "\n+3\n", 1),
		"a zero":            strings.Replace(string(b), "\n3\n", "\n03\n", 1),
		"a negative":        strings.Replace(string(b), "\n3\n", "\n-3\n", 1),
		"no leaves":         strings.Replace(string(b), "\n2\n", "\n0\n", 1),
		"too many leaves":   strings.Replace(string(b), "\n2\n", "\n1048577\n", 1),
		"no number":         strings.Replace(string(b), "\n2\n", "\n99999999999999999999\n", 1),
		"another label":     strings.Replace(string(b), "v1", "v2", 1),
		"no region":         strings.Replace(string(b), "450000", "45000", 1),
		"upper case":        strings.ToUpper(string(b)),
		"a carriage return": strings.Replace(string(b), "450000\n", "450000\r\n", 1),
		"too long":          strings.Repeat("\n", 2000),
	} {
		if _, err := receipt.ParseRoot([]byte(bad)); !errors.Is(err, receipt.ErrFormat) {
			t.Errorf("%s: %v, want ErrFormat", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	made := newRegion(f, "450000")
	seeds := [][]byte{
		accepted().Encode(), made.accepted(f, 1).Encode(), made.logged(f, 3, 1, 3)[1].Encode(), made.logged(f, 1, 0, 1)[0].Encode(),
		[]byte("{}"), []byte(`{"version":1}`), nil,
	}
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := receipt.Parse(b)
		if err != nil {
			if !errors.Is(err, receipt.ErrFormat) && !errors.Is(err, receipt.ErrOverclaim) {
				t.Errorf("an error of no kind: %v", err)
			}
			return
		}
		if !bytes.Equal(r.Encode(), b) {
			t.Error("what was read is written otherwise")
		}
		if state, err := r.Verify(receipt.Keys{Region: "450000"}); err == nil {
			t.Errorf("verified as %s with no keys", state)
		}
	})
}

func FuzzParseRoot(f *testing.F) {
	seeds := [][]byte{root().Bytes(), receipt.Record(root(), []byte("signature")), receipt.Record(root(), nil), nil, []byte("\n\n\n\n\n\n\n\n")}
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := receipt.ParseRoot(b); err == nil && !bytes.Equal(r.Bytes(), b) {
			t.Error("a root that was read is written otherwise")
		}
		if r, s, err := receipt.ParseRecord(b); err == nil && !bytes.Equal(receipt.Record(r, s), b) {
			t.Error("a record that was read is written otherwise")
		}
	})
}
