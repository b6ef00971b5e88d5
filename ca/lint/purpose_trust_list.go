package lint

// purposeTrustList: a trust list's extended key usage is id-tsl-kp-tslSigning alone.
func purposeTrustList() Lint {
	return Lint{
		Name:     "purpose_trust_list",
		Clause:   "ETSI TS 119 612, 5.7.1",
		About:    "a trust list's extended key usage is id-tsl-kp-tslSigning alone",
		Severity: Error,
		Applies:  only(trustList),
		Check: func(s Subject) string {
			if !s.signsTrustLists() {
				return "missing, or other purposes"
			}
			return ""
		},
	}
}
