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
