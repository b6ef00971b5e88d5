package cms

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// Dialects of signatures over a document that stands elsewhere.
const (
	DialectPAdES     = "pades"            // ETSI EN 319 142-1: detached, signing certificate named in the attributes, no signing-time
	DialectGM        = "gbt35275"         // GB/T 35275: the same under its own content types, with SM2
	DialectGMUnnamed = "gbt35275-unnamed" // GB/T 35275 as it stands: no attribute names the signing certificate
	DialectDigest    = "dianju"           // the content is the SM3 of the document, no attributes, the signature in DER
	DialectRaw       = "form-a"           // the same with the signature as r and s of 32 bytes each
	DialectMixed     = "form-b"           // GB/T 35275 outside, PKCS#7 data inside, another content type in the attributes
	DialectAdobe     = "adbe"             // PKCS#7 as Adobe's old encoding has it: a signing-time, the certificate need not be named
	DialectAdobeGM   = "adbe-gm"          // that with SM2 and SM3, under the content types of PKCS#7 or of both standards
	DialectAttached  = "attached"         // the content is within (ParseAttached)
)

// Quirks are deviations within a dialect: the values of Detached.Quirks.
const (
	QuirkRaw        = "raw-rs"       // r and s of 32 bytes each instead of DER, outside of DialectRaw
	QuirkSM2WithSM3 = "sm2-with-sm3" // signature algorithm 1.2.156.10197.1.501 instead of .301.1
	QuirkESSv1      = "ess-v1"       // the certificate is named by SHA-1 (RFC 2634)
	QuirkUnnamed    = "ess-missing"  // no attribute names the certificate
	QuirkCertText   = gm.OddText     // the signer's certificate, see gm.ParseAnyCertificate
	QuirkCertNames  = gm.OddAlternativeNames
)

const (
	// MaxDetached bounds a signature over a document: revocation lists may be inside.
	MaxDetached = 4 << 20
	// maxDetachedCertificates bounds the embedded certificates: a signer, a chain, a timestamp authority and its chain.
	maxDetachedCertificates = 32
	maxEmbedded             = 64 // revocation lists and answers
)

// Errors of ParseDetached and Detached.Verify, beside those of Parse and Verify; finer ones follow at ErrBER.
var (
	// ErrWeak means a hash that proves nothing any more (SHA-1, MD5) or an RSA key of less than 2048 bits.
	ErrWeak = errors.New("cms: algorithm is too weak")
	// ErrAlgorithm means an algorithm that is not known, or that does not go with the digest or the key.
	ErrAlgorithm = errors.New("cms: algorithm is not known or does not fit")
	// ErrSigners means that there is not exactly one signer.
	ErrSigners = errors.New("cms: not exactly one signer")
)

// Detached is a SignedData over a document that is known by its digest.
type Detached struct {
	Raw          []byte
	Dialect      string                // one of the Dialect constants
	Quirks       []string              // Quirk constants; what the dialect's standard writes has none
	ContentType  asn1.ObjectIdentifier // of what was signed
	Content      []byte                // of ParseAttached; nil else
	Signer       []byte                // certificate, DER
	Certificates [][]byte              // every embedded one, the signer's too
	CRLs, OCSPs  [][]byte              // embedded evidence, unjudged
	SigningTime  time.Time             // zero: no attribute; a claim
	Timestamp    []byte                // token over Value, from the unsigned attributes; nil when there is none
	Value        []byte                // the signature as it stands there
	Named        bool                  // the attributes name the signing certificate by a hash that binds it (not SHA-1)

	digest     algorithm
	sign       scheme
	content    []byte // eContent
	attributes []Attribute
	signed     []byte // the elements of the SET of attributes; nil when there are none
	cert       *gm.Certificate
	outer      asn1.ObjectIdentifier
	head, info []byte // DER before signerInfos; of the SignerInfo without unsigned attributes
	unsigned   [][]byte
}

// Hash is the algorithm whose digest of the document Verify wants.
func (d *Detached) Hash() (asn1.ObjectIdentifier, bool) {
	if d == nil {
		return nil, false
	}
	return d.digest.oid, d.digest.oid != nil
}

// Sum is the digest of b by the algorithm of Hash, for content that is at hand.
func (d *Detached) Sum(b []byte) []byte {
	if _, ok := d.Hash(); !ok {
		return nil
	}
	return d.digest.sum(b)
}

// Algorithm names the signature algorithm.
func (d *Detached) Algorithm() string { return d.sign.String() }

// Certificate is the signer's, as it was read (gm.ParseAnyCertificate).
func (d *Detached) Certificate() *gm.Certificate { return d.cert }

// ParseDetached reads one SignedData in DER that signs a document elsewhere: PAdES, GB/T 35275, and the dialects that are met.
// It verifies nothing. Errors: ErrFormat, ErrAttributes, ErrCertificate, ErrWeak, ErrAlgorithm, ErrSigners, and the finer ones
// that Reason names.
func ParseDetached(b []byte) (*Detached, error) {
	d, err := parseLenient(b)
	if err != nil {
		return nil, err
	}
	if err := d.tell(); err != nil {
		return nil, fmt.Errorf("parsing CMS: %w", err)
	}
	return d, nil
}

