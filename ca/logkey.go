package ca

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"

	"yinzheng/internal/durable"
)

// noteEd25519 is the algorithm byte of Ed25519 in note keys (golang.org/x/mod/sumdb/note).
const noteEd25519 = 1

// LogOrigin is the name of the region's transparency log: the first line of its checkpoints.
func (r *Region) LogOrigin() string { return r.about.Origin }

// LogSigner returns the note signer key ("PRIVATE+KEY+…") of the log. It is a secret: it rests encrypted.
func (r *Region) LogSigner() string { return signerKey(r.about.Origin, r.logKey) }

// LogVerifier returns the note verifier key of the log, for the trust list.
func (r *Region) LogVerifier() (string, error) { return verifierKey(r.about.Origin, r.logKey) }

// signerKey writes a note signer key: name, key hash, algorithm and seed.
func signerKey(name string, key ed25519.PrivateKey) string {
	public := append([]byte{noteEd25519}, key.Public().(ed25519.PublicKey)...)
	private := append([]byte{noteEd25519}, key.Seed()...)
	sum := sha256.Sum256(append([]byte(name+"\n"), public...))
	return fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, binary.BigEndian.Uint32(sum[:]),
		base64.StdEncoding.EncodeToString(private))
}

// verifierKey writes a note verifier key.
func verifierKey(name string, key ed25519.PrivateKey) (string, error) {
	return note.NewEd25519VerifierKey(name, key.Public().(ed25519.PublicKey))
}

// publishLogKey writes certs/log.vkey, if it is missing.
func (e *establishing) publishLogKey(context.Context) error {
	key, ok := e.keys[roleLog].(ed25519.PrivateKey)
	if !ok {
		return fmt.Errorf("%w: %s", ErrMismatch, roleLog)
	}
	vkey, err := verifierKey(e.about.Origin, key)
	if err != nil {
		return fmt.Errorf("naming the log: %w", err)
	}
	err = durable.CreateFile(e.path(certsDir, roleLog, vkeySuffix), []byte(vkey+"\n"), certMode)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil {
		e.step("verifier " + roleLog)
	}
	return err
}

// openLogKey checks the log's key against its published verifier key.
func openLogKey(dir, origin string, key crypto.Signer) (ed25519.PrivateKey, error) {
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrMismatch, roleLog)
	}
	want, err := verifierKey(origin, private)
	if err != nil {
		return nil, fmt.Errorf("naming the log: %w", err)
	}
	got, err := readFile(filepath.Join(dir, certsDir, roleLog+vkeySuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: no %s%s", ErrIncomplete, roleLog, vkeySuffix)
	}
	if err != nil {
		return nil, err
	}
	if string(got) != want+"\n" {
		return nil, fmt.Errorf("%w: %s", ErrMismatch, roleLog)
	}
	return private, nil
}
