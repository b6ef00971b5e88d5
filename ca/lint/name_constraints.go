package lint

// nameConstraints: name constraints are critical, and a cross-certificate has them.
func nameConstraints() Lint {
	return Lint{
		Name:     "name_constraints",
		Clause:   "RFC 5280, 4.2.1.10",
		About:    "name constraints are critical, and a cross-certificate has them",
		Severity: Error,
		Applies:  authorities,
		Check: func(s Subject) string {
			_, critical, there := s.extension(extNameConstraints)
			switch {
			case there && !critical:
				return "not critical"
			case !there && s.Profile == crossCA:
				return "missing"
			}
			return ""
		},
	}
}
