package pdf

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
)

// level is zlib's fastest: a page costs half of what level 6 costs and is some 7 % larger (see BenchmarkDeflate).
const level = zlib.BestSpeed

// deflater compresses one stream after the other, keeping its tables. The zero value is ready.
type deflater struct {
	z   *zlib.Writer
	buf bytes.Buffer
}

// bytes returns data in zlib form (ISO 32000-1, 7.4.4).
func (d *deflater) bytes(data []byte) ([]byte, error) {
	d.buf.Reset()
	if d.z == nil {
		z, err := zlib.NewWriterLevel(&d.buf, level)
		if err != nil {
			return nil, fmt.Errorf("compressing: %w", err)
		}
		d.z = z
	} else {
		d.z.Reset(&d.buf)
	}
	if _, err := d.z.Write(data); err != nil {
		return nil, fmt.Errorf("compressing: %w", err)
	}
	if err := d.z.Close(); err != nil {
		return nil, fmt.Errorf("compressing: %w", err)
	}
	return clone(d.buf.Bytes()), nil
}

// errInflate says why inflate failed.
var errInflate = errors.New("compressed data is damaged")

// inflate is the reverse of bytes, for at most limit bytes; it wants the data to end where the compression ends. A
// longer result is ErrLimit.
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
		return nil, fmt.Errorf("%w: more than %d bytes after inflating", ErrLimit, limit)
	case in.Len() > 0:
		return nil, fmt.Errorf("%w: %d bytes too many", errInflate, in.Len())
	}
	return out.Bytes(), nil
}
