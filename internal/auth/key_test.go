package auth_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"regexp"
	"strings"
	"testing"

	"yinzheng/internal/auth"
	"yinzheng/internal/gm"
)

func TestKeyIsAllOfItsRandomness(t *testing.T) {
	got, err := auth.NewKey(bytes.NewReader(bytes.Repeat([]byte{0xff}, 32)))
	if want := "yz_" + strings.Repeat("7", 51) + "q"; err != nil || got != want {
		t.Errorf("NewKey = %q, %v; want %q", got, err, want)
	}
	form, seen := regexp.MustCompile(`^yz_[a-z2-7]{52}$`), map[string]bool{}
	for range 100 {
		key, err := auth.NewKey(rand.Reader)
		if err != nil || !form.MatchString(key) || seen[key] {
			t.Fatalf("NewKey = %q, %v", key, err)
		}
		seen[key] = true
	}
	if key, err := auth.NewKey(bytes.NewReader(make([]byte, 31))); err == nil {
		t.Errorf("31 bytes of randomness made %q", key)
	}
}

func TestKeyDigestIsTheSM3OfTheText(t *testing.T) {
	// SM3("abc"), GB/T 32905-2016, A.1
	const want = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
	if got := auth.KeyDigest("abc").String(); got != want {
		t.Errorf("KeyDigest = %s, want %s", got, want)
	}
	if auth.KeyDigest("") == (gm.Digest{}) {
		t.Error("no key has the zero digest")
	}
}

func TestCallerMayDoOnlyWhatIsListed(t *testing.T) {
	c := auth.Caller{ID: "x", Actions: []auth.Action{auth.IssueLicence}}
	if err := c.May(auth.IssueLicence); err != nil {
		t.Errorf("a listed action: %v", err)
	}
	if err := c.May(auth.Operate); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("another action = %v, want ErrDenied", err)
	}
	c.ID = ""
	if err := c.May(auth.IssueLicence); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("nobody = %v, want ErrDenied", err)
	}
	if err := (auth.Caller{}).May(""); !errors.Is(err, auth.ErrDenied) {
		t.Errorf("the zero caller = %v, want ErrDenied", err)
	}
}
