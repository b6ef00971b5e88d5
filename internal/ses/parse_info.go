package ses

import (
	"encoding/asn1"
	"fmt"
	"math"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// read reads SES_SealInfo of a version, whose header's ID has been checked.
func (i *SealInfo) read(in cryptobyte.String, version int, q *quirks) error {
	var body, header, id, vendor, esID, property, picture, kind, data cryptobyte.String
	switch {
	case !in.ReadASN1(&body, cbasn1.SEQUENCE),
		!body.ReadASN1(&header, cbasn1.SEQUENCE),
		!header.ReadASN1(&id, cbasn1.IA5String), !header.ReadASN1Integer(&i.Version),
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
	if err := i.readProperty(property, version, q); err != nil {
		return err
	}
	var err error
	if i.Extensions, err = readExtensions(&body, false, q); err != nil {
		return fmt.Errorf("SES_SealInfo: %w", err)
	}
	if !body.Empty() {
		return bad("SES_SealInfo")
	}
	return nil
}

// readProperty reads SES_ESPropertyInfo: version 1 has no certListType, and its times are of the other form.
func (i *SealInfo) readProperty(in cryptobyte.String, version int, q *quirks) error {
	var name, list cryptobyte.String
	listType, times := int64(listsCerts), cbasn1.GeneralizedTime
	if version == Version1 {
		times = cbasn1.UTCTime
	}
	if !in.ReadASN1Integer(&i.Type) || i.Type < 0 || i.Type > math.MaxInt32 ||
		!in.ReadASN1(&name, cbasn1.UTF8String) || len(name) == 0 ||
		version != Version1 && (!in.ReadASN1Integer(&listType) || listType != listsCerts && listType != listsDigests) ||
		!in.ReadASN1(&list, cbasn1.SEQUENCE) || version != Version1 && list.Empty() {
		return bad("SES_ESPropertyInfo")
	}
	if len(name) > MaxText {
		return fmt.Errorf("SES_ESPropertyInfo.name: %w", ErrLimit)
	}
	i.Name = string(name)
	for n := 0; !list.Empty(); n++ {
		if n == MaxSigners {
			return fmt.Errorf("SES_ESPropertyInfo.certList: %w", ErrLimit)
		}
		var err error
		switch {
		case listType == listsDigests:
			err = i.readDigest(&list, q)
		case version == Version1:
			err = i.readListedV1(&list, q)
		default:
			err = i.readListed(&list)
		}
		if err != nil {
			return err
		}
	}
	for _, at := range []*time.Time{&i.Created, &i.NotBefore, &i.NotAfter} {
		var err error
		if *at, err = readTime(&in, times, q); err != nil {
			return fmt.Errorf("times of SES_ESPropertyInfo: %w", err)
		}
	}
	if !in.Empty() {
		return bad("times of SES_ESPropertyInfo")
	}
	return nil
}

func (i *SealInfo) readListed(list *cryptobyte.String) error {
	var cert cryptobyte.String
	if !list.ReadASN1(&cert, cbasn1.OCTET_STRING) || len(cert) == 0 || len(cert) > MaxCertificate {
		return bad("SES_ESPropertyInfo.certList")
	}
	i.Certs = append(i.Certs, cert)
	return nil
}

func (i *SealInfo) readDigest(list *cryptobyte.String, q *quirks) error {
	var entry, kind cryptobyte.String
	var digest []byte
	if !list.ReadASN1(&entry, cbasn1.SEQUENCE) || !entry.ReadASN1(&kind, cbasn1.PrintableString) ||
		!entry.ReadASN1Bytes(&digest, cbasn1.OCTET_STRING) || !entry.Empty() || len(digest) == 0 || len(digest) > maxDigest || len(kind) > MaxText {
		return bad("SES_ESPropertyInfo.certDigestList")
	}
	if string(kind) != digestTypeText {
		q.note(QuirkDigestType)
	}
	switch {
	case !isSM3(string(kind)):
		i.OtherDigests = append(i.OtherDigests, CertDigest{string(kind), digest})
	case len(digest) != gm.DigestSize:
		return bad("SES_ESPropertyInfo.certDigestList")
	default:
		i.CertDigests = append(i.CertDigests, gm.Digest(digest))
	}
	return nil
}

// maxDigest bounds a digest of a certificate, in bytes: that of SHA-512.
const maxDigest = 64

// isSM3 reports whether a text names SM3: 401.2 is that of HMAC, which vendors write for SM3 (standards.md, 9, 6).
func isSM3(kind string) bool {
	return kind == digestTypeText || kind == digestTypeText+".1" || kind == digestTypeText+".2" || strings.EqualFold(kind, "SM3")
}

func isSHA256(kind string) bool {
	return kind == der.SHA256.String() || strings.EqualFold(kind, "SHA256") || strings.EqualFold(kind, "SHA-256")
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

// readTime reads a time of whole seconds in the form that belongs there, or in the other one.
func readTime(in *cryptobyte.String, form cbasn1.Tag, q *quirks) (time.Time, error) {
	var content cryptobyte.String
	var tag cbasn1.Tag
	if !in.ReadAnyASN1(&content, &tag) || tag != cbasn1.GeneralizedTime && tag != cbasn1.UTCTime {
		return time.Time{}, ErrFormat
	}
	if tag != form {
		q.note(QuirkTimeForm)
	}
	if tag == cbasn1.UTCTime {
		t, ok := parseUTCTime(string(content))
		if !ok {
			return time.Time{}, ErrFormat
		}
		return t, nil
	}
	t, ok := der.ParseGeneralizedTime(string(content))
	if !ok || !isTime(t) {
		return time.Time{}, ErrFormat
	}
	return t, nil
}

// parseUTCTime reads YYMMDDHHMMSSZ with years from 1950 to 2049 (RFC 5280, 4.1.2.5.1).
func parseUTCTime(s string) (time.Time, bool) {
	t, err := time.Parse("060102150405Z", s)
	if err != nil {
		return time.Time{}, false
	}
	if t.Year() >= 2050 {
		t = t.AddDate(-100, 0, 0)
	}
	return t, true
}

// readExtensions reads ExtensionDatas, if it is there: in [0] where tagged says so, else plain; each is met for the other.
func readExtensions(in *cryptobyte.String, tagged bool, q *quirks) ([]Extension, error) {
	var wrapped, list cryptobyte.String
	switch {
	case in.PeekASN1Tag(tag0):
		if !in.ReadASN1(&wrapped, tag0) || !wrapped.ReadASN1(&list, cbasn1.SEQUENCE) || !wrapped.Empty() {
			return nil, bad("extDatas")
		}
		if !tagged {
			q.note(QuirkExtensionsTagged)
		}
	case in.PeekASN1Tag(cbasn1.SEQUENCE):
		if !in.ReadASN1(&list, cbasn1.SEQUENCE) {
			return nil, bad("extDatas")
		}
		if tagged {
			q.note(QuirkExtensionsPlain)
		}
	default:
		return nil, nil
	}
	if list.Empty() {
		q.note(QuirkExtensionsEmpty)
	}
	var out []Extension
	for !list.Empty() {
		e, err := readExtension(&list, q)
		if err != nil {
			return nil, err
		}
		if len(out) == MaxExtensions || len(e.Value) > MaxExtension {
			return nil, fmt.Errorf("extDatas: %w", ErrLimit)
		}
		out = append(out, e)
	}
	return out, nil
}

func readExtension(list *cryptobyte.String, q *quirks) (e Extension, err error) {
	var one, value cryptobyte.String
	var id asn1.ObjectIdentifier
	if !list.ReadASN1(&one, cbasn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&id) {
		return e, bad("extDatas")
	}
	if one.PeekASN1Tag(cbasn1.BOOLEAN) {
		if !one.ReadASN1Boolean(&e.Critical) {
			return e, bad("extDatas")
		}
		if !e.Critical {
			q.note(QuirkExtensionsDefault)
		}
	}
	if !one.ReadASN1(&value, cbasn1.OCTET_STRING) || !one.Empty() {
		return e, bad("extDatas")
	}
	e.ID, e.Value = id, value
	return e, nil
}
