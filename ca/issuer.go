package ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/cloudflare/cfssl/config"
	"github.com/cloudflare/cfssl/signer"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// Reasons for which an Issuer refuses a request.
var (
	ErrName       = errors.New("ca: name is not allowed by the profile")
	ErrConstraint = errors.New("ca: this issuer may not issue that kind of certificate")
	ErrKey        = errors.New("ca: not an SM2 public key")
	ErrExpired    = errors.New("ca: the issuer's own certificate is not valid now")
)

const (
	serialBytes = 16 // random bytes of a serial number: beyond guessing, within the 20 octets of RFC 5280, 4.1.2.2
	skiBytes    = 20 // octets of a key identifier: the length that readers expect (RFC 7093, section 2)
	maxRDN      = 64 // characters of a name attribute (RFC 5280, ub-common-name and ub-organization-name)
)

// Request asks for one SM2 certificate.
type Request struct {
	Profile   string           // one of the Profile names
	Subject   pkix.Name        // judged by the profile's name rule
	PublicKey *ecdsa.PublicKey // on the SM2 curve
}

// Issuer signs SM2 certificates under the cfssl signing policy: the profile alone decides usages, lifetime, CA bit and
// which names are allowed. cfssl's own signer cannot sign with SM2, so its objects decide and gm signs.
type Issuer struct {
	cert *gm.Certificate // nil for the one self-signed certificate
	key  crypto.Signer
	src  Sources
}

// Issue returns a DER certificate that has been verified against its issuer by both SM2 implementations.
func (i *Issuer) Issue(r Request) ([]byte, error) {
	signing, prof, err := profile(r.Profile)
	if err != nil {
		return nil, err
	}
	now := i.src.Now().UTC().Truncate(time.Second)
	if err := i.allow(prof, r, now); err != nil {
		return nil, fmt.Errorf("issuing %s for %q: %w", r.Profile, r.Subject.CommonName, err)
	}
	// FillTemplate computes a key identifier with crypto/x509, which knows no SM2: it gets another key to chew on, and
	// the identifier is replaced below.
	filled := x509.Certificate{PublicKey: ed25519.PublicKey(make([]byte, ed25519.PublicKeySize))}
	if err := signer.FillTemplate(&filled, signing.Default, prof, now, time.Time{}); err != nil {
		return nil, fmt.Errorf("issuing %s: %w", r.Profile, err)
	}
	template, err := i.template(&filled, r)
	if err != nil {
		return nil, fmt.Errorf("issuing %s: %w", r.Profile, err)
	}
	parent := i.cert
	if parent == nil {
		parent = template
	}
	der, err := gm.CreateCertificate(template, parent, r.PublicKey, i.key)
	if err != nil {
		return nil, fmt.Errorf("issuing %s: %w", r.Profile, err)
	}
	if err := checkIssued(der, i.cert); err != nil {
		return nil, fmt.Errorf("issuing %s: %w", r.Profile, err)
	}
	return der, nil
}

// allow applies the rules of the profile that cfssl's local signer applies: names and the CA constraint.
func (i *Issuer) allow(p *config.SigningProfile, r Request, now time.Time) error {
	if r.PublicKey == nil || !isSM2(r.PublicKey) {
		return ErrKey
	}
	cn := r.Subject.CommonName
	if cn == "" || p.NameWhitelist == nil || !p.NameWhitelist.MatchString(cn) {
		return fmt.Errorf("%w: %q", ErrName, cn)
	}
	for _, v := range slices.Concat([]string{cn}, r.Subject.Organization, r.Subject.OrganizationalUnit) {
		if n := utf8.RuneCountInString(v); n == 0 || n > maxRDN || !utf8.ValidString(v) {
			return fmt.Errorf("%w: %q has %d characters, at most %d", ErrName, v, n, maxRDN)
		}
	}
	if i.cert == nil {
		if !p.CAConstraint.IsCA {
			return ErrConstraint // only a CA signs itself
		}
		return nil
	}
	if p.CAConstraint.IsCA && (i.cert.MaxPathLenZero || i.cert.MaxPathLen <= p.CAConstraint.MaxPathLen) {
		return ErrConstraint
	}
	if now.Before(i.cert.NotBefore) || !now.Before(i.cert.NotAfter) {
		return ErrExpired
	}
	return nil
}

