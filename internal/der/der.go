// Package der guards every ASN.1 parser of ours: it accepts distinguished encodings only (X.690, 10 and 11), within limits,
// without recursion and without allocating. What passes has one encoding, so no byte of it is free.
package der

import (
	"bytes"
	"errors"
	"fmt"
)

// Defaults of Limits.
const (
	// DefaultMaxBytes is far above any certificate, CRL or token of ours, and small enough to hold many at once.
	DefaultMaxBytes = 16 << 20
	// DefaultMaxDepth is above X.509 with name constraints (about 12) and PKCS#7 around it.
	DefaultMaxDepth = 32
	// mostDepth bounds what a caller may ask for: the walk keeps one small frame a level on the stack.
	mostDepth = 64
)

// Limits bounds what Check accepts. A zero field takes its default.
type Limits struct {
	MaxBytes int // of the whole encoding
	MaxDepth int // of constructed elements within each other, at most 64
	// AnyText lets text of any bytes pass in every string type: certificates are met with UTF-8 or GBK in an IA5String.
	AnyText bool
}

// Errors of Check; errors.As finds an *Error with the place.
var (
	// ErrNotDER means that the bytes are not exactly one distinguished encoding.
	ErrNotDER = errors.New("der: not a distinguished encoding")
	// ErrLimit means that the bytes are more, or nested deeper, than allowed.
	ErrLimit = errors.New("der: over the limit")
)

// Values of Error.What that callers tell apart: encodings that are met and mean something.
const (
	WhatTrailing   = "bytes after the end"
	WhatIndefinite = "indefinite length"
	WhatOrder      = "SET not in order"
)

// Error says what is wrong and where.
type Error struct {
	Offset int    // in bytes from the start
	What   string // in a few words
	Err    error  // ErrNotDER or ErrLimit
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%v: %s at byte %d", e.Err, e.What, e.Offset) }

// Unwrap returns ErrNotDER or ErrLimit.
func (e *Error) Unwrap() error { return e.Err }

// Tags of the universal class that Check knows the contents of.
const (
	tagBoolean         = 0x01
	tagInteger         = 0x02
	tagBitString       = 0x03
	tagOctetString     = 0x04
	tagNull            = 0x05
	tagOID             = 0x06
	tagEnumerated      = 0x0a
	tagUTF8String      = 0x0c
	tagSequence        = 0x30
	tagSet             = 0x31
	tagPrintableString = 0x13
	tagT61String       = 0x14
	tagIA5String       = 0x16
	tagUTCTime         = 0x17
	tagGeneralizedTime = 0x18
	tagBMPString       = 0x1e

	classMask   = 0xc0
	constructed = 0x20
	highTag     = 0x1f
)

// frame is one open constructed element.
type frame struct {
	end  int  // where its content ends
	set  bool // a SET: its elements ascend
	last int  // where the previous element of the SET starts, -1 before the first
	size int  // length of that element
}

// Check reports whether b is exactly one element in DER: definite minimal lengths, tags below 31, universal types in their
// one form (booleans, integers, bit strings, object identifiers, times, text, sorted SETs), nothing after it.
func Check(b []byte, l Limits) error {
	if l.MaxBytes <= 0 {
		l.MaxBytes = DefaultMaxBytes
	}
	if l.MaxDepth <= 0 {
		l.MaxDepth = DefaultMaxDepth
	}
	l.MaxDepth = min(l.MaxDepth, mostDepth)
	if len(b) > l.MaxBytes {
		return &Error{l.MaxBytes, fmt.Sprintf("more than %d bytes", l.MaxBytes), ErrLimit}
	}
	if len(b) == 0 {
		return &Error{0, "nothing there", ErrNotDER}
	}
	w := walk{b: b, anyText: l.AnyText}
	return w.run(l.MaxDepth)
}

type walk struct {
	b       []byte
	open    [mostDepth]frame
	depth   int
	offset  int
	anyText bool
}

func (w *walk) run(maxDepth int) error {
	limit := len(w.b)
	for first := true; first || w.depth > 0; first = false {
		if w.depth > 0 {
			limit = w.open[w.depth-1].end
		}
		start := w.offset
		tag, size, err := w.header(limit)
		if err != nil {
			return err
		}
		end := w.offset + size
		if err := w.order(start, end); err != nil {
			return err
		}
		if tag&constructed == 0 {
			if what := primitive(tag, w.b[w.offset:end]); what != "" && !(w.anyText && isText(tag)) {
				return &Error{start, what, ErrNotDER}
			}
			w.offset = end
		} else {
			if tag&classMask == 0 && tag != tagSequence && tag != tagSet {
				return &Error{start, fmt.Sprintf("constructed form of tag %#02x", tag), ErrNotDER}
			}
			if w.depth == maxDepth {
				return &Error{start, fmt.Sprintf("nested deeper than %d", maxDepth), ErrLimit}
			}
			w.open[w.depth] = frame{end: end, set: tag == tagSet, last: -1}
			w.depth++
		}
		for w.depth > 0 && w.offset == w.open[w.depth-1].end {
			w.depth--
		}
	}
	if w.offset != len(w.b) {
		return &Error{w.offset, WhatTrailing, ErrNotDER}
	}
	return nil
}

// header reads a tag and a length that fits before limit, and leaves the offset at the content.
func (w *walk) header(limit int) (tag byte, size int, err error) {
	start := w.offset
	if limit-start < 2 {
		return 0, 0, &Error{start, "truncated", ErrNotDER}
	}
	tag, first := w.b[start], w.b[start+1]
	w.offset += 2
	switch {
	case tag&highTag == highTag:
		return 0, 0, &Error{start, "tag above 30", ErrNotDER}
	case tag == 0:
		return 0, 0, &Error{start, "end-of-contents tag", ErrNotDER}
	case first < 0x80:
		size = int(first)
	case first == 0x80:
		return 0, 0, &Error{start + 1, WhatIndefinite, ErrNotDER}
	default:
		n := int(first & 0x7f)
		if n > 4 {
			return 0, 0, &Error{start + 1, "length of more than four bytes", ErrNotDER}
		}
		if limit-w.offset < n {
			return 0, 0, &Error{start + 1, "truncated length", ErrNotDER}
		}
		var long uint64
		for _, c := range w.b[w.offset : w.offset+n] {
			long = long<<8 | uint64(c)
		}
		if long < 0x80 || w.b[w.offset] == 0 {
			return 0, 0, &Error{start + 1, "length not minimal", ErrNotDER}
		}
		w.offset += n
		if long > uint64(limit-w.offset) {
			return 0, 0, &Error{start + 1, "longer than what is there", ErrNotDER}
		}
		size = int(long)
	}
	if size > limit-w.offset {
		return 0, 0, &Error{start + 1, "longer than what is there", ErrNotDER}
	}
	return tag, size, nil
}

// order checks that the element from start to end does not go before its predecessor in a SET (X.690, 10.3 and 11.6 agree
// for every SET of X.509 and CMS).
func (w *walk) order(start, end int) error {
	if w.depth == 0 || !w.open[w.depth-1].set {
		return nil
	}
	f := &w.open[w.depth-1]
	if f.last >= 0 && bytes.Compare(w.b[f.last:f.last+f.size], w.b[start:end]) > 0 {
		return &Error{start, WhatOrder, ErrNotDER}
	}
	f.last, f.size = start, end-start
	return nil
}
