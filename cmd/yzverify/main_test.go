package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"yinzheng/internal/gm"
	"yinzheng/verify"
	"yinzheng/verify/completion"
	"yinzheng/verify/verifytest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"yzverify": main})
}

func TestScripts(t *testing.T) {
	files := example(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			for name, b := range files {
				if err := os.WriteFile(filepath.Join(e.WorkDir, name), b, 0o600); err != nil {
					return err
				}
			}
			e.Setenv("ROOT", string(files["root.sm3"]))
			e.Setenv("HOME_ROOT", string(files["home.sm3"]))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"status": status3},
	})
}

// status3 checks the exit status of a command: status N command…
func status3(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command…")
	}
	got := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("exit status %s, want %s", got, args[0])
	}
}

// example makes the files that scripts use, in a world whose now is 2026-03-02 09:00 in China.
func example(t *testing.T) map[string][]byte {
	t.Helper()
	w := verifytest.New(t)
	licence, other := w.Document(), w.Document(func(s *verifytest.Sealing) { s.Time = w.Now.Add(time.Second) })
	damaged := bytes.Clone(licence)
	damaged[bytes.Index(damaged, []byte("/MediaBox"))+1] ^= 1
	expired := w.Document(func(s *verifytest.Sealing) {
		s.Data = w.Data(func(d *verify.Data) { d.Metadata.ZZYXQQSRQ, d.Metadata.ZZYXQJZRQ = "2020-01-01", "2025-12-31" }).Encode()
	})
	outcome := outcome(t, w)
	there := verifytest.Named(t, "乙区示例", 1)
	home := verifytest.Named(t, "甲区示例", 2)
	cross := home.Cross(there, 1)
	foreign := there.Document()
	own := home.TrustFile(func(f *verify.Trust) { f.Authorities = append(f.Authorities, cross.DER()) })
	return map[string][]byte{
		"licence.pdf": licence, "receipt.json": w.Receipt("licence", gm.Sum(licence)), "trust.json": w.TrustFile(),
		"other.pdf": other, "other-receipt.json": w.Receipt("licence", gm.Sum(other)), "accepted.json": w.Accepted("licence", gm.Sum(licence)),
		"damaged.pdf": damaged, "expired.pdf": expired, "text.pdf": []byte("no PDF at all\n"), "empty.pdf": {},
		"together.pdf":  w.SealAgain(w.Document(func(s *verifytest.Sealing) { s.MoreSeals = true })),
		"letter.pdf":    w.Document(func(s *verifytest.Sealing) { s.Data = []byte{} }),
		"root.pem":      pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.Root.DER()}),
		"unstamped.pdf": w.Document(func(s *verifytest.Sealing) { s.Unstamped = true }),
		"there.pdf":     foreign, "there-receipt.json": there.Receipt("licence", gm.Sum(foreign)), "there-trust.json": there.TrustFile(), "own-trust.json": own,
		"home.sm3":     []byte(gm.Sum(home.Root.DER()).String()),
		"outcome.json": outcome, "outcome-receipt.json": w.Receipt("outcome", gm.Sum(outcome)),
		"broken-receipt.json": []byte("{\n"), "root.sm3": []byte(gm.Sum(w.Root.DER()).String()),
	}
}

func outcome(t *testing.T, w *verifytest.World) []byte {
	t.Helper()
	s := completion.Statement{
		Version: completion.OutcomeVersion, Office: w.OfficeCode, Case: "case-1", Result: completion.True, At: w.Now, By: "clerk",
		Checks: []completion.Check{{Commitment: "c1", Result: completion.True, Licence: "x", At: w.Now, Findings: []verify.Finding{}}},
	}
	message, err := s.Message()
	if err != nil {
		t.Fatal(err)
	}
	signature, err := gm.Sign(w.Office.Key, message)
	if err != nil {
		t.Fatal(err)
	}
	b, err := completion.EncodeOutcome(s, signature, w.Office.DER())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestAnyByteChangedChangesTheExitStatus runs the program itself on everything that a stranger has, one byte changed.
func TestAnyByteChangedChangesTheExitStatus(t *testing.T) {
	files := example(t)
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	names := []string{"trust.json", "licence.pdf", "receipt.json"}
	judge := func() int {
		args := []string{"--at", "2026-03-02T09:05:00+08:00", "--quiet", "--trust"}
		for _, name := range names {
			args = append(args, filepath.Join(dir, name))
		}
		return run(args, surroundings{&bytes.Buffer{}, &bytes.Buffer{}, time.Now, func(string) string { return "" }, false})
	}
	for _, name := range names {
		write(name, files[name])
	}
	if got := judge(); got != exitValid {
		t.Fatalf("unchanged: exit status %d", got)
	}
	for _, name := range names {
		b := bytes.Clone(files[name])
		for i := 0; i < len(b); i += 1 + len(b)/300 {
			b[i] ^= 1
			write(name, b)
			if judge() == exitValid {
				t.Errorf("%s with byte %d changed is valid", name, i)
			}
			b[i] ^= 1
		}
		write(name, b)
	}
}

func TestJSONIsOneArrayWithBothLanguages(t *testing.T) {
	files := example(t)
	path := filepath.Join(t.TempDir(), "licence.pdf")
	if err := os.WriteFile(path, files["licence.pdf"], 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	run([]string{"--json", path}, surroundings{&out, &out, time.Now, func(string) string { return "" }, false})
	var answers []struct {
		Files    []string
		Verdict  string
		Subject  any
		Findings []struct {
			Code, Outcome, Text string
			TextEN              string `json:"text_en"`
		}
	}
	if err := json.Unmarshal(out.Bytes(), &answers); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	if len(answers) != 1 || answers[0].Verdict != "indeterminate" || answers[0].Subject != nil || len(answers[0].Findings) < 30 {
		t.Errorf("got %s", out.String())
	}
	for _, f := range answers[0].Findings {
		if f.Code == "" || f.Outcome == "" || f.Text == "" || f.TextEN == "" {
			t.Errorf("a finding lacks something: %+v", f)
		}
	}
}

func TestColoursAreForTerminalsOnly(t *testing.T) {
	files := example(t)
	path := filepath.Join(t.TempDir(), "licence.pdf")
	if err := os.WriteFile(path, files["licence.pdf"], 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		terminal bool
		noColor  string
		want     bool
	}{"terminal": {true, "", true}, "pipe": {false, "", false}, "NO_COLOR": {true, "1", false}} {
		var out bytes.Buffer
		run([]string{path}, surroundings{&out, &out, time.Now, func(key string) string {
			return map[string]string{"NO_COLOR": test.noColor}[key]
		}, test.terminal})
		if got := bytes.Contains(out.Bytes(), []byte("\x1b[")); got != test.want {
			t.Errorf("%s: colours %v, want %v", name, got, test.want)
		}
	}
}

func TestNamesOfFilesCannotMoveTheCursor(t *testing.T) {
	if got := visible("a\x1b[2Jb\u202ec\n"); strings.ContainsAny(got, "\x1b\n\u202e") {
		t.Errorf("got %q", got)
	}
}

func TestColumnsOfChineseAreTwo(t *testing.T) {
	for s, want := range map[string]int{"签章 a": 6, "（，）": 6, "✓": 1, "𠮷": 2} {
		if got := columns(s); got != want {
			t.Errorf("%s takes %d columns, want %d", s, got, want)
		}
	}
	if got := fmt.Sprintf("%s|", pad("签章", 6)); got != "签章  |" {
		t.Errorf("got %q", got)
	}
}
