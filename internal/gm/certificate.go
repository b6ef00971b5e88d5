package gm

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/smx509"
)

// Types and constants of X.509 (RFC 5280) for certificates whose key may be an SM2 key.
type (
	// KeyUsage is the bit set of the key usage extension.
	KeyUsage = smx509.KeyUsage
	// ExtKeyUsage is one extended key usage.
	ExtKeyUsage = smx509.ExtKeyUsage
	// SignatureAlgorithm names how a certificate or a CRL is signed.
	SignatureAlgorithm = smx509.SignatureAlgorithm
)

// The key usages that our profiles speak of.
const (
	KeyUsageDigitalSignature  = smx509.KeyUsageDigitalSignature
	KeyUsageContentCommitment = smx509.KeyUsageContentCommitment // nonRepudiation
	KeyUsageKeyEncipherment   = smx509.KeyUsageKeyEncipherment
	KeyUsageDataEncipherment  = smx509.KeyUsageDataEncipherment
	KeyUsageKeyAgreement      = smx509.KeyUsageKeyAgreement
	KeyUsageCertSign          = smx509.KeyUsageCertSign
	KeyUsageCRLSign           = smx509.KeyUsageCRLSign
)

// The extended key usages that our profiles speak of.
const (
	ExtKeyUsageAny          = smx509.ExtKeyUsageAny
	ExtKeyUsageServerAuth   = smx509.ExtKeyUsageServerAuth
	ExtKeyUsageClientAuth   = smx509.ExtKeyUsageClientAuth
	ExtKeyUsageTimeStamping = smx509.ExtKeyUsageTimeStamping
	ExtKeyUsageOCSPSigning  = smx509.ExtKeyUsageOCSPSigning
)

// The signature algorithms of our certificates.
const (
	SM2WithSM3      = smx509.SM2WithSM3
	ECDSAWithSHA256 = smx509.ECDSAWithSHA256
)

// Further signature algorithms, of certificates and evidence that are only read (CheckSignatureAny).
const (
	ECDSAWithSHA384 = smx509.ECDSAWithSHA384
	ECDSAWithSHA512 = smx509.ECDSAWithSHA512
	SHA256WithRSA   = smx509.SHA256WithRSA
	SHA384WithRSA   = smx509.SHA384WithRSA
	SHA512WithRSA   = smx509.SHA512WithRSA
)

// Errors of making and checking certificates and CRLs.
var (
	// ErrParent means that a certificate cannot issue: it has no subject key identifier, or its key is another one.
	ErrParent = errors.New("gm: certificate cannot be the issuer")
	// ErrNotSM2 means that a key or a signature is of another algorithm than SM2 with SM3.
	ErrNotSM2 = errors.New("gm: not SM2")
)

// IsSM2 reports whether pub is an SM2 public key.
func IsSM2(pub crypto.PublicKey) bool {
	key, ok := pub.(*ecdsa.PublicKey)
	if ok {
		_, _, ok = coordinates(key)
	}
	return ok
}

// PublicKey returns the SM2 key of a certificate, or ErrNotSM2.
func PublicKey(c *Certificate) (*ecdsa.PublicKey, error) {
	if c == nil || !IsSM2(c.PublicKey) {
		return nil, fmt.Errorf("reading the key of a certificate: %w", ErrNotSM2)
	}
	return c.PublicKey.(*ecdsa.PublicKey), nil
}

