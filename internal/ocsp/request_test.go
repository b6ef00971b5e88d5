package ocsp_test

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
	"yinzheng/internal/ocsp"
)

var bigInts = cmp.Comparer(func(a, b *big.Int) bool { return a == b || a != nil && b != nil && a.Cmp(b) == 0 })

func TestRequestsComeBack(t *testing.T) {
	issuer := newIssuer(t, "SM2")
	var sixteen []ocsp.CertID
	for i := range ocsp.MaxIDs {
		sixteen = append(sixteen, id(t, []asn1.ObjectIdentifier{der.SHA1, der.SHA256, der.SM3}[i%3], issuer, int64(i)))
	}
	for name, want := range map[string]*ocsp.Request{
		"one":                   {IDs: sixteen[:1]},
		"sixteen":               {IDs: sixteen, Nonce: bytes.Repeat([]byte{9}, 32)},
		"a nonce of one":        {IDs: sixteen[2:3], Nonce: []byte{0}},
		"the greatest serial":   {IDs: []ocsp.CertID{greatest(t, issuer)}},
		"a nonce of thirty-two": {IDs: sixteen[1:2], Nonce: make([]byte, 32)},
	} {
		b, err := want.Encode()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := ocsp.ParseRequest(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := cmp.Diff(want, got, bigInts); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func greatest(t testing.TB, issuer party) ocsp.CertID {
	t.Helper()
	serial := new(big.Int).Lsh(big.NewInt(1), 160)
	c, err := ocsp.ID(der.SHA1, issuer.cert, serial.Sub(serial, big.NewInt(1)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRequestsOfOpenSSLAreRead(t *testing.T) {
	issuer, err := gm.ParseCertificate(testdata(t, "issuer.cer"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		serials []int64
		hash    asn1.ObjectIdentifier
		nonce   int
	}{"sha1-nonce.req": {[]int64{10}, der.SHA1, 16}, "sha256-three.req": {[]int64{10, 11, 12}, der.SHA256, 0}} {
		r, err := ocsp.ParseRequest(testdata(t, name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(r.Nonce) != c.nonce || len(r.IDs) != len(c.serials) {
			t.Fatalf("%s: got %+v", name, r)
		}
		for i, id := range r.IDs {
			if id.Serial.Cmp(big.NewInt(c.serials[i])) != 0 || !id.Hash.Equal(c.hash) || !id.Issued(issuer) || id.Issued(newIssuer(t, "ECDSA").cert) {
				t.Errorf("%s: got %+v", name, id)
			}
		}
	}
	if _, err := ocsp.ParseRequest(testdata(t, "signed.req")); !errors.Is(err, ocsp.ErrUnsupported) {
		t.Errorf("a signed request: got %v, want ErrUnsupported", err)
	}
}

func TestMalformedRequestsAreRefused(t *testing.T) {
	good := testdata(t, "sha1-nonce.req")
	bad := append(notDER(), good[:len(good)-1], append(bytes.Clone(good), 0), bytes.Repeat([]byte{0x30, 0x80}, 3<<20), make([]byte, ocsp.MaxRequest+1))
	for i, b := range bad {
		if _, err := ocsp.ParseRequest(b); !errors.Is(err, ocsp.ErrRequest) {
			t.Errorf("%d: got %v, want ErrRequest", i, err)
		}
	}
	for i := range good { // whatever is changed: an error of ours or another request, never a panic
		changed := bytes.Clone(good)
		changed[i] ^= 1
		if _, err := ocsp.ParseRequest(changed); err != nil && !errors.Is(err, ocsp.ErrRequest) && !errors.Is(err, ocsp.ErrUnsupported) {
			t.Errorf("byte %d changed: got %v", i, err)
		}
	}
}

// ext is one extension of a request to build.
type ext struct {
	oid      asn1.ObjectIdentifier
	critical []byte // of BOOLEAN; nil: left out
	value    []byte
}

// build writes a request of anything.
func build(version bool, ids int, hash asn1.ObjectIdentifier, size int, serial []byte, extensions ...ext) []byte {
	tag := func(n uint8) cbasn1.Tag { return cbasn1.Tag(n).ContextSpecific().Constructed() }
	sequence := func(b *cryptobyte.Builder, f func(b *cryptobyte.Builder)) { b.AddASN1(cbasn1.SEQUENCE, f) }
	one := func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			sequence(b, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(hash) })
			b.AddASN1OctetString(make([]byte, size))
			b.AddASN1OctetString(make([]byte, size))
			b.AddASN1(cbasn1.INTEGER, func(b *cryptobyte.Builder) { b.AddBytes(serial) })
		})
	}
	var b cryptobyte.Builder
	sequence(&b, func(b *cryptobyte.Builder) {
		sequence(b, func(b *cryptobyte.Builder) {
			if version {
				b.AddASN1(tag(0), func(b *cryptobyte.Builder) { b.AddASN1Int64(0) })
			}
			sequence(b, func(b *cryptobyte.Builder) {
				for range ids {
					sequence(b, one)
				}
			})
			if extensions == nil {
				return
			}
			b.AddASN1(tag(2), func(b *cryptobyte.Builder) {
				sequence(b, func(b *cryptobyte.Builder) {
					for _, e := range extensions {
						sequence(b, func(b *cryptobyte.Builder) {
							b.AddASN1ObjectIdentifier(e.oid)
							if e.critical != nil {
								b.AddASN1(cbasn1.BOOLEAN, func(b *cryptobyte.Builder) { b.AddBytes(e.critical) })
							}
							b.AddASN1OctetString(e.value)
						})
					}
				})
			})
		})
	})
	return b.BytesOrPanic()
}

func TestWhatARequestMayHold(t *testing.T) {
	other := asn1.ObjectIdentifier{1, 2, 3, 4}
	octets := func(n int) []byte { return append([]byte{4, byte(n)}, make([]byte, n)...) }
	sha384 := asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	one := []byte{1}
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"no parameters of the hash":  {build(false, 1, der.SHA1, 20, one), nil},
		"serial 0":                   {build(false, 1, der.SHA1, 20, []byte{0}), nil},
		"a nonce of 1":               {build(false, 1, der.SHA1, 20, one, ext{der.OCSPNonce, nil, octets(1)}), nil},
		"a nonce of 32":              {build(false, 1, der.SHA1, 20, one, ext{der.OCSPNonce, nil, octets(32)}), nil},
		"a critical nonce":           {build(false, 1, der.SHA1, 20, one, ext{der.OCSPNonce, []byte{0xff}, octets(32)}), nil},
		"another extension":          {build(false, 1, der.SHA1, 20, one, ext{other, nil, []byte("x")}), nil},
		"a nonce of 0":               {build(false, 1, der.SHA1, 20, one, ext{der.OCSPNonce, nil, octets(0)}), ocsp.ErrRequest},
		"a nonce of 33":              {build(false, 1, der.SHA1, 20, one, ext{der.OCSPNonce, nil, octets(33)}), ocsp.ErrRequest},
		"a nonce without its tag":    {build(false, 1, der.SHA1, 20, one, ext{der.OCSPNonce, nil, make([]byte, 16)}), ocsp.ErrRequest},
		"two nonces":                 {build(false, 1, der.SHA1, 20, one, ext{der.OCSPNonce, nil, octets(1)}, ext{der.OCSPNonce, nil, octets(1)}), ocsp.ErrRequest},
		"critical FALSE":             {build(false, 1, der.SHA1, 20, one, ext{other, []byte{0}, nil}), ocsp.ErrRequest},
		"another critical extension": {build(false, 1, der.SHA1, 20, one, ext{other, []byte{0xff}, nil}), ocsp.ErrUnsupported},
		"no extensions in the field": {build(false, 1, der.SHA1, 20, one, []ext{}...), ocsp.ErrRequest},
		"the version":                {build(true, 1, der.SHA1, 20, one), ocsp.ErrRequest},
		"nothing":                    {build(false, 0, der.SHA1, 20, one), ocsp.ErrRequest},
		"seventeen":                  {build(false, ocsp.MaxIDs+1, der.SHA1, 20, one), ocsp.ErrRequest},
		"another hash":               {build(false, 1, sha384, 48, one), ocsp.ErrUnsupported},
		"a hash of another length":   {build(false, 1, der.SHA256, 20, one), ocsp.ErrRequest},
		"a negative serial":          {build(false, 1, der.SHA1, 20, []byte{0x80}), ocsp.ErrRequest},
		"a serial of 161 bits":       {build(false, 1, der.SHA1, 20, append([]byte{1}, make([]byte, 20)...)), ocsp.ErrRequest},
	} {
		if _, err := ocsp.ParseRequest(c.b); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestIncompleteRequestsAreNotEncoded(t *testing.T) {
	good := id(t, der.SHA1, newIssuer(t, "SM2"), 1)
	short := good
	short.IssuerKey = short.IssuerKey[1:]
	noSerial := good
	noSerial.Serial = nil
	for name, r := range map[string]ocsp.Request{
		"nothing": {}, "too many": {IDs: make([]ocsp.CertID, ocsp.MaxIDs+1)}, "zero": {IDs: make([]ocsp.CertID, 1)},
		"short": {IDs: []ocsp.CertID{short}}, "no serial": {IDs: []ocsp.CertID{noSerial}},
		"an empty nonce": {IDs: []ocsp.CertID{good}, Nonce: []byte{}}, "a long nonce": {IDs: []ocsp.CertID{good}, Nonce: make([]byte, 33)},
	} {
		if _, err := r.Encode(); !errors.Is(err, ocsp.ErrRequest) {
			t.Errorf("%s: got %v, want ErrRequest", name, err)
		}
	}
}

func TestNamesOfCertificates(t *testing.T) {
	a, b := newIssuer(t, "SM2"), newIssuer(t, "ECDSA")
	for _, hash := range []asn1.ObjectIdentifier{der.SHA1, der.SHA256, der.SM3} {
		one := id(t, hash, a, 5)
		if !one.Issued(a.cert) || one.Issued(b.cert) || !one.Equal(id(t, hash, a, 5)) || one.Equal(id(t, hash, a, 6)) || one.Equal(id(t, hash, b, 5)) {
			t.Errorf("%v: %+v", hash, one)
		}
	}
	if _, err := ocsp.ID(der.SM2Sign, a.cert, big.NewInt(1)); !errors.Is(err, ocsp.ErrUnsupported) {
		t.Errorf("another hash: got %v, want ErrUnsupported", err)
	}
	if _, err := ocsp.ID(der.SM3, a.cert, big.NewInt(-1)); !errors.Is(err, ocsp.ErrRequest) {
		t.Errorf("a negative serial: got %v, want ErrRequest", err)
	}
	if _, err := ocsp.ID(der.SM3, nil, big.NewInt(1)); !errors.Is(err, ocsp.ErrResponder) {
		t.Errorf("no issuer: got %v, want ErrResponder", err)
	}
	if (ocsp.CertID{}).Issued(a.cert) || (ocsp.CertID{}).Equal(ocsp.CertID{}) || id(t, der.SM3, a, 1).Issued(nil) {
		t.Error("a CertID of nothing names something")
	}
}

func FuzzParseRequest(f *testing.F) {
	addSeeds(f, append(notDER(), testdata(f, "sha1-nonce.req"), testdata(f, "sha256-three.req"), testdata(f, "signed.req"),
		build(false, 2, der.SM3, 32, []byte{1}, ext{asn1.ObjectIdentifier{1, 2, 3}, []byte{0xff}, nil})))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ocsp.ParseRequest(b)
		if err != nil {
			return
		}
		again, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := ocsp.ParseRequest(again)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(r, back, bigInts); d != "" {
			t.Fatal(d)
		}
	})
}
