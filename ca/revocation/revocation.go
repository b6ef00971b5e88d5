// Package revocation publishes which certificates of an authority no longer hold: revocation lists (RFC 5280, 5; GB/T 20518)
// complete, partitioned and delta, and status answers (RFC 6960; GB/T 19713), signed with SM2 or ECDSA as the authority is.
//
// What is published follows the register. A Publisher looks at the register's revision once a second and before it gives
// anything out when its last look is too old, so a revocation by any process shows within five seconds; one by this process
// shows at once after Notice.
package revocation

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"yinzheng/ca"
)

const (
	// CertificatePartitions is into how many lists an authority's certificates are divided: a relying party fetches the one
	// list that its certificate names, a sixteenth of the whole.
	CertificatePartitions = ca.Partitions
	// FullLife is how long a complete or a partition list is valid: long enough to outlive a week's end without operators.
	FullLife = 7 * 24 * time.Hour
	// DeltaLife is how long a delta list is valid. A complete list is made with every delta.
	DeltaLife = 24 * time.Hour
	// AnswerLife is how long a status answer is valid.
	AnswerLife = 12 * time.Hour
	// KeepExpired is how long after its expiry a revoked certificate stays listed: it must be on one regular list made after
	// that (RFC 5280, 3.3). Two lives of a list, so that one missed list takes nobody away too early.
	KeepExpired = 2 * FullLife
	// WatchEvery is how often Run looks at the register's revision.
	WatchEvery = time.Second
	// MaxBlind is how old the last look at the register's revision may be when something is given out.
	MaxBlind = 2 * time.Second
	// CacheFor bounds how long others may keep a status answer: with MaxBlind it stays within the five seconds in which a
	// revocation must show.
	CacheFor = 2 * time.Second
	// RetryAfter is how long a failure is answered from memory before the register or a key is tried again.
	RetryAfter = time.Second

	lookTimeout = 2 * time.Second  // of one look at the revision: longer ones would hold up every answer
	signTimeout = 30 * time.Second // of making the lists of one authority, 100,000 entries in each
	restBetween = 200 * time.Millisecond
)

// Errors of a Publisher.
var (
	// ErrAuthority means that no authority of this name is published here.
	ErrAuthority = errors.New("revocation: no such authority")
	// ErrList means that an authority has no list of this name or number.
	ErrList = errors.New("revocation: no such list")
	// ErrStale means that the list there is has passed its nextUpdate and a new one could not be made.
	ErrStale = errors.New("revocation: the list is out of date")
	// ErrNames means that two authorities cannot be told apart, or that lists of both would have the same address.
	ErrNames = errors.New("revocation: names of authorities collide")
	// ErrNumber means that the source of list numbers went backwards.
	ErrNumber = errors.New("revocation: list number was used before")
	// ErrRecord means that the register holds a record that cannot be published.
	ErrRecord = errors.New("revocation: record of the register cannot be read")
	// ErrConfig means that a Config is incomplete.
	ErrConfig = errors.New("revocation: configuration is incomplete")
)

// Identity is a certificate in DER and its key.
type Identity struct {
	Certificate []byte
	Key         crypto.Signer
}

// Authority is one whose revocations are published. Its keys are used as first given until a certificate changes.
type Authority struct {
	Name        string // in addresses: <base>/crl/<name>.crl
	Certificate []byte
	Key         crypto.Signer // signs the lists
	// Responder signs status answers: a delegated certificate of this authority (RFC 6960, 4.2.2.2). The zero Identity: no
	// status answers, only lists.
	Responder Identity
}

// Book is the part of the certificate register that is read here; ca.Register with ca.Revocations satisfies it.
type Book interface {
	Certificate(ctx context.Context, authority, serial string) (ca.Record, error)
	Revoked(ctx context.Context, authority string, at time.Time) ([]ca.Record, error)
	Revision(ctx context.Context) (int64, error)
}

// Numbers gives each name a rising sequence of numbers, durable on return and shared by every process.
type Numbers interface {
	NextSerial(ctx context.Context, name string) (int64, error)
}

// Config is what a Publisher needs. All fields but Alarm are required.
type Config struct {
	Authorities func() []Authority // asked again at every need: authorities are rolled over
	Book        Book
	Numbers     Numbers
	Now         func() time.Time
	Log         *slog.Logger
	BaseURL     string // without a slash at the end, as in certificates
	// Alarm, if set, is told when two implementations of SM2 disagree about a list.
	Alarm func(ctx context.Context, what string, err error)
}

// Publisher makes and keeps lists and status answers. It is safe for concurrent use.
type Publisher struct {
	c       Config
	wake    chan struct{} // Notice to Run
	answers *answers

	// epoch rises with every revocation that this process learns of. What was made in an earlier epoch is not given out
	// before it was compared with the register.
	epoch atomic.Uint64
	// seen is when the revision was last read, in nanoseconds since 1970; 0 never.
	seen atomic.Int64
	look watch

	mu    sync.Mutex
	known map[string]*authority // by name
}

// New returns a Publisher; it reads nothing yet. Errors: ErrConfig.
func New(c Config) (*Publisher, error) {
	if c.Authorities == nil || c.Book == nil || c.Numbers == nil || c.Now == nil || c.Log == nil {
		return nil, fmt.Errorf("opening revocation: %w", ErrConfig)
	}
	if u, err := url.Parse(c.BaseURL); err != nil || u.Host == "" || strings.HasSuffix(c.BaseURL, "/") {
		return nil, fmt.Errorf("opening revocation at %q: %w", c.BaseURL, ErrConfig)
	}
	return &Publisher{c: c, wake: make(chan struct{}, 1), answers: newAnswers(MaxAnswers), known: make(map[string]*authority)}, nil
}

// PartitionOf returns the partition of a serial number, 0 to CertificatePartitions-1. The serial number is not negative.
func PartitionOf(serial *big.Int) int {
	return int(new(big.Int).Mod(serial, big.NewInt(CertificatePartitions)).Int64())
}
