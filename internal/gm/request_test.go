package gm_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
)

// notDER is what has crashed other parsers.
func notDER() [][]byte {
	return [][]byte{nil, {0x30}, {0x30, 0x82}, {0x30, 0x80}, bytes.Repeat([]byte{0x30, 0x80}, 30_000), {0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, {0x30, 0}}
}

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRequestsOfOurOwnAreReadBack(t *testing.T) {
	san, err := asn1.Marshal([]asn1.RawValue{{Class: 2, Tag: 2, Bytes: []byte("app.example")}})
	if err != nil {
		t.Fatal(err)
	}
	extra := []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: san}}
	for name, key := range signers(t) {
		der, err := gm.CreateRequest(pkix.Name{CommonName: "示例申请者"}, extra, key)
		if name == "Ed25519" {
			if !errors.Is(err, gm.ErrCurve) {
				t.Errorf("%s: got %v, want ErrCurve", name, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r, err := gm.ParseRequest(der)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if r.Subject.CommonName != "示例申请者" || len(r.DNSNames) != 1 || r.DNSNames[0] != "app.example" {
			t.Errorf("%s: got subject %v and names %v", name, r.Subject, r.DNSNames)
		}
		if !r.PublicKey.(*ecdsa.PublicKey).Equal(key.Public()) {
			t.Errorf("%s: another key came back", name)
		}
	}
	if _, err := gm.CreateRequest(pkix.Name{}, nil, nil); !errors.Is(err, gm.ErrCurve) {
		t.Errorf("without a key: got %v, want ErrCurve", err)
	}
}

// The files were made by OpenSSL 3.0: req -new -key … -outform DER, those of SM2 with -sm3 and the first of them with
// -sigopt distid:1234567812345678.
func TestRequestsOfOpenSSL(t *testing.T) {
	for name, want := range map[string]error{
		"sm2.csr": nil, "p256.csr": nil,
		"sm2-empty-identity.csr": gm.ErrSignature, "p256-sha512.csr": gm.ErrSignature,
		"p384.csr": gm.ErrCurve, "rsa.csr": gm.ErrCurve,
	} {
		r, err := gm.ParseRequest(testdata(t, name))
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
		if want == nil && (err != nil || r.Subject.CommonName == "") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestMalformedRequestsAreRefused(t *testing.T) {
	good := testdata(t, "sm2.csr")
	bad := append(notDER(), good[:len(good)-1], append(bytes.Clone(good), 0), make([]byte, gm.MaxRequest+1))
	version := bytes.Clone(good)
	i := bytes.Index(version, []byte{2, 1, 0})
	version[i+2] = 1
	more := append(bytes.Clone(good), 5, 0) // within the outer sequence
	binary.BigEndian.PutUint16(more[2:], binary.BigEndian.Uint16(more[2:])+2)
	for i, b := range append(bad, version, more) {
		if _, err := gm.ParseRequest(b); !errors.Is(err, gm.ErrRequest) {
			t.Errorf("%d: got %v, want ErrRequest", i, err)
		}
	}
}

func TestChangedRequestsAreRefused(t *testing.T) {
	for _, name := range []string{"sm2.csr", "p256.csr"} {
		good := testdata(t, name)
		for i := range good {
			changed := bytes.Clone(good)
			changed[i] ^= 1
			_, err := gm.ParseRequest(changed)
			if err == nil {
				t.Errorf("%s: accepted with byte %d changed", name, i)
				continue
			}
			known := 0
			for _, e := range []error{gm.ErrRequest, gm.ErrCurve, gm.ErrPoint, gm.ErrWeakKey, gm.ErrSignature} {
				if errors.Is(err, e) {
					known++
				}
			}
			if known != 1 {
				t.Errorf("%s: byte %d changed gives %d of the errors: %v", name, i, known, err)
			}
		}
	}
}

// requestFor is a request with any public key in it, signed by key.
func requestFor(t testing.TB, curve asn1.ObjectIdentifier, point []byte, key crypto.Signer) []byte {
	t.Helper()
	sequence := func(b *cryptobyte.Builder, f func(b *cryptobyte.Builder)) { b.AddASN1(cbasn1.SEQUENCE, f) }
	var info cryptobyte.Builder
	sequence(&info, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(0)
		sequence(b, func(*cryptobyte.Builder) {})
		sequence(b, func(b *cryptobyte.Builder) {
			sequence(b, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1})
				b.AddASN1ObjectIdentifier(curve)
			})
			b.AddASN1BitString(point)
		})
		b.AddASN1(cbasn1.Tag(0).ContextSpecific().Constructed(), func(*cryptobyte.Builder) {})
	})
	tbs := info.BytesOrPanic()
	sig, err := gm.Sign(key, tbs)
	if err != nil {
		t.Fatal(err)
	}
	var b cryptobyte.Builder
	sequence(&b, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		sequence(b, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 501})
		})
		b.AddASN1BitString(sig)
	})
	return b.BytesOrPanic()
}

