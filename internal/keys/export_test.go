package keys

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"yinzheng/internal/gm"
)

// OpenFolderAt opens a folder that calls step before each change of the disk and after the last.
func OpenFolderAt(c FolderConfig, step func(string) error) (*Folder, error) {
	return openFolder(c, step)
}

// RestoreAt is Restore with steps.
func RestoreAt(ctx context.Context, r io.Reader, c RestoreConfig, step func(string) error) error {
	return restore(ctx, r, c, step)
}

// ReadJournal returns the lines of a journal file.
func ReadJournal(b []byte) (lines []Line, err error) {
	s, err := scan(bytes.NewReader(b), func(l Line) error { lines = append(lines, l); return nil })
	return lines, errors.Join(err, s.bad)
}

// WriteJournal writes a journal file of the lines, chained as they should be.
func WriteJournal(number int64, before gm.Digest, lines []Line) []byte {
	b, chain := header{Number: number, Chain: before}.encode(), before
	for _, l := range lines {
		b, chain = appendLine(b, chain, l)
	}
	return b
}

// HeaderChain reads what the header of a journal file follows.
func HeaderChain(b []byte) (int64, gm.Digest, error) {
	first, _, _ := bytes.Cut(b, []byte("\n"))
	h, err := parseHeader(first)
	return h.Number, h.Chain, err
}

// EntryAgain parses an entry and writes it again.
func EntryAgain(b []byte) ([]byte, error) {
	e, err := parseEntry(b)
	if err != nil {
		return nil, err
	}
	return e.encode()
}

// BackupAgain reads a back-up as far as that goes without a passphrase and writes it again.
func BackupAgain(b []byte) ([]byte, error) {
	m, raw, seal, err := readBackup(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	if _, err := m.keys(); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = writeParts(&out, append([]part{{Name: manifestName, body: raw}, {Name: sealName, body: seal}}, m.Parts...))
	return out.Bytes(), err
}

// ForgeBackup changes a part of a back-up and makes the manifest fit, as somebody without the passphrase can.
func ForgeBackup(b []byte, change func(name string, body []byte) []byte) ([]byte, error) {
	m, _, seal, err := readBackup(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	parts := m.Parts
	m.Parts = []part{}
	for _, p := range parts {
		m.add(p.Name, change(p.Name, p.body))
	}
	raw, err := m.encode()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = writeParts(&out, append([]part{{Name: manifestName, body: raw}, {Name: sealName, body: seal}}, m.Parts...))
	return out.Bytes(), err
}

// FillUp lets a folder believe that it has MaxKeys keys.
func (f *Folder) FillUp() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(f.slots); i < MaxKeys; i++ {
		f.making[fmt.Sprintf("example-%d", i)] = true
	}
}

// Leftovers returns the names in a folder that are none of whole keys: an entry and, unless it is destroyed, a key.
func Leftovers(dir string) (left []string, err error) {
	entries, err := readEntries(dir)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{lockFile: true, bootFile: true, journalDir: true}
	for _, e := range entries {
		known[e.ID+entrySuffix] = true
		if e.State != Destroyed {
			known[e.ID+keySuffix] = true
			if _, err := os.Stat(filepath.Join(dir, e.ID+keySuffix)); errors.Is(err, fs.ErrNotExist) {
				left = append(left, "missing "+e.ID+keySuffix)
			}
		}
	}
	for _, sub := range []string{"", journalDir} {
		names, err := os.ReadDir(filepath.Join(dir, sub))
		if err != nil {
			return nil, err
		}
		for _, d := range names {
			if sub == "" && !known[d.Name()] || sub != "" && !strings.HasSuffix(d.Name(), ".log") {
				left = append(left, d.Name())
			}
		}
	}
	return left, nil
}

// StartMachineAnew makes the next opening one after a failure of the machine.
func StartMachineAnew(dir string) error { return os.Remove(filepath.Join(dir, bootFile)) }

// BreakJournal makes the journal fail as when the disk reports an error while syncing.
func (f *Folder) BreakJournal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.j.fail(syscall.EIO)
}

// AbandonForTest lets go of a folder without writing anything, as a killed process does.
func (f *Folder) AbandonForTest() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return errors.Join(f.j.f.Close(), f.lock.Close())
}

// ReleaseLockForTest lets another opening have the folder at the same time.
func (f *Folder) ReleaseLockForTest() { _ = f.lock.Close() }

// LoseDisk puts something in place of the journal file that can be written and never made durable: a pipe.
func (f *Folder) LoseDisk() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, w, err := os.Pipe()
	if err != nil {
		return err
	}
	err = f.j.f.Close()
	f.j.f = w
	return err
}
