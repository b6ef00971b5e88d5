package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// told runs the story once and returns what it prints.
func told(t *testing.T) result {
	t.Helper()
	var out, errs bytes.Buffer
	p := &program{out: &out, err: &errs, now: time.Now, log: slog.New(slog.DiscardHandler)}
	dir := filepath.Join(t.TempDir(), "data")
	if status := p.main(t.Context(), []string{"demo", "--once", "--json", "--listen", "127.0.0.1:0", "--data", dir}); status != exitOK {
		t.Fatalf("status %d: %s", status, &errs)
	}
	var r result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v in %s", err, &out)
	}
	return r
}

func TestTheDemonstrationTellsItsStory(t *testing.T) {
	r := told(t)
	for name, file := range map[string]string{"document": r.Document, "receipt": r.Receipt, "trust": r.Trust, "package": r.Package} {
		if info, err := os.Stat(file); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	var v struct{ Verdict string }
	if err := json.Unmarshal(r.Verification, &v); err != nil || v.Verdict != "valid" {
		t.Errorf("verification is %s, %v", r.Verification, err)
	}
	var c struct{ Outcome struct{ Result string } }
	if err := json.Unmarshal(r.Case, &c); err != nil || c.Outcome.Result != "true" {
		t.Errorf("case is %s, %v", r.Case, err)
	}
	if r.Seconds["total"] <= 0 {
		t.Errorf("seconds are %v", r.Seconds)
	}
}

func run(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	p := &program{out: &o, err: &e, now: time.Now, log: slog.New(slog.DiscardHandler)}
	status = p.main(t.Context(), args)
	return status, o.String(), e.String()
}

func TestWrongCallsSayWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.yaml")
	if err := os.WriteFile(bad, []byte("listen: nowhere\nregion: {code: '12'}\ncolour: red\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(dir, "wrong.yaml")
	if err := os.WriteFile(wrong, []byte("listen: nowhere\nregion: {code: '12', name: ''}\nledger: paper\ndata: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   []string
		status int
		says   []string
	}{
		{nil, exitUsage, []string{"usage"}},
		{[]string{"fly"}, exitUsage, []string{"no such command"}},
		{[]string{"demo", "--json"}, exitUsage, []string{"--once"}},
		{[]string{"demo", "stray"}, exitUsage, []string{"stray"}},
		{[]string{"check-config"}, exitUsage, []string{"name one file"}},
		{[]string{"check-config", bad}, exitFailed, []string{"colour"}},
		{[]string{"check-config", wrong}, exitFailed, []string{"listen", "region.code", "region.name", "ledger"}},
		{[]string{"serve"}, exitUsage, []string{"--config"}},
		{[]string{"fsck"}, exitUsage, []string{"--config"}},
		{[]string{"key", "add", "--caller", "x", "--may", "fly"}, exitUsage, []string{"fly"}},
		{[]string{"seal"}, exitUsage, []string{"make"}},
	} {
		status, _, errs := run(t, c.args...)
		if status != c.status {
			t.Errorf("%v: status %d, want %d (%s)", c.args, status, c.status, errs)
		}
		for _, s := range c.says {
			if !strings.Contains(errs, s) {
				t.Errorf("%v says %q, which does not name %q", c.args, errs, s)
			}
		}
	}
}

func TestAServiceIsSetUpByCommands(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "srv")
	if status, _, errs := run(t, "init", "--data", dir, "--ceremony", dir+"-root", "--clock-unchecked"); status != exitOK {
		t.Fatal(errs)
	}
	config := filepath.Join(dir, configFile)
	for _, args := range [][]string{
		{"check-config", config},
		{"key", "add", "--config", config, "--caller", "test", "--office", "11450000MB0000000G", "--may", "licence.issue,licence.read"},
		{"fsck", "--config", config},
		{"init", "--data", dir}, // once more changes nothing
		{"version"},
	} {
		if status, out, errs := run(t, args...); status != exitOK || out == "" {
			t.Errorf("%v: status %d, %s", args, status, errs)
		}
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the data folder has mode %v, %v", info.Mode(), err)
	}
}

func TestTheCommittedContractIsWhatIsServed(t *testing.T) {
	status, out, errs := run(t, "openapi")
	if status != exitOK {
		t.Fatal(errs)
	}
	committed, err := os.ReadFile("../../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if string(committed) != out {
		t.Error("docs/openapi.yaml is not what the code serves; write it with: go run ./cmd/yinzheng openapi > docs/openapi.yaml")
	}
}
