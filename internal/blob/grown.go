package blob

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"yinzheng/archive"
	"yinzheng/internal/gm"
	"yinzheng/internal/midstate"
)

// Content that grew (a document that was sealed) is kept as what was appended, with the digest of what it was appended to:
// grown/ab/cd/<digest>. Where its hash stood at the end is kept beside it: state/ab/cd/<digest>. A state is never needed and
// never trusted: it is used only if it ends in the digest of its name, and is made again when it is missing.
const (
	grownDir = "grown"
	stateDir = "state"

	// maxGrowths is how often content may have grown: the first revision of a PDF and 63 more, and reading needs as many files.
	maxGrowths = 64
	// maxHead bounds the first line of a grown file; it has some 120 bytes.
	maxHead = 512
	// maxState bounds a state's file; it has some 300 bytes.
	maxState = 4 << 10
)

// growth is the first line of a grown file.
type growth struct {
	Base   gm.Digest `json:"base"`
	Length int64     `json:"length"` // of the base, in bytes
}

// part is a piece of stored content: bytes of a file.
type part struct {
	file    *os.File
	section *io.SectionReader
}

// Stored is content for random access. What it reads is NOT checked against the digest, which only reading the whole can do;
// State is.
type Stored struct {
	Digest gm.Digest
	parts  []part
	size   int64
	state  midstate.State
}

// Size is the number of bytes.
func (s *Stored) Size() int64 { return s.size }

// State is the hash state after all bytes (SM3 only), known to end in Digest; zero if it was not kept.
func (s *Stored) State() midstate.State { return s.state }

// Close closes its files.
func (s *Stored) Close() error {
	var err error
	for _, p := range s.parts {
		err = errors.Join(err, p.file.Close())
	}
	return err
}

// ReadAt implements io.ReaderAt.
func (s *Stored) ReadAt(b []byte, at int64) (int, error) {
	if at < 0 {
		return 0, fmt.Errorf("blob: reading at %d", at)
	}
	done := 0
	for _, p := range s.parts {
		if size := p.section.Size(); at >= size {
			at -= size
			continue
		}
		n, err := p.section.ReadAt(b[done:min(len(b), done+int(min(p.section.Size()-at, int64(len(b)))))], at)
		done += n
		if err != nil && !errors.Is(err, io.EOF) {
			return done, err
		}
		if done == len(b) {
			return done, nil
		}
		at = 0
	}
	return done, io.EOF
}

// OpenAt opens content for random access. Errors: archive.ErrNoBlob, archive.ErrDamaged.
func (d *Dir) OpenAt(_ context.Context, digest gm.Digest) (*Stored, error) {
	parts, err := d.parts(digest)
	if err != nil {
		return nil, err
	}
	s := &Stored{Digest: digest, parts: parts}
	for _, p := range parts {
		s.size += p.section.Size()
	}
	s.state = d.state(digest, s.size)
	return s, nil
}

// parts opens the files that content consists of, oldest first.
func (d *Dir) parts(digest gm.Digest) (parts []part, err error) {
	defer func() {
		if err != nil {
			for _, p := range parts {
				err = errors.Join(err, p.file.Close())
			}
			parts = nil
		}
	}()
	for want := int64(-1); ; {
		if len(parts) == maxGrowths {
			return parts, fmt.Errorf("blob: %s grew more than %d times: %w", digest, maxGrowths, archive.ErrDamaged)
		}
		p, base, err := d.part(digest)
		if err != nil {
			return parts, err
		}
		parts = append([]part{p}, parts...)
		if size := p.section.Size() + base.Length; want >= 0 && size != want {
			return parts, fmt.Errorf("blob: %s has %d bytes, not %d: %w", digest, size, want, archive.ErrDamaged)
		}
		if base.Base.IsZero() {
			return parts, nil
		}
		digest, want = base.Base, base.Length
	}
}

