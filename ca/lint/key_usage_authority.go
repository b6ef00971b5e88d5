package lint

// keyUsageAuthority: an authority's key signs certificates and CRLs, nothing else.
func keyUsageAuthority() Lint {
	return Lint{
		Name:     "key_usage_authority",
		Clause:   "RFC 5280, 4.2.1.3",
		About:    "an authority's key signs certificates and CRLs, nothing else",
		Severity: Error,
		Applies:  authorities,
		Check:    wrongUsage,
	}
}
