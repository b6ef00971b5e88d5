package lint

import "fmt"

// keyIDBytes is the length that readers expect: 160 bits of a digest.
const keyIDBytes = 20

// subjectKeyID: the subject key identifier is there, of 20 octets.
func subjectKeyID() Lint {
	return Lint{
		Name:     "subject_key_id",
		Clause:   "RFC 5280, 4.2.1.2; RFC 7093, 2",
		About:    "the subject key identifier is there, of 20 octets",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			if n := len(s.Certificate.SubjectKeyId); n != keyIDBytes {
				return fmt.Sprintf("%d octets", n)
			}
			return ""
		},
	}
}
