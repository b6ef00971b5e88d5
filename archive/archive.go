// Package archive keeps whole case files as packages that can be checked without software of ours (RFC 8493 bag in a zip,
// in the shape of GB/T 42727-2023).
package archive

import (
	"context"
	"io"
	"time"

	"yinzheng/internal/gm"
)

// Blobs is where packages and documents lie, by their SM3. There is no Delete.
type Blobs interface {
	// Put stores what r yields and returns its digest and size; it is on disk on return. Putting it again is harmless.
	Put(ctx context.Context, r io.Reader) (gm.Digest, int64, error)
	// Open returns the content, whose digest is checked while it is read; ErrNoBlob if it is not there.
	Open(ctx context.Context, d gm.Digest) (io.ReadCloser, error)
}

// Index is the archive's own book.
type Index interface {
	// PutPackage records a package once by ID; the same ID with another digest is ErrConflict.
	PutPackage(ctx context.Context, p Package) error
	// Package returns a record, or ErrNoPackage.
	Package(ctx context.Context, id string) (Package, error)
	// Packages returns up to n records with an ID greater than after, in order of ID.
	Packages(ctx context.Context, after string, n int) ([]Package, error)
}

// Package is the record of one stored package.
type Package struct {
	ID        string    `json:"id"`      // 电子文件号: time-ordered, unique
	Kind      string    `json:"kind"`    // "licence" or "case"
	Subject   string    `json:"subject"` // licence ID or case ID
	Title     string    `json:"title"`
	Content   gm.Digest `json:"content"` // SM3 of the zip
	Size      int64     `json:"size"`    // bytes
	Files     int       `json:"files"`
	Deposited time.Time `json:"deposited"`
}

// File is one thing to put into a package.
type File struct {
	Folder  string // 申请材料, 办理过程, 办理结果, 验证与存证 … (see Folder constants)
	Name    string // computer file name, no path
	Title   string // 归档文件名称
	MIME    string
	Created time.Time
	Data    []byte
}
