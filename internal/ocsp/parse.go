package ocsp

import (
	"bytes"
	"encoding/asn1"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// maxCertificates bounds what comes with a response; ours carries one.
const maxCertificates = 8

// Parse reads one OCSPResponse of at most MaxResponse bytes with a BasicOCSPResponse in it. It checks no signature; Verify
// does. Errors: ErrResponse, ErrUnsupported; a StatusError when the responder gives no answer.
func Parse(b []byte) (*Response, error) { return parse(b, false) }

// ParseAny is Parse that also reads responses signed with RSA (PKCS#1 v1.5) and with ECDSA on other curves, with SHA-256,
// SHA-384 or SHA-512: evidence that documents carry.
func ParseAny(b []byte) (*Response, error) { return parse(b, true) }

func parse(b []byte, foreign bool) (*Response, error) {
	basic, err := readOuter(b)
	if err != nil {
		return nil, fmt.Errorf("parsing an OCSP response: %w", err)
	}
	r := &Response{Raw: bytes.Clone(b), foreign: foreign}
	if err := r.readBasic(basic); err != nil {
		return nil, fmt.Errorf("parsing an OCSP response: %w", err)
	}
	return r, nil
}

// readOuter returns the BasicOCSPResponse within, itself checked to be DER.
func readOuter(b []byte) (basic []byte, err error) {
	limits := der.Limits{MaxBytes: MaxResponse, MaxDepth: maxDepth}
	if err := der.Check(b, limits); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrResponse, err)
	}
	in := cryptobyte.String(bytes.Clone(b)) // what is read points into it
	var outer, tagged, body, response cryptobyte.String
	var status int
	if !in.ReadASN1(&outer, cbasn1.SEQUENCE) || !outer.ReadASN1Enum(&status) {
		return nil, ErrResponse
	}
	switch status {
	case 0:
	case MalformedRequest, InternalError, TryLater, SigRequired, Unauthorized:
		if !outer.Empty() {
			return nil, fmt.Errorf("a failure with an answer: %w", ErrResponse)
		}
		return nil, StatusError(status)
	default:
		return nil, fmt.Errorf("status %d: %w", status, ErrResponse)
	}
	var oid asn1.ObjectIdentifier
	if !outer.ReadASN1(&tagged, explicit(0)) || !outer.Empty() || !tagged.ReadASN1(&body, cbasn1.SEQUENCE) || !tagged.Empty() ||
		!body.ReadASN1ObjectIdentifier(&oid) || !body.ReadASN1(&response, cbasn1.OCTET_STRING) || !body.Empty() {
		return nil, fmt.Errorf("responseBytes: %w", ErrResponse)
	}
	if !oid.Equal(der.OCSPBasic) {
		return nil, fmt.Errorf("a response of type %v: %w", oid, ErrUnsupported)
	}
	if err := der.Check(response, limits); err != nil {
		return nil, fmt.Errorf("BasicOCSPResponse: %w: %w", ErrResponse, err)
	}
	return response, nil
}

func (r *Response) readBasic(b []byte) error {
	in := cryptobyte.String(b)
	var body, data, alg, null cryptobyte.String
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1Element(&data, cbasn1.SEQUENCE) ||
		!body.ReadASN1(&alg, cbasn1.SEQUENCE) || !alg.ReadASN1ObjectIdentifier(&r.Algorithm) ||
		!body.ReadASN1BitStringAsBytes(&r.Signature) {
		return fmt.Errorf("BasicOCSPResponse: %w", ErrResponse)
	}
	withNull := r.Algorithm.Equal(der.SM2WithSM3)
	if _, known := signatureAlgorithm(r.Algorithm); r.foreign && known {
		withNull = true
	} else if !withNull && !r.Algorithm.Equal(der.ECDSAWithSHA256) {
		return fmt.Errorf("signed with %v: %w", r.Algorithm, ErrUnsupported)
	}
	if !alg.Empty() && (!withNull || !alg.ReadASN1(&null, cbasn1.NULL) || !null.Empty() || !alg.Empty()) {
		return fmt.Errorf("parameters of the signature algorithm: %w", ErrResponse)
	}
	r.TBS = data
	if err := r.readCertificates(&body); err != nil {
		return err
	}
	if !body.Empty() {
		return fmt.Errorf("more than certificates at the end: %w", ErrResponse)
	}
	return r.readData(data)
}

