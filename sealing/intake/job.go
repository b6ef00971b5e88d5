package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"yinzheng/internal/pdf/cos"
	"yinzheng/sealing/intake/worker"
)

// job is one operation's files, in a folder of their own that nobody else may enter.
type job struct {
	limits   Limits
	config   *Config
	slots    chan struct{}
	folder   string
	inputs   []string
	output   string
	findings []Finding
}

// begin copies the inputs, so that nobody can change them between the looks.
func (i *Intake) begin(ctx context.Context, in []io.Reader) (*job, error) {
	if len(in) == 0 || len(in) > worker.MaxInputs {
		return nil, refuse(ErrRequest, "%d files, at least 1 and at most %d", len(in), worker.MaxInputs)
	}
	folder, err := os.MkdirTemp(i.config.Folder, "intake-") // mode 0700
	if err != nil {
		return nil, fmt.Errorf("intake: making a folder: %w", err)
	}
	j := &job{limits: i.config.Limits, config: &i.config, slots: i.slots, folder: folder, output: filepath.Join(folder, "out")}
	left := i.config.Limits.FileBytes
	for n, r := range in {
		name := filepath.Join(folder, "in"+strconv.Itoa(n))
		size, err := keep(ctx, name, r, left)
		if err != nil {
			j.end()
			var refusal *Refusal
			if errors.As(err, &refusal) {
				refusal.Input = n
				return nil, refusal
			}
			return nil, fmt.Errorf("intake: keeping file %d: %w", n, err)
		}
		left -= size
		j.inputs = append(j.inputs, name)
	}
	return j, nil
}

func (j *job) end() {
	_ = os.RemoveAll(j.folder) // a temporary folder; there is nobody to tell
}

// keep copies at most limit bytes.
func keep(ctx context.Context, name string, r io.Reader, limit int64) (int64, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(f, io.LimitReader(&cancelled{ctx, r}, limit+1))
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return 0, err
	}
	if n > limit {
		return 0, refuse(ErrLimit, "files of more than %d bytes", limit)
	}
	return n, nil
}

type cancelled struct {
	ctx context.Context //nolint:containedctx // lives for one copy
	r   io.Reader
}

func (c *cancelled) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// screening says which inputs the strict reader sees before the worker does.
type screening int

const (
	screened      screening = iota // every input is a document to be written anew
	firstScreened                  // the first is; the others are no documents, or our own
	unscreened                     // none is a document
	reading                        // the first is a document that is only read
)

// screen looks at the inputs. Of an encrypted document only the size is known before the worker opens it.
func (j *job) screen(ctx context.Context, s screening, password bool) error {
	for n := range j.inputs {
		if s == unscreened || n > 0 && s != screened {
			break
		}
		if err := j.screenOne(ctx, n, s, password && n == 0); err != nil {
			var r *Refusal
			if errors.As(err, &r) {
				r.Input = n
			}
			return err
		}
	}
	return nil
}

func (j *job) screenOne(ctx context.Context, n int, s screening, password bool) error {
	f, doc, err := j.open(j.inputs[n])
	if errors.Is(err, cos.ErrEncrypted) {
		if password {
			return nil
		}
		return refuse(ErrPassword, "the document is encrypted")
	}
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // opened for reading
	look, err := survey(ctx, doc, j.limits)
	if err != nil {
		return err
	}
	for _, found := range look.findings {
		kind := refused[found.Code]
		if kind == nil || s == reading && errors.Is(kind, ErrSigned) {
			continue
		}
		return &Refusal{Kind: kind, Code: found.Code, Object: found.Object, Page: found.Page, Offset: -1}
	}
	for _, o := range doc.Oddities() {
		if !harmless[o.Code] {
			return &Refusal{Kind: ErrMalformed, Code: o.Code, Object: o.Object.Num, Offset: o.Offset, What: o.What}
		}
		if len(j.findings) < worker.MaxFindings {
			j.findings = append(j.findings, Finding{Code: o.Code, Input: n, Object: o.Object.Num, Detail: o.What})
		}
	}
	if r := len(doc.Revisions()); r > 1 {
		j.findings = append(j.findings, Finding{Code: worker.CodeRevisions, Input: n, Detail: strconv.Itoa(r)})
	}
	return nil
}

