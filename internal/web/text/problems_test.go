package text_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
	"unicode"

	"yinzheng/internal/web/text"
)

// refusalCodes reads the codes that the domain refuses with from its sources.
func refusalCodes(t *testing.T) []string {
	t.Helper()
	packages, err := parser.ParseDir(token.NewFileSet(), "../../../licences", nil, 0) //nolint:staticcheck // no build tags there
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, pkg := range packages {
		for name, file := range pkg.Files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if lit, isLit := n.(*ast.BasicLit); isLit && lit.Kind == token.STRING {
					if code := strings.Trim(lit.Value, `"`); strings.Contains(code, "_") && strings.ToUpper(code) == code && !strings.ContainsAny(code, " %+{") {
						codes = append(codes, code)
					}
				}
				return true
			})
		}
	}
	return codes
}

func TestEveryRefusalHasAChineseAndAnEnglishSentence(t *testing.T) {
	codes := refusalCodes(t)
	if len(codes) < 20 {
		t.Fatalf("found %d codes: the search is wrong", len(codes))
	}
	for _, code := range slices.Concat(codes, text.ProblemCodes()) {
		if zh, _ := text.Check(code); zh != code {
			continue // the domain looks at a finding, it does not refuse with it
		}
		zh, en := text.Problem(code, nil)
		if zh == code || en == code || !strings.ContainsFunc(zh, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			t.Errorf("%s has no sentence", code)
		}
	}
}

func TestEveryCheckHasAStage(t *testing.T) {
	for _, code := range []string{"POLICY", "SEAL_FORMAT", "SIGNER_NOT_IN_SEAL", "CONTENT_HASH", "LICENCE_DATA", "RECEIPT_FORMAT"} {
		if zh, en := text.Stage(code); zh == "" || en == "" {
			t.Errorf("%s has no stage", code)
		}
	}
}

func TestEveryPageTextIsInBothLanguages(t *testing.T) {
	for _, key := range text.PageKeys() {
		if text.Page(key, "zh-CN") == "" || text.Page(key, "en") == "" {
			t.Errorf("%s has an empty text", key)
		}
	}
}
