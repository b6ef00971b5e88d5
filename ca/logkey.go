package ca

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"yinzheng/internal/durable"
)

// LogOrigin is the name of the region's transparency log: the first line of its checkpoints.
func (r *Region) LogOrigin() string { return r.about.Origin }

// LogSigner returns what signs the log's checkpoints. The key itself stays with its holder.
func (r *Region) LogSigner(ctx context.Context) (note.Signer, error) {
	key, err := r.c.Keys.Signer(ctx, roleLog)
	if err != nil {
		return nil, fmt.Errorf("opening the key of %s: %w", roleLog, err)
	}
	vkey, err := verifierKey(r.about.Origin, key)
	if err != nil {
		return nil, err
	}
	// A verifier key reads name+hash+key; the hash goes before every signature.
	parts := strings.SplitN(vkey, "+", 3)
	var hash uint32
	if len(parts) != 3 {
		return nil, fmt.Errorf("%w: %s", ErrMismatch, roleLog)
	}
	if _, err := fmt.Sscanf(parts[1], "%08x", &hash); err != nil {
		return nil, fmt.Errorf("naming the log: %w", err)
	}
	return noteSigner{r.about.Origin, hash, key}, nil
}

// noteSigner signs notes with a key that may be elsewhere.
type noteSigner struct {
	name string
	hash uint32
	key  crypto.Signer
}

func (s noteSigner) Name() string    { return s.name }
func (s noteSigner) KeyHash() uint32 { return s.hash }

func (s noteSigner) Sign(msg []byte) ([]byte, error) {
	return s.key.Sign(rand.Reader, msg, crypto.Hash(0))
}

// LogVerifier returns the note verifier key of the log, for the trust list.
func (r *Region) LogVerifier() (string, error) {
	b, err := readFile(r.path(certsDir, roleLog, vkeySuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w: no %s%s", ErrIncomplete, roleLog, vkeySuffix)
	}
	return strings.TrimSuffix(string(b), "\n"), err
}

// verifierKey writes a note verifier key.
func verifierKey(name string, key crypto.Signer) (string, error) {
	pub, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return "", fmt.Errorf("%w: %s", ErrMismatch, roleLog)
	}
	return note.NewEd25519VerifierKey(name, pub)
}

// publishLogKey writes certs/log.vkey, if it is missing.
func (e *establishing) publishLogKey(ctx context.Context) error {
	key, err := e.c.Keys.Signer(ctx, roleLog)
	if err != nil {
		return err
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

// checkLogKey checks the log's key against its published verifier key.
func (r *Region) checkLogKey(ctx context.Context) error {
	key, err := r.c.Keys.Signer(ctx, roleLog)
	if err != nil {
		return fmt.Errorf("opening the key of %s: %w", roleLog, err)
	}
	want, err := verifierKey(r.about.Origin, key)
	if err != nil {
		return fmt.Errorf("naming the log: %w", err)
	}
	got, err := r.LogVerifier()
	if err == nil && got != want {
		err = fmt.Errorf("%w: %s", ErrMismatch, roleLog)
	}
	return err
}
