package signature_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"slices"
	"testing"

	"yinzheng/internal/midstate"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/pdftest"
	"yinzheng/internal/pdf/signature"
)

// counting is a file that knows how much of it was read.
type counting struct {
	*bytes.Reader
	read  int64
	least int64
}

func (c *counting) ReadAt(b []byte, at int64) (int, error) {
	n, err := c.Reader.ReadAt(b, at)
	c.read, c.least = c.read+int64(n), min(c.least, at)
	return n, err
}

func counted(t *testing.T, b []byte) (*cos.File, *counting) {
	t.Helper()
	c := &counting{Reader: bytes.NewReader(b)}
	f, err := cos.Open(c, int64(len(b)), cos.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	c.read, c.least = 0, int64(len(b))
	return f, c
}

func plainly(b []byte, s signature.Span) []byte {
	h := s.Hash.New()
	h.Write(slices.Concat(b[:s.Range[1]], b[s.Range[2]:s.Range[2]+s.Range[3]]))
	return h.Sum(nil)
}

// sealedOften is a long file with n signatures.
func sealedOften(n int) []byte {
	b := then(pdftest.Classic(), func(s *pdftest.Scanned, w *pdftest.Writer) {
		w.Stream(s.Size, "", bytes.Repeat([]byte("one megabyte "), 1<<20/13))
	})
	for i := range n {
		b = sign(b, pdftest.Seal{Field: "Office" + string(rune('A'+i))})
	}
	return b
}

func TestDigestsOfManySpansAreThoseOfTheirBytes(t *testing.T) {
	b := sealedOften(6)
	size := int64(len(b))
	var spans []signature.Span
	for i, s := range find(t, b).Signatures {
		spans = append(spans, signature.Span{Range: s.ByteRange, Hash: signature.Hash(i % 4)})
	}
	spans = append(spans, signature.Span{Range: [4]int64{0, size, size, 0}}, signature.Span{Range: [4]int64{0, 0, 0, size}, Hash: signature.SHA384},
		signature.Span{Range: [4]int64{0, 0, 0, 0}, Hash: signature.SHA512}, signature.Span{Range: [4]int64{0, 9, 9, 9}, Hash: signature.SHA256})
	for _, known := range []int64{0, 1, 700_000, spans[0].Range[1], spans[0].Range[1] + 1, size} {
		h := midstate.New()
		if _, err := h.Write(b[:known]); err != nil {
			t.Fatal(err)
		}
		state, err := h.State()
		if err != nil {
			t.Fatal(err)
		}
		if err := signature.Digests(open(t, b), spans, state); err != nil {
			t.Fatal(err)
		}
		for i, s := range spans {
			if !bytes.Equal(s.Sum, plainly(b, s)) {
				t.Errorf("known %d: span %d, %s of %v: %x", known, i, s.Hash, s.Range, s.Sum)
			}
		}
	}
}

func TestManySignaturesAreHashedInOnePass(t *testing.T) {
	b := sealedOften(20)
	var spans []signature.Span
	var tails int64
	for _, s := range find(t, b).Signatures {
		spans = append(spans, signature.Span{Range: s.ByteRange, Hash: signature.SM3})
		tails += s.ByteRange[3]
	}
	f, c := counted(t, b)
	if err := signature.Digests(f, spans, midstate.State{}); err != nil {
		t.Fatal(err)
	}
	if c.read > int64(len(b)) {
		t.Errorf("%d bytes read of a file of %d, tails of %d", c.read, len(b), tails)
	}
}

func TestKnownStateSparesTheBeginning(t *testing.T) {
	b := sealedOften(1)
	s := find(t, b).Signatures[0]
	h := midstate.New()
	_, _ = h.Write(b[:1<<20])
	state, err := h.State()
	if err != nil {
		t.Fatal(err)
	}
	for _, hash := range []signature.Hash{signature.SM3, signature.SHA256} {
		f, c := counted(t, b)
		spans := []signature.Span{{Range: s.ByteRange, Hash: hash}}
		if err := signature.Digests(f, spans, state); err != nil {
			t.Fatal(err)
		}
		if c.least < 1<<20 || !bytes.Equal(spans[0].Sum, plainly(b, spans[0])) {
			t.Errorf("%s: read from %d on, %x", hash, c.least, spans[0].Sum)
		}
	}
	state.SHA256 = nil
	f, c := counted(t, b)
	spans := []signature.Span{{Range: s.ByteRange, Hash: signature.SHA256}}
	if err := signature.Digests(f, spans, state); err != nil || c.least != 0 || !bytes.Equal(spans[0].Sum, plainly(b, spans[0])) {
		t.Errorf("without a state of SHA-256: %v, from %d", err, c.least)
	}
	state.SM3[9] ^= 1
	state.SM3 = state.SM3[:len(state.SM3)-1]
	if err := signature.Digests(f, spans, state); !errors.Is(err, midstate.ErrState) {
		t.Errorf("a broken state: %v", err)
	}
}

func TestSpansThatAreNoneAreRefused(t *testing.T) {
	b := pdftest.Classic()
	n := int64(len(b))
	for _, s := range []signature.Span{
		{Range: [4]int64{1, 2, 3, 4}}, {Range: [4]int64{0, -1, 3, 4}}, {Range: [4]int64{0, 5, 4, 1}}, {Range: [4]int64{0, 1, n, 1}},
		{Range: [4]int64{0, 1, n + 1, 0}}, {Range: [4]int64{0, 1, 2, -1}}, {Range: [4]int64{0, 1, 2, 1<<63 - 1}}, {Hash: 4}, {Hash: -1},
	} {
		if err := signature.Digests(open(t, b), []signature.Span{s}, midstate.State{}); !errors.Is(err, signature.ErrSpan) {
			t.Errorf("%v: %v", s, err)
		}
	}
	costly := slices.Repeat([]signature.Span{{Range: [4]int64{0, 1, 2, n - 2}}}, 9)
	if err := signature.Digests(open(t, b), costly, midstate.State{}); !errors.Is(err, signature.ErrSpan) {
		t.Errorf("nine times the file: %v", err)
	}
	if err := signature.Digests(open(t, b), nil, midstate.State{}); err != nil {
		t.Error(err)
	}
}

// shrunk is a file that ends earlier than it said.
type shrunk struct{ *bytes.Reader }

func (s shrunk) ReadAt(b []byte, at int64) (int, error) {
	if at > 1000 {
		return 0, io.EOF
	}
	return s.Reader.ReadAt(b, at)
}

func TestFileThatShrinksWhileItIsHashedIsAnError(t *testing.T) {
	b := sealedOften(1)
	n := int64(len(b))
	good, c := counted(t, b)
	if err := signature.Digests(good, []signature.Span{{Range: [4]int64{0, n, n, 0}, Hash: signature.SHA256}}, midstate.State{}); err != nil || c.read != n {
		t.Fatalf("%v, %d bytes", err, c.read)
	}
	f, err := cos.Open(shrinkLater(b), n, cos.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	f.ReaderAt().(*later).gone = true
	spans := []signature.Span{{Range: [4]int64{0, n, n, 0}, Hash: signature.SHA256}}
	if err := signature.Digests(f, spans, midstate.State{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v, %x of %x", err, spans[0].Sum, sha256.Sum256(b))
	}
}

// later is whole until it is gone.
type later struct {
	whole *bytes.Reader
	gone  bool
}

func shrinkLater(b []byte) *later { return &later{whole: bytes.NewReader(b)} }

func (l *later) ReadAt(b []byte, at int64) (int, error) {
	if l.gone {
		return shrunk{l.whole}.ReadAt(b, at)
	}
	return l.whole.ReadAt(b, at)
}
