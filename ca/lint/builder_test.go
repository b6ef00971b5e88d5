package lint_test

import (
	"crypto"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"sync"
	"testing"
	"time"

	"yinzheng/ca/lint"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// began is when the test root's validity begins.
var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// holder is a certificate and its key.
type holder struct {
	cert *gm.Certificate
	key  crypto.Signer
}

// line is a root and an issuing CA under it, made once.
var line = sync.OnceValues(func() (l [2]holder, err error) {
	for i, profile := range []string{"root-ca", "issuing-ca"} {
		if l[i].key, err = gm.GenerateKey(); err != nil {
			return l, err
		}
		tpl := template(profile)
		parent, by := tpl, l[i].key
		if i > 0 {
			parent, by = l[i-1].cert, l[i-1].key
		}
		made, err := gm.CreateCertificate(tpl, parent, l[i].key.Public(), by)
		if err != nil {
			return l, err
		}
		if l[i].cert, err = gm.ParseCertificate(made); err != nil {
			return l, err
		}
	}
	return l, nil
})

// issuerOf returns who issues a profile; nil for the root, which signs itself.
func issuerOf(tb testing.TB, profile string) *holder {
	tb.Helper()
	l, err := line()
	if err != nil {
		tb.Fatal(err)
	}
	switch profile {
	case "root-ca":
		return nil
	case "issuing-ca", "cross-ca":
		return &l[0]
	}
	return &l[1]
}

// template is a certificate of a profile that passes every lint.
func template(profile string) *gm.Certificate {
	years := map[string]int{"root-ca": 20, "issuing-ca": 10, "cross-ca": 10, "ocsp-responder": 1, "office-seal": 5, "dual-sign": 5, "dual-encrypt": 5}
	n := years[profile]
	if n == 0 {
		n = 10
	}
	c := &gm.Certificate{
		SerialNumber: new(big.Int).SetBytes([]byte("\x55 a serial no.")),
		Subject:      pkix.Name{Country: []string{"CN"}, Organization: []string{"示例市"}, OrganizationalUnit: []string{profile}, CommonName: "示例 " + profile},
		NotBefore:    began, NotAfter: began.AddDate(n, 0, 0),
		BasicConstraintsValid: true,
		SubjectKeyId:          []byte("20 octets of " + profile + "........")[:20],
		KeyUsage:              gm.KeyUsageDigitalSignature | gm.KeyUsageContentCommitment,
	}
	if profile != "root-ca" && profile != "ocsp-responder" {
		c.CRLDistributionPoints = []string{"http://ca.example/crl/authority.crl"}
		c.OCSPServer, c.IssuingCertificateURL = []string{"http://ca.example/ocsp"}, []string{"http://ca.example/ca/authority.cer"}
	}
	switch profile {
	case "root-ca", "issuing-ca", "cross-ca":
		c.IsCA, c.KeyUsage = true, gm.KeyUsageCertSign|gm.KeyUsageCRLSign
		c.MaxPathLen = map[string]int{"root-ca": 2, "cross-ca": 1}[profile]
		c.MaxPathLenZero = profile == "issuing-ca"
		if profile == "cross-ca" {
			c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"example"}
		}
	case "ledger":
		c.KeyUsage = gm.KeyUsageDigitalSignature
	case "timestamper":
		c.ExtraExtensions = []pkix.Extension{purposes(true, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8})}
	case "trust-list":
		c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{der.TrustListSigning}
	case "ocsp-responder":
		c.KeyUsage = gm.KeyUsageDigitalSignature
		c.ExtKeyUsage = []gm.ExtKeyUsage{gm.ExtKeyUsageOCSPSigning}
		c.ExtraExtensions = []pkix.Extension{{Id: oidNoCheck, Value: []byte{5, 0}}}
	case "office-seal":
		c.Subject = pkix.Name{Country: []string{"CN"}, Organization: []string{"91350100M000100Y43示例市场监督管理局"}, CommonName: "45010300000001"}
	case "dual-encrypt":
		c.KeyUsage = gm.KeyUsageKeyEncipherment | gm.KeyUsageDataEncipherment | gm.KeyUsageKeyAgreement
	}
	return c
}

var (
	oidNoCheck     = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
	oidKeyUsage    = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidPermitted   = asn1.ObjectIdentifier{2, 5, 29, 30}
)

func purposes(critical bool, ids ...asn1.ObjectIdentifier) pkix.Extension {
	value, err := asn1.Marshal(ids)
	if err != nil {
		panic(err) // object identifiers that stand in this file
	}
	return pkix.Extension{Id: der.ExtKeyUsageExtension, Critical: critical, Value: value}
}

// sign makes the certificate of a template under a throw-away key.
func sign(tb testing.TB, profile string, c *gm.Certificate) []byte {
	tb.Helper()
	key, err := gm.GenerateKey()
	if err != nil {
		tb.Fatal(err)
	}
	parent, by := c, key
	if i := issuerOf(tb, profile); i != nil {
		parent, by = i.cert, i.key
	}
	made, err := gm.CreateCertificate(c, parent, key.Public(), by)
	if err != nil {
		tb.Fatal(err)
	}
	return made
}

// run lints a certificate under its profile's issuer.
func run(tb testing.TB, profile string, cert []byte) []lint.Finding {
	tb.Helper()
	var issuer []byte
	if i := issuerOf(tb, profile); i != nil {
		issuer = i.cert.Raw
	}
	found, err := lint.Run(cert, issuer, profile)
	if err != nil {
		tb.Fatal(err)
	}
	return found
}

// tbs is a TBSCertificate of which every part can be exchanged.
type tbs struct {
	Version    int `asn1:"optional,explicit,default:0,tag:0"`
	Serial     *big.Int
	Algorithm  asn1.RawValue
	Issuer     asn1.RawValue
	Validity   asn1.RawValue
	Subject    asn1.RawValue
	Key        asn1.RawValue
	Extensions []pkix.Extension `asn1:"optional,explicit,tag:3"`
}

// patch takes a certificate apart, changes it, and signs it again.
func patch(tb testing.TB, profile string, cert []byte, change func(*tbs)) []byte {
	tb.Helper()
	var whole struct {
		TBS       asn1.RawValue
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	var inner tbs
	if _, err := asn1.Unmarshal(cert, &whole); err != nil {
		tb.Fatal(err)
	}
	if _, err := asn1.Unmarshal(whole.TBS.FullBytes, &inner); err != nil {
		tb.Fatal(err)
	}
	outer := inner.Algorithm
	change(&inner)
	body, err := asn1.Marshal(inner)
	if err != nil {
		tb.Fatal(err)
	}
	key, err := gm.GenerateKey()
	if i := issuerOf(tb, profile); i != nil {
		key = i.key
	}
	if err != nil {
		tb.Fatal(err)
	}
	sig, err := gm.Sign(key, body)
	if err != nil {
		tb.Fatal(err)
	}
	whole.TBS, whole.Algorithm = asn1.RawValue{FullBytes: body}, outer
	whole.Signature = asn1.BitString{Bytes: sig, BitLength: 8 * len(sig)}
	out, err := asn1.Marshal(whole)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}
