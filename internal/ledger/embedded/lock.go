package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/mod/sumdb/note"
)

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

// verifierOf makes the verifier that belongs to a signer key: its public half is derived by the note package's own form.
func verifierOf(signer note.Signer, signerKey string) (note.Verifier, error) {
	key, err := VerifierKey(signerKey)
	if err != nil {
		return nil, err
	}
	v, err := note.NewVerifier(key)
	if err != nil || v.Name() != signer.Name() || v.KeyHash() != signer.KeyHash() {
		return nil, errors.New("embedded: the note signer key cannot be read")
	}
	return v, nil
}

// warnings passes on what Tessera warns of, and keeps its chatter out.
type warnings struct{ slog.Handler }

// Enabled implements slog.Handler.
func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }

// splitKey takes "PRIVATE+KEY+<name>+<hash>+<keydata>" apart.
func splitKey(signerKey string) (name, hash, data string, ok bool) {
	rest, isKey := strings.CutPrefix(signerKey, "PRIVATE+KEY+")
	if !isKey {
		return "", "", "", false
	}
	name, rest, _ = strings.Cut(rest, "+")
	hash, data, ok = strings.Cut(rest, "+")
	return name, hash, data, ok
}
