package store

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestGeneratedCodeIsThatOfTheQueries compares the texts: sqlc keeps every query as it is but for an expanded '*'.
func TestGeneratedCodeIsThatOfTheQueries(t *testing.T) {
	written, generated := queryTexts(t, "queries/*.sql", ";"), queryTexts(t, "sq/*.sql.go", "`")
	if len(written) != len(generated) {
		t.Errorf("%d queries, %d generated functions: run go generate", len(written), len(generated))
	}
	columns := regexp.MustCompile(`(SELECT|RETURNING) [a-z_0-9, ]+( FROM|$)`)
	for query, text := range written {
		got := generated[query]
		if strings.Contains(text, "*") {
			got = columns.ReplaceAllString(got, "$1 *$2")
		}
		if got != text {
			t.Errorf("query %s: run go generate\nwritten:   %s\ngenerated: %s", query, text, got)
		}
	}
}

// queryTexts returns every query of some files by its line of name, with one space between words, up to an end mark.
func queryTexts(t *testing.T, pattern, end string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	name, texts := regexp.MustCompile(`-- name: \w+ :\w+\n`), map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range name.FindAllIndex(b, -1) {
			text, _, _ := strings.Cut(string(b[at[1]:]), end)
			texts[strings.TrimSpace(string(b[at[0]:at[1]]))] = strings.Join(strings.Fields(text), " ")
		}
	}
	return texts
}
