//go:build tools

package cms_test

import (
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/cms"
	"yinzheng/internal/gm"
	"yinzheng/internal/gm/gmtest"
)

// verifyTime is within the validity of the tests' certificates, in seconds since 1970 (2026-06-01).
const verifyTime = "1780272000"

func TestOpenSSLVerifiesDetachedSignatures(t *testing.T) {
	for _, s := range suites(t) {
		if s.hash == 0 {
			continue
		}
		for _, stamped := range []bool{false, true} {
			out := s.out
			if stamped {
				var err error
				if out, err = cms.AddTimestamp(out, []byte{0x30, 0x00}); err != nil {
					t.Fatal(err)
				}
			}
			said := gmtest.OpenSSL(t, "cms", "-verify", "-binary", "-inform", "DER", "-in", gmtest.File(t, "signature.der", out),
				"-content", gmtest.File(t, "document", document), "-CAfile", gmtest.PEM(t, "CERTIFICATE", s.root), "-attime", verifyTime,
				"-purpose", "any", "-cades", "-out", "/dev/null")
			if !strings.Contains(said, "Verification successful") {
				t.Errorf("%s: openssl says %q", s.name, said)
			}
		}
	}
}

// TestOpenSSLVerifiesTheValueOfDetachedSM2 takes signed attributes and value apart without this package: openssl's cms command
// knows no SM2 identity.
func TestOpenSSLVerifiesTheValueOfDetachedSM2(t *testing.T) {
	for _, s := range suites(t) {
		if s.hash != 0 {
			continue
		}
		attributes, value := signedPart(t, s.out)
		gmtest.OpenSSLVerify(t, s.leaf.DER, attributes, value)
		gmtest.OpenSSL(t, "asn1parse", "-inform", "DER", "-in", gmtest.File(t, "signature.der", s.out))
	}
	leaf := gmtest.NewCA(t, "示例根").Seal(t, "示例签名者")
	sum := gm.Sum(document)
	bare := made{signer: leaf, bare: true, content: sum[:], digest: sum[:]}
	d, err := cms.ParseDetached(bare.bytes(t))
	if err != nil {
		t.Fatal(err)
	}
	gmtest.OpenSSLVerify(t, leaf.DER, sum[:], d.Value)
}

// TestOpenSSLsSignaturesAreRead lets openssl sign.
func TestOpenSSLsSignaturesAreRead(t *testing.T) {
	for _, s := range suites(t) {
		if s.hash == 0 || s.name == "P-256 with a time" {
			continue
		}
		args := []string{"cms", "-sign", "-binary", "-outform", "DER", "-in", gmtest.File(t, "document", document), "-md", strings.ToLower(strings.ReplaceAll(s.hash.String(), "-", "")),
			"-signer", gmtest.PEM(t, "CERTIFICATE", s.leaf.DER), "-inkey", keyFile(t, s.leaf), "-cades", "-out", "/dev/stdout"}
		if strings.HasPrefix(s.name, "PSS") {
			args = append(args, "-keyopt", "rsa_padding_mode:pss")
		}
		for _, keyID := range []bool{false, true} {
			if keyID {
				args = append(args, "-keyid")
			}
			d, err := cms.ParseDetached([]byte(gmtest.OpenSSL(t, args...)))
			if err != nil {
				t.Errorf("%s: %v", s.name, err)
				continue
			}
			if err := d.Verify(sumBy(s.hash, document)); err != nil || !d.Named || d.Dialect != cms.DialectAdobe {
				t.Errorf("%s: %v, named %t, dialect %s", s.name, err, d.Named, d.Dialect)
			}
		}
	}
}

// signedPart returns the signed attributes as a SET, and the value after them.
func signedPart(t testing.TB, b []byte) (attributes, value []byte) {
	t.Helper()
	tag0 := cbasn1.Tag(0).Constructed().ContextSpecific()
	in := cryptobyte.String(b)
	var info, wrapped, signed, signers, signer, set cryptobyte.String
	if !in.ReadASN1(&info, cbasn1.SEQUENCE) || !info.SkipASN1(cbasn1.OBJECT_IDENTIFIER) || !info.ReadASN1(&wrapped, tag0) ||
		!wrapped.ReadASN1(&signed, cbasn1.SEQUENCE) || !signed.SkipASN1(cbasn1.INTEGER) || !signed.SkipASN1(cbasn1.SET) ||
		!signed.SkipASN1(cbasn1.SEQUENCE) || !signed.SkipASN1(tag0) || !signed.ReadASN1(&signers, cbasn1.SET) ||
		!signers.ReadASN1(&signer, cbasn1.SEQUENCE) || !signer.SkipASN1(cbasn1.INTEGER) || !signer.SkipASN1(cbasn1.SEQUENCE) ||
		!signer.SkipASN1(cbasn1.SEQUENCE) || !signer.ReadASN1Element(&set, tag0) || !signer.SkipASN1(cbasn1.SEQUENCE) ||
		!signer.ReadASN1Bytes(&value, cbasn1.OCTET_STRING) {
		t.Fatal("not a SignedData with signed attributes")
	}
	attributes = append([]byte{0x31}, set[1:]...)
	return attributes, value
}
