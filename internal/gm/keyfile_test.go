package gm_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"testing"

	"github.com/emmansun/gmsm/pkcs"
	"github.com/emmansun/gmsm/pkcs8"

	"yinzheng/internal/gm"
)

var passphrase = []byte("示例口令示例口令示例口令示例口令示例口令") // 20 characters

func signers(t testing.TB) map[string]crypto.Signer {
	t.Helper()
	sm2Key, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	ecdsaKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]crypto.Signer{"SM2": sm2Key, "ECDSA": ecdsaKey, "Ed25519": edKey}
}

func TestSealedKeysOpenAgain(t *testing.T) {
	for name, key := range signers(t) {
		file, err := gm.SealKeyTest(key, passphrase, 3)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		back, err := gm.OpenKey(file, passphrase)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !back.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(key.Public()) {
			t.Errorf("%s: another key came back", name)
		}
	}
}

func TestSealKeyUsesTheFullNumberOfIterations(t *testing.T) {
	file, err := gm.SealKey(signers(t)["SM2"], passphrase)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gm.OpenKeyTest(file, passphrase, gm.Iterations-1); !errors.Is(err, gm.ErrPassphrase) {
		t.Errorf("opens with fewer iterations than %d: %v", gm.Iterations, err)
	}
	if _, err := gm.OpenKeyTest(file, passphrase, gm.Iterations); err != nil {
		t.Error(err)
	}
}

func TestShortPassphraseSealsNothing(t *testing.T) {
	for _, weak := range []string{"", "short", "nineteen characters", "示例口令示例口令示例口令示例口令示例口"} {
		if _, err := gm.SealKey(signers(t)["SM2"], []byte(weak)); !errors.Is(err, gm.ErrWeakPassphrase) {
			t.Errorf("%q: got %v, want ErrWeakPassphrase", weak, err)
		}
	}
}

func TestOtherCurvesAreNotSealed(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gm.SealKey(key, passphrase); !errors.Is(err, gm.ErrKeyType) {
		t.Errorf("got %v, want ErrKeyType", err)
	}
}

func TestWrongPassphraseAndDamageAreOneError(t *testing.T) {
	for name, key := range signers(t) {
		file, err := gm.SealKeyTest(key, passphrase, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range []string{"another passphrase, long enough", ""} {
			if _, err := gm.OpenKey(file, []byte(wrong)); !errors.Is(err, gm.ErrPassphrase) {
				t.Errorf("%s with %q: got %v, want ErrPassphrase", name, wrong, err)
			}
		}
		for i := range file {
			damaged := bytes.Clone(file)
			damaged[i] ^= 1
			if _, err := gm.OpenKeyTest(damaged, passphrase, 1000); !errors.Is(err, gm.ErrPassphrase) {
				t.Errorf("%s, byte %d changed: got %v, want ErrPassphrase", name, i, err)
			}
		}
	}
}

// TestForeignKeyFilesAreRefused wants only our algorithms: a weaker scheme must not come in by a replaced file.
func TestForeignKeyFilesAreRefused(t *testing.T) {
	key := signers(t)["SM2"]
	schemes := map[string]pkcs.PBESEncrypter{
		"AES-256 and SHA-256":   pkcs.NewPBESEncrypter(pkcs.AES256CBC, pkcs.NewPBKDF2Opts(pkcs.SHA256, 16, 2)),
		"SM4 and SHA-1":         pkcs.NewPBESEncrypter(pkcs.SM4CBC, pkcs.NewPBKDF2Opts(pkcs.SHA1, 16, 2)),
		"SM4-ECB":               pkcs.NewPBESEncrypter(pkcs.SM4ECB, pkcs.NewPBKDF2Opts(pkcs.SM3, 16, 2)),
		"SM4-GCM":               pkcs.NewPBESEncrypter(pkcs.SM4GCM, pkcs.NewPBKDF2Opts(pkcs.SM3, 16, 2)),
		"scrypt":                pkcs.NewPBESEncrypter(pkcs.SM4CBC, pkcs.NewScryptOpts(16, 2, 1, 1)),
		"salt of eight bytes":   pkcs.NewPBESEncrypter(pkcs.SM4CBC, pkcs.NewPBKDF2Opts(pkcs.SM3, 8, 2)),
		"SM variant of PBES":    pkcs.NewSMPBESEncrypter(16, 2),
		"too many iterations":   pkcs.NewPBESEncrypter(pkcs.SM4CBC, pkcs.NewPBKDF2Opts(pkcs.SM3, 16, 1001)),
		"nothing wrong at last": pkcs.NewPBESEncrypter(pkcs.SM4CBC, pkcs.NewPBKDF2Opts(pkcs.SM3, 16, 2)),
	}
	for name, scheme := range schemes {
		der, err := pkcs8.MarshalPrivateKey(key, passphrase, scheme)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		file := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der})
		_, err = gm.OpenKeyTest(file, passphrase, 1000)
		if good := name == "nothing wrong at last"; good && err != nil || !good && !errors.Is(err, gm.ErrPassphrase) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzOpenKey(f *testing.F) {
	seeds := 0
	for name, key := range signers(f) {
		file, err := gm.SealKeyTest(key, passphrase, 2)
		if err != nil {
			f.Fatalf("%s: %v", name, err)
		}
		f.Add(file)
		seeds++
	}
	for _, s := range []string{"", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIA\n-----END ENCRYPTED PRIVATE KEY-----\n"} {
		f.Add([]byte(s))
		seeds++
	}
	if seeds < 5 {
		f.Fatalf("only %d seeds", seeds)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		key, err := gm.OpenKeyTest(file, passphrase, 100)
		if err != nil && !errors.Is(err, gm.ErrPassphrase) {
			t.Fatalf("got %v", err)
		}
		if err == nil && key.Public() == nil {
			t.Fatal("a key without public key")
		}
	})
}
