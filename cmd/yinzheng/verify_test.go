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

	"yinzheng/internal/house"
	"yinzheng/internal/httpapi"
	"yinzheng/internal/verdict/verdicttest"
	"yinzheng/sealing"
	"yinzheng/verify"
)

func TestOperatorJudgesADocumentAndKeepsTheReportInThreeForms(t *testing.T) {
	const office = "11450000MB0000000G"
	d, dir := newDesk(t), t.TempDir()
	makeSeal(t, d.config, office, "广西示例行政审批局")
	status, key, errs := run(t, "key", "add", "--config", d.config, "--caller", "clerk", "--office", office, "--may", "seal.use")
	if status != exitOK {
		t.Fatal(errs)
	}
	file := func(name string) string { return filepath.Join(dir, name) }
	unsigned, err := verdicttest.Document()
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"key": []byte(key), "in.pdf": unsigned} {
		if err := os.WriteFile(file(name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	seal := sealOf(t, d.config, office)
	status, out, errs := run(t, "verify", "--config", d.config, "--operator", file("key"), "--seal", seal, "--matter", "reports",
		"--html", file("r.html"), "--pdf", file("r.pdf"), "--report-json", file("r.json"), file("in.pdf"))
	if status != exitFailed || !strings.Contains(out, "document") || !strings.Contains(errs, "not proved valid") {
		t.Fatalf("%d %s %s", status, out, errs)
	}
	data, err := os.ReadFile(file("r.json"))
	if err != nil {
		t.Fatal(err)
	}
	var b httpapi.ReportBody
	if err := json.Unmarshal(data, &b); err != nil || b.Verdict == verify.Valid.String() || b.Kind != verify.KindDocument {
		t.Errorf("%v %s", err, data)
	}
	if page, err := os.ReadFile(file("r.html")); err != nil || !bytes.Contains(page, []byte("</html>")) || !bytes.Contains(page, []byte(b.Document)) {
		t.Errorf("%v %.200s", err, page)
	}
	status, out, errs = run(t, "verify", "--config", d.config, file("r.pdf"))
	if status != exitOK || !strings.HasPrefix(out, "valid") || !strings.Contains(out, "1 valid") || !strings.Contains(out, "proved by its timestamp") {
		t.Errorf("the report itself: %d %s %s", status, out, errs)
	}
	if status, _, errs := run(t, "verify", "--config", d.config, "--pdf", file("n.pdf"), file("in.pdf")); status != exitFailed || !strings.Contains(errs, "REPORT_SEAL") {
		t.Errorf("without a seal: %d %s", status, errs)
	}
	if status, _, _ := run(t, "verify", "--config", d.config, "--seal", seal, file("in.pdf")); status != exitUsage {
		t.Errorf("a seal by nobody: %d", status)
	}
}

// sealOf finds the seal of an office.
func sealOf(t *testing.T, config, office string) (id string) {
	t.Helper()
	p := &program{out: t.Output(), err: t.Output(), now: time.Now, log: slog.New(slog.DiscardHandler)}
	err := withHouse(t.Context(), p, config, func(h *house.House) error {
		all, err := h.DB.Seals(t.Context(), sealing.Query{Office: office})
		if err == nil && len(all) > 0 {
			id = all[0].ID
		}
		return err
	})
	if err != nil || id == "" {
		t.Fatalf("%q %v", id, err)
	}
	return id
}
