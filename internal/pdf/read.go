package pdf

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"hash"
	"math"

	"yinzheng/internal/gm"
)

// File is a file that Read accepted. It aliases the bytes that were read.
type File struct {
	doc        *document
	limits     Limits
	revisions  int
	signatures []Signature
}

// Signature is one seal: facts, no judgement.
type Signature struct {
	Field      string
	Filter     string
	SubFilter  string
	ByteRange  [4]int64   // 0, start of the /Contents token, end of the token, number of bytes from there to the end
	Contents   []byte     // one DER SEQUENCE, without the zeros behind it
	CoversFile bool       // nothing was appended after this seal
	Digest     gm.Digest  // SM3 of the bytes of ByteRange
	Page       int        // from 1
	Rect       [4]float64 // X, Y, W, H in millimetres from the page's top left corner, as in Field
	Permission int        // P of the certification (1: no change, 2: further seals), 0: no certification
	SignerName string     // what the file claims, no evidence; so are the next two
	Reason     string
	Location   string
	revision   int
}

// Read reads a file that this package wrote; it repairs nothing and guesses nothing. Each byte has been accounted for
// when it returns without error: changing one makes Read fail, or changes Digest or Contents of a Signature. Errors:
// ErrUnsupported, ErrLimit, or a *MalformedError (an ErrMalformed). B must not change while the File is in use.
func Read(b []byte, l Limits) (*File, error) {
	l = l.orDefault()
	d, err := open(b, l)
	if err != nil {
		return nil, fmt.Errorf("reading a PDF: %w", err)
	}
	f := &File{doc: d, limits: l, revisions: 1 + len(d.seals)}
	if err := f.readSignatures(); err != nil {
		return nil, fmt.Errorf("reading a PDF: %w", err)
	}
	return f, nil
}

// Revisions is 1 for a file without seals, and one more for each.
func (f *File) Revisions() int { return f.revisions }

// Pages is the number of pages.
func (f *File) Pages() int { return len(f.doc.pages) }

// Signatures lists the seals, oldest first.
func (f *File) Signatures() []Signature { return f.signatures }

// readSignatures hashes the file once: the bytes up to a token are the same for its seal and all later ones.
func (f *File) readSignatures() error {
	b, running, done := f.doc.b, gm.NewHash(), int64(0)
	for i, s := range f.doc.seals {
		start, end := s.byteRange[1], s.byteRange[2]
		n, ok := derLength(s.contents)
		if !ok {
			return &MalformedError{start, "/Contents is not one DER sequence"}
		}
		if at := bytes.IndexFunc(s.contents[n:], func(r rune) bool { return r != 0 }); at >= 0 {
			return &MalformedError{start + 1 + 2*int64(n+at), "bytes behind the signature that are not zero"}
		}
		running.Write(b[done:start])
		done = start
		h, err := fork(running)
		if err != nil {
			return err
		}
		h.Write(b[end : end+s.byteRange[3]])
		_, height := f.doc.pageSize(s.page)
		f.signatures = append(f.signatures, Signature{
			Field: s.field, Filter: s.filter, SubFilter: s.subFilter, ByteRange: s.byteRange, Contents: s.contents[:n:n],
			CoversFile: end+s.byteRange[3] == int64(len(b)), Digest: gm.Digest(h.Sum(nil)), Page: s.page,
			Rect:       [4]float64{mm(s.rect[0]), mm(height - s.rect[3]), mm(s.rect[2] - s.rect[0]), mm(s.rect[3] - s.rect[1])},
			Permission: s.permission, SignerName: s.signer, Reason: s.reason, Location: s.location, revision: i,
		})
	}
	return nil
}

// mm turns thousandths of a point into millimetres, to the thousandth: finer than the grid, so that places come back.
func mm(v milli) float64 { return math.Round(float64(v)*MMPerPoint) / 1000 }

// fork copies a running SM3.
func fork(h hash.Hash) (hash.Hash, error) {
	m, ok := h.(encoding.BinaryMarshaler)
	if !ok {
		return nil, errors.New("SM3 state cannot be copied")
	}
	state, err := m.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("copying an SM3 state: %w", err)
	}
	fresh := gm.NewHash()
	u, ok := fresh.(encoding.BinaryUnmarshaler)
	if !ok {
		return nil, errors.New("SM3 state cannot be copied")
	}
	if err := u.UnmarshalBinary(state); err != nil {
		return nil, fmt.Errorf("copying an SM3 state: %w", err)
	}
	return fresh, nil
}

// Picture identifies the picture that a seal shows; compare it with PictureDigest of the seal's own picture.
func (f *File) Picture(s Signature) (gm.Digest, error) {
	if s.revision >= len(f.doc.seals) || f.doc.seals[s.revision].field != s.Field {
		return gm.Digest{}, fmt.Errorf("%w: no seal %q in this file", ErrField, s.Field)
	}
	stamp := f.doc.seals[s.revision]
	d, err := pictureDigest(stamp.color, stamp.mask)
	if err != nil {
		return gm.Digest{}, fmt.Errorf("reading the picture of %q: %w", s.Field, err)
	}
	return d, nil
}

// Attachments lists the names of the embedded files, ascending.
func (f *File) Attachments() []string {
	var names []string
	for _, file := range f.doc.files {
		names = append(names, file.name)
	}
	return names
}

// Attachment returns an embedded file, inflated. Errors: ErrNoAttachment, ErrMalformed, ErrLimit.
func (f *File) Attachment(name string) ([]byte, error) {
	for _, file := range f.doc.files {
		if file.name != name {
			continue
		}
		data := file.object.stream
		if file.object.dict.get("Filter") != nil {
			var err error
			if data, err = inflate(data, f.limits.Inflated); errors.Is(err, ErrLimit) {
				return nil, fmt.Errorf("reading attachment %q: %w", name, err)
			} else if err != nil {
				return nil, fmt.Errorf("reading attachment %q: %w", name, &MalformedError{file.offset, err.Error()})
			}
		}
		if int64(len(data)) != file.size {
			return nil, fmt.Errorf("reading attachment %q: %w", name, &MalformedError{file.offset, "its size is not what /Size says"})
		}
		return clone(data), nil
	}
	return nil, fmt.Errorf("%w: %q", ErrNoAttachment, name)
}
