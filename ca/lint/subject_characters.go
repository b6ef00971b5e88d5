package lint

import (
	"fmt"
	"strings"
	"unicode"
)

// subjectCharacters: no attribute of the subject has control characters, private characters or blanks at its ends.
func subjectCharacters() Lint {
	return Lint{
		Name:     "subject_characters",
		Clause:   "RFC 5280, 7.1; signing policy, names",
		About:    "no attribute of the subject has control characters, private characters or blanks at its ends",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			for _, a := range s.form().attributes {
				if a.value != strings.TrimSpace(a.value) {
					return a.label() + " begins or ends with a blank"
				}
				for i, r := range a.value {
					if unicode.Is(unicode.C, r) {
						return fmt.Sprintf("%s has U+%04X at byte %d", a.label(), r, i)
					}
				}
			}
			return ""
		},
	}
}
