package chain_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"strings"
	"testing"

	"yinzheng/internal/chain"
	"yinzheng/internal/gm"
)

func rsaKey(t testing.TB, bits int) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// withAlgorithm signs a certificate with another hash than the usual one.
func withAlgorithm(a gm.SignatureAlgorithm) change {
	return func(d *draft) { d.SignatureAlgorithm = a }
}

// asSHA1 makes of a certificate one that says SHA-1 with RSA: nobody signs such certificates for us any more.
func asSHA1(t testing.TB, c *gm.Certificate) *gm.Certificate {
	t.Helper()
	sha256, sha1 := []byte{42, 134, 72, 134, 247, 13, 1, 1, 11}, []byte{42, 134, 72, 134, 247, 13, 1, 1, 5}
	return parse(t, bytes.ReplaceAll(c.Raw, sha256, sha1))
}

func TestForeignAlgorithms(t *testing.T) {
	strong, weak := rsaKey(t, 2048), rsaKey(t, 1024)
	foreignRoot := func(s *scene, changes ...change) party {
		s.o.Foreign = true
		root := s.self("Foreign Root", changes...)
		s.roots = append(s.roots, root.cert)
		return root
	}
	prove(t, []claim{
		{"path under an RSA root is valid where foreign algorithms are believed", func(s *scene) {
			s.end(s.ca(foreignRoot(s, withKey(strong)), "CA", withKey(ecKey(s.t, elliptic.P384()))))
		}, ""},
		{"path with SHA-384 and SHA-512 is valid", func(s *scene) {
			root := foreignRoot(s, withKey(strong), withAlgorithm(gm.SHA512WithRSA))
			s.end(s.ca(root, "CA", withKey(ecKey(s.t, elliptic.P384())), withAlgorithm(gm.SHA384WithRSA)), withAlgorithm(gm.ECDSAWithSHA384))
		}, ""},
		{"P-521 issuer is valid where foreign algorithms are believed", func(s *scene) {
			s.end(s.ca(foreignRoot(s, withKey(ecKey(s.t, elliptic.P521()))), "CA", withKey(strong)), withKey(rsaKey(s.t, 2048)))
		}, ""},
		{"SM2 and RSA may be mixed in a path", func(s *scene) {
			root := foreignRoot(s, withKey(strong))
			s.end(s.ca(root, "CA"))
		}, ""},
		{"SM2 path is valid where foreign algorithms are believed", func(s *scene) {
			foreignRoot(s, withKey(strong))
			s.end(s.ca(s.root, "CA"))
		}, ""},
		{"RSA issuer is refused where only P-256 is believed", func(s *scene) {
			root := foreignRoot(s, withKey(strong))
			s.o.Foreign, s.o.P256 = false, true
			s.end(root)
		}, chain.WhyAlgorithm},
		{"RSA issuer with a changed signature is refused", func(s *scene) {
			s.end(foreignRoot(s, withKey(strong)))
			s.leaf = forged(s.t, s.leaf)
		}, chain.WhySignature},
		{"RSA of 1024 bits is refused", func(s *scene) { s.end(foreignRoot(s, withKey(weak))) }, chain.WhyAlgorithm},
		{"SHA-1 is refused", func(s *scene) {
			s.end(foreignRoot(s, withKey(strong)))
			s.leaf = asSHA1(s.t, s.leaf)
		}, chain.WhyAlgorithm},
	})
}

func TestWeaknessIsNamed(t *testing.T) {
	s := newScene(t)
	s.o.Foreign = true
	weak := s.self("Weak Root", withKey(rsaKey(t, 1024)))
	s.roots = append(s.roots, weak.cert)
	s.end(weak)
	_, err := s.pool().Build(s.leaf, s.o)
	var e *chain.Error
	if !errors.As(err, &e) || !strings.Contains(e.Detail, "1024 bits") || e.Name != "Weak Root" {
		t.Errorf("got %v", err)
	}
	strong := s.self("Strong Root", withKey(rsaKey(t, 2048)))
	s.roots = append(s.roots, strong.cert)
	s.end(strong)
	_, err = s.pool().Build(asSHA1(t, s.leaf), s.o)
	if !errors.As(err, &e) || !strings.Contains(e.Detail, "SHA1") {
		t.Errorf("got %v", err)
	}
}
