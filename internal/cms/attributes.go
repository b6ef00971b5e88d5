package cms

import (
	"bytes"
	"encoding/asn1"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

var (
	attrSigningCertV1 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	attrTimestamp     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}
	attrRevocation    = asn1.ObjectIdentifier{1, 2, 840, 113583, 1, 1, 8}
	tag1              = cbasn1.Tag(1).Constructed().ContextSpecific()
)

// readSet wants attributes in ascending order, each once with one value: DER.
func readSet(in cryptobyte.String) (attributes []Attribute, err error) {
	var last cryptobyte.String
	for !in.Empty() {
		var element cryptobyte.String
		if !in.ReadASN1Element(&element, cbasn1.SEQUENCE) || len(attributes) == MaxAttributes {
			return nil, fmt.Errorf("form or number: %w", ErrAttributes)
		}
		if bytes.Compare(last, element) >= 0 {
			return nil, ErrAttributeOrder
		}
		last = element
		kind, values, ok := splitAttribute(element)
		var value cryptobyte.String
		var tag cbasn1.Tag
		if !ok || !values.ReadAnyASN1Element(&value, &tag) || !values.Empty() {
			return nil, fmt.Errorf("attribute %v has not one value: %w", kind, ErrAttributes)
		}
		if find(attributes, kind) != nil {
			return nil, fmt.Errorf("attribute %v twice: %w", kind, ErrAttributeOrder)
		}
		attributes = append(attributes, Attribute{Type: kind, Value: value})
	}
	return attributes, nil
}

func splitAttribute(element cryptobyte.String) (kind asn1.ObjectIdentifier, values cryptobyte.String, ok bool) {
	var attribute cryptobyte.String
	ok = element.ReadASN1(&attribute, cbasn1.SEQUENCE) && attribute.ReadASN1ObjectIdentifier(&kind) &&
		attribute.ReadASN1(&values, cbasn1.SET) && attribute.Empty()
	return kind, values, ok
}

// readUnsigned takes the timestamp out of the unsigned attributes. Nobody signed those: their order and the other ones mean
// nothing, but there may be one timestamp only, so that all readers see the same.
func (d *Detached) readUnsigned(in cryptobyte.String) error {
	for n := 0; !in.Empty(); n++ {
		var element, token cryptobyte.String
		if n == MaxAttributes || !in.ReadASN1Element(&element, cbasn1.SEQUENCE) {
			return fmt.Errorf("unsigned: form or number: %w", ErrAttributes)
		}
		d.unsigned = append(d.unsigned, element)
		kind, values, ok := splitAttribute(element)
		switch {
		case !ok:
			return fmt.Errorf("unsigned attribute %v: %w", kind, ErrAttributes)
		case !kind.Equal(attrTimestamp):
		case d.Timestamp != nil, !values.ReadASN1Element(&token, cbasn1.SEQUENCE), !values.Empty():
			return fmt.Errorf("not one timestamp: %w", ErrAttributes)
		default:
			d.Timestamp = token
		}
	}
	return nil
}

func find(attributes []Attribute, oid asn1.ObjectIdentifier) []byte {
	if i := slices.IndexFunc(attributes, func(a Attribute) bool { return a.Type.Equal(oid) }); i >= 0 {
		return attributes[i].Value
	}
	return nil
}

func contentTypeOf(attributes []Attribute) (oid asn1.ObjectIdentifier, err error) {
	value := cryptobyte.String(find(attributes, der.AttrContentType))
	if value == nil {
		return nil, fmt.Errorf("content type: %w", ErrMissing)
	}
	if !value.ReadASN1ObjectIdentifier(&oid) || !value.Empty() {
		return nil, fmt.Errorf("content type: %w", ErrAttributes)
	}
	return oid, nil
}

// readSigned takes what the signed attributes say.
func (d *Detached) readSigned() error {
	if value := find(d.attributes, der.AttrSigningTime); value != nil {
		var err error
		if d.SigningTime, err = readSigningTime(value); err != nil {
			return err
		}
	}
	if err := d.readNamed(); err != nil {
		return err
	}
	return d.readRevocation(find(d.attributes, attrRevocation))
}

func readSigningTime(value []byte) (at time.Time, err error) {
	in := cryptobyte.String(value)
	read := in.ReadASN1GeneralizedTime
	if in.PeekASN1Tag(cbasn1.UTCTime) {
		read = in.ReadASN1UTCTime
	}
	if !read(&at) || !in.Empty() {
		return at, fmt.Errorf("signing time: %w", ErrAttributes)
	}
	return at.UTC(), nil
}

