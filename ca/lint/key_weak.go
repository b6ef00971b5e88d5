package lint

import (
	"encoding/hex"
	"sync"
)

// weakPoints are the x coordinates of the keys 1 to 8 (and of n-1 to n-8), and of the example key of GB/T 32918.5, annex A,
// whose private half is printed there.
func weakPoints() []string {
	return []string{
		"32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7",
		"56cefd60d7c87c000d58ef57fa73ba4d9c0dfa08c08a7331495c2e1da3f2bd52",
		"a97f7cd4b3c993b4be2daa8cdb41e24ca13f6bd945302244e26918f1d0509ebf",
		"c239507105c683242a81052ff641ed69009a084ad5cc937db21646cd34a0ced5",
		"c749061668652e26040e008fdd5eb77a344a417b7fce19dba575da57cc372a9e",
		"0927afb57d93483bbb17c93e71f22a3105ff8856a66016892c8b1a1a3c4b0d30",
		"ddf092555409c19dfdbe86a75c139906a80198337744ee78cd27e384d9fcaf15",
		"b9c3faeb4b1610713db4333d4e860e64d4ea35d60c1c29bb675d822ded0bb916",
		"09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020",
	}
}

// weak holds them as bytes.
var weak = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for _, h := range weakPoints() {
		if b, err := hex.DecodeString(h); err == nil {
			m[string(b)] = true
		}
	}
	return m
})

// keyWeak: the private key is not one that everybody knows.
func keyWeak() Lint {
	return Lint{
		Name:     "key_weak",
		Clause:   "GB/T 32918.1 (key pairs); GB/T 32918.5, annex A",
		About:    "the private key is not one that everybody knows",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			p := s.form().point
			if len(p) == pointBytes && weak()[string(p[1:33])] {
				return "the private key is known"
			}
			return ""
		},
	}
}
