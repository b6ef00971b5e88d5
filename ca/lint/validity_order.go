package lint

import (
	"fmt"
	"time"
)

// validityOrder: the validity begins before it ends.
func validityOrder() Lint {
	return Lint{
		Name:     "validity_order",
		Clause:   "RFC 5280, 4.1.2.5",
		About:    "the validity begins before it ends",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			if c := s.Certificate; !c.NotBefore.Before(c.NotAfter) {
				return fmt.Sprintf("from %s to %s", c.NotBefore.Format(time.RFC3339), c.NotAfter.Format(time.RFC3339))
			}
			return ""
		},
	}
}
