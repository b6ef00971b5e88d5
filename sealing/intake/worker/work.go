package worker

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // the forms of images that are read
	_ "image/png"
	"io"
	"os"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
	_ "golang.org/x/image/tiff" // likewise
)

type work struct {
	q      *Request
	in     []*os.File
	out    *os.File
	answer Answer
}

func (w *work) do() (err error) {
	defer func() {
		if p := recover(); p != nil { // pdfcpu panics over some files
			err = fail(FailMalformed, fmt.Errorf("pdfcpu gave up: %v", p))
		}
	}()
	switch w.q.Op {
	case OpNormalise:
		ctx, err := w.clean(w.in[0], 0)
		if err != nil {
			return err
		}
		return w.write(ctx, w.out)
	case OpCopy:
		return w.copy()
	case OpMerge:
		return w.merge()
	case OpImages:
		return w.images()
	case OpAttach:
		return w.attach()
	case OpAttachments:
		return w.list()
	case OpExtract:
		return w.extract()
	}
	return fail(FailRequest, fmt.Errorf("operation %q is unknown", w.q.Op))
}

// config is pdfcpu's, with the request's limits. Nothing is looked up anywhere.
func (w *work) config(password string) *model.Configuration {
	c := model.NewDefaultConfiguration()
	c.Cmd = model.OPTIMIZE
	c.ValidationMode = model.ValidationRelaxed
	c.WriteObjectStream, c.WriteXRefStream = false, false
	c.OptimizeResourceDicts = false // it judges by content streams it may misread
	c.CreateBookmarks = false
	c.Offline = true
	c.UserPW, c.OwnerPW = password, password
	c.RemoveEncryption = true
	l := w.q.Limits
	c.Limits.MaxStreamBytes, c.Limits.MaxDecodeBytes = l.Stream, l.Stream
	c.Limits.MaxImagePixels, c.Limits.MaxImageBytes = l.Pixels, 4*l.Pixels
	c.Limits.MaxObjectCount, c.Limits.MaxXRefEntries = l.Objects, l.Objects
	c.Limits.MaxObjectStreamCount = min(c.Limits.MaxObjectStreamCount, l.Objects)
	return c
}

// clean reads input number i, takes out what must not come in, and has pdfcpu check and tidy what is left.
func (w *work) clean(r io.ReadSeeker, i int) (*model.Context, error) {
	password := ""
	if i == 0 {
		password = w.q.Password
	}
	return w.prepare(r, password, &scrubber{input: i, note: w.note})
}

func (w *work) note(f Finding) {
	switch n := len(w.answer.Findings); {
	case n < MaxFindings:
		w.answer.Findings = append(w.answer.Findings, f)
	case n == MaxFindings:
		w.answer.Findings = append(w.answer.Findings, Finding{Code: CodeMore})
	}
}

// again cleans what an operation made of clean documents: pdfcpu's own layers go, and nothing is reported twice.
func (w *work) again(b []byte) error {
	ctx, err := w.prepare(bytes.NewReader(b), "", &scrubber{note: func(Finding) {}})
	if err != nil {
		return err
	}
	return w.write(ctx, w.out)
}

func (w *work) prepare(r io.ReadSeeker, password string, s *scrubber) (*model.Context, error) {
	ctx, err := api.ReadContext(r, w.config(password))
	if err != nil {
		return nil, fmt.Errorf("reading: %w", err)
	}
	if ctx.Encrypt != nil {
		s.note(Finding{Code: CodeEncryption, Input: s.input})
	}
	if err := s.scrub(ctx); err != nil {
		return nil, err
	}
	if err := api.ValidateContext(ctx); err != nil {
		return nil, fmt.Errorf("validating: %w", err)
	}
	if err := ctx.EnsurePageCount(); err != nil {
		return nil, fmt.Errorf("counting pages: %w", err)
	}
	if ctx.PageCount > w.q.Limits.Pages {
		return nil, fail(FailLimit, fmt.Errorf("%d pages, at most %d", ctx.PageCount, w.q.Limits.Pages))
	}
	if err := api.OptimizeContext(ctx); err != nil {
		return nil, fmt.Errorf("tidying: %w", err)
	}
	if err := w.embedded(ctx, s); err != nil {
		return nil, err
	}
	return ctx, nil
}

