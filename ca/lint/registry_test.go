package lint_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"yinzheng/ca/lint"
)

var update = flag.Bool("update", false, "write docs/lints.md")

const lintsFile = "../../docs/lints.md"

func TestEveryLintIsDescribed(t *testing.T) {
	all := lint.All()
	names := map[string]bool{}
	for _, l := range all {
		if l.Name == "" || l.Clause == "" || l.About == "" || l.Applies == nil || l.Check == nil {
			t.Errorf("lint %+v is not complete", l.Name)
		}
		if l.Severity < lint.Notice || l.Severity > lint.Error {
			t.Errorf("%s: %s", l.Name, l.Severity)
		}
		if names[l.Name] {
			t.Errorf("two lints %s", l.Name)
		}
		names[l.Name] = true
	}
	if !slices.IsSortedFunc(all, func(a, b lint.Lint) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("lints are not in the order of their names")
	}
}

// TestOneLintAFile reads the package: every function that makes a Lint stands alone in a file of that lint's name, and is
// registered.
func TestOneLintAFile(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var made []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && makesLint(f) {
				n++
			}
		}
		if n > 1 {
			t.Errorf("%s holds %d lints", name, n)
		}
		if n == 1 {
			made = append(made, strings.TrimSuffix(name, ".go"))
		}
	}
	var registered []string
	for _, l := range lint.All() {
		registered = append(registered, l.Name)
	}
	slices.Sort(made)
	if !slices.Equal(made, registered) {
		t.Errorf("files %v\nregistered %v", made, registered)
	}
}

// makesLint reports whether a function takes nothing and returns one Lint.
func makesLint(f *ast.FuncDecl) bool {
	if f.Recv != nil || len(f.Type.Params.List) != 0 || f.Type.Results == nil || len(f.Type.Results.List) != 1 {
		return false
	}
	id, ok := f.Type.Results.List[0].Type.(*ast.Ident)
	return ok && id.Name == "Lint"
}

// TestTheListOfLintsIsTheLintsThereAre keeps docs/lints.md equal to what it is made from.
func TestTheListOfLintsIsTheLintsThereAre(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("# Lints\n\nMade from the lints in the code: `go test ./ca/lint -update`.\n\n" +
		"Every certificate is first made under a throw-away key and judged by these rules. One finding of severity error and the\n" +
		"certificate is never signed.\n\n## SM2 certificates\n\n| lint | severity | clause | what it demands |\n|---|---|---|---|\n")
	for _, l := range lint.All() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", l.Name, l.Severity, l.Clause, l.About)
	}
	b.WriteString("\n## ECDSA certificates\n\nzlint's lints, of these sources; those of browsers, of the CA/Browser Forum and of European\n" +
		"law bind other authorities than a private one. A warning passes.\n\n| source | lints |\n|---|---|\n")
	registry, err := lint.Registry()
	if err != nil {
		t.Fatal(err)
	}
	sources := registry.Sources()
	slices.Sort(sources)
	for _, s := range slices.Compact(sources) {
		fmt.Fprintf(&b, "| %s | %d |\n", s, len(registry.CertificateLints().BySource(s)))
	}
	if *update {
		if err := os.WriteFile(lintsFile, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(lintsFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, b.Bytes()) {
		t.Error("docs/lints.md is not what the lints say; write it with: go test ./ca/lint -update")
	}
}
