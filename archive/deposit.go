package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"yinzheng/internal/gm"
)

// Config is what an archive works with.
type Config struct {
	Blobs Blobs
	Index Index
	Now   func() time.Time
}

// Archive deposits and reads packages.
type Archive struct {
	blobs Blobs
	index Index
	now   func() time.Time
}

// New returns an archive over its content and its book.
func New(c Config) *Archive { return &Archive{blobs: c.Blobs, index: c.Index, now: c.Now} }

// Deposit builds a package, checks it as a stranger would, and stores it: content first, then the record. It is durable on
// return and idempotent by ID: the same deposit again returns the record first stored, another one under the same ID is
// ErrConflict. A zero Metadata.Finished means the time of the (first) deposit; a file without a time of its own gets it
// too. ErrDeposit says why something cannot be packed.
func (a *Archive) Deposit(ctx context.Context, d Deposit) (Package, error) {
	stored, err := a.index.Package(ctx, d.ID)
	known := err == nil
	if err != nil && !errors.Is(err, ErrNoPackage) {
		return Package{}, fmt.Errorf("depositing %s: %w", d.ID, err)
	}
	p := Package{ID: d.ID, Kind: d.Kind, Subject: d.Subject, Title: d.Title, Files: len(d.Files)}
	if p.Deposited = a.now().UTC().Truncate(time.Second); known {
		p.Deposited = stored.Deposited
	}
	b, err := Build(d.withTimes(p.Deposited))
	if err != nil {
		return Package{}, fmt.Errorf("depositing %s: %w", d.ID, err)
	}
	if _, err := ReadPackage(b); err != nil {
		return Package{}, fmt.Errorf("checking our own package %s: %w", d.ID, err)
	}
	if known && stored.Content != gm.Sum(b) {
		return Package{}, fmt.Errorf("depositing %s: %w", d.ID, ErrConflict)
	}
	if p.Content, p.Size, err = a.blobs.Put(ctx, bytes.NewReader(b)); err != nil {
		return Package{}, fmt.Errorf("depositing %s: %w", d.ID, err)
	}
	if known {
		return stored, nil
	}
	if err := a.index.PutPackage(ctx, p); err != nil {
		return Package{}, fmt.Errorf("depositing %s: %w", d.ID, err)
	}
	return p, nil
}

// withTimes fills in the times that the depositor left out.
func (d Deposit) withTimes(at time.Time) Deposit {
	if d.Metadata.Finished.IsZero() {
		d.Metadata.Finished = at
	}
	files := make([]File, len(d.Files))
	for i, f := range d.Files {
		if f.Created.IsZero() {
			f.Created = d.Metadata.Finished
		}
		files[i] = f
	}
	d.Files = files
	return d
}

// Package returns the record of a package, or ErrNoPackage.
func (a *Archive) Package(ctx context.Context, id string) (Package, error) {
	return a.index.Package(ctx, id)
}

// Open returns a package's zip, whose digest is checked while it is read, and its record; ErrNoPackage if there is none.
func (a *Archive) Open(ctx context.Context, id string) (io.ReadCloser, Package, error) {
	p, err := a.index.Package(ctx, id)
	if err != nil {
		return nil, Package{}, fmt.Errorf("opening package %s: %w", id, err)
	}
	r, err := a.blobs.Open(ctx, p.Content)
	if err != nil {
		return nil, Package{}, fmt.Errorf("opening package %s: %w", id, err)
	}
	return r, p, nil
}

// Read returns the content of a package after every check, and its record.
func (a *Archive) Read(ctx context.Context, id string) (*Content, Package, error) {
	p, err := a.index.Package(ctx, id)
	if err != nil {
		return nil, Package{}, fmt.Errorf("reading package %s: %w", id, err)
	}
	c, err := a.inspect(ctx, p)
	if err != nil {
		return nil, p, fmt.Errorf("reading package %s: %w", id, err)
	}
	return c, p, nil
}
