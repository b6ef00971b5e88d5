package keys

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"yinzheng/internal/gm"
)

// MaxBackup bounds a back-up, in bytes: MaxKeys keys take some 250 MiB.
const MaxBackup = 320 << 20

// ErrBackup means that a back-up is damaged, or not what Backup writes.
var ErrBackup = errors.New("keys: a back-up is damaged")

const (
	backupFormat = "yinzheng key backup 1"
	manifestName = "manifest.json"
	sealName     = "manifest.seal"
	// maxManifest bounds the manifest, in bytes: two lines of 250 for each key.
	maxManifest = MaxKeys * 2 * 250
)

// manifest says what a back-up holds. The file beside it is its SM3, sealed under the passphrase of the back-up: whoever does
// not know that can change nothing.
type manifest struct {
	Format  string      `json:"format"`
	Made    time.Time   `json:"made"`
	Journal journalHead `json:"journal"`
	Parts   []part      `json:"parts"` // in the order of the file, for each key its entry and then, if it is there, the key
}

type journalHead struct {
	File  int64     `json:"file"`
	Chain gm.Digest `json:"chain"`
}

type part struct {
	Name string    `json:"name"`
	Size int64     `json:"size"`
	SM3  gm.Digest `json:"sm3"`
	body []byte
}

// Backup writes one file (tar) with the inventory, every private key encrypted anew under the passphrase (gm.SealKey), the
// head of the journal, and a manifest. It takes a tenth of a second a key. Counts in it are the exact ones of now. Errors:
// gm.ErrWeakPassphrase, ErrKeyFile.
func (f *Folder) Backup(ctx context.Context, w io.Writer, passphrase []byte) error {
	if err := f.backup(ctx, w, passphrase); err != nil {
		return fmt.Errorf("backing up the keys: %w", err)
	}
	return nil
}

func (f *Folder) backup(ctx context.Context, w io.Writer, passphrase []byte) error {
	slots, entries, m, err := f.snapshot()
	if err != nil {
		return err
	}
	sealed, err := f.sealForBackup(ctx, slots, entries, passphrase)
	if err != nil {
		return err
	}
	var leaving []*slot
	for i, s := range slots {
		b, err := entries[i].encode()
		if err != nil {
			return err
		}
		m.add(s.ID+entrySuffix, b)
		if sealed[i] != nil {
			m.add(s.ID+keySuffix, sealed[i])
			leaving = append(leaving, s)
		}
	}
	parts, err := m.parts(passphrase)
	if err != nil {
		return err
	}
	if err := f.step("backup: start"); err != nil {
		return err
	}
	if err := f.recordAll(OpBackup, leaving); err != nil {
		return err
	}
	if err := f.step("backup: recorded"); err != nil {
		return err
	}
	if err := writeParts(w, parts); err != nil {
		return err
	}
	return f.step("backup: written")
}

// sealForBackup encrypts every key that is not destroyed; the others stay nil.
func (f *Folder) sealForBackup(ctx context.Context, slots []*slot, entries []entry, passphrase []byte) ([][]byte, error) {
	sealed := make([][]byte, len(slots))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, s := range slots {
		if entries[i].State == Destroyed {
			continue
		}
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			key, err := f.private(s, false)
			if errors.Is(err, ErrState) { // destroyed since
				return fmt.Errorf("%s was destroyed meanwhile: %w", s.ID, err)
			}
			if err != nil {
				return err
			}
			sealed[i], err = gm.SealKey(key, passphrase)
			return err
		})
	}
	return sealed, g.Wait()
}

// recordAll writes a line for every private key that leaves in a back-up, or is encrypted anew.
func (f *Folder) recordAll(op Op, slots []*slot) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return ErrClosed
	}
	at, last := f.now(), int64(0)
	for _, s := range slots {
		line, err := f.j.append(Line{At: at, Op: op, ID: s.ID, Use: s.Use, Count: s.Used, Detail: noDetail})
		if err != nil {
			return err
		}
		last = line
	}
	return f.j.commit(last)
}

// snapshot returns the inventory by ID with its exact counts, and the beginning of a manifest.
func (f *Folder) snapshot() (slots []*slot, entries []entry, m manifest, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, nil, m, ErrClosed
	}
	for _, s := range f.slots {
		slots = append(slots, s)
	}
	slices.SortFunc(slots, func(a, b *slot) int { return strings.Compare(a.ID, b.ID) })
	for _, s := range slots {
		entries = append(entries, s.entry)
	}
	return slots, entries, manifest{Format: backupFormat, Made: f.now(), Journal: journalHead{f.j.number, f.j.chain}, Parts: []part{}}, nil
}

func (m *manifest) add(name string, body []byte) {
	m.Parts = append(m.Parts, part{Name: name, Size: int64(len(body)), SM3: gm.Sum(body), body: body})
}

