//go:build tools

package ses_test

import (
	"testing"

	"yinzheng/internal/gm/gmtest"
)

// TestOpenSSLVerifiesBothSignatures takes the structures apart without this package and lets OpenSSL verify the values.
func TestOpenSSLVerifiesBothSignatures(t *testing.T) {
	h := newHouse(t)
	s := h.sign(t, true)
	signature := elements(t, s.Raw)
	tbs := elements(t, signature[0])
	seal := elements(t, tbs[1])
	value := func(bits []byte) []byte { return bits[3:] } // tag, length below 128, unused bits
	content := func(octets []byte) []byte { return octets[4:] }
	gmtest.OpenSSLVerify(t, content(signature[1]), signature[0], value(signature[3]))
	gmtest.OpenSSLVerify(t, content(seal[1]), seal[0], value(seal[3]))
	gmtest.OpenSSL(t, "asn1parse", "-inform", "DER", "-in", gmtest.File(t, "signature.der", s.Raw))
}