// part opens one file: whole content, or what was appended to a base.
func (d *Dir) part(digest gm.Digest) (part, growth, error) {
	f, err := os.Open(d.pathIn(contentDir, digest))
	if errors.Is(err, fs.ErrNotExist) {
		return d.grownPart(digest)
	}
	if err != nil {
		return part{}, growth{}, fmt.Errorf("blob: opening: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return part{}, growth{}, errors.Join(fmt.Errorf("blob: opening: %w", err), f.Close())
	}
	return part{f, io.NewSectionReader(f, 0, info.Size())}, growth{}, nil
}

func (d *Dir) grownPart(digest gm.Digest) (part, growth, error) {
	f, err := os.Open(d.pathIn(grownDir, digest))
	if errors.Is(err, fs.ErrNotExist) {
		return part{}, growth{}, archive.ErrNoBlob
	}
	if err != nil {
		return part{}, growth{}, fmt.Errorf("blob: opening: %w", err)
	}
	p, g, err := readGrown(f)
	if err != nil {
		return part{}, growth{}, errors.Join(fmt.Errorf("blob: opening %s: %w: %w", digest, archive.ErrDamaged, err), f.Close())
	}
	return p, g, nil
}

func readGrown(f *os.File) (part, growth, error) {
	head, err := bufio.NewReader(io.LimitReader(f, maxHead)).ReadBytes('\n')
	if err != nil {
		return part{}, growth{}, err
	}
	var g growth
	if err := json.Unmarshal(head, &g); err != nil {
		return part{}, growth{}, err
	}
	info, err := f.Stat()
	if err != nil {
		return part{}, growth{}, err
	}
	if g.Base.IsZero() || g.Length < 0 {
		return part{}, growth{}, errors.New("it names no base")
	}
	n := int64(len(head))
	return part{f, io.NewSectionReader(f, n, info.Size()-n)}, g, nil
}

// Grow stores base with a tail behind it, at the cost of the tail when the state of the base is known; the state of the
// result is kept. Like Put it returns when the content is on disk. Errors: archive.ErrNoBlob, archive.ErrDamaged.
func (d *Dir) Grow(ctx context.Context, base gm.Digest, tail []byte) (gm.Digest, int64, error) {
	s, err := d.OpenAt(ctx, base)
	if err != nil {
		return gm.Digest{}, 0, err
	}
	defer func() { _ = s.Close() }() // read only
	if len(tail) == 0 {
		return base, s.size, nil
	}
	if s.state.IsZero() || len(s.parts) == maxGrowths {
		r, err := d.Open(ctx, base)
		if err != nil {
			return gm.Digest{}, 0, err
		}
		digest, size, err := d.Put(ctx, io.MultiReader(r, bytes.NewReader(tail)))
		return digest, size, errors.Join(err, r.Close())
	}
	h, err := midstate.Resume(s.state)
	if err != nil {
		return gm.Digest{}, 0, fmt.Errorf("blob: growing %s: %w", base, err)
	}
	if _, err := h.Write(tail); err != nil {
		return gm.Digest{}, 0, fmt.Errorf("blob: growing %s: %w", base, err)
	}
	head, err := json.Marshal(growth{Base: base, Length: s.size})
	if err != nil {
		return gm.Digest{}, 0, fmt.Errorf("blob: growing %s: %w", base, err)
	}
	digest := h.SM3()
	if err := d.write(grownDir, digest, append(append(head, '\n'), tail...)); err != nil {
		return gm.Digest{}, 0, fmt.Errorf("blob: growing %s: %w", base, err)
	}
	d.keepState(digest, h)
	return digest, h.Length(), nil
}

// write puts a small file into one of the folders beside the content, durably.
func (d *Dir) write(dir string, digest gm.Digest, b []byte) error {
	f, err := os.CreateTemp(filepath.Join(d.root, tempDir), "put-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = d.rename(f.Name(), dir, digest)
	}
	if err != nil {
		return errors.Join(err, removeTemp(f.Name()))
	}
	return nil
}

// keepState keeps where a hash stands. A state that was not kept costs a reading, nothing else: errors are of no account.
func (d *Dir) keepState(digest gm.Digest, h *midstate.Hasher) {
	s, err := h.State()
	if err != nil {
		return
	}
	s.SHA256 = nil // nothing would bind it to the content
	b, err := json.Marshal(s)
	if err != nil {
		return
	}
	path := d.pathIn(stateDir, digest)
	if os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return
	}
	temp := path + ".tmp"
	if os.WriteFile(temp, b, 0o600) == nil {
		_ = os.Rename(temp, path)
	}
}

// state reads what keepState kept, if it is the state of this content.
func (d *Dir) state(digest gm.Digest, size int64) midstate.State {
	b, err := os.ReadFile(d.pathIn(stateDir, digest))
	var s midstate.State
	if err != nil || len(b) > maxState || json.Unmarshal(b, &s) != nil || s.Length != size || s.SHA256 != nil {
		return midstate.State{}
	}
	if h, err := midstate.Resume(s); err != nil || h.SM3() != digest {
		return midstate.State{}
	}
	return s
}
