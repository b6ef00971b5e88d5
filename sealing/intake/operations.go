package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"yinzheng/internal/pdf"
	"yinzheng/sealing/intake/worker"
)

// Normalise returns the document as one clean revision.
func (i *Intake) Normalise(ctx context.Context, in io.Reader, o Options) (*Result, error) {
	return i.make(ctx, []io.Reader{in}, screened, worker.Request{Op: worker.OpNormalise, Password: o.Password, Drop: o.DropAttachments})
}

// Copy returns the document as one clean revision with a watermark on every page, part of the page and no layer. A text with a
// character that the font lacks is ErrUnsupported.
func (i *Intake) Copy(ctx context.Context, in io.Reader, w Watermark, o Options) (*Result, error) {
	overlay, sheet, err := w.sheet()
	if err != nil {
		return nil, err
	}
	q := worker.Request{Op: worker.OpCopy, Password: o.Password, Drop: o.DropAttachments, Overlay: overlay}
	return i.make(ctx, []io.Reader{in, sheet}, firstScreened, q)
}

// Merge returns one document of the pages of several, in order; at most 100. None of them may be encrypted.
func (i *Intake) Merge(ctx context.Context, in []io.Reader, o Options) (*Result, error) {
	return i.make(ctx, in, screened, worker.Request{Op: worker.OpMerge, Drop: o.DropAttachments})
}

// FromImages returns a document with a page of A4, upright or across, for every image: PNG, JPEG or TIFF, which may hold several; at
// most 100 files. Images keep their resolution and fill the page as far as their shape allows.
func (i *Intake) FromImages(ctx context.Context, in []io.Reader) (*Result, error) {
	return i.make(ctx, in, unscreened, worker.Request{Op: worker.OpImages})
}

// Attach returns the document as one clean revision with further files in it.
func (i *Intake) Attach(ctx context.Context, in io.Reader, files []Attachment, o Options) (*Result, error) {
	q := worker.Request{Op: worker.OpAttach, Password: o.Password, Drop: o.DropAttachments}
	inputs := []io.Reader{in}
	names := map[string]bool{}
	for _, f := range files {
		if !named(f.Name) || names[f.Name] || f.Data == nil || f.Modified.IsZero() || len(f.Description) > maxDescription {
			return nil, refuse(ErrRequest, "attachment %q: a name without slashes used once, a date, data, and a description of at most %d bytes", f.Name, maxDescription)
		}
		names[f.Name] = true
		q.Attachments = append(q.Attachments, worker.Attachment{Name: f.Name, Description: f.Description, Modified: f.Modified})
		inputs = append(inputs, f.Data)
	}
	return i.make(ctx, inputs, firstScreened, q)
}

const maxDescription = 400 // bytes; it is shown in one line

func named(s string) bool {
	return s != "" && len(s) <= 255 && utf8.ValidString(s) && s != "." && s != ".." &&
		!strings.ContainsFunc(s, func(r rune) bool { return r == '/' || r == '\\' || unicode.IsControl(r) })
}

// Attachments lists the embedded files; the document may be signed. What the list says is the file's claim.
func (i *Intake) Attachments(ctx context.Context, in io.Reader, o Options) ([]Attachment, error) {
	j, err := i.begin(ctx, []io.Reader{in})
	if err != nil {
		return nil, err
	}
	defer j.end()
	if err := j.screen(ctx, reading, o.Password != ""); err != nil {
		return nil, err
	}
	a, err := j.ask(ctx, worker.Request{Op: worker.OpAttachments, Password: o.Password})
	if err != nil {
		return nil, err
	}
	var list []Attachment
	for _, f := range a.Attachments {
		list = append(list, Attachment{Name: f.Name, Description: f.Description, Modified: f.Modified})
	}
	return list, nil
}

// Extract returns one embedded file, as it is; the document may be signed. Nothing is known of what is in it. Errors:
// ErrNoAttachment besides those of every operation.
func (i *Intake) Extract(ctx context.Context, in io.Reader, name string, o Options) (*Result, error) {
	j, err := i.begin(ctx, []io.Reader{in})
	if err != nil {
		return nil, err
	}
	defer j.end()
	if err := j.screen(ctx, reading, o.Password != ""); err != nil {
		return nil, err
	}
	if _, err := j.ask(ctx, worker.Request{Op: worker.OpExtract, Password: o.Password, Name: name}); err != nil {
		return nil, err
	}
	return j.result(Report{})
}

// make runs one operation that ends in a clean document.
func (i *Intake) make(ctx context.Context, in []io.Reader, s screening, q worker.Request) (*Result, error) {
	j, err := i.begin(ctx, in)
	if err != nil {
		return nil, err
	}
	defer j.end()
	if err := j.screen(ctx, s, q.Password != ""); err != nil {
		return nil, err
	}
	a, err := j.ask(ctx, q)
	if err != nil {
		return nil, err
	}
	if err := j.settle(ctx); err != nil {
		return nil, fmt.Errorf("intake: settling the result: %w", err)
	}
	if err := j.check(ctx, a.Pages); err != nil {
		return nil, fmt.Errorf("intake: looking at the result: %w", err)
	}
	return j.result(Report{Pages: a.Pages, Findings: append(j.findings, a.Findings...)})
}

// Bounds of a watermark's text: more could not be read.
const (
	maxLines = 10
	maxLine  = 80 // characters
)

// sheet draws the watermark as a document of one page, as large as the text.
func (w Watermark) sheet() (*worker.Overlay, io.Reader, error) {
	o := &worker.Overlay{Opacity: w.Opacity, Rotation: w.Rotation, Scale: w.Scale, Behind: w.Behind}
	if o.Opacity == 0 {
		o.Opacity = 0.25
	}
	switch o.Rotation {
	case 0:
		o.Rotation = 45
	case 360:
		o.Rotation = 0
	}
	if o.Scale == 0 {
		o.Scale = 0.8
	}
	lines := strings.Split(w.Text, "\n")
	if strings.TrimSpace(w.Text) == "" || len(lines) > maxLines || !(o.Opacity > 0 && o.Opacity <= 1) || !(o.Scale > 0 && o.Scale <= 1) || !(o.Rotation >= -180 && o.Rotation <= 180) {
		return nil, nil, refuse(ErrRequest, "a watermark has 1 to %d lines, opacity and scale up to 1, and turns by at most 180 degrees", maxLines)
	}
	font, err := pdf.Serif()
	if err != nil {
		return nil, nil, fmt.Errorf("intake: reading the font of watermarks: %w", err)
	}
	const size = 48 // points; the page is scaled anyway
	width := 0.0
	for _, l := range lines {
		if utf8.RuneCountInString(l) > maxLine {
			return nil, nil, refuse(ErrRequest, "a line of a watermark has at most %d characters", maxLine)
		}
		width = max(width, font.Width(size, l))
	}
	const high = 1.4 * size * pdf.MMPerPoint // of a line
	width = (width + size) * pdf.MMPerPoint
	b := pdf.New(pdf.Info{Title: "watermark"})
	b.AddPage(width, high*float64(len(lines)))
	for n, l := range lines {
		b.Text(width/2, high*(float64(n)+0.75), size, l, pdf.TextStyle{Align: pdf.Center, Color: pdf.Color{R: 96, G: 96, B: 96}})
	}
	out, err := b.Bytes()
	if errors.Is(err, pdf.ErrGlyph) {
		return nil, nil, refuse(ErrUnsupported, "%v", err)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("intake: drawing a watermark: %w", err)
	}
	return o, strings.NewReader(string(out)), nil
}