// readCertificates parses the first certificate and passes over the rest: nothing but the responder's own is ever used.
func (r *Response) readCertificates(in *cryptobyte.String) error {
	var tagged, list, one cryptobyte.String
	var present bool
	if !in.ReadOptionalASN1(&tagged, &present, explicit(0)) {
		return fmt.Errorf("certificates: %w", ErrResponse)
	}
	if !present {
		return nil
	}
	if !tagged.ReadASN1(&list, cbasn1.SEQUENCE) || !tagged.Empty() {
		return fmt.Errorf("certificates: %w", ErrResponse)
	}
	for n := 0; !list.Empty(); n++ {
		if n == maxCertificates || !list.ReadASN1Element(&one, cbasn1.SEQUENCE) {
			return fmt.Errorf("certificates, more than %d or malformed: %w", maxCertificates, ErrResponse)
		}
		if n > 0 {
			continue
		}
		c, err := gm.ParseCertificate(one)
		if err != nil {
			return fmt.Errorf("the responder's certificate: %w: %w", ErrResponse, err)
		}
		r.Responder = c
	}
	return nil
}

// readData reads ResponseData.
func (r *Response) readData(in cryptobyte.String) error {
	var body, id, key, list cryptobyte.String
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) {
		return fmt.Errorf("ResponseData: %w", ErrResponse)
	}
	byName := body.PeekASN1Tag(explicit(1)) // [0] would be the version, which DER leaves out
	switch {
	case byName && body.ReadASN1(&id, explicit(1)) && id.PeekASN1Tag(cbasn1.SEQUENCE):
		r.ResponderDN = id
		var name cryptobyte.String
		if !id.ReadASN1(&name, cbasn1.SEQUENCE) || !id.Empty() {
			return fmt.Errorf("the responder's name: %w", ErrResponse)
		}
	case !byName && body.ReadASN1(&id, explicit(2)) && id.ReadASN1(&key, cbasn1.OCTET_STRING) && id.Empty() && len(key) == hashSize(der.SHA1):
		r.ResponderKey = key
	default:
		return fmt.Errorf("ResponderID: %w", ErrResponse)
	}
	if !readTime(&body, &r.Produced) || !body.ReadASN1(&list, cbasn1.SEQUENCE) || list.Empty() {
		return fmt.Errorf("producedAt and responses: %w", ErrResponse)
	}
	for !list.Empty() {
		if len(r.Singles) == MaxIDs {
			return fmt.Errorf("more than %d answers: %w", MaxIDs, ErrResponse)
		}
		single, err := readSingle(&list)
		if err != nil {
			return fmt.Errorf("answer %d: %w", len(r.Singles), err)
		}
		r.Singles = append(r.Singles, single)
	}
	var err error
	if r.Nonce, err = readExtensions(&body, 1, ErrResponse); err != nil {
		return err
	}
	if !body.Empty() {
		return fmt.Errorf("more than extensions at the end of ResponseData: %w", ErrResponse)
	}
	return nil
}

// readSingle reads SingleResponse.
func readSingle(list *cryptobyte.String) (s Single, err error) {
	var body, next cryptobyte.String
	if !list.ReadASN1(&body, cbasn1.SEQUENCE) {
		return s, ErrResponse
	}
	if s.ID, err = readID(&body, ErrResponse); err != nil {
		return s, err
	}
	if !s.readStatus(&body) || !readTime(&body, &s.ThisUpdate) {
		return s, fmt.Errorf("certStatus and thisUpdate: %w", ErrResponse)
	}
	var present bool
	if !body.ReadOptionalASN1(&next, &present, explicit(0)) || present && (!readTime(&next, &s.NextUpdate) || !next.Empty()) {
		return s, fmt.Errorf("nextUpdate: %w", ErrResponse)
	}
	if _, err := readExtensions(&body, 1, ErrResponse); err != nil {
		return s, err
	}
	if !body.Empty() {
		return s, fmt.Errorf("more than extensions at the end: %w", ErrResponse)
	}
	return s, s.check()
}

func (s *Single) readStatus(in *cryptobyte.String) bool {
	var body, tagged cryptobyte.String
	for _, status := range []Status{Good, Unknown} {
		if tag := cbasn1.Tag(status).ContextSpecific(); in.PeekASN1Tag(tag) {
			s.Status = status
			return in.ReadASN1(&body, tag) && body.Empty()
		}
	}
	s.Status = Revoked
	if !in.ReadASN1(&body, explicit(uint8(Revoked))) || !readTime(&body, &s.RevokedAt) {
		return false
	}
	var present bool
	if !body.ReadOptionalASN1(&tagged, &present, explicit(0)) || !body.Empty() {
		return false
	}
	return !present || tagged.ReadASN1Enum(&s.Reason) && tagged.Empty()
}

// readTime reads a GeneralizedTime of whole seconds (RFC 6960, 4.2.2.1).
func readTime(in *cryptobyte.String, out *time.Time) bool {
	var text cryptobyte.String
	if !in.ReadASN1(&text, cbasn1.GeneralizedTime) {
		return false
	}
	t, ok := der.ParseGeneralizedTime(string(text))
	*out = t
	return ok && t.Nanosecond() == 0
}
