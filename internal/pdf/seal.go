package pdf

import (
	"fmt"
	"time"

	"yinzheng/internal/gm"
)

// Field is a seal to be: where it stands, how it looks, who signs. Places are millimetres from the page's top left corner.
type Field struct {
	Name       string // of the form field; unique in the file, no full stop
	Page       int    // from 1
	X, Y, W, H float64
	Picture    []byte    // PNG
	Filter     string    // name of the signature handler, e.g. GM.PKILite
	SubFilter  string    // what /Contents holds, e.g. GM.sm2seal
	Time       time.Time // /M, in its own zone
	SignerName string    // /Name; like Time, Reason and Location no evidence
	Reason     string    // "" for none
	Location   string    // "" for none
	Reserve    int       // bytes of the longest signature that Complete may be given
	MoreSeals  bool      // the first seal of a file certifies it: no change at all (P = 1), or further seals (P = 2)
}

// Prepared is a file with an empty signature: what is left is to sign Digest and call Complete. It is for one goroutine.
type Prepared struct {
	base      []byte
	inc       increment
	reserve   int
	digest    gm.Digest
	completed bool
}

// Prepare appends a revision with an empty signature to a file written by Builder, sealed before or not. The first seal of
// a file is a certification (ISO 32000-1, 12.8.2.2). Base is not copied and must not change until Complete. Errors:
// ErrUnsupported, ErrMalformed, ErrLimit for base; ErrField, ErrPicture, ErrCertified for the field.
func Prepare(base []byte, f Field) (*Prepared, error) {
	d, err := open(base, Limits{}.orDefault())
	if err != nil {
		return nil, fmt.Errorf("preparing a seal: %w", err)
	}
	s, err := newStamp(d, f)
	if err != nil {
		return nil, fmt.Errorf("preparing a seal: %w", err)
	}
	return &Prepared{base: base, inc: d.increment(s), reserve: f.Reserve}, nil
}

// newStamp turns a field into what is written.
func newStamp(d *document, f Field) (*stamp, error) {
	if d.permitted == 1 {
		return nil, ErrCertified
	}
	for _, v := range []float64{f.X, f.Y, f.W, f.H} {
		if !within(v, -maxPageSide, maxPageSide) {
			return nil, fmt.Errorf("%w: place %g", ErrField, v)
		}
	}
	if f.Page < 1 || f.Page > len(d.pages) || f.Reserve < 1 || f.Reserve > maxReserve || f.Time.IsZero() {
		return nil, fmt.Errorf("%w: page %d of %d, reserve of %d bytes, time %s", ErrField, f.Page, len(d.pages), f.Reserve, f.Time)
	}
	var z deflater
	p, err := encodePicture(f.Picture, &z)
	if err != nil {
		return nil, err
	}
	_, h := d.pageSize(f.Page)
	s := &stamp{
		field: f.Name, page: f.Page, color: p.color, mask: p.mask,
		rect:   [4]milli{points(f.X), h - points(f.Y+f.H), points(f.X + f.W), h - points(f.Y)},
		filter: f.Filter, subFilter: f.SubFilter, date: dateString(f.Time),
		signer: f.SignerName, reason: f.Reason, location: f.Location, contents: make([]byte, f.Reserve),
	}
	if d.permitted == 0 && len(d.seals) == 0 {
		s.permission = 1
		if f.MoreSeals {
			s.permission = 2
		}
	}
	if err := s.check(d); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrField, err)
	}
	return s, nil
}

// Digest is the SM3 of the file that Complete will return, without its /Contents token.
func (p *Prepared) Digest() gm.Digest {
	if p.digest.IsZero() {
		p.digest = gm.Sum(p.base, p.inc.bytes[:p.inc.gap[0]], p.inc.bytes[p.inc.gap[1]:])
	}
	return p.digest
}

// Complete puts the signature, one DER SEQUENCE of at most Field.Reserve bytes, in its place and returns the whole file.
// It works once. Errors: ErrCompleted, ErrContents, ErrReserve.
func (p *Prepared) Complete(contents []byte) ([]byte, error) {
	if p.completed {
		return nil, ErrCompleted
	}
	if n, ok := derLength(contents); !ok || n != len(contents) {
		return nil, ErrContents
	}
	if len(contents) > p.reserve {
		return nil, fmt.Errorf("%w: %d bytes, %d reserved", ErrReserve, len(contents), p.reserve)
	}
	out := make([]byte, 0, len(p.base)+len(p.inc.bytes))
	out = append(append(out, p.base...), p.inc.bytes...)
	putContents(out[len(p.base)+p.inc.gap[0]:len(p.base)+p.inc.gap[1]], contents)
	p.completed = true
	return out, nil
}

// derLength is the length of the DER SEQUENCE at the start of b, whose length must be definite and in the shortest form.
func derLength(b []byte) (int, bool) {
	if len(b) < 2 || b[0] != 0x30 {
		return 0, false
	}
	n, head := int(b[1]), 2
	if n > 0x80 && n <= 0x84 {
		digits := n & 0x7F
		head += digits
		if len(b) < head || b[2] == 0 {
			return 0, false
		}
		n = 0
		for _, c := range b[2:head] {
			n = n<<8 | int(c)
		}
		if n < 0x80 {
			return 0, false
		}
	} else if n >= 0x80 {
		return 0, false
	}
	if n > len(b)-head {
		return 0, false
	}
	return head + n, true
}
