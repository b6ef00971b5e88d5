package lint

import (
	"fmt"

	"yinzheng/internal/gm"
)

// lengthOf returns the path length of an authority, -1 when it has none.
func lengthOf(c *gm.Certificate) int {
	if c.MaxPathLen > 0 || c.MaxPathLen == 0 && c.MaxPathLenZero {
		return c.MaxPathLen
	}
	return -1
}

// pathLength: an authority has a path length, smaller than its issuer's.
func pathLength() Lint {
	return Lint{
		Name:     "path_length",
		Clause:   "RFC 5280, 4.2.1.9",
		About:    "an authority has a path length, smaller than its issuer's",
		Severity: Error,
		Applies:  authorities,
		Check: func(s Subject) string {
			length := lengthOf(s.Certificate)
			if length < 0 {
				return "missing"
			}
			if s.Issuer == nil {
				return ""
			}
			if above := lengthOf(s.Issuer); above >= 0 && length >= above {
				return fmt.Sprintf("%d under an issuer of %d", length, above)
			}
			return ""
		},
	}
}
