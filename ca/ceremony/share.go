package ceremony

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cloudflare/circl/group"
	"github.com/cloudflare/circl/secretsharing"
	"golang.org/x/sync/errgroup"

	"yinzheng/internal/gm"
)

// MaxShare bounds a share file, in bytes; ours take about 1 KiB.
const MaxShare = 16 << 10

const (
	shareFormat = "yinzheng-share-1"
	shareSuffix = ".share"
	scalarBytes = 32
	idBytes     = 16 // of a ceremony's random name
	idDigits    = 2 * idBytes
)

// Share is one officer's share file: what is readable of it. The share itself is sealed under the officer's passphrase.
type Share struct {
	Format    string    `json:"format"`
	Ceremony  string    `json:"ceremony"`  // 32 hexadecimal digits
	Sharing   int       `json:"sharing"`   // number of the transcript of the act that made it: root, or the last reshare
	Officer   string    `json:"officer"`   // label
	Index     int       `json:"index"`     // from 1 to Of
	Threshold int       `json:"threshold"` // shares that open the roots
	Of        int       `json:"of"`        // shares there are
	Sealed    string    `json:"sealed"`    // a file of gm.SealSecret
	Digest    gm.Digest `json:"digest"`    // SM3 of this object with a digest of zeros: shows damage, proves nothing
}

// ParseShare reads a share file: exactly the bytes that were written. All errors are ErrShare.
func ParseShare(file []byte) (*Share, error) {
	if len(file) > MaxShare {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrShare, MaxShare)
	}
	s := new(Share)
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	if err := d.Decode(s); err != nil {
		return nil, fmt.Errorf("%w: not a share file: %w", ErrShare, err)
	}
	again, err := s.encode()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, file) {
		return nil, fmt.Errorf("%w: damaged, or not written by a ceremony", ErrShare)
	}
	digest, err := s.digest()
	if err != nil {
		return nil, err
	}
	switch {
	case s.Format != shareFormat:
		return nil, fmt.Errorf("%w: format %q is not known", ErrShare, s.Format)
	case digest != s.Digest:
		return nil, fmt.Errorf("%w: damaged: its digest is another", ErrShare)
	case !isID(s.Ceremony) || !label.MatchString(s.Officer) || s.Sharing < 1 || s.Sharing > maxTranscripts:
		return nil, fmt.Errorf("%w: names no ceremony, no transcript or no officer", ErrShare)
	case s.Of < MinOfficers || s.Of > MaxOfficers || s.Threshold < MinOfficers || s.Threshold > s.Of || s.Index < 1 || s.Index > s.Of:
		return nil, fmt.Errorf("%w: share %d of %d, threshold %d", ErrShare, s.Index, s.Of, s.Threshold)
	}
	return s, nil
}

func (s Share) encode() ([]byte, error) {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding a share: %w", err)
	}
	return append(b, '\n'), nil
}

// digest is over everything but itself.
func (s Share) digest() (gm.Digest, error) {
	s.Digest = gm.Digest{}
	b, err := s.encode()
	return gm.Sum([]byte("yinzheng ceremony share v1\n"), b), err
}

// bound is what the sealed part repeats of the readable part, so that none of it can be changed.
func (s Share) bound() (gm.Digest, error) {
	s.Sealed = ""
	return s.digest()
}

// sealShare makes the file of a share whose readable part is given.
func sealShare(s Share, value group.Scalar, passphrase []byte) ([]byte, error) {
	bound, err := s.bound()
	if err != nil {
		return nil, err
	}
	raw, err := value.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("sealing the share of %s: %w", s.Officer, err)
	}
	secret := slices.Concat(bound[:], raw)
	clear(raw)
	defer clear(secret)
	sealed, err := gm.SealSecret(secret, passphrase)
	if err != nil {
		return nil, fmt.Errorf("sealing the share of %s: %w", s.Officer, err)
	}
	s.Sealed = string(sealed)
	if s.Digest, err = s.digest(); err != nil {
		return nil, err
	}
	file, err := s.encode()
	if err != nil {
		return nil, err
	}
	_, err = ParseShare(file)
	return file, err
}