// embedded reports the attachments, and removes them when that was asked for.
func (w *work) embedded(ctx *model.Context, s *scrubber) error {
	list, err := ctx.ListAttachments()
	if err != nil {
		return fmt.Errorf("listing attachments: %w", err)
	}
	code := CodeAttachment
	if w.q.Drop {
		code = CodeAttachmentRemoved
	}
	for _, a := range list {
		s.note(Finding{Code: code, Input: s.input, Detail: clip(a.FileName)})
	}
	if !w.q.Drop || len(list) == 0 {
		return nil
	}
	if _, err := ctx.RemoveAttachments(nil); err != nil {
		return fmt.Errorf("removing attachments: %w", err)
	}
	return nil
}

// write writes one revision with a classic cross-reference table.
func (w *work) write(ctx *model.Context, to io.Writer) error {
	w.answer.Pages = ctx.PageCount
	ctx.WriteObjectStream, ctx.WriteXRefStream = false, false
	ctx.Encrypt, ctx.E, ctx.EncKey = nil, nil, nil
	if err := api.WriteContext(ctx, to); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	return nil
}

func (w *work) bytes(ctx *model.Context) ([]byte, error) {
	var b bytes.Buffer
	if err := w.write(ctx, &b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (w *work) copy() error {
	o := w.q.Overlay
	if w.q.Inputs != 2 || o == nil || !(o.Opacity > 0 && o.Opacity <= 1) || !(o.Scale > 0 && o.Scale <= 1) || !(o.Rotation >= -180 && o.Rotation <= 180) {
		return fail(FailRequest, errors.New("a copy needs a document, an overlay and how it lies"))
	}
	ctx, err := w.clean(w.in[0], 0)
	if err != nil {
		return err
	}
	desc := fmt.Sprintf("position:c, scalefactor:%.4f rel, rotation:%.2f, opacity:%.4f", o.Scale, o.Rotation, o.Opacity)
	wm, err := api.PDFWatermarkForReadSeeker(w.in[1], 1, desc, !o.Behind, false, types.POINTS)
	if err != nil {
		return fail(FailRequest, err)
	}
	if err := pdfcpu.AddWatermarks(ctx, nil, wm); err != nil {
		return fmt.Errorf("laying the watermark: %w", err)
	}
	b, err := w.bytes(ctx)
	if err != nil {
		return err
	}
	return w.again(b)
}

func (w *work) merge() error {
	var parts []io.ReadSeeker
	for i, f := range w.in {
		ctx, err := w.clean(f, i)
		if err != nil {
			return fmt.Errorf("document %d: %w", i+1, err)
		}
		b, err := w.bytes(ctx)
		if err != nil {
			return fmt.Errorf("document %d: %w", i+1, err)
		}
		parts = append(parts, bytes.NewReader(b))
	}
	var all bytes.Buffer
	if err := api.MergeRaw(parts, &all, false, w.config("")); err != nil {
		return fmt.Errorf("merging: %w", err)
	}
	return w.again(all.Bytes())
}

// images makes a page of A4, upright or across, of every image; a TIFF may hold several.
func (w *work) images() error {
	a4 := types.PaperSize["A4"]
	conf := w.config("")
	ctx, err := pdfcpu.CreateContextWithXRefTable(conf, a4)
	if err != nil {
		return fmt.Errorf("starting a document: %w", err)
	}
	root, err := ctx.Pages()
	if err != nil {
		return fmt.Errorf("starting a document: %w", err)
	}
	pages, err := ctx.DereferenceDict(*root)
	if err != nil {
		return fmt.Errorf("starting a document: %w", err)
	}
	for i, f := range w.in {
		dim, err := w.paper(f, a4)
		if err != nil {
			return fmt.Errorf("image %d: %w", i+1, err)
		}
		made, err := pdfcpu.NewPagesForImage(ctx.XRefTable, f, root, &pdfcpu.Import{PageDim: dim, Pos: types.Center, Scale: 1, InpUnit: types.POINTS})
		if err != nil {
			return fail(FailUnsupported, fmt.Errorf("image %d: %w", i+1, err))
		}
		for _, ref := range made {
			if ctx.PageCount++; ctx.PageCount > w.q.Limits.Pages {
				return fail(FailLimit, fmt.Errorf("more than %d pages", w.q.Limits.Pages))
			}
			if err := ctx.SetValid(*ref); err != nil {
				return fmt.Errorf("image %d: %w", i+1, err)
			}
			if err := model.AppendPageTree(ref, 1, pages); err != nil {
				return fmt.Errorf("image %d: %w", i+1, err)
			}
		}
	}
	b, err := w.bytes(ctx)
	if err != nil {
		return err
	}
	return w.again(b)
}

// paper chooses the page for an image by its first frame, and refuses one of too many pixels.
func (w *work) paper(f *os.File, a4 *types.Dim) (*types.Dim, error) {
	c, _, err := image.DecodeConfig(f)
	if err != nil {
		return nil, fail(FailUnsupported, err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	if c.Width < 1 || c.Height < 1 || int64(c.Width)*int64(c.Height) > w.q.Limits.Pixels {
		return nil, fail(FailLimit, fmt.Errorf("%d x %d pixels, at most %d", c.Width, c.Height, w.q.Limits.Pixels))
	}
	if c.Width > c.Height {
		return &types.Dim{Width: a4.Height, Height: a4.Width}, nil
	}
	return a4, nil
}

func (w *work) attach() error {
	if len(w.q.Attachments) != w.q.Inputs-1 || len(w.q.Attachments) == 0 {
		return fail(FailRequest, errors.New("every attachment needs a name"))
	}
	ctx, err := w.clean(w.in[0], 0)
	if err != nil {
		return err
	}
	for i, a := range w.q.Attachments {
		modified := a.Modified
		if err := ctx.AddAttachment(model.Attachment{Reader: w.in[i+1], ID: a.Name, FileName: a.Name, Desc: a.Description, ModTime: &modified}, false); err != nil {
			return fmt.Errorf("attaching %q: %w", a.Name, err)
		}
	}
	b, err := w.bytes(ctx)
	if err != nil {
		return err
	}
	return w.again(b)
}

// open reads a document whose attachments are wanted; it is not written, so it may be signed.
func (w *work) open() (*model.Context, error) {
	ctx, err := api.ReadContext(w.in[0], w.config(w.q.Password))
	if err != nil {
		return nil, fmt.Errorf("reading: %w", err)
	}
	if err := api.ValidateContext(ctx); err != nil { // it is what reads the tree of names
		return nil, fmt.Errorf("validating: %w", err)
	}
	return ctx, nil
}

func (w *work) list() error {
	ctx, err := w.open()
	if err != nil {
		return err
	}
	list, err := ctx.ListAttachments()
	if err != nil {
		return fmt.Errorf("listing attachments: %w", err)
	}
	if len(list) > MaxFindings {
		return fail(FailLimit, fmt.Errorf("%d attachments", len(list)))
	}
	for _, a := range list {
		item := Attachment{Name: a.FileName, Description: clip(a.Desc)}
		if a.ModTime != nil {
			item.Modified = *a.ModTime
		}
		w.answer.Attachments = append(w.answer.Attachments, item)
	}
	return nil
}

func (w *work) extract() error {
	ctx, err := w.open()
	if err != nil {
		return err
	}
	list, err := ctx.ListAttachments()
	if err != nil {
		return fmt.Errorf("listing attachments: %w", err)
	}
	for _, a := range list {
		if a.FileName != w.q.Name {
			continue
		}
		found, err := ctx.ExtractAttachment(a)
		if err != nil {
			return fmt.Errorf("extracting an attachment: %w", err)
		}
		if found == nil {
			break
		}
		if _, err := io.Copy(w.out, found); err != nil {
			return fmt.Errorf("writing an attachment: %w", err)
		}
		return nil
	}
	return fail(FailAttachment, fmt.Errorf("no attachment %q", clip(w.q.Name)))
}
