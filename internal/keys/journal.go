package keys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
)

const (
	journalDir = "journal"
	// DefaultJournalSize is when a journal file is closed and the next begun, in bytes: some 70,000 uses, which an
	// opening reads in a quarter of a second.
	DefaultJournalSize = 16 << 20
	// maxTorn bounds what an opening cuts off the end of a journal after a power failure, in bytes: far more than is
	// written during one sync at several times the speed of signing.
	maxTorn  = 8 << 20
	dirMode  = 0o700
	fileMode = 0o600
)

// journal appends lines to the newest file of a folder. Everything is called under the folder's lock.
type journal struct {
	dir     string
	limit   int64
	f       *os.File
	number  int64 // of the file
	size    int64
	chain   gm.Digest
	buf     []byte
	lines   int64      // appended since the opening
	synced  int64      // of them on disk
	syncing bool       // somebody waits for the disk, without the lock
	changed *sync.Cond // synced, syncing or broken; on the folder's lock
	broken  error      // nothing can be recorded any more, so nothing is signed
	failed  func(error)
}

func journalName(number int64) string { return fmt.Sprintf("%06d.log", number) }

// numberOf reads the name of a journal file.
func numberOf(name string) (int64, bool) {
	digits, ok := strings.CutSuffix(name, ".log")
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, ok && err == nil && n > 0 && journalName(n) == name
}

// begin starts a file with its header and the given lines, whole or not at all, and makes it the current one.
func (j *journal) begin(number int64, carry []Line) error {
	b, chain := header{Number: number, Chain: j.chain}.encode(), j.chain
	for _, l := range carry {
		b, chain = appendLine(b, chain, l)
	}
	path := filepath.Join(j.dir, journalName(number))
	if err := durable.CreateFile(path, b, fileMode); err != nil {
		return fmt.Errorf("beginning a journal file: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, fileMode)
	if err != nil {
		return fmt.Errorf("beginning a journal file: %w", err)
	}
	j.f, j.number, j.size, j.chain = f, number, int64(len(b)), chain
	return nil
}

// full reports whether the current file has reached its size.
func (j *journal) full() bool { return j.size >= j.limit }

// rotate ends the current file durably and begins the next. On a full disk the current one stays, and the next use tries
// again.
func (j *journal) rotate(carry []Line) error {
	old, number := j.f, j.number+1
	if err := j.syncNow(); err != nil {
		return err
	}
	if err := j.begin(number, carry); err != nil {
		if _, missing := os.Lstat(filepath.Join(j.dir, journalName(number))); !errors.Is(missing, fs.ErrNotExist) {
			j.fail(err) // it is there: a line in the current one would come between them
		}
		return err
	}
	return old.Close()
}

// append writes one line in one write(2), so that killing the process leaves all of it or nothing, and returns its number for
// commit.
func (j *journal) append(l Line) (line int64, err error) {
	if j.broken != nil {
		return 0, fmt.Errorf("recording: the journal failed before: %w", j.broken)
	}
	b, chain := appendLine(j.buf[:0], j.chain, l)
	j.buf = b
	if _, err := j.f.Write(b); err != nil { // a full disk: what was written of the line is taken away
		if cut := j.f.Truncate(j.size); cut != nil {
			j.fail(errors.Join(err, cut))
		}
		return 0, fmt.Errorf("recording: %w", err)
	}
	j.size += int64(len(b))
	j.chain = chain
	j.lines++
	return j.lines, nil
}

// commit returns when a line is on disk. Whoever finds nobody at it waits for the disk, on behalf of everything written until
// then; the lock is free meanwhile.
func (j *journal) commit(line int64) error {
	for j.synced < line {
		switch {
		case j.broken != nil:
			return fmt.Errorf("recording: the journal failed: %w", j.broken)
		case j.syncing:
			j.changed.Wait()
			continue
		}
		f, upTo := j.f, j.lines
		j.syncing = true
		j.changed.L.Unlock()
		err := f.Sync()
		j.changed.L.Lock()
		j.syncing = false
		switch {
		case err == nil:
			j.synced = max(j.synced, upTo)
		case !errors.Is(err, os.ErrClosed): // closed: rotate or close synced it
			j.fail(fmt.Errorf("making it durable: %w", err))
		}
		j.changed.Broadcast()
	}
	return nil
}

// syncNow makes everything written durable, holding the lock.
func (j *journal) syncNow() error {
	if j.broken != nil {
		return fmt.Errorf("recording: the journal failed before: %w", j.broken)
	}
	if err := j.f.Sync(); err != nil {
		j.fail(fmt.Errorf("making it durable: %w", err))
		return fmt.Errorf("recording: %w", j.broken)
	}
	j.synced = j.lines
	j.changed.Broadcast()
	return nil
}

// fail gives the journal up: after a failed sync the system may have dropped what was written. Another opening reads what is
// there.
func (j *journal) fail(err error) {
	if j.broken == nil {
		j.broken = err
		j.failed(err)
	}
	j.changed.Broadcast()
}

// close ends the journal: nil when everything appended is on disk.
func (j *journal) close() error {
	err := j.syncNow()
	if err == nil {
		j.broken = ErrClosed
	}
	return errors.Join(err, j.f.Close())
}
