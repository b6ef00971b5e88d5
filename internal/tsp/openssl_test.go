//go:build tools

package tsp_test

import (
	"bytes"
	"strings"
	"testing"

	"yinzheng/internal/gm/gmtest"
)

func TestOpenSSLReadsTheToken(t *testing.T) {
	token, _ := issue(t)
	out := gmtest.OpenSSL(t, "ts", "-reply", "-token_in", "-in", gmtest.File(t, "token.der", token.DER), "-token_out", "-text")
	for _, want := range []string{"Version: 1", "Hash Algorithm: sm3", "Serial number: 0x07", "Time stamp: Nov 22 01:02:03 2026 GMT", "Accuracy: 0x02 seconds"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing from\n%s", want, out)
		}
	}
}

// TestOpenSSLVerifiesTheSignatureOfTheToken finds the signed attributes by their first bytes and lets OpenSSL verify the
// SM2 signature over them; its own ts command cannot, for it knows no identity there.
func TestOpenSSLVerifiesTheSignatureOfTheToken(t *testing.T) {
	token, tsa := issue(t)
	attributes, signature := signedPart(t, token.DER)
	gmtest.OpenSSLVerify(t, tsa.DER, attributes, signature)
}

// signedPart returns the signed attributes with the tag of a SET, and the signature: the last two large parts of a token.
func signedPart(t testing.TB, token []byte) (attributes, signature []byte) {
	t.Helper()
	contentType := []byte{0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03} // the shortest, so the first
	i := bytes.LastIndex(token, contentType)
	if i < 3 || token[i-3] != 0xa0 || token[i-2] != 0x81 {
		t.Fatal("the signed attributes are not where they should be")
	}
	end := i + int(token[i-1])
	attributes = append([]byte{0x31, 0x81, token[i-1]}, token[i:end]...)
	rest := token[end:]
	algorithm := 2 + int(rest[1])
	if rest[algorithm] != 0x04 {
		t.Fatal("the signature is not where it should be")
	}
	return attributes, rest[algorithm+2:]
}
