// Package archtest holds the rules of the house that a compiler does not know. It reads the sources itself: a test that asked
// the go command would be cached and miss a change.
package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
)

const root = "../.."

// may is the import table: what each package of ours may import of ours. A package that is not here fails the test.
var may = map[string][]string{
	// formats: bytes in, values out
	"internal/gm":       {},
	"internal/der":      {},
	"internal/codes":    {},
	"internal/merkle":   {"internal/gm"},
	"internal/receipt":  {"internal/gm", "internal/merkle"},
	"internal/cms":      {"internal/der", "internal/gm"},
	"internal/tsp":      {"internal/cms", "internal/der", "internal/gm"},
	"internal/ses":      {"internal/der", "internal/gm"},
	"internal/pdf":      {"internal/gm"},
	"internal/qr":       {},
	"internal/durable":  {},
	"internal/ocsp":     {"internal/der", "internal/gm"},
	"internal/chain":    {"internal/der", "internal/gm"},
	"internal/clock":    {},
	"internal/midstate": {"internal/gm"},

	// any PDF
	"internal/pdf/cos":       {},
	"internal/pdf/signature": {"internal/gm", "internal/midstate", "internal/pdf", "internal/pdf/cos"},
	"internal/pdf/changes":   {"internal/pdf/cos", "internal/pdf/signature"},
	"internal/pdf/increment": {"internal/gm", "internal/midstate", "internal/pdf", "internal/pdf/cos", "internal/pdf/signature"},
	"internal/verdict":       {"internal/gm", "internal/page", "internal/pdf", "internal/web/text", "verify"},
	"internal/page":          {"internal/pdf"},

	// judgement
	"verify":            {"internal/chain", "internal/cms", "internal/codes", "internal/der", "internal/gm", "internal/midstate", "internal/ocsp", "internal/pdf", "internal/pdf/changes", "internal/pdf/cos", "internal/pdf/signature", "internal/receipt", "internal/ses", "internal/tsp"},
	"verify/completion": {"internal/audit", "internal/auth", "internal/gm", "internal/receipt", "verify"},
	"internal/web/text": {"verify"},
	"internal/auth":     {"internal/gm"},
	"internal/audit":    {"internal/gm"},

	// services
	"ca":                       {"ca/lint", "internal/auth", "internal/clock", "internal/codes", "internal/der", "internal/durable", "internal/gm", "internal/keys"},
	"ca/lint":                  {"internal/codes", "internal/der", "internal/gm"},
	"ca/ceremony":              {"ca", "ca/lint", "internal/der", "internal/durable", "internal/gm"},
	"ca/revocation":            {"ca", "internal/der", "internal/gm", "internal/ocsp"},
	"ca/revocation/front":      {"ca/revocation", "internal/ocsp", "internal/gm"},
	"ca/tsa":                   {"internal/clock", "internal/der", "internal/durable", "internal/gm", "internal/tsp"},
	"ca/operate":               {"ca", "internal/audit", "internal/auth", "internal/foureyes", "internal/gm", "internal/keys"},
	"ca/enrol":                 {"internal/durable"},
	"internal/foureyes":        {"internal/audit", "internal/auth", "internal/gm"},
	"sealing":                  {"internal/audit", "internal/auth", "internal/cms", "internal/codes", "internal/foureyes", "internal/gm", "internal/midstate", "internal/pdf", "internal/pdf/cos", "internal/pdf/increment", "internal/pdf/signature", "internal/ses", "internal/tsp", "verify"},
	"sealing/intake":           {"internal/pdf", "internal/pdf/cos", "sealing/intake/worker"},
	"sealing/intake/worker":    {},
	"sealing/desk":             {"internal/gm", "internal/midstate", "internal/pdf/cos", "internal/pdf/increment", "sealing", "sealing/intake"},
	"archive":                  {"internal/gm", "verify"},
	"licences":                 {"archive", "internal/audit", "internal/auth", "internal/codes", "internal/gm", "internal/pdf", "internal/qr", "internal/receipt", "sealing", "verify"},
	"internal/ledger":          {"internal/gm", "internal/merkle", "internal/receipt"},
	"internal/ledger/embedded": {"internal/ledger", "internal/receipt"},

	// drivers and adapters
	"internal/keys":        {"internal/durable", "internal/gm"},
	"internal/keys/token":  {"internal/gm", "internal/keys"},
	"internal/keys/remote": {"internal/gm", "internal/keys"},
	"internal/pki":         {"ca/revocation", "internal/auth", "internal/gm"},
	"internal/blob":        {"archive", "internal/durable", "internal/gm", "internal/midstate"},
	"internal/store":       {"archive", "ca", "internal/audit", "internal/auth", "internal/foureyes", "internal/gm", "internal/ledger", "internal/midstate", "internal/receipt", "internal/store/sq", "licences", "sealing", "sealing/desk", "verify", "verify/completion"},
	"internal/store/sq":    {},
	"internal/httpapi":     {"archive", "ca", "ca/operate", "internal/auth", "internal/clock", "internal/codes", "internal/foureyes", "internal/gm", "internal/keys", "internal/ledger", "internal/midstate", "internal/qr", "internal/receipt", "internal/verdict", "internal/web/text", "licences", "sealing", "sealing/desk", "sealing/intake", "verify", "verify/completion"},
	"internal/web":         {"internal/gm", "internal/page", "internal/qr", "internal/verdict", "internal/web/text", "licences", "sealing", "verify"},
}

