package keys

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"yinzheng/internal/durable"
)

// resealFile says that every key is there sealed anew, and how; it goes when all have taken their places.
const resealFile = ".reseal"

// Reseal encrypts every private key anew, e.g. under another passphrase or from a passphrase to a token, and uses that sealing
// from then on. It takes a tenth of a second a key; making, changing and first using keys waits, signing goes on. After a crash
// the folder is entirely under the one sealing or entirely under the other. An error that wraps ErrHalf comes after that was
// decided: the folder is to be opened again, under the new sealing. Old back-ups stay as they are. Errors also: ErrKeyFile, and
// those of to.
func (f *Folder) Reseal(ctx context.Context, to Sealing) error {
	f.sealed.Lock()
	defer f.sealed.Unlock()
	if err := f.reseal(ctx, to); err != nil {
		return fmt.Errorf("encrypting the keys anew: %w", err)
	}
	return nil
}

// ErrHalf means that encrypting the keys anew failed on the last part of its way, which the next opening goes.
var ErrHalf = errors.New("keys: open the folder again, under the new sealing")

// reseal: 1. each key under a passing name, 2. the lines of the journal, 3. the word that all are there: from here on the new
// sealing counts, 4. each takes its place. After a crash before 3 an opening removes what 1 left, after 3 it does 4.
func (f *Folder) reseal(ctx context.Context, to Sealing) error {
	if to == nil || !word(to.Name(), "-") {
		return errors.New("keys: encrypting anew needs a sealing with a name")
	}
	slots, _, _, err := f.snapshot()
	if err != nil {
		return err
	}
	if slots = living(slots); len(slots) == 0 {
		f.c.Sealing = to
		return nil
	}
	if err = f.sealAll(ctx, slots, to); err == nil {
		err = f.recordAll(OpReseal, slots)
	}
	if err == nil {
		err = f.step("reseal: recorded")
	}
	marker := filepath.Join(f.c.Dir, resealFile)
	if err == nil {
		err = durable.CreateFile(marker, []byte(to.Name()), fileMode)
	}
	if err != nil {
		return errors.Join(err, f.undoReseal(marker, slots))
	}
	f.c.Sealing = to
	f.mu.Lock()
	defer f.mu.Unlock()
	if err = f.step("reseal: decided"); err == nil {
		err = f.j.syncNow() // uses made meanwhile go into the entries
	}
	if err == nil {
		err = f.finishReseal()
	}
	if err != nil {
		f.j.fail(ErrHalf)
		return fmt.Errorf("%w: %w", ErrHalf, err)
	}
	return nil
}

// living leaves out what is destroyed; nothing is destroyed meanwhile.
func living(slots []*slot) []*slot {
	var all []*slot
	for _, s := range slots {
		if s.State != Destroyed {
			all = append(all, s)
		}
	}
	return all
}

func (f *Folder) sealAll(ctx context.Context, slots []*slot, to Sealing) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, s := range slots {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			key, err := f.open(s)
			if err != nil {
				return fmt.Errorf("%s: %w", s.ID, err)
			}
			sealed, err := to.Seal(s.ID, key)
			if err == nil && len(sealed) > MaxSealed {
				err = fmt.Errorf("%w: sealed it takes more than %d bytes", ErrKeyFile, MaxSealed)
			}
			if err == nil {
				err = f.step("reseal: start")
			}
			if err != nil {
				return fmt.Errorf("%s: %w", s.ID, err)
			}
			return durable.WriteFile(f.path(s.ID, nextSuffix), sealed, fileMode)
		})
	}
	return g.Wait()
}

// undoReseal removes what was made when it was not decided.
func (f *Folder) undoReseal(marker string, slots []*slot) error {
	if err := os.Remove(marker); err == nil {
		if err := durable.SyncDir(f.c.Dir); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := error(nil)
	for _, s := range slots {
		err = errors.Join(err, shred(f.path(s.ID, nextSuffix)))
	}
	return err
}

// finishReseal lets every key that was sealed anew take its place, once that is decided. The lock is held, or nobody else knows
// the folder; counts are in the journal durably.
func (f *Folder) finishReseal() error {
	marker := filepath.Join(f.c.Dir, resealFile)
	b, err := readFile(marker, MaxID)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	name := string(b)
	if err == nil && !word(name, "-") {
		err = fmt.Errorf("%w: %s says %q", ErrEntry, resealFile, clip(strings.ToValidUTF8(name, "?")))
	}
	if err != nil {
		return err
	}
	for _, s := range f.slots {
		if err := f.replaceKey(s, name); err != nil {
			return fmt.Errorf("%s: %w", s.ID, err)
		}
	}
	if err := os.Remove(marker); err != nil {
		return err
	}
	return durable.SyncDir(f.c.Dir)
}

// replaceKey replaces the file of one key if it is there sealed anew; the entry comes first, so that it is never forgotten.
func (f *Folder) replaceKey(s *slot, protected string) error {
	next := f.path(s.ID, nextSuffix)
	if _, err := os.Lstat(next); errors.Is(err, fs.ErrNotExist) || s.State == Destroyed {
		return nil
	} else if err != nil {
		return err
	}
	e := s.entry
	e.Protected = protected
	if err := f.write(e); err != nil {
		return err
	}
	s.Protected, s.written = protected, e.Used
	if err := f.step("reseal: entered"); err != nil {
		return err
	}
	if err := shred(f.path(s.ID, keySuffix)); err != nil {
		return err
	}
	if err := f.step("reseal: removed"); err != nil {
		return err
	}
	if err := os.Rename(next, f.path(s.ID, keySuffix)); err != nil {
		return err
	}
	return durable.SyncDir(f.c.Dir)
}