var (
	curveSM2  = asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 301}
	curveP256 = asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}
	curveK1   = asn1.ObjectIdentifier{1, 3, 132, 0, 10}
)

func point(x, y *big.Int) []byte {
	b := make([]byte, 65)
	b[0] = 4
	x.FillBytes(b[1:33])
	y.FillBytes(b[33:])
	return b
}

// unchecked is a public key of any coordinates.
func unchecked(curve elliptic.Curve, x, y *big.Int) *ecdsa.PublicKey {
	//nolint:staticcheck // nothing else makes a key that is wrong
	return &ecdsa.PublicKey{Curve: curve, X: x, Y: y}
}

func TestKeysOfARequest(t *testing.T) {
	key := gmtest.Key(t)
	x, y, _ := gm.Coordinates(key.Public().(*ecdsa.PublicKey))
	own := point(x, y)
	off := bytes.Clone(own)
	off[64] ^= 1
	compressed := append([]byte{2 + byte(y.Bit(0))}, own[1:33]...)
	s, p := sm2.P256().Params(), elliptic.P256().Params()
	negative := func(c *elliptic.CurveParams) []byte { return point(c.Gx, new(big.Int).Sub(c.P, c.Gy)) }
	for name, c := range map[string]struct {
		curve asn1.ObjectIdentifier
		point []byte
		want  error
	}{
		"its own":                     {curveSM2, own, nil},
		"on another curve":            {curveK1, own, gm.ErrCurve},
		"of the SM2 curve, not P-256": {curveP256, own, gm.ErrPoint},
		"off the curve":               {curveSM2, off, gm.ErrPoint},
		"compressed":                  {curveSM2, compressed, gm.ErrPoint},
		"short":                       {curveSM2, own[:64], gm.ErrPoint},
		"long":                        {curveSM2, append(bytes.Clone(own), 0), gm.ErrPoint},
		"of other form":               {curveSM2, append([]byte{6}, own[1:]...), gm.ErrPoint},
		"of no bytes":                 {curveSM2, nil, gm.ErrPoint},
		"not reduced":                 {curveSM2, point(s.P, big.NewInt(1)), gm.ErrPoint},
		"the identity":                {curveSM2, []byte{0}, gm.ErrWeakKey},
		"the identity in full":        {curveSM2, point(new(big.Int), new(big.Int)), gm.ErrWeakKey},
		"the generator":               {curveSM2, point(s.Gx, s.Gy), gm.ErrWeakKey},
		"its negative":                {curveSM2, negative(s), gm.ErrWeakKey},
		"the generator of P-256":      {curveP256, point(p.Gx, p.Gy), gm.ErrWeakKey},
		"its negative on P-256":       {curveP256, negative(p), gm.ErrWeakKey},
	} {
		if _, err := gm.ParseRequest(requestFor(t, c.curve, c.point, key)); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestRequestSignedByAnotherKeyIsRefused(t *testing.T) {
	x, y, _ := gm.Coordinates(gmtest.Key(t).Public().(*ecdsa.PublicKey))
	if _, err := gm.ParseRequest(requestFor(t, curveSM2, point(x, y), gmtest.Key(t))); !errors.Is(err, gm.ErrSignature) {
		t.Errorf("got %v, want ErrSignature", err)
	}
}

func TestCheckKeyRefusesWeakKeys(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, p := sm2.P256().Params(), elliptic.P256().Params()
	for name, c := range map[string]struct {
		pub  crypto.PublicKey
		want error
	}{
		"SM2":           {gmtest.Key(t).Public(), nil},
		"P-384":         {p384.Public(), gm.ErrCurve},
		"none":          {nil, gm.ErrCurve},
		"nil":           {(*ecdsa.PublicKey)(nil), gm.ErrCurve},
		"generator":     {unchecked(sm2.P256(), s.Gx, s.Gy), gm.ErrWeakKey},
		"P-256's":       {unchecked(elliptic.P256(), p.Gx, p.Gy), gm.ErrWeakKey},
		"off the curve": {unchecked(sm2.P256(), s.Gx, s.Gx), gm.ErrPoint},
	} {
		if err := gm.CheckKey(c.pub); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	seeds := append(notDER(), requestFor(f, curveSM2, []byte{0}, gmtest.Key(f)))
	for _, name := range []string{"sm2.csr", "p256.csr", "p384.csr", "rsa.csr"} {
		seeds = append(seeds, testdata(f, name))
	}
	addSeeds(f, seeds)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := gm.ParseRequest(b)
		if err != nil {
			return
		}
		if err := gm.CheckKey(r.PublicKey); err != nil || !bytes.Equal(r.Raw, b) {
			t.Fatalf("accepted %s: %v", hex.EncodeToString(b), err)
		}
	})
}

func addSeeds(f *testing.F, seeds [][]byte) {
	f.Helper()
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
}
