package tsp_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"yinzheng/internal/cms"
	"yinzheng/internal/tsp"
)

// foreignData is what the tokens in testdata/foreign stamp.
const foreignData = "the bytes that are stamped"

// foreign reads the tokens that openssl made (TestOpenSSLsTokensAreRead -update), by name.
func foreign(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/foreign/*.tst")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(name)] = b
	}
	if len(out) < 13 {
		t.Fatalf("only %d tokens in testdata/foreign", len(out))
	}
	return out
}

func checkForeign(t *testing.T, name string, b []byte) {
	t.Helper()
	token, err := tsp.ParseForeign(b)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if err := token.VerifyDigest(token.Sum([]byte(foreignData))); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if err := token.VerifyDigest(token.Sum([]byte("other bytes"))); !errors.Is(err, tsp.ErrImprint) {
		t.Errorf("%s: other bytes: got %v, want ErrImprint", name, err)
	}
	want := []string{tsp.DialectExtra}
	if strings.Contains(name, "ess-sha1.") {
		want = []string{cms.QuirkESSv1, tsp.DialectExtra}
	}
	if !slices.Equal(token.Dialect, want) || len(token.Certificates) != 2 || token.Signer == nil || token.Signer.Subject.CommonName != "Example TSA" {
		t.Errorf("%s: dialect %v, want %v; %d certificates", name, token.Dialect, want, len(token.Certificates))
	}
	if token.Time.IsZero() || token.Accuracy.Milliseconds() != 1500 || token.Nonce == nil || token.Policy.String() != "1.2.3.4" {
		t.Errorf("%s: read %v, %v, %v, %v", name, token.Time, token.Accuracy, token.Nonce, token.Policy)
	}
	if (len(token.Digest) == len(token.Imprint)) == token.Imprint.IsZero() {
		t.Errorf("%s: imprint %v of %d bytes", name, token.Imprint, len(token.Digest))
	}
	if _, err := token.SignedBy(token.Certificates[0]); err == nil && !bytes.Equal(token.Certificates[0], token.Signer.Raw) {
		t.Errorf("%s: another signer is taken", name)
	}
}

func TestTokensOfOtherAuthoritiesAreReadAndVerified(t *testing.T) {
	for name, b := range foreign(t) {
		if name != "weak.tst" {
			checkForeign(t, name, b)
		}
	}
}

func TestTokenOverSHA1IsTooWeak(t *testing.T) {
	if _, err := tsp.ParseForeign(foreign(t)["weak.tst"]); !errors.Is(err, tsp.ErrWeak) {
		t.Errorf("got %v, want ErrWeak", err)
	}
}

func TestOwnTokensAreReadByParseForeignToo(t *testing.T) {
	token, _ := issue(t)
	read, err := tsp.ParseForeign(token.DER)
	if err != nil {
		t.Fatal(err)
	}
	if len(read.Dialect) != 0 || !bytes.Equal(read.Digest, token.Imprint[:]) || read.VerifyDigest(token.Imprint[:]) != nil {
		t.Errorf("dialect %v, digest %x", read.Dialect, read.Digest)
	}
}

func TestEveryChangedByteOfForeignTokensIsNoticed(t *testing.T) {
	for _, name := range []string{"rsa-sha512-ess-sha1.tst", "p384-sha384-ess-sha256.tst"} {
		b := foreign(t)[name]
		good, err := tsp.ParseForeign(b)
		if err != nil {
			t.Fatal(err)
		}
		for i := range b {
			changed := bytes.Clone(b)
			changed[i] ^= 0x01
			token, err := tsp.ParseForeign(changed)
			if err != nil || token.VerifyDigest(token.Sum([]byte(foreignData))) != nil {
				continue
			}
			other := slices.IndexFunc(good.Certificates, func(c []byte) bool { return !bytes.Equal(c, good.Signer.Raw) })
			if at := bytes.Index(b, good.Certificates[other]); i >= at && i < at+len(good.Certificates[other]) {
				continue // a certificate of the chain, which nobody named here
			}
			t.Errorf("%s: byte %d of %d changed is not noticed", name, i, len(b))
		}
	}
}

func FuzzParseForeign(f *testing.F) {
	seeds := 0
	for _, b := range foreign(f) {
		f.Add(b)
		seeds++
	}
	token, _ := issue(f)
	f.Add(token.DER)
	f.Add(bytes.Repeat([]byte{0x30, 0x80}, 200))
	if seeds < 13 {
		f.Fatalf("only %d seeds", seeds)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		token, err := tsp.ParseForeign(b)
		if err != nil {
			return
		}
		if !bytes.Equal(token.DER, b) || len(token.Digest) == 0 || token.Time.IsZero() {
			t.Fatalf("accepted %+v", token)
		}
		_ = token.VerifyDigest(token.Digest)
		_ = token.CrossCheck()
	})
}
