package lint

// ocspNocheck: an OCSP responder has id-pkix-ocsp-nocheck, with NULL and not critical; nobody else has it.
func ocspNocheck() Lint {
	return Lint{
		Name:     "ocsp_nocheck",
		Clause:   "RFC 6960, 4.2.2.2.1",
		About:    "an OCSP responder has id-pkix-ocsp-nocheck, with NULL and not critical; nobody else has it",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			value, critical, there := s.extension(extNoCheck)
			switch {
			case s.Profile != ocspResponder && there:
				return "not a responder"
			case s.Profile != ocspResponder:
				return ""
			case !there:
				return "missing"
			case critical:
				return "critical"
			case string(value) != "\x05\x00":
				return "not NULL"
			}
			return ""
		},
	}
}
