package tsa

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"yinzheng/internal/clock"
	"yinzheng/internal/durable"
)

// Serials gives out the serial numbers of timestamps and remembers the times they went with.
type Serials interface {
	// Next returns a positive number greater than any before, also across restarts, for a token of the given time (in whole
	// seconds), which it remembers before it returns. clock.ErrBackwards when that time is before one given earlier.
	Next(ctx context.Context, at time.Time) (*big.Int, error)
	// Latest is the latest time given to Next, also by earlier processes. Zero: none.
	Latest() time.Time
}

const (
	// serialBlock is how many serial numbers one write reserves: a crash skips at most that many, and the write costs
	// nothing beside that many signatures.
	serialBlock = 1000
	// maxSerials bounds the file in bytes: two numbers of at most 19 digits.
	maxSerials  = 64
	serialsMode = 0o600
	// lastSecond is the last that a token can state: 9999-12-31T23:59:59Z.
	lastSecond = 253402300799
)

// ErrSerials means that the file of serial numbers cannot be trusted.
var ErrSerials = errors.New("tsa: the file of serial numbers is damaged")

// FileSerials keeps serial numbers and the latest time in a file of one line: the first number not yet reserved, a space, and
// the latest time in seconds since 1970, both in decimal digits. A file without the time was written before times were kept.
// One process may use a file. It is safe for concurrent use.
type FileSerials struct {
	path           string
	mu             sync.Mutex
	next, reserved uint64 // next < reserved: may be given out
	latest         int64  // seconds since 1970; 0: none
}

// OpenSerials opens the file, or starts one at 1. Its folder must exist. Errors: ErrSerials.
func OpenSerials(path string) (*FileSerials, error) {
	s := &FileSerials{path: path, next: 1, reserved: 1}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening serial numbers: %w", err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxSerials+1))
	if err != nil {
		return nil, fmt.Errorf("opening serial numbers: %w", err)
	}
	if !s.read(string(b)) {
		return nil, fmt.Errorf("%w: %s", ErrSerials, filepath.Base(path))
	}
	return s, nil
}

// read takes exactly what write writes, now or before times were kept.
func (s *FileSerials) read(text string) bool {
	first, second, withTime := strings.Cut(strings.TrimSuffix(text, "\n"), " ")
	n, err := strconv.ParseUint(first, 10, 63)
	if err != nil || n == 0 {
		return false
	}
	s.next, s.reserved = n, n
	if !withTime {
		return text == strconv.FormatUint(n, 10)+"\n"
	}
	s.latest, err = strconv.ParseInt(second, 10, 64)
	return err == nil && s.latest > 0 && s.latest <= lastSecond && text == line(n, s.latest)
}

func line(reserved uint64, latest int64) string {
	return strconv.FormatUint(reserved, 10) + " " + strconv.FormatInt(latest, 10) + "\n"
}

// Next implements Serials. It writes once a block of numbers and once a second in which a token is made.
func (s *FileSerials) Next(ctx context.Context, at time.Time) (*big.Int, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	second := at.Unix()
	if second <= 0 || second > lastSecond {
		return nil, fmt.Errorf("reserving serial numbers: a token cannot state the time %d", second)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if second < s.latest {
		return nil, fmt.Errorf("reserving serial numbers: %d seconds before the latest timestamp: %w", s.latest-second, clock.ErrBackwards)
	}
	reserved := s.reserved
	if s.next == reserved {
		reserved += serialBlock
	}
	if reserved != s.reserved || second != s.latest {
		if err := durable.WriteFile(s.path, []byte(line(reserved, second)), serialsMode); err != nil {
			return nil, fmt.Errorf("reserving serial numbers: %w", err)
		}
		s.reserved, s.latest = reserved, second
	}
	n := s.next
	s.next++
	return new(big.Int).SetUint64(n), nil
}

// Latest implements Serials.
func (s *FileSerials) Latest() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.latest == 0 {
		return time.Time{}
	}
	return time.Unix(s.latest, 0).UTC()
}
