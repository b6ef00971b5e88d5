package keys

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"

	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
)

// write makes an entry durable; the lock is held, or nobody else knows the key. Uses in it are in the journal durably.
func (f *Folder) write(e entry) error {
	b, err := e.encode()
	if err != nil {
		return err
	}
	return durable.WriteFile(f.path(e.ID, entrySuffix), b, fileMode)
}

// use counts and records one use of a key, before it is made, and returns the line for commit. The lock is held.
func (f *Folder) use(s *slot, op Op, detail string) (line int64, err error) {
	switch {
	case f.closed:
		return 0, ErrClosed
	case s.State != Active:
		return 0, fmt.Errorf("%w: %s is %s", ErrState, s.ID, s.State)
	case s.Quota > 0 && s.Used >= s.Quota:
		return 0, fmt.Errorf("%w: %s has made %d of %d", ErrQuota, s.ID, s.Used, s.Quota)
	}
	if f.j.full() {
		if err := f.j.rotate(f.carry()); err != nil {
			return 0, err
		}
	}
	at := f.now()
	line, err = f.j.append(Line{At: at, Op: op, ID: s.ID, Use: s.Use, Count: s.Used + 1, Detail: detail})
	if err != nil {
		return 0, err
	}
	s.Used++
	s.LastUsed = later(at, s.LastUsed)
	return line, nil
}

// commit returns when a line is on disk.
func (f *Folder) commit(line int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.j.commit(line)
}

// carry returns the lines that a new journal file begins with: the counts that are not in the inventory.
func (f *Folder) carry() []Line {
	var lines []Line
	for _, s := range f.slots {
		if s.Used != s.written {
			lines = append(lines, Line{At: s.LastUsed, Op: OpCarry, ID: s.ID, Use: s.Use, Count: s.Used, Detail: noDetail})
		}
	}
	return lines
}

// Signer implements Holder. The key's file is decrypted now, if it was not before.
func (f *Folder) Signer(ctx context.Context, id string) (crypto.Signer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	s, err := f.find(id)
	if err == nil && s.Use == UseEncryption {
		err = fmt.Errorf("%w: %s is an encryption key", ErrState, id)
	}
	if err == nil && s.State != Active {
		err = fmt.Errorf("%w: %s is %s", ErrState, id, s.State)
	}
	f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if _, err := f.private(s, true); err != nil {
		return nil, err
	}
	if s.Algorithm == SM2 {
		return gm.NewSigner(s.pub.(*ecdsa.PublicKey), func(e gm.Digest) ([]byte, error) {
			return f.sign(s, e[:], e[:], gm.HashedWithZ{})
		}), nil
	}
	return &counted{f: f, s: s}, nil
}

// sign records the digest, signs msg, and gives the signature out when the record is on disk.
func (f *Folder) sign(s *slot, digest, msg []byte, opts crypto.SignerOpts) ([]byte, error) {
	sig, err := f.signed(s, hex.EncodeToString(digest), msg, opts)
	if err != nil {
		return nil, fmt.Errorf("signing with %s: %w", s.ID, err)
	}
	return sig, nil
}

