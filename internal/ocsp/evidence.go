package ocsp

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

// MaxCRL bounds a CRL that is judged, in bytes: the largest public ones take some ten megabytes.
const MaxCRL = 16 << 20

// ErrCRL means that bytes are no CRL in DER.
var ErrCRL = errors.New("ocsp: not a certificate revocation list")

// Statement is what a response or a CRL says about one certificate, under its issuer's key. Whether it is of the time that
// matters is for the caller: it tells of ThisUpdate and before.
type Statement struct {
	Status     Status
	RevokedAt  time.Time // of Revoked
	Reason     int       // CRLReason of Revoked; 0 is unspecified
	ThisUpdate time.Time
	NextUpdate time.Time // zero: not stated
	Produced   time.Time // of a response; of a CRL ThisUpdate
}

// Judge reads an OCSP response with any algorithm of ParseAny, checks that issuer or a responder that it authorised signed it,
// and returns what it says about cert. A responder's certificate must have been valid when the response was produced. Errors:
// those of ParseAny and Verify but for nextUpdate, which need not be there, and ErrResponder when nothing is said about cert.
func Judge(response []byte, cert, issuer *gm.Certificate) (Statement, error) {
	s, err := judge(response, cert, issuer)
	if err != nil {
		return Statement{}, fmt.Errorf("judging an OCSP response: %w", err)
	}
	return s, nil
}

func judge(response []byte, cert, issuer *gm.Certificate) (s Statement, err error) {
	r, err := ParseAny(response)
	if err != nil {
		return s, err
	}
	if cert == nil || issuer == nil || !isIssuer(issuer) || !bytes.Equal(cert.RawIssuer, issuer.RawSubject) {
		return s, fmt.Errorf("no certificate, or not its issuer: %w", ErrResponder)
	}
	single, found := r.Find(issuer, cert.SerialNumber)
	if !found {
		return s, fmt.Errorf("nothing is said about the certificate: %w", ErrResponder)
	}
	if err := r.checkResponder(issuer, r.Produced); err != nil {
		return s, err
	}
	if single.ThisUpdate.After(r.Produced.Add(Skew)) || !single.NextUpdate.IsZero() && single.NextUpdate.Before(single.ThisUpdate) {
		return s, fmt.Errorf("produced at %v, of %v to %v: %w", r.Produced, single.ThisUpdate, single.NextUpdate, ErrTime)
	}
	return Statement{Status: single.Status, RevokedAt: single.RevokedAt, Reason: single.Reason, ThisUpdate: single.ThisUpdate,
		NextUpdate: single.NextUpdate, Produced: r.Produced}, nil
}

// JudgeCRL reads a CRL, checks that issuer signed it and that it covers cert, and returns what it says. A CRL that is signed by
// another than the certificate's issuer (indirect) is not read, nor a delta. Errors: ErrCRL, ErrResponder, ErrUnsupported for
// a part of the certificates that is not cert's or an unknown critical extension, gm.ErrSignature, gm.ErrWeak, gm.ErrAlgorithm.
func JudgeCRL(list []byte, cert, issuer *gm.Certificate) (Statement, error) {
	if err := der.Check(list, der.Limits{MaxBytes: MaxCRL, MaxDepth: maxDepth, AnyText: true}); err != nil {
		return Statement{}, fmt.Errorf("judging a CRL: %w: %w", ErrCRL, err)
	}
	l, err := gm.ParseCRL(list)
	if err != nil {
		return Statement{}, fmt.Errorf("judging a CRL: %w: %w", ErrCRL, err)
	}
	s, err := statementOf(l, cert, issuer)
	if err != nil {
		return Statement{}, fmt.Errorf("judging a CRL: %w", err)
	}
	return s, nil
}

