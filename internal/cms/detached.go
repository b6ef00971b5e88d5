package cms

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// Dialects of signatures over a document that stands elsewhere.
const (
	DialectPAdES  = "pades"    // ETSI EN 319 142-1: detached, signing certificate named in the attributes, no signing-time
	DialectGM     = "gbt35275" // GB/T 35275: the same under its own content types, with SM2
	DialectDigest = "dianju"   // the content is the SM3 of the document, no attributes, the signature in DER
	DialectRaw    = "form-a"   // the same with the signature as r and s of 32 bytes each
	DialectMixed  = "form-b"   // GB/T 35275 outside, PKCS#7 data inside, another content type in the attributes
	DialectAdobe  = "adbe"     // PKCS#7 as Adobe's old encoding has it: the signing certificate need not be named
)

const (
	// MaxDetached bounds a signature over a document: revocation lists may be inside.
	MaxDetached = 4 << 20
	// maxDetachedCertificates bounds the embedded certificates: a signer, a chain, a timestamp authority and its chain.
	maxDetachedCertificates = 32
	maxEmbedded             = 64 // revocation lists and answers
)

// Errors of ParseDetached and Detached.Verify, beside those of Parse and Verify.
var (
	// ErrWeak means a hash that proves nothing any more (SHA-1, MD5) or an RSA key of less than 2048 bits.
	ErrWeak = errors.New("cms: algorithm is too weak")
	// ErrAlgorithm means an algorithm that is not known, or that does not go with the digest or the key.
	ErrAlgorithm = errors.New("cms: algorithm is not known or does not fit")
	// ErrSigners means that there is not exactly one signer.
	ErrSigners = errors.New("cms: not exactly one signer")
)

var (
	attrSigningCertV1 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	attrTimestamp     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}
	attrRevocation    = asn1.ObjectIdentifier{1, 2, 840, 113583, 1, 1, 8}
	tag1              = cbasn1.Tag(1).Constructed().ContextSpecific()
)

// Detached is a SignedData over a document that is known by its digest.
type Detached struct {
	Raw          []byte
	Dialect      string    // one of the Dialect constants
	Signer       []byte    // certificate, DER
	Certificates [][]byte  // every embedded one, the signer's too
	CRLs, OCSPs  [][]byte  // embedded evidence, unjudged
	SigningTime  time.Time // zero: no attribute; a claim
	Timestamp    []byte    // token over Value, from the unsigned attributes; nil when there is none
	Value        []byte    // the signature as it stands there
	Named        bool      // the attributes name the signing certificate by a hash that binds it

	digest     algorithm
	sign       scheme
	content    []byte // of DialectDigest and DialectRaw
	attributes []Attribute
	signed     []byte // the elements of the SET of attributes; nil when there are none
	cert       *gm.Certificate
	outer      asn1.ObjectIdentifier
	head, info []byte // DER before signerInfos; of the SignerInfo without unsigned attributes
}

// Hash is the algorithm whose digest of the document Verify wants.
func (d *Detached) Hash() (asn1.ObjectIdentifier, bool) {
	return d.digest.oid, d != nil && d.digest.oid != nil
}

// Algorithm names the signature algorithm.
func (d *Detached) Algorithm() string { return d.sign.String() }

// ParseDetached reads one SignedData in DER that signs a document elsewhere: PAdES, GB/T 35275, and the dialects that are met.
// It verifies nothing. Errors: ErrFormat, ErrAttributes, ErrCertificate, ErrWeak, ErrAlgorithm, ErrSigners.
func ParseDetached(b []byte) (*Detached, error) {
	if err := der.Check(b, der.Limits{MaxBytes: MaxDetached, MaxDepth: MaxDepth}); err != nil {
		return nil, fmt.Errorf("parsing CMS: %w: %w", ErrFormat, err)
	}
	d := &Detached{Raw: bytes.Clone(b)}
	if err := d.read(d.Raw); err != nil {
		return nil, fmt.Errorf("parsing CMS: %w", err)
	}
	return d, nil
}

