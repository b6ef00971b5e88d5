package lint

import "yinzheng/internal/der"

// encodingDER: the certificate is one distinguished encoding, within our limits.
func encodingDER() Lint {
	return Lint{
		Name:     "encoding_der",
		Clause:   "RFC 5280, 4.1; X.690, 10 and 11",
		About:    "the certificate is one distinguished encoding, within our limits",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			if err := der.Check(s.Certificate.Raw, limits()); err != nil {
				return err.Error()
			}
			return ""
		},
	}
}
