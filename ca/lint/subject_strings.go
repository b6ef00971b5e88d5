package lint

import (
	"fmt"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte/asn1"
)

// subjectStrings: every attribute of the subject is a UTF8String or a PrintableString.
func subjectStrings() Lint {
	return Lint{
		Name:     "subject_strings",
		Clause:   "RFC 5280, 4.1.2.4 and 4.1.2.6",
		About:    "every attribute of the subject is a UTF8String or a PrintableString",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			for _, a := range s.form().attributes {
				if a.tag != asn1.UTF8String && a.tag != asn1.PrintableString {
					return fmt.Sprintf("%s has tag %d", a.label(), a.tag)
				}
				if !utf8.ValidString(a.value) {
					return a.label() + " is not UTF-8"
				}
			}
			return ""
		},
	}
}
