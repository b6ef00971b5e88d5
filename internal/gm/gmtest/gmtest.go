// Package gmtest makes SM2 certificate authorities and certificates for tests.
package gmtest

import (
	"crypto"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"yinzheng/internal/gm"
)

// Validity of every certificate made here that does not say otherwise.
var (
	NotBefore = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	NotAfter  = time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)
)

// CA is a self-signed authority.
type CA struct {
	Cert *gm.Certificate
	DER  []byte
	Key  crypto.Signer

	serial int64
}

// Leaf is a certificate and its key.
type Leaf struct {
	Cert *gm.Certificate
	DER  []byte
	Key  crypto.Signer
}

// NewCA makes an authority of the given name.
func NewCA(t testing.TB, name string) *CA {
	t.Helper()
	key := Key(t)
	template := &gm.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name, Country: []string{"CN"}},
		NotBefore: NotBefore, NotAfter: NotAfter, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: gm.KeyUsageCertSign | gm.KeyUsageCRLSign, SubjectKeyId: []byte{1, 2, 3, 4},
	}
	der, err := gm.CreateCertificate(template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &CA{Cert: parse(t, der), DER: der, Key: key, serial: 1}
}

// Seal issues a certificate fit for seals: digitalSignature and nonRepudiation.
func (ca *CA) Seal(t testing.TB, name string) Leaf {
	t.Helper()
	return ca.Issue(t, &gm.Certificate{
		Subject: pkix.Name{CommonName: name}, KeyUsage: gm.KeyUsageDigitalSignature | gm.KeyUsageContentCommitment})
}

// Timestamper issues a certificate fit for timestamps: the critical extended key usage timeStamping alone.
func (ca *CA) Timestamper(t testing.TB, name string) Leaf {
	t.Helper()
	return ca.Issue(t, &gm.Certificate{
		Subject: pkix.Name{CommonName: name}, KeyUsage: gm.KeyUsageDigitalSignature, ExtraExtensions: []pkix.Extension{TimestampingOnly(t)}})
}

// Issue issues a certificate for a new key. Serial number and, when unset, validity are filled in.
func (ca *CA) Issue(t testing.TB, template *gm.Certificate) Leaf {
	t.Helper()
	ca.serial++
	template.SerialNumber = big.NewInt(ca.serial)
	if template.NotBefore.IsZero() {
		template.NotBefore = NotBefore
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = NotAfter
	}
	key := Key(t)
	der, err := gm.CreateCertificate(template, ca.Cert, key.Public(), ca.Key)
	if err != nil {
		t.Fatal(err)
	}
	return Leaf{Cert: parse(t, der), DER: der, Key: key}
}

// TimestampingOnly is the critical extended key usage of a timestamp authority.
func TimestampingOnly(t testing.TB) pkix.Extension {
	t.Helper()
	value, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		t.Fatal(err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: value}
}

// Key makes an SM2 key.
func Key(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func parse(t testing.TB, der []byte) *gm.Certificate {
	t.Helper()
	cert, err := gm.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