func (d *Detached) read(b []byte) error {
	in := cryptobyte.String(b)
	var info, wrapped, signed, digests, content, inner cryptobyte.String
	var inside asn1.ObjectIdentifier
	var version int64
	if !in.ReadASN1(&info, cbasn1.SEQUENCE) || !in.Empty() || !info.ReadASN1ObjectIdentifier(&d.outer) ||
		!info.ReadASN1(&wrapped, tag0) || !info.Empty() || !wrapped.ReadASN1(&signed, cbasn1.SEQUENCE) || !wrapped.Empty() {
		return bad("ContentInfo")
	}
	whole := signed
	if !signed.ReadASN1Integer(&version) || version < 1 || version > 5 || !signed.ReadASN1(&digests, cbasn1.SET) {
		return bad("version and digestAlgorithms")
	}
	if !signed.ReadASN1(&content, cbasn1.SEQUENCE) || !content.ReadASN1ObjectIdentifier(&inside) {
		return bad("encapContentInfo")
	}
	if !content.Empty() {
		if !content.ReadASN1(&inner, tag0) || !content.Empty() || !inner.ReadASN1Bytes(&d.content, cbasn1.OCTET_STRING) || !inner.Empty() {
			return bad("encapContentInfo")
		}
	}
	if err := d.readCertificates(&signed); err != nil {
		return err
	}
	d.head = whole[:len(whole)-len(signed)]
	var signers, signer cryptobyte.String
	if !signed.ReadASN1(&signers, cbasn1.SET) || !signed.Empty() {
		return bad("signerInfos")
	}
	if !signers.ReadASN1(&signer, cbasn1.SEQUENCE) || !signers.Empty() {
		return ErrSigners
	}
	if err := d.readSigner(signer); err != nil {
		return err
	}
	if err := d.listed(digests); err != nil {
		return err
	}
	return d.tell(inside)
}

// readCertificates reads what is embedded: certificates [0] and revocation lists [1].
func (d *Detached) readCertificates(signed *cryptobyte.String) error {
	var certs, crls cryptobyte.String
	if signed.PeekASN1Tag(tag0) && !signed.ReadASN1(&certs, tag0) {
		return bad("certificates")
	}
	for !certs.Empty() {
		var cert cryptobyte.String
		if len(d.Certificates) == maxDetachedCertificates || !certs.ReadASN1Element(&cert, cbasn1.SEQUENCE) {
			return bad("certificates")
		}
		d.Certificates = append(d.Certificates, cert)
	}
	if signed.PeekASN1Tag(tag1) {
		if !signed.ReadASN1(&crls, tag1) {
			return bad("crls")
		}
		for !crls.Empty() {
			var crl cryptobyte.String
			var tag cbasn1.Tag
			if len(d.CRLs) == maxEmbedded || !crls.ReadAnyASN1Element(&crl, &tag) {
				return bad("crls")
			}
			if tag == cbasn1.SEQUENCE { // [1] is another format of revocation information
				d.CRLs = append(d.CRLs, crl)
			}
		}
	}
	return nil
}

func (d *Detached) readSigner(in cryptobyte.String) error {
	whole := in
	var version int64
	if !in.ReadASN1Integer(&version) || version != 1 && version != 3 {
		return bad("SignerInfo.version")
	}
	if err := d.readIdentity(&in, version); err != nil {
		return err
	}
	var err error
	if d.digest, err = readDigest(&in); err != nil {
		return err
	}
	if in.PeekASN1Tag(tag0) {
		var attributes cryptobyte.String
		if !in.ReadASN1(&attributes, tag0) || attributes.Empty() {
			return fmt.Errorf("SignerInfo.signedAttrs: %w", ErrAttributes)
		}
		d.signed = attributes
		if d.attributes, err = readSet(attributes); err != nil {
			return err
		}
	}
	if d.sign, err = readScheme(&in, d.digest); err != nil {
		return err
	}
	if !in.ReadASN1Bytes(&d.Value, cbasn1.OCTET_STRING) || len(d.Value) == 0 {
		return bad("SignerInfo.signature")
	}
	d.info = whole[:len(whole)-len(in)]
	if in.Empty() {
		return d.readSigned()
	}
	var unsigned cryptobyte.String
	if !in.ReadASN1(&unsigned, tag1) || !in.Empty() {
		return bad("SignerInfo.unsignedAttrs")
	}
	attributes, err := readSet(unsigned)
	if err != nil {
		return err
	}
	d.Timestamp = find(attributes, attrTimestamp)
	return d.readSigned()
}

// readIdentity finds the signer's certificate by issuer and serial number, or by its key identifier.
func (d *Detached) readIdentity(in *cryptobyte.String, version int64) error {
	var sid, issuer, serial, key cryptobyte.String
	byKey := version == 3
	if byKey && !in.ReadASN1(&key, cbasn1.Tag(0).ContextSpecific()) ||
		!byKey && (!in.ReadASN1(&sid, cbasn1.SEQUENCE) || !sid.ReadASN1Element(&issuer, cbasn1.SEQUENCE) ||
			!sid.ReadASN1Element(&serial, cbasn1.INTEGER) || !sid.Empty()) {
		return bad("SignerInfo.sid")
	}
	for _, raw := range d.Certificates {
		cert, err := gm.ParseCertificate(raw)
		if err != nil {
			continue // another one may be of a kind that is not read here; the signer's must be
		}
		named := byKey && len(key) > 0 && bytes.Equal(cert.SubjectKeyId, key)
		if !byKey {
			if named, err = isNamed(cert, issuer, serial); err != nil {
				return err
			}
		}
		if !named || d.cert != nil && bytes.Equal(raw, d.Signer) {
			continue
		}
		if d.cert != nil {
			return fmt.Errorf("two certificates of the signer: %w", ErrCertificate)
		}
		d.cert, d.Signer = cert, raw
	}
	if d.cert == nil {
		return fmt.Errorf("no certificate of the signer: %w", ErrCertificate)
	}
	return nil
}

