package ses

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
)

// readV1 reads SESeal ::= SEQUENCE { esealInfo, signInfo SEQUENCE { cert, signatureAlgorithm, signData } } of GM/T 0031-2014.
// What is signed is a SEQUENCE of esealInfo, cert and signatureAlgorithm, which stands nowhere as such.
func (s *Seal) readV1(body cryptobyte.String, q *quirks) error {
	var info, signInfo, cert, value cryptobyte.String
	if !body.ReadASN1Element(&info, cbasn1.SEQUENCE) || !body.ReadASN1(&signInfo, cbasn1.SEQUENCE) || !body.Empty() {
		return bad("SESeal of version 1")
	}
	number, err := readHeaderVersion(info)
	if err != nil {
		return err
	}
	if number != Version1 {
		q.note(QuirkV1Number)
	}
	s.Version = Version1
	if err := s.Info.read(info, Version1, q); err != nil {
		return err
	}
	rest := signInfo
	if !rest.ReadASN1(&cert, cbasn1.OCTET_STRING) || !rest.ReadASN1ObjectIdentifier(&s.SignAlg) {
		return bad("SES_SignInfo")
	}
	named := signInfo[:len(signInfo)-len(rest)] // cert and signatureAlgorithm as received
	if !readBits(&rest, &value) || !rest.Empty() {
		return bad("SES_SignInfo")
	}
	if err := checkSigned("SES_SignInfo", cert, s.SignAlg, value, q); err != nil {
		return err
	}
	s.MakerCert, s.Signature = cert, value
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(info)
		b.AddBytes(named)
	})
	if s.signed, err = b.Bytes(); err != nil {
		return fmt.Errorf("putting together what the maker signed: %w", err)
	}
	return nil
}

// readListedV1 reads one entry of certList; what is no certificate lists nobody.
func (i *SealInfo) readListedV1(list *cryptobyte.String, q *quirks) error {
	var entry cryptobyte.String
	var tag cbasn1.Tag
	if !list.ReadAnyASN1(&entry, &tag) {
		return bad("SES_ESPropertyInfo.certList")
	}
	if tag != cbasn1.OCTET_STRING || len(entry) == 0 || len(entry) > MaxCertificate {
		q.note(QuirkV1CertList)
		return nil
	}
	i.Certs = append(i.Certs, entry)
	return nil
}

// readV1 reads TBS_Sign of version 1, which holds certificate and algorithm, and the signature after it.
func (s *Signature) readV1(tbs cryptobyte.String, after *cryptobyte.String, q *quirks) error {
	var body, cert, value cryptobyte.String
	var number int
	if !tbs.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1Integer(&number) {
		return bad("TBS_Sign.version")
	}
	if number != Version1 {
		q.note(QuirkV1Number)
	}
	var err error
	if s.Seal, err = readSeal(&body); err != nil {
		return err
	}
	if s.Seal.Version != Version1 {
		return fmt.Errorf("a seal of version %d in a signature of version 1: %w", s.Seal.Version, ErrFormat)
	}
	s.Version = Version1
	if err := s.readTimeInfo(&body, q); err != nil {
		return err
	}
	if err := s.readHashed(&body); err != nil {
		return err
	}
	if !body.ReadASN1(&cert, cbasn1.OCTET_STRING) || !body.ReadASN1ObjectIdentifier(&s.SignAlg) || !body.Empty() {
		return bad("TBS_Sign of version 1")
	}
	if !readBits(after, &value) || !after.Empty() {
		return bad("SES_Signature of version 1")
	}
	if err := checkSigned("SES_Signature", cert, s.SignAlg, value, q); err != nil {
		return err
	}
	s.SignerCert, s.Value = cert, value
	return nil
}

// readTimeInfo reads timeInfo of version 1: a BIT STRING with a timestamp token or an encoded time. Vendors put text there, or a
// time without the BIT STRING.
func (s *Signature) readTimeInfo(body *cryptobyte.String, q *quirks) error {
	if body.PeekASN1Tag(cbasn1.UTCTime) || body.PeekASN1Tag(cbasn1.GeneralizedTime) {
		element := *body
		at, err := readTime(body, cbasn1.UTCTime, q)
		if err != nil {
			return fmt.Errorf("TBS_Sign.timeInfo: %w", err)
		}
		q.note(QuirkV1TimeElement)
		s.Time, s.TimeInfo = at, element[:len(element)-len(*body)]
		return nil
	}
	var content cryptobyte.String
	if !readBits(body, &content) {
		return bad("TBS_Sign.timeInfo")
	}
	if len(content) > MaxTimestamp {
		return fmt.Errorf("TBS_Sign.timeInfo: %w", ErrLimit)
	}
	s.TimeInfo = content
	inner := content
	var tag cbasn1.Tag
	var skip cryptobyte.String
	isDER := der.Check(content, der.Limits{MaxBytes: MaxTimestamp}) == nil && inner.ReadAnyASN1(&skip, &tag)
	switch inner = content; {
	case isDER && (tag == cbasn1.UTCTime || tag == cbasn1.GeneralizedTime):
		at, err := readTime(&inner, cbasn1.UTCTime, q)
		if err != nil {
			return fmt.Errorf("TBS_Sign.timeInfo: %w", err)
		}
		s.Time = at
	case isDER && tag == cbasn1.SEQUENCE: // a token, for package tsp
	default:
		s.readTimeText(string(content), q)
	}
	return nil
}

// maxTimeText bounds the text of a time, in bytes; the longest known form has 35.
const maxTimeText = 64

// readTimeText reads the forms of text that are met. Without a zone it is the time of China.
func (s *Signature) readTimeText(text string, q *quirks) {
	china := time.FixedZone("CST", 8*60*60)
	text = strings.TrimSpace(strings.TrimRight(text, "\x00"))
	if len(text) <= maxTimeText {
		for _, layout := range []string{
			time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006/01/02 15:04:05",
			"20060102150405Z", "20060102150405", "060102150405Z",
		} {
			if at, err := time.ParseInLocation(layout, text, china); err == nil && at.Year() >= 1950 && at.Year() <= 9999 {
				if strings.HasSuffix(layout, "Z") {
					at = time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
				}
				s.Time = at.UTC()
				q.note(QuirkV1TimeText)
				return
			}
		}
	}
	q.note(QuirkV1TimeUnknown)
}
