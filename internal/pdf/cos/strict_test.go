package cos_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"yinzheng/internal/pdf/cos"
)

// circles are files whose streams need one another to know how long they are.
func circles() map[string][]byte {
	return map[string][]byte{
		"a length in its own object stream": streamed(map[int]row{5: {2, 4, 0}}, catalog, tree, page, box("/Length 5 0 R", []int{5}, "6")),
		"two lengths in one another": streamed(map[int]row{6: {2, 4, 0}, 7: {2, 5, 0}}, catalog, tree, page,
			box("/Length 7 0 R", []int{6}, "6"), box("/Length 6 0 R", []int{7}, "6")),
		"three lengths in one another": streamed(map[int]row{7: {2, 4, 0}, 8: {2, 5, 0}, 9: {2, 6, 0}}, catalog, tree, page,
			box("/Length 8 0 R", []int{7}, "6"), box("/Length 9 0 R", []int{8}, "6"), box("/Length 7 0 R", []int{9}, "6")),
		"a length that is its stream": file(catalog, tree, page, "<< /Length 4 0 R >>\nstream\nx\nendstream"),
	}
}

func TestLengthsThatLeadInACircleAreMalformed(t *testing.T) {
	for name, b := range circles() {
		f := open(t, b)
		for num := 4; num <= 9; num++ {
			s, ok := f.Latest().Slot(num)
			if !ok || s.Kind == cos.Free || num == len(f.Revisions()[0].Slots)-1 {
				continue
			}
			if _, err := f.Latest().Get(cos.Ref{Num: num}); !errors.Is(err, cos.ErrMalformed) && s.Kind == cos.Packed {
				t.Errorf("%s: object %d: %v", name, num, err)
			}
		}
		if len(f.Oddities()) == 0 {
			t.Errorf("%s: nothing is odd", name)
		}
	}
}

func TestALengthMayStandInAnObjectStream(t *testing.T) {
	packed := box("/Length 6 0 R", []int{7}, "4")
	length := len(packed[strings.Index(packed, "stream\n")+7:]) - len("\nendstream")
	f := open(t, streamed(map[int]row{7: {2, 4, 0}}, catalog, tree, page, packed, "<< /Length 7 0 R >>\nstream\nabcd\nendstream", fmt.Sprint(length)))
	s, ok := get(t, f, 5).(cos.Stream)
	if !ok || s.Length != 4 {
		t.Errorf("the stream is %+v", s)
	}
	if got := codes(f); got != "" {
		t.Errorf("oddities %s", got)
	}
}

func TestAStreamIsAsLongAsItsViewSaysWhicheverIsReadFirst(t *testing.T) {
	data := "a\nendstream endobj\nb"
	b := appended(file(catalog, tree, page, "<< /Length 5 0 R >>\nstream\n"+data+"\nendstream", fmt.Sprint(len(data))), 5, "1", 6, "")
	want := []int64{int64(len(data)), 1}
	for _, order := range [][]int{{0, 1, 0}, {1, 0, 1}} {
		f := open(t, b)
		for _, rev := range order {
			v, err := f.View(rev).Get(cos.Ref{Num: 4})
			if err != nil {
				t.Fatal(err)
			}
			if got := v.(cos.Stream).Length; got != want[rev] {
				t.Errorf("read in order %v: revision %d has %d bytes, want %d", order, rev, got, want[rev])
			}
		}
	}
}

func TestAWordIsNeverReadAsTwo(t *testing.T) {
	for _, text := range []string{
		"[0." + strings.Repeat("1", 60) + "]", "[" + strings.Repeat("1", 60) + "]", "[true" + strings.Repeat("e", 60) + "]",
		"[0." + strings.Repeat("1", 45) + " 0 R]", "[1-2]", "[1.2.3]", "[1e5]", "[.]", "[--1]",
	} {
		if v, err := cos.Parse([]byte(text)); !errors.Is(err, cos.ErrMalformed) {
			t.Errorf("%s is %v, %v", text, v, err)
		}
	}
	long := "0." + strings.Repeat("3", 36)
	for text, want := range map[string]cos.Value{
		long: cos.Real(long), "-.5": cos.Real("-.5"), "4.": cos.Real("4."), "+17": cos.Integer(17), "007": cos.Integer(7),
		"1 0 R": cos.Ref{Num: 1}, "1%x\n0%y\r\nR": cos.Ref{Num: 1},
		"[+1 0]":  cos.Array{cos.Integer(1), cos.Integer(0)},
		"[1 0 2]": cos.Array{cos.Integer(1), cos.Integer(0), cos.Integer(2)},
	} {
		if v, err := cos.Parse([]byte(text)); err != nil || !reflect.DeepEqual(v, want) {
			t.Errorf("%s is %v, %v; want %v", text, v, err, want)
		}
	}
	if v, err := cos.Parse([]byte("+1 0 R")); err == nil {
		t.Errorf("a reference with a sign is %v", v)
	}
}

