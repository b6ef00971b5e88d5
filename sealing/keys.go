package sealing

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"yinzheng/internal/gm"
)

// maxKeyFile bounds an encrypted key file; ours have under 1 KB.
const maxKeyFile = 64 << 10

// FileKeys reads signing keys from <dir>/keys/seal-<esID>.key (encrypted PKCS#8). Opening one costs a noticeable
// fraction of a second by design, so each is opened once and kept. It is safe for concurrent use.
type FileKeys struct {
	dir        string
	passphrase []byte
	mu         sync.Mutex
	open       map[string]func() (crypto.Signer, error)
}

// NewFileKeys reads nothing yet; passphrase opens every key of the folder.
func NewFileKeys(dir string, passphrase []byte) *FileKeys {
	return &FileKeys{dir: dir, passphrase: bytes.Clone(passphrase), open: map[string]func() (crypto.Signer, error){}}
}

// Signer implements Keys. A failure is not kept: the next call reads the file again.
func (k *FileKeys) Signer(ctx context.Context, seal string) (crypto.Signer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !sealID.MatchString(seal) {
		return nil, fmt.Errorf("%w: %q", ErrNoSeal, seal)
	}
	k.mu.Lock()
	open, known := k.open[seal]
	if !known {
		open = sync.OnceValues(func() (crypto.Signer, error) { return k.read(seal) })
		k.open[seal] = open
	}
	k.mu.Unlock()
	key, err := open()
	if err != nil {
		k.mu.Lock()
		delete(k.open, seal)
		k.mu.Unlock()
		return nil, fmt.Errorf("opening the key of seal %s: %w", seal, err)
	}
	return key, nil
}

// read opens one key file.
func (k *FileKeys) read(seal string) (crypto.Signer, error) {
	path := filepath.Join(k.dir, "keys", "seal-"+seal+".key")
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoSeal
	}
	if err != nil {
		return nil, err
	}
	if info.Size() > maxKeyFile {
		return nil, fmt.Errorf("sealing: key file of %d bytes, at most %d", info.Size(), maxKeyFile)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return gm.OpenKey(b, k.passphrase)
}
