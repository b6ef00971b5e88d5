package ses

import (
	"bytes"
	"encoding/asn1"
	"fmt"
	"math"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// ParseSeal reads exactly one SESeal of version 4 in canonical form. It checks no signature; Verify does. Errors:
// ErrVersion when it is recognisably of version 1 or 5, ErrLimit, ErrFormat.
func ParseSeal(b []byte) (*Seal, error) {
	if err := guard(b, MaxSeal); err != nil {
		return nil, fmt.Errorf("parsing a seal: %w", err)
	}
	in := cryptobyte.String(b)
	s, err := readSeal(&in)
	if err != nil {
		return nil, fmt.Errorf("parsing a seal: %w", err)
	}
	return s, nil
}

// ParseSignature reads exactly one SES_Signature of version 4 in canonical form. It checks no signature; Verify does.
// Errors: ErrVersion when it is recognisably of version 1 or 5, ErrLimit, ErrFormat.
func ParseSignature(b []byte) (*Signature, error) {
	if err := guard(b, MaxSignature); err != nil {
		return nil, fmt.Errorf("parsing a seal signature: %w", err)
	}
	s := &Signature{Raw: bytes.Clone(b)}
	if err := s.read(); err != nil {
		return nil, fmt.Errorf("parsing a seal signature: %w", err)
	}
	return s, nil
}

func guard(b []byte, most int) error {
	if len(b) > most {
		return fmt.Errorf("%d bytes, more than %d: %w", len(b), most, ErrLimit)
	}
	if err := der.Check(b, der.Limits{MaxBytes: most, MaxDepth: maxDepth}); err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return nil
}

func bad(where string) error { return fmt.Errorf("%s: %w", where, ErrFormat) }

// readSeal reads one SESeal element and demands that it re-encodes to itself.
func readSeal(in *cryptobyte.String) (*Seal, error) {
	var whole, body, info, cert, value cryptobyte.String
	if !in.ReadASN1Element(&whole, cbasn1.SEQUENCE) {
		return nil, bad("SESeal")
	}
	s := &Seal{Raw: bytes.Clone(whole)}
	all := cryptobyte.String(s.Raw)
	if !all.ReadASN1(&body, cbasn1.SEQUENCE) {
		return nil, bad("SESeal")
	}
	items := count(body)
	if items == 2 {
		return nil, fmt.Errorf("SESeal has the two parts of GM/T 0031-2014 (version 1): %w", ErrVersion)
	}
	if !body.ReadASN1Element(&info, cbasn1.SEQUENCE) {
		return nil, bad("SESeal.eSealInfo")
	}
	if err := checkHeader(info); err != nil {
		return nil, err
	}
	if items == 5 {
		return nil, fmt.Errorf("SESeal has the five parts of GM/T 0031-2025 (version 5): %w", ErrVersion)
	}
	s.info = info
	if err := s.Info.read(info); err != nil {
		return nil, err
	}
	if !body.ReadASN1(&cert, cbasn1.OCTET_STRING) || !body.ReadASN1ObjectIdentifier(&s.SignAlg) ||
		!readBits(&body, &value) || !body.Empty() {
		return nil, bad("SESeal")
	}
	if err := checkSigned("SESeal", cert, s.SignAlg, value); err != nil {
		return nil, err
	}
	s.MakerCert, s.Signature = cert, value
	encoded, err := s.Info.encode()
	if err != nil {
		return nil, err
	}
	again, err := encodeSeal(encoded, s.MakerCert, s.SignAlg, s.Signature)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, s.Raw) {
		return nil, bad("SESeal is not canonical")
	}
	return s, nil
}

// count returns the number of elements.
func count(in cryptobyte.String) int {
	n := 0
	for !in.Empty() {
		var element cryptobyte.String
		var tag cbasn1.Tag
		if !in.ReadAnyASN1Element(&element, &tag) {
			return -1
		}
		n++
	}
	return n
}

// checkHeader reads no further than the version, so that other versions are named as such.
func checkHeader(info cryptobyte.String) error {
	var body, header cryptobyte.String
	var id cryptobyte.String
	var version int64
	if !info.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1(&header, cbasn1.SEQUENCE) ||
		!header.ReadASN1(&id, cbasn1.IA5String) || string(id) != headerID || !header.ReadASN1Integer(&version) {
		return bad("SES_Header")
	}
	if version != Version {
		return fmt.Errorf("SES_Header.version is %d: %w", version, ErrVersion)
	}
	return nil
}