// harmless oddities are reported and end with the rewriting: pdfcpu and the strict reader take them alike, as today's readers do.
// Every other one leaves open which document somebody else saw, and is refused.
var harmless = map[string]bool{cos.OddHybrid: true, cos.OddHidden: true, cos.OddSize: true}

// refused are the findings that nobody can take out.
var refused = map[string]error{
	worker.CodeSigned:         ErrSigned,
	worker.CodeXFA:            ErrUnsafe,
	worker.CodeRichMedia:      ErrUnsafe,
	worker.CodeExternalStream: ErrUnsafe,
}

// open reads a document strictly; the file is the caller's to close.
func (j *job) open(name string) (*os.File, *cos.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, fmt.Errorf("intake: opening a kept file: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close() // opened for reading
		return nil, nil, fmt.Errorf("intake: measuring a kept file: %w", err)
	}
	doc, err := cos.Open(f, info.Size(), cos.Limits{FileBytes: j.limits.FileBytes, Objects: j.limits.Objects, Decoded: j.limits.Stream})
	if err != nil {
		_ = f.Close() // opened for reading
		return nil, nil, translate(err)
	}
	return f, doc, nil
}

// translate makes an error of the strict reader one of ours; ErrEncrypted stays.
func translate(err error) error {
	var m *cos.MalformedError
	switch {
	case errors.Is(err, cos.ErrEncrypted):
		return err
	case errors.As(err, &m):
		return &Refusal{Kind: ErrMalformed, Offset: m.Offset, What: m.What}
	case errors.Is(err, cos.ErrLimit):
		return refuse(ErrLimit, "%v", err)
	case errors.Is(err, cos.ErrNotPDF), errors.Is(err, cos.ErrMalformed), errors.Is(err, cos.ErrFilter):
		return refuse(ErrMalformed, "%v", err)
	}
	return fmt.Errorf("intake: reading: %w", err)
}

// check looks strictly at what the worker wrote. What does not pass is its fault or worse, and goes nowhere.
func (j *job) check(ctx context.Context, pages int) error {
	f, doc, err := j.open(j.output)
	if err != nil {
		if errors.Is(err, cos.ErrEncrypted) {
			return refuse(ErrUnsafe, "the result is encrypted")
		}
		return err
	}
	defer f.Close() //nolint:errcheck // opened for reading
	if r := doc.Revisions(); len(r) != 1 || r[0].Streamed || r[0].Hybrid {
		return refuse(ErrMalformed, "the result is not one revision with a classic cross-reference table")
	}
	for _, o := range doc.Oddities() {
		return &Refusal{Kind: ErrMalformed, Code: o.Code, Object: o.Object.Num, Offset: o.Offset, What: o.What}
	}
	look, err := survey(ctx, doc, j.limits)
	if err != nil {
		return err
	}
	for _, found := range look.findings {
		return &Refusal{Kind: ErrUnsafe, Code: found.Code, Object: found.Object, Page: found.Page, Offset: -1, What: "still there after cleaning"}
	}
	if look.unreached != 0 {
		return &Refusal{Kind: ErrUnsafe, Code: worker.CodeUnreachable, Object: look.unreached, Offset: -1, What: "still there after cleaning"}
	}
	if look.pages != pages {
		return refuse(ErrMalformed, "the result has %d pages, pdfcpu counts %d", look.pages, pages)
	}
	return nil
}

// result opens the output and gives up its name.
func (j *job) result(r Report) (*Result, error) {
	f, err := os.Open(j.output)
	if err != nil {
		return nil, fmt.Errorf("intake: opening the result: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close() // opened for reading
		return nil, fmt.Errorf("intake: measuring the result: %w", err)
	}
	r.Bytes = info.Size()
	return &Result{File: f, Report: r}, nil
}
