package keys

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"yinzheng/internal/gm"
)

// MaxKeys bounds the keys of one folder: each has an entry in memory and a line in List.
const MaxKeys = 100_000

// Errors of a folder.
var (
	// ErrLocked means that another process has the folder open.
	ErrLocked = errors.New("keys: another process has the folder open")
	// ErrFull means that a folder has MaxKeys keys.
	ErrFull = errors.New("keys: the folder is full")
	// ErrClosed means that the folder was closed.
	ErrClosed = errors.New("keys: the folder is closed")
)

// FolderConfig describes a folder of keys.
type FolderConfig struct {
	Dir         string  // made if absent
	Sealing     Sealing // how private parts rest
	Now         func() time.Time
	Log         *slog.Logger // nil: nothing is logged
	JournalSize int64        // bytes after which a new journal file begins; 0: DefaultJournalSize
}

// Folder keeps each private key in a file <id>.key, sealed, beside its line of the inventory <id>.json, and every use in an
// append-only journal of chained lines (journal/000001.log, …). One process opens a folder.
//
// A use is in the journal, by write(2), before the signature is made, and on disk, by fsync(2), before it is given out; those
// at work at the same time wait for the disk together. So neither killing the process nor a power failure loses a use, and no
// count is lower than what was given out; uses that were interrupted count. The time in a line is what the clock said; those
// in the inventory do not go back with it.
type Folder struct {
	c    FolderConfig
	lock *os.File
	// sealed is held to change all key files at once, and shared to change or read one. Taken before mu.
	sealed sync.RWMutex

	mu     sync.Mutex // guards what follows and the journal
	slots  map[string]*slot
	making map[string]bool // IDs of keys on their way
	j      *journal
	closed bool
	step   func(string) error // nil, but tests stop or fail here: before a change of the disk and after the last
}

// slot is one key of the folder.
type slot struct {
	entry         // Used and LastUsed are of now, all else is as on disk; guarded by Folder.mu but for what never changes
	written int64 // Used as on disk
	pub     crypto.PublicKey
	opening sync.Mutex    // held while the file is decrypted, so that it is once
	private crypto.Signer // guarded by Folder.mu; nil: not opened, or destroyed
}

// OpenFolder opens a folder of keys, repairing what a crash interrupted: a key on its way is there entirely or not at all, a
// destruction is completed. Errors: ErrLocked, ErrEntry, ErrJournal, ErrFull.
func OpenFolder(c FolderConfig) (*Folder, error) {
	f, err := openFolder(c, func(string) error { return nil })
	if err != nil {
		return nil, fmt.Errorf("opening the keys: %w", err)
	}
	return f, nil
}

func openFolder(c FolderConfig, step func(string) error) (*Folder, error) {
	if c.Sealing == nil || c.Now == nil {
		return nil, errors.New("keys: a folder needs Sealing and Now")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.JournalSize <= 0 {
		c.JournalSize = DefaultJournalSize
	}
	for _, dir := range []string{c.Dir, filepath.Join(c.Dir, journalDir)} {
		if err := os.MkdirAll(dir, dirMode); err != nil {
			return nil, err
		}
		if err := os.Chmod(dir, dirMode); err != nil { // it may have been there with another mode
			return nil, err
		}
	}
	lock, err := acquire(c.Dir)
	if err != nil {
		return nil, err
	}
	f := &Folder{c: c, lock: lock, slots: map[string]*slot{}, making: map[string]bool{}, step: step}
	if err := f.recover(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return f, nil
}

const lockFile = ".lock"

// acquire makes sure that one process has a folder at a time, until the file is closed: ErrLocked.
func acquire(dir string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil { //nolint:gosec // a descriptor is small
		return nil, errors.Join(ErrLocked, lock.Close())
	}
	return lock, nil
}

// now returns the time as files have it.
func (f *Folder) now() time.Time { return f.c.Now().UTC().Truncate(time.Microsecond) }

// later returns the later of two times: the clock may have been put back.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (f *Folder) path(id, suffix string) string { return filepath.Join(f.c.Dir, id+suffix) }

// The files of a key.
const (
	keySuffix   = ".key"
	newSuffix   = ".new"  // a sealed key whose entry is not there yet
	nextSuffix  = ".next" // a key sealed anew, before it takes the place of the other
	entrySuffix = ".json"
)

// Close writes the counts into the inventory and lets another process open the folder. Signers got from it sign no more.
func (f *Folder) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil
	}
	f.closed = true
	err := f.j.close()
	for _, s := range f.slots {
		s.private = nil // who signs now has it still
		if err == nil && s.Used != s.written {
			err = f.write(s.entry)
		}
	}
	if err = errors.Join(err, f.lock.Close()); err != nil {
		return fmt.Errorf("closing the keys: %w", err)
	}
	return nil
}

// find returns a key's slot; the lock is held.
func (f *Folder) find(id string) (*slot, error) {
	if f.closed {
		return nil, ErrClosed
	}
	s, ok := f.slots[id]
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrNoKey, clip(id))
	}
	return s, nil
}

// List implements Holder.
func (f *Folder) List(ctx context.Context) ([]Info, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, ErrClosed
	}
	all := make([]Info, 0, len(f.slots))
	for _, s := range f.slots {
		all = append(all, s.info())
	}
	slices.SortFunc(all, func(a, b Info) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}

// Info implements Finder.
func (f *Folder) Info(ctx context.Context, id string) (Info, error) {
	if err := ctx.Err(); err != nil {
		return Info{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.find(id)
	if err != nil {
		return Info{}, err
	}
	return s.info(), nil
}

// Head returns the number of the journal file in use and the chain of its last line, for keeping elsewhere (the audit
// record): they prove later that nothing was cut off.
func (f *Folder) Head() (file int64, chain gm.Digest) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.j.number, f.j.chain
}
