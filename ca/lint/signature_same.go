package lint

import "bytes"

// signatureSame: the signature algorithm is the same within and outside.
func signatureSame() Lint {
	return Lint{
		Name:     "signature_same",
		Clause:   "RFC 5280, 4.1.1.2",
		About:    "the signature algorithm is the same within and outside",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			if f := s.form(); len(f.inner) == 0 || !bytes.Equal(f.inner, f.outer) {
				return "two signature algorithms"
			}
			return ""
		},
	}
}
