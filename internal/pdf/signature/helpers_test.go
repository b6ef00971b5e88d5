package signature_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"testing"

	"yinzheng/internal/midstate"
	"yinzheng/internal/pdf/cos"
	"yinzheng/internal/pdf/pdftest"
	"yinzheng/internal/pdf/signature"
)

// digestDER stands for a signature: a SEQUENCE with the SHA-256 of what is signed.
func digestDER(covered []byte) []byte {
	sum := sha256.Sum256(covered)
	return append([]byte{0x30, 0x22, 0x04, 0x20}, sum[:]...)
}

// sign adds a signature with little room.
func sign(file []byte, s pdftest.Seal) []byte {
	if s.Field == "" {
		s.Field = "Office"
	}
	if s.Reserve == 0 {
		s.Reserve = 64
	}
	if s.Sign == nil {
		s.Sign = digestDER
	}
	return pdftest.Sign(file, s)
}

// then adds a revision.
func then(file []byte, change func(s *pdftest.Scanned, w *pdftest.Writer)) []byte {
	s := pdftest.Scan(file)
	w := s.Continue()
	change(s, w)
	return s.Finish(w)
}

func open(t testing.TB, b []byte) *cos.File {
	t.Helper()
	f, err := cos.OpenBytes(b, cos.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func find(t testing.TB, b []byte) *signature.Set {
	t.Helper()
	set, err := signature.Find(open(t, b))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// codes lists the problems of a set, its own and those of its signatures.
func codes(set *signature.Set) []string {
	var out []string
	for _, p := range set.Problems {
		out = append(out, p.Code)
	}
	for _, s := range set.Signatures {
		for _, p := range s.Problems {
			out = append(out, p.Code)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// genuine reports whether a signature of digestDER is that of what it covers.
func genuine(f *cos.File, s signature.Signature) bool {
	spans := []signature.Span{{Range: s.ByteRange, Hash: signature.SHA256}}
	if err := signature.Digests(f, spans, midstate.State{}); err != nil {
		return false
	}
	return len(s.Contents) == 36 && bytes.Equal(s.Contents[4:], spans[0].Sum)
}

// numberOf finds an object by a pattern in its body.
func numberOf(t testing.TB, file []byte, pattern string) int {
	t.Helper()
	num := pdftest.Scan(file).Find(pattern)
	if num == 0 {
		t.Fatalf("no object has %s", pattern)
	}
	return num
}

func ref(num int) string { return fmt.Sprintf("%d 0 R", num) }

var reContents = regexp.MustCompile(`/Contents (<[0-9a-f]{40,}>)`)
