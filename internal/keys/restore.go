package keys

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
)

// ErrNotEmpty means that a back-up was to be restored into a folder that has something in it.
var ErrNotEmpty = errors.New("keys: the folder to restore into is not empty")

// RestoreConfig says where a back-up is restored to.
type RestoreConfig struct {
	Dir     string  // absent or empty
	Backup  []byte  // passphrase of the back-up
	Sealing Sealing // how private parts rest from now on
	Now     func() time.Time
	Log     *slog.Logger // nil: nothing is logged
}

// Restore makes a folder of keys from a back-up. Everything is verified first, every key opened; then the folder is made beside
// its place, as Dir.restoring, and moved there, so that it is there entirely or not at all; what a run that was killed left
// there is removed. The journal goes on from the head in the back-up, and counts from those in it: signatures made after the
// back-up are not in them. Errors: ErrBackup, ErrNotEmpty, ErrLocked, gm.ErrPassphrase.
func Restore(ctx context.Context, r io.Reader, c RestoreConfig) error {
	if err := restore(ctx, r, c, func(string) error { return nil }); err != nil {
		return fmt.Errorf("restoring the keys: %w", err)
	}
	return nil
}

func restore(ctx context.Context, r io.Reader, c RestoreConfig, step func(string) error) error {
	if c.Sealing == nil || c.Now == nil {
		return errors.New("keys: restoring needs Sealing and Now")
	}
	if err := empty(c.Dir); err != nil {
		return err
	}
	m, raw, seal, err := readBackup(r)
	if err != nil {
		return err
	}
	digest, err := gm.OpenSecret(seal, c.Backup)
	if err != nil {
		return err
	}
	if want := gm.Sum(raw); string(digest) != string(want[:]) {
		return fmt.Errorf("%w: the manifest is another one than was sealed", ErrBackup)
	}
	saved, err := m.keys()
	if err != nil {
		return err
	}
	if err := sealAnew(ctx, saved, c); err != nil {
		return err
	}
	lock, err := besides(c)
	if err != nil {
		return err
	}
	return errors.Join(move(saved, m.Journal, c, step), lock.Close())
}

// restoringSuffix ends the name of the folder in which a restoring works.
const restoringSuffix = ".restoring"

// besides makes the folder to work in, empty but for the lock, which is held until it is at its place.
func besides(c RestoreConfig) (*os.File, error) {
	dir := filepath.Clean(c.Dir) + restoringSuffix
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, err
	}
	lock, err := acquire(dir)
	if err != nil {
		return nil, err
	}
	names, err := os.ReadDir(dir)
	for _, d := range names {
		if d.Name() != lockFile {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, d.Name())))
		}
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// move fills the folder and moves it to its place; after a failure nothing is left.
func move(all []saved, head journalHead, c RestoreConfig, step func(string) error) error {
	dir, to := filepath.Clean(c.Dir)+restoringSuffix, filepath.Clean(c.Dir)
	err := step("restore: start")
	if err == nil {
		err = fill(dir, all, head, c, step)
	}
	if err == nil {
		err = step("restore: filled")
	}
	if err == nil {
		if err = os.Rename(dir, to); err != nil && empty(to) != nil { // over an empty folder or none
			err = errors.Join(ErrNotEmpty, err)
		}
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	if err := durable.SyncDir(filepath.Dir(to)); err != nil {
		return err
	}
	return step("restore: moved")
}

func empty(dir string) error {
	names, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && len(names) > 0 {
		err = ErrNotEmpty
	}
	return err
}

// saved is one key of a back-up.
type saved struct {
	entry
	sealed []byte // under the back-up's passphrase, then under the new sealing; nil: destroyed
}

// keys reads the parts: for each key its entry and, unless it is destroyed, the key; in order, none twice. ErrBackup.
func (m *manifest) keys() ([]saved, error) {
	var all []saved
	for i := 0; i < len(m.Parts); i++ {
		e, err := parseEntry(m.Parts[i].body)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrBackup, clip(m.Parts[i].Name), err)
		}
		if m.Parts[i].Name != e.ID+entrySuffix || len(all) > 0 && e.ID <= all[len(all)-1].ID {
			return nil, fmt.Errorf("%w: the entry of %s is out of place", ErrBackup, e.ID)
		}
		k := saved{entry: e}
		if e.State != Destroyed {
			i++
			if i == len(m.Parts) || m.Parts[i].Name != e.ID+keySuffix {
				return nil, fmt.Errorf("%w: the key %s is missing", ErrBackup, e.ID)
			}
			k.sealed = m.Parts[i].body
		}
		all = append(all, k)
	}
	if len(all) > MaxKeys {
		return nil, ErrFull
	}
	return all, nil
}

// sealAnew opens every key, checks that it is the one of its entry, and seals it for the new folder.
func sealAnew(ctx context.Context, all []saved, c RestoreConfig) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range all {
		k := &all[i]
		if k.sealed == nil {
			continue
		}
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			key, err := gm.OpenKey(k.sealed, c.Backup)
			if err != nil {
				return fmt.Errorf("%s: %w", k.ID, err)
			}
			pub, err := ParsePublic(k.Algorithm, k.Public)
			if err != nil {
				return err
			}
			if p, ok := pub.(interface{ Equal(crypto.PublicKey) bool }); !ok || !p.Equal(key.Public()) {
				return fmt.Errorf("%w: %s holds another key", ErrBackup, k.ID)
			}
			k.Protected = c.Sealing.Name()
			k.sealed, err = c.Sealing.Seal(k.ID, key)
			return err
		})
	}
	return g.Wait()
}

// fill writes a whole folder.
func fill(dir string, all []saved, head journalHead, c RestoreConfig, step func(string) error) error {
	j := &journal{dir: filepath.Join(dir, journalDir), chain: head.Chain}
	if err := os.Mkdir(j.dir, dirMode); err != nil {
		return err
	}
	at := c.Now().UTC().Truncate(time.Microsecond)
	lines := make([]Line, 0, len(all))
	for _, k := range all {
		digest := gm.Sum(k.Public)
		lines = append(lines, Line{At: at, Op: OpRestore, ID: k.ID, Use: k.Use, Count: k.Used, Detail: digest.String()})
	}
	if err := j.begin(1, lines); err != nil {
		return err
	}
	if err := j.f.Close(); err != nil {
		return err
	}
	for _, k := range all {
		if err := k.put(dir); err != nil {
			return err
		}
		if err := step("restore: key"); err != nil {
			return err
		}
	}
	return durable.SyncDir(dir)
}

// put writes the files of one key.
func (k saved) put(dir string) error {
	b, err := k.encode()
	if err != nil {
		return err
	}
	if err := durable.CreateFile(filepath.Join(dir, k.ID+entrySuffix), b, fileMode); err != nil || k.sealed == nil {
		return err
	}
	return durable.CreateFile(filepath.Join(dir, k.ID+keySuffix), k.sealed, fileMode)
}