// open returns the share's value. All errors are ErrShare.
func (s Share) open(passphrase []byte) (secretsharing.Share, error) {
	var out secretsharing.Share
	secret, err := gm.OpenSecret([]byte(s.Sealed), passphrase)
	if err != nil {
		return out, fmt.Errorf("%w: of %s: %w", ErrShare, s.Officer, err)
	}
	defer clear(secret)
	bound, err := s.bound()
	if err != nil {
		return out, err
	}
	if len(secret) != gm.DigestSize+scalarBytes || !bytes.Equal(secret[:gm.DigestSize], bound[:]) {
		return out, fmt.Errorf("%w: of %s: what is sealed is of another share", ErrShare, s.Officer)
	}
	out.ID, out.Value = group.P256.NewScalar().SetUint64(uint64(s.Index)), group.P256.NewScalar() //nolint:gosec // from 1 to 16
	if err := out.Value.UnmarshalBinary(secret[gm.DigestSize:]); err != nil {
		return out, fmt.Errorf("%w: of %s: not a number of the group", ErrShare, s.Officer)
	}
	return out, nil
}

// holders says who holds shares of which secret.
type holders struct {
	ceremony    string
	officers    []string
	threshold   int
	sharing     int      // number of the transcript of the act that shared the secret
	commitments []string // Feldman's: points of P-256, compressed, hexadecimal; one for each coefficient
}

// split shares a new secret and returns the shares, in the officers' order, and fills in the commitments. The secret lives
// only in the scalar that is returned.
func (h *holders) split(random io.Reader) (group.Scalar, []secretsharing.Share, error) {
	secret := group.P256.RandomNonZeroScalar(random)
	sharing := secretsharing.New(random, uint(h.threshold-1), secret) //nolint:gosec // from 2 to 16
	h.commitments = nil
	for _, e := range sharing.CommitSecret() {
		b, err := e.MarshalBinaryCompress()
		if err != nil {
			return nil, nil, fmt.Errorf("sharing the secret: %w", err)
		}
		h.commitments = append(h.commitments, hex.EncodeToString(b))
	}
	shares := sharing.Share(uint(len(h.officers)))
	back, err := h.recover(shares[len(shares)-h.threshold:])
	if err != nil {
		return nil, nil, fmt.Errorf("sharing the secret: putting it together again: %w", err)
	}
	if !back.IsEqual(secret) {
		return nil, nil, errors.New("ceremony: sharing the secret: another one came back")
	}
	return secret, shares, nil
}

// recover puts the secret together from at least the threshold of different shares, each of which is checked against the
// commitments first.
func (h *holders) recover(shares []secretsharing.Share) (group.Scalar, error) {
	commitment, err := h.commitment()
	if err != nil {
		return nil, err
	}
	t := uint(h.threshold - 1) //nolint:gosec // from 2 to 16
	for _, s := range shares {
		if !secretsharing.Verify(t, s, commitment) {
			return nil, fmt.Errorf("%w: it is not of this secret", ErrShare)
		}
	}
	if len(shares) < h.threshold {
		return nil, fmt.Errorf("%w: %d given, %d needed", ErrThreshold, len(shares), h.threshold)
	}
	secret, err := secretsharing.Recover(t, shares)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrThreshold, err)
	}
	return secret, nil
}

func (h *holders) commitment() (secretsharing.SecretCommitment, error) {
	var out secretsharing.SecretCommitment
	for _, text := range h.commitments {
		b, err := hex.DecodeString(text)
		e := group.P256.NewElement()
		if err == nil {
			err = e.UnmarshalBinary(b)
		}
		if err != nil || e.IsIdentity() {
			return nil, fmt.Errorf("%w: a commitment is not a point", ErrTranscript)
		}
		out = append(out, e)
	}
	if len(out) != h.threshold {
		return nil, fmt.Errorf("%w: %d commitments for the threshold %d", ErrTranscript, len(out), h.threshold)
	}
	return out, nil
}

