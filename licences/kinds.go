package licences

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"sort"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Limits on a catalogue.
const (
	MaxKindFile = 256 << 10 // bytes of one kind's file: five thousand issuers take 100 KB
	maxKinds    = 2000      // kinds in one catalogue: the national list has under a thousand
)

// schemaFile is the JSON Schema of the kinds' files, beside the built-in kinds.
const schemaFile = "kind.schema.json"

//go:embed kinds/*.json
var builtin embed.FS

// KindFault is one mistake in a kind's file.
type KindFault struct {
	File    string
	Pointer string // JSON pointer into the file, "" for the whole
	What    string
}

// KindFaults is every mistake found in a folder of kinds.
type KindFaults []KindFault

// Error lists every mistake, one a line.
func (f KindFaults) Error() string {
	var b strings.Builder
	b.WriteString("licences: kinds are wrong")
	for _, one := range f {
		fmt.Fprintf(&b, "\n%s%s: %s", one.File, one.Pointer, one.What)
	}
	return b.String()
}

// Catalogue is a set of kinds. It does not change.
type Catalogue struct {
	kinds  []*Kind
	byCode map[string]*Kind
}

// Kind returns a kind by its 证照类型代码.
func (c *Catalogue) Kind(code string) (*Kind, bool) {
	k, known := c.byCode[code]
	return k, known
}

// All returns the kinds in the order of their codes.
func (c *Catalogue) All() []*Kind { return append([]*Kind(nil), c.kinds...) }

// Builtin returns the kinds that come with the program.
func Builtin() (*Catalogue, error) {
	files, err := fs.Sub(builtin, "kinds")
	if err != nil {
		return nil, fmt.Errorf("opening built-in kinds: %w", err)
	}
	return LoadKinds(files)
}

// LoadKinds reads every *.json file of a folder, without those below it. Either all are right or the error is a KindFaults
// with every mistake of every file. An example in a file is itself checked against the kind.
func LoadKinds(folder fs.FS) (*Catalogue, error) {
	form, err := kindForm()
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(folder, "*.json")
	if err != nil {
		return nil, fmt.Errorf("listing kinds: %w", err)
	}
	if len(names) > maxKinds {
		return nil, fmt.Errorf("listing kinds: %d files, more than %d", len(names), maxKinds)
	}
	sort.Strings(names)
	c := &Catalogue{byCode: make(map[string]*Kind)}
	var faults KindFaults
	from := make(map[string]string)
	for _, name := range names {
		if path.Base(name) == schemaFile {
			continue
		}
		b, err := readFile(folder, name)
		if err != nil {
			return nil, err
		}
		k, found := parseKind(form, name, b)
		if len(found) > 0 {
			faults = append(faults, found...)
			continue
		}
		if other, taken := from[k.Code]; taken {
			faults = append(faults, KindFault{name, "/code", "the code is also in " + other})
			continue
		}
		from[k.Code] = name
		c.byCode[k.Code] = k
		c.kinds = append(c.kinds, k)
	}
	if len(faults) > 0 {
		return nil, faults
	}
	if len(c.kinds) == 0 {
		return nil, KindFaults{{What: "there is no kind"}}
	}
	sort.Slice(c.kinds, func(i, j int) bool { return c.kinds[i].Code < c.kinds[j].Code })
	return c, nil
}

// kindForm compiles the schema of kinds' files.
func kindForm() (*jsonschema.Schema, error) {
	b, err := builtin.ReadFile("kinds/" + schemaFile)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", schemaFile, err)
	}
	document, err := readStrict(b, maxKindDepth)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", schemaFile, err)
	}
	return compile(schemaFile, document)
}

// readFile reads at most MaxKindFile bytes.
func readFile(folder fs.FS, name string) ([]byte, error) {
	f, err := folder.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening kind: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(f, MaxKindFile+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("reading kind %s: %w", name, err)
	}
	if len(b) > MaxKindFile {
		return nil, KindFaults{{name, "", fmt.Sprintf("more than %d bytes", MaxKindFile)}}
	}
	return b, nil
}
