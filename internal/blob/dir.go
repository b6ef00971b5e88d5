// Package blob keeps documents and packages by their SM3, in files: sm3/ab/cd/<64 hexadecimal digits>. What was appended to
// content that is stored lies apart (Grow), so that a large document is sealed at the cost of the seal.
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

	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
	"yinzheng/internal/midstate"
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
	for _, p := range []string{root, filepath.Join(root, contentDir), filepath.Join(root, grownDir), filepath.Join(root, stateDir), filepath.Join(root, tempDir)} {
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

// pathIn returns where the file of a digest lies in one of the folders.
func (d *Dir) pathIn(dir string, digest gm.Digest) string {
	name := digest.String()
	return filepath.Join(d.root, dir, name[:2], name[2:4], name)
}

// Put implements archive.Blobs: the content is written beside, synced, given its name, and the name synced. Content that is
// there is replaced by the same content, which also mends a damaged file.
func (d *Dir) Put(ctx context.Context, r io.Reader) (gm.Digest, int64, error) {
	f, err := os.CreateTemp(filepath.Join(d.root, tempDir), "put-*")
	if err != nil {
		return gm.Digest{}, 0, fmt.Errorf("blob: storing: %w", err)
	}
	h, err := fill(ctx, f, r)
	if err == nil {
		err = d.rename(f.Name(), contentDir, h.SM3())
	}
	if err != nil {
		return gm.Digest{}, 0, errors.Join(fmt.Errorf("blob: storing: %w", err), removeTemp(f.Name()))
	}
	digest := h.SM3()
	d.keepState(digest, h)
	return digest, h.Length(), nil
}

// fill writes, syncs and closes the file.
func fill(ctx context.Context, f *os.File, r io.Reader) (*midstate.Hasher, error) {
	h := midstate.NewSM3()
	w := io.MultiWriter(f, h)
	for {
		if err := ctx.Err(); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		_, err := io.CopyN(w, r, chunk)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return h, errors.Join(f.Sync(), f.Close())
}

// rename gives a whole file on disk its place in one of the folders, durably.
func (d *Dir) rename(temp, dir string, digest gm.Digest) error {
	file := d.pathIn(dir, digest)
	lower := filepath.Dir(file)
	if err := errors.Join(d.makeDir(filepath.Dir(lower)), d.makeDir(lower)); err != nil {
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
	parts, err := d.parts(digest)
	if err != nil {
		return nil, err
	}
	readers := make([]io.Reader, len(parts))
	for i, p := range parts {
		readers[i] = p.section
	}
	return &checked{parts: parts, content: io.MultiReader(readers...), hash: gm.NewHash(), want: digest}, nil
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
