package ses

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

// ParseSeal reads exactly one SESeal of version 1, 4 or 5. One of version 4 is in canonical form or its Dialect says what is
// not. It checks no signature; Verify does. Errors: ErrVersion for another version, ErrLimit, ErrFormat, ErrAlgorithm.
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

// ParseSignature reads exactly one SES_Signature of version 1, 4 or 5. One of version 4 is in canonical form or its Dialect, or
// that of its seal, says what is not. It checks no signature; Verify does. Errors: ErrVersion for another version, ErrLimit,
// ErrFormat, ErrAlgorithm.
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

// quirks collects what deviates from the standard, each once.
type quirks []string

func (q *quirks) note(quirk string) {
	if quirk != "" && !slices.Contains(*q, quirk) {
		*q = append(*q, quirk)
	}
}

// readSeal reads one SESeal element of any version: it has two parts in version 1, four in version 4, and four or five in
// version 5.
func readSeal(in *cryptobyte.String) (*Seal, error) {
	var whole, body cryptobyte.String
	if !in.ReadASN1Element(&whole, cbasn1.SEQUENCE) {
		return nil, bad("SESeal")
	}
	s := &Seal{Raw: bytes.Clone(whole)}
	all := cryptobyte.String(s.Raw)
	if !all.ReadASN1(&body, cbasn1.SEQUENCE) {
		return nil, bad("SESeal")
	}
	var q quirks
	var err error
	parts := count(body)
	if parts == 2 {
		err = s.readV1(body, &q)
	} else {
		err = s.readBody(body, parts, &q)
	}
	if err != nil {
		return nil, err
	}
	s.Dialect = q
	if s.Version == Version && len(q) == 0 {
		return s, s.checkCanonical()
	}
	return s, nil
}

func (s *Seal) readBody(body cryptobyte.String, parts int, q *quirks) error {
	var info, cert, value cryptobyte.String
	if !body.ReadASN1Element(&info, cbasn1.SEQUENCE) {
		return bad("SESeal.eSealInfo")
	}
	version, err := readHeaderVersion(info)
	switch {
	case err != nil:
		return err
	case version != Version && version != Version5:
		return fmt.Errorf("SES_Header.version is %d: %w", version, ErrVersion)
	case parts != 4 && (parts != 5 || version != Version5):
		return fmt.Errorf("SESeal of version %d with %d parts: %w", version, parts, ErrFormat)
	}
	s.Version, s.signed = version, info
	if err := s.Info.read(info, version, q); err != nil {
		return err
	}
	if !body.ReadASN1(&cert, cbasn1.OCTET_STRING) || !body.ReadASN1ObjectIdentifier(&s.SignAlg) || !readBits(&body, &value) {
		return bad("SESeal")
	}
	if err := checkSigned("SESeal", cert, s.SignAlg, value, q); err != nil {
		return err
	}
	s.MakerCert, s.Signature = cert, value
	s.Timestamp, err = readStamp(&body, "SESeal.timeStamp")
	return err
}

func (s *Seal) checkCanonical() error {
	encoded, err := s.Info.encode()
	if err != nil {
		return err
	}
	again, err := encodeSeal(encoded, s.MakerCert, s.SignAlg, s.Signature)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, s.Raw) {
		return bad("SESeal is not canonical")
	}
	return nil
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

// readHeaderVersion reads no further than the version, so that other versions are named as such.
func readHeaderVersion(info cryptobyte.String) (int, error) {
	var body, header, id cryptobyte.String
	var version int
	if !info.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1(&header, cbasn1.SEQUENCE) ||
		!header.ReadASN1(&id, cbasn1.IA5String) || string(id) != headerID || !header.ReadASN1Integer(&version) {
		return 0, bad("SES_Header")
	}
	return version, nil
}

// read reads the SES_Signature in Raw.
func (s *Signature) read() error {
	all := cryptobyte.String(s.Raw)
	var body, tbs, cert, value cryptobyte.String
	if !all.ReadASN1(&body, cbasn1.SEQUENCE) {
		return bad("SES_Signature")
	}
	parts := count(body)
	if !body.ReadASN1Element(&tbs, cbasn1.SEQUENCE) {
		return bad("TBS_Sign")
	}
	s.tbs = tbs
	var q quirks
	if parts == 2 {
		if err := s.readV1(tbs, &body, &q); err != nil {
			return err
		}
		s.Dialect = q
		return nil
	}
	if err := s.readTBS(tbs, &q); err != nil {
		return err
	}
	if !body.ReadASN1(&cert, cbasn1.OCTET_STRING) || !body.ReadASN1ObjectIdentifier(&s.SignAlg) || !readBits(&body, &value) {
		return bad("SES_Signature")
	}
	if err := checkSigned("SES_Signature", cert, s.SignAlg, value, &q); err != nil {
		return err
	}
	s.SignerCert, s.Value = cert, value
	var err error
	if s.Timestamp, err = readStamp(&body, "SES_Signature.timeStamp"); err != nil {
		return err
	}
	s.Dialect = q
	if s.Version == Version && len(q) == 0 {
		return s.checkCanonical()
	}
	return nil
}

