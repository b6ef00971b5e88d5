package embedded

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// algorithmEd25519 is the first byte of a note key (C2SP signed-note).
const algorithmEd25519 = 1

// keyParts is the number of parts of "PRIVATE+KEY+<name>+<hash>+<data>"; note.NewSigner takes nothing with fewer.
const keyParts = 5

// Key signs checkpoints. Its private part may be elsewhere.
type Key struct {
	Signer   note.Signer // Ed25519, of the origin's name
	Verifier string      // its note verifier key
}

// SecretKey reads a note signer key ("PRIVATE+KEY+…", Ed25519). What cannot be read gives the zero Key, which Open refuses
// without repeating it.
func SecretKey(signerKey string) Key {
	signer, err := note.NewSigner(signerKey)
	if err != nil {
		return Key{}
	}
	verifier, err := VerifierKey(signerKey)
	if err != nil {
		return Key{}
	}
	return Key{signer, verifier}
}

// errSignerKey never repeats the key.
var errSignerKey = errors.New("embedded: the note signer key cannot be read")

// VerifierKey derives the note verifier key of a signer key; errors never repeat the key.
func VerifierKey(signerKey string) (string, error) {
	signer, err := note.NewSigner(signerKey)
	if err != nil {
		return "", errSignerKey
	}
	parts := strings.SplitN(signerKey, "+", keyParts) // base64 may have a plus of its own
	raw, err := base64.StdEncoding.DecodeString(parts[keyParts-1])
	if err != nil || len(raw) != 1+ed25519.SeedSize || raw[0] != algorithmEd25519 {
		return "", errSignerKey
	}
	public, isEd := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	if !isEd {
		return "", errSignerKey
	}
	key, err := note.NewEd25519VerifierKey(signer.Name(), public)
	if err != nil {
		return "", errSignerKey
	}
	return key, nil
}
