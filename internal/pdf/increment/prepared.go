package increment

import (
	"bytes"
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"

	"yinzheng/internal/midstate"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/signature"
)

// copyBytes is how much of a file is hashed at a time.
const copyBytes = 256 << 10

// Prepared is a revision with an empty signature: what is left is to sign its digest and to call Complete. It is for one
// goroutine. It can be marshalled, and completed elsewhere.
type Prepared struct {
	file      *cos.File // nil: it was unmarshalled
	tail      []byte
	gap       [2]int
	base      int64
	completed bool
}

// Tail is the revision with its empty signature.
func (p *Prepared) Tail() []byte { return p.tail }

// Gap is where the /Contents token stands in Tail.
func (p *Prepared) Gap() [2]int { return p.gap }

// ByteRange is what is signed (ISO 32000-1, table 252).
func (p *Prepared) ByteRange() [4]int64 {
	return [4]int64{0, p.base + int64(p.gap[0]), p.base + int64(p.gap[1]), int64(len(p.tail) - p.gap[1])}
}

// Reserve is how many bytes the signature may have.
func (p *Prepared) Reserve() int { return (p.gap[1] - p.gap[0] - 2) / 2 }

// Digest is the hash of what is signed. With the trusted state at the end of the file it costs the revision alone; otherwise the
// file is read, from the state on or from its first byte. Errors: midstate.ErrState, signature.ErrSpan for an unknown hash, ErrBase
// when the revision was unmarshalled and the state is not the one at the end of the file, and those of reading.
func (p *Prepared) Digest(hash signature.Hash, known midstate.State) ([]byte, error) {
	sum, err := p.digest(hash, known)
	if err != nil {
		return nil, fmt.Errorf("hashing a document: %w", err)
	}
	return sum, nil
}

func (p *Prepared) digest(hash signature.Hash, known midstate.State) ([]byte, error) {
	running, sum, from, err := resume(hash, known, p.base)
	if err != nil {
		return nil, err
	}
	if from < p.base {
		if p.file == nil {
			return nil, ErrBase
		}
		rest := io.NewSectionReader(p.file.ReaderAt(), from, p.base-from)
		if _, err := io.CopyBuffer(running, rest, make([]byte, copyBytes)); err != nil {
			return nil, err
		}
	}
	for _, b := range [][]byte{p.tail[:p.gap[0]], p.tail[p.gap[1]:]} {
		if _, err := running.Write(b); err != nil {
			return nil, err
		}
	}
	return sum(), nil
}

// resume goes on from a state if it is one of this hash and not beyond the end of the file, else begins at byte 0.
func resume(hash signature.Hash, known midstate.State, size int64) (running io.Writer, sum func() []byte, from int64, err error) {
	usable := !known.IsZero() && known.Length <= size && (hash == signature.SM3 || hash == signature.SHA256 && known.SHA256 != nil)
	if !usable {
		h := hash.New()
		if h == nil {
			return nil, nil, 0, fmt.Errorf("%w: %s", signature.ErrSpan, hash)
		}
		return h, func() []byte { return h.Sum(nil) }, 0, nil
	}
	if hash == signature.SM3 {
		known.SHA256 = nil // one hash is enough
	}
	h, err := midstate.Resume(known)
	if err != nil {
		return nil, nil, 0, err
	}
	if hash == signature.SM3 {
		return h, func() []byte { d := h.SM3(); return d[:] }, known.Length, nil
	}
	alone := sha256.New() // a midstate.Hasher would go on with SM3 as well, which takes five times as long
	if u, ok := alone.(encoding.BinaryUnmarshaler); !ok || u.UnmarshalBinary(known.SHA256) != nil {
		return nil, nil, 0, midstate.ErrState
	}
	return alone, func() []byte { return alone.Sum(nil) }, known.Length, nil
}

// Complete puts the signature, one DER SEQUENCE of at most Reserve bytes, in its place and returns the revision. It works once.
// Errors: ErrCompleted, ErrContents, ErrReserve.
func (p *Prepared) Complete(contents []byte) ([]byte, error) {
	switch {
	case p.completed:
		return nil, ErrCompleted
	case !oneSequence(contents):
		return nil, ErrContents
	case len(contents) > p.Reserve():
		return nil, fmt.Errorf("%w: %d bytes, %d reserved", ErrReserve, len(contents), p.Reserve())
	}
	out := bytes.Clone(p.tail)
	hex.Encode(out[p.gap[0]+1:], contents)
	p.completed = true
	return out, nil
}

// oneSequence reports whether b is one DER SEQUENCE: its length definite and in the shortest form.
func oneSequence(b []byte) bool {
	if len(b) < 2 || b[0] != 0x30 {
		return false
	}
	n, head := int(b[1]), 2
	if n > 0x84 || n == 0x80 {
		return false
	}
	if n > 0x80 {
		digits := n & 0x7f
		head += digits
		if len(b) < head || b[2] == 0 {
			return false
		}
		n = 0
		for _, c := range b[2:head] {
			n = n<<8 | int(c)
		}
		if n < 0x80 {
			return false
		}
	}
	return n == len(b)-head
}

// preparedMagic begins a marshalled revision; behind it stand the length of the file and the two ends of the gap, eight bytes
// each, and the revision.
const (
	preparedMagic = "yzprep1\n"
	preparedHead  = len(preparedMagic) + 3*8
)

// MarshalBinary implements encoding.BinaryMarshaler. The file itself is not part of it. Errors: ErrCompleted.
func (p *Prepared) MarshalBinary() ([]byte, error) {
	if p.completed {
		return nil, ErrCompleted
	}
	b := append(make([]byte, 0, preparedHead+len(p.tail)), preparedMagic...)
	for _, n := range []int64{p.base, int64(p.gap[0]), int64(p.gap[1])} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	return append(b, p.tail...), nil
}

// UnmarshalBinary implements encoding.BinaryUnmarshaler: the revision is again what can be completed. It wants the gap to be an
// empty /Contents that the /ByteRange before it leaves out; whether the revision belongs to a file its holder must know. Errors:
// ErrPrepared.
func (p *Prepared) UnmarshalBinary(b []byte) error {
	if len(b) < preparedHead || string(b[:len(preparedMagic)]) != preparedMagic {
		return ErrPrepared
	}
	tail := b[preparedHead:]
	var n [3]int64
	for i := range n {
		u := binary.BigEndian.Uint64(b[len(preparedMagic)+8*i:])
		if u > cos.MaxFileBytes || i > 0 && u > uint64(len(tail)) {
			return fmt.Errorf("%w: a place beyond its end", ErrPrepared)
		}
		n[i] = int64(u)
	}
	r := Prepared{tail: bytes.Clone(tail), gap: [2]int{int(n[1]), int(n[2])}, base: n[0]}
	size := r.gap[1] - r.gap[0]
	if r.base < 1 || size < 4 || size%2 != 0 || size > 2*maxReserve+2 {
		return fmt.Errorf("%w: a gap of %d bytes", ErrPrepared, size)
	}
	token := tail[r.gap[0]:r.gap[1]]
	if token[0] != '<' || token[size-1] != '>' || len(bytes.Trim(token[1:size-1], "0")) != 0 {
		return fmt.Errorf("%w: its signature is not empty", ErrPrepared)
	}
	if !bytes.HasSuffix(tail[:r.gap[0]], append(appendRange(nil, r.ByteRange()), ' ')) || !bytes.HasSuffix(tail, []byte("\n%%EOF\n")) {
		return fmt.Errorf("%w: its /ByteRange is not that of its /Contents", ErrPrepared)
	}
	*p = r
	return nil
}
