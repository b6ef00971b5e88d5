package pdftest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"
)

// Identity is a certificate and its key: P-256, P-384, RSA or SM2.
type Identity struct {
	Cert []byte // DER
	Key  crypto.Signer
}

// PKI is an authority of ECDSA and RSA certificates, and a stranger's that looks the same. Certificates are valid from 2025
// until 2045, so that tools which only know the present time can judge them.
type PKI struct {
	Now                   time.Time
	Root, P256, P384, RSA Identity
	TSA                   Identity // stamps, with the critical extended key usage that RFC 3161 wants
	Unfit                 Identity // may encipher keys only
	Expired               Identity // ended a year before Now
	Revoked               Identity // on CRL since a month before Now
	List                  []byte   // the root's revocation list: Revoked is on it
	StrangerRoot          Identity
	Stranger, StrangerTSA Identity // named like P256 and TSA

	root, stranger *x509.Certificate
	serial         int64
}

// SignerName is the common name in the signers' certificates.
const SignerName = "Example Signer"

// NewPKI makes one.
func NewPKI(tb testing.TB) *PKI {
	tb.Helper()
	p := &PKI{Now: time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)}
	p.Root = p.ca(tb, &p.root)
	p.StrangerRoot = p.ca(tb, &p.stranger)
	key := func(c elliptic.Curve) crypto.Signer {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			tb.Fatalf("pdftest: making a key: %v", err)
		}
		return k
	}
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatalf("pdftest: making a key: %v", err)
	}
	ours, theirs := p.from(p.Root, p.root), p.from(p.StrangerRoot, p.stranger)
	p.P256 = ours(tb, key(elliptic.P256()), signs(SignerName))
	p.P384 = ours(tb, key(elliptic.P384()), signs(SignerName+" P-384"))
	p.RSA = ours(tb, long, signs(SignerName+" RSA"))
	p.TSA = ours(tb, key(elliptic.P256()), stamps())
	unfit := signs(SignerName)
	unfit.KeyUsage = x509.KeyUsageKeyEncipherment
	p.Unfit = ours(tb, key(elliptic.P256()), unfit)
	expired := signs(SignerName)
	expired.NotAfter = p.Now.AddDate(-1, 0, 0)
	p.Expired = ours(tb, key(elliptic.P256()), expired)
	p.Revoked = ours(tb, key(elliptic.P256()), signs(SignerName))
	p.List = p.CRL(tb)
	p.Stranger = theirs(tb, key(elliptic.P256()), signs(SignerName))
	p.StrangerTSA = theirs(tb, key(elliptic.P256()), stamps())
	return p
}

func signs(name string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: name, Organization: []string{"Example Office"}},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment}
}

func stamps() *x509.Certificate {
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		panic(err) // a constant
	}
	return &x509.Certificate{Subject: pkix.Name{CommonName: "Example Timestamps"}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}}}
}

func (p *PKI) ca(tb testing.TB, cert **x509.Certificate) Identity {
	tb.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatalf("pdftest: making a key: %v", err)
	}
	c := &x509.Certificate{Subject: pkix.Name{CommonName: "Example Root", Country: []string{"CN"}}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	i := p.issue(tb, c, c, k, k)
	*cert, err = x509.ParseCertificate(i.Cert)
	if err != nil {
		tb.Fatalf("pdftest: reading a root: %v", err)
	}
	return i
}

// from returns a function that issues certificates under a root.
func (p *PKI) from(by Identity, root *x509.Certificate) func(testing.TB, crypto.Signer, *x509.Certificate) Identity {
	return func(tb testing.TB, k crypto.Signer, c *x509.Certificate) Identity {
		tb.Helper()
		return p.issue(tb, c, root, k, by.Key)
	}
}

func (p *PKI) issue(tb testing.TB, c, issuer *x509.Certificate, k, by crypto.Signer) Identity {
	tb.Helper()
	p.serial++
	c.SerialNumber = big.NewInt(0x5000_0000 + p.serial)
	c.NotBefore = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	if c.NotAfter.IsZero() {
		c.NotAfter = time.Date(2045, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	c.BasicConstraintsValid = true
	der, err := x509.CreateCertificate(rand.Reader, c, issuer, k.Public(), by)
	if err != nil {
		tb.Fatalf("pdftest: issuing %s: %v", c.Subject.CommonName, err)
	}
	return Identity{der, k}
}

// CRL is the root's revocation list, a day old: Revoked is on it, and whoever else is named.
func (p *PKI) CRL(tb testing.TB, also ...Identity) []byte { return p.crl(tb, p.Root, p.root, also) }

func (p *PKI) crl(tb testing.TB, by Identity, issuer *x509.Certificate, also []Identity) []byte {
	tb.Helper()
	p.serial++
	list := &x509.RevocationList{Number: big.NewInt(p.serial), ThisUpdate: p.Now.AddDate(0, 0, -1), NextUpdate: p.Now.AddDate(20, 0, 0)}
	for _, i := range append([]Identity{p.Revoked}, also...) {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: new(big.Int).SetBytes(namesOf(i.Cert).serial), RevocationTime: p.Now.AddDate(0, -1, 0)})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, issuer, by.Key)
	if err != nil {
		tb.Fatalf("pdftest: making a CRL: %v", err)
	}
	return der
}
