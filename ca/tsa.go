package ca

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"math/big"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"yinzheng/internal/durable"
	"yinzheng/internal/gm"
	"yinzheng/internal/tsp"
)

// Serials gives out the serial numbers of timestamps.
type Serials interface {
	// Next returns a positive number greater than any before, also across restarts.
	Next(ctx context.Context) (*big.Int, error)
}

// TSA is the region's timestamp authority (RFC 3161, GB/T 20520, with SM3 and SM2). It is safe for concurrent use.
type TSA struct {
	id      Identity
	serials Serials
	now     func() time.Time
}

// TSA returns the timestamp authority with the given source of serial numbers.
func (r *Region) TSA(serials Serials) *TSA {
	return &TSA{id: r.Timestamper(), serials: serials, now: r.src.Now}
}

// Timestamp stamps a digest with the present time. The token is verified before it is returned.
func (t *TSA) Timestamp(ctx context.Context, digest gm.Digest) (*tsp.Token, error) {
	serial, err := t.serials.Next(ctx)
	if err != nil {
		return nil, fmt.Errorf("stamping: %w", err)
	}
	token, err := tsp.Issue(digest, serial, t.now(), t.id.Certificate, t.id.Key)
	if err != nil {
		return nil, fmt.Errorf("stamping: %w", err)
	}
	back, err := tsp.Parse(token.DER)
	if err != nil {
		return nil, fmt.Errorf("stamping: reading back: %w", err)
	}
	if err := back.Verify(digest); err != nil {
		return nil, fmt.Errorf("stamping: verifying back: %w", err)
	}
	return back, nil
}

// Identity returns the key and certificate it stamps with.
func (t *TSA) Identity() (certificate []byte, key crypto.Signer) { return t.id.Certificate, t.id.Key }

// serialBlock is how many serial numbers one write reserves: a crash skips at most that many, and the write costs
// nothing beside that many signatures.
const serialBlock = 1000

// ErrSerials means that the file of serial numbers cannot be trusted.
var ErrSerials = errors.New("ca: the file of serial numbers is damaged")

// FileSerials keeps serial numbers in a file that holds the first number not yet reserved, as decimal digits and a line
// feed. One process may use a file. It is safe for concurrent use.
type FileSerials struct {
	path           string
	mu             sync.Mutex
	next, reserved uint64 // next < reserved: may be given out
}

// OpenSerials opens the file, or starts one at 1. Its folder must exist.
func OpenSerials(path string) (*FileSerials, error) {
	s := &FileSerials{path: path, next: 1, reserved: 1}
	there, err := exists(path)
	if err != nil {
		return nil, fmt.Errorf("opening serial numbers: %w", err)
	}
	if !there {
		return s, nil
	}
	b, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("opening serial numbers: %w", err)
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(string(b), "\n"), 10, 63)
	if err != nil || n == 0 || string(b) != strconv.FormatUint(n, 10)+"\n" {
		return nil, fmt.Errorf("%w: %s", ErrSerials, filepath.Base(path))
	}
	s.next, s.reserved = n, n
	return s, nil
}

// Next implements Serials.
func (s *FileSerials) Next(ctx context.Context) (*big.Int, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == s.reserved {
		reserved := s.reserved + serialBlock
		if err := durable.WriteFile(s.path, []byte(strconv.FormatUint(reserved, 10)+"\n"), keyMode); err != nil {
			return nil, fmt.Errorf("reserving serial numbers: %w", err)
		}
		s.reserved = reserved
	}
	n := s.next
	s.next++
	return new(big.Int).SetUint64(n), nil
}