// anything may be imported by the programs that wire the house, and by packages that only tests use.
func wires(pkg string) bool {
	return pkg == "cmd/yinzheng" || pkg == "cmd/yzbench" || pkg == "internal/house" || strings.HasSuffix(pkg, "test")
}

// offline is all that the verifier's program may reach, directly or not.
var offline = []string{"verify", "internal/web/text", "verify/completion"}

type file struct {
	name    string
	pkg     string
	test    bool
	lines   int
	imports []string
	syntax  *ast.File
}

func sources(t *testing.T) []file {
	t.Helper()
	var files []file
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." && name != root || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		syntax, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		f := file{name: filepath.ToSlash(rel), pkg: path.Dir(filepath.ToSlash(rel)), test: strings.HasSuffix(name, "_test.go"), syntax: syntax}
		f.lines = fset.Position(syntax.End()).Line
		for _, spec := range syntax.Imports {
			f.imports = append(f.imports, strings.Trim(spec.Path.Value, `"`))
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 50 {
		t.Fatalf("found %d Go files: the walk is wrong", len(files))
	}
	return files
}

func TestImportsFollowTheTable(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || wires(f.pkg) || f.pkg == "internal/archtest" || strings.HasPrefix(f.pkg, "tools/") {
			continue
		}
		allowed, known := may[f.pkg]
		if f.pkg == "cmd/yzverify" {
			allowed, known = append(slices.Clone(offline), "internal/gm", "internal/receipt"), true
		}
		if !known {
			t.Errorf("%s: package %s is not in the import table", f.name, f.pkg)
			continue
		}
		for _, imported := range f.imports {
			if ours, is := strings.CutPrefix(imported, "yinzheng/"); is && !slices.Contains(allowed, ours) {
				t.Errorf("%s: %s may not import %s", f.name, f.pkg, ours)
			}
		}
	}
}

// doors names the only packages that may import a library: one way through for each.
var doors = map[string][]string{
	"github.com/emmansun/gmsm":      {"internal/gm"},
	"github.com/tjfoc/gmsm":         {"internal/gm"},
	"github.com/cloudflare/cfssl":   {"ca", "ca/enrol", "ca/revocation/front"},
	"github.com/zmap/zlint":         {"ca/lint"},
	"github.com/cloudflare/circl":   {"ca/ceremony"},
	"github.com/miekg/pkcs11":       {"internal/keys/token"},
	"database/sql":                  {"ca", "internal/store", "internal/store/sq"}, // certdb's records have its types
	"modernc.org/sqlite":            {"internal/store"},
	"github.com/jackc/pgx":          {"internal/store"},
	"github.com/transparency-dev":   {"internal/ledger/embedded", "internal/receipt"},
	"github.com/danielgtaylor/huma": {"internal/httpapi"},
	"html/template":                 {"internal/web"},
}

