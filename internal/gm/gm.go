// Package gm is the one door to SM2, SM3 and SM4 (GB/T 32918, 32905, 32907): no other package of ours imports a library
// of these algorithms. SM2 here always means SM2 with SM3 and the default identity "1234567812345678" (GB/T 35276).
package gm

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
)

// DigestSize is the length of an SM3 digest in bytes.
const DigestSize = sm3.Size

// ErrSignature means that a signature does not verify.
var ErrSignature = errors.New("gm: SM2 signature does not verify")

// Digest is an SM3 digest. Its text form is 64 lower-case hexadecimal digits, and nothing else is read as one.
type Digest [DigestSize]byte

// String returns the 64 lower-case hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// IsZero reports whether the digest was never set.
func (d Digest) IsZero() bool { return d == Digest{} }

// MarshalText implements encoding.TextMarshaler.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; upper-case digits are refused, so that a digest has one spelling.
func (d *Digest) UnmarshalText(text []byte) error {
	parsed, err := ParseDigest(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// ParseDigest reads the text form of a digest.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	if len(s) != 2*DigestSize {
		return d, fmt.Errorf("gm: a digest has %d hexadecimal digits, not %d", 2*DigestSize, len(s))
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return Digest{}, fmt.Errorf("gm: digest has %q at position %d", c, i)
		}
	}
	_, err := hex.Decode(d[:], []byte(s))
	return d, err
}

// Sum returns the SM3 digest of b.
func Sum(b ...[]byte) Digest {
	if len(b) == 1 {
		return sm3.Sum(b[0])
	}
	h := sm3.New()
	for _, part := range b {
		h.Write(part)
	}
	return Digest(h.Sum(nil))
}

// NewHash returns a running SM3; it implements encoding.BinaryMarshaler, so a midstate can be kept.
func NewHash() hash.Hash { return sm3.New() }

// GenerateKey makes an SM2 key pair from the system's randomness.
func GenerateKey() (crypto.Signer, error) { return sm2.GenerateKey(rand.Reader) }

// Sign signs msg (not a digest: Z and SM3 are applied here) and returns the DER signature, having verified it first,
// so that a faulty computation never leaves the process.
func Sign(key crypto.Signer, msg []byte) ([]byte, error) {
	pub, ok := key.Public().(*ecdsa.PublicKey)
	if !ok || !sm2.IsSM2PublicKey(pub) {
		return nil, fmt.Errorf("gm: signing with %T, which is not an SM2 key", key.Public())
	}
	if len(msg) == 0 {
		return nil, errors.New("gm: signing an empty message")
	}
	sig, err := key.Sign(rand.Reader, msg, sm2.DefaultSM2SignerOpts)
	if err != nil {
		return nil, fmt.Errorf("gm: signing: %w", err)
	}
	if err := Verify(pub, msg, sig); err != nil {
		return nil, fmt.Errorf("gm: checking our own signature: %w", err)
	}
	return sig, nil
}

// Verify checks a DER signature over msg; it returns ErrSignature for anything that is not exactly a valid one.
func Verify(pub *ecdsa.PublicKey, msg, sig []byte) error {
	if !IsSM2(pub) || len(msg) == 0 {
		return ErrSignature
	}
	if !sm2.VerifyASN1WithSM2(pub, nil, msg, sig) {
		return ErrSignature
	}
	return nil
}

// Certificate is an X.509 certificate whose key may be an SM2 key.
type Certificate = smx509.Certificate

// ParseCertificate reads one DER certificate, nothing before or after it.
func ParseCertificate(der []byte) (*Certificate, error) { return smx509.ParseCertificate(der) }

// ParsePublicKey reads a DER SubjectPublicKeyInfo that holds an SM2 key on the curve.
func ParsePublicKey(spki []byte) (*ecdsa.PublicKey, error) {
	key, err := smx509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, fmt.Errorf("gm: reading a public key: %w", err)
	}
	pub, ok := key.(*ecdsa.PublicKey)
	if !ok || !sm2.IsSM2PublicKey(pub) {
		return nil, fmt.Errorf("gm: %T is not an SM2 public key", key)
	}
	return pub, nil
}

// MarshalPublicKey writes the DER SubjectPublicKeyInfo of an SM2 (or ECDSA) key.
func MarshalPublicKey(pub crypto.PublicKey) ([]byte, error) { return smx509.MarshalPKIXPublicKey(pub) }
