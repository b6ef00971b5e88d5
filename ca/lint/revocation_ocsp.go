package lint

// revocationOCSP: the certificate says where its OCSP responder and its issuer's certificate are.
func revocationOCSP() Lint {
	return Lint{
		Name:     "revocation_ocsp",
		Clause:   "RFC 5280, 4.2.2.1; RFC 6960, 3.1",
		About:    "the certificate says where its OCSP responder and its issuer's certificate are",
		Severity: Warn,
		Applies:  func(s Subject) bool { return endEntities(s) && s.Profile != ocspResponder },
		Check: func(s Subject) string {
			switch c := s.Certificate; {
			case len(c.OCSPServer) == 0:
				return "no OCSP responder"
			case len(c.IssuingCertificateURL) == 0:
				return "no issuer's certificate"
			}
			return ""
		},
	}
}
