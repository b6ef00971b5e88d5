package der_test

import (
	"bytes"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"yinzheng/internal/der"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// good are distinguished encodings, one of each kind.
var good = []string{
	"05 00",
	"30 00",
	"30 03 01 01 ff",
	"02 01 00", "02 02 00 80", "02 02 ff 7f",
	"03 01 00", "03 02 07 80", "03 02 00 01",
	"06 08 2a 81 1c cf 55 01 83 75",
	"0c 03 e5 8d b0",
	"13 02 43 4e",
	"16 02 45 53",
	"17 0d 32 36 31 31 32 32 30 30 30 30 30 30 5a",
	"18 0f 32 30 32 36 31 31 32 32 30 30 30 30 30 30 5a",
	"18 11 32 30 32 36 31 31 32 32 30 30 30 30 30 30 2e 35 5a",
	"31 06 02 01 01 02 01 02",
	"a0 02 05 00",
	"80 01 aa",
}

// bad are encodings that some parser somewhere accepts; each names its reason.
var bad = map[string]string{
	"empty":                    "",
	"one byte":                 "30",
	"half a length":            "30 82",
	"indefinite":               "30 80 00 00",
	"nested indefinite":        "30 80 30 80 00 00 00 00",
	"trailing byte":            "05 00 00",
	"long form of short":       "30 81 00",
	"long form of 127":         "04 81 7f" + strings.Repeat("00", 127),
	"leading zero in length":   "04 82 00 80" + strings.Repeat("00", 128),
	"five byte length":         "04 85 00 00 00 00 01 00",
	"content missing":          "04 02 00",
	"inner longer than outer":  "30 03 04 02 00 00",
	"high tag":                 "1f 1f 00",
	"end of contents":          "00 00",
	"boolean 01":               "01 01 01",
	"integer empty":            "02 00",
	"integer padded":           "02 02 00 01",
	"integer padded ff":        "02 02 ff 80",
	"null with content":        "05 01 00",
	"bits without count":       "03 00",
	"bits with eight unused":   "03 02 08 00",
	"bits unused in nothing":   "03 01 01",
	"bits with unused set":     "03 02 01 01",
	"constructed octet string": "24 02 04 00",
	"primitive sequence":       "10 00",
	"oid empty":                "06 00",
	"oid padded":               "06 02 80 01",
	"oid padded inside":        "06 03 2a 80 01",
	"oid not ended":            "06 02 2a 81",
	"utf8 broken":              "0c 01 ff",
	"ia5 with high bit":        "16 01 80",
	"printable at sign":        "13 01 40",
	"bmp odd":                  "1e 01 00",
	"utc without seconds":      "17 0b 32 36 31 31 32 32 30 30 30 30 5a",
	"utc with offset":          "17 11 32 36 31 31 32 32 30 30 30 30 30 30 2b 30 38 30 30",
	"generalized local":        "18 0e 32 30 32 36 31 31 32 32 30 30 30 30 30 30",
	"generalized zero frac":    "18 11 32 30 32 36 31 31 32 32 30 30 30 30 30 30 2e 30 5a",
	"generalized comma":        "18 11 32 30 32 36 31 31 32 32 30 30 30 30 30 30 2c 35 5a",
	"generalized day 31":       "18 0f 32 30 32 36 30 32 33 31 30 30 30 30 30 30 5a",
	"set out of order":         "31 06 02 01 02 02 01 01",
}

func TestDistinguishedEncodingsPass(t *testing.T) {
	for _, s := range good {
		if err := der.Check(unhex(t, s), der.Limits{}); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestOtherEncodingsAreRefusedWithAPlace(t *testing.T) {
	for name, s := range bad {
		err := der.Check(unhex(t, s), der.Limits{})
		var place *der.Error
		if !errors.Is(err, der.ErrNotDER) || !errors.As(err, &place) {
			t.Errorf("%s (%s): got %v", name, s, err)
		}
	}
}

func TestDepthAndSizeAreBounded(t *testing.T) {
	deep := []byte{0x05, 0x00}
	for range 10 {
		deep = append([]byte{0x30, byte(len(deep))}, deep...)
	}
	if err := der.Check(deep, der.Limits{MaxDepth: 10}); err != nil {
		t.Errorf("depth 10 of 10: %v", err)
	}
	if err := der.Check(deep, der.Limits{MaxDepth: 9}); !errors.Is(err, der.ErrLimit) {
		t.Errorf("depth 10 of 9: got %v, want ErrLimit", err)
	}
	if err := der.Check(deep, der.Limits{MaxBytes: len(deep) - 1}); !errors.Is(err, der.ErrLimit) {
		t.Errorf("one byte too many: got %v, want ErrLimit", err)
	}
}

// TestBombsAreRefusedQuickly feeds the inputs that make other parsers panic or overflow their stack.
func TestBombsAreRefusedQuickly(t *testing.T) {
	for _, bomb := range [][]byte{
		unhex(t, "30 82"),
		bytes.Repeat(unhex(t, "30 80"), 3<<20),
		bytes.Repeat(unhex(t, "30 84 00 ff ff ff"), 1<<20),
		bytes.Repeat(unhex(t, "a0 83 ff ff ff"), 1<<10),
	} {
		if err := der.Check(bomb, der.Limits{}); err == nil {
			t.Errorf("bomb of %d bytes passes", len(bomb))
		}
	}
}

func TestWhatTheStandardLibraryWritesPasses(t *testing.T) {
	b, err := asn1.Marshal(struct {
		N  int
		S  string `asn1:"utf8"`
		T  time.Time
		ID asn1.ObjectIdentifier
		B  asn1.BitString
		V  []int `asn1:"set"`
	}{-129, "印章", time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC), der.SM2WithSM3, asn1.BitString{Bytes: []byte{0xf0}, BitLength: 4}, []int{1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	if err := der.Check(b, der.Limits{}); err != nil {
		t.Error(err)
	}
}

func TestGeneralizedTimeKeepsItsFraction(t *testing.T) {
	for _, s := range []string{"20261122010203Z", "20261122010203.5Z", "20261122010203.000000001Z", "00010101000000Z"} {
		at, ok := der.ParseGeneralizedTime(s)
		if !ok || der.FormatGeneralizedTime(at) != s {
			t.Errorf("%s: got %v, %t", s, at, ok)
		}
	}
}

func FuzzCheck(f *testing.F) {
	seeds := 0
	for _, s := range good {
		f.Add(unhex(f, s))
		seeds++
	}
	for _, s := range bad {
		f.Add(unhex(f, s))
		seeds++
	}
	f.Add(bytes.Repeat([]byte{0x30, 0x80}, 100))
	if seeds < 40 {
		f.Fatalf("only %d seeds", seeds)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		err := der.Check(b, der.Limits{MaxBytes: 1 << 16})
		var raw asn1.RawValue
		rest, theirs := asn1.Unmarshal(b, &raw)
		if err == nil && (theirs != nil || len(rest) != 0) {
			t.Fatalf("accepted %x, which the standard library refuses: %v", b, theirs)
		}
		if err == nil {
			again, err := asn1.Marshal(raw)
			if err != nil || !bytes.Equal(again, b) {
				t.Fatalf("accepted %x, which re-encodes to %x (%v)", b, again, err)
			}
		}
	})
}

func TestOddTextPassesWhereAnyTextDoes(t *testing.T) {
	for _, s := range []string{"0c 01 ff", "16 01 80", "13 01 40", "1e 01 00"} {
		if err := der.Check(unhex(t, s), der.Limits{AnyText: true}); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range []string{"30 80 00 00", "02 02 00 01", "17 0b 32 36 31 31 32 32 30 30 30 30 5a"} {
		if err := der.Check(unhex(t, s), der.Limits{AnyText: true}); !errors.Is(err, der.ErrNotDER) {
			t.Errorf("%s: got %v, want ErrNotDER", s, err)
		}
	}
}
