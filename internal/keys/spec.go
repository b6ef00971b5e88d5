package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"

	"yinzheng/internal/gm"
)

// MaxID bounds the ID and the use of a key, in bytes: they are names of files and words of a journal line.
const MaxID = 64

// Check reports whether a key may be made so: ErrSpec.
func (s Spec) Check() error {
	switch {
	case !ValidID(s.ID):
		return fmt.Errorf("%w: the ID %q has other characters than a-z, 0-9, '.', '-' or is not of 1 to %d", ErrSpec, clip(s.ID), MaxID)
	case !word(string(s.Use), "-"):
		return fmt.Errorf("%w: the use %q has other characters than a-z, 0-9, '-' or is not of 1 to %d", ErrSpec, clip(string(s.Use)), MaxID)
	case s.Algorithm != SM2 && s.Algorithm != P256 && s.Algorithm != Ed25519:
		return fmt.Errorf("%w: the algorithm %q is not known", ErrSpec, clip(string(s.Algorithm)))
	case s.Use == UseEncryption && s.Algorithm != SM2:
		return fmt.Errorf("%w: an encryption key is an SM2 key, not %s", ErrSpec, s.Algorithm)
	case s.Quota < 0:
		return fmt.Errorf("%w: a quota of %d", ErrSpec, s.Quota)
	}
	return nil
}

// ValidID reports whether id can name a key.
func ValidID(id string) bool { return word(id, ".-") }

// word reports whether s is 1 to MaxID of a-z, 0-9 and also; the first is none of also.
func word(s, also string) bool {
	if s == "" || len(s) > MaxID {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case i > 0 && (c == also[0] || c == also[len(also)-1]):
		default:
			return false
		}
	}
	return true
}

// clip shortens what somebody sent for an error text.
func clip(s string) string { return s[:min(len(s), MaxID)] }

// MarshalPublic writes a public key of one of the algorithms as DER SubjectPublicKeyInfo.
func MarshalPublic(pub crypto.PublicKey) ([]byte, error) {
	if ed, ok := pub.(ed25519.PublicKey); ok {
		return x509.MarshalPKIXPublicKey(ed)
	}
	return gm.MarshalPublicKey(pub)
}

// ParsePublic reads a DER SubjectPublicKeyInfo of the algorithm: an *ecdsa.PublicKey or an ed25519.PublicKey. ErrSpec.
func ParsePublic(a Algorithm, spki []byte) (crypto.PublicKey, error) {
	if a == SM2 {
		pub, err := gm.ParsePublicKey(spki)
		if err != nil {
			return nil, fmt.Errorf("%w: reading a public key: %w", ErrSpec, err)
		}
		return pub, nil
	}
	pub, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, fmt.Errorf("%w: reading a public key: %w", ErrSpec, err)
	}
	if got, ok := algorithmOf(pub); !ok || got != a {
		return nil, fmt.Errorf("%w: reading a public key: not one of %s", ErrSpec, a)
	}
	return pub, nil
}

// algorithmOf tells what a public key is of; false: none of ours.
func algorithmOf(pub crypto.PublicKey) (Algorithm, bool) {
	switch k := pub.(type) {
	case ed25519.PublicKey:
		return Ed25519, len(k) == ed25519.PublicKeySize
	case *ecdsa.PublicKey:
		if gm.IsSM2(k) {
			return SM2, true
		}
		return P256, k.Curve == elliptic.P256()
	}
	return "", false
}

// generate makes a private key from the system's randomness.
func generate(a Algorithm) (crypto.Signer, error) {
	switch a {
	case SM2:
		return gm.GenerateKey()
	case P256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case Ed25519:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	default:
		return nil, ErrSpec
	}
}
