package keystest

import (
	"bytes"
	"crypto"
	"errors"

	"yinzheng/internal/gm"
)

// Plain is a keys.Sealing that costs nothing and hides nothing, for tests of everything but sealing. Its files open under its
// own name and ID only; what follows the first line is plain PKCS#8.
type Plain string

// Name implements keys.Sealing.
func (p Plain) Name() string { return string(p) }

// Seal implements keys.Sealing.
func (p Plain) Seal(id string, key crypto.Signer) ([]byte, error) {
	plain, err := gm.EncodeKey(key)
	return append(p.head(id), plain...), err
}

// Open implements keys.Sealing.
func (p Plain) Open(id string, file []byte) (crypto.Signer, error) {
	plain, ok := bytes.CutPrefix(file, p.head(id))
	if !ok {
		return nil, errors.New("keystest: the file is sealed otherwise")
	}
	return gm.DecodeKey(plain)
}

func (p Plain) head(id string) []byte { return []byte(string(p) + " " + id + "\n") }

// PrivateNumber returns the secret number or seed of a key held in memory, 32 bytes, for tests that look where it is not; nil
// for other keys.
func PrivateNumber(key crypto.Signer) []byte {
	plain, err := gm.EncodeKey(key)
	if err != nil {
		return nil
	}
	// PrivateKeyInfo (RFC 5958) holds ECPrivateKey (RFC 5915) or CurvePrivateKey (RFC 8410): each has the number as the only
	// OCTET STRING of 32 bytes.
	if _, after, ok := bytes.Cut(plain, []byte{0x04, 0x20}); ok && len(after) >= 32 {
		return after[:32]
	}
	return nil
}
