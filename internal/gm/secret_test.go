package gm_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"testing"

	"github.com/emmansun/gmsm/smx509"

	"yinzheng/internal/gm"
)

func TestSealedSecretsOpenAgain(t *testing.T) {
	for _, size := range []int{1, 16, 32, 1000, gm.MaxSecret} {
		secret := bytes.Repeat([]byte{7}, size)
		file, err := gm.SealSecretTest(secret, passphrase, 3)
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		back, err := gm.OpenSecret(file, passphrase)
		if err != nil || !bytes.Equal(back, secret) {
			t.Errorf("%d bytes: %v", size, err)
		}
		if _, err := gm.OpenSecret(file, append(bytes.Clone(passphrase), 'x')); !errors.Is(err, gm.ErrPassphrase) {
			t.Errorf("%d bytes, wrong passphrase: got %v, want ErrPassphrase", size, err)
		}
	}
}

func TestSealSecretUsesTheFullNumberOfIterations(t *testing.T) {
	file, err := gm.SealSecret([]byte("a secret"), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gm.OpenSecretTest(file, passphrase, gm.Iterations-1); !errors.Is(err, gm.ErrPassphrase) {
		t.Errorf("opens with fewer iterations than %d: %v", gm.Iterations, err)
	}
	again, err := gm.SealSecret([]byte("a secret"), passphrase)
	if err != nil || bytes.Equal(file, again) {
		t.Errorf("sealed twice to the same bytes: %v", err)
	}
}

func TestSealSecretRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		secret, passphrase []byte
		want               error
	}{
		"empty":    {nil, passphrase, gm.ErrSecret},
		"too long": {make([]byte, gm.MaxSecret+1), passphrase, gm.ErrSecret},
		"weak":     {[]byte("a"), []byte("nineteen characters"), gm.ErrWeakPassphrase},
	} {
		if _, err := gm.SealSecret(c.secret, c.passphrase); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestChangedSecretsDoNotOpen(t *testing.T) {
	file, err := gm.SealSecretTest([]byte("a secret"), passphrase, 2)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(file)
	for i := range block.Bytes {
		changed := bytes.Clone(block.Bytes)
		changed[i] ^= 1
		again := pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: changed})
		if _, err := gm.OpenSecretTest(again, passphrase, 1000); !errors.Is(err, gm.ErrPassphrase) {
			t.Errorf("byte %d changed: got %v, want ErrPassphrase", i, err)
		}
	}
	for i, der := range notDER() {
		if _, err := gm.OpenSecret(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: der}), passphrase); !errors.Is(err, gm.ErrPassphrase) {
			t.Errorf("%d: got %v, want ErrPassphrase", i, err)
		}
	}
	key, err := gm.SealKeyTest(signers(t)["SM2"], passphrase, 2)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"nothing": nil, "two": append(bytes.Clone(file), file...), "text before": append([]byte("x\n"), file...),
		"a key file": key, "too long": make([]byte, gm.MaxSecretFile+1)} {
		if _, err := gm.OpenSecret(b, passphrase); !errors.Is(err, gm.ErrPassphrase) {
			t.Errorf("%s: got %v, want ErrPassphrase", name, err)
		}
	}
	if _, err := gm.OpenSecret(file, nil); !errors.Is(err, gm.ErrPassphrase) {
		t.Errorf("no passphrase: got %v, want ErrPassphrase", err)
	}
}

func TestPlainKeysComeBackAndOnlyCanonicalOnes(t *testing.T) {
	for name, key := range signers(t) {
		plain, err := gm.EncodeKey(key)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		back, err := gm.DecodeKey(plain)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !back.(interface{ Equal(crypto.PrivateKey) bool }).Equal(key) {
			t.Errorf("%s: another key came back", name)
		}
		for i := range plain {
			changed := bytes.Clone(plain)
			changed[i] ^= 1
			if _, err := gm.DecodeKey(changed); !errors.Is(err, gm.ErrKeyType) {
				t.Errorf("%s, byte %d changed: got %v, want ErrKeyType", name, i, err)
			}
		}
		for i, b := range append(notDER(), plain[:len(plain)-1], append(bytes.Clone(plain), 0), make([]byte, gm.MaxPlainKey+1)) {
			if _, err := gm.DecodeKey(b); !errors.Is(err, gm.ErrKeyType) {
				t.Errorf("%s, %d: got %v, want ErrKeyType", name, i, err)
			}
		}
	}
}

func TestOtherKeysAreNotEncoded(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	outside, _ := away(t, signers(t)["SM2"])
	for name, key := range map[string]crypto.Signer{"P-384": p384, "none": nil, "elsewhere": outside} {
		if _, err := gm.EncodeKey(key); !errors.Is(err, gm.ErrKeyType) {
			t.Errorf("%s: got %v, want ErrKeyType", name, err)
		}
	}
	plain, err := smx509.MarshalPKCS8PrivateKey(p384)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gm.DecodeKey(plain); !errors.Is(err, gm.ErrKeyType) {
		t.Errorf("P-384: got %v, want ErrKeyType", err)
	}
}

func FuzzOpenSecret(f *testing.F) {
	file, err := gm.SealSecretTest([]byte("a secret"), passphrase, 2)
	if err != nil {
		f.Fatal(err)
	}
	block, _ := pem.Decode(file)
	addSeeds(f, append(notDER(), block.Bytes, block.Bytes[:20]))
	f.Fuzz(func(t *testing.T, b []byte) {
		again := pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: b})
		for _, file := range [][]byte{b, again} {
			if secret, err := gm.OpenSecretTest(file, passphrase, 100); err == nil && string(secret) != "a secret" {
				t.Fatalf("opened to %q", secret)
			}
		}
	})
}

func FuzzDecodeKey(f *testing.F) {
	seeds := notDER()
	for _, key := range signers(f) {
		plain, err := gm.EncodeKey(key)
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, plain, plain[:len(plain)-2])
	}
	addSeeds(f, seeds)
	f.Fuzz(func(t *testing.T, b []byte) {
		key, err := gm.DecodeKey(b)
		if err != nil {
			return
		}
		if again, err := gm.EncodeKey(key); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("not canonical: %v", err)
		}
	})
}
