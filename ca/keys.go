package ca

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
)

// Where a region keeps things.
const (
	keysDir    = "keys"
	certsDir   = "certs"
	keySuffix  = ".key" // encrypted PKCS#8
	certSuffix = ".pem"
	vkeySuffix = ".vkey" // note verifier key of the log
)

// makeKeys loads the keys that are there and makes the others. Encrypting one takes a noticeable fraction of a second by
// design (PBKDF2), so several are worked on at once; they are written in order.
func (e *establishing) makeKeys(ctx context.Context) error {
	names := keyNames()
	keys := make([]crypto.Signer, len(names))
	sealed := make([][]byte, len(names))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		g.Go(func() (err error) {
			if err := ctx.Err(); err != nil {
				return err
			}
			keys[i], err = loadKey(e.dir, name, e.passphrase)
			if !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			if keys[i], err = newKey(name, e.src.Rand); err != nil {
				return fmt.Errorf("making the key of %s: %w", name, err)
			}
			if sealed[i], err = gm.SealKey(keys[i], e.passphrase); err != nil {
				return fmt.Errorf("encrypting the key of %s: %w", name, err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	e.keys = map[string]crypto.Signer{}
	for i, name := range names {
		e.keys[name] = keys[i]
		if sealed[i] == nil {
			continue
		}
		if err := durable.CreateFile(e.path(keysDir, name, keySuffix), sealed[i], keyMode); err != nil {
			return err
		}
		e.step("key " + name)
	}
	return nil
}

// newKey makes a key of the kind that a role needs.
func newKey(name string, random io.Reader) (crypto.Signer, error) {
	switch name {
	case roleTLS:
		return ecdsa.GenerateKey(elliptic.P256(), random)
	case roleLog:
		_, key, err := ed25519.GenerateKey(random)
		return key, err
	default:
		return gm.GenerateKey()
	}
}

// loadKey opens one key file; fs.ErrNotExist when there is none, gm.ErrPassphrase when it does not open.
func loadKey(dir, name string, passphrase []byte) (crypto.Signer, error) {
	b, err := readFile(filepath.Join(dir, keysDir, name+keySuffix))
	if err != nil {
		return nil, err
	}
	key, err := gm.OpenKey(b, passphrase)
	if err != nil {
		return nil, fmt.Errorf("opening the key of %s: %w", name, err)
	}
	return key, nil
}

// loadKeys opens every key of an established region; a missing one is ErrIncomplete.
func loadKeys(dir string, passphrase []byte) (map[string]crypto.Signer, error) {
	names := keyNames()
	keys := make([]crypto.Signer, len(names))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		g.Go(func() (err error) {
			keys[i], err = loadKey(dir, name, passphrase)
			if errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%w: no key of %s", ErrIncomplete, name)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	m := map[string]crypto.Signer{}
	for i, name := range names {
		m[name] = keys[i]
	}
	return m, nil
}
