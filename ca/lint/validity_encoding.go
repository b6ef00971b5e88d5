package lint

import (
	"fmt"

	"golang.org/x/crypto/cryptobyte/asn1"
)

// wrong says what is wrong with a written time.
func (m moment) wrong() string {
	switch {
	case m.tag == asn1.UTCTime && len(m.text) == len("060102150405Z") && m.text[len(m.text)-1] == 'Z':
		return ""
	case m.tag == asn1.GeneralizedTime && len(m.text) == len("20060102150405Z") && m.text[len(m.text)-1] == 'Z':
		if m.text < "2050" {
			return "GeneralizedTime before 2050"
		}
		return ""
	}
	return fmt.Sprintf("%q is not to the second in UTC", m.text)
}

// validityEncoding: times before 2050 are UTCTime, later ones GeneralizedTime, to the second and in UTC.
func validityEncoding() Lint {
	return Lint{
		Name:     "validity_encoding",
		Clause:   "RFC 5280, 4.1.2.5.1 and 4.1.2.5.2",
		About:    "times before 2050 are UTCTime, later ones GeneralizedTime, to the second and in UTC",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			f := s.form()
			for _, m := range []moment{f.notBefore, f.notAfter} {
				if what := m.wrong(); what != "" {
					return what
				}
			}
			return ""
		},
	}
}
