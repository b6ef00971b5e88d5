package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"yinzheng/internal/auth"
	"yinzheng/internal/gm"
	"yinzheng/sealing/desk"
	"yinzheng/sealing/intake"
)

// Limits of documents that are brought to be sealed. They go to a temporary file, never into memory.
const (
	MaxDocument       = 256 << 20           // bytes of one PDF: 500 scanned pages; the intake takes no more
	MaxDocumentUpload = MaxDocument + 1<<20 // bytes of a multipart body with one, or with all the pages of one
)

// How long a body may be on its way: that of a document, at a few MB a second, and that of a revision in base64.
const (
	uploadTime   = 5 * time.Minute
	revisionTime = time.Minute
	// documentTime is all of it: up, through the intake, sealed and down again.
	documentTime = 15 * time.Minute
)

// Bounds are those of a request to a path: the largest body in bytes, and how long it may take; 0 for what holds everywhere.
func Bounds(path string) (body int64, whole time.Duration) {
	if path == "/v1/documents" || strings.HasPrefix(path, "/v1/documents/") || path == "/v1/sealings" {
		return MaxDocumentUpload, documentTime
	}
	return MaxUpload, 0
}

// DocumentBody is a document that is kept.
type DocumentBody struct {
	Document string              `json:"document" doc:"its SM3"`
	Size     int64               `json:"size" doc:"bytes"`
	What     string              `json:"what" enum:"brought,signed,copy,merged,images,attached,sealed,joint" doc:"how it came"`
	Origin   string              `json:"origin,omitempty" doc:"SM3 of what it was made of"`
	At       *time.Time          `json:"at,omitempty"`
	Pages    int                 `json:"pages,omitempty"`
	Findings []IntakeFindingBody `json:"findings,omitempty" doc:"what was removed from it, or kept, when it was taken in"`
}

// IntakeFindingBody is something in a file that was removed or kept.
type IntakeFindingBody struct {
	Code   string `json:"code" doc:"e.g. javascript, attachment, unreachable"`
	Input  int    `json:"input,omitempty" doc:"which of several files, from 0"`
	Object int    `json:"object,omitempty"`
	Page   int    `json:"page,omitempty" doc:"from 1"`
	Detail string `json:"detail,omitempty" doc:"a name in the file"`
}

type documentOut struct{ Body DocumentBody }

// documentIn is a PDF as the body of a request. It is not read before the handler asks.
type documentIn struct {
	Password        string `header:"Document-Password" maxLength:"128" doc:"of an encrypted PDF"`
	DropAttachments bool   `query:"drop_attachments" doc:"embedded files are removed"`

	content io.Reader
}

// Resolve implements huma.Resolver.
func (in *documentIn) Resolve(ctx huma.Context) []error {
	in.content = ctx.BodyReader()
	return nil
}

// DocumentPath is a kept document in a path.
type DocumentPath struct {
	Digest string `path:"digest" pattern:"^[0-9a-f]{64}$" doc:"SM3 of the document"`
}

// documents registers what is done with documents before they are sealed.
func (a *API) documents() {
	bring := a.operation(http.MethodPost, "/v1/documents", "bringDocument", "sealing", "Bring a PDF that is to be sealed")
	bring.Description = fmt.Sprintf("The body is the PDF, at most %d bytes. It becomes one clean revision; the answer says what was removed. A PDF that carries signatures is kept as it is.", MaxDocument)
	bring.DefaultStatus = http.StatusCreated
	bring.Errors = append(bring.Errors, http.StatusRequestEntityTooLarge)
	bring.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/pdf": {Schema: &huma.Schema{Type: "string", Format: "binary"}},
	}}
	huma.Register(a.huma, bring, a.bringDocument)

	get := a.operation(http.MethodGet, "/v1/documents/{digest}", "getDocument", "sealing", "Read a document that the caller brought, sealed or seals with others")
	get.Responses = binary("application/pdf")
	get.Errors = append(get.Errors, http.StatusNotFound)
	huma.Register(a.huma, get, func(ctx context.Context, in *DocumentPath) (*huma.StreamResponse, error) {
		f, p, err := a.openDocument(ctx, in.Digest)
		if err != nil {
			return nil, a.sealingError(ctx, err)
		}
		return a.stream(storedReader{io.NewSectionReader(f, 0, f.Size()), f}, "application/pdf", p.Digest.String()[:16]+".pdf"), nil
	})
	record := a.operation(http.MethodGet, "/v1/documents/{digest}/record", "getDocumentRecord", "sealing", "Read how a document came, and what was removed from it")
	record.Errors = append(record.Errors, http.StatusNotFound)
	huma.Register(a.huma, record, func(ctx context.Context, in *DocumentPath) (*documentOut, error) {
		f, p, err := a.openDocument(ctx, in.Digest)
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			return nil, a.sealingError(ctx, err)
		}
		return &documentOut{paperBody(p)}, nil
	})
	a.derived()
}

