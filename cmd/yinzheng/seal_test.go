package main

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/house"
	"yinzheng/internal/httpapi"
)

// makeSeal lets the house of a configuration make an office's seal, for tests of other things.
func makeSeal(t *testing.T, config, code, name string) {
	t.Helper()
	p := &program{out: t.Output(), err: t.Output(), now: time.Now, log: slog.New(slog.DiscardHandler)}
	err := withHouse(t.Context(), p, config, func(h *house.House) error {
		_, err := h.MakeSeal(t.Context(), code, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// desk is a house whose seals are led by commands.
type desk struct {
	t      *testing.T
	config string
	keys   map[string]string // role to file of its API key
}

func newDesk(t *testing.T) desk {
	t.Helper()
	dir := t.TempDir()
	data := filepath.Join(dir, "srv")
	if status, _, errs := run(t, "init", "--data", data, "--ceremony", data+"-root", "--clock-unchecked"); status != exitOK {
		t.Fatal(errs)
	}
	d := desk{t, filepath.Join(data, configFile), map[string]string{}}
	for role, may := range map[string]string{"applicant": "seal.apply", "approver": "seal.decide", "maker": "seal.make", "everything": "seal.apply,seal.decide,seal.make"} {
		status, key, errs := run(t, "key", "add", "--config", d.config, "--caller", role, "--may", may)
		if status != exitOK {
			t.Fatal(errs)
		}
		d.keys[role] = filepath.Join(dir, role+".key")
		if err := os.WriteFile(d.keys[role], []byte(key), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// as runs one verb and demands its exit status; it returns what was printed.
func (d desk) as(role string, want int, verb string, rest ...string) (out, errs string) {
	d.t.Helper()
	args := append([]string{"seal", verb, "--config", d.config, "--operator", d.keys[role], "--json"}, rest...)
	status, out, errs := run(d.t, args...)
	if status != want {
		d.t.Fatalf("%v by %s: status %d, want %d: %s", args, role, status, want, errs)
	}
	return out, errs
}

func read[T any](t *testing.T, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

func TestSealIsLedThroughItsLifeByCommands(t *testing.T) {
	d := newDesk(t)
	apply := []string{"--office", "11450000MB0000000G", "--owner", "广西示例行政审批局", "--line", "电子证照专用章", "--why", "issuing licences", "--key", "k1"}
	out, _ := d.as("applicant", exitOK, "apply", apply...)
	seal := read[httpapi.SealBody](t, out)
	if out, _ := d.as("applicant", exitOK, "apply", apply...); read[httpapi.SealBody](t, out).ID != seal.ID {
		t.Error("the same key made another seal")
	}
	if _, errs := d.as("maker", exitFailed, "make", seal.ID); !strings.Contains(errs, "SEAL_TRANSITION") {
		t.Errorf("making before approving: %s", errs)
	}
	if _, errs := d.as("applicant", exitFailed, "approve", "--why", "w", seal.ID); !strings.Contains(errs, "DENIED") {
		t.Errorf("the applicant approves: %s", errs)
	}
	d.as("everything", exitOK, "approve", "--why", "needed", seal.ID)
	if _, errs := d.as("everything", exitFailed, "make", seal.ID); !strings.Contains(errs, "SEAL_SAME_PERSON") {
		t.Errorf("who approved makes: %s", errs)
	}
	d.as("maker", exitOK, "make", seal.ID)
	if _, errs := d.as("approver", exitFailed, "activate", "--why", "w", seal.ID); !strings.Contains(errs, "SEAL_TRANSITION") {
		t.Errorf("in use without being on record: %s", errs)
	}
	d.as("maker", exitOK, "record", "--filing", "示例备案-1", seal.ID)
	d.as("approver", exitOK, "activate", "--why", "from today", seal.ID)
	d.as("approver", exitOK, "authorise", "--matter", "示例事项-*", "--office", "11450000MB0000000G", "--to", time.Now().Add(time.Hour).Format(time.RFC3339), "--limit", "9", "--why", "w", seal.ID)
	d.as("approver", exitOK, "withdraw", "--line", "1", "--why", "w", seal.ID)
	out, _ = d.as("approver", exitOK, "authorisations", seal.ID)
	if grants := read[[]httpapi.GrantBody](t, out); len(grants) != 1 || grants[0].Limit != 9 || grants[0].WithdrawnBy != "approver" {
		t.Errorf("authorisations: %s", out)
	}
	d.as("approver", exitOK, "suspend", "--why", "w", seal.ID)
	d.as("approver", exitOK, "resume", "--why", "w", seal.ID)
	out, _ = d.as("applicant", exitOK, "lost", "--why", "the token is gone", seal.ID)
	lost := read[httpapi.SealBody](t, out)
	if lost.State != "lost" || lost.RevokedAt == nil || lost.ReplacedBy == "" || lost.ReplacedBy == seal.ID {
		t.Errorf("lost: %s", out)
	}
	d.as("approver", exitOK, "cancel", "--why", "not needed", lost.ReplacedBy)
	out, _ = d.as("maker", exitOK, "list", "--office", "11450000MB0000000G")
	if all := read[[]httpapi.SealBody](t, out); len(all) != 2 || all[1].State != "cancelled" || all[1].Replaces != seal.ID {
		t.Errorf("list: %s", out)
	}
	out, _ = d.as("maker", exitOK, "show", seal.ID)
	shown := read[struct {
		httpapi.SealBody
		Events []httpapi.SealEventBody
	}](t, out)
	var life []string
	for _, e := range shown.Events {
		life = append(life, e.What)
	}
	if got, want := strings.Join(life, " "), "applied approved made recorded active authorised withdrawn suspended active lost certificate-revoked"; got != want {
		t.Errorf("its life was %s, want %s", got, want)
	}
	if out, _ := d.as("maker", exitOK, "uses", seal.ID); strings.TrimSpace(out) != "[]" {
		t.Errorf("uses: %s", out)
	}
	if status, out, errs := run(t, "fsck", "--config", d.config); status != exitOK {
		t.Errorf("fsck: %s %s", out, errs)
	}
}

func TestSealVerbsSayWhatIsMissing(t *testing.T) {
	for _, args := range [][]string{
		{"seal"}, {"seal", "nothing"}, {"seal", "approve", "--operator", "x"}, {"seal", "list"}, {"seal", "cancel", "--operator", os.Args[0], "1", "2"},
	} {
		if status, _, errs := run(t, args...); status != exitUsage || errs == "" {
			t.Errorf("%v: status %d, %s", args, status, errs)
		}
	}
}
