package gm_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"math/big"
	"testing"

	"github.com/emmansun/gmsm/sm2"

	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
)

func enveloped(t testing.TB) (recipient, key crypto.Signer, made []byte) {
	t.Helper()
	recipient, key = gmtest.Key(t), gmtest.Key(t)
	made, err := gm.Envelop(recipient.Public().(*ecdsa.PublicKey), key)
	if err != nil {
		t.Fatal(err)
	}
	return recipient, key, made
}

func TestEnvelopedKeyOpensForItsRecipientOnly(t *testing.T) {
	recipient, key, made := enveloped(t)
	back, err := gm.OpenEnvelope(recipient, made)
	if err != nil {
		t.Fatal(err)
	}
	if !key.(*sm2.PrivateKey).Equal(back) {
		t.Error("another key came back")
	}
	if _, err := gm.OpenEnvelope(gmtest.Key(t), made); !errors.Is(err, gm.ErrEnvelope) {
		t.Errorf("for another: got %v, want ErrEnvelope", err)
	}
}

// TestEnvelopedKeyHasTheFormOfTheStandard reads the key by encoding/asn1, from the definition in GB/T 35276.
func TestEnvelopedKeyHasTheFormOfTheStandard(t *testing.T) {
	_, key, made := enveloped(t)
	var e struct {
		Algorithm struct {
			OID    asn1.ObjectIdentifier
			Params asn1.RawValue `asn1:"optional"`
		}
		Key struct {
			X, Y       *big.Int
			Hash, Text []byte
		}
		Public, Private asn1.BitString
	}
	rest, err := asn1.Unmarshal(made, &e)
	if err != nil || len(rest) != 0 {
		t.Fatalf("%v, %d bytes left", err, len(rest))
	}
	x, y, _ := gm.Coordinates(key.Public().(*ecdsa.PublicKey))
	if !e.Algorithm.OID.Equal(asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 104, 1}) || len(e.Key.Hash) != 32 || len(e.Key.Text) != 16 ||
		!bytes.Equal(e.Public.Bytes, point(x, y)) || e.Private.BitLength != 256 {
		t.Errorf("got %+v", e)
	}
	d := key.(*sm2.PrivateKey).D.FillBytes(make([]byte, 32))
	if bytes.Contains(made, d) {
		t.Error("the private key is there in the clear")
	}
}

func TestChangedEnvelopesDoNotOpen(t *testing.T) {
	recipient, _, made := enveloped(t)
	for i := range made {
		for _, bit := range []byte{1, 0x80} {
			changed := bytes.Clone(made)
			changed[i] ^= bit
			if _, err := gm.OpenEnvelope(recipient, changed); !errors.Is(err, gm.ErrEnvelope) {
				t.Errorf("byte %d changed: got %v, want ErrEnvelope", i, err)
			}
		}
	}
	bad := append(notDER(), made[:len(made)-1], append(bytes.Clone(made), 0), make([]byte, gm.MaxEnvelope+1))
	for i, b := range bad {
		if _, err := gm.OpenEnvelope(recipient, b); !errors.Is(err, gm.ErrEnvelope) {
			t.Errorf("%d: got %v, want ErrEnvelope", i, err)
		}
	}
}

func TestEnvelopeTakesSM2KeysInMemoryOnly(t *testing.T) {
	recipient, key, made := enveloped(t)
	pub := recipient.Public().(*ecdsa.PublicKey)
	s := sm2.P256().Params()
	outside, _ := away(t, key)
	for name, k := range map[string]crypto.Signer{"none": nil, "ECDSA": signers(t)["ECDSA"], "elsewhere": outside} {
		if _, err := gm.Envelop(pub, k); !errors.Is(err, gm.ErrKeyType) {
			t.Errorf("enveloping, %s: got %v, want ErrKeyType", name, err)
		}
		if _, err := gm.OpenEnvelope(k, made); !errors.Is(err, gm.ErrKeyType) {
			t.Errorf("opening, %s: got %v, want ErrKeyType", name, err)
		}
	}
	for name, c := range map[string]struct {
		pub  *ecdsa.PublicKey
		want error
	}{
		"nil": {nil, gm.ErrNotSM2}, "ECDSA": {signers(t)["ECDSA"].Public().(*ecdsa.PublicKey), gm.ErrNotSM2},
		"the generator": {unchecked(sm2.P256(), s.Gx, s.Gy), gm.ErrWeakKey},
		"off the curve": {unchecked(sm2.P256(), s.Gx, s.Gx), gm.ErrPoint},
	} {
		if _, err := gm.Envelop(c.pub, key); !errors.Is(err, c.want) {
			t.Errorf("for %s: got %v, want %v", name, err, c.want)
		}
	}
}

func FuzzOpenEnvelope(f *testing.F) {
	recipient, err := sm2.NewPrivateKey(bytes.Repeat([]byte{0x11}, 32)) // the same in every process of the fuzzer
	if err != nil {
		f.Fatal(err)
	}
	made, err := gm.Envelop(&recipient.PublicKey, gmtest.Key(f))
	if err != nil {
		f.Fatal(err)
	}
	ragged := bytes.Clone(made) // an encrypted key of 31 bytes, on which the library panics
	ragged = append(ragged[:len(ragged)-35], append([]byte{3, 32, 0}, make([]byte, 31)...)...)
	ragged[2]--
	addSeeds(f, append(notDER(), made, ragged))
	f.Fuzz(func(t *testing.T, b []byte) {
		key, err := gm.OpenEnvelope(recipient, b)
		if err == nil && gm.CheckKey(key.Public()) != nil {
			t.Fatalf("opened %s", hex.EncodeToString(b))
		}
	})
}
