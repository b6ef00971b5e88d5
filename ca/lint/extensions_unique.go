package lint

// extensionsUnique: no extension is there twice.
func extensionsUnique() Lint {
	return Lint{
		Name:     "extensions_unique",
		Clause:   "RFC 5280, 4.2",
		About:    "no extension is there twice",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			seen := map[string]bool{}
			for _, e := range s.Certificate.Extensions {
				id := e.Id.String()
				if seen[id] {
					return id + " is there twice"
				}
				seen[id] = true
			}
			return ""
		},
	}
}
