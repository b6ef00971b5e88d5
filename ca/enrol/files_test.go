package enrol

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"
)

// example is a self-signed identity.
func example(t testing.TB) *identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 8, 30, 0, 0, time.UTC)
	about := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "approval-system-1"}, NotBefore: at, NotAfter: at.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &identity{key: key, leaf: leaf, chain: []*x509.Certificate{leaf}}
}

func encoded(t testing.TB, f interface{ encode() ([]byte, error) }) []byte {
	t.Helper()
	text, err := f.encode()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestFilesAreReadAsTheyWereWrittenAndInNoOtherForm(t *testing.T) {
	i := example(t)
	text := encoded(t, i)
	got, err := parseIdentity(text)
	if err != nil || !got.key.Equal(i.key) || !got.leaf.Equal(i.leaf) || len(got.chain) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	p := &pending{key: i.key, token: digestOf("yzt_x")}
	if got, err := parsePending(encoded(t, p)); err != nil || got.token != p.token || !got.key.Equal(p.key) {
		t.Errorf("%v, %v", got, err)
	}
	foreign, full := example(t), string(text)
	foreign.leaf, foreign.chain = i.leaf, nil
	long := *i
	for range maxChain {
		long.chain = append(long.chain, i.leaf)
	}
	for what, bad := range map[string]string{
		"nothing":          "",
		"half":             full[:len(full)/2],
		"no certificate":   full[:strings.Index(full, "-----BEGIN CERT")],
		"no key":           full[strings.Index(full, "-----BEGIN CERT"):],
		"text before":      "a\n" + full,
		"text behind":      full + "a",
		"a blank line":     full + "\n",
		"another key":      string(encoded(t, foreign)),
		"too many issuers": string(encoded(t, &long)),
		"too long":         full + strings.Repeat(" ", maxFile),
		"a waiting key":    string(encoded(t, p)),
	} {
		if _, err := parseIdentity([]byte(bad)); !errors.Is(err, ErrIdentity) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := parsePending(text); !errors.Is(err, ErrIdentity) {
		t.Errorf("an identity for a waiting key: %v", err)
	}
}

func FuzzIdentityIsWrittenAsItIsRead(f *testing.F) {
	i := example(f)
	seeds := [][]byte{
		encoded(f, i), encoded(f, &pending{key: i.key}), encoded(f, &pending{key: i.key, token: digestOf("t")}),
		pemOf(i.leaf.Raw), []byte("-----BEGIN PRIVATE KEY-----\nA: b\n\n-----END PRIVATE KEY-----\n"), []byte("-----BEGIN"),
	}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if i, err := parseIdentity(text); err == nil && !bytes.Equal(encoded(t, i), text) {
			t.Error("an identity is written otherwise")
		} else if err != nil && !errors.Is(err, ErrIdentity) {
			t.Errorf("an error without a name: %v", err)
		}
		if p, err := parsePending(text); err == nil && !bytes.Equal(encoded(t, p), text) {
			t.Error("a waiting key is written otherwise")
		} else if err != nil && !errors.Is(err, ErrIdentity) {
			t.Errorf("an error without a name: %v", err)
		}
	})
}

func FuzzAnswerIsACertificateOrARefusal(f *testing.F) {
	i := example(f)
	cert := strings.ReplaceAll(string(pemOf(i.leaf.Raw)), "\n", `\n`)
	seeds := map[string]int{
		`{"certificate":"` + cert + `","chain":"` + cert + `"}`: 201,
		`{"certificate":"","chain":""}`:                         201,
		`{"code":"ENROLMENT_TOKEN","detail_en":"no"}`:           403,
		`{"code":"KEY_USED"}`:                                   409,
		`[`:                                                     500,
		`{"certificate":"` + cert + cert + `","chain":"` + cert + `"}`: 201,
	}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for text, status := range seeds {
		f.Add(status, []byte(text))
	}
	f.Fuzz(func(t *testing.T, status int, text []byte) {
		chain, err := readAnswer(status, text)
		var problem *Problem
		switch {
		case err == nil && (status != 201 || len(chain) == 0):
			t.Errorf("status %d gave %q", status, chain)
		case err != nil && !errors.Is(err, ErrAnswer) && (!errors.As(err, &problem) || problem.Code == ""):
			t.Errorf("an error without a name: %v", err)
		}
	})
}
