package gm

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/pbkdf2"
)

// How secrets other than keys rest: as key files do (PBES2, RFC 8018), but under SM4-GCM, which notices damage by itself.
const (
	// MaxSecret bounds a secret, in bytes: tokens, shares and passwords.
	MaxSecret = 64 << 10
	// MaxSecretFile bounds the file of one: base64 with line ends and the parameters.
	MaxSecretFile = MaxSecret*3/2 + 1<<10

	gcmNonceSize  = 12 // bytes
	gcmTagSize    = 16 // bytes
	secretPEMType = "YINZHENG SEALED SECRET"
)

// ErrSecret means that a secret is empty or longer than MaxSecret.
var ErrSecret = errors.New("gm: a secret to seal is empty or too long")

var oidSM4GCM = asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 104, 8}

// SealSecret encrypts 1 to MaxSecret bytes under a passphrase and returns a PEM file, having opened it again. The algorithm
// identifiers are authenticated with the secret. Errors: ErrWeakPassphrase, ErrSecret.
func SealSecret(secret, passphrase []byte) ([]byte, error) {
	return sealSecret(secret, passphrase, Iterations)
}

func sealSecret(secret, passphrase []byte, iterations int) ([]byte, error) {
	if utf8.RuneCount(passphrase) < MinPassphrase {
		return nil, fmt.Errorf("sealing a secret: %w", ErrWeakPassphrase)
	}
	if len(secret) == 0 || len(secret) > MaxSecret {
		return nil, fmt.Errorf("sealing a secret of %d bytes: %w", len(secret), ErrSecret)
	}
	p := secretParams{salt: make([]byte, saltSize), nonce: make([]byte, gcmNonceSize), iterations: iterations}
	rand.Read(p.salt) // ends the process when it fails
	rand.Read(p.nonce)
	header, err := p.encode()
	if err != nil {
		return nil, fmt.Errorf("sealing a secret: %w", err)
	}
	aead, err := p.aead(passphrase)
	if err != nil {
		return nil, fmt.Errorf("sealing a secret: %w", err)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(header)
		b.AddASN1OctetString(aead.Seal(nil, p.nonce, secret, header))
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("sealing a secret: %w", err)
	}
	file := pem.EncodeToMemory(&pem.Block{Type: secretPEMType, Bytes: der})
	back, err := openSecret(file, passphrase, iterations)
	if err != nil {
		return nil, fmt.Errorf("sealing a secret: opening it again: %w", err)
	}
	if !bytes.Equal(back, secret) {
		return nil, errors.New("gm: sealing a secret: another secret came back")
	}
	return file, nil
}

// OpenSecret decrypts a file of SealSecret. Every failure is ErrPassphrase: a wrong passphrase cannot be told from damage.
func OpenSecret(file, passphrase []byte) ([]byte, error) {
	return openSecret(file, passphrase, MaxIterations)
}

func openSecret(file, passphrase []byte, maxIterations int) ([]byte, error) {
	if len(file) > MaxSecretFile {
		return nil, fmt.Errorf("opening a secret: more than %d bytes: %w", MaxSecretFile, ErrPassphrase)
	}
	block, _ := pem.Decode(file)
	if block == nil || block.Type != secretPEMType || !bytes.Equal(pem.EncodeToMemory(block), file) {
		return nil, fmt.Errorf("opening a secret: not one PEM block %q: %w", secretPEMType, ErrPassphrase)
	}
	in := cryptobyte.String(block.Bytes)
	var body, header cryptobyte.String
	var sealed []byte
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !in.Empty() || !body.ReadASN1Element(&header, cbasn1.SEQUENCE) ||
		!body.ReadASN1Bytes(&sealed, cbasn1.OCTET_STRING) || !body.Empty() {
		return nil, fmt.Errorf("opening a secret: its outer form: %w", ErrPassphrase)
	}
	p, ok := readSecretParams(header)
	if !ok {
		return nil, fmt.Errorf("opening a secret: its algorithms: %w", ErrPassphrase)
	}
	if p.iterations > maxIterations {
		return nil, fmt.Errorf("opening a secret: %d iterations, more than %d: %w", p.iterations, maxIterations, ErrPassphrase)
	}
	if len(passphrase) == 0 || len(sealed) <= gcmTagSize {
		return nil, fmt.Errorf("opening a secret: no passphrase, or nothing in it: %w", ErrPassphrase)
	}
	aead, err := p.aead(passphrase)
	if err != nil {
		return nil, fmt.Errorf("opening a secret: %w: %w", err, ErrPassphrase)
	}
	secret, err := aead.Open(nil, p.nonce, sealed, header)
	if err != nil {
		return nil, fmt.Errorf("opening a secret: %w", ErrPassphrase)
	}
	return secret, nil
}

