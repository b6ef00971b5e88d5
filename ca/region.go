// Package ca makes the certificates that a region's trust rests on: an SM2 hierarchy for seals, time, ledger and trust
// list, and an ECDSA one for TLS, both under one cfssl signing policy (policy.json). Keys rest encrypted in a folder.
package ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"yinzheng/internal/gm"
)

// Reasons for which a region cannot be established or opened.
var (
	ErrRegion      = errors.New("ca: region description is wrong")
	ErrOtherRegion = errors.New("ca: the folder belongs to another region")
	ErrIncomplete  = errors.New("ca: the region was not established completely")
	ErrMismatch    = errors.New("ca: a key does not belong to its certificate")
)

// Sources are the outside things that a region needs.
type Sources struct {
	Now  func() time.Time // the clock; required
	Rand io.Reader        // serial numbers, TLS and log keys; nil for the system's (SM2 keys always use the system's)
}

// ready fills in the default and refuses what cannot work.
func (s Sources) ready() (Sources, error) {
	if s.Now == nil {
		return s, fmt.Errorf("%w: no clock", ErrRegion)
	}
	if s.Rand == nil {
		s.Rand = rand.Reader
	}
	return s, nil
}

// Spec describes a region to establish.
type Spec struct {
	Region string // 行政区划代码, 6 digits (GB/T 2260)
	Name   string // 行政区划名称, at most 30 characters
	Origin string // name of the transparency log; "" for "yinzheng-<region>"
	Sources
	// OnStep, if set, is called after each durable step with its name, e.g. "key root" or "certificate root".
	OnStep func(step string)
}

// Identity is a key and its certificate.
type Identity struct {
	Name        string        // e.g. "seal-maker"; the esID for an office's seal
	Certificate []byte        // X.509, DER
	Key         crypto.Signer // SM2
}

// Region is an established region. It is safe for concurrent use.
type Region struct {
	dir        string
	about      about
	passphrase []byte
	src        Sources
	sm2        map[string]Identity // by role
	parsed     map[string]*gm.Certificate
	tls        *TLS
	logKey     ed25519.PrivateKey
	enrolling  sync.Mutex
}

// Code returns the 6-digit 行政区划代码.
func (r *Region) Code() string { return r.about.Region }

// Name returns the region's name.
func (r *Region) Name() string { return r.about.Name }

// Dir returns the folder that holds keys and certificates.
func (r *Region) Dir() string { return r.dir }

// Root is the SM2 root CA.
func (r *Region) Root() Identity { return r.sm2[roleRoot] }

// Authority is the SM2 issuing CA: it signs every other SM2 certificate and the CRL.
func (r *Region) Authority() Identity { return r.sm2[roleAuthority] }

// SealMaker signs seals (制章者).
func (r *Region) SealMaker() Identity { return r.sm2[roleSealMaker] }

// Timestamper signs timestamps.
func (r *Region) Timestamper() Identity { return r.sm2[roleTimestamper] }

// Ledger signs batch roots and promises of the ledger.
func (r *Region) Ledger() Identity { return r.sm2[roleLedger] }

// TrustSigner signs the trust list. Its subject has OU=trust-list, which no office's certificate can have.
func (r *Region) TrustSigner() Identity { return r.sm2[roleTrustList] }

// TLS is the ECDSA CA for TLS identities.
func (r *Region) TLS() *TLS { return r.tls }

// Issuer returns the issuing CA as an issuer under the signing policy.
func (r *Region) Issuer() *Issuer {
	return &Issuer{cert: r.parsed[roleAuthority], key: r.sm2[roleAuthority].Key, src: r.src}
}

// matches reports whether a key belongs to a public key.
func matches(key crypto.Signer, pub crypto.PublicKey) bool {
	own, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && own.Equal(pub)
}

// sm2Public returns the public half of an SM2 key.
func sm2Public(key crypto.Signer) (*ecdsa.PublicKey, error) {
	pub, ok := key.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, ErrKey
	}
	return pub, nil
}
