package ceremony_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"yinzheng/ca/ceremony"
	"yinzheng/internal/gm"
)

// busyRecord is copied for each test: its four acts open shares and keys again and again.
var busyRecord struct {
	sync.Once
	files map[string]string
}

// busy is a folder in which every act but reshare took place once.
func busy(t testing.TB) *bench {
	t.Helper()
	busyRecord.Do(func() {
		b := made(t)
		b.must(b.issuePlan(both(t)...))
		b.must(b.crossPlan(t, foreign(t), "root.pem"))
		b.must(listPlan(b.certificate("out/authority.pem").SerialNumber.Text(16)))
		files, err := snapshot(b.dir)
		if err != nil {
			t.Fatal(err)
		}
		busyRecord.files = files
	})
	b := empty(t)
	restore(t, b.dir, busyRecord.files)
	return b
}

func TestRecordProvesEveryAct(t *testing.T) {
	b := busy(t)
	r, err := ceremony.ReadRecord(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	var acts []string
	for _, a := range r.Acts {
		if !a.Closed {
			t.Errorf("%s is not closed", a.Begin().Act)
		}
		acts = append(acts, string(a.Begin().Act))
	}
	if got := strings.Join(acts, " "); got != "root issue cross crl" {
		t.Errorf("acts %s", got)
	}
	var names []string
	for _, c := range r.Certificates {
		names = append(names, c.Name)
		if (c.Revoked != nil) != (c.Name == "authority") || c.File == "" {
			t.Errorf("%s: %+v", c.Name, c)
		}
	}
	if got := strings.Join(names, " "); got != "root tls-root authority tls region-460000" {
		t.Errorf("certificates %s", got)
	}
	if !bytes.Equal(r.Root, b.der("root.pem")) || r.URL != "https://zhengzhao.example.cn" || r.Lists["root"].Number != 1 || len(r.Missing) != 0 ||
		len(r.Digests) != 4 || r.Digests[3] != gm.Sum(b.transcript(4)) {
		t.Errorf("%+v", r)
	}
}

func TestRecordWithAnythingChangedIsRefused(t *testing.T) {
	for name, change := range map[string]func(b *bench){
		"a transcript": func(b *bench) {
			b.write("transcript-3.json", bytes.Replace(b.transcript(3), []byte("region-460000"), []byte("region-460001"), 1))
		},
		"the acts' order": func(b *bench) {
			third := b.transcript(3)
			b.write("transcript-3.json", b.transcript(4))
			b.write("transcript-4.json", third)
		},
		"an act in the middle": func(b *bench) {
			b.write("transcript-3.json", b.transcript(4))
			if err := os.Remove(filepath.Join(b.dir, "transcript-4.json")); err != nil {
				b.t.Fatal(err)
			}
		},
		"a plan":        func(b *bench) { b.write("plan-2.yaml", append(b.file("plan-2.yaml"), '\n')) },
		"a certificate": func(b *bench) { b.write("out/tls.pem", b.file("out/authority.pem")) },
		"a list":        func(b *bench) { b.write("out/root-1.crl", b.file("out/tls-root-1.crl")) },
		"a strange one": func(b *bench) { b.write("transcript-05.json", b.transcript(4)) },
	} {
		b := busy(t)
		change(b)
		if _, err := ceremony.ReadRecord(b.dir); !errors.Is(err, ceremony.ErrTranscript) && !errors.Is(err, ceremony.ErrFolder) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRecordNamesWhatIsMissingAndWritesNothing(t *testing.T) {
	b := busy(t)
	for _, name := range []string{"out/tls.pem", "plan-1.yaml", "root.key", "officer-1.share", ".lock"} {
		if err := os.Remove(filepath.Join(b.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	before, err := snapshot(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ceremony.ReadRecord(b.dir)
	if err != nil || strings.Join(r.Missing, " ") != "out/tls.pem plan-1.yaml" {
		t.Errorf("missing %v, %v", r.Missing, err)
	}
	if after, err := snapshot(b.dir); err != nil || len(after) != len(before) {
		t.Errorf("%d files, %d before, %v", len(after), len(before), err)
	}
	if _, err := ceremony.ReadRecord(t.TempDir()); !errors.Is(err, ceremony.ErrFolder) {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestRunThatEndedEarlyCannotBeChangedOnceTheNextOneIsSigned(t *testing.T) {
	b := made(t)
	plan := b.issuePlan(both(t)...)
	for range 2 {
		if step, _ := b.until(2, func() error { _, err := b.perform(plan); return err }); step != "transcript" {
			t.Fatalf("killed after %q", step)
		}
	}
	b.must(plan)
	if _, err := ceremony.ReadRecord(b.dir); err != nil {
		t.Fatal(err)
	}
	b.write("transcript-2.json", []byte("{"))
	if _, err := ceremony.ReadRecord(b.dir); !errors.Is(err, ceremony.ErrTranscript) {
		t.Errorf("the first of two that ended early was changed: %v", err)
	}
}

func TestShareIsCheckedAlone(t *testing.T) {
	b := made(t)
	s, err := ceremony.CheckShare(b.dir, b.share("officer-3"))
	if err != nil || s.Officer != "officer-3" || s.Index != 3 {
		t.Errorf("%+v, %v", s, err)
	}
	wrong := b.share("officer-3")
	wrong.Passphrase = passOf("officer-1")
	for name, in := range map[string]ceremony.ShareInput{"wrong passphrase": wrong, "altered": b.altered(), "empty": {}} {
		if _, err := ceremony.CheckShare(b.dir, in); !errors.Is(err, ceremony.ErrShare) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// altered is officer-2's share with another officer's name and number, and the digest made right again.
func (b *bench) altered() ceremony.ShareInput {
	b.t.Helper()
	in := b.share("officer-2")
	s, err := ceremony.ParseShare(in.File)
	if err != nil {
		b.t.Fatal(err)
	}
	s.Officer, s.Index = "officer-3", 3
	encode := func() []byte {
		text, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			b.t.Fatal(err)
		}
		return append(text, '\n')
	}
	s.Digest = gm.Digest{}
	s.Digest = gm.Sum([]byte("yinzheng ceremony share v1\n"), encode())
	in.File = encode()
	if _, err := ceremony.ParseShare(in.File); err != nil {
		b.t.Fatal(err)
	}
	return in
}

func TestAlteredShareWithARightDigestIsRefused(t *testing.T) {
	b := made(t)
	in := b.input(b.issuePlan(both(t)...))
	in.Shares = []ceremony.ShareInput{b.share("officer-1"), b.altered()}
	if _, err := ceremony.Perform(context.Background(), in); !errors.Is(err, ceremony.ErrShare) {
		t.Error(err)
	}
}

func TestDraftsArePlansThatCanBePerformed(t *testing.T) {
	b := made(t)
	r, err := ceremony.ReadRecord(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	csr := request(t, "示例签发CA", sm2Key(t))
	issue, err := r.DraftIssue([]ceremony.File{{Name: "authority", Path: b.put(csr), Content: csr}})
	if err != nil {
		t.Fatal(err)
	}
	theirs := foreign(t).file("root.pem")
	cross, err := r.DraftCross(ceremony.File{Name: "region-460000", Path: b.put(theirs), Content: theirs})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []ceremony.Plan{issue, cross} {
		text, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		b.must(string(text))
	}
	if r, err = ceremony.ReadRecord(b.dir); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"authority", "region-460000"} {
		serial := b.certificate("out/" + name + ".pem").SerialNumber.Text(16)
		lists, err := r.DraftLists(b.now, b.now.Add(365*24*time.Hour), map[string]string{serial: "superseded"})
		if err != nil {
			t.Fatal(err)
		}
		text, err := lists.Encode()
		if err != nil {
			t.Fatal(err)
		}
		b.must(string(text))
		if r, err = ceremony.ReadRecord(b.dir); err != nil || len(r.Lists["root"].Revoked) != i+1 {
			t.Errorf("%d revoked, %v", len(r.Lists["root"].Revoked), err)
		}
		for _, bad := range []string{serial, "4f"} { // revoked already, unknown
			if _, err := r.DraftLists(b.now, b.now.Add(time.Hour), map[string]string{bad: "superseded"}); !errors.Is(err, ceremony.ErrRevocation) {
				t.Errorf("%s: %v", bad, err)
			}
		}
	}
	if _, err := r.DraftCross(ceremony.File{Content: b.file("tls-root.pem")}); !errors.Is(err, ceremony.ErrRequest) {
		t.Errorf("an ECDSA root: %v", err)
	}
	if _, err := ceremony.DraftRoot("45", "", "", nil, 1).Encode(); !errors.Is(err, ceremony.ErrPlan) {
		t.Errorf("a wrong draft: %v", err)
	}
}

// stored is a record of before: the form of transcripts stays readable.
func stored(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := snapshot(filepath.Join("testdata", "record"))
	if err != nil || len(files) != 6 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	out := map[string][]byte{}
	for name, content := range files {
		out[name] = []byte(content)
	}
	return out
}

func TestStoredRecordStillReads(t *testing.T) {
	r, err := ceremony.ReadRecord(filepath.Join("testdata", "record"))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Acts) != 3 || len(r.Certificates) != 4 || r.Certificates[2].Revoked == nil || len(r.Missing) != 6 {
		t.Errorf("%+v", r)
	}
}

// FuzzState gives a folder transcripts that nobody wrote. The seeds are real ones, their roots beside them.
func FuzzState(f *testing.F) {
	files := stored(f)
	one, two, three := files["transcript-1.json"], files["transcript-2.json"], files["transcript-3.json"]
	for _, s := range [][3][]byte{{one, two, three}, {one, two, nil}, {transcriptSeed(f), nil, nil}, {nil, one, two}} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, one, two, three []byte) {
		dir := t.TempDir()
		for name, content := range map[string][]byte{
			"root.pem": files["root.pem"], "tls-root.pem": files["tls-root.pem"],
			"transcript-1.json": one, "transcript-2.json": two, "transcript-3.json": three,
		} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		r, err := ceremony.ReadRecord(dir)
		if err != nil {
			if !errors.Is(err, ceremony.ErrTranscript) && !errors.Is(err, ceremony.ErrFolder) {
				t.Fatal(err)
			}
			return
		}
		if len(r.Acts) == 0 || r.Threshold < 2 || r.Threshold > len(r.Officers) {
			t.Fatalf("%+v", r)
		}
	})
}
