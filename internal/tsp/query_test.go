package tsp_test

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"yinzheng/internal/der"
	"yinzheng/internal/tsp"
)

// queries are every shape of a query that is accepted.
func queries() []tsp.Query {
	return []tsp.Query{
		{Hash: der.SM3, Imprint: imprint[:]},
		{Hash: der.SHA256, Imprint: imprint[:], CertReq: true},
		{Hash: der.SM3, Imprint: imprint[:], Policy: der.AnyPolicy, Nonce: big.NewInt(0), CertReq: true},
		{Hash: der.SHA256, Imprint: imprint[:], Policy: asn1.ObjectIdentifier{1, 2, 3}, Nonce: big.NewInt(-5)},
		{Hash: der.SM3, Imprint: imprint[:], Nonce: new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), tsp.MaxSerial), big.NewInt(1))},
	}
}

func TestQueriesReadBack(t *testing.T) {
	for _, want := range queries() {
		b, err := want.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := tsp.ParseQuery(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, *got, cmpopts.IgnoreUnexported(tsp.Query{}), cmp.Comparer(func(a, b *big.Int) bool {
			return (a == nil) == (b == nil) && (a == nil || a.Cmp(b) == 0)
		})); diff != "" {
			t.Error(diff)
		}
	}
}

// body is a query of SM3 with the given parts after the version.
func body(parts ...[]byte) []byte {
	content := append([]byte{0x02, 0x01, 0x01}, bytes.Join(parts, nil)...)
	return append([]byte{0x30, byte(len(content))}, content...)
}

// digestOf is a MessageImprint with the content of an AlgorithmIdentifier and a digest of n bytes.
func digestOf(algorithm string, n int) []byte {
	alg := append([]byte{0x30, byte(len(algorithm))}, algorithm...)
	content := append(alg, append([]byte{0x04, byte(n)}, make([]byte, n)...)...)
	return append([]byte{0x30, byte(len(content))}, content...)
}

const (
	sm3Only = "\x06\x08\x2a\x81\x1c\xcf\x55\x01\x83\x11"
	sm3Null = sm3Only + "\x05\x00"
	sha1    = "\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00"
)

func TestRefusedQueriesNameTheirFailure(t *testing.T) {
	good := digestOf(sm3Null, 32)
	if _, err := tsp.ParseQuery(body(good)); err != nil {
		t.Fatal(err)
	}
	later := body(good)
	later[4] = 2
	for name, c := range map[string]struct {
		query   []byte
		err     error
		failure tsp.FailureBit
	}{
		"empty":               {nil, tsp.ErrQuery, tsp.BadDataFormat},
		"two bytes":           {[]byte{0x30, 0x82}, tsp.ErrQuery, tsp.BadDataFormat},
		"nested BER":          {bytes.Repeat([]byte{0x30, 0x80}, 3<<20), tsp.ErrQuery, tsp.BadDataFormat},
		"a byte after it":     {append(body(good), 0), tsp.ErrQuery, tsp.BadDataFormat},
		"nothing in it":       {[]byte{0x30, 0x00}, tsp.ErrQuery, tsp.BadDataFormat},
		"version 2":           {later, tsp.ErrVersion, tsp.BadRequest},
		"SHA-1":               {body(digestOf(sha1, 20)), tsp.ErrHash, tsp.BadAlg},
		"31 bytes":            {body(digestOf(sm3Null, 31)), tsp.ErrQuery, tsp.BadDataFormat},
		"33 bytes":            {body(digestOf(sm3Null, 33)), tsp.ErrQuery, tsp.BadDataFormat},
		"parameters":          {body(digestOf(sm3Only+"\x02\x01\x01", 32)), tsp.ErrQuery, tsp.BadDataFormat},
		"certReq false":       {body(good, []byte{0x01, 0x01, 0x00}), tsp.ErrQuery, tsp.BadDataFormat},
		"certReq first":       {body(good, []byte{0x01, 0x01, 0xff}, []byte{0x02, 0x01, 0x01}), tsp.ErrQuery, tsp.BadDataFormat},
		"nonce of 168 bits":   {body(good, append([]byte{0x02, 0x15}, bytes.Repeat([]byte{0x7f}, 21)...)), tsp.ErrQuery, tsp.BadDataFormat},
		"an extension":        {body(good, []byte{0xa0, 0x02, 0x30, 0x00}), tsp.ErrExtension, tsp.UnacceptedExtension},
		"nothing but [0]":     {body(good, []byte{0xa0, 0x00}), tsp.ErrExtension, tsp.UnacceptedExtension},
		"something after [0]": {body(good, []byte{0xa0, 0x00, 0x05, 0x00}), tsp.ErrQuery, tsp.BadDataFormat},
	} {
		_, err := tsp.ParseQuery(c.query)
		if !errors.Is(err, c.err) || tsp.Failure(err) != c.failure {
			t.Errorf("%s: got %v (failure %d), want %v (%d)", name, err, tsp.Failure(err), c.err, c.failure)
		}
	}
	if tsp.Failure(nil) != tsp.NoFailure || tsp.Failure(tsp.ErrSigner) != tsp.SystemFailure {
		t.Error("failures of nothing and of the service itself")
	}
}

// TestAnAlgorithmWithoutNullIsRepeatedInTheToken covers RFC 3161, 2.4.2: the imprint has the value of the query's.
func TestAnAlgorithmWithoutNullIsRepeatedInTheToken(t *testing.T) {
	b := body(digestOf(sm3Only, 32))
	q, err := tsp.ParseQuery(b)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := q.Encode(); err != nil || !bytes.Equal(again, b) {
		t.Errorf("re-encodes to %x, %v", again, err)
	}
	token := answer(t, q, signers(t))
	if !bytes.Contains(token.DER, digestOf(sm3Only, 32)) {
		t.Error("the token holds another imprint")
	}
	if _, err := tsp.Parse(token.DER); !errors.Is(err, tsp.ErrFormat) {
		t.Errorf("read as the token of a seal: %v", err)
	}
}

func FuzzParseQuery(f *testing.F) {
	seeds := [][]byte{nil, {0x30, 0x82}, bytes.Repeat([]byte{0x30, 0x80}, 200), body(digestOf(sm3Only, 32)), body(digestOf(sha1, 20))}
	for _, q := range queries() {
		b, err := q.Encode()
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, b)
	}
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) < 10 {
		f.Fatalf("only %d seeds", len(seeds))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := tsp.ParseQuery(b)
		if err != nil {
			if tsp.Failure(err) == tsp.SystemFailure {
				t.Fatalf("%v is nobody's fault", err)
			}
			return
		}
		again, err := q.Encode()
		if err != nil || !bytes.Equal(again, b) || len(q.Imprint) != 32 {
			t.Fatalf("accepted %+v, which re-encodes to %x, %v", q, again, err)
		}
	})
}