// storedReader is a kept document from its beginning.
type storedReader struct {
	io.Reader
	io.Closer
}

func (a *API) openDocument(ctx context.Context, digest string) (desk.Stored, desk.Paper, error) {
	who, err := mayUse(ctx)
	if err != nil {
		return nil, desk.Paper{}, err
	}
	d, err := gm.ParseDigest(digest)
	if err != nil {
		return nil, desk.Paper{}, desk.ErrNoDocument
	}
	return a.cfg.Desk.Open(ctx, d, who)
}

// mayUse says who is asking, if that may use seals.
func mayUse(ctx context.Context) (desk.Who, error) {
	c := callerFrom(ctx)
	return desk.Who{Caller: c.ID, Office: c.Office}, c.May(auth.UseSeal)
}

func (a *API) bringDocument(ctx context.Context, in *documentIn) (*documentOut, error) {
	who, err := mayUse(ctx)
	if err != nil {
		return nil, a.sealingError(ctx, err)
	}
	f, err := spool(in.content)
	if err != nil {
		return nil, a.sealingError(ctx, err)
	}
	defer func() { _ = f.Close() }() // it has no name any more
	r, err := a.cfg.Desk.Receive(ctx, f, who, intake.Options{Password: in.Password, DropAttachments: in.DropAttachments})
	return a.documentOut(ctx, r, err)
}

// spool writes a body into a temporary file without a name, and rewinds it.
func spool(r io.Reader) (_ *os.File, err error) {
	f, err := os.CreateTemp("", "yinzheng-upload-*")
	if err != nil {
		return nil, fmt.Errorf("keeping an upload: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // it has no name any more
		}
	}()
	if err := os.Remove(f.Name()); err != nil {
		return nil, fmt.Errorf("keeping an upload: %w", err)
	}
	n, err := io.Copy(f, io.LimitReader(r, MaxDocument+1))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge), n > MaxDocument:
		return nil, problem(http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE", nil)
	case err != nil:
		return nil, problem(http.StatusBadRequest, "BODY_BROKEN", nil)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("keeping an upload: %w", err)
	}
	return f, nil
}

func (a *API) documentOut(ctx context.Context, r desk.Received, err error) (*documentOut, error) {
	if err != nil {
		return nil, a.sealingError(ctx, err)
	}
	b := DocumentBody{Document: r.Document.String(), Size: r.Size, What: r.What}
	b.report(r.Report)
	return &documentOut{b}, nil
}

func paperBody(p desk.Paper) DocumentBody {
	b := DocumentBody{Document: p.Digest.String(), Size: p.Size, What: p.What, At: timeOrNil(p.At)}
	if !p.Origin.IsZero() {
		b.Origin = p.Origin.String()
	}
	var r intake.Report
	if json.Unmarshal(p.Report, &r) == nil { // none of those that were sealed
		b.report(r)
	}
	return b
}

func (b *DocumentBody) report(r intake.Report) {
	b.Pages = r.Pages
	for _, f := range r.Findings {
		b.Findings = append(b.Findings, IntakeFindingBody{Code: f.Code, Input: f.Input, Object: f.Object, Page: f.Page, Detail: f.Detail})
	}
}