// read reads SES_SealInfo, whose header's ID and version have been checked.
func (i *SealInfo) read(in cryptobyte.String) error {
	var body, header, id, vendor, esID, property, picture, kind, data cryptobyte.String
	i.Version = Version
	var version int64
	switch {
	case !in.ReadASN1(&body, cbasn1.SEQUENCE),
		!body.ReadASN1(&header, cbasn1.SEQUENCE),
		!header.ReadASN1(&id, cbasn1.IA5String), !header.ReadASN1Integer(&version),
		!header.ReadASN1(&vendor, cbasn1.IA5String) || !header.Empty():
		return bad("SES_Header")
	case !body.ReadASN1(&esID, cbasn1.IA5String) || len(esID) == 0:
		return bad("SES_SealInfo.esID")
	case !body.ReadASN1(&property, cbasn1.SEQUENCE):
		return bad("SES_SealInfo.property")
	case !body.ReadASN1(&picture, cbasn1.SEQUENCE),
		!picture.ReadASN1(&kind, cbasn1.IA5String),
		!picture.ReadASN1(&data, cbasn1.OCTET_STRING) || len(data) == 0,
		!picture.ReadASN1Integer(&i.Picture.Width), !picture.ReadASN1Integer(&i.Picture.Height) || !picture.Empty(),
		!isSide(i.Picture.Width), !isSide(i.Picture.Height):
		return bad("SES_SealInfo.picture")
	}
	if len(vendor) > MaxText || len(esID) > MaxText || len(kind) > MaxText || len(data) > MaxPicture {
		return fmt.Errorf("texts or picture of SES_SealInfo: %w", ErrLimit)
	}
	i.VendorID, i.ID, i.Picture.Type, i.Picture.Data = string(vendor), string(esID), string(kind), data
	if err := i.readProperty(property); err != nil {
		return err
	}
	if !body.Empty() {
		var err error
		if i.Extensions, err = readExtensions(&body); err != nil {
			return err
		}
	}
	if !body.Empty() {
		return bad("SES_SealInfo")
	}
	return nil
}

func (i *SealInfo) readProperty(in cryptobyte.String) error {
	var name, list cryptobyte.String
	var listType int64
	if !in.ReadASN1Integer(&i.Type) || i.Type < 0 || i.Type > math.MaxInt32 ||
		!in.ReadASN1(&name, cbasn1.UTF8String) || len(name) == 0 ||
		!in.ReadASN1Integer(&listType) || listType != listsCerts && listType != listsDigests ||
		!in.ReadASN1(&list, cbasn1.SEQUENCE) || list.Empty() {
		return bad("SES_ESPropertyInfo")
	}
	if len(name) > MaxText {
		return fmt.Errorf("SES_ESPropertyInfo.name: %w", ErrLimit)
	}
	i.Name = string(name)
	for !list.Empty() {
		if len(i.Certs)+len(i.CertDigests) == MaxSigners {
			return fmt.Errorf("SES_ESPropertyInfo.certList: %w", ErrLimit)
		}
		if listType == listsCerts {
			var cert cryptobyte.String
			if !list.ReadASN1(&cert, cbasn1.OCTET_STRING) || len(cert) == 0 || len(cert) > MaxCertificate {
				return bad("SES_ESPropertyInfo.certList")
			}
			i.Certs = append(i.Certs, cert)
			continue
		}
		var entry, kind cryptobyte.String
		var digest []byte
		if !list.ReadASN1(&entry, cbasn1.SEQUENCE) || !entry.ReadASN1(&kind, cbasn1.PrintableString) || string(kind) != digestTypeText ||
			!entry.ReadASN1Bytes(&digest, cbasn1.OCTET_STRING) || !entry.Empty() || len(digest) != gm.DigestSize {
			return bad("SES_ESPropertyInfo.certDigestList")
		}
		i.CertDigests = append(i.CertDigests, gm.Digest(digest))
	}
	if !readTime(&in, &i.Created) || !readTime(&in, &i.NotBefore) || !readTime(&in, &i.NotAfter) || !in.Empty() {
		return bad("times of SES_ESPropertyInfo")
	}
	return nil
}

// read reads the SES_Signature in Raw and demands that it re-encodes to itself.
func (s *Signature) read() error {
	all := cryptobyte.String(s.Raw)
	var body, tbs, cert, value cryptobyte.String
	if !all.ReadASN1(&body, cbasn1.SEQUENCE) {
		return bad("SES_Signature")
	}
	items := count(body)
	if items == 2 {
		return fmt.Errorf("SES_Signature has the two parts of GM/T 0031-2014 (version 1): %w", ErrVersion)
	}
	if !body.ReadASN1Element(&tbs, cbasn1.SEQUENCE) {
		return bad("TBS_Sign")
	}
	s.tbs = tbs
	if err := s.readTBS(tbs); err != nil {
		return err
	}
	if !body.ReadASN1(&cert, cbasn1.OCTET_STRING) || !body.ReadASN1ObjectIdentifier(&s.SignAlg) || !readBits(&body, &value) {
		return bad("SES_Signature")
	}
	if err := checkSigned("SES_Signature", cert, s.SignAlg, value); err != nil {
		return err
	}
	s.SignerCert, s.Value = cert, value
	if !body.Empty() {
		var wrapped, token cryptobyte.String
		if !body.ReadASN1(&wrapped, tag0) || !body.Empty() || !readBits(&wrapped, &token) || !wrapped.Empty() || len(token) == 0 {
			return bad("SES_Signature.timeStamp")
		}
		if len(token) > MaxTimestamp {
			return fmt.Errorf("SES_Signature.timeStamp: %w", ErrLimit)
		}
		s.Timestamp = token
	}
	inner, err := encodeTBS(s.Seal.Raw, s.Time, s.DataHash, s.Property, s.Extensions)
	if err != nil {
		return err
	}
	again, err := encodeSignature(inner, s.SignerCert, s.SignAlg, s.Value, s.Timestamp)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, s.Raw) {
		return bad("SES_Signature is not canonical")
	}
	return nil
}

