package cos

import (
	"bufio"
	"bytes"
	"compress/lzw"
	"compress/zlib"
	"encoding/ascii85"
	"errors"
	"fmt"
	"io"

	early "golang.org/x/image/tiff/lzw"
)

const (
	maxFilters = 4
	maxColumns = 1 << 20 // of a predictor's row
	maxRow     = 4 << 20 // bytes of it: the widest scan in four colours of 16 bits has less than one
)

// Raw reads the bytes of a stream as they stand in the file.
func (f *File) Raw(s Stream) *io.SectionReader {
	return io.NewSectionReader(f.src.r, s.Start, s.Length)
}

// Decode undoes the filters of a stream that was read, up to most bytes. Errors: ErrFilter for those of pictures, ErrLimit,
// *MalformedError.
func (f *File) Decode(s Stream, most int64) ([]byte, error) {
	most = min(most, f.limits.Decoded)
	filters, params, err := filtersOf(s)
	if err != nil {
		return nil, err
	}
	var r io.Reader = bufio.NewReader(f.Raw(s))
	if f.src.mem != nil {
		r = bytes.NewReader(f.src.mem[s.Start : s.Start+s.Length])
	}
	for i, filter := range filters {
		if r, err = decoder(r, filter, params[i]); err != nil {
			return nil, at(s.Start, err)
		}
		if i < len(filters)-1 { // what is between two filters grows a thousand times with each
			r = &stage{r: r, left: f.limits.Decoded}
		}
	}
	out, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, at(s.Start, err)
	}
	if int64(len(out)) > most {
		return nil, fmt.Errorf("%w: a stream of more than %d bytes", ErrLimit, most)
	}
	return out, nil
}

// stage ends with ErrLimit when more is read than it has left: a chain of filters that gives nothing works on all that is between.
type stage struct {
	r    io.Reader
	left int64
}

func (s *stage) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	if s.left -= int64(n); s.left < 0 {
		return 0, fmt.Errorf("%w: too many bytes between two filters", ErrLimit)
	}
	return n, err
}

// at gives an error of decoding its place.
func at(start int64, err error) error {
	if errors.Is(err, ErrFilter) || errors.Is(err, ErrLimit) {
		return err
	}
	return malformed(start, "a stream that cannot be decoded: %v", err)
}

// filtersOf lists filters and their parameters, which must be direct.
func filtersOf(s Stream) (filters []Name, params []Dict, err error) {
	if s.Dict.Get("F") != nil {
		return nil, nil, fmt.Errorf("%w: data in another file", ErrFilter)
	}
	switch v := s.Dict.Get("Filter").(type) {
	case nil:
		return nil, nil, nil
	case Name:
		filters = []Name{v}
	case Array:
		for _, e := range v {
			n, ok := e.(Name)
			if !ok {
				return nil, nil, malformed(s.Start, "/Filter is not names")
			}
			filters = append(filters, n)
		}
	default:
		return nil, nil, malformed(s.Start, "/Filter is not a name")
	}
	if len(filters) > maxFilters {
		return nil, nil, fmt.Errorf("%w: %d filters", ErrLimit, len(filters))
	}
	params = make([]Dict, len(filters))
	switch v := s.Dict.Get("DecodeParms").(type) {
	case nil, Null:
	case Dict:
		if len(params) > 0 {
			params[0] = v
		}
	case Array:
		for i, e := range v {
			if d, ok := e.(Dict); ok && i < len(params) {
				params[i] = d
			} else if _, null := e.(Null); !null {
				return nil, nil, malformed(s.Start, "/DecodeParms")
			}
		}
	default:
		return nil, nil, fmt.Errorf("%w: /DecodeParms elsewhere", ErrFilter)
	}
	return filters, params, nil
}

func decoder(r io.Reader, filter Name, params Dict) (io.Reader, error) {
	switch filter {
	case "FlateDecode", "Fl":
		z, err := zlib.NewReader(r)
		if err != nil {
			return nil, err
		}
		return predictor(z, params)
	case "LZWDecode", "LZW":
		if params.Get("EarlyChange") == Integer(0) {
			return predictor(lzw.NewReader(r, lzw.MSB, 8), params)
		}
		return predictor(early.NewReader(r, early.MSB, 8), params)
	case "ASCIIHexDecode", "AHx":
		return &hexReader{r: bufio.NewReader(r)}, nil
	case "ASCII85Decode", "A85":
		return ascii85.NewDecoder(&until{r: bufio.NewReader(r), end: '~'}), nil
	case "RunLengthDecode", "RL":
		return &runReader{r: bufio.NewReader(r)}, nil
	}
	return nil, fmt.Errorf("%w: %s", ErrFilter, filter)
}

// until ends before a byte.
type until struct {
	r   *bufio.Reader
	end byte
	err error // why there is no more
}

func (u *until) Read(b []byte) (n int, err error) {
	for n < len(b) && u.err == nil {
		c, err := u.r.ReadByte()
		if err == nil && c == u.end {
			err = io.EOF
		}
		if u.err = err; err == nil {
			b[n] = c
			n++
		}
	}
	if n == 0 {
		return 0, u.err
	}
	return n, nil
}

