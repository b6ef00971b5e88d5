package keys

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"yinzheng/internal/durable"
)

// Change implements Holder. A change counts for signers got before. A change to what is so already does nothing, but destroying
// a destroyed key makes sure that its file is gone. Errors also: ErrSpec for a state or quota that is none. Destroying
// overwrites and removes the file of the private key; the entry and the journal stay.
func (f *Folder) Change(ctx context.Context, id string, c Change) (Info, error) {
	if err := ctx.Err(); err != nil {
		return Info{}, err
	}
	f.sealed.RLock()
	defer f.sealed.RUnlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := f.change(id, c)
	if err != nil {
		return Info{}, fmt.Errorf("changing %q: %w", clip(id), err)
	}
	return info, nil
}

func (f *Folder) change(id string, c Change) (Info, error) {
	s, err := f.find(id)
	if err != nil {
		return Info{}, err
	}
	switch {
	case c.State != nil && !validState(*c.State):
		return Info{}, fmt.Errorf("%w: the state %q", ErrSpec, clip(string(*c.State)))
	case c.Quota != nil && *c.Quota < 0:
		return Info{}, fmt.Errorf("%w: a quota of %d", ErrSpec, *c.Quota)
	case s.State == Destroyed && c.Quota == nil && c.State != nil && *c.State == Destroyed:
		return s.info(), f.erase(id)
	case s.State == Destroyed:
		return Info{}, fmt.Errorf("%w: it is %s", ErrState, s.State)
	}
	if c.Quota != nil && *c.Quota != s.Quota {
		if err := f.setQuota(s, *c.Quota); err != nil {
			return Info{}, err
		}
	}
	if c.State != nil && *c.State != s.State {
		if err := f.setState(s, *c.State); err != nil {
			return Info{}, err
		}
	}
	return s.info(), nil
}

func (f *Folder) setQuota(s *slot, quota int64) error {
	next := s.entry
	next.Quota = quota
	return f.replace(s, next, OpQuota, strconv.FormatInt(quota, 10))
}

func (f *Folder) setState(s *slot, to State) error {
	next := s.entry
	next.State = to
	op := map[State]Op{Active: OpActivate, Retired: OpRetire, Destroyed: OpDestroy}[to]
	if err := f.replace(s, next, op, noDetail); err != nil || to != Destroyed {
		return err
	}
	s.private = nil
	if err := f.erase(s.ID); err != nil {
		return err
	}
	return f.step("destroy: erased")
}

// replace records a change, then makes it durable with the count of now.
func (f *Folder) replace(s *slot, next entry, op Op, detail string) error {
	if err := f.step("change: start"); err != nil {
		return err
	}
	at := f.now()
	if _, err := f.j.append(Line{At: at, Op: op, ID: s.ID, Use: s.Use, Count: s.Used, Detail: detail}); err != nil {
		return err
	}
	if err := f.j.syncNow(); err != nil {
		return err
	}
	if err := f.step("change: recorded"); err != nil {
		return err
	}
	next.Changed = later(at, s.Changed)
	if err := f.write(next); err != nil {
		return err
	}
	s.State, s.Quota, s.Changed, s.written = next.State, next.Quota, next.Changed, next.Used // the rest is read without the lock
	return f.step("change: entered")
}

// erase removes the files of a private key for good.
func (f *Folder) erase(id string) error {
	for _, suffix := range []string{newSuffix, nextSuffix, keySuffix} {
		if err := shred(f.path(id, suffix)); err != nil {
			return err
		}
	}
	return nil
}

// shred overwrites a file, removes it, and makes that durable. A file system that keeps old blocks keeps what was in them:
// then the seal alone protects it. A file that is not there is no error.
func shred(name string) error {
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	about, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	noise := make([]byte, min(about.Size(), MaxSealed))
	_, _ = rand.Read(noise) // never fails
	_, err = file.WriteAt(noise, 0)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Remove(name); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(name))
}

// absent reports ErrExists when a file of the key is there that the inventory in memory does not explain, which a failure of
// the disk can leave: the next opening repairs that, and nothing is overwritten until then.
func (f *Folder) absent(id string) error {
	for _, suffix := range []string{keySuffix, entrySuffix} {
		_, err := os.Lstat(f.path(id, suffix))
		if err == nil {
			return fmt.Errorf("%w: there is already a file %s", ErrExists, id+suffix)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
