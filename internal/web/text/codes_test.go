package text_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"

	"yinzheng/internal/web/text"
	"yinzheng/verify"
)

var update = flag.Bool("update", false, "write docs/codes.md")

const codesFile = "../../../docs/codes.md"

// TestTheListOfCodesIsTheCodesThereAre keeps docs/codes.md equal to the tables it is made from.
func TestTheListOfCodesIsTheCodesThereAre(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("# Codes\n\nMade from the tables in the code: `go test ./internal/web/text -update`.\n\n" +
		"## Checks of a verdict\n\nEach step of a report has one of these codes and an outcome: pass, warn (noted), unknown (the verdict is at most\n" +
		"indeterminate) or fail (invalid).\n\n| code | 检查 | check | where the rule stands |\n|---|---|---|---|\n")
	for _, c := range verify.Checks() {
		zh, en := text.Check(c.Code)
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", c.Code, zh, en, c.Clause)
	}
	b.WriteString("\n## Refusals of the API\n\n`application/problem+json` with one of these in `code` and in each of `errors`.\n\n| code | 中文 | English |\n|---|---|---|\n")
	codes := text.ProblemCodes()
	slices.Sort(codes)
	for _, code := range codes {
		zh, en := text.Problem(code, nil)
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", code, zh, en)
	}
	if *update {
		if err := os.WriteFile(codesFile, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(codesFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, b.Bytes()) {
		t.Error("docs/codes.md is not what the tables say; write it with: go test ./internal/web/text -update")
	}
}
