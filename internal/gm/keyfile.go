package gm

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/emmansun/gmsm/pkcs"
	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// How keys rest: PKCS#8 EncryptedPrivateKeyInfo (RFC 5958, RFC 8018) with PBES2, SM4-CBC and PBKDF2-HMAC-SM3.
const (
	// Iterations of PBKDF2 when sealing. A passphrase made by this service has 256 bits of entropy and needs none; one
	// chosen by an operator has at least MinPassphrase characters, and 100,000 rounds make each guess cost some 45 ms.
	Iterations = 100_000
	// MaxIterations is what OpenKey accepts: a damaged or hostile file must not hold a start-up for more than seconds.
	MaxIterations = 10_000_000
	// MinPassphrase is the least length of a passphrase, in characters.
	MinPassphrase = 20
	// MaxKeyFile bounds a key file, in bytes; ours take about 500.
	MaxKeyFile = 16 << 10

	saltSize     = 16 // bytes, NIST SP 800-132, 5.1
	sm4BlockSize = 16 // bytes, of key, block and IV
	keyPEMType   = "ENCRYPTED PRIVATE KEY"
)

// Errors of SealKey and OpenKey.
var (
	// ErrPassphrase means that a key file does not open: wrong passphrase, damage, or not a file of SealKey.
	ErrPassphrase = errors.New("gm: wrong passphrase, or a damaged key file")
	// ErrWeakPassphrase means that a passphrase is too short to seal a key with.
	ErrWeakPassphrase = fmt.Errorf("gm: passphrase has fewer than %d characters", MinPassphrase)
	// ErrKeyType means a private key that key files do not hold.
	ErrKeyType = errors.New("gm: neither an SM2, an ECDSA P-256 nor an Ed25519 private key")
)

var (
	oidEd25519 = asn1.ObjectIdentifier{1, 3, 101, 112}
	oidPBES2   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidHMACSM3 = asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 401, 2}
	oidSM4CBC  = asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 104, 2}
)

// SealKey encrypts a private key under a passphrase and returns a PEM file. It takes SM2, ECDSA P-256 and Ed25519 keys held
// in memory. Errors: ErrWeakPassphrase, ErrKeyType.
func SealKey(key crypto.Signer, passphrase []byte) ([]byte, error) {
	return sealKey(key, passphrase, Iterations)
}

func sealKey(key crypto.Signer, passphrase []byte, iterations int) ([]byte, error) {
	if utf8.RuneCount(passphrase) < MinPassphrase {
		return nil, fmt.Errorf("sealing a key: %w", ErrWeakPassphrase)
	}
	if !holds(key) {
		return nil, fmt.Errorf("sealing a %T: %w", key, ErrKeyType)
	}
	plain, err := encodeKey(key)
	if err != nil {
		return nil, fmt.Errorf("sealing a key: %w", err)
	}
	scheme := pkcs.NewPBESEncrypter(pkcs.SM4CBC, pkcs.NewPBKDF2Opts(pkcs.SM3, saltSize, iterations))
	var info encryptedKey
	alg, data, err := scheme.Encrypt(rand.Reader, passphrase, plain)
	if err != nil {
		return nil, fmt.Errorf("sealing a key: %w", err)
	}
	info.Algorithm, info.Data = *alg, data
	der, err := asn1.Marshal(info)
	if err != nil {
		return nil, fmt.Errorf("sealing a key: %w", err)
	}
	file := pem.EncodeToMemory(&pem.Block{Type: keyPEMType, Bytes: der})
	back, err := openKey(file, passphrase, iterations)
	if err != nil {
		return nil, fmt.Errorf("sealing a key: opening it again: %w", err)
	}
	if !equalKeys(key.Public(), back.Public()) {
		return nil, errors.New("gm: sealing a key: another key came back")
	}
	return file, nil
}

// OpenKey decrypts a file of SealKey. Only its algorithms are accepted, with at most MaxIterations. Every failure is
// ErrPassphrase: a wrong passphrase cannot be told from damage.
func OpenKey(file, passphrase []byte) (crypto.Signer, error) {
	return openKey(file, passphrase, MaxIterations)
}

func openKey(file, passphrase []byte, maxIterations int) (crypto.Signer, error) {
	if len(file) > MaxKeyFile {
		return nil, fmt.Errorf("opening a key: more than %d bytes: %w", MaxKeyFile, ErrPassphrase)
	}
	block, _ := pem.Decode(file)
	if block == nil || block.Type != keyPEMType || !bytes.Equal(pem.EncodeToMemory(block), file) {
		return nil, fmt.Errorf("opening a key: not one PEM block %q: %w", keyPEMType, ErrPassphrase)
	}
	if err := checkKeyFile(block.Bytes, maxIterations); err != nil {
		return nil, fmt.Errorf("opening a key: %w: %w", err, ErrPassphrase)
	}
	if len(passphrase) == 0 {
		return nil, fmt.Errorf("opening a key: no passphrase: %w", ErrPassphrase)
	}
	key := decryptKey(block.Bytes, passphrase)
	if key == nil { // and no reason, which would tell padding from structure
		return nil, fmt.Errorf("opening a key: %w", ErrPassphrase)
	}
	return key, nil
}

