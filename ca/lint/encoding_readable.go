package lint

// encodingReadable: the certificate can be parsed.
func encodingReadable() Lint {
	return Lint{
		Name:     "encoding_readable",
		Clause:   "RFC 5280, 4.1",
		About:    "the certificate can be parsed",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			switch {
			case s.unreadable != nil:
				return s.unreadable.Error()
			case len(s.Certificate.RawTBSCertificate) == 0:
				return "no certificate"
			}
			return ""
		},
	}
}