// template carries what cfssl filled in over to the certificate type that knows SM2 (the two are distinct types).
func (i *Issuer) template(filled *x509.Certificate, r Request) (*gm.Certificate, error) {
	serial, err := newSerial(i.src.Rand)
	if err != nil {
		return nil, err
	}
	ski, err := keyID(r.PublicKey)
	if err != nil {
		return nil, err
	}
	t := &gm.Certificate{
		SerialNumber:          serial,
		Subject:               r.Subject,
		NotBefore:             filled.NotBefore,
		NotAfter:              filled.NotAfter,
		BasicConstraintsValid: true,
		IsCA:                  filled.IsCA,
		MaxPathLen:            filled.MaxPathLen,
		MaxPathLenZero:        filled.MaxPathLenZero,
		SubjectKeyId:          ski,
	}
	t.KeyUsage = gm.KeyUsage(filled.KeyUsage) // numerically the same
	if i.cert != nil && t.NotAfter.After(i.cert.NotAfter) {
		t.NotAfter = i.cert.NotAfter
	}
	if slices.Equal(filled.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}) {
		only, err := timestampingOnly()
		if err != nil {
			return nil, err
		}
		t.ExtraExtensions = append(t.ExtraExtensions, only)
	} else {
		for _, purpose := range filled.ExtKeyUsage {
			t.ExtKeyUsage = append(t.ExtKeyUsage, gm.ExtKeyUsage(purpose))
		}
	}
	if r.Profile == ProfileTrustList { // cfssl has no name for it
		t.UnknownExtKeyUsage = append(t.UnknownExtKeyUsage, der.TrustListSigning)
	}
	return t, nil
}

// timestampingOnly is the extended key usage of a timestamp authority: that one purpose, critical (RFC 3161, 2.3).
func timestampingOnly() (pkix.Extension, error) {
	purposes, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	return pkix.Extension{Id: der.ExtKeyUsageExtension, Critical: true, Value: purposes}, err
}

// checkIssued reads a fresh certificate back and checks that its issuer (nil: itself) signed it and may issue it.
// gm.CreateCertificate has asked the second SM2 implementation before.
func checkIssued(der []byte, issuer *gm.Certificate) error {
	c, err := gm.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("reading back: %w", err)
	}
	if issuer == nil {
		issuer = c
	}
	if err := gm.CheckIssued(c, issuer); err != nil {
		return fmt.Errorf("verifying back: %w", err)
	}
	return nil
}

// newSerial makes a positive random serial number.
func newSerial(random io.Reader) (*big.Int, error) {
	b := make([]byte, serialBytes)
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, fmt.Errorf("making a serial number: %w", err)
	}
	b[0] = b[0]&0x7f | 0x40 // positive, and always the full length
	return new(big.Int).SetBytes(b), nil
}

// keyID is the subject key identifier: the first 160 bits of SM3 over the public key's point, in the manner of RFC 7093.
func keyID(pub *ecdsa.PublicKey) ([]byte, error) {
	point, err := publicPoint(pub)
	if err != nil {
		return nil, err
	}
	d := gm.Sum(point)
	return d[:skiBytes], nil
}

// publicPoint returns the content of the BIT STRING of the key's SubjectPublicKeyInfo.
func publicPoint(pub crypto.PublicKey) ([]byte, error) {
	der, err := gm.MarshalPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("encoding a public key: %w", err)
	}
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &spki); err != nil {
		return nil, fmt.Errorf("encoding a public key: %w", err)
	}
	return spki.Key.Bytes, nil
}

// isSM2 reports whether a key is on the SM2 curve.
func isSM2(pub *ecdsa.PublicKey) bool {
	der, err := gm.MarshalPublicKey(pub)
	if err != nil {
		return false
	}
	_, err = gm.ParsePublicKey(der)
	return err == nil
}
