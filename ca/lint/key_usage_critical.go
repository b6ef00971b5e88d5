package lint

// keyUsageCritical: the key usage is there and critical.
func keyUsageCritical() Lint {
	return Lint{
		Name:     "key_usage_critical",
		Clause:   "RFC 5280, 4.2.1.3",
		About:    "the key usage is there and critical",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			_, critical, there := s.extension(extKeyUsage)
			switch {
			case !there:
				return "missing"
			case !critical:
				return "not critical"
			}
			return ""
		},
	}
}
