package lint

// revocationCRL: the certificate says where its CRL is.
func revocationCRL() Lint {
	return Lint{
		Name:     "revocation_crl",
		Clause:   "RFC 5280, 4.2.1.13",
		About:    "the certificate says where its CRL is",
		Severity: Warn,
		Applies:  func(s Subject) bool { return endEntities(s) && s.Profile != ocspResponder },
		Check: func(s Subject) string {
			if len(s.Certificate.CRLDistributionPoints) == 0 {
				return "no distribution point"
			}
			return ""
		},
	}
}
