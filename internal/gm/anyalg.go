package gm

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/smx509"
)

// Bounds of RSA keys: below 2048 bits a key proves nothing any more (NIST SP 800-131A), above 8192 it is only expensive.
const (
	MinRSABits = 2048
	MaxRSABits = 8192
)

// Errors of the checks that know other algorithms than SM2.
var (
	// ErrWeak means SHA-1, MD5, or an RSA key of less than MinRSABits.
	ErrWeak = errors.New("gm: algorithm is too weak")
	// ErrAlgorithm means an algorithm that is not known, a key that does not go with it, or an RSA key above MaxRSABits.
	ErrAlgorithm = errors.New("gm: algorithm is not known or not that of the key")
)

// CheckSignatureAny checks a signature over tbs as it stands in certificates, CRLs and OCSP responses: SM2 with SM3, ECDSA on
// P-256, P-384 and P-521 and RSA (PKCS#1 v1.5 and PSS) with SHA-256, SHA-384 and SHA-512. Errors: ErrSignature, ErrWeak,
// ErrAlgorithm.
func CheckSignatureAny(pub crypto.PublicKey, algorithm SignatureAlgorithm, tbs, sig []byte) error {
	if err := CheckKeyAny(pub); err != nil {
		return err
	}
	switch algorithm {
	case smx509.SM2WithSM3:
		key, _ := pub.(*ecdsa.PublicKey)
		if !IsSM2(key) {
			return fmt.Errorf("SM2 with a key of %T: %w", pub, ErrAlgorithm)
		}
		return Verify(key, tbs, sig)
	case smx509.ECDSAWithSHA256, smx509.ECDSAWithSHA384, smx509.ECDSAWithSHA512:
		if _, ok := pub.(*ecdsa.PublicKey); !ok || IsSM2(pub) {
			return fmt.Errorf("ECDSA with a key of %T: %w", pub, ErrAlgorithm)
		}
	case smx509.SHA256WithRSA, smx509.SHA384WithRSA, smx509.SHA512WithRSA,
		smx509.SHA256WithRSAPSS, smx509.SHA384WithRSAPSS, smx509.SHA512WithRSAPSS:
		if _, ok := pub.(*rsa.PublicKey); !ok {
			return fmt.Errorf("RSA with a key of %T: %w", pub, ErrAlgorithm)
		}
	case smx509.MD2WithRSA, smx509.MD5WithRSA, smx509.SHA1WithRSA, smx509.DSAWithSHA1, smx509.ECDSAWithSHA1:
		return fmt.Errorf("signed with %v: %w", algorithm, ErrWeak)
	default:
		return fmt.Errorf("signed with %v: %w", algorithm, ErrAlgorithm)
	}
	signer := smx509.Certificate{PublicKey: pub}
	if signer.CheckSignature(algorithm, tbs, sig) != nil {
		return ErrSignature
	}
	return nil
}

// CheckKeyAny checks that a public key is one that CheckSignatureAny believes. Errors: ErrWeak, ErrAlgorithm.
func CheckKeyAny(pub crypto.PublicKey) error {
	switch key := pub.(type) {
	case *ecdsa.PublicKey:
		if IsSM2(key) || key.Curve == elliptic.P256() || key.Curve == elliptic.P384() || key.Curve == elliptic.P521() {
			return nil
		}
	case *rsa.PublicKey:
		switch bits := key.N.BitLen(); {
		case bits < MinRSABits:
			return fmt.Errorf("RSA key of %d bits: %w", bits, ErrWeak)
		case bits > MaxRSABits:
			return fmt.Errorf("RSA key of %d bits: %w", bits, ErrAlgorithm)
		}
		return nil
	}
	return fmt.Errorf("key of %T: %w", pub, ErrAlgorithm)
}

// CheckIssuedAny is CheckIssued for all algorithms of CheckSignatureAny. Errors: ErrParent, ErrSignature, ErrWeak, ErrAlgorithm.
func CheckIssuedAny(c, issuer *Certificate) error {
	if c == nil || issuer == nil || !issuer.BasicConstraintsValid || !issuer.IsCA || issuer.KeyUsage&KeyUsageCertSign == 0 ||
		!bytes.Equal(c.RawIssuer, issuer.RawSubject) {
		return fmt.Errorf("checking the issuer of a certificate: %w", ErrParent)
	}
	if err := CheckSignatureAny(issuer.PublicKey, c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature); err != nil {
		return fmt.Errorf("checking the issuer of a certificate: %w", err)
	}
	return nil
}

// CheckCRLAny is CheckCRL for all algorithms of CheckSignatureAny. Errors: ErrParent, ErrSignature, ErrWeak, ErrAlgorithm.
func CheckCRLAny(l *CRL, issuer *Certificate) error {
	if l == nil || issuer == nil || !issuer.BasicConstraintsValid || !issuer.IsCA || issuer.KeyUsage&KeyUsageCRLSign == 0 ||
		!bytes.Equal(l.RawIssuer, issuer.RawSubject) {
		return fmt.Errorf("checking a CRL: %w", ErrParent)
	}
	if err := CheckSignatureAny(issuer.PublicKey, l.SignatureAlgorithm, l.RawTBSRevocationList, l.Signature); err != nil {
		return fmt.Errorf("checking a CRL: %w", err)
	}
	return nil
}
