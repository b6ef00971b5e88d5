// Package catest gives tests a region that is really established: books in SQLite, keys in a folder that costs no time to open, and roots made by
// a ceremony in a folder beside it.
package catest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"yinzheng/ca"
	"yinzheng/ca/ceremony"
	"yinzheng/internal/keys"
	"yinzheng/internal/keys/keystest"
	"yinzheng/internal/store"
)

const (
	// Code and Name are the region's.
	Code = "450000"
	Name = "广西壮族自治区"
	// OfficeCode is an example code with a right check character.
	OfficeCode = "11450000MB12345678"
	OfficeName = "示例市市场监督管理局"
	// Base is where the region's lists would be fetched.
	Base = "http://ca.example"
	// Passphrase is one that keys may be sealed under.
	Passphrase = "a passphrase for tests"

	server  = "server"  // a ceremony's folder may not be below it
	offline = "offline" // the ceremony's
)

// Start is the moment at which regions of tests are established.
func Start() time.Time { return time.Date(2026, 11, 22, 8, 30, 0, 0, time.UTC) }

// World is a region on a disk: its folder, its keys and its books.
type World struct {
	Dir    string // of the server: books.db, keys, region
	DB     *store.DB
	Keys   *keys.Folder
	Config ca.Config
	mu     sync.Mutex
	alarms []string
}

// Open opens the books and keys below a folder, making them when they are not there.
func Open(ctx context.Context, dir string, now func() time.Time) (*World, error) {
	w := &World{Dir: filepath.Join(dir, server)}
	err := os.MkdirAll(w.Dir, 0o700)
	if err != nil {
		return nil, fmt.Errorf("making a region's folder: %w", err)
	}
	if w.DB, err = store.Open(ctx, store.Config{URL: filepath.Join(w.Dir, "books.db")}); err != nil {
		return nil, err
	}
	w.Keys, err = keys.OpenFolder(keys.FolderConfig{Dir: filepath.Join(w.Dir, "keys"), Sealing: keystest.Plain("plain"), Now: now})
	if err != nil {
		return nil, errors.Join(err, w.DB.Close())
	}
	w.Config = ca.Config{
		Dir: filepath.Join(w.Dir, "region"), Keys: w.Keys, Books: w.DB, Base: Base, Now: now, Alarm: w.alarm,
	}
	return w, nil
}

// Close closes books and keys.
func (w *World) Close() error { return errors.Join(w.Keys.Close(), w.DB.Close()) }

func (w *World) alarm(_ context.Context, what string, _ error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.alarms = append(w.alarms, what)
}

// Alarms are what disagreed so far.
func (w *World) Alarms() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.alarms...)
}

// Spec is the region of these tests, with a ceremony held beside it.
func (w *World) Spec() ca.Spec {
	return ca.Spec{Region: Code, Name: Name, Ceremony: func(ctx context.Context, requests []ca.CARequest) (ca.Certified, error) {
		return Hold(ctx, filepath.Join(filepath.Dir(w.Dir), offline), w.Config.Now, requests)
	}}
}

// Hold holds a ceremony in one go.
func Hold(ctx context.Context, dir string, now func() time.Time, requests []ca.CARequest) (ca.Certified, error) {
	return ceremony.Certify(ctx, ceremony.Config{Dir: dir, Region: Code, Name: Name, URL: Base, Now: now}, requests)
}

// established is one region that tests copy, because encrypting its keys takes a while by design.
type established struct {
	once sync.Once
	dir  string
	err  error
}

// Template establishes a region once and copies it as often as asked for.
type Template struct{ made established }

// Copy returns the path of a fresh copy of an established region below dir, for Open.
func (t *Template) Copy(ctx context.Context, dir string) error {
	t.made.once.Do(func() { t.made.dir, t.made.err = t.make(ctx) })
	if t.made.err != nil {
		return t.made.err
	}
	return CopyTree(dir, t.made.dir)
}

func (t *Template) make(ctx context.Context) (string, error) {
	dir, err := os.MkdirTemp("", "region")
	if err != nil {
		return "", err
	}
	w, err := Open(ctx, dir, Start)
	if err != nil {
		return dir, err
	}
	_, err = ca.Establish(ctx, w.Config, w.Spec())
	return dir, errors.Join(err, w.Close())
}

// Remove removes the template.
func (t *Template) Remove() error {
	if t.made.dir == "" {
		return nil
	}
	return os.RemoveAll(t.made.dir)
}

// CopyTree copies a folder with its modes, which os.CopyFS leaves to the process.
func CopyTree(to, from string) error {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return err
	}
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return os.Chmod(filepath.Join(to, name), info.Mode().Perm())
	})
}
