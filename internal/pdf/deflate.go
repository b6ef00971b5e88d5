package pdf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	mathbits "math/bits"
	"sync"

	"github.com/klauspost/compress/zlib"
)

// level is zlib's fastest: a font subset takes two thirds of the time of level 6 and is 8 % larger (see BenchmarkDeflate).
const level = zlib.BestSpeed

// deflater compresses one stream after the other. The zero value is ready.
type deflater struct {
	buf bytes.Buffer
}

// writers keeps the tables of deflaters between documents: making them costs as much as compressing a page.
var writers sync.Pool

// bytes returns data in zlib form (ISO 32000-1, 7.4.4).
func (d *deflater) bytes(data []byte) ([]byte, error) {
	d.buf.Reset()
	z, ok := writers.Get().(*zlib.Writer)
	if !ok {
		var err error
		if z, err = zlib.NewWriterLevel(&d.buf, level); err != nil {
			return nil, fmt.Errorf("compressing: %w", err)
		}
	}
	defer writers.Put(z)
	z.Reset(&d.buf)
	if _, err := z.Write(data); err != nil {
		return nil, fmt.Errorf("compressing: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compressing: %w", err)
	}
	return clone(d.buf.Bytes()), nil
}

// errInflate says why inflate failed.
var errInflate = errors.New("compressed data is damaged")

// inflate is the reverse of bytes, for at most limit bytes; it wants the data to end where the compression ends.
func inflate(data []byte, limit int64) ([]byte, error) {
	in := bytes.NewReader(data)
	z, err := zlib.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errInflate, err)
	}
	var out bytes.Buffer
	n, err := io.Copy(&out, io.LimitReader(z, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errInflate, err)
	case n > limit:
		return nil, fmt.Errorf("%w: more than %d bytes after inflating", errInflate, limit)
	case in.Len() > 0:
		return nil, fmt.Errorf("%w: %d bytes too many", errInflate, in.Len())
	}
	return out.Bytes(), nil
}

// deflatedZeros is the zlib form of n zero bytes: one block of fixed codes (RFC 1951, 3.2.6). A deflater would first have
// to make its tables, which costs more than all the rest of preparing a seal.
func deflatedZeros(n int) []byte {
	out, acc, bits := []byte{0x78, 0x01}, uint32(0), 0
	put := func(v uint32, width int) {
		acc |= v << bits
		for bits += width; bits >= 8; bits -= 8 {
			out = append(out, byte(acc))
			acc >>= 8
		}
	}
	code := func(v uint8) { put(uint32(mathbits.Reverse8(v)), 8) } // Huffman codes start with their highest bit
	const longest = 258
	put(1|1<<1, 3) // last block, fixed codes
	for left := n; left > 0; {
		if left < n && left >= longest {
			code(0b11000101) // 258 bytes again ...
			put(0, 5)        // ... from one byte back
			left -= longest
		} else {
			code(0b00110000) // a zero
			left--
		}
	}
	put(0, 7)                                                        // end of block
	put(0, 7)                                                        // fills the last byte
	return binary.BigEndian.AppendUint32(out, uint32(n%65521)<<16|1) // Adler-32
}
