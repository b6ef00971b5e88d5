package pdftest_test

import (
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
	}
}
