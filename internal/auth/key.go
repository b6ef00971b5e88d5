package auth

import (
	"encoding/base32"
	"fmt"
	"io"
	"strings"

	"yinzheng/internal/gm"
)

// KeyPrefix starts every API key, so that a leaked one is found by scanning for it.
const KeyPrefix = "yz_"

// keyBytes is how much randomness a key holds: so much that a plain digest of it cannot be guessed back, and no slow
// password hash is needed.
const keyBytes = 32

// NewKey makes an API key from a source of randomness: KeyPrefix and 52 characters a–z, 2–7. It is shown to its owner once;
// what is stored is its KeyDigest.
func NewKey(rand io.Reader) (string, error) {
	var b [keyBytes]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return "", fmt.Errorf("auth: making a key: %w", err)
	}
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:])
	return KeyPrefix + strings.ToLower(text), nil
}

// KeyDigest returns the SM3 of a key as it is presented: what Credentials are found by. Looking a digest up leaks nothing
// of the key by its timing.
func KeyDigest(key string) gm.Digest { return gm.Sum([]byte(key)) }
