package cms

import (
	"errors"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// refusal is a finer reason under one of the coarse errors of this package.
type refusal struct {
	text string
	of   error
}

// Error implements error.
func (r *refusal) Error() string { return r.text }

// Unwrap returns the coarse error.
func (r *refusal) Unwrap() error { return r.of }

// Finer errors of ParseDetached, ParseAttached and Detached.Verify. Each is also the coarse error that its comment names.
var (
	// ErrBER (an ErrFormat) means an indefinite length or another encoding than DER.
	ErrBER error = &refusal{"cms: not encoded in DER", ErrFormat}
	// ErrTrailing (an ErrFormat) means bytes after the end.
	ErrTrailing error = &refusal{"cms: bytes after the end", ErrFormat}
	// ErrContent (an ErrFormat) means content inside of a signature that is to be detached.
	ErrContent error = &refusal{"cms: content inside of a detached signature", ErrFormat}
	// ErrAttributeOrder (an ErrAttributes) means signed attributes that are not in the order of DER, or one twice.
	ErrAttributeOrder error = &refusal{"cms: signed attributes are not a SET in DER", ErrAttributes}
	// ErrMissing (an ErrAttributes) means that a signed attribute, or all, are missing.
	ErrMissing error = &refusal{"cms: a signed attribute is missing", ErrAttributes}
	// ErrNamed (an ErrCertificate) means that the signed attributes name another certificate (ESS).
	ErrNamed error = &refusal{"cms: the signed attributes name another certificate", ErrCertificate}
	// ErrNoCertificate (an ErrCertificate) means that the signer's certificate is not embedded.
	ErrNoCertificate error = &refusal{"cms: the signer's certificate is not embedded", ErrCertificate}
	// ErrMismatch (an ErrAlgorithm) means a signature algorithm with another digest than the signer states.
	ErrMismatch error = &refusal{"cms: digest algorithm is not that of the signature", ErrAlgorithm}
	// ErrCurve (an ErrAlgorithm) means a key of another kind or on another curve than the algorithm wants.
	ErrCurve error = &refusal{"cms: the key is not one of the algorithm", ErrAlgorithm}
	// ErrRange (an ErrSignature) means r or s out of range, or not a signature at all.
	ErrRange error = &refusal{"cms: r or s is out of range or not encoded in DER", ErrSignature}
)

// Reason returns a stable code for an error of ParseDetached, ParseAttached or Detached.Verify: "ber", "trailing", "content",
// "signers", "attribute_order", "attribute_missing", "attributes", "named", "no_certificate", "certificate", "weak",
// "mismatch", "curve", "algorithm", "range", "signature", "digest" or "format"; "" for any other.
func Reason(err error) string {
	for _, r := range []struct {
		err  error
		code string
	}{
		{ErrBER, "ber"}, {ErrTrailing, "trailing"}, {ErrContent, "content"}, {ErrSigners, "signers"},
		{ErrAttributeOrder, "attribute_order"}, {ErrMissing, "attribute_missing"}, {ErrNamed, "named"},
		{ErrNoCertificate, "no_certificate"}, {ErrWeak, "weak"}, {ErrMismatch, "mismatch"}, {ErrCurve, "curve"}, {ErrRange, "range"},
		{ErrDigest, "digest"}, {ErrSignature, "signature"}, {gm.ErrSignature, "signature"}, {ErrAlgorithm, "algorithm"},
		{ErrAttributes, "attributes"}, {ErrCertificate, "certificate"}, {ErrFormat, "format"},
	} {
		if errors.Is(err, r.err) {
			return r.code
		}
	}
	return ""
}

// guard wants DER within limits, and says which of the usual deviations it found.
func guard(b []byte, most int) error {
	err := der.Check(b, der.Limits{MaxBytes: most, MaxDepth: MaxDepth, AnyText: true})
	if err == nil {
		return nil
	}
	kind := ErrFormat
	var place *der.Error
	if errors.As(err, &place) {
		switch place.What {
		case der.WhatTrailing:
			kind = ErrTrailing
		case der.WhatIndefinite, der.WhatOrder:
			kind = ErrBER
		}
	}
	return errors.Join(kind, err)
}
