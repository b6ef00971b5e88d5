// Package ocsp reads and writes the messages of the Online Certificate Status Protocol (RFC 6960, RFC 8954; GB/T 19713) with
// SM2 (SM2WithSM3) and ECDSA P-256 (SHA-256) signatures. What it reads is strict DER within limits. As evidence that a document
// carries it also judges responses and CRLs of RSA and other ECDSA issuers.
package ocsp

import (
	"crypto"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	"yinzheng/internal/gm"
)

// Limits of what is read.
const (
	// MaxRequest bounds a request, in bytes: MaxIDs identifiers with SHA-256 take about 2 KiB.
	MaxRequest = 8 << 10
	// MaxResponse bounds a response, in bytes: MaxIDs answers and a certificate take about 4 KiB.
	MaxResponse = 64 << 10
	// MaxIDs is how many certificates one request may ask about, and one response answer: each costs a look-up.
	MaxIDs = 16
	// MaxNonce is the length of the longest nonce, in bytes (RFC 8954, 2.1); the shortest has one.
	MaxNonce = 32
	// maxSerial bounds a serial number, in bits: 20 bytes (RFC 5280, 4.1.2.2), and some authorities use the top bit.
	maxSerial = 160
	// maxExtensions bounds an extension list; known clients send at most three.
	maxExtensions = 16
	// maxDepth of nesting; certificates with name constraints reach about 12.
	maxDepth = 32
)

// Errors of reading and checking.
var (
	// ErrRequest means that bytes are no OCSP request in DER, or one that the standards do not allow: malformedRequest.
	ErrRequest = errors.New("ocsp: not a request")
	// ErrUnsupported means a proper message of a kind that this package does not handle: a signed request, an unknown
	// critical extension, another hash or signature algorithm.
	ErrUnsupported = errors.New("ocsp: unsupported")
	// ErrResponse means that bytes are no OCSP response in DER, or that a response to make is incomplete.
	ErrResponse = errors.New("ocsp: not a response")
	// ErrResponder means that a certificate or key may not answer for the issuer.
	ErrResponder = errors.New("ocsp: not a responder of the issuer")
	// ErrTime means that a response is not of the time that is asked about.
	ErrTime = errors.New("ocsp: response is not of this time")
)

// Status is where a certificate stands.
type Status int

// The states of a certificate, with the tags of CertStatus (RFC 6960, 4.2.1).
const (
	Good Status = iota
	Revoked
	Unknown
)

// String returns "good", "revoked" or "unknown".
func (s Status) String() string {
	switch s {
	case Good:
		return "good"
	case Revoked:
		return "revoked"
	case Unknown:
		return "unknown"
	}
	return fmt.Sprintf("status %d", int(s))
}

// Reasons of failure, the values of OCSPResponseStatus (RFC 6960, 4.2.1).
const (
	MalformedRequest = 1
	InternalError    = 2
	TryLater         = 3
	SigRequired      = 5
	Unauthorized     = 6
)

// StatusError is a response without an answer: one of the reasons of failure above.
type StatusError int

// Error implements error.
func (e StatusError) Error() string {
	names := map[StatusError]string{MalformedRequest: "malformedRequest", InternalError: "internalError", TryLater: "tryLater",
		SigRequired: "sigRequired", Unauthorized: "unauthorized"}
	return fmt.Sprintf("ocsp: the responder answers %s (%d)", names[e], int(e))
}

// Request asks about certificates.
type Request struct {
	IDs   []CertID // 1 to MaxIDs
	Nonce []byte   // 1 to MaxNonce bytes; nil: none
}

// Single is the answer about one certificate. Times are of whole seconds, UTC.
type Single struct {
	ID         CertID
	Status     Status
	RevokedAt  time.Time // of Revoked
	Reason     int       // CRLReason (RFC 5280, 5.3.1) of Revoked: 0 to 6, 9 or 10; 0 is unspecified
	ThisUpdate time.Time
	NextUpdate time.Time // zero: none
}

// Response is a signed answer (BasicOCSPResponse) as it was read.
type Response struct {
	Raw          []byte // the whole OCSPResponse
	TBS          []byte // ResponseData: what is signed
	Algorithm    asn1.ObjectIdentifier
	Signature    []byte
	Produced     time.Time
	Singles      []Single // 1 to MaxIDs
	Nonce        []byte   // nil: none
	ResponderKey []byte   // SHA-1 of the responder's public key; nil when it is named instead
	ResponderDN  []byte   // DER of the responder's name; nil when its key is given instead
	// Responder is the first certificate that came with the response; nil when none did and the issuer itself answers.
	Responder *gm.Certificate

	foreign bool // of ParseAny
}

// Find returns the answer about the certificate that issuer gave the serial number to.
func (r *Response) Find(issuer *gm.Certificate, serial *big.Int) (Single, bool) {
	for _, s := range r.Singles {
		if s.ID.Serial.Cmp(serial) == 0 && s.ID.Issued(issuer) {
			return s, true
		}
	}
	return Single{}, false
}

// Failure returns an OCSPResponse without an answer. A status that is no reason of failure becomes InternalError.
func Failure(status int) []byte {
	switch status {
	case MalformedRequest, InternalError, TryLater, SigRequired, Unauthorized:
	default:
		status = InternalError
	}
	return []byte{0x30, 3, 0x0a, 1, byte(status)}
}

// Respond makes one response: NewSigner, then Signer.Respond. Who makes many keeps the Signer.
func Respond(singles []Single, nonce []byte, produced time.Time, responderCert []byte, key crypto.Signer) ([]byte, error) {
	s, err := NewSigner(responderCert, key)
	if err != nil {
		return nil, err
	}
	return s.Respond(singles, nonce, produced)
}
