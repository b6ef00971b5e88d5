package ceremony

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
)

const (
	dirMode  fs.FileMode = 0o700
	fileMode fs.FileMode = 0o600
	outMode  fs.FileMode = 0o644 // certificates and lists are for everyone

	lockFile       = ".lock"
	keySuffix      = ".key"
	certSuffix     = ".pem"
	listSuffix     = ".crl"
	planPrefix     = "plan-"
	planSuffix     = ".yaml"
	scriptPrefix   = "transcript-"
	scriptSuffix   = ".json"
	asidePrefix    = "abandoned-"
	tempPrefix     = ".tmp-" // as package durable names a file that is not whole yet
	maxTranscripts = 10_000  // a folder with more is none of ours: roots sign a few times a year
)

// folder is an open ceremony folder, locked for one process.
type folder struct {
	dir  string
	lock *os.File
}

// openFolder makes or opens the folder. It must be for its owner alone and no data folder of a server, nor in one.
func openFolder(dir string) (*folder, error) {
	if dir == "" {
		return nil, fmt.Errorf("%w: none is named", ErrFolder)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	if err := notServers(abs); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(abs, dirMode); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	info, err := os.Stat(abs)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s has the mode %v; only its owner may enter it (0700)", ErrFolder, abs, info.Mode())
	}
	f := &folder{dir: abs}
	if f.lock, err = os.OpenFile(f.path(lockFile), os.O_CREATE|os.O_RDWR, fileMode); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	if err := syscall.Flock(int(f.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil { //nolint:gosec // a descriptor is small
		f.close()
		return nil, fmt.Errorf("%w: %s", ErrLocked, abs)
	}
	if err := errors.Join(os.MkdirAll(f.path(OutDir), dirMode), removeTemps(abs), removeTemps(f.path(OutDir))); err != nil {
		f.close()
		return nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	return f, nil
}

// close ends the lock; so does the end of the process.
func (f *folder) close() { _ = f.lock.Close() }

// notServers refuses a server's data folder and everything below it: a root key never lies there.
func notServers(dir string) error {
	for at := dir; ; at = filepath.Dir(at) {
		for _, mark := range []string{"region.json", filepath.Join("region", "region.json")} {
			if _, err := os.Stat(filepath.Join(at, mark)); err == nil {
				return fmt.Errorf("%w: %s is the data folder of a server; root keys are kept elsewhere", ErrFolder, at)
			}
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

func (f *folder) path(parts ...string) string {
	return filepath.Join(append([]string{f.dir}, parts...)...)
}

// read returns a file's content, at most limit bytes; fs.ErrNotExist if there is none.
func (f *folder) read(limit int, parts ...string) ([]byte, error) {
	return readFile(f.path(parts...), limit)
}

func readFile(path string, limit int) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(file, int64(limit)+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	if len(b) > limit {
		return nil, fmt.Errorf("%w: %s has more than %d bytes", ErrFolder, filepath.Base(path), limit)
	}
	return b, nil
}

// create writes a file that must not be there.
func create(path string, content []byte, mode fs.FileMode) error {
	err := durable.CreateFile(path, content, mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s", ErrExists, path)
	}
	return err
}

// createShare is create for a folder that may be an officer's memory stick, whose file system knows neither hard links nor
// modes: there the file is written in place.
func createShare(path string, content []byte) error {
	err := create(path, content, fileMode)
	if !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return createPlain(path, content)
}

// createPlain writes a file that must not be there; a crash may leave a part of it.
func createPlain(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s", ErrExists, path)
	}
	if err != nil {
		return fmt.Errorf("writing a share: %w", err)
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close(), durable.SyncDir(filepath.Dir(path))); err != nil {
		return fmt.Errorf("writing a share: %w", err)
	}
	return nil
}

// shred overwrites a file and removes it. A disk that keeps old blocks keeps what was in them: then the old shares have to go.
// A file that is not there is no error.
func shred(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	noise := make([]byte, gm.MaxKeyFile)
	_, _ = rand.Read(noise) // never fails
	_, err = f.WriteAt(noise, 0)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(path))
}

// removeTemps removes what a killed run left half written.
func removeTemps(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) {
			err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// transcripts returns how many transcripts there are: they are numbered from 1 without a gap.
func (f *folder) transcripts() (int, error) {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	greatest, count := 0, 0
	for _, e := range entries {
		digits, is := strings.CutPrefix(e.Name(), scriptPrefix)
		digits, whole := strings.CutSuffix(digits, scriptSuffix)
		if !is || !whole {
			continue
		}
		n, err := strconv.Atoi(digits)
		if err != nil || n < 1 || n > maxTranscripts || strconv.Itoa(n) != digits {
			return 0, fmt.Errorf("%w: what is %s?", ErrFolder, e.Name())
		}
		greatest, count = max(greatest, n), count+1
	}
	if greatest != count {
		return 0, fmt.Errorf("%w: there are %d transcripts, and the last has the number %d: one is missing", ErrTranscript, count, greatest)
	}
	return count, nil
}

func transcriptName(n int) string { return scriptPrefix + strconv.Itoa(n) + scriptSuffix }
