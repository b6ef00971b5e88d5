package tsp

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"yinzheng/internal/der"
	"yinzheng/internal/gm"
)

// Limits of a query.
const (
	// MaxQuery bounds a query in bytes: a digest, a policy and a nonce take under 150.
	MaxQuery = 4 << 10
	// maxQueryDepth bounds nesting: ours has 3 levels, a policy's qualifier in an extension a few more.
	maxQueryDepth = 16
)

// Errors of ParseQuery and Encode; Failure turns them into what a reply says.
var (
	// ErrQuery means that bytes are not exactly one canonical TimeStampReq.
	ErrQuery = errors.New("tsp: not a timestamp query")
	// ErrVersion means that a query is of another version than 1.
	ErrVersion = errors.New("tsp: query of an unknown version")
	// ErrHash means that a query is for a digest that is neither SM3 nor SHA-256, or that nothing here signs for.
	ErrHash = errors.New("tsp: query for a digest of an unsupported algorithm")
	// ErrPolicy means that a query wants a policy that tokens are not issued under.
	ErrPolicy = errors.New("tsp: query for an unknown policy")
	// ErrExtension means that a query has extensions, of which none is known here.
	ErrExtension = errors.New("tsp: query with extensions")
)

// Query is TimeStampReq (RFC 3161, 2.4.1; GB/T 20520, 7.4) without extensions.
type Query struct {
	Hash    asn1.ObjectIdentifier // der.SM3 or der.SHA256
	Imprint []byte                // the digest, 32 bytes
	Policy  asn1.ObjectIdentifier // nil: any
	Nonce   *big.Int              // nil: none; of at most MaxSerial bits
	CertReq bool                  // the token is to hold the signer's certificate

	bare bool // the hash algorithm came without NULL; the token repeats it so
}

// ParseQuery reads exactly one canonical query of at most MaxQuery bytes: what it accepts re-encodes to the same bytes. The
// policy is not judged. Errors: ErrQuery, ErrVersion, ErrHash, ErrExtension.
func ParseQuery(b []byte) (*Query, error) {
	if err := der.Check(b, der.Limits{MaxBytes: MaxQuery, MaxDepth: maxQueryDepth}); err != nil {
		return nil, fmt.Errorf("parsing a timestamp query: %w: %w", ErrQuery, err)
	}
	q := new(Query)
	if err := q.read(bytes.Clone(b)); err != nil {
		return nil, fmt.Errorf("parsing a timestamp query: %w", err)
	}
	again, err := q.Encode()
	if err != nil {
		return nil, fmt.Errorf("parsing a timestamp query: %w", err)
	}
	if !bytes.Equal(again, b) {
		return nil, fmt.Errorf("parsing a timestamp query: not in canonical form: %w", ErrQuery)
	}
	return q, nil
}

func (q *Query) read(b []byte) error {
	in := cryptobyte.String(b)
	var body, extensions cryptobyte.String
	version := new(big.Int)
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !in.Empty() || !body.ReadASN1Integer(version) {
		return fmt.Errorf("TimeStampReq: %w", ErrQuery)
	}
	if !version.IsInt64() || version.Int64() != 1 {
		return ErrVersion
	}
	i, ok := readImprint(&body)
	if !ok {
		return fmt.Errorf("messageImprint: %w", ErrQuery)
	}
	q.Hash, q.Imprint, q.bare = i.hash, i.digest, i.bare
	if body.PeekASN1Tag(cbasn1.OBJECT_IDENTIFIER) && !body.ReadASN1ObjectIdentifier(&q.Policy) {
		return fmt.Errorf("reqPolicy: %w", ErrQuery)
	}
	if body.PeekASN1Tag(cbasn1.INTEGER) {
		q.Nonce = new(big.Int)
		if !body.ReadASN1Integer(q.Nonce) {
			return fmt.Errorf("nonce: %w", ErrQuery)
		}
	}
	if body.PeekASN1Tag(cbasn1.BOOLEAN) && !body.ReadASN1Boolean(&q.CertReq) {
		return fmt.Errorf("certReq: %w", ErrQuery)
	}
	var hasExtensions bool
	if !body.ReadOptionalASN1(&extensions, &hasExtensions, cbasn1.Tag(0).Constructed().ContextSpecific()) || !body.Empty() {
		return fmt.Errorf("after certReq: %w", ErrQuery)
	}
	if hasExtensions {
		return ErrExtension
	}
	return nil
}

// check is what Encode writes and ParseQuery accepts.
func (q *Query) check() error {
	if !isHash(q.Hash) {
		return fmt.Errorf("%v: %w", q.Hash, ErrHash)
	}
	if len(q.Imprint) != gm.DigestSize {
		return fmt.Errorf("messageImprint of %d bytes, not %d: %w", len(q.Imprint), gm.DigestSize, ErrQuery)
	}
	if q.Nonce != nil && q.Nonce.BitLen() > MaxSerial {
		return fmt.Errorf("nonce of more than %d bits: %w", MaxSerial, ErrQuery)
	}
	return nil
}

// Encode writes the query in DER. Errors: ErrHash, ErrQuery.
func (q Query) Encode() ([]byte, error) {
	if err := q.check(); err != nil {
		return nil, fmt.Errorf("encoding a timestamp query: %w", err)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		messageImprint{hash: q.Hash, digest: q.Imprint, bare: q.bare}.add(b)
		if q.Policy != nil {
			b.AddASN1ObjectIdentifier(q.Policy)
		}
		if q.Nonce != nil {
			b.AddASN1BigInt(q.Nonce)
		}
		if q.CertReq {
			b.AddASN1Boolean(true)
		}
	})
	out, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding a timestamp query: %w: %w", ErrQuery, err)
	}
	return out, nil
}
