package lint_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"

	"yinzheng/ca/lint"
)

// ecdsaCertificate makes a certificate as cfssl does for tls-server, under a fresh authority.
func ecdsaCertificate(tb testing.TB, change func(*x509.Certificate)) []byte {
	tb.Helper()
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			tb.Fatal(err)
		}
		return k
	}
	root, own := key(), key()
	ca := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes([]byte("\x55 the authority")), Subject: pkix.Name{Country: []string{"CN"}, CommonName: "示例 TLS CA"},
		NotBefore: began, NotAfter: began.AddDate(10, 0, 0), IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SubjectKeyId: []byte("twenty octets of key"), PublicKey: root.Public(),
	}
	c := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes([]byte("\x55 a serial no.")), Subject: pkix.Name{CommonName: "approvals.example"},
		NotBefore: began, NotAfter: began.AddDate(1, 0, 0), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		SubjectKeyId: []byte("twenty octets of id."), DNSNames: []string{"approvals.example"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	if change != nil {
		change(c)
	}
	made, err := x509.CreateCertificate(rand.Reader, c, ca, own.Public(), root)
	if err != nil {
		tb.Fatal(err)
	}
	return made
}

func TestCertificatesOfOurECDSAProfilesPass(t *testing.T) {
	for name, change := range map[string]func(*x509.Certificate){
		"tls-server": nil,
		"tls-client": func(c *x509.Certificate) {
			c.Subject.CommonName, c.DNSNames, c.IPAddresses = "approval-system", nil, nil
			c.ExtKeyUsage, c.NotAfter = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, began.AddDate(0, 0, 90)
		},
		"fabric-msp": func(c *x509.Certificate) {
			c.Subject = pkix.Name{CommonName: "peer0.org1", OrganizationalUnit: []string{"peer"}}
			c.DNSNames, c.IPAddresses, c.ExtKeyUsage = nil, nil, nil
		},
		"tls-ca": func(c *x509.Certificate) {
			c.Subject = pkix.Name{Country: []string{"CN"}, CommonName: "示例 TLS CA 2"}
			c.IsCA, c.MaxPathLenZero, c.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
			c.DNSNames, c.IPAddresses, c.ExtKeyUsage = nil, nil, nil
		},
	} {
		found, err := lint.RunECDSA(ecdsaCertificate(t, change))
		if err != nil {
			t.Fatal(err)
		}
		if err := lint.Stop(found); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnECDSACertificateAgainstRFC5280IsStopped(t *testing.T) {
	for want, change := range map[string]func(*x509.Certificate){
		"e_ext_key_usage_cert_sign_without_ca": func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageCertSign },
		"e_subject_common_name_max_length": func(c *x509.Certificate) {
			c.Subject.CommonName = strings.Repeat("a", 65)
		},
		"e_ext_san_dns_name_too_long": func(c *x509.Certificate) {
			c.DNSNames = []string{strings.Repeat("a.", 127) + "example"}
		},
	} {
		found, err := lint.RunECDSA(ecdsaCertificate(t, change))
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(found, func(f lint.Finding) bool { return f.Lint == want })
		if at < 0 || lint.Stop(found) == nil || found[at].Clause == "" || found[at].Detail == "" {
			t.Errorf("%s: %+v", want, found)
		}
	}
}

func TestWhatIsNoECDSACertificateIsAFinding(t *testing.T) {
	for _, b := range [][]byte{nil, []byte("text"), {0x30, 0}, {0x30, 0x80}} {
		found, err := lint.RunECDSA(b)
		if err != nil || len(found) != 1 || lint.Stop(found) == nil {
			t.Errorf("%x: %v, %v", b, found, err)
		}
	}
}

func TestNoLintOfPublicTLSIsChosen(t *testing.T) {
	registry, err := lint.Registry()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range registry.Sources() {
		if strings.HasPrefix(string(s), "CABF") || s == "Mozilla" || s == "Apple" || s == "ETSI_ESI" {
			t.Errorf("source %s", s)
		}
	}
	if n := len(registry.Names()); n < 100 {
		t.Errorf("%d lints", n)
	}
}
