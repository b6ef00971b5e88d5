package cos

import (
	"errors"
	"fmt"
	"io"
	"sync"
)

const (
	blockSize = 16 << 10 // bytes read at a time
	maxBlocks = 128      // kept: 2 MB, whatever the size of the file
)

// source is a file read in blocks, or whole in memory.
type source struct {
	r    io.ReaderAt
	size int64
	mem  []byte // the whole, where it is at hand

	mu     sync.Mutex
	blocks map[int64][]byte
}

// block returns the bytes from a multiple of blockSize on, at most blockSize; for a file in memory the whole.
func (s *source) block(at int64) (b []byte, start int64, err error) {
	if s.mem != nil {
		return s.mem, 0, nil
	}
	start = at - at%blockSize
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.blocks[start]; ok {
		return b, start, nil
	}
	b = make([]byte, min(blockSize, s.size-start))
	if n, err := s.r.ReadAt(b, start); n < len(b) {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, 0, fmt.Errorf("pdf: reading at byte %d: %w", start, err)
	}
	if len(s.blocks) >= maxBlocks {
		clear(s.blocks)
	}
	s.blocks[start] = b
	return b, start, nil
}

// bytes reads a range.
func (s *source) bytes(from, to int64) ([]byte, error) {
	if from < 0 || to > s.size || from > to {
		return nil, malformed(from, "bytes up to %d of %d", to, s.size)
	}
	if s.mem != nil {
		return s.mem[from:to:to], nil
	}
	b := make([]byte, to-from)
	if n, err := s.r.ReadAt(b, from); n < len(b) {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("pdf: reading at byte %d: %w", from, err)
	}
	return b, nil
}

// cursor reads a source from a place on.
type cursor struct {
	s      *source
	pos    int64
	blk    []byte
	start  int64 // of blk
	limit  int64 // no byte from here on is read; the size of the source, or the end of a part
	limits Limits
	values int // read so far
	err    error
	// twice notes the first key that a dict has twice; the readers of values refuse it, the strict pass reports it.
	twice *MalformedError
}

func (s *source) cursor(at int64, l Limits) *cursor {
	return &cursor{s: s, pos: at, limit: s.size, limits: l}
}

// peek is the byte at the position, or -1 at the end.
func (c *cursor) peek() int {
	if i := c.pos - c.start; uint64(i) < uint64(len(c.blk)) && c.pos < c.limit {
		return int(c.blk[i])
	}
	return c.load()
}

func (c *cursor) load() int {
	if c.pos >= c.limit || c.pos < 0 || c.err != nil {
		return -1
	}
	if c.blk, c.start, c.err = c.s.block(c.pos); c.err != nil {
		return -1
	}
	return int(c.blk[c.pos-c.start])
}

// next is peek and moves on.
func (c *cursor) next() int {
	b := c.peek()
	if b >= 0 {
		c.pos++
	}
	return b
}

// take consumes s if it stands here.
func (c *cursor) take(s string) bool {
	from := c.pos
	for i := range len(s) {
		if c.peek() != int(s[i]) {
			c.pos = from
			return false
		}
		c.pos++
	}
	return true
}

// wrong is a fault at the position, or the error of reading.
func (c *cursor) wrong(format string, args ...any) error {
	if c.err != nil {
		return c.err
	}
	return malformed(c.pos, format, args...)
}

func isSpace(c int) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isDelimiter(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

// isRegular reports whether a byte can be inside a number, a name or a keyword.
func isRegular(c int) bool { return c >= 0 && !isSpace(c) && !isDelimiter(byte(c)) }

// blank passes white space alone.
func (c *cursor) blank() {
	for b := c.peek(); b >= 0 && isSpace(b); b = c.peek() {
		c.pos++
	}
}

// skip passes white space and comments (ISO 32000-1, 7.2).
func (c *cursor) skip() {
	for {
		b := c.peek()
		switch {
		case b >= 0 && isSpace(b):
			c.pos++
		case b == '%':
			for b = c.peek(); b >= 0 && b != '\n' && b != '\r'; b = c.peek() {
				c.pos++
			}
		default:
			return
		}
	}
}