func statementOf(l *gm.CRL, cert, issuer *gm.Certificate) (s Statement, err error) {
	if cert == nil || issuer == nil || !bytes.Equal(cert.RawIssuer, issuer.RawSubject) {
		return s, fmt.Errorf("no certificate, or not its issuer: %w", ErrResponder)
	}
	switch err := gm.CheckCRLAny(l, issuer); {
	case errors.Is(err, gm.ErrParent):
		return s, fmt.Errorf("%w: %w", ErrResponder, err)
	case err != nil:
		return s, err
	}
	for _, e := range l.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 28}) { // never passed over, critical or not
			if !covers(e.Value, cert) {
				return s, fmt.Errorf("a part of the certificates that is not known to be this one's: %w", ErrUnsupported)
			}
		} else if e.Critical {
			return s, fmt.Errorf("critical extension %v: %w", e.Id, ErrUnsupported)
		}
	}
	s = Statement{Status: Good, ThisUpdate: l.ThisUpdate, NextUpdate: l.NextUpdate, Produced: l.ThisUpdate}
	for _, e := range l.RevokedCertificateEntries {
		for _, x := range e.Extensions {
			if x.Critical {
				return Statement{}, fmt.Errorf("critical extension %v of an entry: %w", x.Id, ErrUnsupported)
			}
		}
		if e.SerialNumber.Cmp(cert.SerialNumber) == 0 && (s.Status != Revoked || e.RevocationTime.Before(s.RevokedAt)) {
			s.Status, s.RevokedAt, s.Reason = Revoked, e.RevocationTime, e.ReasonCode
		}
	}
	return s, nil
}

// covers reports whether an issuingDistributionPoint (RFC 5280, 5.2.5) lets a list speak for a certificate: of its kind, for all
// reasons, by the issuer itself, and under an address that the certificate names.
func covers(value []byte, cert *gm.Certificate) bool {
	in := cryptobyte.String(value)
	var body cryptobyte.String
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !in.Empty() {
		return false
	}
	for !body.Empty() {
		var part cryptobyte.String
		var tag cbasn1.Tag
		if !body.ReadAnyASN1(&part, &tag) {
			return false
		}
		switch tag {
		case explicit(0):
			if !namesPoint(part, cert.CRLDistributionPoints) {
				return false
			}
		case cbasn1.Tag(1).ContextSpecific(): // onlyContainsUserCerts
			if cert.IsCA {
				return false
			}
		case cbasn1.Tag(2).ContextSpecific(): // onlyContainsCACerts
			if !cert.IsCA {
				return false
			}
		default: // onlySomeReasons, indirectCRL, onlyContainsAttributeCerts
			return false
		}
	}
	return true
}

// namesPoint reports whether a DistributionPointName has one of these URIs.
func namesPoint(name cryptobyte.String, uris []string) bool {
	var full cryptobyte.String
	if !name.ReadASN1(&full, explicit(0)) || !name.Empty() {
		return false
	}
	for !full.Empty() {
		var one cryptobyte.String
		var tag cbasn1.Tag
		if !full.ReadAnyASN1(&one, &tag) {
			return false
		}
		if tag == cbasn1.Tag(6).ContextSpecific() && slices.Contains(uris, string(one)) {
			return true
		}
	}
	return false
}

// signatureAlgorithm finds the algorithm of an identifier, of those that ParseAny reads.
func signatureAlgorithm(oid asn1.ObjectIdentifier) (gm.SignatureAlgorithm, bool) {
	rsa := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1}
	ec := asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3}
	for _, a := range []struct {
		oid asn1.ObjectIdentifier
		is  gm.SignatureAlgorithm
	}{
		{der.SM2WithSM3, gm.SM2WithSM3}, {der.ECDSAWithSHA256, gm.ECDSAWithSHA256},
		{append(slices.Clip(ec), 3), gm.ECDSAWithSHA384}, {append(slices.Clip(ec), 4), gm.ECDSAWithSHA512},
		{append(slices.Clip(rsa), 11), gm.SHA256WithRSA}, {append(slices.Clip(rsa), 12), gm.SHA384WithRSA}, {append(slices.Clip(rsa), 13), gm.SHA512WithRSA},
	} {
		if a.oid.Equal(oid) {
			return a.is, true
		}
	}
	return 0, false
}
