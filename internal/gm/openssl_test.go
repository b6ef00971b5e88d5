//go:build tools

package gm_test

import (
	"crypto/ecdsa"
	"crypto/x509/pkix"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
)

func TestOpenSSLVerifiesOurChain(t *testing.T) {
	ca := gmtest.NewCA(t, "示例根")
	leaf := ca.Seal(t, "示例签章人")
	root, cert := gmtest.PEM(t, "CERTIFICATE", ca.DER), gmtest.PEM(t, "CERTIFICATE", leaf.DER)
	at := fmt.Sprint(gmtest.NotBefore.AddDate(1, 0, 0).Unix())
	out := gmtest.OpenSSL(t, "verify", "-attime", at, "-vfyopt", "distid:"+gmtest.DefaultID, "-CAfile", root, cert)
	if !strings.HasSuffix(out, ": OK\n") {
		t.Errorf("openssl verify says %q", out)
	}
	if out, err := exec.CommandContext(t.Context(), "openssl", "verify", "-attime", at, "-CAfile", root, cert).CombinedOutput(); err == nil {
		t.Errorf("openssl verifies without the identity, so it did not look at it: %s", out)
	}
}

func TestOpenSSLVerifiesOurSignatureAndWeItsOwn(t *testing.T) {
	leaf := gmtest.NewCA(t, "示例根").Seal(t, "示例签章人")
	msg := []byte("示例")
	sig, err := gm.Sign(leaf.Key, msg)
	if err != nil {
		t.Fatal(err)
	}
	gmtest.OpenSSLVerify(t, leaf.DER, msg, sig)

	key := gmtest.File(t, "key.pem", []byte(gmtest.OpenSSL(t, "genpkey", "-algorithm", "SM2")))
	theirs := []byte(gmtest.OpenSSL(t, "dgst", "-sm3", "-sign", key, "-sigopt", "distid:"+gmtest.DefaultID, gmtest.File(t, "msg", msg)))
	spki := []byte(gmtest.OpenSSL(t, "pkey", "-in", key, "-pubout", "-outform", "DER"))
	pub, err := gm.ParsePublicKey(spki)
	if err != nil {
		t.Fatal(err)
	}
	if err := gm.CrossCheck(pub, msg, theirs); err != nil {
		t.Error(err)
	}
}

func TestOpenSSLVerifiesOurCRL(t *testing.T) {
	ca, list := makeCRL(t)
	if out := gmtest.OpenSSL(t, "crl", "-in", gmtest.PEM(t, "X509 CRL", list.Raw), "-noout", "-text"); !strings.Contains(out, "Serial Number: 07") {
		t.Errorf("the revoked certificate is not in what openssl reads:\n%s", out)
	}
	gmtest.OpenSSLVerify(t, ca.DER, list.RawTBSRevocationList, list.Signature)
}

func TestOpenSSLReadsTheStructureOfOurKeyFile(t *testing.T) {
	for name, key := range signers(t) {
		file, err := gm.SealKeyTest(key, passphrase, 2)
		if err != nil {
			t.Fatal(err)
		}
		out := gmtest.OpenSSL(t, "asn1parse", "-in", gmtest.File(t, "key.pem", file))
		for _, want := range []string{"PBES2", "PBKDF2", "sm4-cbc"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %s is missing from\n%s", name, want, out)
			}
		}
	}
}

// TestDigestEqualsOpenSSL hashes lengths around the block size.
func TestDigestEqualsOpenSSL(t *testing.T) {
	for _, n := range []int{0, 1, 55, 56, 63, 64, 65, 119, 120, 1000} {
		msg := []byte(strings.Repeat("a", n))
		out := gmtest.OpenSSL(t, "dgst", "-sm3", "-r", gmtest.File(t, "msg", msg))
		if got := gm.Sum(msg).String(); !strings.HasPrefix(out, got) {
			t.Errorf("%d bytes: %s, openssl %s", n, got, out)
		}
	}
}

func TestOpenSSLVerifiesOurRequests(t *testing.T) {
	for name, key := range signers(t) {
		if name == "Ed25519" {
			continue
		}
		der, err := gm.CreateRequest(pkix.Name{CommonName: "app.example"}, nil, key)
		if err != nil {
			t.Fatal(err)
		}
		args := []string{"req", "-verify", "-noout", "-in", gmtest.PEM(t, "CERTIFICATE REQUEST", der)}
		if name == "SM2" {
			args = append(args, "-vfyopt", "distid:"+gmtest.DefaultID)
		}
		if out := gmtest.OpenSSL(t, args...); !strings.Contains(out, "verify OK") {
			t.Errorf("%s: openssl req says %q", name, out)
		}
	}
}

func TestOpenSSLVerifiesTheSignatureOfADigest(t *testing.T) {
	leaf := gmtest.NewCA(t, "示例根").Seal(t, "示例签章人")
	e, err := gm.DigestToSign(leaf.Key.Public().(*ecdsa.PublicKey), []byte("示例"))
	if err != nil {
		t.Fatal(err)
	}
	sig, err := gm.SignDigest(leaf.Key, e)
	if err != nil {
		t.Fatal(err)
	}
	gmtest.OpenSSLVerify(t, leaf.DER, []byte("示例"), sig)
}
