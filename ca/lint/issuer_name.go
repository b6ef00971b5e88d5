package lint

import "bytes"

// issuerName: the issuer's name is its subject, byte for byte; a root's is its own.
func issuerName() Lint {
	return Lint{
		Name:     "issuer_name",
		Clause:   "RFC 5280, 4.1.2.4 and 7.1",
		About:    "the issuer's name is its subject, byte for byte; a root's is its own",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			c := s.Certificate
			want := c.RawSubject
			if s.Issuer != nil {
				want = s.Issuer.RawSubject
			}
			switch {
			case s.Issuer == nil && s.Profile != rootCA:
				return "no issuer"
			case !bytes.Equal(c.RawIssuer, want):
				return "another name"
			}
			return ""
		},
	}
}
