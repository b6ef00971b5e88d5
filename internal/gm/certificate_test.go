package gm_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"testing"
	"time"

	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
)

func TestIssuedCertificateIsSM2WithSM3AndChecks(t *testing.T) {
	ca := gmtest.NewCA(t, "示例根")
	leaf := ca.Seal(t, "示例签章人")
	if leaf.Cert.SignatureAlgorithm != gm.SM2WithSM3 || ca.Cert.SignatureAlgorithm != gm.SM2WithSM3 {
		t.Errorf("signature algorithms %v, %v", leaf.Cert.SignatureAlgorithm, ca.Cert.SignatureAlgorithm)
	}
	for _, c := range []*gm.Certificate{leaf.Cert, ca.Cert} {
		if err := gm.CheckIssued(c, ca.Cert); err != nil {
			t.Errorf("%v: %v", c.Subject, err)
		}
	}
	if pub, err := gm.PublicKey(leaf.Cert); err != nil || !pub.Equal(leaf.Key.Public()) {
		t.Errorf("another key: %v", err)
	}
	if !bytes.Equal(leaf.Cert.AuthorityKeyId, ca.Cert.SubjectKeyId) {
		t.Error("the authority key identifier is not the issuer's")
	}
}

func TestOnlyTheIssuerIsTheIssuer(t *testing.T) {
	ca, other, renamed := gmtest.NewCA(t, "示例根"), gmtest.NewCA(t, "示例根"), gmtest.NewCA(t, "另一根")
	leaf := ca.Seal(t, "示例签章人")
	if err := gm.CheckIssued(leaf.Cert, other.Cert); !errors.Is(err, gm.ErrSignature) {
		t.Errorf("same name, another key: got %v, want ErrSignature", err)
	}
	for name, issuer := range map[string]*gm.Certificate{"another name": renamed.Cert, "a leaf": leaf.Cert} {
		if err := gm.CheckIssued(leaf.Cert, issuer); !errors.Is(err, gm.ErrParent) {
			t.Errorf("%s: got %v, want ErrParent", name, err)
		}
	}
	if err := gm.CheckIssued(leaf.Cert, nil); !errors.Is(err, gm.ErrNotSM2) {
		t.Errorf("nobody: got %v, want ErrNotSM2", err)
	}
	if err := gm.CheckIssued(nil, ca.Cert); !errors.Is(err, gm.ErrNotSM2) {
		t.Errorf("nothing: got %v, want ErrNotSM2", err)
	}
}

func TestEveryChangedByteOfACertificateIsRefused(t *testing.T) {
	ca := gmtest.NewCA(t, "示例根")
	leaf := ca.Seal(t, "示例签章人")
	for i := range leaf.DER {
		for _, flip := range []byte{0x01, 0x20, 0x80} {
			changed := bytes.Clone(leaf.DER)
			changed[i] ^= flip
			c, err := gm.ParseCertificate(changed)
			if err == nil && gm.CheckIssued(c, ca.Cert) == nil {
				t.Errorf("byte %d ^ %#x is accepted", i, flip)
			}
		}
	}
}

func TestParentNeedsItsKeyAndItsIdentifier(t *testing.T) {
	ca := gmtest.NewCA(t, "示例根")
	template := &gm.Certificate{SerialNumber: big.NewInt(9), Subject: pkix.Name{CommonName: "x"}, NotBefore: gmtest.NotBefore, NotAfter: gmtest.NotAfter}
	key := gmtest.Key(t)
	if _, err := gm.CreateCertificate(template, ca.Cert, key.Public(), key); !errors.Is(err, gm.ErrParent) {
		t.Errorf("another key: got %v, want ErrParent", err)
	}
	bare := *ca.Cert
	bare.SubjectKeyId = nil
	if _, err := gm.CreateCertificate(template, &bare, key.Public(), ca.Key); !errors.Is(err, gm.ErrParent) {
		t.Errorf("no identifier: got %v, want ErrParent", err)
	}
	for _, serial := range []*big.Int{nil, new(big.Int), big.NewInt(-1), new(big.Int).Lsh(big.NewInt(1), 160)} {
		wrong := *template
		wrong.SerialNumber = serial
		if _, err := gm.CreateCertificate(&wrong, ca.Cert, key.Public(), ca.Key); err == nil {
			t.Errorf("serial number %v is issued", serial)
		}
	}
}

func TestECDSACertificateIsReadByTheStandardLibrary(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &gm.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: gm.KeyUsageCertSign, NotBefore: gmtest.NotBefore, NotAfter: gmtest.NotAfter}
	der, err := gm.CreateCertificate(template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.CheckSignatureFrom(c); err != nil {
		t.Error(err)
	}
}

// makeCRL revokes serial number 7.
func makeCRL(t testing.TB) (*gmtest.CA, *gm.CRL) {
	t.Helper()
	ca := gmtest.NewCA(t, "示例根")
	der, err := gm.CreateCRL(&gm.CRL{Number: big.NewInt(1), ThisUpdate: gmtest.NotBefore, NextUpdate: gmtest.NotBefore.Add(24 * time.Hour),
		RevokedCertificateEntries: []gm.CRLEntry{{SerialNumber: big.NewInt(7), RevocationTime: gmtest.NotBefore, ReasonCode: 1}}}, ca.Cert, ca.Key)
	if err != nil {
		t.Fatal(err)
	}
	list, err := gm.ParseCRL(der)
	if err != nil {
		t.Fatal(err)
	}
	return ca, list
}

func TestCRLChecksAgainstItsIssuerOnly(t *testing.T) {
	ca, list := makeCRL(t)
	if err := gm.CheckCRL(list, ca.Cert); err != nil {
		t.Error(err)
	}
	if len(list.RevokedCertificateEntries) != 1 || list.RevokedCertificateEntries[0].SerialNumber.Int64() != 7 {
		t.Errorf("entries %v", list.RevokedCertificateEntries)
	}
	if err := gm.CheckCRL(list, gmtest.NewCA(t, "示例根").Cert); !errors.Is(err, gm.ErrSignature) {
		t.Errorf("same name, another key: got %v, want ErrSignature", err)
	}
	if err := gm.CheckCRL(list, ca.Seal(t, "示例签章人").Cert); !errors.Is(err, gm.ErrParent) {
		t.Errorf("a leaf: got %v, want ErrParent", err)
	}
	if err := gm.CheckCRL(nil, ca.Cert); !errors.Is(err, gm.ErrNotSM2) {
		t.Errorf("nothing: got %v, want ErrNotSM2", err)
	}
	for i := range list.Raw {
		changed := bytes.Clone(list.Raw)
		changed[i] ^= 1
		if c, err := gm.ParseCRL(changed); err == nil && gm.CheckCRL(c, ca.Cert) == nil {
			t.Errorf("byte %d is free", i)
		}
	}
}

func TestCRLIsNotSignedByAnotherKey(t *testing.T) {
	ca := gmtest.NewCA(t, "示例根")
	if _, err := gm.CreateCRL(&gm.CRL{Number: big.NewInt(1)}, ca.Cert, gmtest.Key(t)); !errors.Is(err, gm.ErrParent) {
		t.Errorf("got %v, want ErrParent", err)
	}
}