func (s *Signature) checkCanonical() error {
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

func (s *Signature) readTBS(in cryptobyte.String, q *quirks) error {
	var body cryptobyte.String
	var version int
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1Integer(&version) {
		return bad("TBS_Sign.version")
	}
	var err error
	if s.Seal, err = readSeal(&body); err != nil {
		return err
	}
	switch {
	case version != Version && version != Version5:
		return fmt.Errorf("TBS_Sign.version is %d: %w", version, ErrVersion)
	case version != s.Seal.Version: // GM/T 0031-2025 says so, and 38540 knows 4 only
		return fmt.Errorf("TBS_Sign.version is %d around a seal of version %d: %w", version, s.Seal.Version, ErrFormat)
	}
	s.Version = version
	if s.Time, err = readTime(&body, cbasn1.GeneralizedTime, q); err != nil {
		return fmt.Errorf("TBS_Sign.timeInfo: %w", err)
	}
	if err := s.readHashed(&body); err != nil {
		return err
	}
	if s.Extensions, err = readExtensions(&body, true, q); err != nil {
		return fmt.Errorf("TBS_Sign: %w", err)
	}
	if !body.Empty() {
		return bad("TBS_Sign")
	}
	return nil
}

// readHashed reads dataHash and propertyInfo.
func (s *Signature) readHashed(body *cryptobyte.String) error {
	var hash, property cryptobyte.String
	if !readBits(body, &hash) || len(hash) != gm.DigestSize {
		return bad("TBS_Sign.dataHash")
	}
	if !body.ReadASN1(&property, cbasn1.IA5String) {
		return bad("TBS_Sign.propertyInfo")
	}
	if len(property) > MaxText {
		return fmt.Errorf("TBS_Sign.propertyInfo: %w", ErrLimit)
	}
	s.DataHash, s.Property = gm.Digest(hash), string(property)
	return nil
}

// readStamp reads timeStamp [0] EXPLICIT BIT STRING OPTIONAL at the end.
func readStamp(body *cryptobyte.String, where string) ([]byte, error) {
	if body.Empty() {
		return nil, nil
	}
	var wrapped, token cryptobyte.String
	if !body.ReadASN1(&wrapped, tag0) || !body.Empty() || !readBits(&wrapped, &token) || !wrapped.Empty() || len(token) == 0 {
		return nil, bad(where)
	}
	if len(token) > MaxTimestamp {
		return nil, fmt.Errorf("%s: %w", where, ErrLimit)
	}
	return token, nil
}

// checkSigned checks the three parts after what was signed: a certificate of bearable size, SM2 with SM3, and r and s.
func checkSigned(where string, cert []byte, alg asn1.ObjectIdentifier, value []byte, q *quirks) error {
	if len(cert) > MaxCertificate {
		return fmt.Errorf("%s.cert: %w", where, ErrLimit)
	}
	if der.Check(cert, der.Limits{MaxBytes: MaxCertificate}) != nil {
		if err := der.Check(cert, der.Limits{MaxBytes: MaxCertificate, AnyText: true}); err != nil {
			return fmt.Errorf("%s.cert: %w: %w", where, ErrFormat, err)
		}
		q.note(QuirkCertText)
	}
	switch {
	case alg.Equal(der.SM2WithSM3):
	case alg.Equal(der.SM2Sign):
		q.note(QuirkAlgorithm)
	case alg.Equal(asn1.ObjectIdentifier{1, 2, 156, 10197, 501}):
		q.note(QuirkMisprint)
	default:
		return fmt.Errorf("%s: %v: %w: %w", where, alg, ErrAlgorithm, ErrFormat)
	}
	_, raw, err := gm.SignatureToDER(value)
	if err != nil {
		return fmt.Errorf("%s: signature value: %w: %w", where, ErrFormat, err)
	}
	if raw {
		q.note(QuirkRaw)
	}
	return nil
}
