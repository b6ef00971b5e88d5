package gm_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
)

// away is a key that is elsewhere, and how often it signed there.
func away(t testing.TB, key crypto.Signer) (crypto.Signer, *int) {
	t.Helper()
	n := new(int)
	return gm.NewSigner(key.Public().(*ecdsa.PublicKey), func(e gm.Digest) ([]byte, error) {
		*n++
		return gm.SignDigest(key, e)
	}), n
}

func TestKeyElsewhereSignsEverythingWeSign(t *testing.T) {
	inside := gmtest.Key(t)
	key, n := away(t, inside)
	template := &gm.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "示例根"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: gmtest.NotBefore, NotAfter: gmtest.NotAfter, KeyUsage: gm.KeyUsageCertSign | gm.KeyUsageCRLSign, SubjectKeyId: []byte{1}}
	der, err := gm.CreateCertificate(template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := gm.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if err := gm.CheckIssued(cert, cert); err != nil {
		t.Error(err)
	}
	list, err := gm.CreateCRL(&gm.CRL{Number: big.NewInt(1), ThisUpdate: gmtest.NotBefore, NextUpdate: gmtest.NotBefore.Add(time.Hour)}, cert, key)
	if err != nil {
		t.Fatal(err)
	}
	crl, err := gm.ParseCRL(list)
	if err != nil {
		t.Fatal(err)
	}
	if err := gm.CheckCRL(crl, cert); err != nil {
		t.Error(err)
	}
	if _, err := gm.CreateRequest(pkix.Name{CommonName: "示例"}, nil, key); err != nil {
		t.Error(err)
	}
	msg := []byte("a message")
	sig, err := gm.Sign(key, msg)
	if err != nil {
		t.Fatal(err)
	}
	if err := gm.CrossCheck(key.Public().(*ecdsa.PublicKey), msg, sig); err != nil {
		t.Error(err)
	}
	if *n != 4 {
		t.Errorf("signed %d times elsewhere, not 4", *n)
	}
}

func TestKeyElsewhereCanBeBehindAnother(t *testing.T) {
	inside := gmtest.Key(t)
	first, _ := away(t, inside)
	second, _ := away(t, first)
	sig, err := gm.Sign(second, []byte("a message"))
	if err != nil {
		t.Fatal(err)
	}
	if err := gm.Verify(inside.Public().(*ecdsa.PublicKey), []byte("a message"), sig); err != nil {
		t.Error(err)
	}
}

func TestKeyElsewhereRefusesWhatCouldBeTakenForADigest(t *testing.T) {
	key, n := away(t, gmtest.Key(t))
	for name, o := range map[string]crypto.SignerOpts{
		"none": nil, "SHA-256": crypto.SHA256, "zero": crypto.Hash(0),
		"another identity": sm2.NewSM2SignerOption(true, []byte("ALICE123@YAHOO.COM")), "no hashing": sm2.NewSM2SignerOption(false, nil),
	} {
		if _, err := key.Sign(rand.Reader, make([]byte, 32), o); !errors.Is(err, gm.ErrOptions) {
			t.Errorf("%s: got %v, want ErrOptions", name, err)
		}
	}
	if _, err := key.Sign(rand.Reader, make([]byte, 31), gm.HashedWithZ{}); !errors.Is(err, gm.ErrOptions) {
		t.Errorf("31 bytes: got %v, want ErrOptions", err)
	}
	if *n != 0 {
		t.Errorf("signed %d times", *n)
	}
	if _, err := key.Sign(rand.Reader, []byte("a message"), sm2.NewSM2SignerOption(true, nil)); err != nil {
		t.Error(err)
	}
}

func TestWrongSignatureFromElsewhereDoesNotLeave(t *testing.T) {
	key, other := gmtest.Key(t), gmtest.Key(t)
	pub := key.Public().(*ecdsa.PublicKey)
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		sign func(e gm.Digest) ([]byte, error)
		want error
	}{
		"another key":      {func(e gm.Digest) ([]byte, error) { return gm.SignDigest(other, e) }, gm.ErrSignature},
		"hashed again":     {func(e gm.Digest) ([]byte, error) { return gm.Sign(key, e[:]) }, gm.ErrSignature},
		"nothing":          {func(gm.Digest) ([]byte, error) { return nil, nil }, gm.ErrSignature},
		"bytes at the end": {func(e gm.Digest) ([]byte, error) { s, err := gm.SignDigest(key, e); return append(s, 0), err }, gm.ErrSignature},
		"an error":         {func(gm.Digest) ([]byte, error) { return nil, broken }, broken},
	} {
		if _, err := gm.Sign(gm.NewSigner(pub, c.sign), []byte("a message")); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// The key, e and the signature are the example of GM/T 0003.5-2012.
func TestDigestToSignOfTheStandardsExample(t *testing.T) {
	raw, err := hex.DecodeString("0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13")
	if err != nil {
		t.Fatal(err)
	}
	pub, err := sm2.NewPublicKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	e, err := gm.DigestToSign(pub, []byte("message digest"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640"; e.String() != want {
		t.Errorf("got %v, want %s", e, want)
	}
	sig, err := hex.DecodeString("3046022100f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3" +
		"022100b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa")
	if err != nil {
		t.Fatal(err)
	}
	if err := gm.VerifyDigest(pub, e, sig); err != nil {
		t.Error(err)
	}
	if err := gm.VerifyDigest(pub, gm.Sum([]byte("message digest")), sig); !errors.Is(err, gm.ErrSignature) {
		t.Errorf("another digest: got %v, want ErrSignature", err)
	}
}

func TestDigestToSignRefusesOtherKeys(t *testing.T) {
	p256 := signers(t)["ECDSA"].Public().(*ecdsa.PublicKey)
	off := unchecked(sm2.P256(), big.NewInt(1), big.NewInt(1))
	for name, c := range map[string]struct {
		pub  *ecdsa.PublicKey
		want error
	}{"nil": {nil, gm.ErrNotSM2}, "P-256": {p256, gm.ErrNotSM2}, "empty": {&ecdsa.PublicKey{Curve: sm2.P256()}, gm.ErrNotSM2}, "off the curve": {off, gm.ErrPoint}} {
		if _, err := gm.DigestToSign(c.pub, []byte("a")); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	for name, key := range map[string]crypto.Signer{"none": nil, "ECDSA": signers(t)["ECDSA"]} {
		if _, err := gm.SignDigest(key, gm.Digest{1}); !errors.Is(err, gm.ErrNotSM2) {
			t.Errorf("SignDigest, %s: got %v, want ErrNotSM2", name, err)
		}
	}
	if _, err := gm.DigestToSign(gmtest.Key(t).Public().(*ecdsa.PublicKey), nil); err == nil {
		t.Error("an empty message is hashed")
	}
}
