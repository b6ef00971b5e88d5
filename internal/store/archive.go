package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"yinzheng/archive"
	"yinzheng/internal/store/sq"
)

// PutPackage implements archive.Index.
func (db *DB) PutPackage(ctx context.Context, p archive.Package) error {
	return db.update(ctx, func(ctx context.Context, q *sq.Queries) error {
		made, err := q.PutPackage(ctx, sq.PutPackageParams{ID: p.ID, Kind: p.Kind, Subject: p.Subject, Title: p.Title,
			Content: hexOf(p.Content), Size: p.Size, Files: int64(p.Files), Deposited: micros(p.Deposited)})
		if err != nil {
			return fmt.Errorf("store: recording package %s: %w", p.ID, err)
		}
		if made == 1 {
			return nil
		}
		first, err := onePackage(q.PackageByID(ctx, p.ID))
		if err != nil {
			return err
		}
		if first.Content != p.Content {
			return archive.ErrConflict
		}
		return nil
	})
}

// Package implements archive.Index.
func (db *DB) Package(ctx context.Context, id string) (archive.Package, error) {
	row, err := db.reads.PackageByID(ctx, id)
	return onePackage(row, err)
}

// Packages implements archive.Index.
func (db *DB) Packages(ctx context.Context, after string, n int) ([]archive.Package, error) {
	rows, err := db.reads.PackagesAfter(ctx, sq.PackagesAfterParams{ID: after, Limit: limit(n)})
	if err != nil {
		return nil, fmt.Errorf("store: reading packages: %w", err)
	}
	return all(rows, packageOf)
}

func onePackage(r sq.Package, err error) (archive.Package, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return archive.Package{}, archive.ErrNoPackage
	}
	if err != nil {
		return archive.Package{}, fmt.Errorf("store: reading a package: %w", err)
	}
	return packageOf(r)
}

func packageOf(r sq.Package) (archive.Package, error) {
	content, err := fromHex(r.Content)
	if err != nil {
		return archive.Package{}, errDamaged("package", r.ID, err)
	}
	return archive.Package{ID: r.ID, Kind: r.Kind, Subject: r.Subject, Title: r.Title, Content: content, Size: r.Size,
		Files: int(r.Files), Deposited: fromMicros(r.Deposited)}, nil
}