// readSet wants attributes in ascending order, each once with one value: DER.
func readSet(in cryptobyte.String) ([]Attribute, error) {
	s := &SignedData{}
	if err := s.readAttributes(in); err != nil && !errors.Is(err, errMissing) {
		return nil, err
	}
	return s.Attributes, nil
}

func find(attributes []Attribute, oid asn1.ObjectIdentifier) []byte {
	if i := slices.IndexFunc(attributes, func(a Attribute) bool { return a.Type.Equal(oid) }); i >= 0 {
		return attributes[i].Value
	}
	return nil
}

// readSigned takes what the signed attributes say.
func (d *Detached) readSigned() error {
	if value := find(d.attributes, der.AttrSigningTime); value != nil {
		in := cryptobyte.String(value)
		read := in.ReadASN1GeneralizedTime
		if in.PeekASN1Tag(cbasn1.UTCTime) {
			read = in.ReadASN1UTCTime
		}
		if !read(&d.SigningTime) || !in.Empty() {
			return fmt.Errorf("signing time: %w", ErrAttributes)
		}
		d.SigningTime = d.SigningTime.UTC()
	}
	if err := d.readNamed(); err != nil {
		return err
	}
	return d.readRevocation(find(d.attributes, attrRevocation))
}

// readRevocation reads Adobe's archive of revocation information: [0] CRLs, [1] OCSP responses.
func (d *Detached) readRevocation(value []byte) error {
	if value == nil {
		return nil
	}
	in := cryptobyte.String(value)
	var outer cryptobyte.String
	if !in.ReadASN1(&outer, cbasn1.SEQUENCE) || !in.Empty() {
		return fmt.Errorf("revocation information: %w", ErrAttributes)
	}
	for tag, into := range map[cbasn1.Tag]*[][]byte{tag0: &d.CRLs, tag1: &d.OCSPs} {
		rest := outer
		for !rest.Empty() {
			var one, list cryptobyte.String
			var got cbasn1.Tag
			if !rest.ReadAnyASN1(&one, &got) {
				return fmt.Errorf("revocation information: %w", ErrAttributes)
			}
			if got != tag || !one.ReadASN1(&list, cbasn1.SEQUENCE) {
				continue
			}
			for !list.Empty() {
				var e cryptobyte.String
				if len(*into) == maxEmbedded || !list.ReadASN1Element(&e, cbasn1.SEQUENCE) {
					return fmt.Errorf("revocation information: %w", ErrAttributes)
				}
				*into = append(*into, e)
			}
		}
	}
	return nil
}

// tell finds the dialect, and refuses what belongs to none.
func (d *Detached) tell(inside asn1.ObjectIdentifier) error {
	gmOuter, gmInside := d.outer.Equal(der.GMSignedData), inside.Equal(der.GMData)
	plainOuter, plainInside := d.outer.Equal(der.SignedData), inside.Equal(der.Data)
	if !gmOuter && !plainOuter || !gmInside && !plainInside {
		return bad("content types")
	}
	if d.signed == nil {
		if d.digest.oid == nil || !d.digest.oid.Equal(der.SM3) || len(d.content) != gm.DigestSize {
			return fmt.Errorf("no signed attributes: %w", ErrAttributes)
		}
		d.Dialect = DialectDigest
		if len(d.Value) == rawSize {
			d.Dialect = DialectRaw
		}
		return nil
	}
	if d.content != nil {
		return fmt.Errorf("content in a detached signature: %w", ErrFormat)
	}
	said, err := contentTypeOf(d.attributes)
	if err != nil {
		return err
	}
	switch {
	case said.Equal(inside) && gmOuter && gmInside && d.Named:
		d.Dialect = DialectGM
	case said.Equal(inside) && plainOuter && plainInside && d.Named && d.SigningTime.IsZero():
		d.Dialect = DialectPAdES
	case said.Equal(inside):
		d.Dialect = DialectAdobe
	case gmOuter && plainInside && said.Equal(der.GMData):
		d.Dialect = DialectMixed
	default:
		return fmt.Errorf("content type %v inside of %v: %w", said, inside, ErrAttributes)
	}
	return nil
}

func contentTypeOf(attributes []Attribute) (asn1.ObjectIdentifier, error) {
	value := cryptobyte.String(find(attributes, der.AttrContentType))
	var oid asn1.ObjectIdentifier
	if !value.ReadASN1ObjectIdentifier(&oid) || !value.Empty() {
		return nil, fmt.Errorf("content type: %w", ErrAttributes)
	}
	return oid, nil
}

// Verify checks that the signature is over a document of this digest, of Hash, by the embedded certificate. Chain, usage and
// times are not judged. Errors: ErrDigest, ErrAttributes, ErrSignature, gm.ErrSignature, ErrWeak.
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
