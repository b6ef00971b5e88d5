// Package blob keeps documents and packages by their SM3, in files: sm3/ab/cd/<64 hexadecimal digits>.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"yinzheng/archive"
	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
)

// Names inside the folder. What is being written lies in tmp until it is whole and on disk.
const (
	contentDir = "sm3"
	tempDir    = "tmp"
)

// chunk is how much is copied between two looks at the context, in bytes.
const chunk = 256 << 10

// Dir is a folder of content. It implements archive.Blobs, is safe for concurrent use, also by several processes, and
// trusts nothing it reads: content is checked against its name every time.
type Dir struct {
	root    string
	durable sync.Map // folders whose names are known to be on disk: path → struct{}
}

// OpenDir opens the folder, making it (mode 0700, in a folder that is there) if need be.
func OpenDir(path string) (*Dir, error) {
	root, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("blob: finding %s: %w", path, err)
	}
	d := &Dir{root: root}
	for _, p := range []string{root, filepath.Join(root, contentDir), filepath.Join(root, tempDir)} {
		if err := d.makeDir(p); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// makeDir makes a folder and its name durable, once in the life of the process: whoever made it may not have synced yet.
func (d *Dir) makeDir(path string) error {
	if _, done := d.durable.Load(path); done {
		return nil
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("blob: making a folder: %w", err)
	}
	if err := durable.SyncDir(filepath.Dir(path)); err != nil {
		return err
	}
	d.durable.Store(path, struct{}{})
	return nil
}

// path returns where content lies, and the two folders above it.
func (d *Dir) path(digest gm.Digest) (upper, lower, file string) {
	name := digest.String()
	upper = filepath.Join(d.root, contentDir, name[:2])
	lower = filepath.Join(upper, name[2:4])
	return upper, lower, filepath.Join(lower, name)
}

// Put implements archive.Blobs: the content is written beside, synced, given its name, and the name synced. Content that is
// there is replaced by the same content, which also mends a damaged file.
func (d *Dir) Put(ctx context.Context, r io.Reader) (gm.Digest, int64, error) {
	f, err := os.CreateTemp(filepath.Join(d.root, tempDir), "put-*")
	if err != nil {
		return gm.Digest{}, 0, fmt.Errorf("blob: storing: %w", err)
	}
	digest, size, err := fill(ctx, f, r)
	if err == nil {
		err = d.name(f.Name(), digest)
	}
	if err != nil {
		return gm.Digest{}, 0, errors.Join(fmt.Errorf("blob: storing: %w", err), removeTemp(f.Name()))
	}
	return digest, size, nil
}

// fill writes, syncs and closes the file.
func fill(ctx context.Context, f *os.File, r io.Reader) (gm.Digest, int64, error) {
	h := gm.NewHash()
	w, size := io.MultiWriter(f, h), int64(0)
	for {
		if err := ctx.Err(); err != nil {
			return gm.Digest{}, 0, errors.Join(err, f.Close())
		}
		n, err := io.CopyN(w, r, chunk)
		size += n
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return gm.Digest{}, 0, errors.Join(err, f.Close())
		}
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return gm.Digest{}, 0, err
	}
	return gm.Digest(h.Sum(nil)), size, nil
}

// name gives a whole file on disk its place, durably.
func (d *Dir) name(temp string, digest gm.Digest) error {
	upper, lower, file := d.path(digest)
	if err := errors.Join(d.makeDir(upper), d.makeDir(lower)); err != nil {
		return err
	}
	if err := os.Rename(temp, file); err != nil {
		return err
	}
	return durable.SyncDir(lower)
}

func removeTemp(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Open implements archive.Blobs. The last Read returns archive.ErrDamaged instead of io.EOF if the content does not have its
// digest: what was read until then must not be used.
func (d *Dir) Open(_ context.Context, digest gm.Digest) (io.ReadCloser, error) {
	_, _, file := d.path(digest)
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, archive.ErrNoBlob
	}
	if err != nil {
		return nil, fmt.Errorf("blob: opening: %w", err)
	}
	return &checked{file: f, hash: gm.NewHash(), want: digest}, nil
}

// Sweep removes what interrupted Puts left behind that was last written before the given time, and says how many files that
// were. The time must lie so far back that no Put still runs that began before it.
func (d *Dir) Sweep(before time.Time) (int, error) {
	entries, err := os.ReadDir(filepath.Join(d.root, tempDir))
	if err != nil {
		return 0, fmt.Errorf("blob: sweeping: %w", err)
	}
	removed := 0
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // its Put ended meanwhile
		}
		if err != nil {
			return removed, fmt.Errorf("blob: sweeping: %w", err)
		}
		if !info.ModTime().Before(before) {
			continue
		}
		if err := removeTemp(filepath.Join(d.root, tempDir, e.Name())); err != nil {
			return removed, fmt.Errorf("blob: sweeping: %w", err)
		}
		removed++
	}
	return removed, nil
}
