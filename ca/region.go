// Package ca makes the certificates that a region's trust rests on: an SM2 hierarchy for seals, time, ledger and trust
// list, and an ECDSA one for TLS and Fabric, both under one cfssl signing policy (policy.json). The roots are made by a
// ceremony and never live here; every other key is in a keys.Holder, every certificate in a Register before it is signed.
package ca

import (
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"yinzheng/internal/clock"
	"yinzheng/internal/gm"
	"yinzheng/internal/keys"
)

// Reasons for which a region cannot be established or opened.
var (
	ErrRegion      = errors.New("ca: region description is wrong")
	ErrOtherRegion = errors.New("ca: the folder belongs to another region")
	ErrIncomplete  = errors.New("ca: the region was not established completely")
	ErrMismatch    = errors.New("ca: a key does not belong to its certificate")
)

// ErrStopped means that two implementations disagreed about a signature made here: nothing is signed until a person has
// found out why and the process was started anew.
var ErrStopped = errors.New("ca: signing is stopped: two implementations of SM2 disagreed")

// clockTolerance is how far the clock may step back before issuing is refused: a time service corrects by less.
const clockTolerance = 5 * time.Second

// Books are what a region writes into.
type Books interface {
	Register
	Revocations
}

// Config says where a region lives and what it is given.
type Config struct {
	Dir   string      // of region.json and certs/
	Keys  keys.Holder // of every key but the roots'
	Books Books
	Base  string           // address under which /crl, /ocsp and /ca are served; "" leaves them out of the certificates
	Now   func() time.Time // the clock; required
	Rand  io.Reader        // of serial numbers; nil for the system's
	// Last is when something was last issued: a clock that stands before it is not believed. Zero for never.
	Last time.Time
	// OnStep, if set, is called after each durable step of Establish with its name, e.g. "certificate ocsp".
	OnStep func(step string)
	// Alarm, if set, is told when two implementations of SM2 disagree.
	Alarm func(ctx context.Context, what string, err error)
}