func TestADictionaryOfManyKeysIsReadAndAKeyThereTwiceFound(t *testing.T) {
	var b strings.Builder
	for i := range 300_000 {
		fmt.Fprintf(&b, "/%d 0", i)
	}
	v, err := cos.Parse([]byte("<<" + b.String() + ">>"))
	if d, ok := v.(cos.Dict); err != nil || !ok || len(d) != 300_000 {
		t.Errorf("%d keys, %v", len(d), err)
	}
	for _, n := range []int{1, 23, 24, 25, 26, 1000} {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "/%d 0", i)
		}
		for _, again := range []int{0, n / 2, n - 1} {
			if _, err := cos.Parse(fmt.Appendf(nil, "<<%s/%d 1>>", b.String(), again)); !errors.Is(err, cos.ErrMalformed) {
				t.Errorf("key %d of %d twice: %v", again, n, err)
			}
		}
	}
}

func TestAWordFileIsOneRevisionWithNothingLate(t *testing.T) {
	b := word([]int{5, 6}, catalog, tree, page, box("", []int{5, 6}, "(five)", "<< /Six true >>"))
	for name, b := range map[string][]byte{"as written": b, "grown": appended(b, 9, "(nine)", 10, "")} {
		f := open(t, b)
		if r := f.Revisions()[0]; !r.Hybrid || r.Linearised || r.Streamed || len(f.Revisions()) != 1+strings.Count(name, "grown") {
			t.Errorf("%s: %d revisions, the first %+v", name, len(f.Revisions()), r)
		}
		if got := codes(f); got != cos.OddHybrid {
			t.Errorf("%s: oddities %q", name, got)
		}
		if v := get(t, f, 5); !reflect.DeepEqual(v, cos.String{Bytes: []byte("five")}) {
			t.Errorf("%s: object 5 is %v", name, v)
		}
	}
	for name, bad := range map[string][]byte{
		"two roots":       bytes.Replace(b, []byte("/Root 1 0 R/Prev"), []byte("/Root 2 0 R/Prev"), 1),
		"a wrong end":     bytes.Replace(b, []byte("startxref\r\n"), []byte("startxref\r\n1"), 1),
		"a table of more": bytes.Replace(b, []byte("xref\r\n0 0\r\n"), []byte("xref\r\n0 1\r\n0000000000 65535 f\r\n"), 1),
	} {
		if _, err := cos.OpenBytes(bad, cos.Limits{}); !errors.Is(err, cos.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAStreamBesideATableInAnEarlierRevisionIsMalformed(t *testing.T) {
	b := streamed(map[int]row{5: {2, 4, 0}}, catalog, tree, page, box("", []int{5}, "(five)"))
	grown := appended(b, 9, "(nine)", 10, fmt.Sprintf("/XRefStm %d ", previous(b)))
	if _, err := cos.OpenBytes(grown, cos.Limits{}); !errors.Is(err, cos.ErrMalformed) {
		t.Errorf("%v", err)
	}
}

func TestOdditiesOfRevisionsAndReferences(t *testing.T) {
	good := file(catalog, tree, page, "(hidden)")
	late := bytes.Index(good, []byte("4 0 obj"))
	prev := previous(good)
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"a size that shrinks":    {appended(good, 3, page, 4, ""), cos.OddSize},
		"a size that stays":      {appended(good, 3, page, 5, ""), ""},
		"another generation":     {file(catalog, tree, page, "[3 1 R]"), cos.OddReference},
		"a generation of nobody": {file(catalog, tree, page, "[9 1 R]"), ""},
		"a comment of words":     {commented("% this page has no content stream"), ""},
		"a comment with a body":  {commented("% 2 0 obj << >> endobj"), cos.OddHidden},
		"a comment with an end":  {commented("%%EOF"), cos.OddHidden},
		"a comment at the end":   {bytes.Replace(good, []byte("startxref"), []byte("% trailer\nstartxref"), 1), cos.OddHidden},
		"bytes between objects":  {commented("hidden"), cos.OddHidden},
		"an old place listed again": {fmt.Appendf(bytes.Clone(good),
			"xref\n4 1\n%010d 00000 n \ntrailer\n<< /Size 5 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n", late, prev, len(good)), cos.OddLate},
		"not what the stream holds": {streamed(map[int]row{5: {2, 4, 0}}, catalog, tree, page, box("", []int{5, 6}, "1", "2")), cos.OddContainer},
		"another in its place":      {streamed(map[int]row{5: {2, 4, 0}}, catalog, tree, page, box("", []int{6}, "1")), cos.OddContainer},
	} {
		f := open(t, c.b)
		var got []string
		for _, o := range f.Oddities() {
			got = append(got, o.Code)
		}
		if got = slices.Compact(got); strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// commented is a file with a line where an object could stand.
func commented(line string) []byte {
	b := file(catalog, tree, page, "("+strings.Repeat("x", len(line))+")")
	from, to := bytes.Index(b, []byte("4 0 obj")), bytes.Index(b, []byte("xref\n0"))
	for i := from; i < to; i++ {
		b[i] = '\n'
	}
	copy(b[from:to], line)
	return bytes.Replace(b, fmt.Appendf(nil, "%010d 00000 n", from), []byte("0000000000 00000 f"), 1)
}
