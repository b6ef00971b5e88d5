package lint

// keyUsageService: a ledger's and an OCSP responder's key has digitalSignature, nothing else.
func keyUsageService() Lint {
	return Lint{
		Name:     "key_usage_service",
		Clause:   "RFC 5280, 4.2.1.3",
		About:    "a ledger's and an OCSP responder's key has digitalSignature, nothing else",
		Severity: Error,
		Applies:  only(ledger, ocspResponder),
		Check:    wrongUsage,
	}
}
