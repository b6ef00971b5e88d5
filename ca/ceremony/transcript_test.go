package ceremony_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yinzheng/ca/ceremony"
	"yinzheng/internal/gm"
)

func TestTranscriptWithAnythingChangedIsRefused(t *testing.T) {
	b := made(t)
	b.must(b.issuePlan(both(t)...))
	root, good := b.der("root.pem"), b.transcript(2)
	if _, err := ceremony.VerifyTranscript(good, root); err != nil {
		t.Fatal(err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if _, err := ceremony.VerifyTranscript(bad, root); err == nil {
			t.Fatalf("byte %d was changed: %s", i, bad[max(0, i-20):i+1])
		}
	}
	lines := bytes.SplitAfter(good, []byte("\n"))
	for i := range lines[:len(lines)-1] {
		without := bytes.Join(append(append([][]byte{}, lines[:i]...), lines[i+1:]...), nil)
		if _, err := ceremony.VerifyTranscript(without, root); err == nil {
			t.Errorf("line %d was left out", i+1)
		}
	}
	if _, err := ceremony.VerifyTranscript(bytes.Join(lines[:len(lines)-2], nil), root); !errors.Is(err, ceremony.ErrUnclosed) {
		t.Errorf("without its signature: %v", err)
	}
	if _, err := ceremony.VerifyTranscript(good, foreign(t).der("root.pem")); !errors.Is(err, ceremony.ErrTranscript) {
		t.Errorf("another root: %v", err)
	}
}

func TestFolderWithAChangedTranscriptIsNotUsed(t *testing.T) {
	for name, change := range map[string]func(b *bench){
		"a byte": func(b *bench) {
			b.write("transcript-1.json", bytes.Replace(b.transcript(1), []byte("officer-1"), []byte("officer-4"), 1))
		},
		"missing": func(b *bench) {
			if err := os.Remove(filepath.Join(b.dir, "transcript-1.json")); err != nil {
				b.t.Fatal(err)
			}
		},
		"another root": func(b *bench) { b.write("root.pem", foreign(b.t).file("root.pem")) },
		"a certificate": func(b *bench) {
			b.write("out/authority.pem", b.file("out/tls.pem"))
		},
	} {
		b := made(t)
		plan := b.issuePlan(both(t)...)
		b.must(plan)
		change(b)
		if _, err := b.perform(plan); !errors.Is(err, ceremony.ErrTranscript) && !errors.Is(err, ceremony.ErrExists) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func (b *bench) write(name string, content []byte) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), content, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func TestTranscriptTellsWhatWasDoneAndNoSecret(t *testing.T) {
	b := made(t)
	plan := b.issuePlan(both(t)...)
	b.must(plan)
	tr, err := ceremony.VerifyTranscript(b.transcript(2), b.der("root.pem"))
	if err != nil {
		t.Fatal(err)
	}
	begin := tr.Begin()
	if begin.Plan != gm.Sum([]byte(plan)) || begin.Tool != "yinzheng test" || *begin.Root != gm.Sum(b.der("root.pem")) || begin.Threshold != 2 {
		t.Errorf("%+v", begin)
	}
	if got := tr.Entries[1].Opened; strings.Join(got, " ") != "officer-1 officer-2" {
		t.Errorf("opened by %v", got)
	}
	found := 0
	for _, m := range tr.Made() {
		if m.SM3 == gm.Sum(b.der(m.File)) {
			found++
		}
	}
	if found != 2 {
		t.Errorf("%d certificates in it", found)
	}
	if string(b.file("plan-2.yaml")) != plan {
		t.Error("the reviewed file is not beside it")
	}
}

// shareSeed is a share file of the right form, with nothing in it.
func shareSeed(f *testing.F) []byte {
	s := ceremony.Share{
		Format: "yinzheng-share-1", Ceremony: strings.Repeat("4f", 16), Sharing: 1, Officer: "officer-1", Index: 1, Threshold: 2, Of: 3, Sealed: "sealed",
	}
	encode := func() []byte {
		b, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			f.Fatal(err)
		}
		return append(b, '\n')
	}
	s.Digest = gm.Sum([]byte("yinzheng ceremony share v1\n"), encode())
	return encode()
}

// transcriptSeed is a transcript of the right form up to its end.
func transcriptSeed(f *testing.F) []byte {
	root := gm.Sum()
	entries := []ceremony.Entry{
		{Event: ceremony.EventBegin, Begin: &ceremony.Begin{
			Format: "yinzheng-ceremony-1", Ceremony: strings.Repeat("4f", 16), Number: 2, Act: ceremony.ActIssue, Region: "450000", Name: "示例",
			Tool: "yinzheng", Officers: officers(), Threshold: 2, Root: &root, Unfinished: []ceremony.Unfinished{{Number: 1}},
		}},
		{Event: ceremony.EventOpened, Opened: officers()},
		{Event: ceremony.EventIntent, Intent: &ceremony.Intent{Name: "authority", Serial: "4f"}},
		{Event: ceremony.EventMade, Made: &ceremony.Made{Name: "authority", Serial: "4f"}},
		{Event: ceremony.EventList, List: &ceremony.ListIntent{Name: "root", Number: 1}},
		{Event: ceremony.EventMade, Made: &ceremony.Made{Name: "root", Number: 1}},
		{Event: ceremony.EventEnd},
		{Event: ceremony.EventSignature, Signature: []byte{0x30, 0}},
	}
	var out []byte
	var previous gm.Digest
	for i, e := range entries {
		e.N, e.Previous, e.At = i, previous, "2026-11-02T01:02:03Z"
		line, err := json.Marshal(e)
		if err != nil {
			f.Fatal(err)
		}
		previous, out = gm.Sum(line), append(append(out, line...), '\n')
	}
	return out
}

func FuzzTranscript(f *testing.F) {
	seed := transcriptSeed(f)
	if tr, err := ceremony.ParseTranscript(seed); err != nil || !tr.Closed {
		f.Fatalf("the seed is no transcript: %v", err)
	}
	f.Add(seed)
	f.Add(bytes.SplitAfter(seed, []byte("\n"))[0])
	f.Fuzz(func(t *testing.T, b []byte) {
		tr, err := ceremony.ParseTranscript(b)
		if err != nil {
			if !errors.Is(err, ceremony.ErrTranscript) {
				t.Fatal(err)
			}
			return
		}
		if tr.Begin().Number < 1 || len(tr.Entries) == 0 {
			t.Fatal("read without a beginning")
		}
		tr.Made()
	})
}

func FuzzShare(f *testing.F) {
	seed := shareSeed(f)
	if _, err := ceremony.ParseShare(seed); err != nil {
		f.Fatalf("the seed is no share: %v", err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ceremony.ParseShare(b)
		if err != nil {
			if !errors.Is(err, ceremony.ErrShare) {
				t.Fatal(err)
			}
			return
		}
		if s.Index < 1 || s.Index > s.Of || s.Threshold > s.Of {
			t.Fatalf("%+v", s)
		}
	})
}
