package archive

import (
	"context"
	"fmt"
	"io"

	"yinzheng/internal/gm"
)

// auditPage is how many records one look into the index takes.
const auditPage = 256

// Audit re-derives every package from its bytes: digest, container, manifests, metadata, and the index's record of it. It
// calls report for every package, with nil when it is sound, and returns how many were looked at and how many were not
// sound. The error is only about the index and ctx: a damaged package never stops the round.
func (a *Archive) Audit(ctx context.Context, report func(Package, error)) (checked, unsound int, err error) {
	after := ""
	for {
		page, err := a.index.Packages(ctx, after, auditPage)
		if err != nil {
			return checked, unsound, fmt.Errorf("auditing packages after %q: %w", after, err)
		}
		if len(page) == 0 {
			return checked, unsound, nil
		}
		for _, p := range page {
			if err := ctx.Err(); err != nil {
				return checked, unsound, err
			}
			_, fault := a.inspect(ctx, p)
			checked++
			if fault != nil {
				unsound++
			}
			if report != nil {
				report(p, fault)
			}
		}
		after = page[len(page)-1].ID
	}
}

// inspect reads a package's bytes and holds them against its record.
func (a *Archive) inspect(ctx context.Context, p Package) (*Content, error) {
	r, err := a.blobs.Open(ctx, p.Content)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	b, err := io.ReadAll(io.LimitReader(r, maxPacked+1))
	if err != nil {
		return nil, err
	}
	if gm.Sum(b) != p.Content {
		return nil, ErrDamaged
	}
	c, err := ReadPackage(b)
	if err != nil {
		return nil, err
	}
	if c.ID != p.ID || c.Kind != p.Kind || c.Subject != p.Subject || c.Title != p.Title || len(c.Files) != p.Files || int64(len(b)) != p.Size {
		return nil, &PackageError{WrongIdentity, p.ID}
	}
	return c, nil
}
