//go:build tools

package ses_test

import (
	"testing"

	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
	"yinzheng/internal/ses"
	"yinzheng/internal/ses/sestest"
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

// TestOpenSSLVerifiesOtherVersions does that for the versions that are only read: in version 1 the maker signs a SEQUENCE that
// stands nowhere.
func TestOpenSSLVerifiesOtherVersions(t *testing.T) {
	h := newHouse(t)
	for _, version := range []int{1, 5} {
		f := sestest.Form{Version: version}
		raw := sestest.Seal(t, h.info(), h.maker, f)
		s, err := ses.ParseSignature(sestest.Signature(t, raw, sestest.ToSign{Time: signingTime, DataHash: gm.Sum([]byte("document"))}, h.signer, f))
		if err != nil {
			t.Fatal(err)
		}
		seal := elements(t, raw)
		toSign := seal[0]
		if version == 1 {
			toSign = sequence(t, append([][]byte{seal[0]}, elements(t, seal[1])[:2]...)...)
		}
		gmtest.OpenSSLVerify(t, h.maker.DER, toSign, s.Seal.Signature)
		gmtest.OpenSSLVerify(t, h.signer.DER, elements(t, s.Raw)[0], s.Value)
	}
}
