package blob

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"strings"

	"yinzheng/archive"
	"yinzheng/internal/gm"
)

// ErrTooLarge means that content is larger than the caller would take.
var ErrTooLarge = errors.New("blob: content is too large")

// ErrStray means that something lies among the content that is no content.
var ErrStray = errors.New("blob: not content of this store")

// maxStrays is how many strays Each names; there may be a great many.
const maxStrays = 10

// checked is content that is hashed while it is read.
type checked struct {
	parts   []part
	content io.Reader
	hash    hash.Hash
	want    gm.Digest
	err     error // what every Read after the end returns
}

func (c *checked) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.content.Read(p)
	c.hash.Write(p[:n])
	if errors.Is(err, io.EOF) && gm.Digest(c.hash.Sum(nil)) != c.want {
		err = fmt.Errorf("blob: reading %s: %w", c.want, archive.ErrDamaged)
	}
	c.err = err
	return n, err
}

func (c *checked) Close() error { return (&Stored{parts: c.parts}).Close() }

// ReadAll reads content whole, or none of it: ErrTooLarge when it has more than limit bytes, archive.ErrNoBlob,
// archive.ErrDamaged.
func ReadAll(ctx context.Context, blobs archive.Blobs, digest gm.Digest, limit int64) ([]byte, error) {
	r, err := blobs.Open(ctx, digest)
	if err != nil {
		return nil, err
	}
	limit = min(limit, math.MaxInt64-1) // one byte more is asked for, to see the end
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("blob: reading %s, more than %d bytes: %w", digest, limit, ErrTooLarge)
	}
	return b, nil
}

// Each calls fn for the digest of everything stored, in order, first of what is stored whole, then of what grew, until fn
// returns an error, which it returns. It does not read the content. Names that are no digest, or lie in the wrong folder, are
// ErrStray in the end, after everything else of their kind.
func (d *Dir) Each(ctx context.Context, fn func(gm.Digest) error) error {
	err := d.eachIn(ctx, contentDir, fn)
	if err != nil && !errors.Is(err, ErrStray) {
		return err
	}
	return errors.Join(err, d.eachIn(ctx, grownDir, fn))
}

func (d *Dir) eachIn(ctx context.Context, dir string, fn func(gm.Digest) error) error {
	root := filepath.Join(d.root, dir)
	var strays []error
	total := 0
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("blob: listing: %w", err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return fmt.Errorf("blob: listing: %w", err)
		}
		if e.IsDir() && isFolder(rel) {
			return nil
		}
		digest, err := gm.ParseDigest(e.Name())
		if err == nil && e.Type().IsRegular() && d.pathIn(dir, digest) == path {
			return fn(digest)
		}
		if total++; total <= maxStrays {
			strays = append(strays, fmt.Errorf("%w: %s", ErrStray, rel))
		}
		if e.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
	if err == nil && total > maxStrays {
		strays = append(strays, fmt.Errorf("%w: and %d more", ErrStray, total-maxStrays))
	}
	return errors.Join(append([]error{err}, strays...)...)
}

// isFolder reports whether a folder, named from the content folder on, is one that Put makes: ".", "ab" or "ab/cd".
func isFolder(rel string) bool {
	if rel == "." {
		return true
	}
	up, down := filepath.Split(rel)
	return isByte(down) && (up == "" || isByte(filepath.Clean(up)))
}

// isByte reports whether s is two lower-case hexadecimal digits.
func isByte(s string) bool {
	const digits = "0123456789abcdef"
	return len(s) == 2 && strings.IndexByte(digits, s[0]) >= 0 && strings.IndexByte(digits, s[1]) >= 0
}
