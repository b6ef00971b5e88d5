package signature

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"yinzheng/internal/gm"
	"yinzheng/internal/midstate"
	"yinzheng/internal/pdf/cos"
)

// Hash is an algorithm that signs a PDF.
type Hash int

// The algorithms. SHA-1 and MD5 are not among them.
const (
	SM3 Hash = iota
	SHA256
	SHA384
	SHA512
	hashes // how many there are
)

// String is the usual name.
func (h Hash) String() string {
	if h < 0 || h >= hashes {
		return fmt.Sprintf("Hash(%d)", int(h))
	}
	return [...]string{"SM3", "SHA-256", "SHA-384", "SHA-512"}[h]
}

// New begins at byte 0; nil for a Hash that does not exist.
func (h Hash) New() hash.Hash {
	switch h {
	case SM3:
		return gm.NewHash()
	case SHA256:
		return sha256.New()
	case SHA384:
		return sha512.New384()
	case SHA512:
		return sha512.New()
	default:
		return nil
	}
}

// Span is what one signature signs: the bytes of both ranges, one after the other. [0 n n 0] are the first n bytes.
type Span struct {
	Range [4]int64
	Hash  Hash
	Sum   []byte // set by Digests
}

// ErrSpan means that a span is not [0 a b c] with a <= b within the file, that its Hash does not exist, or that the second
// ranges of all spans together have more than maxSecond times the bytes of the file: those of well-formed signatures, which
// end different revisions, cannot have more than the file.
var ErrSpan = errors.New("pdf signature: not a span of the file")

const (
	maxSecond = 4       // see ErrSpan
	readSize  = 1 << 18 // bytes read at a time, long enough for the hash to dominate
)

// Digests sets Sum of all spans in one pass over the file: the beginning, which all have in common, is hashed once for each
// algorithm in use, and each span goes on from there on its own. Known, which may be zero, is the trusted state of the hashes
// over the file's first bytes; it is used for an algorithm whose spans all leave out nothing before its end. Errors: ErrSpan,
// midstate.ErrState, those of reading.
func Digests(f *cos.File, spans []Span, known midstate.State) error {
	if len(spans) == 0 {
		return nil
	}
	p, err := newPass(f.Size(), spans, known)
	if err != nil {
		return fmt.Errorf("hashing signed bytes: %w", err)
	}
	if err := p.run(f.ReaderAt()); err != nil {
		return fmt.Errorf("hashing signed bytes: %w", err)
	}
	return nil
}

// pass is one reading of the file.
type pass struct {
	spans  []Span
	common [hashes]prefix
	own    []hash.Hash // by span, from the end of its first range
	cuts   []int64     // where something begins or ends, ascending, each once
}

// prefix is the beginning that spans of one algorithm share.
type prefix struct {
	hash       hash.Hash // nil: not in use
	start, end int64     // what is hashed of it
}

func newPass(size int64, spans []Span, known midstate.State) (*pass, error) {
	p := &pass{spans: spans, own: make([]hash.Hash, len(spans))}
	second := int64(0)
	first := [hashes]int64{size, size, size, size}
	for _, s := range spans {
		a, b, c := s.Range[1], s.Range[2], s.Range[3]
		if s.Range[0] != 0 || a < 0 || b < a || c < 0 || b > size || c > size-b || s.Hash < 0 || s.Hash >= hashes {
			return nil, fmt.Errorf("%w: %v of %d bytes, %s", ErrSpan, s.Range, size, s.Hash)
		}
		if second += c; second > maxSecond*size {
			return nil, fmt.Errorf("%w: second ranges of more than %d bytes", ErrSpan, second)
		}
		common := &p.common[s.Hash]
		if common.hash == nil {
			common.hash = s.Hash.New()
		}
		common.end = max(common.end, a)
		first[s.Hash] = min(first[s.Hash], a)
		p.cuts = append(p.cuts, a, b, b+c)
	}
	if err := p.resume(known, first); err != nil {
		return nil, err
	}
	for _, c := range p.common {
		if c.hash != nil {
			p.cuts = append(p.cuts, c.start)
		}
	}
	slices.Sort(p.cuts)
	p.cuts = slices.Compact(p.cuts)
	return p, nil
}

// resume lets algorithms go on from a known state when no span needs an earlier one.
func (p *pass) resume(known midstate.State, first [hashes]int64) error {
	if known.IsZero() {
		return nil
	}
	if _, err := midstate.Resume(known); err != nil {
		return err
	}
	for h, state := range map[Hash][]byte{SM3: known.SM3, SHA256: known.SHA256} {
		c := &p.common[h]
		if c.hash == nil || state == nil || first[h] < known.Length {
			continue
		}
		if err := restore(c.hash, state); err != nil {
			return err
		}
		c.start = known.Length
	}
	return nil
}

// run reads from cut to cut.
func (p *pass) run(r io.ReaderAt) error {
	buf := make([]byte, readSize)
	for i, at := range p.cuts {
		if err := p.fork(at); err != nil {
			return err
		}
		if i+1 == len(p.cuts) {
			break
		}
		w := p.writers(at)
		if len(w) == 0 {
			continue
		}
		section := io.NewSectionReader(r, at, p.cuts[i+1]-at)
		n, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(w...)}, struct{ io.Reader }{section}, buf)
		if err != nil {
			return err
		}
		if n != p.cuts[i+1]-at {
			return io.ErrUnexpectedEOF
		}
	}
	for i := range p.spans {
		p.spans[i].Sum = p.own[i].Sum(nil)
	}
	return nil
}

// fork lets the spans whose first range ends here go on by themselves.
func (p *pass) fork(at int64) error {
	var state [hashes][]byte
	for i, s := range p.spans {
		if s.Range[1] != at {
			continue
		}
		if state[s.Hash] == nil {
			m, ok := p.common[s.Hash].hash.(encoding.BinaryMarshaler)
			if !ok {
				return midstate.ErrState
			}
			b, err := m.MarshalBinary()
			if err != nil {
				return err
			}
			state[s.Hash] = b
		}
		p.own[i] = s.Hash.New()
		if err := restore(p.own[i], state[s.Hash]); err != nil {
			return err
		}
	}
	return nil
}

// writers are the hashes that want the bytes from here to the next cut.
func (p *pass) writers(at int64) (w []io.Writer) {
	for _, c := range p.common {
		if c.hash != nil && c.start <= at && at < c.end {
			w = append(w, c.hash)
		}
	}
	for i, s := range p.spans {
		if start, end := s.Range[2], s.Range[2]+s.Range[3]; start <= at && at < end {
			w = append(w, p.own[i])
		}
	}
	return w
}

// restore sets a hash to a state.
func restore(h hash.Hash, state []byte) error {
	u, ok := h.(encoding.BinaryUnmarshaler)
	if !ok {
		return midstate.ErrState
	}
	return u.UnmarshalBinary(state)
}
