package receipt_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/internal/receipt"
)

// read sends a receipt through its bytes, as a stranger gets it.
func read(t testing.TB, r *receipt.Receipt) *receipt.Receipt {
	t.Helper()
	back, err := receipt.Parse(r.Encode())
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func TestAReceiptProvesItsStateAndNoMore(t *testing.T) {
	r := newRegion(t, "450000")
	if state, err := read(t, r.accepted(t, 0)).Verify(r.keys); err != nil || state != receipt.Accepted {
		t.Errorf("a promise proves %q, %v", state, err)
	}
	for _, size := range []struct{ entries, index, records int }{{1, 0, 1}, {2, 0, 2}, {5, 6, 7}, {8, 299, 300}} {
		for i, one := range r.logged(t, size.entries, size.index, size.records) {
			if state, err := read(t, one).Verify(r.keys); err != nil || state != receipt.Logged {
				t.Errorf("%+v, entry %d: proves %q, %v", size, i, state, err)
			}
		}
	}
	for _, one := range []*receipt.Receipt{r.accepted(t, 0), r.logged(t, 1, 0, 1)[0]} {
		for _, state := range []receipt.State{receipt.Accepted, receipt.Logged, receipt.OnChain} {
			if state == one.State {
				continue
			}
			claim := *one
			claim.State = state
			if proved, err := claim.Verify(r.keys); !errors.Is(err, receipt.ErrOverclaim) || proved != "" {
				t.Errorf("%s that says %s: %q, %v; want ErrOverclaim", one.State, state, proved, err)
			}
		}
	}
}

func TestNoByteOfAReceiptIsFree(t *testing.T) {
	r := newRegion(t, "450000")
	for _, one := range []*receipt.Receipt{r.accepted(t, 1), r.logged(t, 3, 1, 3)[1], r.logged(t, 1, 0, 1)[0]} {
		b := one.Encode()
		for i := range b {
			for _, mask := range []byte{0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff} {
				b[i] ^= mask
				if changed, err := receipt.Parse(b); err == nil && changed.Entry.Digest == one.Entry.Digest {
					if state, err := changed.Verify(r.keys); err == nil {
						t.Errorf("%s: byte %d changed by %#x still proves %s", one.State, i, mask, state)
					}
				}
				b[i] ^= mask
			}
		}
	}
}

// TestAChangedStepIsNamed changes one thing at a time; the error names the step that then fails.
func TestAChangedStepIsNamed(t *testing.T) {
	r, other := newRegion(t, "450000"), newRegion(t, "450000")
	two := r.logged(t, 2, 1, 3)
	elsewhere := r.logged(t, 2, 0, 3)[0]
	for name, c := range map[string]struct {
		change func(*receipt.Receipt)
		want   error
	}{
		"another digest":        {func(x *receipt.Receipt) { x.Entry.Digest = gm.Sum([]byte("x")) }, receipt.ErrPath},
		"another salt":          {func(x *receipt.Receipt) { x.Entry.Salt = gm.Sum([]byte("x")) }, receipt.ErrPath},
		"another kind":          {func(x *receipt.Receipt) { x.Entry.Kind = "outcome" }, receipt.ErrPath},
		"another index":         {func(x *receipt.Receipt) { x.Index = 1 }, receipt.ErrPath},
		"the other's path":      {func(x *receipt.Receipt) { x.Path = two[1].Path }, receipt.ErrPath},
		"no path":               {func(x *receipt.Receipt) { x.Path = nil }, receipt.ErrPath},
		"a longer path":         {func(x *receipt.Receipt) { x.Path = append(slices.Clone(x.Path), gm.Digest{}) }, receipt.ErrPath},
		"another count":         {func(x *receipt.Receipt) { x.Root.Count = 3 }, receipt.ErrPath},
		"another sequence":      {func(x *receipt.Receipt) { x.Root.Sequence++ }, receipt.ErrRootSignature},
		"another time":          {func(x *receipt.Receipt) { x.Root.Time = x.Root.Time.Add(1e9) }, receipt.ErrRootSignature},
		"another previous":      {func(x *receipt.Receipt) { x.Root.Previous = gm.Sum([]byte("x")) }, receipt.ErrRootSignature},
		"another signer":        {func(x *receipt.Receipt) { x.Signature = other.sign(t, x.Root.Bytes()) }, receipt.ErrRootSignature},
		"signed anew":           {func(x *receipt.Receipt) { x.Signature = r.sign(t, x.Root.Bytes()) }, receipt.ErrLogPath},
		"another record":        {func(x *receipt.Receipt) { x.Proof.Index = 0 }, receipt.ErrLogPath},
		"a negative record":     {func(x *receipt.Receipt) { x.Proof.Index = -1 }, receipt.ErrLogPath},
		"another log path":      {func(x *receipt.Receipt) { x.Proof.Path = elsewhere.Proof.Path }, receipt.ErrLogPath},
		"another checkpoint":    {func(x *receipt.Receipt) { x.Proof.Checkpoint = elsewhere.Proof.Checkpoint }, receipt.ErrLogPath},
		"another log's":         {func(x *receipt.Receipt) { x.Proof = other.proof(t, receipt.Record(*x.Root, x.Signature), 0, 1) }, receipt.ErrCheckpoint},
		"another origin":        {func(x *receipt.Receipt) { x.Proof.Origin = "yinzheng.test/440000" }, receipt.ErrCheckpoint},
		"a short hash":          {func(x *receipt.Receipt) { x.Proof.Path[0] = x.Proof.Path[0][1:] }, receipt.ErrFormat},
		"no signature":          {func(x *receipt.Receipt) { x.Signature = nil }, receipt.ErrOverclaim},
		"a promise beside it":   {func(x *receipt.Receipt) { x.Promise = &receipt.Promise{} }, receipt.ErrOverclaim},
		"a path without end":    {func(x *receipt.Receipt) { x.Path = make([]gm.Digest, 65) }, receipt.ErrFormat},
		"no root before":        {func(x *receipt.Receipt) { x.Root.Previous = gm.Digest{} }, receipt.ErrFormat},
		"a batch without end":   {func(x *receipt.Receipt) { x.Root.Count = receipt.MaxCount + 1 }, receipt.ErrFormat},
		"a checkpoint too long": {func(x *receipt.Receipt) { x.Proof.Checkpoint = strings.Repeat("x", 16<<10+1) }, receipt.ErrFormat},
	} {
		x := read(t, two[0])
		c.change(x)
		if state, err := x.Verify(r.keys); !errors.Is(err, c.want) || state != "" {
			t.Errorf("%s: proves %q, %v; want %v", name, state, err, c.want)
		}
	}
}

func TestAPromiseIsBoundToItsEntryTimeAndRegion(t *testing.T) {
	r := newRegion(t, "450000")
	for name, c := range map[string]struct {
		change func(*receipt.Receipt)
		want   error
	}{
		"another entry":  {func(x *receipt.Receipt) { x.Entry = entry(7) }, receipt.ErrPromise},
		"another time":   {func(x *receipt.Receipt) { x.Promise.Time = x.Promise.Time.Add(1e9) }, receipt.ErrPromise},
		"another region": {func(x *receipt.Receipt) { x.Promise.Region = "440000" }, receipt.ErrRegion},
		"no signature":   {func(x *receipt.Receipt) { x.Promise.Signature = nil }, receipt.ErrPromise},
		"an index":       {func(x *receipt.Receipt) { x.Index = 1 }, receipt.ErrOverclaim},
	} {
		x := r.accepted(t, 1)
		c.change(x)
		if state, err := x.Verify(r.keys); !errors.Is(err, c.want) || state != "" {
			t.Errorf("%s: proves %q, %v; want %v", name, state, err, c.want)
		}
	}
}

func TestProofsOfTwoEntriesCannotBeExchanged(t *testing.T) {
	r := newRegion(t, "450000")
	batch := r.logged(t, 5, 1, 3)
	for i, a := range batch {
		for j, b := range batch {
			x := *a
			x.Index, x.Path = b.Index, b.Path
			if state, err := x.Verify(r.keys); (err == nil) != (i == j) {
				t.Errorf("entry %d with the proof of %d: %q, %v", i, j, state, err)
			}
		}
	}
}

func TestAReceiptIsOfOneRegionAndItsKeys(t *testing.T) {
	r, other := newRegion(t, "450000"), newRegion(t, "440000")
	logged, accepted := r.logged(t, 3, 1, 3)[0], r.accepted(t, 0)
	mixed := func(code string, ledger, log *region) receipt.Keys {
		return receipt.Keys{Region: code, Ledger: ledger.keys.Ledger, LogVerifiers: log.keys.LogVerifiers}
	}
	for name, c := range map[string]struct {
		one  *receipt.Receipt
		keys receipt.Keys
		want error
	}{
		"the other region's keys":       {logged, other.keys, receipt.ErrRegion},
		"the other region's ledger key": {logged, mixed("450000", other, r), receipt.ErrRootSignature},
		"the other region's log key":    {logged, mixed("450000", r, other), receipt.ErrCheckpoint},
		"no keys":                       {logged, receipt.Keys{Region: "450000"}, receipt.ErrRootSignature},
		"no log key":                    {logged, receipt.Keys{Region: "450000", Ledger: r.keys.Ledger}, receipt.ErrCheckpoint},
		"no region":                     {logged, mixed("", r, r), receipt.ErrRegion},
		"an unreadable log key":         {logged, receipt.Keys{Region: "450000", Ledger: r.keys.Ledger, LogVerifiers: []string{"x"}}, receipt.ErrCheckpoint},
		"a promise, other region":       {accepted, other.keys, receipt.ErrRegion},
		"a promise, other key":          {accepted, mixed("450000", other, r), receipt.ErrPromise},
	} {
		if state, err := c.one.Verify(c.keys); !errors.Is(err, c.want) || state != "" {
			t.Errorf("%s: proves %q, %v; want %v", name, state, err, c.want)
		}
	}
	both := receipt.Keys{
		Region: "450000", Ledger: append(slices.Clone(other.keys.Ledger), r.keys.Ledger...),
		LogVerifiers: append(slices.Clone(other.keys.LogVerifiers), r.keys.LogVerifiers...),
	}
	if state, err := logged.Verify(both); err != nil || state != receipt.Logged {
		t.Errorf("an old and a new key: %q, %v", state, err)
	}
}

func TestACheckpointHasOneSpellingAndOneSignature(t *testing.T) {
	r, other := newRegion(t, "450000"), newRegion(t, "440000")
	good := r.logged(t, 2, 1, 3)[0]
	text, signature, _ := strings.Cut(good.Proof.Checkpoint, "\n\n")
	line := strings.Fields(signature)
	raw, err := base64.StdEncoding.DecodeString(line[2])
	if err != nil {
		t.Fatal(err)
	}
	if len(raw)%3 == 0 {
		t.Fatalf("a signature of %d bytes has no free bits to try", len(raw))
	}
	for name, checkpoint := range map[string]string{
		"a second signature":     r.note(t, text+"\n", other.signer),
		"the signature twice":    good.Proof.Checkpoint + signature,
		"free bits of base64":    strings.Replace(good.Proof.Checkpoint, line[2], freeBits(line[2]), 1),
		"an extension line":      r.note(t, text+"\nextension\n"),
		"a size with a zero":     r.note(t, strings.Replace(text, "\n3\n", "\n03\n", 1)+"\n"),
		"another size":           r.note(t, strings.Replace(text, "\n3\n", "\n9\n", 1)+"\n"),
		"a text without end":     strings.TrimSuffix(good.Proof.Checkpoint, "\n"),
		"a carriage return":      strings.Replace(good.Proof.Checkpoint, line[2], line[2][:8]+"\r"+line[2][8:], 1),
		"no checkpoint":          "",
		"a text of another kind": r.note(t, "yinzheng.test/450000\nhello\n"),
	} {
		x := read(t, good)
		x.Proof.Checkpoint = checkpoint
		if state, err := x.Verify(r.keys); !errors.Is(err, receipt.ErrCheckpoint) && !errors.Is(err, receipt.ErrLogPath) || state != "" {
			t.Errorf("%s: proves %q, %v", name, state, err)
		}
	}
}

// freeBits spells the same bytes with other bits behind the last one, which a lax decoder does not see.
func freeBits(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	last := len(strings.TrimRight(s, "=")) - 1
	return s[:last] + string(alphabet[strings.IndexByte(alphabet, s[last])^1]) + s[last+1:]
}

func TestAnEmptyLogPathHasOneSpelling(t *testing.T) {
	r := newRegion(t, "450000")
	b := r.logged(t, 1, 0, 1)[0].Encode()
	if !bytes.Contains(b, []byte(`"path": []`)) {
		t.Fatalf("the path of a log with one record is written otherwise:\n%s", b)
	}
	if _, err := receipt.Parse(bytes.Replace(b, []byte(`"path": []`), []byte(`"path": null`), 1)); !errors.Is(err, receipt.ErrFormat) {
		t.Errorf("null for an empty path: %v, want ErrFormat", err)
	}
}

func BenchmarkVerify(b *testing.B) {
	r := newRegion(b, "450000")
	one := r.logged(b, 1000, 500, 1000)[999]
	text := one.Encode()
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if _, err := receipt.Parse(text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			if _, err := one.Verify(r.keys); err != nil {
				b.Fatal(err)
			}
		}
	})
}
