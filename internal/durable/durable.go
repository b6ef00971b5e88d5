// Package durable writes files that are whole and on disk when the call returns, or not there at all.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteFile replaces name by content: a reader sees the old file or the new one, never a part, and after a power cut too.
func WriteFile(name string, content []byte, mode fs.FileMode) error {
	return write(name, content, mode, os.Rename)
}

// CreateFile writes a file that must not be there yet; fs.ErrExist if it is, which stays as it was.
func CreateFile(name string, content []byte, mode fs.FileMode) error {
	return write(name, content, mode, os.Link)
}

func write(name string, content []byte, mode fs.FileMode, publish func(from, to string) error) error {
	dir := filepath.Dir(name)
	f, err := os.CreateTemp(dir, ".tmp-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(name), err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already after a rename
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = publish(f.Name(), name)
	}
	if err == nil {
		err = SyncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(name), err)
	}
	return nil
}

// SyncDir makes the names in a folder durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
