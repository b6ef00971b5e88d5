package gm

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/emmansun/gmsm/sm2"
)

// ErrOptions means that an SM2 key was asked for another kind of signature than SM2 with SM3 and the default identity.
var ErrOptions = errors.New("gm: not the options of SM2 with SM3")

// HashedWithZ are the options that say to an SM2 crypto.Signer: what you get is e = SM3(Z ‖ M), hash nothing. In-memory keys
// and those of NewSigner take it; SignDigest passes it.
type HashedWithZ struct{}

// HashFunc implements crypto.SignerOpts; 0, for crypto knows no SM3.
func (HashedWithZ) HashFunc() crypto.Hash { return 0 }

// DigestToSign computes what SM2 signs for a message: e = SM3(Z ‖ M), with Z of the public key and the default identity
// (GB/T 32918.2, 6.1 with 5.5). Errors: ErrNotSM2, ErrPoint.
func DigestToSign(pub *ecdsa.PublicKey, msg []byte) (Digest, error) {
	x, y, ok := coordinates(pub)
	if !ok {
		return Digest{}, fmt.Errorf("hashing a message to sign: %w", ErrNotSM2)
	}
	if !onCurve(x, y) { // the library panics
		return Digest{}, fmt.Errorf("hashing a message to sign: %w", ErrPoint)
	}
	if len(msg) == 0 {
		return Digest{}, errors.New("gm: hashing an empty message to sign")
	}
	e, err := sm2.CalculateSM2Hash(pub, msg, nil)
	if err != nil {
		return Digest{}, fmt.Errorf("hashing a message to sign: %w", err)
	}
	return Digest(e), nil
}

// SignDigest signs e itself, as a cryptographic device does (SDF_InternalSign_ECC, GM/T 0018), and returns the DER
// signature, having verified it. Errors: ErrNotSM2, ErrSignature.
func SignDigest(key crypto.Signer, e Digest) ([]byte, error) {
	if key == nil {
		return nil, fmt.Errorf("signing a digest: %w", ErrNotSM2)
	}
	pub, ok := key.Public().(*ecdsa.PublicKey)
	if !ok || !IsSM2(pub) {
		return nil, fmt.Errorf("signing a digest with %T: %w", key.Public(), ErrNotSM2)
	}
	sig, err := key.Sign(rand.Reader, e[:], HashedWithZ{})
	if err != nil {
		return nil, fmt.Errorf("signing a digest: %w", err)
	}
	if err := VerifyDigest(pub, e, sig); err != nil {
		return nil, fmt.Errorf("signing a digest: checking our own signature: %w", err)
	}
	return sig, nil
}

// VerifyDigest checks a DER signature over e = SM3(Z ‖ M). Errors: ErrSignature.
func VerifyDigest(pub *ecdsa.PublicKey, e Digest, sig []byte) error {
	if _, _, err := ParseSignature(sig); err != nil {
		return err
	}
	if !IsSM2(pub) || !sm2.VerifyASN1(pub, e[:], sig) {
		return ErrSignature
	}
	return nil
}

// elsewhere is an SM2 key whose private part is in a device or another process.
type elsewhere struct {
	pub  *ecdsa.PublicKey
	sign func(e Digest) ([]byte, error)
}

// NewSigner returns an SM2 key that is elsewhere: sign gets e = SM3(Z ‖ M) and returns the DER signature. The key's Sign
// takes (message, *sm2.SM2SignerOption) as the libraries call it, or (e, HashedWithZ), and verifies what comes back:
// ErrOptions, ErrSignature, or what sign returned. pub is an SM2 key on the curve, else every Sign fails.
func NewSigner(pub *ecdsa.PublicKey, sign func(e Digest) ([]byte, error)) crypto.Signer {
	return &elsewhere{pub: pub, sign: sign}
}

// Public implements crypto.Signer.
func (k *elsewhere) Public() crypto.PublicKey { return k.pub }

// Sign implements crypto.Signer; the source of randomness is not used.
func (k *elsewhere) Sign(_ io.Reader, msg []byte, opts crypto.SignerOpts) ([]byte, error) {
	e, err := k.digest(msg, opts)
	if err != nil {
		return nil, fmt.Errorf("signing elsewhere: %w", err)
	}
	sig, err := k.sign(e)
	if err != nil {
		return nil, fmt.Errorf("signing elsewhere: %w", err)
	}
	if err := VerifyDigest(k.pub, e, sig); err != nil {
		return nil, fmt.Errorf("signing elsewhere: checking what came back: %w", err)
	}
	return sig, nil
}

// digest refuses what could be taken for a digest by mistake: only the two options that say what msg is are accepted.
func (k *elsewhere) digest(msg []byte, opts crypto.SignerOpts) (e Digest, err error) {
	switch o := opts.(type) {
	case *sm2.SM2SignerOption:
		if !reflect.DeepEqual(o, sm2.DefaultSM2SignerOpts) {
			return e, fmt.Errorf("another identity, or no hashing: %w", ErrOptions)
		}
		return DigestToSign(k.pub, msg)
	case HashedWithZ:
		if len(msg) != DigestSize {
			return e, fmt.Errorf("a digest of %d bytes: %w", len(msg), ErrOptions)
		}
		return Digest(msg), nil
	default:
		return e, fmt.Errorf("%T: %w", opts, ErrOptions)
	}
}
