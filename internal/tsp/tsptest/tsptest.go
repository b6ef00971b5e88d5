// Package tsptest makes timestamp identities on P-256 for tests; those with SM2 come from gmtest.
package tsptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
)

// ECDSA issues a timestamping certificate on P-256 under a root of its own, with the standard library's X.509. The root is DER.
func ECDSA(t testing.TB) (root []byte, leaf gmtest.Leaf) {
	t.Helper()
	rootKey, key := generate(t), generate(t)
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "示例 ECDSA 根", Country: []string{"CN"}},
		NotBefore: gmtest.NotBefore, NotAfter: gmtest.NotAfter, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	root = create(t, authority, authority, rootKey, rootKey)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "示例 ECDSA 时间戳"},
		NotBefore: gmtest.NotBefore, NotAfter: gmtest.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{gmtest.TimestampingOnly(t)},
	}
	parent, err := x509.ParseCertificate(root)
	if err != nil {
		t.Fatal(err)
	}
	der := create(t, template, parent, key, rootKey)
	cert, err := gm.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return root, gmtest.Leaf{Cert: cert, DER: der, Key: key}
}

func generate(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func create(t testing.TB, template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
