package licences

import (
	"fmt"

	"yinzheng/internal/pdf"
)

// checkGlyphs refuses every character of a printed value that the font lacks, naming it: it is never drawn as a box.
func (k *Kind) checkGlyphs(r *refusals, v values) error {
	font, err := pdf.Serif()
	if err != nil {
		return fmt.Errorf("opening the font: %w", err)
	}
	l := layout{kind: k}
	for _, name := range k.Face.printed() {
		for _, missing := range font.Missing(v.text(name)) {
			r.add(GlyphMissing, l.pointer(name), "char", string(missing), "code", codePoint(missing))
		}
	}
	return nil
}

// printed lists the values on the face, each once.
func (f Face) printed() []string {
	var names []string
	seen := make(map[string]bool)
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	if f.Number != nil {
		add(f.Number.Value)
	}
	for _, row := range f.Rows {
		for _, c := range row.Cells {
			add(c.Value)
		}
	}
	for _, text := range f.Paragraphs {
		for _, m := range embedded.FindAllStringSubmatch(text, -1) {
			add(m[1])
		}
	}
	for _, name := range []string{"issuer", "issued_on", "identifier"} {
		add(name)
	}
	return names
}

// checkFont finds characters in the face's own texts that the font lacks.
func (f *faults) checkFont(face Face) {
	font, err := pdf.Serif()
	if err != nil {
		f.add("", "%v", err)
		return
	}
	check := func(at, s string) {
		for _, missing := range font.Missing(s) {
			f.add(at, "the font has no glyph for %q (%s)", missing, codePoint(missing))
		}
	}
	check("/face/title", face.Title)
	check("/face/subtitle", face.Subtitle)
	check("/face/issuer_label", face.IssuerLabel)
	check("/face/date_label", face.DateLabel)
	if face.Number != nil {
		check("/face/number/label", face.Number.Label)
	}
	for i, row := range face.Rows {
		for j, c := range row.Cells {
			check(fmt.Sprintf("/face/rows/%d/cells/%d/label", i, j), c.Label)
		}
	}
	for i, text := range face.Paragraphs {
		check(fmt.Sprintf("/face/paragraphs/%d", i), embedded.ReplaceAllString(text, ""))
	}
	for i, text := range face.Notes {
		check(fmt.Sprintf("/face/notes/%d", i), text)
	}
}