// CreateCertificate signs a certificate for pub by parent's key and returns its DER, having verified it against that key
// (by both libraries when the key is SM2: the algorithm is then SM2WithSM3). A parent needs a subject key identifier; when
// template is parent the certificate is self-signed. The template needs a positive serial number of at most 20 bytes.
// Errors: ErrParent, ErrDisagreement.
func CreateCertificate(template, parent *Certificate, pub crypto.PublicKey, key crypto.Signer) ([]byte, error) {
	if template == nil || parent == nil || key == nil {
		return nil, errors.New("gm: creating a certificate needs a template, a parent and a key")
	}
	selfSigned := template == parent
	if !selfSigned && len(parent.SubjectKeyId) == 0 {
		return nil, fmt.Errorf("creating a certificate: no subject key identifier: %w", ErrParent)
	}
	if !selfSigned && !equalKeys(parent.PublicKey, key.Public()) {
		return nil, fmt.Errorf("creating a certificate: the key is not the parent's: %w", ErrParent)
	}
	if template.SerialNumber == nil || template.SerialNumber.Sign() <= 0 || template.SerialNumber.BitLen() > 159 {
		return nil, errors.New("gm: creating a certificate: the serial number is not a positive number of at most 20 bytes")
	}
	if IsSM2(key.Public()) {
		withAlgorithm := *template
		withAlgorithm.SignatureAlgorithm = SM2WithSM3
		template = &withAlgorithm
		if selfSigned {
			parent = template
		}
	}
	der, err := smx509.CreateCertificate(rand.Reader, template, parent, pub, key)
	if err != nil {
		return nil, fmt.Errorf("creating a certificate: %w", err)
	}
	made, err := smx509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("creating a certificate: reading it back: %w", err)
	}
	if err := checkMade(key.Public(), made.SignatureAlgorithm, made.RawTBSCertificate, made.Signature); err != nil {
		return nil, fmt.Errorf("creating a certificate: %w", err)
	}
	if made.IsCA && len(made.SubjectKeyId) == 0 {
		return nil, fmt.Errorf("creating a certificate: a CA without subject key identifier: %w", ErrParent)
	}
	return der, nil
}

// CheckIssued checks that issuer's SM2 key signed c, that c names issuer, and that issuer may sign certificates
// (basicConstraints, keyUsage). It does not look at validity, path lengths or revocation. Errors: ErrNotSM2,
// ErrSignature, ErrParent.
func CheckIssued(c, issuer *Certificate) error {
	pub, err := PublicKey(issuer)
	if err != nil {
		return fmt.Errorf("checking the issuer of a certificate: %w", err)
	}
	if c == nil || c.SignatureAlgorithm != SM2WithSM3 {
		return fmt.Errorf("checking the issuer of a certificate: %w", ErrNotSM2)
	}
	if !issuer.BasicConstraintsValid || !issuer.IsCA || issuer.KeyUsage&KeyUsageCertSign == 0 ||
		!bytes.Equal(c.RawIssuer, issuer.RawSubject) {
		return fmt.Errorf("checking the issuer of a certificate: %w", ErrParent)
	}
	if err := Verify(pub, c.RawTBSCertificate, c.Signature); err != nil {
		return fmt.Errorf("checking the issuer of a certificate: %w", err)
	}
	return nil
}

// checkMade verifies a signature that we have just made.
func checkMade(pub crypto.PublicKey, algorithm SignatureAlgorithm, tbs, sig []byte) error {
	if !IsSM2(pub) {
		signer := smx509.Certificate{PublicKey: pub}
		return signer.CheckSignature(algorithm, tbs, sig)
	}
	if algorithm != SM2WithSM3 {
		return ErrNotSM2
	}
	return CrossCheck(pub.(*ecdsa.PublicKey), tbs, sig)
}

func equalKeys(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}

// keyIDBytes is the length of a key identifier that readers expect (RFC 7093, section 2).
const keyIDBytes = 20

// KeyID returns the identifier of a public key (RFC 7093, section 2): the first 160 bits of SM3 over the key's point for SM2,
// of SHA-256 for any other.
func KeyID(pub crypto.PublicKey) ([]byte, error) {
	der, err := MarshalPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("identifying a public key: %w", err)
	}
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &spki); err != nil {
		return nil, fmt.Errorf("identifying a public key: %w", err)
	}
	if IsSM2(pub) {
		d := Sum(spki.Key.Bytes)
		return d[:keyIDBytes], nil
	}
	d := sha256.Sum256(spki.Key.Bytes)
	return d[:keyIDBytes], nil
}
