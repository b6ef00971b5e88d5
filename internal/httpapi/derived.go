package httpapi

import (
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"yinzheng/internal/gm"
	"yinzheng/sealing/desk"
	"yinzheng/sealing/intake"
)

type copyIn struct {
	DocumentPath
	Body struct {
		Text     string  `json:"text" minLength:"1" maxLength:"800" doc:"lines of the watermark, e.g. 副本, 仅供办理示例事项使用"`
		Opacity  float64 `json:"opacity,omitempty" minimum:"0" maximum:"1" doc:"0.25 by default"`
		Rotation float64 `json:"rotation,omitempty" minimum:"-180" maximum:"360" doc:"degrees counter-clockwise, 45 by default, 360 for none"`
		Scale    float64 `json:"scale,omitempty" minimum:"0" maximum:"1" doc:"of the page's width, 0.8 by default"`
		Behind   bool    `json:"behind,omitempty" doc:"under the page's content"`
	}
}

type mergeIn struct {
	Body struct {
		Documents []string `json:"documents" minItems:"1" maxItems:"100" doc:"SM3 of each, in order"`
	}
}

type imagesIn struct{ RawBody multipart.Form }

type attachIn struct {
	DocumentPath
	RawBody multipart.Form
}

// AttachmentBody is a file in a document; what it says of itself is a claim.
type AttachmentBody struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

type attachmentsOut struct {
	Body struct {
		Attachments []AttachmentBody `json:"attachments"`
	}
}

type attachmentIn struct {
	DocumentPath
	Name string `path:"name" maxLength:"255"`
}

// derived registers what is made of kept documents.
func (a *API) derived() {
	act := func(path, id, summary string) huma.Operation {
		op := a.operation(http.MethodPost, path, id, "sealing", summary)
		op.DefaultStatus = http.StatusCreated
		op.Errors = append(op.Errors, http.StatusNotFound, http.StatusRequestEntityTooLarge)
		return op
	}
	huma.Register(a.huma, act("/v1/documents/{digest}/copies", "copyDocument", "Make a watermarked copy (副本)"), func(ctx context.Context, in *copyIn) (*documentOut, error) {
		b := in.Body
		w := intake.Watermark{Text: b.Text, Opacity: b.Opacity, Rotation: b.Rotation, Scale: b.Scale, Behind: b.Behind}
		return a.derive(ctx, []string{in.Digest}, func(d []gm.Digest, who desk.Who) (desk.Received, error) { return a.cfg.Desk.Copy(ctx, d[0], w, who) })
	})
	huma.Register(a.huma, act("/v1/documents/merge", "mergeDocuments", "Make one document of several"), func(ctx context.Context, in *mergeIn) (*documentOut, error) {
		return a.derive(ctx, in.Body.Documents, func(d []gm.Digest, who desk.Who) (desk.Received, error) { return a.cfg.Desk.Merge(ctx, d, who) })
	})
	images := act("/v1/documents/images", "documentOfImages", "Make a document of scanned pages: PNG, JPEG or TIFF")
	images.BodyReadTimeout = uploadTime
	images.MaxBodyBytes, images.RequestBody = MaxDocumentUpload, filesBody("image", "one scanned page; several, in order")
	huma.Register(a.huma, images, func(ctx context.Context, in *imagesIn) (*documentOut, error) {
		return a.withFiles(ctx, in.RawBody.File["image"], func(files []io.Reader) (*documentOut, error) {
			return a.derive(ctx, nil, func(_ []gm.Digest, who desk.Who) (desk.Received, error) { return a.cfg.Desk.Images(ctx, files, who) })
		})
	})
	attach := act("/v1/documents/{digest}/attachments", "attachToDocument", "Make a document with further files in it")
	attach.BodyReadTimeout = uploadTime
	attach.MaxBodyBytes, attach.RequestBody = MaxDocumentUpload, filesBody("file", "a file; its name is the attachment's")
	huma.Register(a.huma, attach, a.attach)
	list := a.operation(http.MethodGet, "/v1/documents/{digest}/attachments", "listAttachments", "sealing", "List the files in a document")
	list.Errors = append(list.Errors, http.StatusNotFound)
	huma.Register(a.huma, list, a.listAttachments)
	get := a.operation(http.MethodGet, "/v1/documents/{digest}/attachments/{name}", "getAttachment", "sealing", "Read a file in a document; nothing is known of what is in it")
	get.Responses, get.Errors = binary("application/octet-stream"), append(get.Errors, http.StatusNotFound)
	huma.Register(a.huma, get, a.getAttachment)
}

