package lint

// validityWithinIssuer: the validity lies within the issuer's: no path could hold outside of it.
func validityWithinIssuer() Lint {
	return Lint{
		Name:     "validity_within_issuer",
		Clause:   "RFC 5280, 6.1.3 (a)(2)",
		About:    "the validity lies within the issuer's: no path could hold outside of it",
		Severity: Error,
		Applies:  issuedByOther,
		Check: func(s Subject) string {
			c := s.Certificate
			switch {
			case s.Issuer == nil:
				return "no issuer"
			case c.NotBefore.Before(s.Issuer.NotBefore):
				return "begins before the issuer's"
			case c.NotAfter.After(s.Issuer.NotAfter):
				return "ends after the issuer's"
			}
			return ""
		},
	}
}