// encryptedKey is EncryptedPrivateKeyInfo.
type encryptedKey struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

// decryptKey returns nil when anything is wrong. CBC does not notice damage, so the public key inside must belong to the
// private one: the key must encode to exactly what was decrypted.
func decryptKey(der, passphrase []byte) crypto.Signer {
	var info encryptedKey
	var params pkcs.PBES2Params
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil
	}
	if _, err := asn1.Unmarshal(info.Algorithm.Parameters.FullBytes, &params); err != nil {
		return nil
	}
	plain, _, err := params.Decrypt(passphrase, info.Data)
	if err != nil {
		return nil
	}
	key, err := DecodeKey(plain)
	if err != nil {
		return nil
	}
	return key
}

// encodeKey writes PrivateKeyInfo with the public key in it: in ECPrivateKey for curves, as OneAsymmetricKey version 2 for
// Ed25519 (RFC 8410, 10.3).
func encodeKey(key crypto.Signer) ([]byte, error) {
	ed, ok := key.(ed25519.PrivateKey)
	if !ok {
		return smx509.MarshalPKCS8PrivateKey(key)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidEd25519) })
		b.AddASN1(cbasn1.OCTET_STRING, func(b *cryptobyte.Builder) { b.AddASN1OctetString(ed.Seed()) })
		b.AddASN1(cbasn1.Tag(1).ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddUint8(0)
			b.AddBytes(ed.Public().(ed25519.PublicKey))
		})
	})
	return b.Bytes()
}

// checkKeyFile walks EncryptedPrivateKeyInfo and accepts exactly the parameters that SealKey writes, but for the number of
// iterations.
func checkKeyFile(der []byte, maxIterations int) error {
	in := cryptobyte.String(der)
	var info, alg, params, kdf, kdfParams, prf, cipher cryptobyte.String
	var data, salt, iv []byte
	var null cryptobyte.String
	var iterations, keyLength int
	switch {
	case !in.ReadASN1(&info, cbasn1.SEQUENCE) || !in.Empty(),
		!info.ReadASN1(&alg, cbasn1.SEQUENCE),
		!info.ReadASN1Bytes(&data, cbasn1.OCTET_STRING) || !info.Empty(),
		!readOID(&alg, oidPBES2),
		!alg.ReadASN1(&params, cbasn1.SEQUENCE) || !alg.Empty(),
		!params.ReadASN1(&kdf, cbasn1.SEQUENCE),
		!params.ReadASN1(&cipher, cbasn1.SEQUENCE) || !params.Empty():
		return errors.New("not EncryptedPrivateKeyInfo with PBES2")
	case !readOID(&kdf, oidPBKDF2),
		!kdf.ReadASN1(&kdfParams, cbasn1.SEQUENCE) || !kdf.Empty(),
		!kdfParams.ReadASN1Bytes(&salt, cbasn1.OCTET_STRING) || len(salt) != saltSize,
		!kdfParams.ReadASN1Integer(&iterations),
		!kdfParams.ReadASN1Integer(&keyLength) || keyLength != sm4BlockSize,
		!kdfParams.ReadASN1(&prf, cbasn1.SEQUENCE) || !kdfParams.Empty(),
		!readOID(&prf, oidHMACSM3),
		!prf.ReadASN1(&null, cbasn1.NULL) || !null.Empty() || !prf.Empty():
		return errors.New("not PBKDF2 with HMAC-SM3")
	case iterations < 1 || iterations > maxIterations:
		return fmt.Errorf("%d iterations, more than %d or less than one", iterations, maxIterations)
	case !readOID(&cipher, oidSM4CBC),
		!cipher.ReadASN1Bytes(&iv, cbasn1.OCTET_STRING) || !cipher.Empty() || len(iv) != sm4BlockSize,
		len(data) == 0 || len(data)%sm4BlockSize != 0:
		return errors.New("not SM4-CBC")
	}
	return nil
}

func readOID(s *cryptobyte.String, want asn1.ObjectIdentifier) bool {
	var got asn1.ObjectIdentifier
	return s.ReadASN1ObjectIdentifier(&got) && got.Equal(want)
}

// holds reports whether key files hold keys of this type.
func holds(key crypto.Signer) bool {
	switch k := key.(type) {
	case *sm2.PrivateKey:
		return k != nil && IsSM2(k.Public())
	case *ecdsa.PrivateKey:
		return k != nil && k.Curve == elliptic.P256()
	case ed25519.PrivateKey:
		return len(k) == ed25519.PrivateKeySize
	}
	return false
}