func (s *Signature) readTBS(in cryptobyte.String) error {
	var body, hash, property cryptobyte.String
	var version int64
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1Integer(&version) {
		return bad("TBS_Sign.version")
	}
	var err error
	if s.Seal, err = readSeal(&body); err != nil {
		return err
	}
	if version != Version {
		return fmt.Errorf("TBS_Sign.version is %d: %w", version, ErrVersion)
	}
	if !readTime(&body, &s.Time) {
		return bad("TBS_Sign.timeInfo")
	}
	if !readBits(&body, &hash) || len(hash) != gm.DigestSize {
		return bad("TBS_Sign.dataHash")
	}
	if !body.ReadASN1(&property, cbasn1.IA5String) {
		return bad("TBS_Sign.propertyInfo")
	}
	if len(property) > MaxText {
		return fmt.Errorf("TBS_Sign.propertyInfo: %w", ErrLimit)
	}
	s.DataHash, s.Property = gm.Digest(hash), string(property)
	if !body.Empty() {
		var wrapped cryptobyte.String
		if !body.ReadASN1(&wrapped, tag0) || !body.Empty() {
			return bad("TBS_Sign.extDatas")
		}
		if s.Extensions, err = readExtensions(&wrapped); err != nil {
			return err
		}
		if !wrapped.Empty() {
			return bad("TBS_Sign.extDatas")
		}
	}
	return nil
}

// checkSigned checks the three parts after what was signed: a certificate of bearable size, SM2 with SM3, and r and s in
// their one spelling.
func checkSigned(where string, cert []byte, alg asn1.ObjectIdentifier, value []byte) error {
	if len(cert) > MaxCertificate {
		return fmt.Errorf("%s.cert: %w", where, ErrLimit)
	}
	if err := der.Check(cert, der.Limits{MaxBytes: MaxCertificate}); err != nil {
		return fmt.Errorf("%s.cert: %w: %w", where, ErrFormat, err)
	}
	if !alg.Equal(der.SM2WithSM3) {
		return fmt.Errorf("%s: signature algorithm %v: %w", where, alg, ErrFormat)
	}
	if _, _, err := gm.ParseSignature(value); err != nil {
		return fmt.Errorf("%s: signature value: %w: %w", where, ErrFormat, err)
	}
	return nil
}

// readBits reads a BIT STRING of whole bytes.
func readBits(in, out *cryptobyte.String) bool {
	var bits cryptobyte.String
	var unused uint8
	if !in.ReadASN1(&bits, cbasn1.BIT_STRING) || !bits.ReadUint8(&unused) || unused != 0 {
		return false
	}
	*out = bits
	return true
}

// readTime reads a GeneralizedTime of whole seconds.
func readTime(in *cryptobyte.String, out *time.Time) bool {
	var content cryptobyte.String
	if !in.ReadASN1(&content, cbasn1.GeneralizedTime) {
		return false
	}
	t, ok := der.ParseGeneralizedTime(string(content))
	*out = t
	return ok && isTime(t)
}

// readExtensions reads an ExtensionDatas of at least one.
func readExtensions(in *cryptobyte.String) ([]Extension, error) {
	var list cryptobyte.String
	if !in.ReadASN1(&list, cbasn1.SEQUENCE) || list.Empty() {
		return nil, bad("extDatas")
	}
	var out []Extension
	for !list.Empty() {
		var one, value cryptobyte.String
		var e Extension
		if !list.ReadASN1(&one, cbasn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&e.ID) ||
			one.PeekASN1Tag(cbasn1.BOOLEAN) && !one.ReadASN1Boolean(&e.Critical) ||
			!one.ReadASN1(&value, cbasn1.OCTET_STRING) || !one.Empty() {
			return nil, bad("extDatas")
		}
		if len(out) == MaxExtensions || len(value) > MaxExtension {
			return nil, fmt.Errorf("extDatas: %w", ErrLimit)
		}
		e.Value = value
		out = append(out, e)
	}
	return out, nil
}
