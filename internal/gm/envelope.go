package gm

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/asn1"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// ErrEnvelope means that bytes are no SM2EnvelopedKey, or one for somebody else, or a damaged one.
var ErrEnvelope = errors.New("gm: enveloped key does not open")

// MaxEnvelope bounds an SM2EnvelopedKey, in bytes; one takes about 260.
const MaxEnvelope = 1 << 10

var (
	oidSM4    = asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 104}
	oidSM4ECB = asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 104, 1}
)

// Envelop encrypts an SM2 private key held in memory for the owner of another SM2 key and returns the DER of
//
//	SM2EnvelopedKey ::= SEQUENCE { symAlgID AlgorithmIdentifier, symEncryptedKey SM2Cipher,
//	    sm2PublicKey BIT STRING, sm2EncryptedPrivateKey BIT STRING }
//
// (GB/T 35276-2017, 7.4; GM/T 0016): a fresh SM4 key under SM2, and the 32 bytes of the private key under SM4-ECB, which is
// sound for one random number under a key used once. The structure is read again; only the recipient can open it.
// Errors: ErrKeyType, ErrNotSM2, ErrPoint, ErrWeakKey.
func Envelop(recipient *ecdsa.PublicKey, key crypto.Signer) ([]byte, error) {
	private, ok := key.(*sm2.PrivateKey)
	if !ok || !holds(private) {
		return nil, fmt.Errorf("enveloping a %T: %w", key, ErrKeyType)
	}
	if !IsSM2(recipient) {
		return nil, fmt.Errorf("enveloping a key: the recipient's: %w", ErrNotSM2)
	}
	if err := CheckKey(recipient); err != nil {
		return nil, fmt.Errorf("enveloping a key: the recipient's: %w", err)
	}
	made, err := sm2.MarshalEnvelopedPrivateKey(rand.Reader, recipient, private)
	if err != nil {
		return nil, fmt.Errorf("enveloping a key: %w", err)
	}
	pub, err := envelopedKey(made)
	if err != nil {
		return nil, fmt.Errorf("enveloping a key: reading it back: %w", err)
	}
	if !equalKeys(pub, private.Public()) {
		return nil, fmt.Errorf("enveloping a key: another key came back: %w", ErrEnvelope)
	}
	return made, nil
}

// OpenEnvelope decrypts an SM2EnvelopedKey by the recipient's key, held in memory, and checks that the private key inside
// belongs to the public key beside it. It takes SM4-ECB under either of its object identifiers. Errors: ErrKeyType; every
// other failure is ErrEnvelope.
func OpenEnvelope(recipient crypto.Signer, enveloped []byte) (crypto.Signer, error) {
	private, ok := recipient.(*sm2.PrivateKey)
	if !ok || !holds(private) {
		return nil, fmt.Errorf("opening an enveloped key by a %T: %w", recipient, ErrKeyType)
	}
	pub, err := envelopedKey(enveloped)
	if err != nil {
		return nil, fmt.Errorf("opening an enveloped key: %w", err)
	}
	key, err := sm2.ParseEnvelopedPrivateKey(private, enveloped)
	if err != nil || !equalKeys(pub, key.Public()) { // and no reason, which would tell one step from another
		return nil, fmt.Errorf("opening an enveloped key: %w", ErrEnvelope)
	}
	return key, nil
}

// envelopedKey walks SM2EnvelopedKey and returns the public key in it. The library panics on an encrypted key that is not
// whole blocks.
func envelopedKey(der []byte) (*ecdsa.PublicKey, error) {
	if len(der) > MaxEnvelope {
		return nil, fmt.Errorf("more than %d bytes: %w", MaxEnvelope, ErrEnvelope)
	}
	in := cryptobyte.String(der)
	var body, alg, cipher, null cryptobyte.String
	var oid asn1.ObjectIdentifier
	var point, private asn1.BitString
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !in.Empty() ||
		!body.ReadASN1(&alg, cbasn1.SEQUENCE) || !body.ReadASN1(&cipher, cbasn1.SEQUENCE) ||
		!body.ReadASN1BitString(&point) || !body.ReadASN1BitString(&private) || !body.Empty() {
		return nil, fmt.Errorf("not an SM2EnvelopedKey: %w", ErrEnvelope)
	}
	if !alg.ReadASN1ObjectIdentifier(&oid) || !oid.Equal(oidSM4) && !oid.Equal(oidSM4ECB) ||
		!alg.Empty() && (!alg.ReadASN1(&null, cbasn1.NULL) || !null.Empty() || !alg.Empty()) {
		return nil, fmt.Errorf("encrypted by another algorithm than SM4-ECB: %w", ErrEnvelope)
	}
	if !isCipher(cipher) {
		return nil, fmt.Errorf("its SM2Cipher: %w", ErrEnvelope)
	}
	if private.BitLength != 8*len(private.Bytes) || len(private.Bytes) != 2*sm4BlockSize {
		return nil, fmt.Errorf("a private key of another length than %d bytes: %w", 2*sm4BlockSize, ErrEnvelope)
	}
	pub, err := uncompressed(point, true)
	if err != nil {
		return nil, fmt.Errorf("its public key: %w: %w", err, ErrEnvelope)
	}
	return pub, nil
}

// isCipher reads the content of SM2Cipher ::= SEQUENCE { x INTEGER, y INTEGER, hash OCTET STRING, cipherText OCTET STRING }
// (GB/T 35276-2017, 7.2) around one SM4 key.
func isCipher(in cryptobyte.String) bool {
	var x, y, hash, text []byte
	return in.ReadASN1Integer(&x) && in.ReadASN1Integer(&y) &&
		in.ReadASN1Bytes(&hash, cbasn1.OCTET_STRING) && len(hash) == DigestSize &&
		in.ReadASN1Bytes(&text, cbasn1.OCTET_STRING) && len(text) == sm4BlockSize && in.Empty()
}
