package verify

import (
	"fmt"

	"yinzheng/internal/pdf/cos"
)

// Codes of oddities in the page tree, beside those of package cos.
const (
	oddPageTree = "page_tree"     // a node whose /Parent or /Count is not what the tree says: readers count and find pages by either
	oddContents = "page_contents" // a page's content that is not there, or that a reader looks for elsewhere
)

// treePages bounds the nodes of a page tree that are looked at: what a case file with all its annexes has, many times over.
const treePages = 200_000

// pageTree looks for what readers could find differently on their way from the catalogue to the pages (ISO 32000-1, 7.7.3).
type pageTree struct {
	v       cos.View
	visited int
	odd     []OddityEvidence
}

// readPages returns the first oddities of the page tree.
func readPages(v cos.View) ([]OddityEvidence, error) {
	catalog, _, err := v.Catalog()
	if err != nil {
		return nil, err
	}
	root, ok := catalog.Get("Pages").(cos.Ref)
	if !ok {
		return []OddityEvidence{{Code: oddPageTree, What: "/Pages is not a reference"}}, nil
	}
	t := &pageTree{v: v}
	_, err = t.node(root, cos.Ref{}, 0)
	return t.odd, err
}

// note keeps an oddity.
func (t *pageTree) note(code string, r cos.Ref, format string, args ...any) {
	if len(t.odd) < maxKept {
		t.odd = append(t.odd, OddityEvidence{Code: code, Object: refName(r), Revision: t.v.Revision(), What: fmt.Sprintf(format, args...)})
	}
}

// maxTreeDepth bounds nesting; a balanced tree of all pages has five levels.
const maxTreeDepth = 64

// node returns how many pages hang on a node.
func (t *pageTree) node(r, parent cos.Ref, depth int) (pages int64, err error) {
	if t.visited++; t.visited > treePages || depth > maxTreeDepth {
		return 0, fmt.Errorf("walking the page tree: %w", cos.ErrLimit)
	}
	d, ok, err := t.v.Dict(r)
	if err != nil {
		return 0, err
	}
	if !ok {
		t.note(oddPageTree, r, "a node that is no dictionary")
		return 0, nil
	}
	if up := d.Get("Parent"); parent == (cos.Ref{}) && up != nil || parent != (cos.Ref{}) && up != cos.Value(parent) {
		t.note(oddPageTree, r, "/Parent is not the node that it hangs on")
	}
	if d.Get("Type") != cos.Value(cos.Name("Pages")) {
		return 1, t.contents(r, d.Get("Contents"))
	}
	kids, _, err := t.v.Array(d.Get("Kids"))
	if err != nil {
		return 0, err
	}
	for _, kid := range kids {
		below, isRef := kid.(cos.Ref)
		if !isRef {
			t.note(oddPageTree, r, "a kid that is no reference")
			continue
		}
		n, err := t.node(below, r, depth+1)
		if err != nil {
			return 0, err
		}
		pages += n
	}
	if stated, err := t.v.Resolve(d.Get("Count")); err != nil {
		return 0, err
	} else if stated != cos.Value(cos.Integer(pages)) {
		t.note(oddPageTree, r, "/Count is not %d", pages)
	}
	return pages, nil
}

// contents looks at a page's content: one stream or several, here in the file and not encrypted.
func (t *pageTree) contents(page cos.Ref, value cos.Value) error {
	resolved, err := t.v.Resolve(value)
	if err != nil || value == nil {
		return err
	}
	parts, several := resolved.(cos.Array)
	if !several {
		parts = cos.Array{value}
	}
	for _, part := range parts {
		resolved, err := t.v.Resolve(part)
		if err != nil {
			return err
		}
		s, ok := resolved.(cos.Stream)
		switch {
		case !ok:
			t.note(oddContents, page, "content that is no stream")
		case s.Dict.Get("F") != nil:
			t.note(oddContents, page, "content in another file")
		case filtered(s.Dict.Get("Filter"), "Crypt"):
			t.note(oddContents, page, "content under a filter of its own encryption")
		}
	}
	return nil
}

// filtered reports whether a filter is one of those of a stream, as far as they are direct.
func filtered(value cos.Value, name cos.Name) bool {
	if list, several := value.(cos.Array); several {
		for _, v := range list {
			if v == cos.Value(name) {
				return true
			}
		}
		return false
	}
	return value == cos.Value(name)
}