// ParseAttached reads one SignedData in DER of another maker whose content, of that type, is within, with signed attributes:
// a timestamp token of any authority. Errors: those of ParseDetached.
func ParseAttached(b []byte, contentType asn1.ObjectIdentifier) (*Detached, error) {
	d, err := parseLenient(b)
	if err != nil {
		return nil, err
	}
	said, err := contentTypeOf(d.attributes)
	switch {
	case d.signed == nil:
		err = fmt.Errorf("none at all: %w", ErrMissing)
	case err != nil:
	case d.content == nil || !d.ContentType.Equal(contentType):
		err = bad("encapContentInfo")
	case !said.Equal(contentType):
		err = fmt.Errorf("content type %v: %w", said, ErrAttributes)
	}
	if err != nil {
		return nil, fmt.Errorf("parsing CMS: %w", err)
	}
	d.Dialect, d.Content = DialectAttached, d.content
	return d, nil
}

func parseLenient(b []byte) (*Detached, error) {
	if err := guard(b, MaxDetached); err != nil {
		return nil, fmt.Errorf("parsing CMS: %w", err)
	}
	d := &Detached{Raw: bytes.Clone(b)}
	if err := d.read(d.Raw); err != nil {
		return nil, fmt.Errorf("parsing CMS: %w", err)
	}
	return d, nil
}

// tell finds the dialect, and refuses what belongs to none.
func (d *Detached) tell() error {
	gmOuter, gmInside := d.outer.Equal(der.GMSignedData), d.ContentType.Equal(der.GMData)
	if !gmInside && !d.ContentType.Equal(der.Data) {
		return bad("content types")
	}
	isSM2 := d.sign.kind == kindSM2
	if (gmOuter || gmInside) && !isSM2 {
		return fmt.Errorf("%s under the content types of GB/T 35275: %w", d.sign, ErrAlgorithm)
	}
	if d.signed == nil {
		return d.tellBare()
	}
	if d.content != nil {
		return ErrContent
	}
	said, err := contentTypeOf(d.attributes)
	if err != nil {
		return err
	}
	if find(d.attributes, der.AttrMessageDigest) == nil {
		return fmt.Errorf("message digest: %w", ErrMissing)
	}
	switch {
	case gmOuter && !gmInside && said.Equal(der.GMData):
		d.Dialect = DialectMixed
	case !said.Equal(d.ContentType):
		return fmt.Errorf("content type %v inside of %v: %w", said, d.ContentType, ErrAttributes)
	case gmOuter && gmInside && d.Named:
		d.Dialect = DialectGM
	case gmOuter && gmInside:
		d.Dialect = DialectGMUnnamed
	case isSM2:
		d.Dialect = DialectAdobeGM
	case d.Named && d.SigningTime.IsZero():
		d.Dialect = DialectPAdES
	default:
		d.Dialect = DialectAdobe
	}
	return nil
}

// tellBare: without attributes only the vendors' form is read in which the content is the digest itself. Any other content
// would be signed as it is, and a detached signature without attributes could be one over attributes of another (RFC 8933).
func (d *Detached) tellBare() error {
	if !d.digest.oid.Equal(der.SM3) || d.sign.kind != kindSM2 || len(d.content) != gm.DigestSize {
		return fmt.Errorf("none at all: %w", ErrMissing)
	}
	d.Dialect = DialectDigest
	if d.raw() {
		d.Dialect = DialectRaw
		d.drop(QuirkRaw)
	}
	d.drop(QuirkUnnamed)
	return nil
}

// Verify checks that the signature is over a document of this digest, of Hash, by the embedded certificate. Chain, usage and
// times are not judged. Errors: ErrDigest, ErrAttributes, ErrAlgorithm (ErrCurve), ErrSignature (ErrRange), gm.ErrSignature,
// ErrWeak.
func (d *Detached) Verify(digest []byte) error {
	if d == nil || d.cert == nil {
		return fmt.Errorf("verifying CMS: nothing was parsed: %w", ErrFormat)
	}
	message := d.content
	if d.signed == nil {
		if !bytes.Equal(d.content, digest) {
			return fmt.Errorf("verifying CMS: %w", ErrDigest)
		}
	} else {
		var said []byte
		value := cryptobyte.String(find(d.attributes, der.AttrMessageDigest))
		if !value.ReadASN1Bytes(&said, cbasn1.OCTET_STRING) || !value.Empty() {
			return fmt.Errorf("verifying CMS: message digest: %w", ErrAttributes)
		}
		if !bytes.Equal(said, digest) {
			return fmt.Errorf("verifying CMS: %w", ErrDigest)
		}
		var err error
		if message, err = toSign(d.signed); err != nil {
			return fmt.Errorf("verifying CMS: %w", err)
		}
	}
	if err := d.sign.verify(d.cert.PublicKey, message, d.Value); err != nil {
		return fmt.Errorf("verifying CMS: %w", err)
	}
	return nil
}

// VerifyContent is Verify over the content within.
func (d *Detached) VerifyContent() error {
	if d == nil || d.Content == nil {
		return fmt.Errorf("verifying CMS: no content was parsed: %w", ErrFormat)
	}
	return d.Verify(d.Sum(d.Content))
}

// CrossCheck asks a second implementation for its opinion of an SM2 signature that is encoded in DER; it does nothing for
// others. It says nothing of the document: Verify does. Errors: those of gm.CrossCheck.
func (d *Detached) CrossCheck() error {
	if d == nil || d.cert == nil {
		return fmt.Errorf("cross-checking CMS: nothing was parsed: %w", ErrFormat)
	}
	key, ok := d.cert.PublicKey.(*ecdsa.PublicKey)
	if d.sign.kind != kindSM2 || !ok || d.raw() {
		return nil
	}
	message := d.content
	if d.signed != nil {
		var err error
		if message, err = toSign(d.signed); err != nil {
			return fmt.Errorf("cross-checking CMS: %w", err)
		}
	}
	if err := gm.CrossCheck(key, message, d.Value); err != nil {
		return fmt.Errorf("cross-checking CMS: %w", err)
	}
	return nil
}