// secretParams are PBES2-params of PBKDF2-HMAC-SM3 and SM4-GCM (parameters as RFC 5084, 3.2).
type secretParams struct {
	salt, nonce []byte
	iterations  int
}

func (p secretParams) aead(passphrase []byte) (cipher.AEAD, error) {
	block, err := sm4.NewCipher(pbkdf2.Key(passphrase, p.salt, p.iterations, sm4BlockSize, sm3.New))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (p secretParams) encode() ([]byte, error) {
	var b cryptobyte.Builder
	sequence := func(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, content func(*cryptobyte.Builder)) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oid)
			b.AddASN1(cbasn1.SEQUENCE, content)
		})
	}
	sequence(&b, oidPBES2, func(b *cryptobyte.Builder) {
		sequence(b, oidPBKDF2, func(b *cryptobyte.Builder) {
			b.AddASN1OctetString(p.salt)
			b.AddASN1Int64(int64(p.iterations))
			b.AddASN1Int64(sm4BlockSize)
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidHMACSM3)
				b.AddASN1NULL()
			})
		})
		sequence(b, oidSM4GCM, func(b *cryptobyte.Builder) {
			b.AddASN1OctetString(p.nonce)
			b.AddASN1Int64(gcmTagSize)
		})
	})
	return b.Bytes()
}

// readSecretParams accepts exactly what encode writes.
func readSecretParams(header cryptobyte.String) (p secretParams, ok bool) {
	in := header
	var alg, params, kdf, kdfParams, prf, scheme, gcm cryptobyte.String
	var keyLength, tag int
	ok = in.ReadASN1(&alg, cbasn1.SEQUENCE) && in.Empty() &&
		readOID(&alg, oidPBES2) && alg.ReadASN1(&params, cbasn1.SEQUENCE) &&
		params.ReadASN1(&kdf, cbasn1.SEQUENCE) && params.ReadASN1(&scheme, cbasn1.SEQUENCE) &&
		readOID(&kdf, oidPBKDF2) && kdf.ReadASN1(&kdfParams, cbasn1.SEQUENCE) &&
		kdfParams.ReadASN1Bytes(&p.salt, cbasn1.OCTET_STRING) && len(p.salt) == saltSize &&
		kdfParams.ReadASN1Integer(&p.iterations) && p.iterations >= 1 &&
		kdfParams.ReadASN1Integer(&keyLength) && kdfParams.ReadASN1(&prf, cbasn1.SEQUENCE) && readOID(&prf, oidHMACSM3) &&
		readOID(&scheme, oidSM4GCM) && scheme.ReadASN1(&gcm, cbasn1.SEQUENCE) &&
		gcm.ReadASN1Bytes(&p.nonce, cbasn1.OCTET_STRING) && len(p.nonce) == gcmNonceSize &&
		gcm.ReadASN1Integer(&tag)
	if !ok {
		return p, false
	}
	again, err := p.encode() // and so nothing is left over, no length is another
	return p, err == nil && bytes.Equal(again, header)
}
