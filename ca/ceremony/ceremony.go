// Package ceremony makes and uses the root keys of a region, on a machine without network and in a folder of its own. A
// reviewed file says what is to be done; officers hold shares of the one secret that opens the root keys, m of n; what was
// done is in a transcript that the root signs. The server never sees the folder: it is handed what is under out/ and the
// root certificates.
package ceremony

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"yinzheng/internal/gm"
)

// Reasons for which a ceremony does not take place. All are wrapped with what is wrong and where.
var (
	ErrPlan        = errors.New("ceremony: the reviewed file is wrong")
	ErrNotReviewed = errors.New("ceremony: the file is not the one that was reviewed")
	ErrFolder      = errors.New("ceremony: not a ceremony folder that can be used")
	ErrLocked      = errors.New("ceremony: another run is using the folder")
	ErrExists      = errors.New("ceremony: it is there already and is never overwritten")
	ErrShare       = errors.New("ceremony: a share cannot be used")
	ErrThreshold   = errors.New("ceremony: too few shares")
	ErrPassphrases = errors.New("ceremony: the officers' passphrases are not as the plan says")
	ErrTranscript  = errors.New("ceremony: a transcript is not what was written")
	ErrUnclosed    = errors.New("ceremony: a transcript was never closed")
	ErrRequest     = errors.New("ceremony: a request cannot be signed")
	ErrKeyUsed     = errors.New("ceremony: the key has a certificate already")
	ErrLint        = errors.New("ceremony: the certificate breaks a rule and was not signed")
	ErrRevocation  = errors.New("ceremony: a revocation list cannot be signed")
	ErrClock       = errors.New("ceremony: the clock stands before the last ceremony")
	ErrMismatch    = errors.New("ceremony: a key does not belong to its certificate")
)

// Files and folders of the ceremony folder. Everything below is 0700 and 0600, except what out/ holds for others to read.
const (
	RootFile    = "root.pem"     // SM2 root certificate
	TLSRootFile = "tls-root.pem" // ECDSA root certificate
	OutDir      = "out"          // what is carried to the server: certificates and revocation lists
)

// Input is one act of a ceremony.
type Input struct {
	Dir      string    // the ceremony folder; made with mode 0700 if it is missing
	Plan     []byte    // the reviewed file, at most MaxPlan bytes
	PlanDir  string    // the files that the plan names are relative to it
	Reviewed gm.Digest // SM3 of the file that was reviewed
	Tool     string    // name and version of the program, for the transcript
	Now      func() time.Time
	Rand     io.Reader // serial numbers and the ceremony's name; nil for the system's, which makes every secret
	// Passphrases are the officers' own, by label; only for the act root. Each has at least gm.MinPassphrase characters
	// and no two are the same.
	Passphrases map[string][]byte
	// ShareDirs says where an officer's share file goes, by label; the ceremony folder for those not named.
	ShareDirs map[string]string
	// Shares open the root keys for every other act; as many as the threshold, or more.
	Shares []ShareInput
	// OnStep, if set, is called after each durable step with its name.
	OnStep func(step string)
}

// ShareInput is one officer's share file and the passphrase that opens it.
type ShareInput struct{ File, Passphrase []byte }

// Outcome says what an act left.
type Outcome struct {
	Transcript string   // path of the signed transcript
	Files      []string // paths of certificates, lists and share files made, in order
	Kept       []string // paths of certificates that were there already for the same request
	Unfinished []int    // numbers of transcripts of earlier runs that ended early and are now recorded
}

// Perform does what the reviewed file says, once. After an error or a crash the same call may be made again: what an
// earlier run left is recorded, its serial numbers are not used again and whole certificates of it are kept.
func Perform(ctx context.Context, in Input) (*Outcome, error) {
	out, _, err := perform(ctx, in, nil)
	return out, err
}

// perform is Perform for a caller who holds the root keys open already; it returns them.
func perform(ctx context.Context, in Input, keys *rootKeys) (*Outcome, *rootKeys, error) {
	if got := gm.Sum(in.Plan); got != in.Reviewed {
		return nil, nil, fmt.Errorf("%w: its SM3 is %s, reviewed was %s", ErrNotReviewed, got, in.Reviewed)
	}
	plan, err := ParsePlan(in.Plan)
	if err != nil {
		return nil, nil, err
	}
	if in.Rand == nil {
		in.Rand = rand.Reader
	}
	if in.Now == nil || in.Tool == "" {
		return nil, nil, fmt.Errorf("%w: no clock or no program name", ErrPlan)
	}
	f, err := openFolder(in.Dir)
	if err != nil {
		return nil, nil, err
	}
	defer f.close()
	s := &session{in: in, plan: plan, folder: f, keys: keys, now: in.Now().UTC().Truncate(time.Second)}
	if err := s.run(ctx); err != nil {
		return nil, nil, fmt.Errorf("ceremony %s: %w", plan.Act, err)
	}
	return &s.out, s.keys, nil
}
