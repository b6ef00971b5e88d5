package gm

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Request is a certificate request (PKCS#10, RFC 2986) whose key may be an SM2 key.
type Request = smx509.CertificateRequest

// MaxRequest bounds a certificate request, in bytes: one with a curve key and many names takes 2 KiB.
const MaxRequest = 64 << 10

// Errors of ParseRequest and CheckKey; each excludes the others.
var (
	// ErrRequest means that the bytes are not exactly one PKCS#10 request.
	ErrRequest = errors.New("gm: not a certificate request")
	// ErrCurve means that a key is neither on the SM2 curve nor on NIST P-256.
	ErrCurve = errors.New("gm: key is neither on the SM2 curve nor on P-256")
	// ErrPoint means that a public key is no uncompressed point of its curve.
	ErrPoint = errors.New("gm: public key is not a point on its curve")
	// ErrWeakKey means a public key whose private key everybody knows: the identity, the generator or its negative.
	ErrWeakKey = errors.New("gm: public key of a known private key")
)

var (
	oidECPublicKey = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidCurveSM2    = asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 301}
	oidCurveP256   = asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}
)

// CreateRequest makes a certificate request for an SM2 or ECDSA P-256 key, with the extensions asked for, and returns its
// DER, having read and verified it. Errors: ErrCurve and those of ParseRequest.
func CreateRequest(subject pkix.Name, extra []pkix.Extension, key crypto.Signer) ([]byte, error) {
	if key == nil {
		return nil, fmt.Errorf("creating a certificate request without a key: %w", ErrCurve)
	}
	algorithm, err := requestAlgorithm(key.Public())
	if err != nil {
		return nil, fmt.Errorf("creating a certificate request: %w", err)
	}
	template := &Request{Subject: subject, ExtraExtensions: extra, SignatureAlgorithm: algorithm}
	der, err := smx509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		return nil, fmt.Errorf("creating a certificate request: %w", err)
	}
	made, err := ParseRequest(der)
	if err != nil {
		return nil, fmt.Errorf("creating a certificate request: reading it back: %w", err)
	}
	if !equalKeys(key.Public(), made.PublicKey) {
		return nil, fmt.Errorf("creating a certificate request: another key came back: %w", ErrRequest)
	}
	return der, nil
}

// ParseRequest reads one certificate request of at most MaxRequest bytes and checks that its key is an SM2 or P-256 key that
// is fit for use and that the key itself signed the request, with SM3 or SHA-256. Whoever takes requests from outside has
// checked them to be DER before (internal/der). Errors: ErrRequest, ErrCurve, ErrPoint, ErrWeakKey, ErrSignature.
func ParseRequest(der []byte) (*Request, error) {
	if len(der) > MaxRequest {
		return nil, fmt.Errorf("reading a certificate request: more than %d bytes: %w", MaxRequest, ErrRequest)
	}
	spki, ok := requestKey(der)
	if !ok {
		return nil, fmt.Errorf("reading a certificate request: its outer form: %w", ErrRequest)
	}
	pub, err := readPoint(spki)
	if err != nil {
		return nil, fmt.Errorf("reading a certificate request: %w", err)
	}
	r, err := smx509.ParseCertificateRequest(der)
	if err != nil {
		return nil, fmt.Errorf("reading a certificate request: %w: %w", ErrRequest, err)
	}
	if !equalKeys(r.PublicKey, pub) {
		return nil, fmt.Errorf("reading a certificate request: its key reads two ways: %w", ErrRequest)
	}
	want, err := requestAlgorithm(pub)
	if err != nil {
		return nil, fmt.Errorf("reading a certificate request: %w", err)
	}
	if r.SignatureAlgorithm != want {
		return nil, fmt.Errorf("reading a certificate request: signed with %v, not %v: %w", r.SignatureAlgorithm, want, ErrSignature)
	}
	if err := r.CheckSignature(); err != nil {
		return nil, fmt.Errorf("reading a certificate request: its own signature: %w", ErrSignature)
	}
	return r, nil
}

// CheckKey reports whether a certificate may be issued for pub: an SM2 or P-256 key that is a point of its curve, and none
// whose private key everybody knows. Errors: ErrCurve, ErrPoint, ErrWeakKey.
func CheckKey(pub crypto.PublicKey) error {
	if _, err := requestAlgorithm(pub); err != nil {
		return err
	}
	spki, err := MarshalPublicKey(pub)
	if err != nil {
		return fmt.Errorf("checking a public key: %w", ErrPoint)
	}
	if _, err := readPoint(spki); err != nil {
		return fmt.Errorf("checking a public key: %w", err)
	}
	return nil
}

