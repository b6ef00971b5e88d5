package keys

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"yinzheng/internal/durable"
)

const (
	tornPrefix = "torn-"
	bootFile   = ".boot"
	// bootID changes with every start of the machine (Linux): only then the end of a journal may be anything. Where it
	// cannot be read every opening counts as one after a failure of the machine.
	bootID = "/proc/sys/kernel/random/boot_id"
)

// recover reads the folder and repairs what was interrupted.
func (f *Folder) recover() error {
	entries, err := readEntries(f.c.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		pub, err := ParsePublic(e.Algorithm, e.Public)
		if err != nil {
			return err
		}
		f.slots[e.ID] = &slot{entry: e, written: e.Used, pub: pub}
	}
	if err := f.finishReseal(); err != nil {
		return err
	}
	if err := f.sweep(); err != nil {
		return err
	}
	same, boot, err := f.sameBoot()
	if err != nil {
		return err
	}
	counts, err := f.openJournal(same)
	if err != nil {
		return err
	}
	err = f.recount(counts)
	if err == nil && !same {
		err = durable.WriteFile(filepath.Join(f.c.Dir, bootFile), boot, fileMode)
	}
	if err != nil {
		return errors.Join(err, f.j.close())
	}
	return nil
}

// readEntries reads the inventory of a folder, by ID.
func readEntries(dir string) ([]entry, error) {
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, d := range names {
		id, ok := strings.CutSuffix(d.Name(), entrySuffix)
		if !ok || !ValidID(id) {
			continue
		}
		if len(entries) == MaxKeys {
			return nil, ErrFull
		}
		b, err := readFile(filepath.Join(dir, d.Name()), MaxEntry)
		if err != nil {
			return nil, fmt.Errorf("reading the entry of %s: %w", id, err)
		}
		e, err := parseEntry(b)
		if err == nil && e.ID != id {
			err = fmt.Errorf("%w: it is of %s", ErrEntry, e.ID)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the entry of %s: %w", id, err)
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.ID, b.ID) })
	return entries, nil
}

// readFile reads at most limit bytes and one more, so that a reader of the form sees that it is too long.
func readFile(name string, limit int64) ([]byte, error) {
	in, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(in, limit+1))
	return b, errors.Join(err, in.Close())
}

// sweep completes what was interrupted: a new key whose entry is there takes its name, one without an entry was never given
// out and is removed, and so are the file of a destroyed key and what an encrypting anew left that did not come to its end. A
// key file that nothing explains is left alone.
func (f *Folder) sweep() error {
	names, err := os.ReadDir(f.c.Dir)
	if err != nil {
		return err
	}
	for _, d := range names {
		name := d.Name()
		if strings.HasPrefix(name, ".tmp-") { // of a durable write
			err = os.Remove(filepath.Join(f.c.Dir, name))
		} else if id, ok := strings.CutSuffix(name, newSuffix); ok && ValidID(id) {
			err = f.completeNew(id)
		} else if id, ok := strings.CutSuffix(name, nextSuffix); ok && ValidID(id) {
			err = shred(filepath.Join(f.c.Dir, name))
		} else if id, ok := strings.CutSuffix(name, keySuffix); ok && ValidID(id) {
			switch s := f.slots[id]; {
			case s == nil:
				f.c.Log.Error("a key file without an entry in the inventory is left alone", "key", id)
			case s.State == Destroyed:
				err = f.erase(id)
			}
		}
		if err != nil {
			return fmt.Errorf("repairing %s: %w", name, err)
		}
	}
	return nil
}

func (f *Folder) completeNew(id string) error {
	if s := f.slots[id]; s == nil || s.State == Destroyed {
		return shred(f.path(id, newSuffix))
	}
	if _, err := os.Lstat(f.path(id, keySuffix)); err == nil {
		return shred(f.path(id, newSuffix))
	}
	return f.publish(id)
}

// publish gives a new key its name, durably.
func (f *Folder) publish(id string) error {
	if err := os.Rename(f.path(id, newSuffix), f.path(id, keySuffix)); err != nil {
		return err
	}
	return durable.SyncDir(f.c.Dir)
}

