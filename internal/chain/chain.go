// Package chain finds and validates certification paths (RFC 5280, 6.1, without policies; GB/T 20518) of SM2 certificates,
// and of ECDSA and RSA ones for who wants those: from a leaf through CAs that are given to a root that is given. Cross-certificates
// may make a graph of them; the search goes back and tries again, never in a circle, and never beyond a bounded amount of
// work.
package chain

import (
	"fmt"
	"slices"
	"time"

	"yinzheng/internal/gm"
)

// Limits of one search. They are far above what regions that certify each other need, and keep the cost of a hostile pool
// to some tens of milliseconds.
const (
	// MaxPath is the most certificates from leaf to root: leaf, foreign issuing CA, cross-certificate and root are four, and
	// two rolled-over roots on the way are six.
	MaxPath = 8
	// MaxSteps bounds how many issuers are tried in one search.
	MaxSteps = 4096
	// MaxSignatures bounds how many signatures one search verifies; those that the pool remembers cost nothing.
	MaxSignatures = 256
	// MaxComparisons bounds how often a name is held against a name constraint in one search.
	MaxComparisons = 1 << 18
)

// Why no path was found: the values of Error.Why, beside what Options.Revoked returns.
const (
	WhyIssuer     = "issuer"          // no certificate of its issuer is there, so nothing leads to a root
	WhyLoop       = "loop"            // CAs certify each other in a circle, and nothing leads out of it to a root
	WhyWork       = "work"            // the search reached a limit: nothing is known
	WhySignature  = "signature"       // an issuer's signature does not verify
	WhyAlgorithm  = "algorithm"       // a key or a signature of an algorithm that is not believed
	WhyTime       = "time"            // the leaf was not valid at the time
	WhyIssuerTime = "issuer_time"     // an issuer was not valid at the time
	WhyIssuerCA   = "issuer_ca"       // an issuer may not issue certificates
	WhyPath       = "path"            // longer than an issuer, or Options.MaxLength, allows
	WhyExtension  = "extension"       // a critical extension that is not understood, or one that cannot be read
	WhyNames      = "name_constraint" // a name that an issuer may not certify
	WhyRevoked    = "issuer_revoked"  // an issuer was revoked
)

// rank orders reasons by how much they say, the least first: where the search failed in several places, the most telling is
// reported. A reason that is not here comes from Options.Revoked and says most.
func rank(why string) int {
	order := []string{WhySignature, WhyAlgorithm, WhyIssuer, WhyLoop, WhyPath, WhyIssuerTime, WhyIssuerCA, WhyExtension, WhyNames, WhyRevoked}
	if i := slices.Index(order, why); i >= 0 {
		return i
	}
	return len(order)
}

// Error says why there is no path.
type Error struct {
	Why    string // one of the constants above
	Name   string // of the certificate at fault; for WhyIssuer of the issuer that is not there
	Detail string // for WhyNames the name that was refused; for WhyExtension the extension; for WhyAlgorithm what it is, if known
}

// Error implements error.
func (e *Error) Error() string {
	if e.Detail != "" {
		return fmt.Sprintf("no path: %s (%s: %s)", e.Why, e.Name, e.Detail)
	}
	return fmt.Sprintf("no path: %s (%s)", e.Why, e.Name)
}

// Options of one search.
type Options struct {
	At        time.Time // when every certificate of the path must be valid
	Root      gm.Digest // SM3 of the one root that is believed; zero: every root of the pool is
	MaxLength int       // the most certificates from leaf to root; 0 and what is above it: MaxPath
	P256      bool      // issuers with a P-256 key, who sign with ECDSA and SHA-256, are believed beside those with SM2 and SM3

	// Foreign believes what P256 does, and issuers with a P-384, P-521 or RSA key (2048 bits and more), with SHA-256, SHA-384
	// and SHA-512. What is too weak (SHA-1, a shorter key) ends in WhyAlgorithm with Error.Detail saying so.
	Foreign bool

	// LeafApart leaves the leaf's own validity and revocation to the caller, who has more to say about them.
	LeafApart bool

	// Revoked says why a certificate, issued by issuer, is not to be believed: usually WhyRevoked; "" when it is. Nil
	// believes all. It is asked about every certificate of a path but the root, many times over, and only about those whose
	// signature by issuer verified.
	Revoked func(cert, issuer *gm.Certificate) string
}

func (o *Options) maxLength() int {
	if o.MaxLength <= 0 {
		return MaxPath
	}
	return min(o.MaxLength, MaxPath)
}

// Valid reports whether a certificate is within its validity at a time.
func Valid(c *gm.Certificate, at time.Time) bool {
	return !at.Before(c.NotBefore) && !at.After(c.NotAfter)
}

// Name names a certificate for people: its common name, else its whole subject.
func Name(c *gm.Certificate) string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return c.Subject.String()
}