func requestAlgorithm(pub crypto.PublicKey) (SignatureAlgorithm, error) {
	key, ok := pub.(*ecdsa.PublicKey)
	switch {
	case !ok || key == nil:
		return 0, fmt.Errorf("%T: %w", pub, ErrCurve)
	case IsSM2(key):
		return SM2WithSM3, nil
	case key.Curve == elliptic.P256():
		return ECDSAWithSHA256, nil
	}
	return 0, ErrCurve
}

// requestKey finds the SubjectPublicKeyInfo of a version 1 request (RFC 2986, 4). It wants the ends of the outer sequences,
// which encoding/asn1 does not look at.
func requestKey(der []byte) (spki cryptobyte.String, ok bool) {
	in := cryptobyte.String(der)
	var request, info, subject, alg cryptobyte.String
	var signature asn1.BitString
	var version int
	ok = in.ReadASN1(&request, cbasn1.SEQUENCE) && in.Empty() &&
		request.ReadASN1(&info, cbasn1.SEQUENCE) &&
		info.ReadASN1Integer(&version) && version == 0 &&
		info.ReadASN1Element(&subject, cbasn1.SEQUENCE) &&
		info.ReadASN1Element(&spki, cbasn1.SEQUENCE) &&
		info.SkipOptionalASN1(cbasn1.Tag(0).ContextSpecific().Constructed()) && info.Empty() &&
		request.ReadASN1(&alg, cbasn1.SEQUENCE) && request.ReadASN1BitString(&signature) && request.Empty()
	return spki, ok
}

// readPoint reads a SubjectPublicKeyInfo of a named curve with an uncompressed point (RFC 5480; GM/T 0015).
func readPoint(spki []byte) (*ecdsa.PublicKey, error) {
	in := cryptobyte.String(spki)
	var info, alg cryptobyte.String
	var bits asn1.BitString
	var oid, curve asn1.ObjectIdentifier
	if !in.ReadASN1(&info, cbasn1.SEQUENCE) || !in.Empty() || !info.ReadASN1(&alg, cbasn1.SEQUENCE) ||
		!alg.ReadASN1ObjectIdentifier(&oid) || !info.ReadASN1BitString(&bits) || !info.Empty() {
		return nil, fmt.Errorf("its public key: %w", ErrRequest)
	}
	if !oid.Equal(oidECPublicKey) {
		return nil, fmt.Errorf("a key of algorithm %v: %w", oid, ErrCurve)
	}
	if !alg.ReadASN1ObjectIdentifier(&curve) || !alg.Empty() {
		return nil, fmt.Errorf("a key without a named curve: %w", ErrCurve)
	}
	if !curve.Equal(oidCurveSM2) && !curve.Equal(oidCurveP256) {
		return nil, fmt.Errorf("a key on curve %v: %w", curve, ErrCurve)
	}
	return uncompressed(bits, curve.Equal(oidCurveSM2))
}

func uncompressed(bits asn1.BitString, isSM2 bool) (*ecdsa.PublicKey, error) {
	const size = 32 // bytes of a coordinate
	if bits.BitLength == 8*len(bits.Bytes) && len(bits.Bytes) > 0 && len(bytes.Trim(bits.Bytes[1:], "\x00")) == 0 &&
		(bits.Bytes[0] == 0 || bits.Bytes[0] == 4) {
		return nil, fmt.Errorf("the identity: %w", ErrWeakKey)
	}
	if bits.BitLength != 8*(1+2*size) || bits.Bytes[0] != 4 {
		return nil, fmt.Errorf("not an uncompressed point of %d bytes: %w", 1+2*size, ErrPoint)
	}
	var pub *ecdsa.PublicKey
	var err error
	params := elliptic.P256().Params()
	if isSM2 {
		params = sm2.P256().Params()
		pub, err = sm2.NewPublicKey(bits.Bytes)
	} else {
		pub, err = ecdsa.ParseUncompressedPublicKey(elliptic.P256(), bits.Bytes)
	}
	if err != nil {
		return nil, fmt.Errorf("off the curve: %w", ErrPoint)
	}
	if x := new(big.Int).SetBytes(bits.Bytes[1 : 1+size]); x.Cmp(params.Gx) == 0 {
		return nil, fmt.Errorf("the generator or its negative: %w", ErrWeakKey)
	}
	return pub, nil
}
