package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/house"
	"yinzheng/internal/pdf"
	"yinzheng/sealing/intake"
	"yinzheng/verify"
)

// TestMain is the worker's program too: a house in a test starts this very binary for a foreign file.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == intake.WorkerVerb {
		os.Exit(intake.RunWorker(os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

const sealingOffice = "11450000MB0000000G"

// sealingDesk is a house with a seal, a clerk's key and a PDF of two pages.
func sealingDesk(t *testing.T) (d desk, seal, document string) {
	t.Helper()
	d = newDesk(t)
	makeSeal(t, d.config, sealingOffice, "广西示例行政审批局")
	status, key, errs := run(t, "key", "add", "--config", d.config, "--caller", "clerk", "--office", sealingOffice, "--may", "seal.use")
	if status != exitOK {
		t.Fatal(errs)
	}
	dir := t.TempDir()
	d.keys["clerk"] = filepath.Join(dir, "clerk.key")
	if err := os.WriteFile(d.keys["clerk"], []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	b := pdf.New(pdf.Info{Title: "示例批复"})
	for range 2 {
		b.AddPage(210, 297)
		b.Text(120, 230, 14, "审批机关（盖章）", pdf.TextStyle{})
	}
	content, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	document = filepath.Join(dir, "示例.pdf")
	if err := os.WriteFile(document, content, 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := d.as("maker", exitOK, "list")
	var seals []struct{ ID string }
	if err := json.Unmarshal([]byte(out), &seals); err != nil || len(seals) != 1 {
		t.Fatalf("%v in %s", err, out)
	}
	return d, seals[0].ID, document
}

// judgedFile judges a sealed file with the house's trust file.
func judgedFile(t *testing.T, config, file string) verify.Report {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var report verify.Report
	p := &program{out: t.Output(), err: t.Output(), now: time.Now, log: slog.New(slog.DiscardHandler)}
	err = withHouse(t.Context(), p, config, func(h *house.House) error {
		signed, err := h.Trust(t.Context())
		if err != nil {
			return err
		}
		trust, err := verify.ParseTrust(signed)
		if err != nil {
			return err
		}
		report = verify.DefaultPolicy().Judge(verify.Read(verify.Input{Document: content}), trust, time.Now())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestADocumentIsSealedByACommand(t *testing.T) {
	d, seal, document := sealingDesk(t)
	sealed := filepath.Join(t.TempDir(), "sealed.pdf")
	out, _ := d.as("clerk", exitOK, "document", "--seal", seal, "--profile", "dual", "--level", "B-LT", "--keyword", "盖章", "--ride", "--matter", "m1", "-o", sealed, document)
	r := judgedFile(t, d.config, sealed)
	if r.Verdict != verify.Valid || len(r.Signatures) != 2 || len(r.Signatures[0].Places) != 3 || !strings.Contains(out, r.Document.String()) {
		t.Errorf("%s with %d signatures; it printed %s", r.Verdict, len(r.Signatures), out)
	}
	if _, errs := d.as("clerk", exitFailed, "document", "--seal", seal, "--keyword", "没有", "--matter", "m1", "-o", sealed, document); !strings.Contains(errs, "SEALING_KEYWORD") {
		t.Errorf("a keyword that is not there: %s", errs)
	}
	if _, errs := d.as("maker", exitFailed, "document", "--seal", seal, "--matter", "m1", "-o", sealed, document); !strings.Contains(errs, "DENIED") {
		t.Errorf("who may not use seals: %s", errs)
	}
	for _, rest := range [][]string{{"--seal", seal, "--matter", "m1", document}, {"--seal", seal, "--matter", "m1", "--at", "1,2", "-o", sealed, document}} {
		if _, errs := d.as("clerk", exitUsage, "document", rest...); errs == "" {
			t.Errorf("%v says nothing", rest)
		}
	}
}

func TestADocumentIsSealedRemotelyByACommand(t *testing.T) {
	d, seal, document := sealingDesk(t)
	sealed := filepath.Join(t.TempDir(), "sealed.pdf")
	p := &program{out: t.Output(), err: t.Output(), now: time.Now, log: slog.New(slog.DiscardHandler)}
	err := withHouse(t.Context(), p, d.config, func(h *house.House) error {
		handler, err := h.Handler()
		if err != nil {
			return err
		}
		server := httptest.NewServer(handler)
		defer server.Close()
		args := []string{"seal", "remote", document, "--server", server.URL, "--key-file", d.keys["clerk"], "--seal", seal, "--at", "2,120,200", "--matter", "m1", "-o", sealed}
		if status, _, errs := run(t, args...); status != exitOK {
			t.Errorf("status %d: %s", status, errs)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(sealed)
	if err != nil || !bytes.HasPrefix(after, before) {
		t.Fatalf("the document was not appended to: %v", err)
	}
	r := judgedFile(t, d.config, sealed)
	if r.Verdict != verify.Valid || len(r.Signatures) != 1 || len(r.Signatures[0].Places) != 1 || r.Signatures[0].Places[0].Page != 2 {
		t.Errorf("%s with signatures %+v", r.Verdict, r.Signatures)
	}
}