// open opens the officers' shares and returns the secret and who gave them, in the order of the officers.
func (h *holders) open(given []ShareInput) (group.Scalar, []string, error) {
	if len(given) > len(h.officers) {
		return nil, nil, fmt.Errorf("%w: %d given, there are %d", ErrShare, len(given), len(h.officers))
	}
	opened := make([]secretsharing.Share, len(given))
	places := make([]int, len(given))
	var work errgroup.Group // opening one costs some 100 ms of hashing
	for i, g := range given {
		s, err := ParseShare(g.File)
		if err != nil {
			return nil, nil, fmt.Errorf("share %d of those given: %w", i+1, err)
		}
		if slices.Contains(places[:i], s.Index) {
			return nil, nil, fmt.Errorf("%w: that of %s was given twice", ErrShare, s.Officer)
		}
		places[i] = s.Index
		work.Go(func() (err error) { opened[i], err = h.openOne(s, g.Passphrase); return err })
	}
	if err := work.Wait(); err != nil {
		return nil, nil, err
	}
	var shares []secretsharing.Share
	var names []string
	for i, officer := range h.officers {
		if at := slices.Index(places, i+1); at >= 0 {
			shares, names = append(shares, opened[at]), append(names, officer)
		}
	}
	secret, err := h.recover(shares)
	return secret, slices.Clip(names), err
}

// openOne opens one share and checks it against the commitments, with nobody else present.
func (h *holders) openOne(s *Share, passphrase []byte) (secretsharing.Share, error) {
	var none secretsharing.Share
	switch {
	case s.Ceremony != h.ceremony:
		return none, fmt.Errorf("%w: that of %s is of another ceremony, %s", ErrShare, s.Officer, s.Ceremony)
	case s.Sharing != h.sharing:
		return none, fmt.Errorf("%w: that of %s was given out with transcript %d, those that count with transcript %d", ErrShare, s.Officer, s.Sharing, h.sharing)
	case s.Of != len(h.officers) || s.Threshold != h.threshold || h.officers[s.Index-1] != s.Officer:
		return none, fmt.Errorf("%w: that of %s, number %d, is not as the ceremony gave it out", ErrShare, s.Officer, s.Index)
	}
	commitment, err := h.commitment()
	if err != nil {
		return none, err
	}
	opened, err := s.open(passphrase)
	if err != nil {
		return none, err
	}
	if !secretsharing.Verify(uint(h.threshold-1), opened, commitment) { //nolint:gosec // from 2 to 16
		return none, fmt.Errorf("%w: that of %s is not of this secret", ErrShare, s.Officer)
	}
	return opened, nil
}

// CheckShare tells whether an officer's share and passphrase still are what the ceremony in a folder gave out, without opening
// the roots: it needs one officer and the transcripts only. Errors: ErrShare, and those of ReadRecord.
func CheckShare(dir string, in ShareInput) (*Share, error) {
	s, err := ParseShare(in.File)
	if err != nil {
		return nil, err
	}
	_, state, err := readState(dir)
	if err != nil {
		return nil, err
	}
	_, err = state.holders.openOne(s, in.Passphrase)
	return s, err
}

// passphrase derives what the root key files are sealed under: 64 hexadecimal digits.
func passphrase(ceremony string, secret group.Scalar) ([]byte, error) {
	raw, err := secret.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("deriving the passphrase of the roots: %w", err)
	}
	defer clear(raw)
	d := gm.Sum([]byte("yinzheng ceremony root keys v1\n"), []byte(ceremony), raw)
	out := make([]byte, hex.EncodedLen(len(d)))
	hex.Encode(out, d[:])
	clear(d[:])
	return out, nil
}

func isID(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == idBytes && hex.EncodeToString(b) == s
}
