// Package cms makes and reads SignedData (GB/T 35275, RFC 5652) with one signer. Attached ones have signed attributes, SM2 with
// SM3 or, where a caller asks for that, ECDSA on P-256; Parse reads a narrow, canonical form only: what it accepts re-encodes to
// the same bytes. Detached ones sign a document by its digest, with SM2, ECDSA or RSA; ParseDetached reads what PAdES and
// GB/T 35275 say and the dialects that vendors write, each by its name, all in DER. The chain of the signer is not judged here.
package cms

import (
	"crypto"
	"encoding/asn1"
	"errors"
	"time"

	"yinzheng/internal/gm"
)

// Limits of what Parse reads.
const (
	// MaxBytes bounds one SignedData; ours hold timestamps and small records of a few kilobytes.
	MaxBytes = 1 << 20
	// MaxDepth bounds nesting; certificates with name constraints reach about 12.
	MaxDepth = 32
	// MaxCertificates bounds the embedded certificates: a signer and its chain.
	MaxCertificates = 8
	// MaxAttributes bounds the signed attributes.
	MaxAttributes = 16
)

// Errors of Sign, Parse and Verify; a wrong SM2 signature is gm.ErrSignature.
var (
	// ErrFormat means that bytes are not exactly one canonical SignedData of the form this package writes.
	ErrFormat = errors.New("cms: not a SignedData of the expected form")
	// ErrDigest means that the content is not what was signed.
	ErrDigest = errors.New("cms: content does not match its digest")
	// ErrAttributes means that the signed attributes are missing, doubled or wrong.
	ErrAttributes = errors.New("cms: signed attributes are wrong")
	// ErrCertificate means that the embedded certificates are not the ones that were signed for.
	ErrCertificate = errors.New("cms: embedded certificates do not match the signature")
)

// Attribute is one signed attribute with its single value.
type Attribute struct {
	Type  asn1.ObjectIdentifier
	Value []byte // DER of the one element of the SET
}

// Options say how to sign.
type Options struct {
	ContentType asn1.ObjectIdentifier // eContentType; empty: data, for SM2 that of GB/T 35275
	Chain       [][]byte              // further certificates to embed, DER
	SigningTime time.Time             // zero: no signing-time attribute; in whole seconds
	Attributes  []Attribute           // further signed attributes
	// NoCertificates leaves all certificates out, for readers who have the signer's; it stays named in the attributes, so a
	// Chain must then be empty.
	NoCertificates bool
	// PSS and Hash are for RSA keys of SignDetached: RSASSA-PSS instead of PKCS#1 v1.5, and another hash than SHA-256.
	PSS  bool
	Hash crypto.Hash
}

// SignedData is a parsed SignedData with one signer.
type SignedData struct {
	Raw          []byte
	ContentType  asn1.ObjectIdentifier
	Content      []byte
	Certificates [][]byte        // every embedded certificate, DER, the signer's too
	Signer       *gm.Certificate // nil: not embedded (ParseAny)
	SignerDER    []byte
	SigningTime  time.Time   // zero: no attribute; claimed by the signer, no proof of time
	Attributes   []Attribute // all signed attributes in their order
	SignAlg      asn1.ObjectIdentifier
	Signature    []byte // DER of r and s

	suite          suite
	issuer, serial []byte // DER, of the signer's certificate
	attributes     []byte // the elements of the SET of attributes as received
}