// ready fills in the defaults and refuses what cannot work.
func (c Config) ready() (Config, error) {
	if c.Now == nil || c.Keys == nil || c.Books == nil || c.Dir == "" {
		return c, fmt.Errorf("%w: folder, keys, books and clock are needed", ErrRegion)
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.OnStep == nil {
		c.OnStep = func(string) {}
	}
	if c.Alarm == nil {
		c.Alarm = func(context.Context, string, error) {}
	}
	return c, nil
}

// Identity is a key and its certificate.
type Identity struct {
	Name        string        // of the key and the file, e.g. "seal-maker", "authority-2"; the esID for an office's seal
	Certificate []byte        // X.509, DER
	Key         crypto.Signer // nil for a root: its key is not here

	cert *gm.Certificate
}

// Region is an established region. It is safe for concurrent use.
type Region struct {
	c       Config
	about   about
	clock   *clock.Guard
	stopped atomic.Bool

	mu         sync.RWMutex
	identities map[string][]Identity // by role, oldest generation first
	crossed    []Identity            // cross-certificates that our root gave to other regions' roots

	enrolling sync.Mutex // of seals
	renewing  sync.Mutex // of roles
}

// Code returns the 6-digit 行政区划代码.
func (r *Region) Code() string { return r.about.Region }

// Name returns the region's name.
func (r *Region) Name() string { return r.about.Name }

// Root is the newest SM2 root CA; it has no key.
func (r *Region) Root() Identity { return r.current(roleRoot) }

// TLSRoot is the newest ECDSA root CA; it has no key.
func (r *Region) TLSRoot() Identity { return r.current(roleTLSRoot) }

// Authority is the SM2 issuing CA that issues at present.
func (r *Region) Authority() Identity { return r.current(roleAuthority) }

// SealMaker signs seals (制章者).
func (r *Region) SealMaker() Identity { return r.current(roleSealMaker) }

// Timestamper signs timestamps with SM2.
func (r *Region) Timestamper() Identity { return r.current(roleTimestamper) }

// TLSTimestamper signs timestamps with ECDSA.
func (r *Region) TLSTimestamper() Identity { return r.current(roleTLSTimestamper) }

// Ledger signs batch roots and promises of the ledger.
func (r *Region) Ledger() Identity { return r.current(roleLedger) }

// TrustSigner signs the trust list.
func (r *Region) TrustSigner() Identity { return r.current(roleTrustList) }

// TLSAuthority is the ECDSA issuing CA.
func (r *Region) TLSAuthority() Identity { return r.current(roleTLS) }

// Vouched are the certificates of one kind that a trust list names, those of SM2 first, then those of ECDSA, for documents that
// are signed for readers who know no SM2; newest first: those of past generations stay until they expire.
type Vouched struct {
	Roots, Authorities, SealMakers, Timestampers [][]byte // DER
	LedgerKeys                                   [][]byte // SubjectPublicKeyInfo
}

// Vouched returns what the trust list names at a time.
func (r *Region) Vouched(at time.Time) (Vouched, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	all := func(ids []Identity) (out [][]byte) {
		for i := len(ids) - 1; i >= 0; i-- {
			if !at.After(ids[i].cert.NotAfter) {
				out = append(out, ids[i].Certificate)
			}
		}
		return out
	}
	v := Vouched{
		Roots:        slices.Concat(all(r.identities[roleRoot]), all(r.identities[roleTLSRoot])),
		Authorities:  slices.Concat(all(r.identities[roleAuthority]), all(r.crossed), all(r.identities[roleTLS])),
		SealMakers:   all(r.identities[roleSealMaker]),
		Timestampers: slices.Concat(all(r.identities[roleTimestamper]), all(r.identities[roleTLSTimestamper])),
	}
	for i := len(r.identities[roleLedger]) - 1; i >= 0; i-- { // also expired ones: receipts are read for decades
		key, err := gm.MarshalPublicKey(r.identities[roleLedger][i].cert.PublicKey)
		if err != nil {
			return v, fmt.Errorf("naming the ledger's keys: %w", err)
		}
		v.LedgerKeys = append(v.LedgerKeys, key)
	}
	return v, nil
}

// now reads the guarded clock: a clock that went back is an error, not a time.
func (r *Region) now() (time.Time, error) {
	t, err := r.clock.Now()
	if err != nil {
		return t, fmt.Errorf("reading the clock: %w", err)
	}
	return t.UTC().Truncate(time.Second), nil
}

// disagree stops all signing if err is a disagreement between two implementations, and passes it on.
func (r *Region) disagree(ctx context.Context, what string, err error) error {
	if errors.Is(err, gm.ErrDisagreement) && !r.stopped.Swap(true) {
		r.c.Alarm(ctx, what, err)
	}
	return err
}

// ErrInUse means that a key cannot go: the region signs with it.
var ErrInUse = errors.New("ca: the region signs with this key; renew the service or roll the authority over first")

// MayGo reports nil when a key may be retired or destroyed: ErrInUse for the log's and that of the present generation of
// every role, without which the service could not start again.
func (r *Region) MayGo(key string) error {
	if key == roleLog {
		return fmt.Errorf("%w: %s", ErrInUse, key)
	}
	for _, role := range roles() {
		if !role.isRoot() && r.current(role.name).Name == key {
			return fmt.Errorf("%w: %s", ErrInUse, key)
		}
	}
	return nil
}

// Stop stops all signing after a disagreement found elsewhere, e.g. when a seal was made.
func (r *Region) Stop(ctx context.Context, what string, err error) {
	_ = r.disagree(ctx, what, err)
}

// Working reports nil, or ErrStopped.
func (r *Region) Working() error {
	if r.stopped.Load() {
		return ErrStopped
	}
	return nil
}

// matches reports whether a key belongs to a public key.
func matches(key crypto.Signer, pub crypto.PublicKey) bool {
	own, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && own.Equal(pub)
}