// sameBoot reports whether the machine has been up since the folder was last opened: then nothing written was lost.
func (f *Folder) sameBoot() (same bool, boot []byte, err error) {
	boot, err = readFile(bootID, 64)
	if err != nil {
		return false, []byte("unknown\n"), nil //nolint:nilerr // no such file elsewhere: every opening counts as one after a failure
	}
	before, err := readFile(filepath.Join(f.c.Dir, bootFile), 64)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, nil, err
	}
	return bytes.Equal(before, boot), boot, nil
}

// tally is what the current journal file says of a key.
type tally struct {
	count int64
	used  time.Time // last; zero: not in this file
}

// openJournal opens the newest journal file for appending and returns the counts in it.
func (f *Folder) openJournal(same bool) (counts map[string]tally, err error) {
	dir := filepath.Join(f.c.Dir, journalDir)
	f.j = &journal{dir: dir, limit: f.c.JournalSize, changed: sync.NewCond(&f.mu), failed: func(err error) {
		f.c.Log.Error("the journal of key uses failed: nothing is signed until the folder is opened again", "err", err)
	}}
	if err := removeTemporary(dir); err != nil {
		return nil, err
	}
	numbers, err := journalFiles(dir)
	if err != nil {
		return nil, err
	}
	if len(numbers) == 0 {
		if len(f.slots) > 0 {
			return nil, fmt.Errorf("%w: it is missing beside %d keys", ErrJournal, len(f.slots))
		}
		return nil, f.j.begin(1, nil)
	}
	counts = map[string]tally{}
	f.j.number = numbers[len(numbers)-1]
	return counts, f.j.resume(counts, same, f.c.Log.Error)
}

func removeTemporary(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, ".tmp-*"))
	for _, name := range left {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// resume reads the current file into counts, and cuts off its end what an interrupted write or a power failure left there;
// that is kept beside it. Whole lines that are bad while the machine has been up are no accident.
func (j *journal) resume(counts map[string]tally, same bool, warn func(string, ...any)) error {
	path := filepath.Join(j.dir, journalName(j.number))
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, fileMode)
	if err != nil {
		return err
	}
	s, err := scan(file, func(l Line) error {
		now := tally{l.Count, counts[l.ID].used}
		if (l.Op == OpSign || l.Op == OpEnvelop || l.Op == OpCarry) && l.At.After(now.used) {
			now.used = l.At
		}
		counts[l.ID] = now
		return nil
	})
	if err == nil && s.header.Number != j.number {
		err = fmt.Errorf("%w: it says it is number %d", ErrJournal, s.header.Number)
	}
	if err == nil && s.bad != nil {
		err = j.cut(file, s, same)
		warn("the end of the journal of key uses was cut off and kept beside it", "file", journalName(j.number), "at", s.size, "err", s.bad)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", journalName(j.number), err), file.Close())
	}
	j.f, j.size, j.chain = file, s.size, s.chain
	return nil
}

func (j *journal) cut(file *os.File, s scanned, same bool) error {
	rest, err := io.ReadAll(io.NewSectionReader(file, s.size, maxTorn+1))
	if err != nil {
		return err
	}
	if same && s.whole || len(rest) > maxTorn {
		return s.bad
	}
	kept := filepath.Join(j.dir, fmt.Sprintf("%s%06d-%d", tornPrefix, j.number, s.size))
	if err := durable.WriteFile(kept, rest, fileMode); err != nil {
		return err
	}
	return errors.Join(file.Truncate(s.size), file.Sync())
}

// recount sets each key's count to what the journal says, which is on disk before a signature is given out. The inventory
// never knows more than the journal.
func (f *Folder) recount(counts map[string]tally) error {
	for _, s := range f.slots {
		said, seen := counts[s.ID]
		if !seen {
			continue // no use in this file that the inventory does not have: it would begin with it
		}
		if said.count < s.Used {
			return fmt.Errorf("%w: it counts %d uses of %s, the inventory %d", ErrJournal, said.count, s.ID, s.Used)
		}
		s.Used = said.count
		if said.used.After(s.LastUsed) {
			s.LastUsed = said.used
		}
	}
	return nil
}
