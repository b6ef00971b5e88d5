package lint

// sm2Key is the content of the AlgorithmIdentifier: id-ecPublicKey and the curve.
const sm2Key = "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x81\x1c\xcf\x55\x01\x82\x2d"

// keyAlgorithm: the key is id-ecPublicKey on the named curve of SM2.
func keyAlgorithm() Lint {
	return Lint{
		Name:     "key_algorithm",
		Clause:   "GM/T 0006 (1.2.156.10197.1.301); RFC 5480, 2.1.1",
		About:    "the key is id-ecPublicKey on the named curve of SM2",
		Severity: Error,
		Applies:  every,
		Check: func(s Subject) string {
			if string(s.form().keyAlgorithm) != sm2Key {
				return "another algorithm or curve"
			}
			return ""
		},
	}
}
