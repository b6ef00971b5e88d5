// Package keys keeps private keys and counts what they sign. A Holder is one place where keys live: encrypted files, files
// under a key of a PKCS#11 token, or another process behind a Unix socket.
package keys

import (
	"context"
	"crypto"
	"errors"
	"time"
)

// Reasons for which a holder refuses.
var (
	ErrNoKey  = errors.New("keys: no such key")
	ErrExists = errors.New("keys: a key of that name exists")
	ErrSpec   = errors.New("keys: description of a key is wrong")
	ErrState  = errors.New("keys: the key's state does not allow that")
	ErrQuota  = errors.New("keys: the key has used up its quota")
	// ErrAway means that another process has the keys and does not answer, or fails.
	ErrAway = errors.New("keys: their holder does not answer")
	// ErrForbidden means that another process has the keys and does not do that for who asks.
	ErrForbidden = errors.New("keys: their holder does not do that")
	// ErrOptions means a kind of signature that the key does not make; for SM2 it comes as gm.ErrOptions.
	ErrOptions = errors.New("keys: not the options of the key's algorithm")
)

// Algorithm is what a key is of.
type Algorithm string

// The algorithms.
const (
	SM2     Algorithm = "SM2"
	P256    Algorithm = "ECDSA-P256"
	Ed25519 Algorithm = "Ed25519"
)

// Use is what a key is for, in the words of the signing policy's profiles, e.g. "issuing-ca", "office-seal", "log".
type Use string

// UseEncryption is the use of an encryption key of a dual certificate: it never signs; it can be enveloped for its owner.
const UseEncryption Use = "dual-encrypt"

// State is where a key stands.
type State string

// The states.
const (
	Active    State = "active"    // signs
	Retired   State = "retired"   // signs no more; kept, and may be made active again
	Destroyed State = "destroyed" // the private part is gone; the entry stays for ever
)

// Spec describes a key to make.
type Spec struct {
	ID        string // ^[a-z0-9][a-z0-9.-]{0,63}$
	Algorithm Algorithm
	Use       Use
	Quota     int64 // signatures in its life; 0: no bound
}

// Info is a line of the inventory. It holds nothing secret.
type Info struct {
	Spec
	State     State
	Public    []byte // SubjectPublicKeyInfo, DER
	Created   time.Time
	Changed   time.Time // of State or Quota
	Used      int64     // signatures made: never fewer than were given out
	LastUsed  time.Time // zero: never
	Protected string    // how the private part rests: "passphrase", "pkcs11"
}

// Change is what may be changed of a key: a field that is not nil.
type Change struct {
	State *State // Active ↔ Retired, any → Destroyed; to Destroyed again completes a destruction that failed halfway
	Quota *int64
}

// Holder is one place where private keys live. It is safe for concurrent use. Every change is durable on return.
type Holder interface {
	// Create makes a key: ErrSpec, ErrExists.
	Create(ctx context.Context, s Spec) (Info, error)
	// Signer returns a key to sign with: ErrNoKey, ErrState. Each signature is counted and recorded before it is made, and
	// given out when that is durable; then ErrState and ErrQuota may come too.
	Signer(ctx context.Context, id string) (crypto.Signer, error)
	// List returns the whole inventory, by ID.
	List(ctx context.Context) ([]Info, error)
	// Change changes a key: ErrNoKey, ErrState.
	Change(ctx context.Context, id string, c Change) (Info, error)
}

// Finder is a holder that finds one line of the inventory without listing all of it.
type Finder interface {
	// Info returns a key's line: ErrNoKey.
	Info(ctx context.Context, id string) (Info, error)
}

// Enveloper is a holder that can give an encryption key to its owner.
type Enveloper interface {
	// Envelop returns the private key of use UseEncryption as SM2EnvelopedKey (GB/T 35276) for the recipient's public
	// key (SubjectPublicKeyInfo): ErrNoKey, ErrState. It is recorded.
	Envelop(ctx context.Context, id string, recipient []byte) ([]byte, error)
}
