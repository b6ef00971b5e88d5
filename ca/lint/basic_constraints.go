package lint

import "fmt"

// basicConstraints: an authority's basic constraints are critical and say so; all others have none, or say no.
func basicConstraints() Lint {
	return Lint{
		Name:     "basic_constraints",
		Clause:   "RFC 5280, 4.2.1.9",
		About:    "an authority's basic constraints are critical and say so; all others have none, or say no",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			_, critical, there := s.extension(extBasicConstraints)
			switch is := s.Certificate.IsCA; {
			case s.rule().ca && !there:
				return "missing"
			case s.rule().ca && !critical:
				return "not critical"
			case s.rule().ca != is:
				return fmt.Sprintf("cA is %t", is)
			}
			return ""
		},
	}
}
