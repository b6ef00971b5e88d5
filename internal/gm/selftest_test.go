package gm_test

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"math/big"
	"testing"

	"github.com/emmansun/gmsm/sm2"

	"yinzheng/internal/gm"
)

func TestSelfTestPasses(t *testing.T) {
	if err := gm.SelfTest(); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkSelfTest(b *testing.B) {
	for b.Loop() {
		if err := gm.SelfTest(); err != nil {
			b.Fatal(err)
		}
	}
}

func signed(t testing.TB) (pub *ecdsa.PublicKey, msg, sig []byte) {
	t.Helper()
	key, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	msg = []byte("示例")
	if sig, err = gm.Sign(key, msg); err != nil {
		t.Fatal(err)
	}
	return key.Public().(*ecdsa.PublicKey), msg, sig
}

func TestBothImplementationsAgree(t *testing.T) {
	for range 20 {
		pub, msg, sig := signed(t)
		if err := gm.CrossCheck(pub, msg, sig); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEveryChangedByteOfASignatureIsRefusedByBoth also shows that they agree in refusing: nothing is ErrDisagreement.
func TestEveryChangedByteOfASignatureIsRefusedByBoth(t *testing.T) {
	pub, msg, sig := signed(t)
	for i := range sig {
		for _, flip := range []byte{0x01, 0x20, 0x80} {
			changed := bytes.Clone(sig)
			changed[i] ^= flip
			err := gm.CrossCheck(pub, msg, changed)
			if !errors.Is(err, gm.ErrSignature) || errors.Is(err, gm.ErrDisagreement) {
				t.Errorf("byte %d ^ %#x: got %v, want ErrSignature", i, flip, err)
			}
		}
	}
}

func TestOtherSpellingsOfASignatureAreRefused(t *testing.T) {
	pub, msg, sig := signed(t)
	r, s, err := gm.ParseSignature(sig)
	if err != nil {
		t.Fatal(err)
	}
	n := sm2.P256().Params().N
	spell := func(r, s *big.Int, after ...byte) []byte {
		rb, sb := integer(r), integer(s)
		body := append(append(rb, sb...), after...)
		return append([]byte{0x30, byte(len(body))}, body...)
	}
	cases := map[string][]byte{
		"trailing byte":    append(bytes.Clone(sig), 0),
		"third element":    spell(r, s, 0x02, 0x01, 0x01),
		"n-s":              spell(r, new(big.Int).Sub(n, s)),
		"s+n":              spell(r, new(big.Int).Add(n, s)),
		"r+n":              spell(new(big.Int).Add(n, r), s),
		"zero r":           spell(new(big.Int), s),
		"zero s":           spell(r, new(big.Int)),
		"negative s":       spell(r, new(big.Int).Neg(s)),
		"raw":              append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...),
		"long form length": append([]byte{0x30, 0x81}, sig[1:]...),
		"empty":            nil,
	}
	for name, changed := range cases {
		if err := gm.CrossCheck(pub, msg, changed); !errors.Is(err, gm.ErrSignature) {
			t.Errorf("%s: got %v, want ErrSignature", name, err)
		}
	}
}

// integer writes a DER INTEGER of fewer than 128 bytes.
func integer(v *big.Int) []byte {
	b := v.Bytes()
	if v.Sign() < 0 {
		b = new(big.Int).Add(v, new(big.Int).Lsh(big.NewInt(1), 264)).Bytes()
	} else if len(b) == 0 || b[0] >= 0x80 {
		b = append([]byte{0}, b...)
	}
	return append([]byte{0x02, byte(len(b))}, b...)
}

func TestPointsOffTheCurveAreRefused(t *testing.T) {
	pub, msg, sig := signed(t)
	x, y, ok := gm.Coordinates(pub)
	if !ok {
		t.Fatal("no coordinates")
	}
	for name, bad := range map[string]*ecdsa.PublicKey{
		"nil":       nil,
		"no point":  {Curve: sm2.P256()},
		"zero":      {Curve: sm2.P256(), X: new(big.Int), Y: new(big.Int)},
		"off curve": {Curve: sm2.P256(), X: x, Y: new(big.Int).Add(y, big.NewInt(1))},
		"x plus p":  {Curve: sm2.P256(), X: new(big.Int).Add(x, sm2.P256().Params().P), Y: y},
	} {
		if err := gm.CrossCheck(bad, msg, sig); !errors.Is(err, gm.ErrSignature) {
			t.Errorf("%s: got %v, want ErrSignature", name, err)
		}
	}
}

func TestEmptyMessageIsNeitherSignedNorVerified(t *testing.T) {
	key, err := gm.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gm.Sign(key, nil); err == nil {
		t.Error("signs nothing")
	}
}

func FuzzParseDigest(f *testing.F) {
	seeds := []string{"", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
		"66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0", "zz", "0x66"}
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := gm.ParseDigest(s)
		if err == nil && d.String() != s {
			t.Fatalf("%q reads as %s", s, d)
		}
		if err != nil && !d.IsZero() {
			t.Fatalf("%q: an error and a digest", s)
		}
	})
}

func FuzzParseSignature(f *testing.F) {
	_, _, sig := signed(f)
	seeds := [][]byte{sig, nil, {0x30, 0x82}, {0x30, 0x06, 2, 1, 1, 2, 1, 1}}
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, s, err := gm.ParseSignature(b)
		if err != nil {
			return
		}
		body := append(integer(r), integer(s)...)
		if again := append([]byte{0x30, byte(len(body))}, body...); hex.EncodeToString(again) != hex.EncodeToString(b) {
			t.Fatalf("%x re-encodes to %x", b, again)
		}
	})
}
