package lint

// sm2WithSM3 is the whole AlgorithmIdentifier.
const sm2WithSM3 = "\x30\x0a\x06\x08\x2a\x81\x1c\xcf\x55\x01\x83\x75"

// signatureSM2: the signature algorithm is SM2 with SM3, without parameters.
func signatureSM2() Lint {
	return Lint{
		Name:     "signature_sm2",
		Clause:   "GM/T 0006 (1.2.156.10197.1.501)",
		About:    "the signature algorithm is SM2 with SM3, without parameters",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			if string(s.form().inner) != sm2WithSM3 {
				return "another algorithm, or parameters"
			}
			return ""
		},
	}
}
