package cms

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// ErrSignature means that an ECDSA or RSA signature does not verify; for SM2 it is gm.ErrSignature.
var ErrSignature = errors.New("cms: signature does not verify")

// suite is a digest with a signature algorithm. One SignedData uses one suite throughout.
type suite int

const (
	suiteSM2   suite = iota // SM3 and SM2; algorithm identifiers carry NULL, as GB/T 35275 products write them
	suiteECDSA              // SHA-256 and ECDSA on P-256; algorithm identifiers carry nothing (RFC 5754, 2 and 3.3)
)

func (s suite) digest() asn1.ObjectIdentifier {
	if s == suiteECDSA {
		return der.SHA256
	}
	return der.SM3
}

// data is the content type of what has no other.
func (s suite) data() asn1.ObjectIdentifier {
	if s == suiteECDSA {
		return der.Data
	}
	return der.GMData
}

// signature is the algorithm that Sign writes.
func (s suite) signature() asn1.ObjectIdentifier {
	if s == suiteECDSA {
		return der.ECDSAWithSHA256
	}
	return der.SM2Sign
}

// signs reports whether a signature algorithm belongs to the suite.
func (s suite) signs(oid asn1.ObjectIdentifier) bool {
	if s == suiteECDSA {
		return oid.Equal(der.ECDSAWithSHA256)
	}
	return oid.Equal(der.SM2Sign) || oid.Equal(der.SM2WithSM3)
}

// sum is the digest of a message, 32 bytes.
func (s suite) sum(b []byte) gm.Digest {
	if s == suiteECDSA {
		return sha256.Sum256(b)
	}
	return gm.Sum(b)
}

// add writes an AlgorithmIdentifier of the suite.
func (s suite) add(b *cryptobyte.Builder, oid asn1.ObjectIdentifier) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		if s == suiteSM2 {
			b.AddASN1NULL()
		}
	})
}

// read reads an AlgorithmIdentifier of the suite.
func (s suite) read(in *cryptobyte.String, want asn1.ObjectIdentifier) bool {
	var alg, null cryptobyte.String
	var got asn1.ObjectIdentifier
	return in.ReadASN1(&alg, cbasn1.SEQUENCE) && alg.ReadASN1ObjectIdentifier(&got) && got.Equal(want) &&
		(s != suiteSM2 || alg.ReadASN1(&null, cbasn1.NULL) && null.Empty()) && alg.Empty()
}

// owns reports whether a public key is one of the suite.
func (s suite) owns(pub crypto.PublicKey) bool {
	key, ok := pub.(*ecdsa.PublicKey)
	if s == suiteECDSA {
		return ok && key.Curve == elliptic.P256()
	}
	return ok && gm.IsSM2(key)
}

func (s suite) String() string {
	if s == suiteECDSA {
		return "ECDSA P-256"
	}
	return "SM2"
}

// sign signs a message and verifies the signature.
func (s suite) sign(key crypto.Signer, message []byte) ([]byte, error) {
	if s == suiteSM2 {
		return gm.Sign(key, message)
	}
	digest := s.sum(message)
	signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	if err := s.verify(key.Public(), message, signature); err != nil {
		return nil, fmt.Errorf("checking our own signature: %w", err)
	}
	return signature, nil
}

// verify checks a signature over a message. Errors: gm.ErrSignature, ErrSignature.
func (s suite) verify(pub crypto.PublicKey, message, signature []byte) error {
	key, ok := pub.(*ecdsa.PublicKey)
	if s == suiteSM2 {
		return gm.Verify(key, message, signature)
	}
	digest := s.sum(message)
	if !ok || !s.owns(key) || !ecdsa.VerifyASN1(key, digest[:], signature) {
		return ErrSignature
	}
	return nil
}

// readSuite reads the AlgorithmIdentifier of a digest: SM3, or in general that of any suite.
func readSuite(in *cryptobyte.String, general bool) (s suite, ok bool) {
	ecdsa := *in
	if general && suiteECDSA.read(&ecdsa, suiteECDSA.digest()) {
		*in = ecdsa
		return suiteECDSA, true
	}
	return suiteSM2, suiteSM2.read(in, suiteSM2.digest())
}
