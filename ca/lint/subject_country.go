package lint

import (
	"fmt"

	"golang.org/x/crypto/cryptobyte/asn1"
)

// subjectCountry: the country is CN, once, as a PrintableString.
func subjectCountry() Lint {
	return Lint{
		Name:     "subject_country",
		Clause:   "RFC 5280, A.1 (X520countryName); signing policy",
		About:    "the country is CN, once, as a PrintableString",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			c := s.values(oidCountry)
			switch {
			case len(c) != 1:
				return fmt.Sprintf("%d countries", len(c))
			case c[0].tag != asn1.PrintableString:
				return "not a PrintableString"
			case c[0].value != "CN":
				return fmt.Sprintf("%q", c[0].value)
			}
			return ""
		},
	}
}