// hexReader undoes ASCIIHexDecode.
type hexReader struct {
	r    *bufio.Reader
	done bool // behind >, where nothing is read
}

func (h *hexReader) Read(b []byte) (int, error) {
	for n := range b {
		high, err := h.digit()
		if high < 0 || err != nil {
			return n, ended(n, err)
		}
		low, err := h.digit()
		if err != nil {
			return n, err
		}
		b[n] = byte(high<<4 | max(low, 0))
	}
	return len(b), nil
}

// digit is the next digit, or -1 at the end.
func (h *hexReader) digit() (int, error) {
	for {
		if h.done {
			return -1, nil
		}
		c, err := h.r.ReadByte()
		if errors.Is(err, io.EOF) || c == '>' {
			h.done = true
			return -1, nil
		}
		if err != nil {
			return -1, err
		}
		if isSpace(int(c)) {
			continue
		}
		d := hexDigit(int(c))
		if d < 0 {
			return -1, errors.New("not a hexadecimal digit")
		}
		return d, nil
	}
}

func ended(n int, err error) error {
	if err != nil {
		return err
	}
	if n == 0 {
		return io.EOF
	}
	return nil
}

// runReader undoes RunLengthDecode.
type runReader struct {
	r    *bufio.Reader
	left []byte
	done bool
}

func (r *runReader) Read(b []byte) (int, error) {
	for len(r.left) == 0 {
		if r.done {
			return 0, io.EOF
		}
		n, err := r.r.ReadByte()
		switch {
		case errors.Is(err, io.EOF) || n == 128:
			r.done = true
		case err != nil:
			return 0, err
		case n < 128:
			r.left = make([]byte, int(n)+1)
			if _, err := io.ReadFull(r.r, r.left); err != nil {
				return 0, err
			}
		default:
			c, err := r.r.ReadByte()
			if err != nil {
				return 0, err
			}
			r.left = bytes.Repeat([]byte{c}, 257-int(n))
		}
	}
	n := copy(b, r.left)
	r.left = r.left[n:]
	return n, nil
}

// predictor undoes the predictors of PNG and TIFF (ISO 32000-1, 7.4.4.4).
func predictor(r io.Reader, params Dict) (io.Reader, error) {
	number := func(key Name, def, most int) (int, error) {
		v := params.Get(key)
		if v == nil {
			return def, nil
		}
		n, ok := v.(Integer)
		if !ok || n < 1 || int(n) > most {
			return 0, fmt.Errorf("/%s of a predictor", key)
		}
		return int(n), nil
	}
	kind, err := number("Predictor", 1, 15)
	if err != nil || kind == 1 {
		return r, err
	}
	if kind > 2 && kind < 10 {
		return nil, fmt.Errorf("predictor %d", kind)
	}
	colors, err1 := number("Colors", 1, 32)
	bits, err2 := number("BitsPerComponent", 8, 16)
	columns, err3 := number("Columns", 1, maxColumns)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	p := &predicted{r: r, size: (colors*bits*columns + 7) / 8, step: max(1, colors*bits/8), png: kind >= 10}
	if !p.png && bits != 8 {
		return nil, fmt.Errorf("%w: TIFF predictor of %d bits", ErrFilter, bits)
	}
	if p.size > maxRow {
		return nil, fmt.Errorf("%w: a predictor's row of %d bytes", ErrLimit, p.size)
	}
	p.row, p.last = make([]byte, p.size), make([]byte, p.size)
	return p, nil
}

type predicted struct {
	r          io.Reader
	size, step int
	png        bool
	row, last  []byte
	left       []byte
}

func (p *predicted) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		if err := p.next(); err != nil {
			return 0, err
		}
	}
	n := copy(b, p.left)
	p.left = p.left[n:]
	return n, nil
}

// next undoes one row.
func (p *predicted) next() error {
	kind := [1]byte{1} // TIFF is like Sub in every row
	if p.png {
		if _, err := io.ReadFull(p.r, kind[:]); err != nil {
			return err
		}
	}
	p.row, p.last = p.last, p.row
	if n, err := io.ReadFull(p.r, p.row); err != nil {
		if !p.png && n == 0 || errors.Is(err, io.EOF) {
			return io.EOF
		}
		return err
	}
	for i := range p.row {
		var left, up, corner byte
		if i >= p.step {
			left, corner = p.row[i-p.step], p.last[i-p.step]
		}
		up = p.last[i]
		switch kind[0] {
		case 0:
		case 1:
			p.row[i] += left
		case 2:
			p.row[i] += up
		case 3:
			p.row[i] += byte((int(left) + int(up)) / 2)
		case 4:
			p.row[i] += paeth(left, up, corner)
		default:
			return fmt.Errorf("predictor %d", kind[0])
		}
	}
	p.left = p.row
	return nil
}

func paeth(a, b, c byte) byte {
	p := int(a) + int(b) - int(c)
	pa, pb, pc := abs(p-int(a)), abs(p-int(b)), abs(p-int(c))
	switch {
	case pa <= pb && pa <= pc:
		return a
	case pb <= pc:
		return b
	}
	return c
}

func abs(n int) int { return max(n, -n) }
