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

func FuzzParse(f *testing.F) {
	f.Add(accepted().Encode())
	logged := accepted()
	r := root()
	logged.State, logged.Promise, logged.Root, logged.Signature = receipt.Logged, nil, &r, []byte{1}
	logged.Proof = &receipt.LogProof{Origin: "o", Checkpoint: "o\n1\nAAAA\n\n— o AAAA\n", Path: [][]byte{{1}}}
	f.Add(logged.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := receipt.Parse(b)
		if err != nil {
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

func FuzzParseRecord(f *testing.F) {
	f.Add(receipt.Record(root(), []byte("signature")))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, s, err := receipt.ParseRecord(b); err == nil && !bytes.Equal(receipt.Record(r, s), b) {
			t.Error("what was read is written otherwise")
		}
	})
}
