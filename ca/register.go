package ca

import (
	"context"
	"errors"
	"time"

	"yinzheng/internal/gm"
)

// Reasons for which the register refuses.
var (
	ErrSerialUsed    = errors.New("ca: the serial number was used before")
	ErrKeyUsed       = errors.New("ca: the key was certified before")
	ErrNoCertificate = errors.New("ca: no such certificate")
	ErrRevoked       = errors.New("ca: the certificate is revoked already")
)

// State is where a certificate stands in the register.
type State string

// The states. An intent that was never settled is voided when the service starts again: its serial number counts as
// revoked, because nobody can prove that no such certificate exists.
const (
	Intended State = "intended" // about to be signed
	Good     State = "good"
	Revoked  State = "revoked"
	Void     State = "void" // never left this house
)

// Intent is a certificate about to be signed. It is stored first, so that a serial number is never used twice and a
// signed certificate never unknown.
type Intent struct {
	Authority string    // issuer's subject key identifier, lower-case hexadecimal: certdb's AKI
	Serial    string    // decimal, as in certdb
	Key       gm.Digest // SM3 of the SubjectPublicKeyInfo; no key is certified twice by any authority
	Profile   string
	Name      string   // common name
	SANs      []string // further names
	By        string   // who asked
	At        time.Time
	NotBefore time.Time
	NotAfter  time.Time
}

// Record is one certificate of the register.
type Record struct {
	Intent
	State     State
	DER       []byte    // nil while Intended, and when Void
	RevokedAt time.Time // zero unless Revoked or Void
	Reason    int       // RFC 5280, 5.3.1
}

// Query selects records in ascending order of their position.
type Query struct {
	After         int64  // position of the last one seen; 0 begins
	Limit         int    // at most MaxPage
	Authority     string // "" for every one
	Name          string // exact common name; "" for every one
	State         State  // "" for every one
	Profile       string // "" for every one
	ExpiresBefore time.Time
}

// MaxPage bounds the records of one answer.
const MaxPage = 500

// Register is the inventory of every certificate that was signed or is about to be (cfssl's certdb rests on it). Every
// change is durable on return.
type Register interface {
	// Intend stores an intent: ErrSerialUsed, ErrKeyUsed.
	Intend(ctx context.Context, i Intent) error
	// Settle stores the signed certificate of an intent: Intended becomes Good. The same bytes again are no error.
	Settle(ctx context.Context, authority, serial string, der []byte) error
	// Certificate returns one record, or ErrNoCertificate.
	Certificate(ctx context.Context, authority, serial string) (Record, error)
	// Certificates returns a page of records and the position of the last.
	Certificates(ctx context.Context, q Query) ([]Record, int64, error)
}

// Revocations is the part of the register that revoking needs. Every change is durable on return.
type Revocations interface {
	// Revoke makes Good Revoked: ErrNoCertificate, ErrRevoked. Each revocation raises the revision.
	Revoke(ctx context.Context, authority, serial string, reason int, at time.Time) error
	// Revoked returns every revoked or void certificate of an authority whose notAfter is not before at, by serial.
	Revoked(ctx context.Context, authority string, at time.Time) ([]Record, error)
	// Revision grows with every revocation, in whatever process it was made.
	Revision(ctx context.Context) (int64, error)
	// Void makes every Intended from before a time Void and returns how many there were.
	Void(ctx context.Context, before, at time.Time) (int, error)
}

// Token is a one-time right to enrol a calling system. Only the SM3 of the secret is kept.
type Token struct {
	Digest  gm.Digest
	Name    string // common name that the certificate will have
	Caller  []byte // auth.Caller in JSON: who the certificate speaks for
	By      string
	Made    time.Time
	Expires time.Time
	Used    time.Time // when first; zero: not yet
}

// ErrToken means that an enrolment token is unknown, used or expired; which of them is not told.
var ErrToken = errors.New("ca: enrolment token is not good")

// Tokens keeps enrolment tokens.
type Tokens interface {
	PutToken(ctx context.Context, t Token) error
	// UseToken marks a token used for a key (SM3 of its SubjectPublicKeyInfo) and returns it, for one key only: ErrToken
	// otherwise. The same key again, until the token's end, is a repeat and gets the same; Used tells it from the first.
	UseToken(ctx context.Context, digest, key gm.Digest, at time.Time) (Token, error)
}
