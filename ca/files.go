package ca

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"yinzheng/internal/durable"
)

const (
	dirMode  = 0o700 // the region's folders: keys are nobody else's business
	keyMode  = 0o600
	certMode = 0o644
	tempMark = ".tmp-"  // prefix of a file of internal/durable not yet in place; what a crash leaves is removed
	maxFile  = 64 << 10 // bytes of a key or certificate file: ours have 1 to 2 KB
)

// makeDir creates a folder of mode 0700, or narrows an existing one to it, and makes its name durable.
func makeDir(dir string) error {
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return fmt.Errorf("creating a folder: %w", err)
	}
	if err := os.Chmod(dir, dirMode); err != nil {
		return fmt.Errorf("creating a folder: %w", err)
	}
	return durable.SyncDir(filepath.Dir(dir))
}

// removeTemps removes what a crash left half written.
func removeTemps(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("tidying: %w", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempMark) {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("tidying: %w", err)
			}
		}
	}
	return nil
}

// readFile reads a small file whole.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("ca: %s has %d bytes, at most %d", filepath.Base(path), info.Size(), maxFile)
	}
	return os.ReadFile(path)
}

// exists reports whether a file is there.
func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// PEM wraps a DER certificate.
func PEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// readCert reads a file of exactly one PEM certificate and returns its DER.
func readCert(path string) ([]byte, error) {
	b, err := readFile(path)
	if err != nil {
		return nil, err
	}
	block, rest := pem.Decode(b)
	if block == nil || block.Type != "CERTIFICATE" || len(rest) != 0 {
		return nil, fmt.Errorf("ca: %s is not one PEM certificate", filepath.Base(path))
	}
	return block.Bytes, nil
}
