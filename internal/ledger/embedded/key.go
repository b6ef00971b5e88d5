package embedded

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
)

// algorithmEd25519 is the first byte of a note key (C2SP signed-note).
const algorithmEd25519 = 1

// VerifierKey derives the note verifier key of a signer key; errors never repeat the key.
func VerifierKey(signerKey string) (string, error) {
	bad := errors.New("embedded: the note signer key cannot be read")
	name, hash, data, ok := splitKey(signerKey)
	if !ok {
		return "", bad
	}
	raw, err := base64.StdEncoding.DecodeString(data)
	if err != nil || len(raw) != 1+ed25519.SeedSize || raw[0] != algorithmEd25519 {
		return "", bad
	}
	public, isEd := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	if !isEd {
		return "", bad
	}
	return name + "+" + hash + "+" + base64.StdEncoding.EncodeToString(append([]byte{algorithmEd25519}, public...)), nil
}
