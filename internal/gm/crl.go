package gm

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"fmt"

	"github.com/emmansun/gmsm/smx509"
)

// CRL is a certificate revocation list (RFC 5280, 5).
type CRL = smx509.RevocationList

// CRLEntry is one revoked certificate of a CRL.
type CRLEntry = smx509.RevocationListEntry

// CreateCRL signs a CRL by issuer's key and returns its DER, having verified it. The template needs Number, ThisUpdate and
// NextUpdate; the issuer needs a subject key identifier and the key usage cRLSign. Errors: ErrParent, ErrDisagreement.
func CreateCRL(template *CRL, issuer *Certificate, key crypto.Signer) ([]byte, error) {
	if template == nil || issuer == nil || key == nil || !equalKeys(issuer.PublicKey, key.Public()) {
		return nil, fmt.Errorf("creating a CRL: the key is not the issuer's: %w", ErrParent)
	}
	if IsSM2(key.Public()) {
		withAlgorithm := *template
		withAlgorithm.SignatureAlgorithm = SM2WithSM3
		template = &withAlgorithm
	}
	der, err := smx509.CreateRevocationList(rand.Reader, template, issuer, key)
	if err != nil {
		return nil, fmt.Errorf("creating a CRL: %w", err)
	}
	made, err := smx509.ParseRevocationList(der)
	if err != nil {
		return nil, fmt.Errorf("creating a CRL: reading it back: %w", err)
	}
	if err := checkMade(key.Public(), made.SignatureAlgorithm, made.RawTBSRevocationList, made.Signature); err != nil {
		return nil, fmt.Errorf("creating a CRL: %w", err)
	}
	return der, nil
}

// ParseCRL reads one DER CRL, nothing before or after it.
func ParseCRL(der []byte) (*CRL, error) { return smx509.ParseRevocationList(der) }

// CheckCRL checks that issuer's SM2 key signed the CRL, that the CRL names issuer, and that issuer may sign CRLs. It does not
// look at thisUpdate and nextUpdate. Errors: ErrNotSM2, ErrSignature, ErrParent.
func CheckCRL(l *CRL, issuer *Certificate) error {
	pub, err := PublicKey(issuer)
	if err != nil {
		return fmt.Errorf("checking a CRL: %w", err)
	}
	if l == nil || l.SignatureAlgorithm != SM2WithSM3 {
		return fmt.Errorf("checking a CRL: %w", ErrNotSM2)
	}
	if !issuer.BasicConstraintsValid || !issuer.IsCA || issuer.KeyUsage&KeyUsageCRLSign == 0 ||
		!bytes.Equal(l.RawIssuer, issuer.RawSubject) {
		return fmt.Errorf("checking a CRL: %w", ErrParent)
	}
	if err := Verify(pub, l.RawTBSRevocationList, l.Signature); err != nil {
		return fmt.Errorf("checking a CRL: %w", err)
	}
	return nil
}
