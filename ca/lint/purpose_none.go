package lint

// purposeNone: other profiles have no extended key usage.
func purposeNone() Lint {
	return Lint{
		Name:     "purpose_none",
		Clause:   "RFC 5280, 4.2.1.12; signing policy, usages",
		About:    "other profiles have no extended key usage",
		Severity: Error,
		Applies:  func(s Subject) bool { return !s.rule().purpose },
		Check: func(s Subject) string {
			if _, _, there := s.extension(extPurposes); there {
				return "the profile has no purposes"
			}
			return ""
		},
	}
}
