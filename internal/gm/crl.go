package gm

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// ErrAddress means that a URI cannot stand in a certificate or a CRL: it is empty or not printable ASCII.
var ErrAddress = errors.New("gm: not a URI")

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

// DeltaCRL is the critical deltaCRLIndicator: the list names only what was revoked since the complete list of this number
// (RFC 5280, 5.2.4).
func DeltaCRL(base *big.Int) (pkix.Extension, error) {
	value, err := asn1.Marshal(base)
	if err != nil {
		return pkix.Extension{}, fmt.Errorf("writing a deltaCRLIndicator: %w", err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 27}, Critical: true, Value: value}, nil
}

// FreshestCRL says where the delta list of a complete one is found (RFC 5280, 5.2.6). Errors: ErrAddress.
func FreshestCRL(uri string) (pkix.Extension, error) {
	if !isIA5(uri) {
		return pkix.Extension{}, fmt.Errorf("writing a freshestCRL: %q: %w", uri, ErrAddress)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // CRLDistributionPoints
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { addFullName(b, uri) })
	})
	value, err := b.Bytes()
	if err != nil {
		return pkix.Extension{}, fmt.Errorf("writing a freshestCRL: %w", err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 46}, Value: value}, nil
}

// IssuingDistributionPoint is the critical extension of a list that covers only the certificates which carry this URI as
// their distribution point; it must be written exactly as there (RFC 5280, 5.2.5 and 6.3.3 b 2). Errors: ErrAddress.
func IssuingDistributionPoint(uri string) (pkix.Extension, error) {
	if !isIA5(uri) {
		return pkix.Extension{}, fmt.Errorf("writing an issuingDistributionPoint: %q: %w", uri, ErrAddress)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { addFullName(b, uri) })
	value, err := b.Bytes()
	if err != nil {
		return pkix.Extension{}, fmt.Errorf("writing an issuingDistributionPoint: %w", err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: value}, nil
}

// addFullName writes distributionPoint [0] { fullName [0] { uniformResourceIdentifier [6] } }.
func addFullName(b *cryptobyte.Builder, uri string) {
	b.AddASN1(cbasn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.Tag(6).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte(uri)) })
		})
	})
}

// isIA5 reports whether a URI can stand in a certificate: printable ASCII, not empty.
func isIA5(uri string) bool {
	for _, c := range []byte(uri) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return uri != ""
}
