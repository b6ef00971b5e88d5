package lint

// extensionsCritical: no extension is critical that must not be, or that a reader need not know.
func extensionsCritical() Lint {
	return Lint{
		Name:     "extensions_critical",
		Clause:   "RFC 5280, 4.2, 4.2.1.1, 4.2.1.2, 4.2.1.15 and 4.2.2.1",
		About:    "no extension is critical that must not be, or that a reader need not know",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			for _, e := range s.Certificate.Extensions {
				if !e.Critical {
					continue
				}
				switch extensionOf(e.Id) {
				case extKeyUsage, extBasicConstraints, extNameConstraints, extPurposes:
				default:
					return e.Id.String() + " is critical"
				}
			}
			return ""
		},
	}
}
