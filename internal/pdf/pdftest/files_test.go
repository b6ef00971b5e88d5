package pdftest_test

import (
	"os"
	"path/filepath"
	"testing"

	"yinzheng/internal/pdf/pdftest"
)

func TestFilesHaveDifferentNames(t *testing.T) {
	seen := map[string]bool{}
	files := pdftest.Files()
	if len(files) < 20 {
		t.Errorf("%d files", len(files))
	}
	for _, f := range files {
		if seen[f.Name] {
			t.Errorf("two files are called %s", f.Name)
		}
		seen[f.Name] = true
		if d := os.Getenv("DUMP"); d != "" {
			os.WriteFile(filepath.Join(d, f.Name+".pdf"), f.Bytes, 0o644)
		}
	}
}