func filesBody(name, doc string) *huma.RequestBody {
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
		Type: "object", Properties: map[string]*huma.Schema{
			name: {Type: "array", Items: &huma.Schema{Type: "string", Format: "binary"}, Description: doc},
		},
	}}}}
}

// derive makes a document for a caller who may use seals.
func (a *API) derive(ctx context.Context, documents []string, do func([]gm.Digest, desk.Who) (desk.Received, error)) (*documentOut, error) {
	who, err := mayUse(ctx)
	if err != nil {
		return nil, a.sealingError(ctx, err)
	}
	var digests []gm.Digest
	for _, d := range documents {
		digest, err := gm.ParseDigest(d)
		if err != nil {
			return nil, a.sealingError(ctx, desk.ErrNoDocument)
		}
		digests = append(digests, digest)
	}
	r, err := do(digests, who)
	return a.documentOut(ctx, r, err)
}

// withFiles opens the uploaded files of a form.
func (a *API) withFiles(ctx context.Context, headers []*multipart.FileHeader, do func([]io.Reader) (*documentOut, error)) (*documentOut, error) {
	if len(headers) == 0 {
		return nil, problem(http.StatusUnprocessableEntity, "DOCUMENT_MISSING", nil)
	}
	var files []io.Reader
	for _, h := range headers {
		f, err := h.Open()
		if err != nil {
			return nil, a.sealingError(ctx, fmt.Errorf("opening an upload: %w", err))
		}
		defer func() { _ = f.Close() }() // read only
		files = append(files, f)
	}
	return do(files)
}

func (a *API) attach(ctx context.Context, in *attachIn) (*documentOut, error) {
	headers := in.RawBody.File["file"]
	return a.withFiles(ctx, headers, func(files []io.Reader) (*documentOut, error) {
		var all []intake.Attachment
		for i, f := range files {
			all = append(all, intake.Attachment{Name: headers[i].Filename, Modified: a.cfg.Now(), Data: f})
		}
		return a.derive(ctx, []string{in.Digest}, func(d []gm.Digest, who desk.Who) (desk.Received, error) {
			return a.cfg.Desk.Attach(ctx, d[0], all, who)
		})
	})
}

func (a *API) listAttachments(ctx context.Context, in *DocumentPath) (*attachmentsOut, error) {
	who, err := mayUse(ctx)
	if err != nil {
		return nil, a.sealingError(ctx, err)
	}
	digest, err := gm.ParseDigest(in.Digest)
	if err != nil {
		return nil, a.sealingError(ctx, desk.ErrNoDocument)
	}
	found, err := a.cfg.Desk.Attachments(ctx, digest, who)
	if err != nil {
		return nil, a.sealingError(ctx, err)
	}
	out := &attachmentsOut{}
	out.Body.Attachments = []AttachmentBody{}
	for _, f := range found {
		out.Body.Attachments = append(out.Body.Attachments, AttachmentBody{Name: f.Name, Description: f.Description})
	}
	return out, nil
}

func (a *API) getAttachment(ctx context.Context, in *attachmentIn) (*huma.StreamResponse, error) {
	who, err := mayUse(ctx)
	if err != nil {
		return nil, a.sealingError(ctx, err)
	}
	digest, err := gm.ParseDigest(in.Digest)
	if err != nil {
		return nil, a.sealingError(ctx, desk.ErrNoDocument)
	}
	r, err := a.cfg.Desk.Extract(ctx, digest, in.Name, who)
	if err != nil {
		return nil, a.sealingError(ctx, err)
	}
	return a.stream(r, "application/octet-stream", "attachment"), nil
}
