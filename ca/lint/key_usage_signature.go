package lint

// keyUsageSignature: a signing certificate has digitalSignature and nonRepudiation, nothing else.
func keyUsageSignature() Lint {
	return Lint{
		Name:     "key_usage_signature",
		Clause:   "GB/T 20518-2018; GM/T 0015",
		About:    "a signing certificate has digitalSignature and nonRepudiation, nothing else",
		Severity: Error,
		Applies:  only(sealMaker, timestamper, trustList, officeSeal, dualSign),
		Check:    wrongUsage,
	}
}
