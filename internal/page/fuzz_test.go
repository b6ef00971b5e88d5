package page

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzText(f *testing.F) {
	seeds := []string{"发证机关(盖 章)", " Issued \r\n by ", "e\u0301 é \ufb01", "\x00\u00ad\ufffe", "一\u3000二 a  b 三", "\xff"}
	if len(seeds) < 6 {
		f.Fatal("the seeds are gone")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x := newText()
		for i, c := range []rune(s) {
			x.add(c, i)
		}
		x.end()
		got := string(x.runes)
		if len(x.runes) != len(x.index) || strings.Contains(got, "  ") || strings.TrimSpace(got) != got || !utf8.ValidString(got) {
			t.Errorf("%q became %q with %d places", s, got, len(x.index))
		}
		last := -1
		for _, i := range x.index {
			if i >= 0 && i < last || i >= utf8.RuneCountInString(s) {
				t.Errorf("%q: place %d after %d", s, i, last)
			}
			last = max(last, i)
		}
	})
}
