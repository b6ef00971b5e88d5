package embedded

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/tessera/api/layout"
	"golang.org/x/mod/sumdb/note"
)

// Errors of Open.
var (
	ErrLost    = errors.New("embedded: the log that must be there is not, or not all of it")
	ErrForeign = errors.New("embedded: the log in the folder is not signed by this key")
	ErrLocked  = errors.New("embedded: another process writes this log")
)

// treeState is where Tessera keeps how far the tree is integrated. It is never behind the published checkpoint.
const treeState = ".state/treeState"

// found refuses a folder with no log in it when one must be there, before anything is written.
func (c Config) found() error {
	_, err := os.Stat(filepath.Join(c.Dir, layout.CheckpointPath))
	if errors.Is(err, fs.ErrNotExist) && (c.MustExist || c.Least > 0) {
		return fmt.Errorf("%w: no checkpoint in its folder", ErrLost)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("embedded: looking for the log: %w", err)
	}
	return nil
}

// sound refuses a folder from which Tessera would go on wrongly: without its tree state it begins again and puts an empty checkpoint
// over the published one, with an older one it publishes an older tree.
func (c Config) sound(verifier note.Verifier) error {
	raw, err := os.ReadFile(filepath.Join(c.Dir, layout.CheckpointPath))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("embedded: reading the checkpoint: %w", err)
	}
	published, _, _, err := log.ParseCheckpoint(raw, c.Origin, verifier)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForeign, err)
	}
	raw, err = os.ReadFile(filepath.Join(c.Dir, filepath.FromSlash(treeState)))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s is missing beside a checkpoint of %d records", ErrLost, treeState, published.Size)
	}
	if err != nil {
		return fmt.Errorf("embedded: reading the tree state: %w", err)
	}
	var tree struct {
		Size uint64 `json:"size"`
		Root []byte `json:"root"`
	}
	if err := json.Unmarshal(raw, &tree); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrLost, treeState, err)
	}
	switch {
	case tree.Size < published.Size:
		return fmt.Errorf("%w: the tree has %d records, its checkpoint %d", ErrLost, tree.Size, published.Size)
	case tree.Size == published.Size && tree.Size > 0 && !bytes.Equal(tree.Root, published.Hash):
		return fmt.Errorf("%w: the tree and its checkpoint differ", ErrLost)
	case c.Least > 0 && tree.Size < uint64(c.Least):
		return fmt.Errorf("%w: it has %d records, %d were published", ErrLost, tree.Size, c.Least)
	}
	return nil
}

// lock makes sure that one process writes the log. It ends with the process, however that ends.
func lock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("embedded: locking: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil { //nolint:gosec // a descriptor is small
		return nil, errors.Join(ErrLocked, f.Close())
	}
	return f, nil
}
