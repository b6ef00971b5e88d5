package tsp

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/cms"
	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// DialectExtra is a Token.Dialect: certificates beside the signer's are embedded, and the signer did not name them. The others
// are the quirks of package cms, of which cms.QuirkESSv1 is met in most tokens of foreign authorities.
const DialectExtra = "extra-certificates"

// ErrWeak means an imprint or a signature with SHA-1 or MD5, or an RSA key of less than 2048 bits.
var ErrWeak = errors.New("tsp: algorithm is too weak")

// ParseForeign is ParseAny that also reads tokens of other authorities: imprints of SM3, SHA-256, SHA-384 and SHA-512, signed
// with SM2, ECDSA or RSA (PKCS#1 v1.5 and PSS) and those hashes, further certificates embedded, extensions that are not
// critical, and the signer named by SHA-1 (RFC 2634), which Dialect says. The signer's certificate must be embedded where
// ParseAny does not read the token. It checks no signature; Verify and VerifyDigest do. Errors: ErrFormat, ErrWeak, and with
// them those of cms.ParseDetached.
func ParseForeign(b []byte) (*Token, error) {
	if own, err := ParseAny(b); err == nil {
		return own, nil
	}
	signed, err := cms.ParseAttached(b, der.TSTInfo)
	if err != nil {
		return nil, fmt.Errorf("parsing a timestamp: %w: %w", kindOf(err), err)
	}
	info, err := readForeignInfo(signed.Content)
	if err != nil {
		return nil, fmt.Errorf("parsing a timestamp: %w", err)
	}
	t := info.token()
	t.DER, t.Signer, t.Certificates, t.Dialect, t.foreign = signed.Raw, signed.Certificate(), signed.Certificates, signed.Quirks, signed
	if len(t.Certificates) > 1 {
		t.Dialect = append(t.Dialect, DialectExtra)
	}
	return t, nil
}

func kindOf(err error) error {
	if errors.Is(err, cms.ErrWeak) {
		return ErrWeak
	}
	return ErrFormat
}

// Sum is the digest of b by the algorithm of the token's imprint: what VerifyDigest wants for a token over b.
func (t *Token) Sum(b []byte) []byte { return sum(t.Hash, b) }

// VerifyDigest is Verify for a token of either parser, over a digest by the token's own algorithm (Hash), which the caller has
// made or checked. Errors: those of Verify, and cms.ErrSignature, ErrWeak.
func (t *Token) VerifyDigest(digest []byte) error {
	if t == nil || t.signed == nil && t.foreign == nil {
		return fmt.Errorf("verifying a timestamp: nothing was parsed: %w", ErrFormat)
	}
	if t.foreign == nil {
		if _, err := t.verify(t.Hash, digest); err != nil {
			return fmt.Errorf("verifying a timestamp: %w", err)
		}
		return nil
	}
	info, err := readForeignInfo(t.foreign.Content) // the signed bytes, whatever became of the fields
	if err != nil {
		return fmt.Errorf("verifying a timestamp: %w", err)
	}
	if !bytes.Equal(info.imprint.digest, digest) {
		return fmt.Errorf("verifying a timestamp: %w", ErrImprint)
	}
	if err := checkForeignSigner(t.foreign.Certificate(), info); err != nil {
		return fmt.Errorf("verifying a timestamp: %w", err)
	}
	switch err := t.foreign.VerifyContent(); {
	case errors.Is(err, cms.ErrWeak):
		return fmt.Errorf("verifying a timestamp: %w: %w", ErrWeak, err)
	case err != nil:
		return fmt.Errorf("verifying a timestamp: %w", err)
	}
	return nil
}

// checkForeignSigner is checkSigner that lets a certificate without key usage pass: RFC 3161, 2.3 asks for the extended one.
func checkForeignSigner(cert *gm.Certificate, info *tstInfo) error {
	if cert.KeyUsage == 0 {
		some := *cert
		some.KeyUsage = gm.KeyUsageDigitalSignature
		cert = &some
	}
	return checkSigner(cert, info.time)
}

func sum(hash asn1.ObjectIdentifier, b []byte) []byte {
	switch {
	case hash.Equal(der.SHA256):
		d := sha256.Sum256(b)
		return d[:]
	case hash.Equal(der.SHA384):
		d := sha512.Sum384(b)
		return d[:]
	case hash.Equal(der.SHA512):
		d := sha512.Sum512(b)
		return d[:]
	case hash.Equal(der.SM3):
		d := gm.Sum(b)
		return d[:]
	}
	return nil
}

// readForeignInfo reads exactly one TSTInfo in DER. Of extensions it knows none: a critical one is refused.
func readForeignInfo(b []byte) (*tstInfo, error) {
	if err := der.Check(b, der.Limits{MaxBytes: cms.MaxBytes, MaxDepth: cms.MaxDepth}); err != nil {
		return nil, fmt.Errorf("TSTInfo: %w: %w", ErrFormat, err)
	}
	in := cryptobyte.String(b)
	i := new(tstInfo)
	var body, extensions cryptobyte.String
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !in.Empty() || !i.readCommon(&body) {
		return nil, fmt.Errorf("TSTInfo: %w", ErrFormat)
	}
	if i.imprint.hash.Equal(der.SHA1) {
		return nil, fmt.Errorf("imprint of %v: %w", i.imprint.hash, ErrWeak)
	}
	if size := len(sum(i.imprint.hash, nil)); size == 0 || len(i.imprint.digest) != size {
		return nil, fmt.Errorf("imprint of %v with %d bytes: %w", i.imprint.hash, len(i.imprint.digest), ErrFormat)
	}
	if tag := cbasn1.Tag(1).Constructed().ContextSpecific(); body.PeekASN1Tag(tag) && !body.ReadASN1(&extensions, tag) || !body.Empty() {
		return nil, fmt.Errorf("TSTInfo: %w", ErrFormat)
	}
	for !extensions.Empty() {
		var one, id cryptobyte.String
		var critical bool
		if !extensions.ReadASN1(&one, cbasn1.SEQUENCE) || !one.ReadASN1(&id, cbasn1.OBJECT_IDENTIFIER) ||
			one.PeekASN1Tag(cbasn1.BOOLEAN) && !one.ReadASN1Boolean(&critical) || critical {
			return nil, fmt.Errorf("an extension of TSTInfo: %w", ErrFormat)
		}
	}
	return i, nil
}