func (m *manifest) encode() ([]byte, error) {
	b, err := json.MarshalIndent(m, "", " ")
	return append(b, '\n'), err
}

// parts returns everything that is written: the manifest, its seal, and its parts.
func (m *manifest) parts(passphrase []byte) ([]part, error) {
	b, err := m.encode()
	if err != nil {
		return nil, err
	}
	digest := gm.Sum(b)
	seal, err := gm.SealSecret(digest[:], passphrase)
	if err != nil {
		return nil, err
	}
	return append([]part{{Name: manifestName, body: b}, {Name: sealName, body: seal}}, m.Parts...), nil
}

func writeParts(w io.Writer, parts []part) error {
	t := tar.NewWriter(w)
	for _, p := range parts {
		h := tar.Header{Name: p.Name, Mode: fileMode, Size: int64(len(p.body)), Format: tar.FormatUSTAR, ModTime: time.Unix(0, 0)}
		if err := t.WriteHeader(&h); err != nil {
			return fmt.Errorf("writing %s: %w", p.Name, err)
		}
		if _, err := t.Write(p.body); err != nil {
			return fmt.Errorf("writing %s: %w", p.Name, err)
		}
	}
	return t.Close()
}

// readBackup reads the file and checks its form, and every part against the manifest; who wrote it is not known yet. ErrBackup.
func readBackup(r io.Reader) (m manifest, manifestBytes, seal []byte, err error) {
	all, err := io.ReadAll(io.LimitReader(r, MaxBackup+1))
	if err != nil {
		return m, nil, nil, err
	}
	if len(all) > MaxBackup {
		return m, nil, nil, fmt.Errorf("%w: more than %d bytes", ErrBackup, MaxBackup)
	}
	parts, err := readParts(all)
	if err != nil {
		return m, nil, nil, err
	}
	if len(parts) < 2 || parts[0].Name != manifestName || parts[1].Name != sealName {
		return m, nil, nil, fmt.Errorf("%w: it does not begin with a manifest", ErrBackup)
	}
	manifestBytes, seal = parts[0].body, parts[1].body
	if err := m.parse(manifestBytes); err != nil {
		return m, nil, nil, err
	}
	if len(parts)-2 != len(m.Parts) {
		return m, nil, nil, fmt.Errorf("%w: %d parts where the manifest has %d", ErrBackup, len(parts)-2, len(m.Parts))
	}
	for i, p := range parts[2:] {
		want := &m.Parts[i]
		if p.Name != want.Name || int64(len(p.body)) != want.Size || gm.Sum(p.body) != want.SM3 {
			return m, nil, nil, fmt.Errorf("%w: part %s is not the one in the manifest", ErrBackup, clip(p.Name))
		}
		want.body = p.body
	}
	return m, manifestBytes, seal, nil
}

// readParts reads a tar file that is exactly as writeParts writes it.
func readParts(all []byte) ([]part, error) {
	var parts []part
	left := int64(len(all)) // bodies cannot be longer than the file; a sparse one would be
	t := tar.NewReader(bytes.NewReader(all))
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrBackup, err)
		}
		if left -= h.Size; left < 0 || h.Size < 0 || len(parts) > 2*MaxKeys+2 {
			return nil, fmt.Errorf("%w: a part of %d bytes, or too many parts", ErrBackup, h.Size)
		}
		body, err := io.ReadAll(t)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrBackup, err)
		}
		parts = append(parts, part{Name: h.Name, body: body})
	}
	again := &same{rest: all}
	if err := writeParts(again, parts); err != nil || len(again.rest) > 0 {
		return nil, fmt.Errorf("%w: not in canonical form", ErrBackup)
	}
	return parts, nil
}

// same is a writer that accepts only the bytes it was given.
type same struct{ rest []byte }

func (s *same) Write(b []byte) (int, error) {
	rest, ok := bytes.CutPrefix(s.rest, b)
	if !ok {
		return 0, ErrBackup
	}
	s.rest = rest
	return len(b), nil
}

// parse reads exactly what encode writes.
func (m *manifest) parse(b []byte) error {
	if len(b) > maxManifest {
		return fmt.Errorf("%w: a manifest of more than %d bytes", ErrBackup, maxManifest)
	}
	if err := json.Unmarshal(b, m); err != nil {
		return fmt.Errorf("%w: the manifest: %w", ErrBackup, err)
	}
	again, err := m.encode()
	if err != nil || !bytes.Equal(again, b) {
		return fmt.Errorf("%w: the manifest is not in canonical form", ErrBackup)
	}
	if m.Format != backupFormat || m.Journal.File < 1 {
		return fmt.Errorf("%w: the manifest is of another form", ErrBackup)
	}
	return nil
}
