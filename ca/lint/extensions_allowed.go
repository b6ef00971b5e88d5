package lint

// mayHave reports whether a profile knows an extension.
func (s Subject) mayHave(extension int) bool {
	switch extension {
	case extSubjectKeyID, extKeyUsage, extBasicConstraints, extAuthorityKeyID, extPolicies:
		return true
	case extNameConstraints:
		return s.Profile == issuingCA || s.Profile == crossCA
	case extCRLDistribution, extFreshestCRL:
		return s.Profile != rootCA && s.Profile != ocspResponder
	case extAuthorityInfo:
		return s.Profile != rootCA
	case extPurposes:
		return s.rule().purpose
	case extNoCheck:
		return s.Profile == ocspResponder
	}
	return false
}

// extensionsAllowed: the certificate has no extension that its profile does not know.
func extensionsAllowed() Lint {
	return Lint{
		Name:     "extensions_allowed",
		Clause:   "signing policy, profiles",
		About:    "the certificate has no extension that its profile does not know",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			for _, e := range s.Certificate.Extensions {
				if !s.mayHave(extensionOf(e.Id)) {
					return e.Id.String() + " is not of this profile"
				}
			}
			return ""
		},
	}
}
