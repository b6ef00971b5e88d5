package lint

import (
	"fmt"
	"unicode/utf8"
)

// subjectLengths: no attribute of the subject is empty or longer than its upper bound.
func subjectLengths() Lint {
	return Lint{
		Name:     "subject_lengths",
		Clause:   "RFC 5280, A.1 (upper bounds)",
		About:    "no attribute of the subject is empty or longer than its upper bound",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			for _, a := range s.form().attributes {
				k, ok := kindOf(a.oid)
				if n := utf8.RuneCountInString(a.value); ok && (n == 0 || n > k.most) {
					return fmt.Sprintf("%s has %d characters, 1 to %d", k.label, n, k.most)
				}
			}
			return ""
		},
	}
}