func TestLibrariesComeThroughOneDoor(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || strings.HasSuffix(f.pkg, "test") || f.pkg == "cmd/yzbench" || strings.HasPrefix(f.pkg, "tools/") {
			continue
		}
		for _, imported := range f.imports {
			for library, users := range doors {
				if (imported == library || strings.HasPrefix(imported, library+"/")) && !slices.Contains(users, f.pkg) {
					t.Errorf("%s imports %s, which only %v may", f.name, imported, users)
				}
			}
		}
	}
}

// TestNoHTTPBelowTheAdapters keeps the domain free of the network.
func TestNoHTTPBelowTheAdapters(t *testing.T) {
	// ca names a type of net/http in cfssl's interface and hands out cfssl's handler; it listens to nothing.
	adapters := []string{"ca", "ca/enrol", "ca/revocation/front", "internal/keys/remote", "internal/pki", "internal/httpapi", "internal/web", "internal/ledger/embedded", "internal/house", "cmd/yinzheng", "cmd/yzbench"}
	for _, f := range sources(t) {
		if f.test || strings.HasSuffix(f.pkg, "test") || slices.Contains(adapters, f.pkg) {
			continue
		}
		for _, imported := range f.imports {
			if imported == "net/http" || imported == "net" {
				t.Errorf("%s imports %s", f.name, imported)
			}
		}
	}
}

// TestDomainTakesTimeFromOutside finds clocks read where one is to be given.
func TestDomainTakesTimeFromOutside(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || strings.HasSuffix(f.pkg, "test") || strings.HasPrefix(f.pkg, "cmd/") || strings.HasPrefix(f.pkg, "tools/") {
			continue
		}
		if f.pkg == "internal/keys/remote" { // deadlines of connections are the operating system's
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			call, isCall := n.(*ast.CallExpr)
			if !isCall {
				return true
			}
			if sel, isSel := call.Fun.(*ast.SelectorExpr); isSel && sel.Sel.Name == "Now" {
				if pkg, isName := sel.X.(*ast.Ident); isName && pkg.Name == "time" {
					t.Errorf("%s calls time.Now", f.name)
				}
			}
			return true
		})
	}
}

// TestChineseSentencesLiveInWeb finds text for people below the pages: a label or a file name may be Chinese, a sentence
// (Chinese punctuation that ends or divides one) may not.
func TestChineseSentencesLiveInWeb(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || strings.HasSuffix(f.pkg, "test") || strings.HasPrefix(f.pkg, "internal/web") || strings.HasPrefix(f.pkg, "cmd/") {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			lit, isLit := n.(*ast.BasicLit)
			if isLit && lit.Kind == token.STRING && strings.ContainsAny(lit.Value, "。！？；") && strings.ContainsFunc(lit.Value, isHan) {
				t.Errorf("%s has a Chinese sentence: %s", f.name, lit.Value)
			}
			return true
		})
	}
}

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }

// TestNothingHappensOnImport finds init functions.
func TestNothingHappensOnImport(t *testing.T) {
	for _, f := range sources(t) {
		for _, decl := range f.syntax.Decls {
			if fn, isFunc := decl.(*ast.FuncDecl); isFunc && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s has an init function", f.name)
			}
		}
	}
}

// TestFilesCanBeHeldInTheHead refuses sources of over 600 lines; 400 is where one looks again.
func TestFilesCanBeHeldInTheHead(t *testing.T) {
	const most = 600
	for _, f := range sources(t) {
		if f.lines > most && !strings.HasPrefix(f.pkg, "internal/store/sq") { // generated
			t.Errorf("%s has %d lines", f.name, f.lines)
		}
	}
}
