package lint

import "fmt"

// validityLength: the validity is no longer than the profile's: roots and cross-certificates 20 years, authorities and services 10, seals and persons 5, OCSP responders 1.
func validityLength() Lint {
	return Lint{
		Name:     "validity_length",
		Clause:   "signing policy, expiry",
		About:    "the validity is no longer than the profile's: roots and cross-certificates 20 years, authorities and services 10, seals and persons 5, OCSP responders 1",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			c, years := s.Certificate, s.rule().years
			if c.NotAfter.After(c.NotBefore.AddDate(years, 0, 0)) {
				return fmt.Sprintf("more than %d years", years)
			}
			return ""
		},
	}
}
