package gm

import (
	"bytes"
	"crypto"
	"fmt"

	"github.com/emmansun/gmsm/smx509"
)

// MaxPlainKey bounds an unencrypted key, in bytes; ours take at most 150.
const MaxPlainKey = 1 << 10

// EncodeKey writes a private key held in memory as plain PKCS#8 with its public key in it. It is for a key-encryption key to
// wrap at once, and for nothing else: such bytes rest nowhere. Errors: ErrKeyType.
func EncodeKey(key crypto.Signer) ([]byte, error) {
	if !holds(key) {
		return nil, fmt.Errorf("encoding a %T: %w", key, ErrKeyType)
	}
	plain, err := encodeKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding a key: %w", err)
	}
	return plain, nil
}

// DecodeKey reads exactly what EncodeKey writes: the key inside must encode to the same bytes, so that private and public
// part belong together. Every failure is ErrKeyType.
func DecodeKey(pkcs8 []byte) (crypto.Signer, error) {
	if len(pkcs8) > MaxPlainKey {
		return nil, fmt.Errorf("decoding a key of more than %d bytes: %w", MaxPlainKey, ErrKeyType)
	}
	opened, err := smx509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil { // its text could tell parts of a secret
		return nil, fmt.Errorf("decoding a key: %w", ErrKeyType)
	}
	key, ok := opened.(crypto.Signer)
	if !ok || !holds(key) {
		return nil, fmt.Errorf("decoding a %T: %w", opened, ErrKeyType)
	}
	if again, err := encodeKey(key); err != nil || !bytes.Equal(again, pkcs8) {
		return nil, fmt.Errorf("decoding a key: not canonical: %w", ErrKeyType)
	}
	return key, nil
}