// readRevocation reads Adobe's archive of revocation information: [0] CRLs, [1] OCSP responses.
func (d *Detached) readRevocation(value []byte) error {
	if value == nil {
		return nil
	}
	wrong := fmt.Errorf("revocation information: %w", ErrAttributes)
	in := cryptobyte.String(value)
	var outer cryptobyte.String
	if !in.ReadASN1(&outer, cbasn1.SEQUENCE) || !in.Empty() {
		return wrong
	}
	for !outer.Empty() {
		var one, list, e cryptobyte.String
		var tag cbasn1.Tag
		if !outer.ReadAnyASN1(&one, &tag) {
			return wrong
		}
		if tag != tag0 && tag != tag1 {
			continue // [2] is of no known form
		}
		if !one.ReadASN1(&list, cbasn1.SEQUENCE) || !one.Empty() {
			return wrong
		}
		for !list.Empty() {
			if len(d.CRLs)+len(d.OCSPs) == maxEmbedded || !list.ReadASN1Element(&e, cbasn1.SEQUENCE) {
				return wrong
			}
			if tag == tag0 {
				d.CRLs = append(d.CRLs, e)
			} else {
				d.OCSPs = append(d.OCSPs, e)
			}
		}
	}
	return nil
}

// readNamed checks the attributes that name the signing certificate (RFC 5035; that of RFC 2634, by SHA-1, is held to the
// same, and is a quirk).
func (d *Detached) readNamed() error {
	v1, v2 := find(d.attributes, attrSigningCertV1), find(d.attributes, der.AttrSigningCertV2)
	if v1 != nil {
		if err := d.checkNamed(v1, false); err != nil {
			return err
		}
	}
	switch {
	case v2 != nil:
		d.Named = true
		return d.checkNamed(v2, true)
	case v1 != nil:
		d.Quirks = append(d.Quirks, QuirkESSv1)
	default:
		d.Quirks = append(d.Quirks, QuirkUnnamed)
	}
	return nil
}

// checkNamed holds the first ESSCertID of a SigningCertificate against the signer's certificate: hash and, where it is
// there, issuer and serial number.
func (d *Detached) checkNamed(value []byte, v2 bool) error {
	wrong := fmt.Errorf("signing certificate: %w", ErrAttributes)
	in := cryptobyte.String(value)
	var outer, list, id, policies cryptobyte.String
	var hash []byte
	if !in.ReadASN1(&outer, cbasn1.SEQUENCE) || !in.Empty() || !outer.ReadASN1(&list, cbasn1.SEQUENCE) ||
		!outer.Empty() && (!outer.ReadASN1(&policies, cbasn1.SEQUENCE) || !outer.Empty()) || !list.ReadASN1(&id, cbasn1.SEQUENCE) {
		return wrong
	}
	matches := func(hash []byte) bool { return namesBySHA1(hash, d.Signer) }
	if v2 {
		alg, err := digestOf(der.SHA256)
		if err == nil && id.PeekASN1Tag(cbasn1.SEQUENCE) {
			alg, err = readDigest(&id)
		}
		if err != nil {
			return fmt.Errorf("signing certificate: %w", err)
		}
		matches = func(hash []byte) bool { return bytes.Equal(hash, alg.sum(d.Signer)) }
	}
	if !id.ReadASN1Bytes(&hash, cbasn1.OCTET_STRING) {
		return wrong
	}
	if !matches(hash) || !id.Empty() && !isIssuerSerial(id, d.cert) {
		return ErrNamed
	}
	return nil
}

// isIssuerSerial reports whether IssuerSerial (RFC 5035, 5) is of a certificate: GeneralNames with one directoryName, serial.
func isIssuerSerial(in cryptobyte.String, cert *gm.Certificate) bool {
	var body, names, name, serial cryptobyte.String
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !in.Empty() || !body.ReadASN1(&names, cbasn1.SEQUENCE) ||
		!names.ReadASN1(&name, cbasn1.Tag(4).Constructed().ContextSpecific()) || !names.Empty() ||
		!body.ReadASN1Element(&serial, cbasn1.INTEGER) || !body.SkipOptionalASN1(cbasn1.BIT_STRING) || !body.Empty() {
		return false
	}
	named, err := isNamed(cert, name, serial)
	return err == nil && named
}
