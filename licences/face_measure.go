package licences

// block is the body at one size.
type block struct {
	size       float64
	paragraphs [][]string // lines
	rows       []rowBlock
	notes      [][]string
}

// rowBlock is one measured row.
type rowBlock struct {
	cells  []cellBlock
	height float64
	weight float64
}

// cellBlock is one measured cell, mm.
type cellBlock struct {
	x, width, labelWidth float64
	label, value         []string
	labelSize            float64 // points
}

func (b block) proseSize() float64 {
	if len(b.rows) == 0 {
		return b.size
	}
	return b.size - 0.5
}

func (b block) proseLine() float64 { return b.proseSize() * mmPerPoint * lineProse }

// prose is the height of the paragraphs with the gap below them.
func (b block) prose() float64 {
	h := 0.0
	for _, lines := range b.paragraphs {
		h += float64(len(lines)) * b.proseLine()
	}
	if h > 0 {
		h += 3
	}
	return h
}

func (b block) height() float64 {
	h := b.prose()
	for _, r := range b.rows {
		h += r.height
	}
	return h + b.notesHeight()
}

func (b block) notesHeight() float64 {
	h := 0.0
	for _, lines := range b.notes {
		h += float64(len(lines)) * noteLine
	}
	if h > 0 {
		h += 2
	}
	return h
}

const (
	noteSize = 8.5
	noteLine = noteSize * mmPerPoint * 1.45
)

func (l *layout) measure(size float64) block {
	f := l.kind.Face
	width := l.g.bodyWidth()
	b := block{size: size}
	for _, row := range f.Rows {
		b.rows = append(b.rows, l.measureRow(row, size, width))
	}
	for _, text := range f.Paragraphs {
		filled := embedded.ReplaceAllStringFunc(text, func(m string) string { return l.v.text(m[1 : len(m)-1]) })
		b.paragraphs = append(b.paragraphs, l.m.wrap(filled, b.proseSize(), width, 2*b.proseSize()*mmPerPoint))
	}
	for _, text := range f.Notes {
		b.notes = append(b.notes, l.m.wrap(text, noteSize, width, 0))
	}
	return b
}

func (l *layout) measureRow(row Row, size, width float64) rowBlock {
	r := rowBlock{weight: row.Weight}
	if r.weight == 0 {
		r.weight = 1
	}
	x, lines := sideMargin, 1
	for i, w := range cellWidths(row, width) {
		c := row.Cells[i]
		cell := cellBlock{x: x, width: w, labelWidth: c.LabelWidth}
		if cell.labelWidth == 0 {
			cell.labelWidth = l.kind.Face.LabelWidth
		}
		value := l.v.text(c.Value)
		if value == "" {
			value = emptyValue
		}
		pad := l.pad()
		cell.label, cell.labelSize = l.m.wrapLabel(c.Label, size*labelScale, cell.labelWidth-2*pad)
		cell.value = l.m.wrap(value, size, w-cell.labelWidth-2*pad, 0)
		lines = max(lines, len(cell.label), len(cell.value))
		r.cells = append(r.cells, cell)
		x += w
	}
	r.height = float64(lines)*size*mmPerPoint*lineRows + 2*cellPad
	return r
}

// labelScale is the size of labels beside that of values.
const labelScale = 0.96

// pad is the space left and right of the text in a cell, mm.
func (l *layout) pad() float64 {
	if l.kind.Face.Style == "grid" {
		return 2.2
	}
	return 0.8
}
