// Package tsp makes and reads timestamp tokens, queries and replies (RFC 3161, GB/T 20520): imprints of SM3 signed with SM2,
// and imprints of SHA-256 signed with ECDSA on P-256. A token is a CMS SignedData over TSTInfo whose signer carries the
// extended key usage timeStamping. The chain of the signer is not judged here. Seals hold SM3 tokens in one exact form, which
// Issue writes and Parse reads; Answer and ParseAny are for the protocol, ParseForeign is for tokens of other authorities.
package tsp

import (
	"encoding/asn1"
	"errors"
	"math/big"
	"time"

	"yinzheng/internal/cms"
	"yinzheng/internal/gm"
)

// Errors of Issue, Parse and Verify.
var (
	// ErrFormat means that bytes are not exactly one canonical token.
	ErrFormat = errors.New("tsp: not a timestamp token")
	// ErrSigner means that the certificate may not sign timestamps: RFC 3161, 2.3 wants exactly the extended key usage
	// timeStamping, critical, and the time must lie in the certificate's validity.
	ErrSigner = errors.New("tsp: certificate may not sign this timestamp")
	// ErrImprint means that the token stamps something else.
	ErrImprint = errors.New("tsp: token is for another digest")
)

// Token is one timestamp token. Changing a field changes nothing but the field.
type Token struct {
	DER          []byte
	Policy       asn1.ObjectIdentifier
	Hash         asn1.ObjectIdentifier // of the imprint: der.SM3; from ParseAny also der.SHA256, from ParseForeign der.SHA384 and SHA512
	Imprint      gm.Digest             // the digest where it has 32 bytes; else zero
	Digest       []byte                // the digest, of any length
	Serial       *big.Int
	Time         time.Time       // genTime, UTC
	Accuracy     time.Duration   // 0: not stated
	Nonce        *big.Int        // nil: none
	Signer       *gm.Certificate // nil: not embedded (ParseAny), see SignedBy
	Certificates [][]byte        // every embedded one, DER
	Dialect      []string        // of ParseForeign: quirks of package cms and DialectExtra; nil for a token in our form

	signed  *cms.SignedData
	foreign *cms.Detached // of ParseForeign
	bare    bool          // the hash algorithm has no NULL
}
