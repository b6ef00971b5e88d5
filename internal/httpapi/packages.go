package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"yinzheng/archive"
	"yinzheng/internal/auth"
	"yinzheng/internal/gm"
)

// PackageBody is one stored archive package (归档信息包).
type PackageBody struct {
	ID        string    `json:"id" doc:"电子文件号"`
	Kind      string    `json:"kind" enum:"licence,case,deposit"`
	Subject   string    `json:"subject"`
	Title     string    `json:"title"`
	Content   string    `json:"content" doc:"SM3 of the zip"`
	Size      int64     `json:"size" doc:"bytes"`
	Files     int       `json:"files"`
	Deposited time.Time `json:"deposited"`
}

type packageOut struct {
	Body PackageBody
}

type packageIn struct {
	ID string `path:"id" maxLength:"64"`
}

type depositIn struct {
	Keyed
	Body struct {
		Title   string         `json:"title" minLength:"1" maxLength:"200" doc:"题名"`
		Subject string         `json:"subject" minLength:"1" maxLength:"64" doc:"办件编号"`
		Files   []DepositedDoc `json:"files" minItems:"1" maxItems:"64"`
	}
}

// DepositedDoc is one file of a deposit.
type DepositedDoc struct {
	Folder string `json:"folder" enum:"申请材料,办理过程,办理结果,验证与存证"`
	Name   string `json:"name" minLength:"1" maxLength:"120"`
	Title  string `json:"title" minLength:"1" maxLength:"200"`
	MIME   string `json:"mime" maxLength:"100"`
	Data   []byte `json:"data" doc:"base64"`
}

func (a *API) packages() {
	deposit := a.operation(http.MethodPost, "/v1/archive/packages", "depositPackage", "archive", "Deposit a case file as one package")
	deposit.DefaultStatus = http.StatusCreated
	deposit.MaxBodyBytes = MaxUpload
	huma.Register(a.huma, deposit, a.deposit)

	get := a.operation(http.MethodGet, "/v1/archive/packages/{id}", "getPackage", "archive", "Read a package's record")
	huma.Register(a.huma, get, func(ctx context.Context, in *packageIn) (*packageOut, error) {
		if err := callerFrom(ctx).May(auth.ReadArchive); err != nil {
			return nil, a.answer(ctx, "package", err)
		}
		p, err := a.cfg.Packages.Package(ctx, in.ID)
		return a.packageOut(ctx, p, err)
	})
	content := a.operation(http.MethodGet, "/v1/archive/packages/{id}/content", "getPackageContent", "archive", "Read the package itself")
	content.Responses = binary("application/zip")
	huma.Register(a.huma, content, func(ctx context.Context, in *packageIn) (*huma.StreamResponse, error) {
		if err := callerFrom(ctx).May(auth.ReadArchive); err != nil {
			return nil, a.answer(ctx, "package", err)
		}
		r, p, err := a.cfg.Archive.Open(ctx, in.ID)
		if err != nil {
			return nil, a.answer(ctx, "package", err)
		}
		return a.stream(r, "application/zip", p.ID+".zip"), nil
	})
}

// deposit names the package after caller and key, so that a repeated request finds the package it made; the same key with
// other content is refused by the index.
func (a *API) deposit(ctx context.Context, in *depositIn) (*packageOut, error) {
	caller := callerFrom(ctx)
	if err := caller.May(auth.Archive); err != nil {
		return nil, a.answer(ctx, "deposit", err)
	}
	d := archive.Deposit{
		ID:   "D" + gm.Sum([]byte(caller.ID), []byte{0}, []byte(in.IdempotencyKey)).String()[:40],
		Kind: "deposit", Subject: in.Body.Subject, Title: in.Body.Title,
	}
	for _, f := range in.Body.Files {
		d.Files = append(d.Files, archive.File{Folder: f.Folder, Name: f.Name, Title: f.Title, MIME: f.MIME, Data: f.Data})
	}
	p, err := a.cfg.Archive.Deposit(ctx, d)
	if errors.Is(err, archive.ErrConflict) { // the ID is made of caller and key
		return nil, problem(http.StatusUnprocessableEntity, "IDEMPOTENCY_KEY_REUSED", nil)
	}
	return a.packageOut(ctx, p, err)
}

func (a *API) packageOut(ctx context.Context, p archive.Package, err error) (*packageOut, error) {
	if err != nil {
		return nil, a.answer(ctx, "package", err)
	}
	return &packageOut{Body: PackageBody{
		ID: p.ID, Kind: p.Kind, Subject: p.Subject, Title: p.Title, Content: p.Content.String(), Size: p.Size, Files: p.Files, Deposited: p.Deposited,
	}}, nil
}
