//go:build tools

package tsp_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"flag"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"yinzheng/internal/gm/gmtest"
	"yinzheng/internal/tsp"
)

var update = flag.Bool("update", false, "write testdata/foreign anew")

// authority is a timestamp authority of openssl's, with its files.
type authority struct{ dir, config string }

// newAuthority makes a root and a signer with keys of the standard library.
func newAuthority(t *testing.T, key crypto.Signer) authority {
	t.Helper()
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Example Root"}, NotBefore: gmtest.NotBefore,
		NotAfter: gmtest.NotAfter, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Example TSA"}, NotBefore: gmtest.NotBefore,
		NotAfter: gmtest.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature, ExtraExtensions: []pkix.Extension{gmtest.TimestampingOnly(t)}}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	a := authority{dir: t.TempDir()}
	a.config = filepath.Join(a.dir, "tsa.cnf")
	for name, block := range map[string]*pem.Block{
		"root.pem": {Type: "CERTIFICATE", Bytes: rootDER}, "tsa.pem": {Type: "CERTIFICATE", Bytes: leafDER},
		"key.pem": {Type: "PRIVATE KEY", Bytes: keyDER},
	} {
		if err := os.WriteFile(filepath.Join(a.dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// token stamps foreignData.
func (a authority) token(t *testing.T, hash, ess string) []byte {
	t.Helper()
	config := fmt.Sprintf("[tsa]\nserial=%[1]s/serial\nsigner_cert=%[1]s/tsa.pem\ncerts=%[1]s/root.pem\nsigner_key=%[1]s/key.pem\n"+
		"signer_digest=%[2]s\ndefault_policy=1.2.3.4\ndigests=sha1,sha256,sha384,sha512,sm3\naccuracy=secs:1,millisecs:500\n"+
		"tsa_name=yes\ness_cert_id_chain=yes\ness_cert_id_alg=%[3]s\n", a.dir, max(hash, "sha256"), ess)
	if err := os.WriteFile(a.config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	query, token := filepath.Join(a.dir, "query"), filepath.Join(a.dir, "token")
	gmtest.OpenSSL(t, "ts", "-query", "-data", gmtest.File(t, "data", []byte(foreignData)), "-"+hash, "-cert", "-out", query)
	gmtest.OpenSSL(t, "ts", "-reply", "-config", a.config, "-section", "tsa", "-queryfile", query, "-token_out", "-out", token)
	b, err := os.ReadFile(token)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestOpenSSLsTokensAreRead lets openssl stamp with RSA and ECDSA; with -update it keeps the tokens for the other tests.
func TestOpenSSLsTokensAreRead(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]crypto.Signer{"rsa": rsaKey, "p384": ecKey} {
		a := newAuthority(t, key)
		for _, hash := range []string{"sha256", "sha384", "sha512"} {
			for _, ess := range []string{"sha1", "sha256"} {
				b := a.token(t, hash, ess)
				file := fmt.Sprintf("%s-%s-ess-%s.tst", name, hash, ess)
				if *update {
					if err := os.WriteFile(filepath.Join("testdata", "foreign", file), b, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				checkForeign(t, file, b)
			}
		}
		weak, err := tsp.ParseForeign(a.token(t, "sha1", "sha1"))
		if err == nil {
			t.Errorf("%s: a token over SHA-1 is read: %v", name, weak.Hash)
		}
		if *update && !slices.Contains([]string{"p384"}, name) {
			if err := os.WriteFile(filepath.Join("testdata", "foreign", "weak.tst"), a.token(t, "sha1", "sha1"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
