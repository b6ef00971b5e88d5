package keys

import (
	"crypto"
	"errors"

	"yinzheng/internal/gm"
)

// ErrKeyFile means that the file of a private key is gone, does not open, or holds another key than the inventory says.
var ErrKeyFile = errors.New("keys: the private key does not open")

// MaxSealed bounds the file of a private key, in bytes; ours take 300 to 500.
const MaxSealed = gm.MaxKeyFile

// Sealing encrypts private keys at rest. It is safe for concurrent use.
type Sealing interface {
	// Seal encrypts a key held in memory. Where the form can, the file opens under this ID only.
	Seal(id string, key crypto.Signer) ([]byte, error)
	// Open decrypts a file of Seal.
	Open(id string, file []byte) (crypto.Signer, error)
	// Name says in a word of the inventory how the private part rests, e.g. "passphrase".
	Name() string
}

type passphrase []byte

// Passphrase seals keys as PKCS#8 files under a secret (gm.SealKey). Opening one costs 50 ms and more, on purpose. The form
// does not bind the ID; the folder compares what opens with the public key in the inventory.
func Passphrase(secret []byte) Sealing { return passphrase(secret) }

func (p passphrase) Seal(_ string, key crypto.Signer) ([]byte, error)  { return gm.SealKey(key, p) }
func (p passphrase) Open(_ string, file []byte) (crypto.Signer, error) { return gm.OpenKey(file, p) }
func (p passphrase) Name() string                                      { return "passphrase" }
