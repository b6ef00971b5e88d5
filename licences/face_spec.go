package licences

import (
	"fmt"
	"regexp"
)

// Face is how a kind's licence looks: one A4 page with an ornamental border, title, number line, paragraphs, rows of label
// and value, the office with the date under the seal at the bottom right, and the QR at the bottom left.
type Face struct {
	Orientation string   `json:"orientation"`  // "portrait" or "landscape"
	Theme       string   `json:"theme"`        // colours: "jade", "gold", "indigo", "rosewood" or "slate"
	Style       string   `json:"style"`        // of the rows: "open" with hairlines (the default) or "grid"
	Title       string   `json:"title"`        //
	Subtitle    string   `json:"subtitle"`     // small, above the title
	Number      *Cell    `json:"number"`       // the line under the title
	LabelWidth  float64  `json:"label_width"`  // mm
	Rows        []Row    `json:"rows"`         //
	Paragraphs  []string `json:"paragraphs"`   // above the rows; {name} stands for a value
	Notes       []string `json:"notes"`        // small print under the rows
	IssuerLabel string   `json:"issuer_label"` // before the office's name, "" for none
	DateLabel   string   `json:"date_label"`   // before the date of issue, "" for none
}

// Row is one line of cells.
type Row struct {
	Cells  []Cell  `json:"cells"`
	Weight float64 `json:"weight"` // share of spare height; 0 means 1
}

// Cell is a label with a value.
type Cell struct {
	Label      string  `json:"label"`
	Value      string  `json:"value"`       // a field, or a name of Text
	LabelWidth float64 `json:"label_width"` // mm; 0 means the face's
	Width      float64 `json:"width"`       // share of the row; 0 means what the others leave
}

// label returns the label that the face prints before a value.
func (f Face) label(name string) (string, bool) {
	for _, row := range f.Rows {
		for _, c := range row.Cells {
			if c.Value == name {
				return c.Label, true
			}
		}
	}
	if f.Number != nil && f.Number.Value == name {
		return f.Number.Label, true
	}
	return "", false
}

// embedded matches the values in a paragraph.
var embedded = regexp.MustCompile(`\{([^{}]*)\}`)

// checkFace finds values that are not there, paragraphs with optional values, and rows without room.
func (f *faults) checkFace(k *Kind) {
	face := k.Face
	if len(face.Rows) == 0 && len(face.Paragraphs) == 0 {
		f.add("/face", "neither rows nor paragraphs")
	}
	if len(face.Rows) > 0 && face.LabelWidth == 0 {
		f.add("/face/label_width", "rows need a width for their labels")
	}
	if face.Number != nil && !k.knows(face.Number.Value) {
		f.add("/face/number/value", "there is no value %s", face.Number.Value)
	}
	for i, row := range face.Rows {
		at := fmt.Sprintf("/face/rows/%d", i)
		for j, c := range row.Cells {
			if !k.knows(c.Value) {
				f.add(fmt.Sprintf("%s/cells/%d/value", at, j), "there is no value %s", c.Value)
			}
		}
		if !roomy(face, row) {
			f.add(at, "a cell has less than %d mm for its value", minValueWidth)
		}
	}
	for i, text := range face.Paragraphs {
		for _, m := range embedded.FindAllStringSubmatch(text, -1) {
			at := fmt.Sprintf("/face/paragraphs/%d", i)
			if field, isField := k.Field(m[1]); !k.knows(m[1]) {
				f.add(at, "there is no value {%s}", m[1])
			} else if isField && !field.Required {
				f.add(at, "the value {%s} is optional", m[1])
			}
		}
	}
	f.checkPrinted(k)
	f.checkFont(face)
}

// checkPrinted finds required fields that the face leaves out: what is certified must be seen.
func (f *faults) checkPrinted(k *Kind) {
	printed := make(map[string]bool)
	for _, row := range k.Face.Rows {
		for _, c := range row.Cells {
			printed[c.Value] = true
		}
	}
	for _, text := range k.Face.Paragraphs {
		for _, m := range embedded.FindAllStringSubmatch(text, -1) {
			printed[m[1]] = true
		}
	}
	for _, field := range k.Fields {
		if field.Required && !printed[field.Name] {
			f.add("/face", "the required field %s is not printed", field.Name)
		}
	}
	if !printed["holder.name"] {
		f.add("/face", "the holder's name is not printed")
	}
}

// roomy says whether every value of a row has room for a few characters.
func roomy(face Face, row Row) bool {
	geometry := pageOf(face.Orientation)
	for i, w := range cellWidths(row, geometry.bodyWidth()) {
		label := row.Cells[i].LabelWidth
		if label == 0 {
			label = face.LabelWidth
		}
		if w-label < minValueWidth {
			return false
		}
	}
	return true
}

// cellWidths shares the width of a row, mm: cells without a width get equal parts of the rest.
func cellWidths(row Row, width float64) []float64 {
	rest, open := 1.0, 0
	for _, c := range row.Cells {
		rest -= c.Width
		if c.Width == 0 {
			open++
		}
	}
	widths := make([]float64, len(row.Cells))
	for i, c := range row.Cells {
		share := c.Width
		if share == 0 {
			share = max(rest, 0) / float64(open)
		}
		widths[i] = share * width
	}
	return widths
}