func (f *Folder) signed(s *slot, detail string, msg []byte, opts crypto.SignerOpts) ([]byte, error) {
	if err := f.step("sign: start"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	key := s.private
	line, err := f.use(s, OpSign, detail)
	f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if err := f.step("sign: recorded"); err != nil {
		return nil, err
	}
	sig, err := key.Sign(rand.Reader, msg, opts)
	if err != nil {
		return nil, err
	}
	if err := f.commit(line); err != nil {
		return nil, err
	}
	return sig, f.step("sign: durable")
}

// counted is an ECDSA or Ed25519 key of a folder.
type counted struct {
	f *Folder
	s *slot
}

// Public implements crypto.Signer.
func (c *counted) Public() crypto.PublicKey { return c.s.pub }

// Sign implements crypto.Signer: ECDSA of a digest of SHA-256, SHA-384 or SHA-512, or pure Ed25519 of a message. Errors:
// ErrOptions, ErrState, ErrQuota.
func (c *counted) Sign(_ io.Reader, msg []byte, opts crypto.SignerOpts) ([]byte, error) {
	if err := CheckOptions(c.s.Algorithm, msg, opts); err != nil {
		return nil, fmt.Errorf("signing with %s: %w", c.s.ID, err)
	}
	digest := msg
	if c.s.Algorithm == Ed25519 {
		d := gm.Sum(msg)
		digest = d[:]
	}
	return c.f.sign(c.s, digest, msg, opts.HashFunc())
}

// CheckOptions reports whether an ECDSA P-256 or Ed25519 key of a holder signs msg so: ErrOptions.
func CheckOptions(a Algorithm, msg []byte, opts crypto.SignerOpts) error {
	if opts == nil {
		return fmt.Errorf("%w: none", ErrOptions)
	}
	h := opts.HashFunc()
	switch a {
	case P256:
		if h != crypto.SHA256 && h != crypto.SHA384 && h != crypto.SHA512 || len(msg) != h.Size() {
			return fmt.Errorf("%w: %d bytes as a digest of %s", ErrOptions, len(msg), h)
		}
		return nil
	case Ed25519:
		if o, ok := opts.(*ed25519.Options); h != 0 || ok && o.Context != "" {
			return fmt.Errorf("%w: Ed25519 signs messages, without a context", ErrOptions)
		}
		return nil
	default:
		return fmt.Errorf("%w: %s", ErrOptions, a)
	}
}

// private returns the private key of a slot, decrypting its file once; kept says whether to keep it in memory.
func (f *Folder) private(s *slot, kept bool) (crypto.Signer, error) {
	f.sealed.RLock()
	defer f.sealed.RUnlock()
	s.opening.Lock()
	defer s.opening.Unlock()
	f.mu.Lock()
	key := s.private
	f.mu.Unlock()
	if key != nil {
		return key, nil
	}
	key, err := f.open(s)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", s.ID, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return nil, ErrClosed
	case s.State == Destroyed:
		return nil, fmt.Errorf("%w: %s is %s", ErrState, s.ID, s.State)
	case kept:
		s.private = key
	}
	return key, nil
}

func (f *Folder) open(s *slot) (crypto.Signer, error) {
	file, err := readFile(f.path(s.ID, keySuffix), MaxSealed)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	key, err := f.c.Sealing.Open(s.ID, file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	if pub, ok := s.pub.(interface{ Equal(crypto.PublicKey) bool }); !ok || !pub.Equal(key.Public()) {
		return nil, fmt.Errorf("%w: it holds another key", ErrKeyFile)
	}
	return key, nil
}

// Envelop implements Enveloper. Only an active key is given out; each time counts as a use.
func (f *Folder) Envelop(ctx context.Context, id string, recipient []byte) ([]byte, error) {
	b, err := f.envelop(ctx, id, recipient)
	if err != nil {
		return nil, fmt.Errorf("enveloping %q: %w", clip(id), err)
	}
	return b, nil
}

func (f *Folder) envelop(ctx context.Context, id string, recipient []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	to, err := gm.ParsePublicKey(recipient)
	if err != nil {
		return nil, fmt.Errorf("%w: the recipient: %w", ErrSpec, err)
	}
	f.mu.Lock()
	s, err := f.find(id)
	if err == nil && (s.Use != UseEncryption || s.State != Active) {
		err = fmt.Errorf("%w: it is of use %s and %s", ErrState, s.Use, s.State)
	}
	f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	key, err := f.private(s, false)
	if err != nil {
		return nil, err
	}
	enveloped, err := gm.Envelop(to, key)
	if err != nil {
		return nil, err
	}
	if err := f.step("envelop: start"); err != nil {
		return nil, err
	}
	digest := gm.Sum(recipient)
	f.mu.Lock()
	line, err := f.use(s, OpEnvelop, digest.String())
	if err == nil {
		err = f.j.commit(line)
	}
	f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return enveloped, f.step("envelop: durable")
}
