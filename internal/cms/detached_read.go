package cms

import (
	"bytes"
	"encoding/asn1"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

func (d *Detached) read(b []byte) error {
	in := cryptobyte.String(b)
	var info, wrapped, signed, digests, content, inner cryptobyte.String
	var version int64
	if !in.ReadASN1(&info, cbasn1.SEQUENCE) || !in.Empty() || !info.ReadASN1ObjectIdentifier(&d.outer) ||
		!info.ReadASN1(&wrapped, tag0) || !info.Empty() || !wrapped.ReadASN1(&signed, cbasn1.SEQUENCE) || !wrapped.Empty() ||
		!d.outer.Equal(der.GMSignedData) && !d.outer.Equal(der.SignedData) {
		return bad("ContentInfo")
	}
	whole := signed
	if !signed.ReadASN1Integer(&version) || version < 1 || version == 2 || version > 5 || !signed.ReadASN1(&digests, cbasn1.SET) {
		return bad("version and digestAlgorithms")
	}
	if !signed.ReadASN1(&content, cbasn1.SEQUENCE) || !content.ReadASN1ObjectIdentifier(&d.ContentType) {
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
	return d.listed(digests)
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
	if !signed.PeekASN1Tag(tag1) {
		return nil
	}
	if !signed.ReadASN1(&crls, tag1) {
		return bad("crls")
	}
	for !crls.Empty() {
		var crl cryptobyte.String
		var tag cbasn1.Tag
		if len(d.CRLs)+len(d.OCSPs) == maxEmbedded || !crls.ReadAnyASN1Element(&crl, &tag) {
			return bad("crls")
		}
		if tag == cbasn1.SEQUENCE { // [1] is another format of revocation information (RFC 5652, 10.2.1)
			d.CRLs = append(d.CRLs, crl)
		} else if answer, ok := otherAnswer(crl); ok {
			d.OCSPs = append(d.OCSPs, answer)
		}
	}
	return nil
}

// idOCSPResponse is id-ri-ocsp-response (RFC 5940, 2.1).
func idOCSPResponse() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 16, 2}
}

// otherAnswer takes the OCSP response out of OtherRevocationInfoFormat.
func otherAnswer(in cryptobyte.String) ([]byte, bool) {
	var body, answer cryptobyte.String
	var id asn1.ObjectIdentifier
	ok := in.ReadASN1(&body, tag1) && body.ReadASN1ObjectIdentifier(&id) && id.Equal(idOCSPResponse()) &&
		body.ReadASN1Element(&answer, cbasn1.SEQUENCE) && body.Empty()
	return answer, ok
}

func (d *Detached) readSigner(in cryptobyte.String) error {
	whole := in
	var version int64
	if !in.ReadASN1Integer(&version) || version != 1 && version != 3 {
		return bad("SignerInfo.version")
	}
	sid := in
	if !in.SkipASN1(sidTag(version)) {
		return bad("SignerInfo.sid")
	}
	var err error
	if d.digest, err = readDigest(&in); err != nil {
		return err
	}
	if in.PeekASN1Tag(tag0) {
		var attributes cryptobyte.String
		if !in.ReadASN1(&attributes, tag0) || attributes.Empty() {
			return fmt.Errorf("SignerInfo.signedAttrs: %w", ErrMissing)
		}
		d.signed = attributes
		if d.attributes, err = readSet(attributes); err != nil {
			return err
		}
	}
	var alg asn1.ObjectIdentifier
	if d.sign, alg, err = readScheme(&in, d.digest); err != nil {
		return err
	}
	if alg.Equal(der.SM2WithSM3) {
		d.Quirks = append(d.Quirks, QuirkSM2WithSM3)
	}
	if !in.ReadASN1Bytes(&d.Value, cbasn1.OCTET_STRING) || len(d.Value) == 0 {
		return bad("SignerInfo.signature")
	}
	if d.raw() {
		d.Quirks = append(d.Quirks, QuirkRaw)
	}
	d.info = whole[:len(whole)-len(in)]
	if !in.Empty() {
		var unsigned cryptobyte.String
		if !in.ReadASN1(&unsigned, tag1) || !in.Empty() {
			return bad("SignerInfo.unsignedAttrs")
		}
		if err := d.readUnsigned(unsigned); err != nil {
			return err
		}
	}
	if err := d.findSigner(sid, version); err != nil {
		return err
	}
	return d.readSigned()
}

func sidTag(version int64) cbasn1.Tag {
	if version == 3 {
		return cbasn1.Tag(0).ContextSpecific()
	}
	return cbasn1.SEQUENCE
}

// raw reports whether an SM2 signature stands there as r and s.
func (d *Detached) raw() bool {
	if d.sign.kind != kindSM2 || len(d.Value) != gm.RawSignatureSize {
		return false
	}
	_, _, err := gm.ParseSignature(d.Value)
	return err != nil
}

func (d *Detached) drop(quirk string) {
	d.Quirks = slices.DeleteFunc(d.Quirks, func(q string) bool { return q == quirk })
}

// findSigner finds the signer's certificate by issuer and serial number, or by its key identifier.
func (d *Detached) findSigner(in cryptobyte.String, version int64) error {
	var sid, issuer, serial, key cryptobyte.String
	byKey := version == 3
	if byKey && (!in.ReadASN1(&key, sidTag(version)) || len(key) == 0) ||
		!byKey && (!in.ReadASN1(&sid, cbasn1.SEQUENCE) || !sid.ReadASN1Element(&issuer, cbasn1.SEQUENCE) ||
			!sid.ReadASN1Element(&serial, cbasn1.INTEGER) || !sid.Empty()) {
		return bad("SignerInfo.sid")
	}
	var odd []string
	for _, raw := range d.Certificates {
		cert, oddities, err := gm.ParseAnyCertificate(raw)
		if err != nil {
			continue // another one may be of a kind that is not read here; the signer's must be
		}
		named := byKey && bytes.Equal(cert.SubjectKeyId, key)
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
		d.cert, d.Signer, odd = cert, raw, oddities
	}
	if d.cert == nil {
		return ErrNoCertificate
	}
	d.Quirks = append(d.Quirks, odd...)
	return nil
}
